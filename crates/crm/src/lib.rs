//! The front office: leads and deals (`crm`), service, marketing, and figures over all of it (`insight`). It never imports the
//! back office: it hears it through facts and asks it through questions.

pub mod crm;
pub mod insight;
pub mod marketing;
pub mod service;

use platform::prelude::*;
use platform::questions::Questions;

/// Declares all operations of this crate.
pub fn operations(table: &mut Table) {
    crm::operations(table);
    service::operations(table);
    marketing::operations(table);
    insight::operations(table);
}

/// Says which facts this crate hears.
pub fn reactions(reactions: &mut Reactions) {
    crm::reactions(reactions);
    service::reactions(reactions);
    marketing::reactions(reactions);
}

/// Says which questions this crate answers.
pub fn questions(questions: &mut Questions) {
    crm::questions(questions);
    service::questions(questions);
    marketing::questions(questions);
    insight::questions(questions);
}
