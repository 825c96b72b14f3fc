//! Putting a backup of a SQLite database in its place. A database in WAL mode is up to three files; a backup copied over one of
//! them, with the other two of the old database beside it, is a malformed database. So the old files go together, and the new
//! one comes whole, checked and in one step.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::database::{Address, DatabaseConfig, OpenError, create_private};
use crate::migrate;

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = diesel::sql_types::Text)]
    finding: String,
}

fn failed(place: &Path) -> impl Fn(&dyn std::fmt::Display) -> OpenError + '_ {
    move |e| OpenError(format!("{}: {e}", place.display()))
}

/// The path with something behind it: `tandem.db-wal`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// What SQLite keeps beside a database that is in use, or was not closed.
fn logs(path: &Path) -> [PathBuf; 3] {
    ["-wal", "-shm", "-journal"].map(|suffix| beside(path, suffix))
}

/// Puts a backup in the place of the database that `config` names. What is there already is refused unless it shall be
/// replaced, and then kept beside it; the path of that is the answer.
///
/// # Errors
/// The database is PostgreSQL, or in use; the backup is not whole; or there is something already.
pub fn restore(config: &DatabaseConfig, backup: &Path, replace: bool) -> Result<Option<PathBuf>, OpenError> {
    let Address::Sqlite(path) = Address::parse(config)? else {
        return Err(OpenError("restore PostgreSQL with its own tools: pg_restore, or a base backup and its WAL archive".into()));
    };
    if !backup.is_file() {
        return Err(OpenError(format!("there is no backup {}", backup.display())));
    }
    if let Some(log) = logs(backup).iter().find(|l| l.metadata().is_ok_and(|m| m.len() > 0)) {
        return Err(OpenError(format!(
            "{} belongs to a database that is in use or was not closed: {} alone is not a whole backup. Make one with `tandem backup`",
            log.display(),
            backup.display()
        )));
    }
    let there = std::iter::once(path.clone()).chain(logs(&path)).find(|p| p.exists());
    if let Some(there) = there.filter(|_| !replace) {
        return Err(OpenError(format!("{} exists already; with --replace it is set aside", there.display())));
    }
    let new = beside(&path, ".restoring");
    let copied = copy(backup, &new).and_then(|()| check(&new));
    if let Err(e) = copied {
        drop(std::fs::remove_file(&new));
        return Err(e);
    }
    let old = if replace { set_aside(&path)? } else { None };
    std::fs::rename(&new, &path).map_err(|e| failed(&path)(&e))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(|e| failed(folder)(&e))?;
    Ok(old)
}

fn copy(backup: &Path, new: &Path) -> Result<(), OpenError> {
    let fail = failed(new);
    drop(std::fs::remove_file(new));
    create_private(new).map_err(|e| fail(&e))?;
    let mut from = std::fs::File::open(backup).map_err(|e| failed(backup)(&e))?;
    let mut to = std::fs::OpenOptions::new().write(true).truncate(true).open(new).map_err(|e| fail(&e))?;
    std::io::copy(&mut from, &mut to).and_then(|_| to.sync_all()).map_err(|e| fail(&e))
}

/// Whether the copy is a whole database of this program.
fn check(copy: &Path) -> Result<(), OpenError> {
    let text = copy.to_str().ok_or_else(|| OpenError("the path of the database is not UTF-8".into()))?;
    let broken = |e: &dyn std::fmt::Display| OpenError(format!("the backup cannot be used: {e}"));
    let mut conn = SqliteConnection::establish(text).map_err(|e| broken(&e))?;
    let findings: Vec<Finding> =
        diesel::sql_query("SELECT integrity_check AS finding FROM pragma_integrity_check").load(&mut conn).map_err(|e| broken(&e))?;
    if let Some(first) = findings.iter().find(|f| f.finding != "ok") {
        return Err(broken(&first.finding));
    }
    migrate::is_ours(&mut conn).map_err(|e| broken(&e))?;
    // the copy is one file when it is moved
    conn.batch_execute("PRAGMA journal_mode = DELETE").map_err(|e| broken(&e))
}

