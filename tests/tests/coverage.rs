//! Runs after the suite and asks whether it called every operation of the published document with success. Nothing else
//! belongs here: it is a target of its own only because it must come last. Which statements ran on which engine is written beside
//! it, to `target/ran-statements.txt`.

use std::collections::BTreeSet;
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
