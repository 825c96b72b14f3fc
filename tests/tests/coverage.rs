//! Runs after the suite and asks whether it called every operation of the published document with success, and whether every
//! statement ran on both engines. Nothing else belongs here: it is a target of its own only because it must come last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Operations that the suite does not call, with the reason. May only shrink.
const UNCALLED: [(&str, &str); 0] = [];

#[test]
fn every_operation_was_called_by_the_suite() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let Ok(calls) = fs::read_to_string(root.join("target/called-operations.txt")) else {
        eprintln!("SKIPPED: the suite has not run");
        return;
    };
    let mut calls = calls.lines();
    if calls.next() != Some("whole") {
        eprintln!("SKIPPED: only a part of the suite has run");
        return;
    }
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

/// Statements that do not run on both engines, by a line of their text: those of one engine, and those that wait for a test.
/// May only shrink.
const STATEMENTS_OF_ONE_ENGINE: &[&str] = &[];

/// Each `sql!` of the source: file and line, and its text from there on.
fn statements(root: &Path) -> BTreeMap<(String, u32), String> {
    let mut out = BTreeMap::new();
    let mut folders = vec![root.join("crates/persistence/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            let lines: Vec<&str> = text.lines().take_while(|l| l.trim() != "#[cfg(test)]").collect();
            for (i, line) in lines.iter().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
                // the macro itself is no statement
                if line.contains("sql!(") && !line.contains("$crate::sql!(") {
                    let shown: Vec<&str> = lines[i..].iter().take(3).map(|l| l.trim()).collect();
                    out.insert((name.clone(), i as u32 + 1), shown.join(" "));
                }
            }
        }
    }
    out
}

#[test]
fn every_statement_ran_on_both_engines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let Ok(ran) = fs::read_to_string(root.join("target/ran-statements.txt")) else {
        eprintln!("SKIPPED: the suite has not run");
        return;
    };
    let mut ran = ran.lines();
    if ran.next() != Some("whole") {
        eprintln!("SKIPPED: only a part of the suite has run");
        return;
    }
    let mut engines: BTreeMap<(String, u32), BTreeSet<&str>> = BTreeMap::new();
    for line in ran {
        let parts: Vec<&str> = line.split(' ').collect();
        if let [engine, file, at] = parts[..] {
            engines.entry((file.to_string(), at.parse().expect("a line"))).or_default().insert(engine);
        }
    }
    let mut excused: BTreeSet<&str> = STATEMENTS_OF_ONE_ENGINE.iter().copied().collect();
    let mut missing = Vec::new();
    for (place, text) in statements(root) {
        let on = engines.remove(&place).unwrap_or_default();
        let excuse = STATEMENTS_OF_ONE_ENGINE.iter().find(|known| text.contains(*known));
        match (on.len() < 2, excuse) {
            (true, None) => missing.push(format!("{}:{} ran on {on:?}: {text}", place.0, place.1)),
            (true, Some(known)) => drop(excused.remove(known)),
            (false, _) => {}
        }
    }
    assert!(excused.is_empty(), "these ran on both engines or are gone; take them off the list: {excused:?}");
    assert!(missing.is_empty(), "{} statements did not run on both engines:\n  {}", missing.len(), missing.join("\n  "));
}
