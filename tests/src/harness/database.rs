//! A database for each test, copied from a template in milliseconds: a file copy, or `CREATE DATABASE … TEMPLATE`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::cluster::{CLUSTER, DURABLE, SERVED};

/// The two databases that everything is tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Whether the tests of this engine can run. Without PostgreSQL its half is skipped, loudly; `TEST_FORBID_SKIP=1`
    /// makes that a failure.
    pub fn available(self) -> bool {
        let Engine::Postgres = self else { return true };
        let Err(why) = &*CLUSTER else { return true };
        let forbidden = std::env::var("TEST_FORBID_SKIP").is_ok_and(|v| v != "0" && !v.is_empty());
        assert!(!forbidden, "PostgreSQL is missing and TEST_FORBID_SKIP is set: {why}");
        eprintln!("SKIPPED on PostgreSQL: {why}");
        false
    }
}

/// A database that goes away with this value.
pub struct Database {
    pub url: String,
    /// The same for the role that serves a database that its owner has migrated.
    pub served: String,
    place: Place,
}

enum Place {
    File(PathBuf),
    Named(String),
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Database {
    /// An empty one.
    pub fn empty(engine: Engine) -> Self {
        super::record::statements();
        Self::made(engine, None)
    }

    /// One with the contents of `template`, which nobody may be connected to.
    pub fn copy(template: &Database) -> Self {
        super::record::statements();
        match &template.place {
            Place::File(_) => Self::made(Engine::Sqlite, Some(template)),
            Place::Named(_) => Self::made(Engine::Postgres, Some(template)),
        }
    }

    /// Brings what the log of a database that nobody writes to any more holds into its file, so that a copy of the file
    /// is whole. A connection that is still closing may hold it up.
    pub fn settle(&self) {
        let Place::File(file) = &self.place else { return };
        let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        let began = Instant::now();
        loop {
            conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            if fs::metadata(beside(file, "-wal")).map_or(0, |log| log.len()) == 0 {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the log of {} stays", file.display());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Lets the role that serves work on this database and on its copies.
    pub fn grant(&self) {
        if self.served == self.url {
            return;
        }
        postgres(&format!(
            "DO $$ BEGIN CREATE ROLE {SERVED} LOGIN PASSWORD '{SERVED}'; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ));
        let owner = persistence::Database::open(&persistence::DatabaseConfig::new(&self.url)).unwrap();
        owner.grant_to(SERVED).unwrap();
    }

    fn made(engine: Engine, template: Option<&Database>) -> Self {
        let name = format!("tandem_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        match engine {
            Engine::Sqlite => {
                let file = SCRATCH.join(format!("{name}.db"));
                if let Some(Database { place: Place::File(from), .. }) = template {
                    fs::copy(from, &file).unwrap();
                }
                let url = format!("sqlite:{}", file.display());
                Self { served: url.clone(), url, place: Place::File(file) }
            }
            Engine::Postgres => {
                let from = match template {
                    Some(Database { place: Place::Named(from), .. }) => from.as_str(),
                    _ => "template0",
                };
                let cluster = CLUSTER.as_ref().unwrap();
                postgres(&format!("CREATE DATABASE {name} TEMPLATE {from} {}", cluster.copying()));
                let url = cluster.url(&name);
                let served = cluster.served(&name).unwrap_or_else(|| url.clone());
                Self { url, served, place: Place::Named(name) }
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match &self.place {
            Place::File(file) => {
                for end in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(beside(file, end));
                }
            }
            Place::Named(name) => drop(DROPS.send(name.clone())),
        }
    }
}

/// Dropping a database on PostgreSQL waits for a checkpoint, which no test should wait for.
static DROPS: LazyLock<Sender<String>> = LazyLock::new(|| {
    let (sender, receiver) = channel::<String>();
    std::thread::spawn(move || {
        for name in receiver {
            postgres(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    });
    sender
});

fn postgres(statement: &str) {
    let url = CLUSTER.as_ref().map(|c| c.url("postgres")).unwrap();
    let mut connection = diesel::PgConnection::establish(&url).unwrap();
    connection.batch_execute(statement).unwrap_or_else(|e| panic!("{statement}: {e}"));
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The folder of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Where databases stand: in memory when there is so much room for them, else in the folder for what is temporary.
pub fn place(kib: u64) -> PathBuf {
    let free = |dir: &str| {
        let df = Command::new("df").args(["-Pk", dir]).output().ok()?;
        let line = String::from_utf8_lossy(&df.stdout).lines().nth(1)?.to_string();
        line.split_whitespace().nth(3)?.parse::<u64>().ok()
    };
    let roomy = free("/dev/shm").is_some_and(|there| there > kib) && !DURABLE.load(Ordering::Relaxed);
    if roomy { PathBuf::from("/dev/shm") } else { std::env::temp_dir() }
}

/// A folder for this process's files, removed when the process ends, however it ends.
pub static SCRATCH: LazyLock<PathBuf> = LazyLock::new(|| {
    let dir = place(1 << 20).join(format!("tandem-tests-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let guard = Command::new("sh")
        .args(["-c", r#"trap '' INT TERM HUP; read -r _; rm -rf "$1""#, "guard"])
        .arg(&dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::mem::forget(guard); // its pipe closes when this process ends
    dir
});
