//! A server as a process of its own, to be killed with -9: this test binary, started again as such.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use gateway::{Config, Secret};
use persistence::{DatabaseConfig, Error, Outcome, sql};

use super::client::Client;
use super::database::Database;
use super::server::{ADMIN_EMAIL, ADMIN_PASSWORD, unlimited};
use super::sink::LINKS;

/// Tells the test binary that it is the server now: the database, where to write its address, the mail server or nothing,
/// what to log.
const CHILD: [&str; 4] = ["TANDEM_TEST_CHILD", "TANDEM_TEST_ADDRESS", "TANDEM_TEST_MAIL_SERVER", "TANDEM_TEST_LOG"];

/// Not a test: the program that is killed, when this binary is started as such.
#[test]
fn the_server_to_be_killed() {
    let [Ok(database), Ok(address), Ok(mail), Ok(log)] = CHILD.map(std::env::var) else { return };
    let mut config = Config {
        bind: "127.0.0.1:0".into(),
        database,
        admin_email: ADMIN_EMAIL.into(),
        admin_password: Some(Secret::new(ADMIN_PASSWORD)),
        rate_limit: unlimited(),
        login_rate_limit: unlimited(),
        log,
        ..Config::default()
    };
    if !mail.is_empty() {
        config.smtp_url = Some(Secret::new(mail));
        config.mail_from = Some("news@acme.example".into());
        config.public_url = Some(LINKS.into());
    }
    let running = gateway::start(config).unwrap();
    let half = PathBuf::from(format!("{address}.new"));
    std::fs::write(&half, format!("http://{}", running.address)).unwrap();
    std::fs::rename(half, address).unwrap();
    std::thread::sleep(Duration::from_secs(600));
}

/// The server, and where to find it now. It is killed when this value goes, too.
pub struct Victim {
    database: String,
    mail: String,
    /// How much it logs, into the file `log`.
    talk: &'static str,
    place: tempfile::TempDir,
    base: RwLock<String>,
    child: Mutex<Option<Child>>,
}

impl Victim {
    /// Starts it on a database, sending by this mail server when it is not empty.
    pub fn start(database: &Database, mail: &str) -> Self {
        Self::talking(database, mail, "off")
    }
    /// As [`Victim::start`], with a log.
    pub fn talking(database: &Database, mail: &str, talk: &'static str) -> Self {
        let (database, place) = (database.url.clone(), tempfile::tempdir().unwrap());
        let victim = Self { database, mail: mail.into(), talk, place, base: RwLock::default(), child: Mutex::default() };
        victim.run();
        victim
    }
    /// Starts it and waits until it says where it is; how long that took.
    pub fn run(&self) -> Duration {
        let began = Instant::now();
        let file = self.place.path().join("address");
        let _ = std::fs::remove_file(&file);
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "harness::victim::the_server_to_be_killed", "--nocapture"])
            .env(CHILD[0], &self.database)
            .env(CHILD[1], &file)
            .env(CHILD[2], &self.mail)
            .env(CHILD[3], self.talk)
            .stdout(Stdio::null())
            .stderr(std::fs::OpenOptions::new().create(true).append(true).open(self.place.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        *self.child.lock().unwrap() = Some(child);
        *self.base.write().unwrap() = wait_for(&file);
        began.elapsed()
    }
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    /// Lets the leases run out that it had when it was killed, so that nobody waits for their end.
    pub fn outlive_leases(&self) {
        let db = persistence::Database::open(&DatabaseConfig::new(&self.database)).unwrap();
        let past = Utc::now() - TimeDelta::seconds(1);
        let end = sql!("UPDATE jobs SET leased_until = {} WHERE leased_until IS NOT NULL", past);
        db.write::<_, Error>(Box::new(move |c| Ok(Outcome::Keep(end.execute(c)?)))).unwrap();
    }
    /// What it has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.place.path().join("log")).unwrap()
    }
    /// Where it listens now.
    pub fn address(&self) -> String {
        self.base.read().unwrap().clone()
    }
    /// Somebody without credentials who asks it where it is now.
    pub fn client(&self) -> Client {
        Client::new(&self.address())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_for(file: &Path) -> String {
    let began = Instant::now();
    loop {
        if let Ok(address) = std::fs::read_to_string(file) {
            return address;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "the server does not come up");
        std::thread::sleep(Duration::from_millis(5));
    }
}
