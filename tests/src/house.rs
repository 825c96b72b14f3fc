//! The rules of the house, as far as a test can see them: which crate may know which, where transactions and SQL live,
//! how files are named. A rule without a test here is a wish.

mod licences;
mod questions;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::workspace;

/// The areas, spelled alike in every crate and in the URL, in their order: a file knows its own area and those before it.
/// Front office and back office each continue from `platform` and do not know each other.
const AREAS: [&str; 14] = [
    "identity",
    "directory",
    "platform",
    "accounting",
    "tax",
    "receivables",
    "banking",
    "inventory",
    "sales",
    "crm",
    "service",
    "marketing",
    "insight",
    "kernel",
];

/// Which room may know which: gateway → crm, erp → platform → persistence → domain.
const ARROWS: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("persistence", &["domain"]),
    ("platform", &["domain", "persistence"]),
    ("crm", &["domain", "persistence", "platform"]),
    ("erp", &["domain", "persistence", "platform"]),
    ("gateway", &["domain", "persistence", "platform", "crm", "erp"]),
];

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All files under a folder of the workspace with this ending, as paths relative to the workspace, sorted.
fn files(folder: &str, ending: &str) -> Vec<String> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                walk(&path, out);
            } else if path.is_file() {
                out.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&workspace().join(folder), &mut found);
    let relative = |p: PathBuf| p.strip_prefix(workspace()).ok().and_then(|p| p.to_str().map(str::to_string));
    let mut names: Vec<String> = found.into_iter().filter_map(relative).filter(|p| p.ends_with(ending)).collect();
    names.sort();
    names
}

fn sources() -> Vec<String> {
    let mut all = files("crates", ".rs");
    all.retain(|p| p.contains("/src/"));
    assert!(all.len() > 10, "the sources were not found");
    all
}

/// The code of a file: no comment lines, nothing from its test module on.
fn code(path: &str) -> Vec<(usize, String)> {
    let text = read(workspace().join(path));
    let lines = text.lines().enumerate().map(|(i, l)| (i + 1, l.to_string()));
    lines.take_while(|(_, l)| l.trim() != "#[cfg(test)]").filter(|(_, l)| !l.trim_start().starts_with("//")).collect()
}

/// The `[dependencies]` of a manifest: each line.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = read(workspace().join(manifest));
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            found.push(line.to_string());
        }
    }
    found
}

