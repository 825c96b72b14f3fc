//! The program as an operator types it: what it answers to mistakes, with which exit code, and what it leaves alone.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::{Database, Engine};

/// Tells the test binary that it is the program now: its arguments, one a line.
const ARGUMENTS: &str = "TEST_TANDEM_ARGUMENTS";

/// Not a test: the program itself, when this binary is started as such.
#[test]
fn the_program() {
    let Ok(given) = std::env::var(ARGUMENTS) else { return };
    let arguments = ["tandem"].into_iter().chain(given.lines());
    std::process::exit(gateway::cli::main_with(arguments.map(String::from)).into());
}

fn tandem<S: AsRef<str>>(arguments: &[S]) -> Command {
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "platform::command_line::the_program", "--nocapture"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TANDEM_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.env(ARGUMENTS, arguments.join("\n")).stdin(Stdio::null());
    command
}

/// The exit code, and what was said on standard output and standard error.
fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn run<S: AsRef<str>>(arguments: &[S]) -> (i32, String, String) {
    said(&tandem(arguments).output().unwrap())
}

#[track_caller]
fn well<S: AsRef<str> + std::fmt::Debug>(arguments: &[S]) -> String {
    let (code, out, err) = run(arguments);
    assert_eq!(code, 0, "{arguments:?}\n{out}\n{err}");
    out
}

#[track_caller]
fn refused<S: AsRef<str> + std::fmt::Debug>(arguments: &[S], code: i32, words: &str) {
    let (ended, out, err) = run(arguments);
    assert!(ended == code && err.contains(words), "{arguments:?} ended with {ended}, not {code} and {words:?}\n{out}\n{err}");
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let commands = ["serve", "migrate", "openapi", "operations", "demo", "user", "verify", "health", "backup", "restore"].map(|c| vec![c]);
    let users = ["create", "list", "disable", "enable", "reset-password", "grant"].map(|c| vec!["user", c]);
    for command in std::iter::once(vec![]).chain(commands).chain(users) {
        let help = well(&[command.as_slice(), &["--help"]].concat());
        assert!(help.contains("Example") && help.contains(&format!("tandem {}", command.join(" "))), "{command:?}\n{help}");
    }
    let usage = well(&["user", "grant", "--help"]);
    assert!(usage.contains("tandem user grant [OPTIONS] <EMAIL> [ROLE]"), "{usage}");
}

