//! Opening a database of either kind, and the two ways in: one snapshot for reading, one transaction for writing.
//! Which engine it is, is chosen by the scheme of the address and nowhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::{Connection, PgConnection, SqliteConnection};
use scheduled_thread_pool::ScheduledThreadPool;

use crate::commit_signal::CommitSignal;
use crate::error::{Error, Retryable};
use crate::platform::settings;
use crate::tx::{self, Job, Outcome, PgPool, SqlitePool};
use crate::writer::{Hook, Writer};
use crate::{Conn, Engine, deadline, watch};

/// How a database is reached, and how long anything may take.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `sqlite:path/to/file.db` or `postgres://user:password@host,host/name?target_session_attrs=read-write`.
    pub url: String,
    /// Connections that read from SQLite; one more is kept for short reads.
    pub readers: u32,
    /// Connections to PostgreSQL, at most.
    pub pool_size: u32,
    pub connect_timeout: Duration,
    /// How long a request waits for a connection, or for its turn to write.
    pub acquire_timeout: Duration,
    /// How long one statement may run on PostgreSQL, unless [`crate::within`] gives its thread more. On SQLite only lists
    /// and what reads many rows can be ended in the middle.
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock; on SQLite, for another process that writes to the file.
    pub lock_timeout: Duration,
    /// How long a transaction may sit between two statements before PostgreSQL ends it.
    pub idle_in_transaction_timeout: Duration,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:tandem.db".into(),
            readers: 4,
            pool_size: 16,
            connect_timeout: Duration::from_secs(3),
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            idle_in_transaction_timeout: Duration::from_secs(15),
        }
    }
}

impl DatabaseConfig {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

/// Why a database could not be opened. Safe to show: it holds no password.
#[derive(Debug)]
pub struct OpenError(pub(crate) String);

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}

/// Where a database is.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Sqlite(PathBuf),
    /// With all connection parameters.
    Postgres(String),
}

impl Address {
    pub(crate) fn parse(config: &DatabaseConfig) -> Result<Self, OpenError> {
        let Some((scheme, rest)) = config.url.split_once(':') else {
            return Err(OpenError("the database address has no scheme; use sqlite:path or postgres://…".into()));
        };
        match scheme {
            "sqlite" => sqlite_path(rest).map(Address::Sqlite),
            "postgres" | "postgresql" => Ok(Address::Postgres(pg_url(config))),
            other => Err(OpenError(format!("the database scheme \"{other}\" is unknown; use sqlite:path or postgres://…"))),
        }
    }
}

fn sqlite_path(rest: &str) -> Result<PathBuf, OpenError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path.contains(":memory:") {
        return Err(OpenError("SQLite needs a file: the readers and the writer have connections of their own; use sqlite:path".into()));
    }
    if path.contains('?') || path.starts_with("file:") {
        return Err(OpenError("the address of a SQLite file takes no parameters; use sqlite:path".into()));
    }
    Ok(PathBuf::from(path))
}

/// The address with what it does not say itself: without these, a server that hangs would hang us too.
fn pg_url(config: &DatabaseConfig) -> String {
    let mut url = config.url.clone();
    let seconds = config.connect_timeout.as_secs().max(2).to_string();
    let defaults = [
        ("application_name", "tandem"),
        ("connect_timeout", seconds.as_str()),
        ("keepalives", "1"),
        ("keepalives_idle", "20"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "15000"),
    ];
    for (name, value) in defaults {
        let query = url.split_once('?').map(|(_, q)| q);
        if !query.is_some_and(|q| q.split('&').any(|p| p.split('=').next() == Some(name))) {
            url.push(if query.is_some() { '&' } else { '?' });
            url.push_str(&format!("{name}={value}"));
        }
    }
    url
}

/// How much of a database is in use.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Open connections; on SQLite those that read.
    pub connections: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// How many there may be.
    pub most: u32,
    /// Writes that wait for the one writer of SQLite.
    pub waiting_writes: usize,
}

/// A database, cheap to clone. The last clone closes it.
#[derive(Clone)]
pub struct Database {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) address: Address,
    pub(crate) config: DatabaseConfig,
    kind: Kind,
    commits: Arc<CommitSignal>,
}

