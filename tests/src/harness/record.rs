//! Remembers which operations the suite called with success, in a file that `tests/coverage.rs` reads afterwards.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{LazyLock, Mutex};

use super::database::workspace;

/// Where the calls are noted, one `METHOD /path` a line, ids replaced by `{}`; the first line says whether the whole
/// suite ran.
const FILE: &str = "target/called-operations.txt";

struct Record {
    seen: HashSet<String>,
    file: Option<File>,
}

static RECORD: LazyLock<Mutex<Record>> = LazyLock::new(|| {
    let path = workspace().join(FILE);
    let narrowed = is_narrowed();
    let file = OpenOptions::new().create(true).write(true).truncate(true).open(path).ok().and_then(|mut f| {
        writeln!(f, "{}", if narrowed { "part" } else { "whole" }).ok()?;
        Some(f)
    });
    Mutex::new(Record { seen: HashSet::new(), file })
});

/// Where the statements that ran are noted: engine, file and line, in debug builds. The first line says whether the whole suite
/// ran.
const STATEMENTS: &str = "target/ran-statements.txt";

static RAN: LazyLock<Mutex<Option<File>>> = LazyLock::new(|| {
    let file = File::create(workspace().join(STATEMENTS)).ok().and_then(|mut f| {
        writeln!(f, "{}", if is_narrowed() { "part" } else { "whole" }).ok()?;
        Some(f)
    });
    Mutex::new(file)
});

/// Notes from now on which statements run.
pub fn statements() {
    persistence::statement_log::listen(|place, engine| {
        let Ok(mut file) = RAN.lock() else { return };
        if let Some(file) = file.as_mut() {
            let _ = writeln!(file, "{engine} {} {}", place.file, place.line);
        }
    });
}

/// Whether only some of the tests run.
fn is_narrowed() -> bool {
    std::env::args().skip(1).any(|a| !a.starts_with("--test-threads") && a != "--nocapture" && a != "--quiet")
}

/// Notes one call; only those that succeeded count.
pub fn called(method: &str, path: &str, status: u16) {
    if status >= 400 {
        return;
    }
    let plain = path.split('?').next().unwrap_or(path);
    let line = format!("{method} {}", plain.split('/').map(place).collect::<Vec<_>>().join("/"));
    let Ok(mut record) = RECORD.lock() else { return };
    if record.seen.insert(line.clone())
        && let Some(file) = &mut record.file
    {
        let _ = writeln!(file, "{line}");
    }
}

/// Ids of any noun become one place, so that the file stays short.
fn place(segment: &str) -> &str {
    match segment.rsplit_once('_') {
        Some((prefix, tail)) if tail.len() == 26 && prefix.len() <= 6 => "{}",
        _ => segment,
    }
}
