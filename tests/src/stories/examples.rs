//! The examples run against a fresh server, as a reader would run them; and what README.md shows is what they do.

use std::process::{Command, Output};

use crate::harness::{ADMIN_PASSWORD, Engine, Server, workspace};

/// Whether a program is there; without it the example is skipped loudly, or fails where skipping is forbidden.
fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    let forbidden = std::env::var("TEST_FORBID_SKIP").is_ok_and(|v| v != "0" && !v.is_empty());
    assert!(there || !forbidden, "{program} is missing and TEST_FORBID_SKIP is set");
    if !there {
        eprintln!("SKIPPED: {program} is not installed");
    }
    there
}

#[track_caller]
fn well(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.into_owned()
}

fn run(s: &Server, program: &mut Command) -> String {
    let output = program.env("TANDEM_URL", s.base()).env("TANDEM_ADMIN_PASSWORD", ADMIN_PASSWORD).output().unwrap();
    well(&output)
}

#[test]
fn the_shell_script_walks_from_lead_to_cash() {
    if has("bash") && has("curl") && has("jq") {
        let s = Server::fresh(Engine::Sqlite);
        for _again in 0..2 {
            let said = run(&s, Command::new("bash").arg(workspace().join("examples/lead-to-cash.sh")));
            assert!(said.contains("paid: the invoice is paid, outstanding 0.00"), "{said}");
        }
    }
}

#[test]
fn the_python_program_walks_on_a_generated_client() {
    if has("python3") {
        let s = Server::fresh(Engine::Sqlite);
        let here = workspace().join("examples/python");
        let place = tempfile::tempdir().unwrap();
        let client = Command::new("python3").arg(here.join("generate.py")).arg(format!("{}/openapi.json", s.base())).output().unwrap();
        std::fs::write(place.path().join("tandem.py"), well(&client)).unwrap();
        let said = run(
            &s,
            Command::new("python3").arg(here.join("lead_to_cash.py")).env("PYTHONPATH", place.path()).env("PYTHONDONTWRITEBYTECODE", "1"),
        );
        assert!(said.contains("is paid"), "{said}");
    }
}

/// The commands of the section "Five minutes", in the order of the page.
fn walk_of_the_readme() -> String {
    let page = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let section = page.split("\n## ").find(|s| s.starts_with("Five minutes")).expect("the section");
    section.split("```sh\n").skip(1).filter_map(|b| b.split("```").next()).collect()
}

#[test]
fn the_commands_of_the_readme_work_and_can_be_repeated() {
    if has("bash") && has("curl") && has("jq") {
        let s = Server::fresh(Engine::Sqlite);
        let script = format!("set -euo pipefail\n{}", walk_of_the_readme().replace("http://127.0.0.1:8080", s.base()));
        for _again in 0..2 {
            let said = run(&s, Command::new("bash").arg("-c").arg(&script));
            assert!(said.contains(r#""status": "paid""#), "{said}");
            assert!(said.contains(r#""outstanding": "0.00""#), "{said}");
        }
    }
}

#[test]
fn the_table_of_the_readme_names_every_setting() {
    let page = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let source = std::fs::read_to_string(workspace().join("crates/gateway/src/config.rs")).unwrap();
    let read = |text: &str, from: &str| -> std::collections::BTreeSet<String> {
        let name = |t: &str| t.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect::<String>();
        text.split(from).skip(1).map(name).filter(|n| n.starts_with("TANDEM_") || n == "DATABASE_URL").collect()
    };
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut known = read(code, "\"");
    known.retain(|n| !n.ends_with('_') && !n.ends_with("_FILE"));
    assert_eq!(read(&page, "| `"), known);
}