/// Moves what is there to names of its own, together, so that it can still be opened. Refuses while somebody uses it.
fn set_aside(path: &Path) -> Result<Option<PathBuf>, OpenError> {
    if path.exists() {
        let text = path.to_str().ok_or_else(|| OpenError("the path of the database is not UTF-8".into()))?;
        let locked = SqliteConnection::establish(text).map(|mut conn| {
            conn.batch_execute(
                "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE);",
            )
        });
        // one that cannot be read any more is what a restore is for
        if let Ok(Err(e)) = locked
            && e.to_string().contains("locked")
        {
            return Err(OpenError(format!("{} is in use; stop the server first", path.display())));
        }
    }
    let aside = (0..1000).map(|n| beside(path, &format!(".replaced-{n}"))).find(|p| !p.exists());
    let aside = aside.ok_or_else(|| OpenError(format!("there are too many replaced databases beside {}", path.display())))?;
    for (from, to) in std::iter::once((path.to_path_buf(), aside.clone())).chain(logs(path).into_iter().zip(logs(&aside))) {
        if from.exists() {
            std::fs::rename(&from, &to).map_err(|e| failed(&from)(&e))?;
        }
    }
    Ok(aside.exists().then_some(aside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tandem-restore-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }
    fn at(path: &Path) -> DatabaseConfig {
        DatabaseConfig::new(format!("sqlite:{}", path.display()))
    }

    #[test]
    fn a_backup_takes_the_place_of_a_database_and_of_its_log() {
        let folder = folder("place");
        let (live, backup) = (folder.join("live.db"), folder.join("backup.db"));
        let database = Database::open(&at(&live)).expect("opens");
        database.migrate().expect("migrates");
        database.backup(&backup).expect("a backup");
        assert!(restore(&at(&live), &backup, false).expect_err("it is there").0.contains("exists already"));
        assert!(restore(&at(&live), &backup, true).expect_err("it is used").0.contains("in use"), "{}", live.display());
        drop(database);
        // what a process that was killed leaves
        std::fs::write(beside(&live, "-wal"), b"the log of another database").expect("a log");
        let aside = restore(&at(&live), &backup, true).expect("restored").expect("something was there");
        assert!(aside.exists() && !beside(&live, "-wal").exists() && !beside(&live, ".restoring").exists());
        let again = Database::open(&at(&live)).expect("opens");
        assert!(again.pending().expect("answers").is_empty());
        drop(again);
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn half_a_backup_and_the_database_of_another_program_are_refused() {
        let folder = folder("refused");
        let (live, backup) = (folder.join("live.db"), folder.join("backup.db"));
        assert!(restore(&at(&live), &backup, false).expect_err("nothing there").0.contains("no backup"));
        let mut other = SqliteConnection::establish(backup.to_str().expect("UTF-8")).expect("opens");
        other.batch_execute("CREATE TABLE notes (text TEXT)").expect("a table");
        assert!(restore(&at(&live), &backup, false).expect_err("foreign").0.contains("no database of this program"));
        drop(other);
        std::fs::write(beside(&backup, "-wal"), b"x").expect("a log");
        assert!(restore(&at(&live), &backup, false).expect_err("in use").0.contains("not a whole backup"));
        std::fs::write(&backup, vec![7; 5000]).expect("junk");
        std::fs::remove_file(beside(&backup, "-wal")).expect("removed");
        assert!(restore(&at(&live), &backup, false).is_err() && !live.exists());
        let database = Database::open(&at(&folder.join("foreign.db"))).expect("opens");
        database
            .write(Box::new(|conn: &mut crate::Conn<'_>| {
                crate::on!(conn, |c| c.batch_execute("CREATE TABLE notes (text TEXT)"))?;
                Ok::<_, crate::Error>(crate::Outcome::Keep(()))
            }))
            .expect("a table");
        assert!(database.migrate().expect_err("foreign").to_string().contains("notes"));
        drop(database);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