fn none(rule: &str, breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

#[test]
fn the_arrows_between_the_crates_hold() {
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in ARROWS {
        let known = dependencies(&format!("crates/{room}/Cargo.toml"));
        for dependency in known.iter().filter_map(|l| l.split(['.', ' ', '=']).next()) {
            assert!(!rooms.contains(&dependency) || allowed.contains(&dependency), "{room} must not know {dependency}");
        }
    }
}

#[test]
fn only_the_rooms_that_may_know_a_library_name_it() {
    let may = [("diesel", vec!["persistence"]), ("actix-web", vec!["gateway"]), ("tokio", vec!["gateway"]), ("clap", vec!["gateway"])];
    for (room, _) in ARROWS {
        let known = dependencies(&format!("crates/{room}/Cargo.toml"));
        for (library, rooms) in &may {
            let named = known.iter().any(|l| l.split(['.', ' ', '=']).next() == Some(library));
            assert!(!named || rooms.contains(&room), "{room} must not know {library}");
        }
    }
}

#[test]
fn versions_are_named_once_in_the_workspace() {
    let mut breaches = Vec::new();
    for manifest in ARROWS.iter().map(|(room, _)| format!("crates/{room}/Cargo.toml")).chain(["tests/Cargo.toml".into()]) {
        let own = dependencies(&manifest).into_iter().filter(|l| !l.contains("workspace = true"));
        breaches.extend(own.map(|l| format!("{manifest}: {l}")));
    }
    none("dependencies take their version from the workspace", breaches);
}

/// Dependencies that no source names, with what they are for.
const UNNAMED: [(&str, &str); 3] =
    [("libsqlite3-sys", "builds SQLite along"), ("openssl-sys", "builds OpenSSL along"), ("pq-sys", "builds libpq along")];

#[test]
fn every_dependency_is_used() {
    let mut breaches = Vec::new();
    for room in ARROWS.iter().map(|(room, _)| format!("crates/{room}")).chain(["tests".into()]) {
        let text: String = files(&room, ".rs").iter().map(|path| read(workspace().join(path))).collect();
        let names: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for dependency in dependencies(&format!("{room}/Cargo.toml")).iter().filter_map(|l| l.split(['.', ' ', '=']).next()) {
            if !names.contains(&*dependency.replace('-', "_")) && UNNAMED.iter().all(|(d, _)| *d != dependency) {
                breaches.push(format!("{room} does not use {dependency}"));
            }
        }
    }
    none("dependencies that are not used", breaches);
}

#[test]
fn transactions_begin_and_end_in_one_place() {
    let homes = ["tx.rs", "writer.rs", "migrate.rs"].map(|f| format!("crates/persistence/src/{f}"));
    let signs = [
        "\"BEGIN",
        "\"COMMIT",
        "\"ROLLBACK",
        "\"SAVEPOINT",
        "\"RELEASE",
        ".transaction(",
        "immediate_transaction",
        "begin_transaction",
        "begin_test_transaction",
    ];
    let mut breaches = Vec::new();
    for path in sources().into_iter().filter(|p| !homes.contains(p)) {
        for (line, text) in code(&path) {
            if signs.iter().any(|s| text.contains(s)) {
                breaches.push(format!("{path}:{line}: {}", text.trim()));
            }
        }
    }
    none("only tx.rs, writer.rs and migrate.rs begin or end a transaction", breaches);
}

#[test]
fn sql_lives_in_persistence_only() {
    let signs = ["sql!(", "sql_query(", "\"SELECT ", "\"INSERT INTO ", "\"DELETE FROM ", "\"UPDATE ", "\"CREATE TABLE", "diesel::"];
    let mut breaches = Vec::new();
    for path in sources().into_iter().filter(|p| !p.starts_with("crates/persistence/")) {
        for (line, text) in code(&path) {
            if signs.iter().any(|s| text.contains(s)) {
                breaches.push(format!("{path}:{line}: {}", text.trim()));
            }
        }
    }
    none("SQL text lives in persistence", breaches);
}

/// What counts a version by SQL also says when: whoever keeps a copy asks by time.
#[test]
fn sql_that_counts_a_version_notes_when() {
    // they have no such column
    let undated = ["UPDATE sessions", "UPDATE touchpoints", "\"touchpoints\""];
    let mut breaches = Vec::new();
    for path in sources().iter().filter(|p| p.starts_with("crates/persistence")) {
        let code = code(path);
        for i in (0..code.len()).filter(|i| code[*i].1.contains("version = version + 1")) {
            let near = &code[i.saturating_sub(2)..(i + 4).min(code.len())];
            if !near.iter().any(|(_, l)| l.contains("updated_at") || undated.iter().any(|u| l.contains(u))) {
                breaches.push(format!("{path}:{}", code[i].0));
            }
        }
    }
    none("a version is counted and nothing notes when", breaches);
}

#[test]
fn no_sql_names_a_schema() {
    let before = ["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES", "INDEX", "EXISTS"];
    let catalogues = ["information_schema.", "pg_catalog."];
    let mut breaches = Vec::new();
    let mut look = |path: &str, line: usize, text: &str| {
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "(),;\"".contains(c)).filter(|w| !w.is_empty()).collect();
        let names = words.windows(2).any(|w| {
            before.contains(&w[0])
                && w[1].contains('.')
                && w[1].split('.').all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
                && !catalogues.iter().any(|c| w[1].starts_with(c))
        });
        let sets = ["CREATE SCHEMA", "SET search_path", "search_path ="].iter().any(|s| text.contains(s));
        if names || sets {
            breaches.push(format!("{path}:{line}: {}", text.trim()));
        }
    };
    for path in files("migrations", ".sql") {
        let text = read(workspace().join(&path));
        text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("--")).for_each(|(i, l)| look(&path, i + 1, l));
    }
    for path in sources().into_iter().filter(|p| p.starts_with("crates/persistence/")) {
        code(&path).iter().for_each(|(i, l)| look(&path, *i, l));
    }
    none("no SQL names a schema, so that a deployment can be put into one", breaches);
}

#[test]
fn each_file_says_what_it_is_for() {
    let own = files("tests", ".rs").into_iter().chain(sources());
    let silent = own.filter(|p| !read(workspace().join(p)).starts_with("//!")).collect();
    none("each file opens with //!", silent);
}

#[test]
fn files_stay_short() {
    let long = sources().into_iter().map(|p| (read(workspace().join(&p)).lines().count(), p)).filter(|(n, _)| *n > 600);
    none("files of the crates stay below 600 lines", long.map(|(n, p)| format!("{p}: {n} lines")).collect());
}

