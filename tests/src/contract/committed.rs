//! What is committed under `openapi/` is what the program says. After a wanted change: `tandem openapi --write openapi/`, or
//! `TANDEM_BLESS=1 cargo test -p tests committed`, which needs no other build.

use crate::harness::workspace;

#[test]
fn the_committed_document_and_catalogues_are_those_of_the_program() {
    let table = gateway::composition::table();
    let (_, findings) = gateway::openapi::document(&table);
    assert!(findings.is_empty(), "the operation table contradicts itself: {findings:#?}");
    let folder = workspace().join("openapi");
    if std::env::var_os("TANDEM_BLESS").is_some() {
        for (name, text) in gateway::openapi::files(&table) {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let differ: Vec<String> = gateway::openapi::files(&table)
        .into_iter()
        .filter(|(name, text)| std::fs::read_to_string(folder.join(name)).map_or(true, |kept| kept != *text))
        .map(|(name, text)| {
            let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            let line = kept.lines().zip(text.lines()).position(|(a, b)| a != b).map_or(0, |n| n + 1);
            format!("openapi/{name}, first at line {line}")
        })
        .collect();
    assert!(differ.is_empty(), "run `tandem openapi --write openapi/`; these differ: {differ:#?}");
}

#[test]
fn every_operation_has_a_name_and_a_permission_of_its_place() {
    let table = gateway::composition::table();
    for op in table.ops.iter().filter(|op| !op.public && !op.permission.is_empty()) {
        let area = op.path.trim_start_matches("/v1/").split('/').next().unwrap_or_default();
        let plain = op.permission.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.');
        // one right to export and erase people, wherever their record is
        let of_people = op.permission.starts_with("directory.personal_data.");
        assert!(plain && (of_people || op.permission.starts_with(&format!("{area}."))), "{} has the permission {}", op.path, op.permission);
    }
}
