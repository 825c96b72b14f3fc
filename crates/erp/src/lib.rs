//! The back office: sales, inventory, accounting. It never imports the front office: it hears it through facts and asks
//! the platform through questions.

pub mod accounting;
pub mod banking;
pub mod inventory;
pub mod receivables;
pub mod sales;
pub mod tax;

use platform::prelude::*;
use platform::questions::Questions;

/// Declares all operations of this crate.
pub fn operations(table: &mut Table) {
    sales::operations(table);
    inventory::operations(table);
    accounting::operations(table);
}

/// Says which facts this crate hears.
pub fn reactions(reactions: &mut Reactions) {
    sales::reactions(reactions);
    inventory::reactions(reactions);
    accounting::reactions(reactions);
}

/// Says which questions this crate answers.
pub fn questions(questions: &mut Questions) {
    sales::questions(questions);
    inventory::questions(questions);
    accounting::questions(questions);
}
