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
    let narrowed = std::env::args().skip(1).any(|a| !a.starts_with("--test-threads") && a != "--nocapture" && a != "--quiet");
    let file = OpenOptions::new().create(true).write(true).truncate(true).open(path).ok().and_then(|mut f| {
        writeln!(f, "{}", if narrowed { "part" } else { "whole" }).ok()?;
        Some(f)
    });
    Mutex::new(Record { seen: HashSet::new(), file })
});

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