#[test]
fn areas_are_spelled_alike() {
    let rooms = [
        ("crates/domain/src", vec![]),
        ("crates/persistence/src", vec!["writer"]),
        ("crates/platform/src", vec!["table", "cx", "followers"]),
        ("crates/crm/src", vec![]),
        ("crates/erp/src", vec![]),
        ("tests/src", vec!["harness", "stories", "contract", "house"]),
    ];
    let mut breaches = Vec::new();
    for (room, others) in rooms {
        for entry in fs::read_dir(workspace().join(room)).unwrap().flatten().filter(|e| e.path().is_dir()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !AREAS.contains(&&*name) && !others.contains(&&*name) {
                breaches.push(format!("{room}/{name} is no area"));
            }
        }
    }
    none("folders are areas", breaches);
}

/// The service crate where an area lives.
fn service(area: &str) -> &'static str {
    match area {
        "identity" | "platform" | "directory" => "platform",
        "crm" | "service" | "marketing" | "insight" => "crm",
        _ => "erp",
    }
}

/// Nouns that share a file with their neighbours in some room, with the reason. May only shrink.
const LONE_FILES: [(&str, &str); 9] = [
    ("crates/domain/src/accounting/fiscal_years.rs", "kept beside the periods"),
    ("crates/domain/src/accounting/policies.rs", "tested with what follows the policy"),
    ("crates/domain/src/crm/opportunities/changes.rs", "the history of opportunities: read and tested with them"),
    ("crates/domain/src/inventory/moves.rs", "written and tested by everything that moves stock"),
    ("crates/domain/src/receivables/allocations.rs", "part of settlement: stored and tested with payments"),
    ("crates/domain/src/receivables/invoices/lines.rs", "part of invoices"),
    ("crates/domain/src/sales/order_lines.rs", "part of orders"),
    ("crates/domain/src/tax/codes.rs", "tested with the calculations"),
    ("crates/domain/src/tax/rules.rs", "tested with the calculations"),
];

#[test]
fn every_noun_is_in_all_its_rooms() {
    let mut breaches = Vec::new();
    for path in files("crates/domain/src", ".rs") {
        let Some((area, noun)) = path.strip_prefix("crates/domain/src/").and_then(|p| p.split_once('/')) else { continue };
        let declares_a_noun = code(&path).iter().any(|(_, l)| l.trim_start().starts_with("entity!") || l.contains("crate::entity!"));
        if !AREAS.contains(&area) || !declares_a_noun || LONE_FILES.iter().any(|(p, _)| *p == path) {
            continue;
        }
        for room in [
            format!("crates/persistence/src/{area}/{noun}"),
            format!("crates/{}/src/{area}/{noun}", service(area)),
            format!("tests/src/{area}/{noun}"),
        ] {
            if !workspace().join(&room).exists() {
                breaches.push(format!("{path} has no {room}"));
            }
        }
    }
    none("every noun is found at the same path in every room", breaches);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let of = |engine: &str| -> BTreeSet<String> {
        let prefix = format!("migrations/{engine}/");
        files(&prefix, ".sql").iter().filter_map(|p| p.strip_prefix(&prefix).map(str::to_string)).collect()
    };
    let (postgres, sqlite) = (of("postgres"), of("sqlite"));
    assert_eq!(postgres, sqlite, "the trees have other files");
    for up in postgres.iter().filter(|p| p.ends_with("up.sql")) {
        assert!(postgres.contains(&up.replace("up.sql", "down.sql")), "{up} cannot be undone");
    }
}

#[test]
fn every_path_named_in_a_readme_exists() {
    let mut breaches = Vec::new();
    for page in ["README.md", "crates/README.md", "examples/README.md"] {
        let file = workspace().join(page);
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let folder = file.parent().unwrap_or(workspace());
        let ticked = text.split('`').skip(1).step_by(2);
        let linked = text.split("](").skip(1).filter_map(|t| t.split(')').next());
        for name in ticked.chain(linked).filter(|n| is_path(n)) {
            let name = name.split('#').next().unwrap_or(name);
            let first = name.split('/').next().unwrap_or(name);
            let ours = workspace().join(first).exists() || folder.join(first).exists();
            if ours && !workspace().join(name).exists() && !folder.join(name).exists() {
                breaches.push(format!("{page} names {name}"));
            }
        }
    }
    none("every path in a README exists", breaches);
}

/// The areas from which each side of the house continues; front and back office do not know each other.
const FRONT: [&str; 4] = ["crm", "service", "marketing", "insight"];

