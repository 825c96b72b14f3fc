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
    Operations,
    /// Fill the database with a company and a year of its business
    #[command(after_help = "Example:\n  tandem demo --database sqlite:demo.db")]
    Demo {
        #[command(flatten)]
        place: Where,
    },
    /// Create users, reset passwords, grant roles
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
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match Config::from_env() {
        Ok(config) => run(cli.command, config),
        Err(e) => Err(e.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("tandem: {reason}");
            ExitCode::FAILURE
        }
    }
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
        Command::Operations => {
            print!("{}", openapi::operations(&composition::table()));
            Ok(())
        }
        Command::Demo { place } => demo(&place.set(config)),
        Command::User { command } => users::run(command, config),
        Command::Verify { place, anchor } => verify::run(&place.set(config), anchor.as_deref()),
        Command::Health { bind } => health(bind.as_deref().unwrap_or(&config.bind)),
        Command::Backup { path, place } => backup(&place.set(config), &path),
    }
}

fn words(e: impl std::fmt::Display) -> String {
    e.to_string()
}

fn serve(config: Config, demo: bool) -> Done {
    let (email, drain) = (config.admin_email.clone(), config.limits.drain);
    crate::log::catch_panics();
    let running = server::start(config).map_err(words)?;
    if let Some(password) = &running.one_time_password {
        println!("The first administrator is {email}, with the one-time password {password}");
        println!("It is shown only now. Change it with POST /v1/identity/password.");
    }
    if demo {
        match crate::demo::fill(&running.app, &steps("demo data")) {
            Ok(made) => println!("The demo company is there: {made}."),
            Err(crate::demo::DemoError::Exists) => println!("The demo company is there already."),
            Err(e) => return Err(words(e)),
        }
    }
    println!("Tandem listens on http://{}", running.address);
    println!("The documentation of the API is at http://{}/docs/", running.address);
    wait_for_signal(drain)?;
    println!("Stopping; requests in flight finish first.");
    running.drain();
    // balancers look at readiness every second or two
    std::thread::sleep(Duration::from_millis(500));
    running.stop();
    println!("Stopped.");
    Ok(())
}

/// Returns when the process is asked to end. A second signal ends it at once.
fn wait_for_signal(_drain: Duration) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(words)?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(words)?;
        tokio::select! {
            _ = terminate.recv() => {}
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(words)?,
        }
        Ok(())
    })
}

fn migrate(config: &Config, grant_to: Option<&str>) -> Done {
    let settings = persistence::DatabaseConfig::new(&config.database);
    let database = persistence::Database::open(&settings).map_err(words)?;
    let ran = database.migrate().map_err(words)?;
    match ran.len() {
        0 => println!("The schema is up to date."),
        n => println!("{n} migrations ran: {}.", ran.join(", ")),
    }
    if let Some(role) = grant_to {
        let tables = database.grant_to(role).map_err(words)?;
        println!("{role} may serve: it has its rights on {tables} tables, and none over the schema.");
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
        print!("{}", openapi::text(&table));
        return Ok(());
    };
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for (name, text) in openapi::files(&table) {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn demo(config: &Config) -> Done {
    let app = &server::open_app(config).map_err(words)?;
    let given = config.admin_password.as_ref().map(|p| p.reveal());
    let made_up = platform::identity::first_administrator(app, &config.admin_email, given).map_err(words)?;
    let made = crate::demo::fill(app, &steps("demo data")).map_err(words)?;
    if let Some(password) = made_up {
        println!("The first administrator is {}, with the one-time password {password}", config.admin_email);
    }
    println!("The demo company is there: {made}.");
    println!("Start with: tandem serve --database {}", shown(&config.database));
    Ok(())
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
    let database = persistence::Database::open(&settings).map_err(words)?;
    let bar = ProgressBar::new_spinner().with_message("Copying");
    bar.enable_steady_tick(Duration::from_millis(120));
    let copied = database.backup(path);
    bar.finish_and_clear();
    copied.map_err(words)?;
    let size = std::fs::metadata(path).map(|m| m.len()).unwrap_or_default();
    println!("{} holds the whole database ({} KiB).", path.display(), size / 1024);
    Ok(())
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
