//! The migrations of both trees, embedded in the program, and the running of them by one process at a time.

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::database::{Address, Database, pg_connection, sqlite_connection};
use crate::error::Error;
use crate::{Conn, tx};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// The key of the advisory lock that the migrating process holds: "tandem" in ASCII.
const LOCK: i64 = 0x7461_6e64_656d;

/// Why a migration did not run.
#[derive(Debug)]
pub struct MigrateError(String);

impl MigrateError {
    pub(crate) fn new(e: impl std::fmt::Display) -> Self {
        Self(e.to_string())
    }
}

impl std::fmt::Display for MigrateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MigrateError {}

fn failed(e: impl std::fmt::Display) -> MigrateError {
    MigrateError::new(e)
}

/// What to do with the tree.
#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

impl Database {
    /// Brings the database to the newest form; the names of the migrations it took. Other processes that migrate at the
    /// same time wait and then find nothing to do.
    ///
    /// # Errors
    /// The database cannot be reached or is of a newer program, or a migration failed; then it and those after it have left
    /// nothing.
    pub fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        self.refuse_newer()?;
        self.refuse_foreign()?;
        match self.pending()? {
            none if none.is_empty() => Ok(none),
            _ => self.run(Way::Up),
        }
    }

    /// The migrations that this program has and the database has not.
    pub fn pending(&self) -> Result<Vec<String>, MigrateError> {
        self.read(|conn| match conn {
            Conn::Pg(c) => missing::<Pg>(POSTGRES, &applied(*c, PG_HAS_TABLE)?),
            Conn::Sqlite(c) => missing::<Sqlite>(SQLITE, &applied(*c, SQLITE_HAS_TABLE)?),
        })
        .map_err(|e: Error| failed(e))
    }

    /// Refuses a database with migrations that this program does not have: what they changed it cannot know.
    ///
    /// # Errors
    /// There are such, or the database cannot be reached.
    pub fn refuse_newer(&self) -> Result<(), MigrateError> {
        let unknown = self.read(|conn| match conn {
            Conn::Pg(c) => strange::<Pg>(POSTGRES, applied(*c, PG_HAS_TABLE)?),
            Conn::Sqlite(c) => strange::<Sqlite>(SQLITE, applied(*c, SQLITE_HAS_TABLE)?),
        });
        match unknown.map_err(|e: Error| failed(e))?.as_slice() {
            [] => Ok(()),
            some => Err(failed(format!("it is of a newer version of this program, which ran the migrations {}", some.join(", ")))),
        }
    }

    /// Refuses a database that has tables and none of them from this program: a misspelt path or name must not turn the data
    /// of another program into half of this one's.
    fn refuse_foreign(&self) -> Result<(), MigrateError> {
        let tables = self.read(|conn| match conn {
            Conn::Pg(c) => match applied(*c, PG_HAS_TABLE)?.is_empty() {
                true => tables(*c, PG_TABLES),
                false => Ok(Vec::new()),
            },
            Conn::Sqlite(c) => match applied(*c, SQLITE_HAS_TABLE)?.is_empty() {
                true => tables(*c, SQLITE_TABLES),
                false => Ok(Vec::new()),
            },
        });
        match tables.map_err(|e: Error| failed(e))?.as_slice() {
            [] => Ok(()),
            some => Err(failed(format!("it holds the tables of another program ({}); give a database that is empty", some.join(", ")))),
        }
    }

    /// Takes all migrations back, the newest first, with all data. For tests.
    pub fn revert_all(&self) -> Result<Vec<String>, MigrateError> {
        self.run(Way::Down)
    }

    fn run(&self, way: Way) -> Result<Vec<String>, MigrateError> {
        match &self.shared.address {
            Address::Sqlite(path) => {
                let mut conn = sqlite_connection(path, &self.shared.config).map_err(failed)?;
                tx::sqlite_exclusive(&mut conn, |c| take::<Sqlite, _>(c, SQLITE, way)).map_err(failed)
            }
            Address::Postgres(url) => {
                let mut conn = pg_connection(url).map_err(failed)?;
                wait_for_lock(&mut conn).map_err(failed)?;
                // a statement of a migration must not hold up the others for long behind a lock it waits for
                diesel::sql_query("SET lock_timeout = '10s'").execute(&mut conn).map_err(failed)?;
                take::<Pg, _>(&mut conn, POSTGRES, way).map_err(failed)
            }
        }
    }
}

/// Waits until no other process migrates. The lock ends with the connection. It is asked for again and again: a statement that
/// waits keeps a snapshot, and an index that the other process makes CONCURRENTLY waits for every snapshot.
fn wait_for_lock(conn: &mut PgConnection) -> QueryResult<()> {
    let free = format!("SELECT 'x' AS version WHERE pg_try_advisory_lock({LOCK})");
    while diesel::sql_query(&free).load::<Applied>(conn)?.is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Ok(())
}

