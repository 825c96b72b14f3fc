//! The one file that plugs the services together: operations, reactions, answers. Nothing else knows all of them.

use std::sync::Arc;

use domain::Result;
use persistence::Database;
use platform::questions::Questions;
use platform::table::Table;
use platform::{App, AppConfig, Clock, Reactions};

/// The operation table of the whole program, closed.
pub fn table() -> Table {
    open_table().finish()
}

fn open_table() -> Table {
    let mut table = Table::default();
    platform::operations(&mut table);
    crm::operations(&mut table);
    erp::operations(&mut table);
    table
}

/// The application on a migrated database, with the time it goes by.
///
/// # Errors
/// The database cannot be read or written.
pub fn app(database: Database, clock: Clock) -> Result<Arc<App>> {
    let (mut reactions, mut questions) = (Reactions::default(), Questions::default());
    platform::reactions(&mut reactions);
    crm::reactions(&mut reactions);
    erp::reactions(&mut reactions);
    platform::questions(&mut questions);
    crm::questions(&mut questions);
    erp::questions(&mut questions);
    App::new(AppConfig { table: open_table(), database, reactions, questions, clock })
}
