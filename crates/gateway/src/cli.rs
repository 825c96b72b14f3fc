//! The command line: what an operator types. Each command says plainly what it did; the exit code is 0 when it worked,
//! 1 when it did not, 2 when it was called wrongly.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::Config;
use crate::{composition, openapi, server};

mod users;
mod verify;

/// What a command answers: a reason when it did not work.
type Done = Result<(), String>;

#[derive(Parser)]
#[command(
    name = "tandem",
    version,
    about = "CRM and ERP in one headless service",
    after_help = "Examples:\n  tandem serve                                       a server on http://127.0.0.1:8080 with an embedded database\n  \
tandem serve --database postgres://tandem@db/tandem  the same on PostgreSQL\n  tandem demo                                        fill a new database with a year of business\n  \
tandem verify                                      recompute the books and say what breaks\n\n\
Every setting is also an environment variable, and a file with the suffix _FILE: TANDEM_BIND, DATABASE_URL,\nTANDEM_ADMIN_EMAIL, TANDEM_ADMIN_PASSWORD, and those of the README."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Where {
    /// sqlite:path or postgres://user:password@host/name [default: $DATABASE_URL, or sqlite:tandem.db]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server: migrate, make the first administrator, listen
    #[command(
        after_help = "Examples:\n  tandem serve\n  tandem serve --bind 0.0.0.0:8080 --database sqlite:/var/lib/tandem/tandem.db\n  tandem serve --demo"
    )]
    Serve {
        /// Address and port to listen on [default: $TANDEM_BIND, or 127.0.0.1:8080]
        #[arg(long, value_name = "ADDRESS:PORT")]
        bind: Option<String>,
        #[command(flatten)]
        place: Where,
        /// Fill the database with demo data first, when it has no company yet
        #[arg(long)]
        demo: bool,
    },
    /// Bring the schema of the database up to date
    #[command(
        after_help = "Examples:\n  tandem migrate --database postgres://owner@db/tandem\n  tandem migrate --database postgres://owner@db/tandem --grant-to tandem_app"
    )]
    Migrate {
        #[command(flatten)]
        place: Where,
        /// PostgreSQL: let this role serve, which owns nothing and cannot change what is posted
        #[arg(long, value_name = "ROLE")]
        grant_to: Option<String>,
    },
    /// Print the OpenAPI document, or write it with the catalogues beside it
    #[command(after_help = "Examples:\n  tandem openapi > openapi.json\n  tandem openapi --write openapi/")]
    Openapi {
        /// Folder for openapi.json, problems.json and operations.txt
        #[arg(long, value_name = "DIR")]
        write: Option<PathBuf>,
    },
    /// List all operations: method, path, id, permission
    #[command(after_help = "Examples:\n  tandem operations\n  tandem operations | grep invoices")]
    Operations,
    /// Fill the database with a company and a year of its business
    #[command(after_help = "Example:\n  tandem demo --database sqlite:demo.db")]
    Demo {
        #[command(flatten)]
        place: Where,
    },
    /// Create, list and disable users, reset passwords, grant roles
    #[command(after_help = "Examples:\n  tandem user create ann@example.com --name \"Ann Miller\" --role sales_rep --all-companies\n  \
tandem user reset-password ann@example.com\n  tandem user grant ann@example.com sales_manager")]
    User {
        #[command(subcommand)]
        command: users::UserCommand,
    },
    /// Recompute the books and name what breaks; exit code 1 when something does
    #[command(
        after_help = "Examples:\n  tandem verify --database sqlite:tandem.db\n  tandem verify --anchor /media/elsewhere/tandem.anchor"
    )]
    Verify {
        #[command(flatten)]
        place: Where,
        /// A file that remembers the last event and its hash: what was cut off or rewritten since then is found. Keep it
        /// where nobody who can write to the database can write
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
    },
    /// Ask a running server whether it can work; exit code 0 when it can, for container health checks
    #[command(after_help = "Example:\n  tandem health --bind 127.0.0.1:8080")]
    Health {
        /// Address and port of the server [default: $TANDEM_BIND, or 127.0.0.1:8080]
        #[arg(long, value_name = "ADDRESS:PORT")]
        bind: Option<String>,
    },
    /// Copy an embedded database into a new file while the server runs
    #[command(after_help = "Example:\n  tandem backup backup-2026-01-31.db\n\nPostgreSQL has its own tools: pg_dump, pg_basebackup.")]
    Backup {
        /// The new file; it must not exist
        path: PathBuf,
        #[command(flatten)]
        place: Where,
    },
    /// Put a backup of a SQLite database in its place, whole and checked; the server must not run
    #[command(
        after_help = "Examples:\n  tandem restore backup-2026-01-31.db --database sqlite:tandem.db\n  tandem restore backup-2026-01-31.db --replace\n\nPostgreSQL has its own tools: pg_restore."
    )]
    Restore {
        /// The backup, as `tandem backup` wrote it
        path: PathBuf,
        /// Set the database that is there aside, under another name
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        place: Where,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    ExitCode::from(main_with(std::env::args_os()))
}

