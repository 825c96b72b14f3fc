//! One server for one test, in this process, spoken to over real HTTP.

use std::ops::Deref;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use gateway::{Config, Rate, Running, Secret};
use platform::Clock;
use serde_json::{Value, json};

use super::client::Client;
use super::database::{Database, Engine};

pub const ADMIN_EMAIL: &str = "admin@example.com";
pub const ADMIN_PASSWORD: &str = "a long walk in the woods";

/// When the template was made, and therefore when every test begins unless it sets the clock: the first working day of
/// a year.
pub const BEGIN: &str = "2026-01-02T09:00:00Z";

/// A running server with a database of its own. Calls go through its [`Client`] with an administrator's rights.
pub struct Server {
    client: Client,
    pub engine: Engine,
    pub company: Value,
    config: Config,
    running: Option<Running>,
    database: Database,
}

impl Deref for Server {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

struct Template {
    database: Database,
    key: String,
    company: Value,
}

/// A template, or why there is none: every test says it, not only the first.
type Made = Result<Template, String>;
static SQLITE: LazyLock<Made> = LazyLock::new(|| Template::try_to_make(Engine::Sqlite));
static POSTGRES: LazyLock<Made> = LazyLock::new(|| Template::try_to_make(Engine::Postgres));

/// Runs `story` on `engine`, or skips it loudly.
pub fn on(engine: Engine, story: fn(&Server)) {
    if engine.available() {
        story(&Server::start(engine));
    }
}

impl Template {
    fn try_to_make(engine: Engine) -> Made {
        std::panic::catch_unwind(|| Self::make(engine)).map_err(|e| match (e.downcast_ref::<String>(), e.downcast_ref::<&str>()) {
            (Some(text), _) => text.clone(),
            (_, Some(text)) => text.to_string(),
            _ => "unknown".to_string(),
        })
    }

    /// Schema, administrator and one company, made through the API like everything else.
    fn make(engine: Engine) -> Self {
        let database = Database::empty(engine);
        let running = begin(&config(&database.url));
        let client = Client::new(&format!("http://{}", running.address));
        let login = client.post("/v1/identity/login", json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})).ok();
        let admin = client.with_token(login["access_token"].as_str().unwrap());
        let key = admin
            .post("/v1/identity/api-keys", json!({"name": "Test suite", "permissions": ["*"], "expires_at": "2035-12-01T00:00:00Z"}))
            .created();
        let company = json!({"code": "ACME", "name": "Acme Trading", "currency": "EUR", "time_zone": "Europe/Berlin"});
        let company = admin.post("/v1/directory/companies", company).created();
        running.stop();
        database.settle();
        database.grant();
        let key = key["key"].as_str().unwrap_or_else(|| panic!("no key in {key}")).to_string();
        Self { database, key, company }
    }
}

impl Server {
    /// A server on a copy of the template.
    pub fn start(engine: Engine) -> Self {
        Self::configured(engine, |_| ())
    }

    /// A server on a copy of the template, under a configuration of its own.
    pub fn configured(engine: Engine, change: impl FnOnce(&mut Config)) -> Self {
        let template = match engine {
            Engine::Sqlite => &*SQLITE,
            Engine::Postgres => &*POSTGRES,
        };
        let template = template.as_ref().unwrap_or_else(|e| panic!("the template on {engine:?} could not be made: {e}"));
        let database = Database::copy(&template.database);
        let mut config = config(&database.served);
        change(&mut config);
        let mut server = Self::with(engine, config, database);
        server.client = server.client.with_token(&template.key);
        server.company = template.company.clone();
        server
    }

    /// A server on an empty database, as an operator starts it for the first time.
    pub fn fresh(engine: Engine) -> Self {
        let database = Database::empty(engine);
        Self::with(engine, config(&database.url), database)
    }

    /// A server on a database that is there already.
    pub fn over(engine: Engine, database: Database) -> Self {
        Self::with(engine, config(&database.url), database)
    }

    fn with(engine: Engine, config: Config, database: Database) -> Self {
        let running = begin(&config);
        let client = Client::new(&format!("http://{}", running.address));
        Self { client, engine, company: Value::Null, config, running: Some(running), database }
    }

    /// The same data under another configuration, or simply after a restart.
    pub fn restart(&mut self, change: impl FnOnce(&mut Config)) {
        let token = self.client.token().map(str::to_string);
        if let Some(running) = self.running.take() {
            running.stop();
        }
        change(&mut self.config);
        let running = begin(&self.config);
        let client = Client::new(&format!("http://{}", running.address));
        self.client = token.map_or(client.clone(), |t| client.with_token(&t));
        self.running = Some(running);
    }

    /// Another server on the same database, as a second replica would be.
    pub fn replica(&self) -> Replica {
        let running = begin(&self.config);
        let client = Client::new(&format!("http://{}", running.address));
        let client = self.client.token().map_or(client.clone(), |t| client.with_token(t));
        Replica { client, running: Some(running) }
    }

    /// Sets the clock: `s.at("2026-03-01T10:00:00Z")`. It stands still there.
    pub fn at(&self, instant: &str) -> &Self {
        self.running().app.clock.set(Some(moment(instant)));
        self
    }

    /// The company of the template: its id.
    pub fn company_id(&self) -> &str {
        self.company["id"].as_str().unwrap()
    }

    /// Logs in and hands back a caller with that user's token.
    pub fn login(&self, email: &str, password: &str) -> Client {
        let login = self.client.anonymous().post("/v1/identity/login", json!({"email": email, "password": password})).ok();
        self.client.with_token(login["access_token"].as_str().unwrap())
    }

    /// For tests of the database's own guards, which no API reaches; as the owner of the tables.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// The database as the server itself reaches it: on PostgreSQL as a role that owns nothing.
    pub fn served_url(&self) -> &str {
        &self.database.served
    }

    /// The running server itself.
    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

/// A further server on a test's database.
pub struct Replica {
    client: Client,
    running: Option<Running>,
}

impl Replica {
    /// Sets its clock, which is its own.
    pub fn at(&self, instant: &str) -> &Self {
        if let Some(running) = &self.running {
            running.app.clock.set(Some(moment(instant)));
        }
        self
    }
}

impl Deref for Replica {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

/// A server on a database that the test brings, and its administrator.
pub fn serve(database: &str) -> Replica {
    let running = begin(&config(database));
    let client = Client::new(&format!("http://{}", running.address));
    let login = client.post("/v1/identity/login", json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})).ok();
    let client = client.with_token(login["access_token"].as_str().unwrap());
    Replica { client, running: Some(running) }
}

/// Starts a server whose clock stands at [`BEGIN`], from its first moment on.
fn begin(config: &Config) -> Running {
    let config = Config { clock: Clock::default(), ..config.clone() };
    config.clock.set(Some(moment(BEGIN)));
    gateway::start(config).unwrap_or_else(|e| panic!("the server does not start: {e}"))
}

fn moment(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap_or_else(|e| panic!("{instant}: {e}"))
}

/// No limit that a test could reach.
pub(super) fn unlimited() -> Rate {
    Rate { per_minute: 10_000_000, burst: 1_000_000 }
}

/// Small and quiet: a suite runs several servers at once.
fn config(database: &str) -> Config {
    Config {
        bind: "127.0.0.1:0".into(),
        database: database.into(),
        admin_email: ADMIN_EMAIL.into(),
        admin_password: Some(Secret::new(ADMIN_PASSWORD)),
        rate_limit: unlimited(),
        login_rate_limit: unlimited(),
        log: "off".into(),
        workers: 1,
        threads: 8,
        ..Config::default()
    }
}
