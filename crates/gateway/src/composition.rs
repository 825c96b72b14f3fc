//! The one file that plugs the services together: operations, reactions, answers. Nothing else knows all of them.

use std::sync::{Arc, LazyLock};

use domain::Result;
use persistence::Database;
use platform::questions::Questions;
use platform::table::Table;
use platform::{App, AppConfig, Clock, Reactions};

/// The same for every application in the process, because it follows from the program alone; so are the schemas that it
/// compiles when they are first needed.
static TABLE: LazyLock<Arc<Table>> = LazyLock::new(|| {
    let mut table = Table::default();
    platform::operations(&mut table);
    crm::operations(&mut table);
    erp::operations(&mut table);
    Arc::new(table.finish())
});

/// The operation table of the whole program, closed.
pub fn table() -> Arc<Table> {
    TABLE.clone()
}

/// The application on a migrated database, with the time it goes by.
///
/// # Errors
/// The database cannot be read or written.
pub fn app(database: Database, clock: Clock) -> Result<Arc<App>> {
    let mut reactions = Reactions::default();
    platform::reactions(&mut reactions);
    crm::reactions(&mut reactions);
    erp::reactions(&mut reactions);
    App::new(AppConfig { table: table(), database, reactions, questions: questions(), clock })
}

/// Who answers what.
pub fn questions() -> Questions {
    let mut questions = Questions::default();
    platform::questions(&mut questions);
    crm::questions(&mut questions);
    erp::questions(&mut questions);
    questions
}