/// Runs the program with these arguments, the first of which is its name, and the environment of the process; the exit code.
pub fn main_with(args: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            // help goes to standard output, a mistake to standard error; nobody is left to hear that neither can be written
            drop(e.print());
            return u8::try_from(e.exit_code()).unwrap_or(2);
        }
    };
    let done = match Config::from_env() {
        Ok(config) => run(cli.command, config),
        Err(e) => Err(e.to_string()),
    };
    match done {
        Ok(()) => 0,
        Err(reason) => {
            eprintln!("tandem: {}", reason.trim_end());
            1
        }
    }
}

/// Writes to standard output. A reader who has seen enough, as `head` has, is no mistake; a full disk is one.
fn write_out(text: &str) -> Done {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("standard output cannot be written: {e}")),
        _ => Ok(()),
    }
}

/// Writes one line to standard output.
fn say(line: impl std::fmt::Display) -> Done {
    write_out(&format!("{line}\n"))
}

impl Where {
    fn set(self, mut config: Config) -> Config {
        if let Some(url) = self.database {
            config.database = url;
        }
        config
    }
}

fn run(command: Command, config: Config) -> Done {
    match command {
        Command::Serve { bind, place, demo } => {
            let mut config = place.set(config);
            if let Some(bind) = bind {
                config.bind = bind;
            }
            serve(config, demo)
        }
        Command::Migrate { place, grant_to } => migrate(&place.set(config), grant_to.as_deref()),
        Command::Openapi { write } => document(write),
        Command::Operations => write_out(&openapi::operations(&composition::table())),
        Command::Demo { place } => demo(&place.set(config)),
        Command::User { command } => users::run(command, config),
        Command::Verify { place, anchor } => verify::run(&place.set(config), anchor.as_deref()),
        Command::Health { bind } => health(bind.as_deref().unwrap_or(&config.bind)),
        Command::Backup { path, place } => backup(&place.set(config), &path),
        Command::Restore { path, replace, place } => restore(&place.set(config), &path, replace),
    }
}

fn words(e: impl std::fmt::Display) -> String {
    e.to_string()
}

fn serve(config: Config, demo: bool) -> Done {
    let email = config.admin_email.clone();
    crate::log::catch_panics();
    let running = server::start(config).map_err(words)?;
    if let Some(password) = &running.one_time_password {
        say(format!("The first administrator is {email}, with the one-time password {password}"))?;
        say("It is shown only now. Change it with POST /v1/identity/me/password.")?;
    }
    if demo {
        match crate::demo::fill(&running.app, &steps("demo data")) {
            Ok(made) => say(format!("The demo company is there: {made}."))?,
            Err(crate::demo::DemoError::Exists) => say("The demo company is there already.")?,
            Err(e) => return Err(words(e)),
        }
    }
    say(format!("Tandem listens on http://{}", running.address))?;
    say(format!("The documentation of the API is at http://{}/docs/", running.address))?;
    let asked = signals()?;
    asked.recv().map_err(words)?;
    // whoever asks again does not want to wait for the requests in flight
    std::thread::spawn(move || {
        if asked.recv().is_ok() {
            std::process::exit(1);
        }
    });
    let told = say("Stopping; requests in flight finish first.");
    running.drain_and_wait();
    running.stop();
    // whether somebody reads it or not, first everything ends
    told.and_then(|()| say("Stopped."))
}