/// Runs what is missing, or takes back what is there; the names.
fn take<DB, C>(conn: &mut C, tree: EmbeddedMigrations, way: Way) -> Result<Vec<String>, Error>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
{
    let broken = |e: Box<dyn std::error::Error + Send + Sync>| Error::Broken(e.to_string());
    let mut names = Vec::new();
    match way {
        Way::Up => {
            for migration in conn.pending_migrations(tree).map_err(broken)? {
                let name = migration.name().to_string();
                conn.run_migration(&*migration).map_err(|e| Error::Broken(format!("migration {name}: {e}")))?;
                names.push(name);
            }
        }
        Way::Down => {
            let all: Vec<Box<dyn Migration<DB>>> = tree.migrations().map_err(broken)?;
            for version in conn.applied_migrations().map_err(broken)? {
                let Some(migration) = all.iter().find(|m| m.name().version() == version) else {
                    return Err(Error::Broken(format!("migration {version} is not of this program")));
                };
                let name = migration.name().to_string();
                conn.revert_migration(&**migration).map_err(|e| Error::Broken(format!("migration {name}: {e}")))?;
                names.push(name);
            }
        }
    }
    Ok(names)
}

const PG_HAS_TABLE: &str = "SELECT 'x' AS version WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL";
const SQLITE_HAS_TABLE: &str = "SELECT name AS version FROM sqlite_schema WHERE name = '__diesel_schema_migrations'";

/// Some tables of the schema, without those of extensions.
const PG_TABLES: &str = "SELECT c.relname::text AS version FROM pg_class c WHERE c.relkind IN ('r', 'p') \
    AND c.relnamespace = current_schema()::regnamespace AND c.relname <> '__diesel_schema_migrations' \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 5";
const SQLITE_TABLES: &str = "SELECT name AS version FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' \
    AND name <> '__diesel_schema_migrations' ORDER BY 1 LIMIT 5";

fn tables<'a, C>(conn: &mut C, some: &'static str) -> Result<Vec<String>, Error>
where
    C: Connection,
    diesel::query_builder::SqlQuery: diesel::query_dsl::LoadQuery<'a, C, Applied>,
{
    let rows: Vec<Applied> = diesel::sql_query(some).load(conn)?;
    Ok(rows.into_iter().map(|r| r.version).collect())
}

/// Refuses a file that is not a whole database of this program, or of a newer one.
pub(crate) fn is_ours(conn: &mut SqliteConnection) -> Result<(), MigrateError> {
    let versions = applied(conn, SQLITE_HAS_TABLE).map_err(failed)?;
    if versions.is_empty() {
        return Err(failed("it is no database of this program"));
    }
    match strange::<Sqlite>(SQLITE, versions).map_err(failed)?.as_slice() {
        [] => Ok(()),
        some => Err(failed(format!("it is of a newer version of this program, which ran the migrations {}", some.join(", ")))),
    }
}

/// The versions that were applied. Asks without making the table, because the role may not be allowed to.
fn applied<'a, C>(conn: &mut C, has_table: &'static str) -> QueryResult<Vec<String>>
where
    C: Connection,
    diesel::query_builder::SqlQuery: diesel::query_dsl::LoadQuery<'a, C, Applied>,
{
    let rows: Vec<Applied> = diesel::sql_query(has_table).load(conn)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Applied> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(conn)?;
    Ok(rows.into_iter().map(|r| r.version).collect())
}

/// The versions among these that no migration of a tree has, in order.
fn strange<DB: diesel::backend::Backend>(tree: EmbeddedMigrations, applied: Vec<String>) -> Result<Vec<String>, Error> {
    let all: Vec<Box<dyn Migration<DB>>> = tree.migrations().map_err(|e| Error::Broken(e.to_string()))?;
    let mut unknown = applied;
    unknown.retain(|v| all.iter().all(|m| m.name().version().to_string() != *v));
    unknown.sort();
    Ok(unknown)
}

/// The names of the migrations of a tree whose versions are not among these, in order.
fn missing<DB: diesel::backend::Backend>(tree: EmbeddedMigrations, applied: &[String]) -> Result<Vec<String>, Error> {
    let all: Vec<Box<dyn Migration<DB>>> = tree.migrations().map_err(|e| Error::Broken(e.to_string()))?;
    let mut names: Vec<String> =
        all.iter().filter(|m| !applied.contains(&m.name().version().to_string())).map(|m| m.name().to_string()).collect();
    names.sort();
    Ok(names)
}
