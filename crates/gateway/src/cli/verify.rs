//! `tandem verify`: recomputes the books, and holds the audit chain to an anchor that was written down before.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use platform::chain_check::{Anchor, verify_chain};
use platform::{App, Caller};

use super::{Done, say, words};
use crate::config::Config;
use crate::server;

/// How long one check may take on large books.
const PATIENCE: Duration = Duration::from_secs(3600);

pub(super) fn run(config: &Config, anchor: Option<&Path>) -> Done {
    // before anything is opened: a wrong file is no reason to look at the books
    let known = anchor.map(read).transpose()?.flatten();
    let app = &server::existing_app(config).map_err(words)?;
    let bar = ProgressBar::new_spinner().with_message("Recomputing the books");
    bar.enable_steady_tick(Duration::from_millis(120));
    let system = Arc::new(Caller::system());
    let checks = persistence::within(Some(Instant::now() + PATIENCE), || platform::verify(app));
    bar.finish_and_clear();
    let mut broken = 0;
    let checks = checks.map_err(words)?;
    for check in &checks {
        let mark = if check.passed { "ok    " } else { "BROKEN" };
        say(format!("{mark} {} ({} looked at): {}", check.name, check.examined, check.rule))?;
        check.breaks.iter().try_for_each(|b| say(format!("         {b}")))?;
        broken += usize::from(!check.passed);
    }
    if let Some(file) = anchor {
        broken += usize::from(!hold(app, &system, file, known, broken == 0)?);
    }
    let all = checks.len() + usize::from(anchor.is_some());
    match broken {
        0 => say(format!("All {all} checks hold.")),
        n => Err(format!("{n} of {all} checks do not hold.")),
    }
}

/// Holds the chain to the anchor, and writes the new one when everything holds; whether it does.
fn hold(app: &Arc<App>, system: &Arc<Caller>, file: &Path, known: Option<Anchor>, sound: bool) -> Result<bool, String> {
    let checked = app.read(system, |cx| Ok(verify_chain(cx.db(), known.as_ref(), |_| {})?)).map_err(words)?;
    let before = known.map_or("no anchor yet".to_string(), |a| format!("anchored at event {}", a.seq));
    if let Some(breach) = checked.breach {
        say(format!("BROKEN audit_anchor ({before}): what was anchored is still there, and what came after follows from it."))?;
        say(format!("         {breach}"))?;
        return Ok(false);
    }
    say(format!("ok     audit_anchor ({before}): what was anchored is still there, and what came after follows from it."))?;
    if let Some(new) = checked.anchor.filter(|_| sound) {
        write(file, &new).map_err(|e| format!("{}: {e}", file.display()))?;
        say(format!("{} now says event {}.", file.display(), new.seq))?;
    }
    Ok(true)
}

/// `None` when there is no such file yet.
fn read(file: &Path) -> Result<Option<Anchor>, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => parse(&text)
            .map(Some)
            .ok_or_else(|| format!("{} is no anchor: it must hold the number of an event and its hash", file.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{}: {e}", file.display())),
    }
}

fn parse(text: &str) -> Option<Anchor> {
    let (seq, hash) = text.trim().split_once(' ')?;
    let seq = seq.parse().ok().filter(|s| *s > 0)?;
    (hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Anchor { seq, hash: hash.to_string() })
}

/// Beside it first, so that a crash leaves the old one.
fn write(file: &Path, anchor: &Anchor) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, format!("{} {}\n", anchor.seq, anchor.hash))?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_as_it_was_written() {
        let hash = "0123456789abcdef".repeat(4);
        let anchor = Anchor { seq: 41, hash: hash.clone() };
        assert_eq!(parse(&format!("41 {hash}\n")), Some(anchor));
        for bad in ["", "41", &format!("x {hash}"), &format!("0 {hash}"), "41 abc", &format!("41 {}", "z".repeat(64))] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