/// Tells of each signal that asks the process to end.
fn signals() -> Result<std::sync::mpsc::Receiver<()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(words)?;
    let inside = runtime.enter();
    let mut terminate = signal(SignalKind::terminate()).map_err(words)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(words)?;
    drop(inside);
    let (tell, told) = std::sync::mpsc::channel();
    let listening = async move {
        loop {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            if tell.send(()).is_err() {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("signals".into()).stack_size(512 << 10);
    thread.spawn(move || runtime.block_on(listening)).map_err(words)?;
    Ok(told)
}

fn migrate(config: &Config, grant_to: Option<&str>) -> Done {
    let settings = persistence::DatabaseConfig::new(&config.database);
    let database = persistence::Database::open(&settings).map_err(words)?;
    let bar = ProgressBar::new_spinner().with_message("Migrating");
    bar.enable_steady_tick(Duration::from_millis(120));
    let ran = database.migrate();
    bar.finish_and_clear();
    let ran = ran.map_err(|e| format!("The database cannot be migrated: {e}"))?;
    match ran.len() {
        0 => say("The schema is up to date."),
        n => say(format!("{n} migrations ran: {}.", ran.join(", "))),
    }?;
    if let Some(role) = grant_to {
        let tables = database.grant_to(role).map_err(words)?;
        say(format!("{role} may serve: it has its rights on {tables} tables, and none over the schema."))?;
    }
    Ok(())
}

fn document(write: Option<PathBuf>) -> Done {
    let table = composition::table();
    let (_, findings) = openapi::document(&table);
    if !findings.is_empty() {
        return Err(format!("the operation table contradicts itself:\n  {}", findings.join("\n  ")));
    }
    let Some(folder) = write else {
        return write_out(&openapi::text(&table));
    };
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for (name, text) in openapi::files(&table) {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        say(path.display())?;
    }
    Ok(())
}

fn demo(config: &Config) -> Done {
    let app = &server::open_app(config).map_err(words)?;
    let given = config.admin_password.as_ref().map(|p| p.reveal());
    let made_up = platform::identity::first_administrator(app, &config.admin_email, given).map_err(words)?;
    let made = crate::demo::fill(app, &steps("demo data")).map_err(words)?;
    if let Some(password) = made_up {
        say(format!("The first administrator is {}, with the one-time password {password}", config.admin_email))?;
    }
    say(format!("The demo company is there: {made}."))?;
    say(format!("Start with: tandem serve --database {}", shown(&config.database)))
}

/// Asks `/readyz` of a server on this machine; one that listens on all addresses is asked on the loopback one.
fn health(bind: &str) -> Done {
    use std::io::{Read, Write};
    let address = bind.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    let ask = || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(&address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(64 << 10).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_string())
    };
    match ask() {
        Ok(line) if line.split(' ').nth(1) == Some("200") => Ok(()),
        Ok(line) => Err(format!("{address} is not ready: {line}")),
        Err(e) => Err(format!("{address} does not answer: {e}")),
    }
}

/// The address of a database without its password.
fn shown(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((before, after)) => match before.split_once("://") {
            Some((scheme, user)) => format!("{scheme}://{}@{after}", user.split(':').next().unwrap_or_default()),
            None => after.to_string(),
        },
        None => url.to_string(),
    }
}

/// A bar for things that take more than a second.
fn steps(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{msg:20} {wide_bar} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_string());
    bar
}

fn backup(config: &Config, path: &std::path::Path) -> Done {
    let settings = persistence::DatabaseConfig::new(&config.database);
    let database = persistence::Database::open_existing(&settings).map_err(words)?;
    let bar = ProgressBar::new_spinner().with_message("Copying");
    bar.enable_steady_tick(Duration::from_millis(120));
    let copied = database.backup(path);
    bar.finish_and_clear();
    copied.map_err(|e| match e {
        persistence::Error::Unavailable(why) => why,
        other => other.to_string(),
    })?;
    let size = std::fs::metadata(path).map(|m| m.len()).unwrap_or_default();
    say(format!("{} holds the whole database ({} KiB).", path.display(), size / 1024))
}

fn restore(config: &Config, path: &std::path::Path, replace: bool) -> Done {
    let settings = persistence::DatabaseConfig::new(&config.database);
    let aside = persistence::restore(&settings, path, replace).map_err(words)?;
    if let Some(aside) = aside {
        say(format!("What was there is now {}.", aside.display()))?;
    }
    say(format!("{} holds the data of {}.", shown(&config.database), path.display()))?;
    say(format!("Check it with: tandem verify --database {}", shown(&config.database)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(shown("postgres://me:secret@db/tandem"), "postgres://me@db/tandem");
        assert_eq!(shown("sqlite:a.db"), "sqlite:a.db");
    }
}