#[test]
fn mistakes_are_named_and_end_with_their_code() {
    let place = tempfile::tempdir().unwrap();
    let in_it = |name: &str| place.path().join(name).display().to_string();
    std::fs::write(in_it("text.db"), "this is a letter to a friend, and no database at all").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let (text, none, new) =
        (format!("sqlite:{}", in_it("text.db")), format!("sqlite:{}", in_it("none.db")), format!("sqlite:{}", in_it("new.db")));
    let nowhere = format!("sqlite:{}", in_it("no/such/folder.db"));

    refused::<&str>(&[], 2, "Usage");
    refused(&["frobnicate"], 2, "frobnicate");
    refused(&["serve", "--fast"], 2, "--fast");
    refused(&["user", "grant", "ann@example.com"], 2, "--all-companies");
    refused(&["migrate", "--database", "tandem.db"], 1, "no scheme");
    refused(&["migrate", "--database", "mysql://localhost/tandem"], 1, "\"mysql\" is unknown");
    refused(&["migrate", "--database", &text], 1, "not a database");
    refused(&["migrate", "--database", &nowhere], 1, "No such file");
    refused(&["migrate", "--database", "postgres://me:secret@127.0.0.1:1/tandem"], 1, "cannot connect to PostgreSQL");
    refused(&["serve", "--bind", &bind, "--database", &new], 1, "cannot be bound");
    refused(&["health", "--bind", "127.0.0.1:1"], 1, "does not answer");
    // a misspelt path is no empty database in perfect order
    refused(&["verify", "--database", &none], 1, "there is no database");
    refused(&["backup", &in_it("copy.db"), "--database", &none], 1, "there is no database");
    refused(&["user", "reset-password", "ann@example.com", "--database", &none], 1, "there is no database");
    for made in ["none.db", "copy.db", "new.db"] {
        assert!(!Path::new(&in_it(made)).exists(), "{made}");
    }
    let bad = [
        ("TANDEM_ADMIN_PASSWORD_FILE", "/no/such/file", "TANDEM_ADMIN_PASSWORD_FILE: /no/such/file cannot be read"),
        ("TANDEM_THREADS", "many", "TANDEM_THREADS: \"many\" cannot be used"),
        ("TANDEM_REQUEST_SECONDS", "0", "TANDEM_REQUEST_SECONDS: 0 is not between"),
        ("TANDEM_PUBLIC_URL", "erp.example.com", "TANDEM_PUBLIC_URL: \"erp.example.com\" is not an address"),
        ("TANDEM_LOG", "a=b=c", "TANDEM_LOG: \"a=b=c\" is not a filter"),
        ("TANDEM_BNID", "127.0.0.1:0", "TANDEM_BNID is no setting of Tandem; did you mean TANDEM_BIND?"),
    ];
    for (name, value, words) in bad {
        let (code, _, err) = said(&tandem(&["migrate", "--database", &none]).env(name, value).output().unwrap());
        assert!(code == 1 && err.contains(words), "{name}={value}: {code} {err}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_mistake() {
    use std::io::{BufRead, BufReader};
    let mut child = tandem(&["openapi"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with('{')), "the document begins");
    drop(lines);
    let (code, _, err) = said(&child.wait_with_output().unwrap());
    assert!(code == 0 && err.is_empty(), "{code} {err}");
}

#[test]
fn the_first_signal_waits_for_requests_in_flight_and_the_second_does_not() {
    use std::io::{BufRead, BufReader, Read, Write};
    let place = Database::empty(Engine::Sqlite);
    let arguments = ["serve", "--bind", "127.0.0.1:0", "--database", place.url.as_str()];
    let mut child = tandem(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut until = |words: &str| {
        let line = lines.find(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("the program never said {words:?}"))
    };
    let hint = until("one-time password");
    assert!(hint.contains("admin@example.com"), "{hint}");
    let path = until("Change it with").split("POST ").nth(1).unwrap().trim_end_matches('.').to_string();
    let address = until("Tandem listens").split("http://").nth(1).unwrap().to_string();
    let ask = |head: &str| {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut said = String::new();
    ask(&format!("OPTIONS {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).read_to_string(&mut said).unwrap();
    assert!(said.contains("allow: OPTIONS, POST"), "the operation that the hint names: {said}");

    // a body that does not come keeps its request in flight; somebody without a token may send one only to log in
    let half = "POST /v1/identity/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    let flying = ask(half);
    let mut second = String::new();
    ask("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").read_to_string(&mut second).unwrap();
    let signal = || assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    signal();
    until("Stopping");
    signal();
    assert_eq!(child.wait().unwrap().code(), Some(1), "the first signal alone would have ended it with 0");
    drop(flying);
}

fn an_operator(engine: Engine) {
    if !engine.available() {
        return;
    }
    let place = Database::empty(engine);
    let on =
        |arguments: &[&str]| [arguments, &["--database", place.url.as_str()]].concat().into_iter().map(String::from).collect::<Vec<_>>();
    let nothing = if engine == Engine::Sqlite { "there is no database" } else { "run `tandem migrate` first" };
    refused(&on(&["verify"]), 1, nothing);
    assert!(well(&on(&["migrate"])).contains("migrations ran: 0001_identity"));
    assert!(well(&on(&["migrate"])).contains("up to date"));

    let made = well(&on(&["user", "create", "ann@example.com", "--role", "sales_rep", "--all-companies"]));
    for words in ["ann@example.com is usr_", "has the role sales_rep", "has all companies", "The password is shown only now"] {
        assert!(made.contains(words), "{made}");
    }
    refused(&on(&["user", "create", "ann@example.com"]), 1, "Another user has this e-mail address");
    refused(&on(&["user", "create", "bob@example.com", "--role", "emperor"]), 1, "There is no role emperor");
    refused(&on(&["user", "grant", "ann@example.com", "--company", "acme"]), 1, "acme");
    assert!(well(&on(&["user", "grant", "ann@example.com", "accountant"])).contains("has the role accountant"));
    assert!(well(&on(&["user", "reset-password", "ann@example.com"])).contains("All sessions of ann@example.com have ended."));
    refused(&on(&["user", "create", "eve@example.com", "--name", "Eve\u{1b}[31m"]), 1, "The name is one line");
    assert!(well(&on(&["user", "list"])).contains("ann@example.com\tann@example.com\tactive\taccountant,sales_rep\tall companies\n"));
    assert!(well(&on(&["user", "disable", "ann@example.com"])).contains("ann@example.com is disabled"));
    assert!(well(&on(&["user", "list"])).contains("ann@example.com\tann@example.com\tdisabled\t"));
    refused(&on(&["user", "disable", "ann@example.com"]), 1, "disabled already");
    refused(&on(&["user", "disable", "nobody@example.com"]), 1, "There is no user nobody@example.com");
    well(&on(&["user", "create", "boss@example.com", "--role", "owner", "--all-companies"]));
    refused(&on(&["user", "disable", "boss@example.com"]), 1, "the last active user with all permissions");
    assert!(well(&on(&["user", "enable", "ann@example.com"])).contains("ann@example.com is enabled."));
    let mut weak = tandem(&on(&["user", "create", "bob@example.com"]));
    let (code, _, err) = said(&weak.env("TANDEM_USER_PASSWORD", "short").output().unwrap());
    assert!(code == 1 && err.contains("TANDEM_USER_PASSWORD: It has 5 characters"), "{code} {err}");
    assert!(well(&on(&["verify"])).contains("checks hold."));

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db").display().to_string();
    if engine == Engine::Sqlite {
        well(&on(&["backup", &copy]));
        assert!(well(&["verify", "--database", &format!("sqlite:{copy}")]).contains("checks hold."));
        refused(&on(&["backup", &copy]), 1, &format!("tandem: {copy} exists already"));
        let second = format!("sqlite:{}", folder.path().join("second.db").display());
        assert!(well(&["restore", &copy, "--database", &second]).contains("tandem verify"));
        assert!(well(&["verify", "--database", &second]).contains("checks hold."));
        assert!(well(&["user", "list", "--database", &second]).contains("ann@example.com"));
        refused(&["restore", &copy, "--database", &second], 1, "exists already; with --replace it is set aside");
        assert!(well(&["restore", &copy, "--replace", "--database", &second]).contains("is now"));
        well(&["verify", "--database", &second]);
        let foreign = folder.path().join("notes.db");
        let notes = persistence::Database::open(&persistence::DatabaseConfig::new(format!("sqlite:{}", foreign.display()))).unwrap();
        notes.write(super::keep(|c| persistence::Statement::new("CREATE TABLE notes (text TEXT)").execute(c))).unwrap();
        drop(notes);
        refused(&["migrate", "--database", &format!("sqlite:{}", foreign.display())], 1, "the tables of another program (notes)");
    } else {
        refused(&on(&["backup", &copy]), 1, "pg_dump");
        refused(&on(&["restore", &copy]), 1, "pg_restore");
    }

    // what another version of the program made is left as it is
    let db = persistence::Database::open(&persistence::DatabaseConfig::new(&place.url)).unwrap();
    let change = |text: &'static str| {
        let changed = db.write(super::keep(move |c| persistence::Statement::new(text).execute(c)));
        assert_eq!(changed.unwrap(), 1, "{text}");
    };
    change("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    for command in [&["migrate"][..], &["verify"], &["serve", "--bind", "127.0.0.1:0"], &["user", "reset-password", "ann@example.com"]] {
        refused(&on(command), 1, "of a newer version of this program, which ran the migrations 9999");
    }
    change("DELETE FROM __diesel_schema_migrations WHERE version = '9999'");
    change("DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)");
    refused(&on(&["verify"]), 1, "lacks 1 migrations");
    assert_eq!(db.pending().unwrap().len(), 1, "a look at the books migrates nothing");
}

#[test]
fn an_operator_makes_users_and_looks_at_the_books_on_sqlite() {
    an_operator(Engine::Sqlite);
}

#[test]
fn an_operator_makes_users_and_looks_at_the_books_on_postgres() {
    an_operator(Engine::Postgres);
}