/// The modules of a crate that a file imports: `use` trees and paths in the code, without its tests, resolved to files.
fn imports(path: &str, modules: &BTreeMap<Vec<String>, String>) -> BTreeSet<String> {
    let own = module_of(path);
    let text: String = code(path).into_iter().map(|(_, l)| l.split("//").next().unwrap_or_default().to_string() + "\n").collect();
    let mut found = BTreeSet::new();
    let mut add = |tree: &str| {
        for leaf in leaves(tree) {
            let mut segments: Vec<String> = leaf.split("::").map(|s| s.trim().to_string()).collect();
            let mut at = own.clone();
            match segments.first().map(String::as_str) {
                Some("crate") => at.truncate(1),
                Some("self") => {}
                Some("super") => {
                    while segments.first().is_some_and(|s| s == "super") {
                        segments.remove(0);
                        at.pop();
                    }
                    segments.insert(0, String::new());
                }
                _ => continue,
            }
            at.extend(segments.into_iter().skip(1));
            while at.len() > 1 && !modules.contains_key(&at) {
                at.pop();
            }
            found.extend(modules.get(&at).filter(|f| *f != path).cloned());
        }
    };
    for statement in text.split(';') {
        match statement.trim_start().split_once("use ") {
            Some((before, tree)) if before.trim().is_empty() || before.trim().starts_with("pub") => add(tree),
            _ => {
                let paths = statement.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                paths.filter(|p| p.starts_with("crate::") || p.starts_with("super::")).for_each(&mut add);
            }
        }
    }
    found
}

/// `crates/domain/src/crm/leads/steps.rs` is the module `domain`, `crm`, `leads`, `steps`.
fn module_of(path: &str) -> Vec<String> {
    let parts = path.trim_start_matches("crates/").trim_end_matches(".rs").split('/').filter(|p| *p != "src");
    let mut module: Vec<String> = parts.map(str::to_string).collect();
    if module.last().is_some_and(|l| ["mod", "lib", "main"].contains(&&**l)) {
        module.pop();
    }
    module
}

/// The paths of a `use` tree: `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn leaves(tree: &str) -> Vec<String> {
    let Some(open) = tree.find('{') else { return vec![tree.split(" as ").next().unwrap_or_default().trim().to_string()] };
    let (prefix, inner) = (tree[..open].trim(), tree[open + 1..].rsplit_once('}').map_or("", |(i, _)| i));
    let (mut depth, mut start, mut out) = (0, 0, Vec::new());
    for (i, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[start..i].trim();
                out.extend(leaves(part).into_iter().filter(|_| !part.is_empty()).map(|l| format!("{prefix}{l}")));
                start = i + 1;
            }
            _ => {}
        }
    }
    out
}

fn import_graph() -> BTreeMap<String, BTreeSet<String>> {
    // tests of a rule may use whatever shows it
    let all: Vec<String> = sources().into_iter().filter(|p| !p.ends_with("tests.rs")).collect();
    let modules: BTreeMap<Vec<String>, String> = all.iter().map(|p| (module_of(p), p.clone())).collect();
    all.iter().map(|p| (p.clone(), imports(p, &modules))).collect()
}

#[test]
fn an_area_knows_only_the_areas_before_it() {
    let area = |path: &str| path.split("/src/").nth(1).and_then(|p| p.split_once('/')).map(|(a, _)| a.to_string());
    let place = |a: &str| AREAS.iter().position(|x| *x == a).filter(|_| a != "kernel");
    let mut breaches = Vec::new();
    for (path, known) in import_graph() {
        let Some(own) = area(&path) else { continue };
        for other in known.iter().filter_map(|p| area(p)) {
            let (Some(here), Some(there)) = (place(&own), place(&other)) else { continue };
            let sides = FRONT.contains(&&*own) != FRONT.contains(&&*other) && there > 2 && here > 2 && !path.contains("/domain/");
            if there > here || sides {
                breaches.push(format!("{path} knows {other}"));
            }
        }
    }
    breaches.dedup();
    none("an area knows only the areas before it", breaches);
}

#[test]
fn no_two_files_import_each_other() {
    let graph = import_graph();
    let mut breaches = Vec::new();
    for (a, known) in &graph {
        for b in known.iter().filter(|b| a < *b && graph[*b].contains(a)) {
            // a part of a noun may use the noun and is used by it
            let family = |x: &str, y: &str| y.starts_with(&format!("{}/", x.trim_end_matches("/mod.rs").trim_end_matches(".rs")));
            if !family(a, b) && !family(b, a) {
                breaches.push(format!("{a} and {b}"));
            }
        }
    }
    none("files import each other", breaches);
}

/// Something like `crates/gateway/src` or `README.md`, not an address, a route or a pattern.
fn is_path(text: &str) -> bool {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-#".contains(c));
    plain && !text.starts_with('/') && (text.contains('/') || text.ends_with(".md") || text.ends_with(".toml"))
}
