//! Dependencies: their licences and where they come from, against `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::{none, read};
use crate::harness::workspace;

/// Crates, licences and sources as `deny.toml` allows them; `cargo deny check` says the same where it is installed.
#[test]
fn dependencies_have_allowed_licences_and_sources() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).unwrap();
    let arguments = ["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host];
    let out = Command::new(cargo).args(arguments).current_dir(workspace()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let deny = read(workspace().join("deny.toml"));
    let allowed = listed(&deny, "allow");
    let banned = listed(&deny, "deny");
    assert!(allowed.contains("MIT"), "deny.toml lists no licences");
    let mut breaches = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap_or_default();
        let source = package["source"].as_str();
        if source.is_some_and(|s| !s.starts_with("registry+https://github.com/rust-lang/crates.io-index")) {
            breaches.push(format!("{name} comes from {}", source.unwrap_or_default()));
        }
        if banned.contains(name) {
            breaches.push(format!("{name} is banned"));
        }
        let licence = package["license"].as_str().unwrap_or_default();
        if source.is_some() && !satisfied(licence, &allowed) {
            breaches.push(format!("{name}: {licence:?}"));
        }
    }
    none("dependencies follow deny.toml", breaches);
}

/// The strings of the first list called `name` in a TOML text.
fn listed(toml: &str, name: &str) -> BTreeSet<String> {
    let start = toml.lines().position(|l| l.trim_start().starts_with(&format!("{name} = [")));
    let Some(start) = start else { return BTreeSet::new() };
    let text: String = toml.lines().skip(start).take_while(|l| l.trim() != "]").map(|l| l.split('#').next().unwrap_or_default()).collect();
    text.split('"').skip(1).step_by(2).map(str::to_string).collect()
}

/// Whether an SPDX expression can be met with the allowed licences.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    fn any(tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
        let mut ok = all(tokens, allowed);
        while tokens.next_if(|t| t == "OR").is_some() {
            ok |= all(tokens, allowed);
        }
        ok
    }
    fn all(tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
        let mut ok = one(tokens, allowed);
        while tokens.next_if(|t| t == "AND").is_some() {
            ok &= one(tokens, allowed);
        }
        ok
    }
    fn one(tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
        let Some(token) = tokens.next() else { return false };
        if token == "(" {
            let ok = any(tokens, allowed);
            tokens.next_if(|t| t == ")");
            return ok;
        }
        let mut name = token;
        if tokens.next_if(|t| t == "WITH").is_some() {
            name = format!("{name} WITH {}", tokens.next().unwrap_or_default());
        }
        allowed.contains(&name)
    }
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<String> = spaced.split_whitespace().map(str::to_string).collect();
    any(&mut tokens.into_iter().peekable(), allowed)
}

#[test]
fn licence_expressions_are_read_rightly() {
    let allowed: BTreeSet<String> =
        ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].iter().map(|s| s.to_string()).collect();
    let cases: BTreeMap<&str, bool> = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("MIT/Apache-2.0", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("GPL-3.0 WITH X OR Apache-2.0 WITH LLVM-exception", true),
        ("", false),
    ]
    .into();
    for (expression, expected) in cases {
        assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
    }
}