enum Kind {
    Postgres(PgPool),
    Sqlite {
        readers: SqlitePool,
        /// What short reads fall back on.
        reserve: SqlitePool,
        writer: Writer,
    },
}

impl Database {
    /// Connects. Migrations are not run here.
    ///
    /// # Errors
    /// An unknown scheme, a file that cannot be opened, a server that does not answer.
    pub fn open(config: &DatabaseConfig) -> Result<Self, OpenError> {
        let address = Address::parse(config)?;
        let commits = Arc::<CommitSignal>::default();
        let kind = match &address {
            Address::Sqlite(path) => open_sqlite(path, config, commits.clone())?,
            Address::Postgres(url) => open_postgres(url, config)?,
        };
        Ok(Self { shared: Arc::new(Shared { address, config: config.clone(), kind, commits }) })
    }

    /// As [`Database::open`], but makes no new file.
    ///
    /// # Errors
    /// There is no such file, and as there.
    pub fn open_existing(config: &DatabaseConfig) -> Result<Self, OpenError> {
        match Address::parse(config)? {
            Address::Sqlite(path) if !path.exists() => Err(OpenError(format!("there is no database {}", path.display()))),
            _ => Self::open(config),
        }
    }

    pub fn engine(&self) -> Engine {
        match &self.shared.kind {
            Kind::Postgres(_) => Engine::Postgres,
            Kind::Sqlite { .. } => Engine::Sqlite,
        }
    }

