//! Runs after the suite and asks whether it called every operation of the published document with success, and ran every statement
//! of the source on both engines. Nothing else belongs here: it is a target of its own only because it must come last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Operations that the suite does not call, with the reason. May only shrink.
const UNCALLED: [(&str, &str); 0] = [];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// What the suite wrote down in a file, unless it has not run, or only a part of it.
fn noted(file: &str) -> Option<String> {
    let Ok(noted) = fs::read_to_string(root().join("target").join(file)) else {
        eprintln!("SKIPPED: the suite has not run");
        return None;
    };
    match noted.strip_prefix("whole\n") {
        Some(lines) => Some(lines.to_string()),
        None => {
            eprintln!("SKIPPED: only a part of the suite has run");
            None
        }
    }
}

#[test]
fn every_operation_was_called_by_the_suite() {
    let root = root();
    let Some(calls) = noted("called-operations.txt") else { return };
    let calls = calls.lines();
    let calls: Vec<(&str, Vec<&str>)> = calls.filter_map(|l| l.split_once(' ')).map(|(m, p)| (m, p.split('/').collect())).collect();
    let document = fs::read_to_string(root.join("openapi/openapi.json")).expect("openapi/openapi.json");
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if let Some(id) = operation["operationId"].as_str() {
                operations.push((method.to_uppercase(), path.split('/').collect::<Vec<_>>(), id));
            }
        }
    }
    // a call belongs to the template that shares most words with it: `/orders/bulk` is not `/orders/{id}`
    let belongs = |(method, path): &(&str, Vec<&str>)| {
        let fits = |template: &[&str]| path.len() == template.len() && path.iter().zip(template).all(|(p, t)| p == t || t.starts_with('{'));
        let shared = |template: &[&str]| path.iter().zip(template).filter(|(p, t)| p == t).count();
        let fitting = operations.iter().filter(|(m, t, _)| m == method && fits(t));
        fitting.max_by_key(|(_, t, _)| shared(t)).map(|(_, _, id)| *id)
    };
    let called: BTreeSet<&str> = calls.iter().filter_map(belongs).collect();
    let mut uncalled: BTreeSet<&str> = operations.iter().map(|(_, _, id)| *id).filter(|id| !called.contains(id)).collect();
    for (id, why) in UNCALLED {
        assert!(uncalled.remove(id), "{id} is called now; take it off the list ({why})");
    }
    assert!(
        uncalled.is_empty(),
        "{} operations are never called with success:\n  {}",
        uncalled.len(),
        uncalled.into_iter().collect::<Vec<_>>().join("\n  ")
    );
}

/// A statement in the source, and the engines that shall run it.
struct Written {
    place: String,
    text: String,
    engines: BTreeSet<&'static str>,
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => sources(&path, out),
            path if path.extension().is_some_and(|e| e == "rs") => out.push(path),
            _ => {}
        }
    }
}

/// Every `sql!` of a file outside its tests. One that says `postgres:` or `sqlite:` first is for that engine alone.
fn statements(file: &str, source: &str) -> Vec<Written> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut found = Vec::new();
    for (at, _) in source.match_indices("sql!(") {
        let line = source[..at].matches('\n').count() + 1;
        let before = source[..at].rsplit('\n').next().unwrap_or_default();
        let is_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '_') || before.ends_with("$crate::");
        if is_name || before.trim_start().starts_with("//") {
            continue;
        }
        let text = source[at + "sql!(".len()..].trim_start();
        let engines = match text {
            t if t.starts_with("postgres:") => ["postgres"].into(),
            t if t.starts_with("sqlite:") => ["sqlite"].into(),
            _ => ["postgres", "sqlite"].into(),
        };
        found.push(Written { place: format!("{file} {line}"), text: text.chars().take(100).collect(), engines });
    }
    found
}

#[test]
fn every_statement_ran_on_every_engine_that_it_is_for() {
    let Some(ran) = noted("ran-statements.txt") else { return };
    let mut engines_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (engine, place) in ran.lines().filter_map(|l| l.split_once(' ')) {
        engines_of.entry(place).or_default().insert(engine);
    }
    let mut files = Vec::new();
    sources(&root().join("crates/persistence/src"), &mut files);
    files.sort();
    let mut wrong = Vec::new();
    for file in files {
        let name = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        let source = fs::read_to_string(&file).expect("a source");
        for Written { place, text, engines } in statements(&name, &source) {
            let on = engines_of.get(&*place).cloned().unwrap_or_default();
            if on != engines {
                wrong.push(format!("{place}: {text:?} is for {engines:?} and ran on {on:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} statements did not run where they shall:\n  {}", wrong.len(), wrong.join("\n  "));
}
