//! What both services stand on: the operation table, the door to the database, callers, facts and questions, and the
//! areas that belong to neither front nor back office: identity, directory, platform. No HTTP here, no SQL here.

mod app;
mod bulk;
mod caller;
pub mod chain;
pub mod chain_check;
mod clock;
mod cx;
pub mod directory;
mod door;
pub mod facts;
pub mod followers;
pub mod html;
pub mod identity;
mod kept;
pub mod mail;
pub mod observation;
pub mod pdf;
pub mod platform;
pub mod prelude;
pub mod questions;
mod reactions;
pub mod records;
mod redaction;
pub mod search;
pub mod sequence;
pub mod signed;
pub mod table;
pub mod timers;
pub mod visibility;
pub mod work;

pub use app::{App, AppConfig};
pub use caller::{Caller, Companies, Permissions};
pub use clock::Clock;
pub use cx::{Cx, bad_parameter, unknown_in_query};
pub use door::Request;
pub use platform::verifications::verify;
pub use reactions::Reactions;
pub use sequence::Sequencer;

/// Declares all operations of this crate.
pub fn operations(table: &mut table::Table) {
    directory::operations(table);
    platform::operations(table);
    identity::operations(table);
}

/// Says which facts this crate hears.
pub fn reactions(reactions: &mut Reactions) {
    identity::reactions(reactions);
}

/// Says which questions this crate answers.
pub fn questions(questions: &mut questions::Questions) {
    platform::questions(questions);
}