    /// Reads one snapshot: everything `f` sees is of one moment. Writing in it is refused by the database.
    pub fn read<T, E: From<Error>>(&self, f: impl FnOnce(&mut Conn<'_>) -> Result<T, E>) -> Result<T, E> {
        match &self.shared.kind {
            Kind::Postgres(pool) => tx::pg_read(pool, self.shared.config.statement_timeout, f),
            Kind::Sqlite { readers, .. } => tx::sqlite_read(readers, None, f),
        }
    }

    /// As [`Database::read`], for what is done in milliseconds: on SQLite it does not wait for reports to end.
    pub fn read_short<T, E: From<Error>>(&self, f: impl FnOnce(&mut Conn<'_>) -> Result<T, E>) -> Result<T, E> {
        match &self.shared.kind {
            Kind::Postgres(pool) => tx::pg_read(pool, self.shared.config.statement_timeout, f),
            Kind::Sqlite { readers, reserve, .. } => tx::sqlite_read(readers, Some(reserve), f),
        }
    }

    /// Runs a job in a write transaction and waits until it is durable.
    pub fn write<T, E>(&self, job: Job<T, E>) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retryable + Send + 'static,
    {
        match &self.shared.kind {
            Kind::Postgres(pool) => self.pg_write(pool, job),
            Kind::Sqlite { writer, .. } => writer.write(job),
        }
    }

    /// Runs a job in a write transaction and hands over its answer when it is durable. On SQLite this returns at once
    /// and `reply` is called from the writer thread; on PostgreSQL the calling thread does the work.
    pub fn submit<T, E>(&self, job: Job<T, E>, reply: impl FnOnce(Result<T, E>) + Send + 'static)
    where
        T: Send + 'static,
        E: From<Error> + Retryable + Send + 'static,
    {
        match &self.shared.kind {
            Kind::Postgres(pool) => reply(self.pg_write(pool, job)),
            Kind::Sqlite { writer, .. } => writer.submit(job, reply),
        }
    }

    fn pg_write<T, E: From<Error> + Retryable>(&self, pool: &PgPool, mut job: Job<T, E>) -> Result<T, E> {
        let (value, kept) = tx::pg_write(pool, &mut job)?;
        if kept {
            self.after_commit_notify();
        }
        Ok(value)
    }

    /// SQLite: `hook` runs in each group's transaction after its jobs, just before the commit, in a savepoint of its own;
    /// when it fails, the group is committed without it. Never called on PostgreSQL, where somebody waits for
    /// [`Database::wait_for_commit`] instead.
    pub fn on_group_commit(&self, hook: Hook) {
        if let Kind::Sqlite { writer, .. } = &self.shared.kind {
            writer.set_hook(hook);
        }
    }

    /// Wakes those who wait for commits. Each commit does it by itself.
    pub fn after_commit_notify(&self) {
        self.shared.commits.signal();
    }

    /// Waits for a commit since the last call; false when the time is over without one. For the one who numbers facts.
    pub fn wait_for_commit(&self, limit: Duration) -> bool {
        self.shared.commits.listen(limit)
    }

    /// How many commits this process has made, modulo 2^64.
    pub fn commits(&self) -> u64 {
        self.shared.commits.count()
    }

    /// Waits until there were others than these commits, or the time is over.
    pub fn wait_for_commit_after(&self, seen: u64, limit: Duration) {
        self.shared.commits.after(seen, limit);
    }

    /// How much of what can be used at a time is in use.
    pub fn load(&self) -> Load {
        let of = |state: diesel::r2d2::State, most| Load {
            connections: state.connections,
            idle: state.idle_connections,
            most,
            waiting_writes: 0,
        };
        match &self.shared.kind {
            Kind::Postgres(pool) => of(pool.state(), pool.max_size()),
            Kind::Sqlite { readers, writer, .. } => Load { waiting_writes: writer.waiting(), ..of(readers.state(), readers.max_size()) },
        }
    }

    /// Writes a row that means nothing, to learn whether anything can be written: a standby of PostgreSQL and a full disk
    /// answer every read.
    ///
    /// # Errors
    /// Nothing can be written now.
    pub fn probe_writing(&self, now: DateTime<Utc>) -> Result<(), Error> {
        self.write(Box::new(move |conn: &mut Conn<'_>| settings::set(conn, "probe", "written".into(), now).map(Outcome::Keep)))
    }

    /// Whether the database answers.
    pub fn ping(&self) -> Result<(), Error> {
        if let Kind::Sqlite { writer, .. } = &self.shared.kind
            && !writer.is_sound()
        {
            return Err(Error::Unavailable("the writer has stopped".into()));
        }
        self.read_short(|conn| Ok(crate::on!(conn, |c| c.batch_execute("SELECT 1"))?))
    }

    /// Copies the whole database, as of one moment and while others write, into a new file.
    ///
    /// # Errors
    /// The file exists already or cannot be written. PostgreSQL has its own tools for this.
    pub fn backup(&self, to: &Path) -> Result<(), Error> {
        let Address::Sqlite(path) = &self.shared.address else {
            return Err(Error::Unavailable("back up PostgreSQL with its own tools: pg_dump, or pg_basebackup and WAL archiving".into()));
        };
        if to.exists() {
            return Err(Error::Unavailable(format!("{} exists already", to.display())));
        }
        create_private(to).map_err(|e| Error::Unavailable(format!("{}: {e}", to.display())))?;
        let mut conn = sqlite_connection(path, &self.shared.config).map_err(|e| Error::Unavailable(e.0))?;
        let name = to.to_string_lossy().replace('\'', "''");
        if let Err(e) = conn.batch_execute(&format!("VACUUM INTO '{name}'")) {
            // half a copy must not be taken for one
            drop(std::fs::remove_file(to));
            return Err(e.into());
        }
        std::fs::File::open(to).and_then(|f| f.sync_all()).map_err(|e| Error::Unavailable(format!("{}: {e}", to.display())))
    }
}

/// The database holds personal data and keys: other users of the machine have no business in it.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// A connection of its own, outside pool and writer.
pub(crate) fn sqlite_connection(path: &Path, config: &DatabaseConfig) -> Result<SqliteConnection, OpenError> {
    let text = path.to_str().ok_or_else(|| OpenError("the path of the database is not UTF-8".into()))?;
    let fail = |e: &dyn std::fmt::Display| OpenError(format!("cannot open {text}: {e}"));
    create_private(path).map_err(|e| fail(&e))?;
    let mut conn = SqliteConnection::establish(text).map_err(|e| fail(&e))?;
    // the busy time-out first: changing the journal mode needs a lock; 16 MiB of pages, and a checkpoint after 32 MiB of journal,
    // because the pages that every transaction changes would otherwise be copied to the database every few commits
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA wal_autocheckpoint = 8000;
         PRAGMA journal_size_limit = 67108864;",
        config.lock_timeout.as_millis()
    ))
    .map_err(|e| fail(&e))?;
    deadline::register_functions(&mut conn).map_err(|e| fail(&e))?;
    conn.set_instrumentation(watch::instrumentation());
    Ok(conn)
}

fn open_sqlite(path: &Path, config: &DatabaseConfig, commits: Arc<CommitSignal>) -> Result<Kind, OpenError> {
    let fail = |e: &dyn std::fmt::Display| OpenError(format!("cannot open {}: {e}", path.display()));
    // the writer first: it makes the file and its journal
    let writer = Writer::start(sqlite_connection(path, config)?, config.acquire_timeout, commits).map_err(|e| fail(&e))?;
    let text = path.to_str().ok_or_else(|| fail(&"the path is not UTF-8"))?;
    let threads = Arc::new(ScheduledThreadPool::new(1));
    let pool = |size: u32| {
        Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .connection_timeout(config.acquire_timeout)
            .thread_pool(threads.clone())
            .connection_customizer(Box::new(Reader { busy: config.lock_timeout }))
            .build(ConnectionManager::new(text))
            .map_err(|e| fail(&e))
    };
    Ok(Kind::Sqlite { readers: pool(config.readers.max(1))?, reserve: pool(1)?, writer })
}

fn open_postgres(url: &str, config: &DatabaseConfig) -> Result<Kind, OpenError> {
    // a connection of its own first: the pool would hide the reason behind its time-out
    drop(pg_connection(url)?);
    let pool = Pool::builder()
        .max_size(config.pool_size.max(2))
        .min_idle(Some(1))
        .idle_timeout(Some(Duration::from_secs(120)))
        .max_lifetime(Some(Duration::from_secs(1800)))
        .test_on_check_out(false)
        .connection_timeout(config.acquire_timeout)
        .thread_pool(Arc::new(ScheduledThreadPool::new(2)))
        .connection_customizer(Box::new(Session {
            sql: format!(
                "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};",
                config.statement_timeout.as_millis(),
                config.lock_timeout.as_millis(),
                config.idle_in_transaction_timeout.as_millis()
            ),
        }))
        .build(ConnectionManager::new(url))
        .map_err(|e| OpenError(format!("cannot connect to PostgreSQL: {e}")))?;
    Ok(Kind::Postgres(pool))
}

/// A connection of its own, outside the pool and without its time limits.
pub(crate) fn pg_connection(url: &str) -> Result<PgConnection, OpenError> {
    PgConnection::establish(url).map_err(|e| OpenError(format!("cannot connect to PostgreSQL: {e}")))
}

/// Prepares a reading connection to SQLite.
#[derive(Debug)]
struct Reader {
    busy: Duration,
}

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Reader {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(&format!(
            "PRAGMA busy_timeout = {};
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -2048;
             PRAGMA query_only = ON;",
            self.busy.as_millis()
        ))
        .and_then(|()| deadline::register_functions(conn))
        .map_err(diesel::r2d2::Error::QueryError)?;
        conn.set_instrumentation(watch::instrumentation());
        Ok(())
    }
}

/// Prepares a pooled connection to PostgreSQL.
#[derive(Debug)]
struct Session {
    sql: String,
}

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Session {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(&self.sql).map_err(diesel::r2d2::Error::QueryError)?;
        conn.set_instrumentation(watch::instrumentation());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Address::parse(&DatabaseConfig::new(url)).err().map(|e| e.0).unwrap_or_default()
    }

    #[test]
    fn an_unknown_scheme_is_refused_by_name() {
        assert!(refusal("mysql://localhost/x").contains("\"mysql\""));
        assert!(refusal("tandem.db").contains("no scheme"));
        assert!(refusal("sqlite::memory:").contains("needs a file"));
        assert!(refusal("sqlite:").contains("needs a file"));
        assert!(refusal("sqlite:file:x?mode=ro").contains("no parameters"));
    }

    #[test]
    fn an_address_keeps_what_it_says_and_gets_the_rest() {
        let url = pg_url(&DatabaseConfig::new("postgres://u:p@a,b/db?target_session_attrs=read-write&connect_timeout=9"));
        assert!(url.starts_with("postgres://u:p@a,b/db?target_session_attrs=read-write&connect_timeout=9&application_name=tandem"));
        assert_eq!(url.matches("connect_timeout").count(), 1);
        assert!(
            pg_url(&DatabaseConfig::new("postgresql://h/db")).starts_with("postgresql://h/db?application_name=tandem&connect_timeout=3")
        );
    }
}
