//! How this deployment is set up: environment variables and files with secrets, read once at the start.
//! Nothing else in the program looks at the environment.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use platform::Clock;

/// Everything an operator can decide. `Config::default()` serves a SQLite file on the loopback interface.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen, `address:port`; port 0 takes a free one.
    pub bind: String,
    /// `sqlite:path` or `postgres://…`.
    pub database: String,
    /// Sign-in name of the first administrator.
    pub admin_email: String,
    /// Password of the first administrator; without one, a random password is printed once.
    pub admin_password: Option<Secret>,
    /// Password for `tandem user create`.
    pub user_password: Option<Secret>,
    /// Ed25519 private keys in PEM (PKCS #8) that sign access tokens: the first signs, all verify. Without any, keys are
    /// made and kept in the database.
    pub signing_keys: Option<Secret>,
    /// Origins whose pages may call the API from a browser, such as `https://app.example.com`. None by default.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Where Prometheus finds `/metrics`; without it they are on the main port for administrators only.
    pub metrics_bind: Option<String>,
    /// Requests of one caller.
    pub rate_limit: Rate,
    /// Log-ins and other writes without a token, of one address.
    pub login_rate_limit: Rate,
    /// The address under which the world knows this server; `https://` switches on Strict-Transport-Security.
    pub public_url: Option<String>,
    /// The page of the frontend that the link for a forgotten password leads to, with `link` in its query.
    pub password_reset_url: Option<String>,
    /// The mail server, `smtp://user:password@host:port`; `smtps://` for TLS from the start, `?tls=required` for STARTTLS.
    /// Without it no campaign is launched.
    pub smtp_url: Option<Secret>,
    /// Who campaigns are from, as `News <news@example.com>`.
    pub mail_from: Option<String>,
    /// Filter of the log, as `info` or `info,platform=debug`.
    pub log: String,
    /// Threads that speak HTTP.
    pub workers: usize,
    /// Threads that run operations.
    pub threads: usize,
    /// Connections that read from a SQLite file; one more is kept for short reads.
    pub sqlite_readers: u32,
    /// Connections to PostgreSQL, at most.
    pub postgres_connections: u32,
    /// Requests that may wait for a thread; more are answered 503 at once.
    pub queue: usize,
    /// Streams of events that may be open at a time.
    pub streams: usize,
    /// Streams of events that one caller may have open.
    pub streams_per_caller: usize,
    /// How long things may take.
    pub limits: Limits,
    /// The time. Not an operator's choice: it runs, unless a test stops it.
    pub clock: Clock,
}

/// Limits of time and size at the edge.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the connection to the end of the request's head, and for a silent connection.
    pub head: Duration,
    /// For the whole body.
    pub body: Duration,
    /// For the work itself.
    pub request: Duration,
    /// For reports.
    pub report: Duration,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of a body of an operation that takes many records at once.
    pub large_body_bytes: usize,
    /// Bytes of request line and headers together.
    pub head_bytes: usize,
    /// How long requests in flight may go on once the server stops.
    pub drain: Duration,
    /// How long the server says that it is not ready, and goes on answering, before it stops.
    pub notice: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            // closing takes up to three seconds more
            body: Duration::from_secs(27),
            // the answer itself must be out within ten seconds
            request: Duration::from_millis(9_500),
            report: Duration::from_secs(60),
            body_bytes: 1 << 20,
            large_body_bytes: 16 << 20,
            head_bytes: 16 << 10,
            drain: Duration::from_secs(9),
            // balancers look every second or two, and want to see it more than once
            notice: Duration::from_secs(5),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            database: "sqlite:tandem.db".into(),
            admin_email: "admin@example.com".into(),
            admin_password: None,
            user_password: None,
            signing_keys: None,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            metrics_bind: None,
            rate_limit: Rate { per_minute: 6000, burst: 1000 },
            login_rate_limit: Rate { per_minute: 120, burst: 60 },
            public_url: None,
            password_reset_url: None,
            smtp_url: None,
            mail_from: None,
            log: "info".into(),
            workers: 2,
            threads: 12,
            sqlite_readers: 4,
            postgres_connections: 16,
            queue: 512,
            streams: 5_000,
            streams_per_caller: 50,
            limits: Limits::default(),
            clock: Clock::default(),
        }
    }
}

/// A bucket: `burst` at once, refilled with `per_minute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub per_minute: u32,
    pub burst: u32,
}

impl std::str::FromStr for Rate {
    type Err = String;
    /// `6000` or `6000/1000`: per minute, and at once.
    fn from_str(s: &str) -> Result<Self, String> {
        let (rate, burst) = s.split_once('/').unwrap_or((s, ""));
        let number = |t: &str| t.trim().parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(|| format!("{t:?} is not a positive number"));
        let per_minute = number(rate)?;
        let burst = if burst.is_empty() { (per_minute / 6).max(1) } else { number(burst)? };
        Ok(Self { per_minute, burst })
    }
}

/// A value that no log and no message shows.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }
    /// The value itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// An address or a range of addresses: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    pub fn contains(&self, other: IpAddr) -> bool {
        let other = other.to_canonical();
        let differ = match (self.address, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a) ^ u32::from(b)).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros(),
            _ => return false,
        };
        differ >= u32::from(self.bits)
    }
}

impl std::str::FromStr for Network {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let (address, bits) = s.split_once('/').map_or((s, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| format!("{s:?} is not an address or a network"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |b| b.parse().ok()).filter(|b| *b <= most);
        Ok(Self { address, bits: bits.ok_or_else(|| format!("{s:?} has no valid prefix length"))? })
    }
}

/// A setting that cannot be used, in words for the operator.
#[derive(Debug)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for ConfigError {}

impl Config {
    /// The configuration of this process: defaults, overridden by environment variables, each also as `NAME_FILE`.
    pub fn from_env() -> Result<Self, ConfigError> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for (name, meant) in misspelt(names) {
            match meant {
                Some(meant) => return Err(ConfigError(format!("{name} is no setting of Tandem; did you mean {meant}?"))),
                // the log does not run yet
                None => eprintln!("tandem: warning: {name} is no setting of Tandem and does nothing"),
            }
        }
        Self::from_source(|name| std::env::var(name).ok())
    }

    /// The same from any source of variables.
    fn from_source(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let source = Source { get: &get };
        let mut c = Config::default();
        source.set("TANDEM_BIND", &mut c.bind)?;
        source.set("DATABASE_URL", &mut c.database)?;
        source.set("TANDEM_ADMIN_EMAIL", &mut c.admin_email)?;
        c.admin_password = source.text("TANDEM_ADMIN_PASSWORD")?.map(Secret);
        c.user_password = source.text("TANDEM_USER_PASSWORD")?.map(Secret);
        c.signing_keys = source.text("TANDEM_SIGNING_KEYS")?.map(Secret);
        source.set_list("TANDEM_CORS_ORIGINS", &mut c.cors_origins)?;
        source.set_list("TANDEM_TRUSTED_PROXIES", &mut c.trusted_proxies)?;
        c.metrics_bind = source.text("TANDEM_METRICS_BIND")?;
        source.set("TANDEM_RATE_LIMIT", &mut c.rate_limit)?;
        source.set("TANDEM_LOGIN_RATE_LIMIT", &mut c.login_rate_limit)?;
        c.public_url = source.text("TANDEM_PUBLIC_URL")?.map(|u| u.trim_end_matches('/').to_string());
        c.password_reset_url = source.text("TANDEM_PASSWORD_RESET_URL")?;
        c.smtp_url = source.text("TANDEM_SMTP_URL")?.map(Secret);
        c.mail_from = source.text("TANDEM_MAIL_FROM")?;
        source.set("TANDEM_LOG", &mut c.log)?;
        source.set("TANDEM_WORKERS", &mut c.workers)?;
        source.set("TANDEM_THREADS", &mut c.threads)?;
        source.set("TANDEM_QUEUE", &mut c.queue)?;
        source.set("TANDEM_STREAMS", &mut c.streams)?;
        source.set("TANDEM_STREAMS_PER_CALLER", &mut c.streams_per_caller)?;
        source.set("TANDEM_SQLITE_READERS", &mut c.sqlite_readers)?;
        source.set("TANDEM_POSTGRES_CONNECTIONS", &mut c.postgres_connections)?;
        source.set_seconds("TANDEM_REQUEST_SECONDS", &mut c.limits.request)?;
        source.set_seconds("TANDEM_REPORT_SECONDS", &mut c.limits.report)?;
        source.set_seconds_from(0, "TANDEM_DRAIN_SECONDS", &mut c.limits.notice)?;
        c.check()?;
        Ok(c)
    }

    fn check(&self) -> Result<(), ConfigError> {
        for origin in &self.cors_origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if host.is_none_or(|h| h.is_empty() || h.contains(['/', '*'])) {
                return Err(ConfigError(format!(
                    "TANDEM_CORS_ORIGINS: {origin:?} is not an exact origin such as https://app.example.com."
                )));
            }
        }
        for (name, url) in [("TANDEM_PUBLIC_URL", &self.public_url), ("TANDEM_PASSWORD_RESET_URL", &self.password_reset_url)] {
            let Some(url) = url else { continue };
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            if host.is_none_or(|h| h.is_empty() || h.starts_with('/') || h.contains(['?', '#', ' ', '@'])) {
                return Err(ConfigError(format!("{name}: {url:?} is not an address such as https://erp.example.com.")));
            }
        }
        if let Err(e) = env_filter::Builder::new().try_parse(&self.log) {
            return Err(ConfigError(format!("TANDEM_LOG: {:?} is not a filter such as info,platform=debug: {e}.", self.log)));
        }
        if self.smtp_url.is_some() && (self.mail_from.is_none() || self.public_url.is_none()) {
            return Err(ConfigError("TANDEM_SMTP_URL needs TANDEM_MAIL_FROM, and TANDEM_PUBLIC_URL for the links in mails.".into()));
        }
        if self.workers == 0 || self.threads == 0 || self.queue == 0 {
            return Err(ConfigError("TANDEM_WORKERS, TANDEM_THREADS and TANDEM_QUEUE must be at least 1.".into()));
        }
        if !(1..=1000).contains(&self.sqlite_readers) {
            return Err(ConfigError("TANDEM_SQLITE_READERS must be from 1 to 1000.".into()));
        }
        if !(2..=10_000).contains(&self.postgres_connections) {
            return Err(ConfigError("TANDEM_POSTGRES_CONNECTIONS must be from 2 to 10000.".into()));
        }
        Ok(())
    }

    /// Whether the world reaches this server over TLS.
    pub fn behind_tls(&self) -> bool {
        self.public_url.as_deref().is_some_and(|u| u.starts_with("https://"))
    }
}

/// All settings, but `DATABASE_URL`, which other programs know, too.
const NAMES: [&str; 24] = [
    "TANDEM_ADMIN_EMAIL",
    "TANDEM_ADMIN_PASSWORD",
    "TANDEM_BIND",
    "TANDEM_CORS_ORIGINS",
    "TANDEM_DRAIN_SECONDS",
    "TANDEM_LOG",
    "TANDEM_LOGIN_RATE_LIMIT",
    "TANDEM_MAIL_FROM",
    "TANDEM_METRICS_BIND",
    "TANDEM_PASSWORD_RESET_URL",
    "TANDEM_PUBLIC_URL",
    "TANDEM_QUEUE",
    "TANDEM_RATE_LIMIT",
    "TANDEM_REPORT_SECONDS",
    "TANDEM_REQUEST_SECONDS",
    "TANDEM_SIGNING_KEYS",
    "TANDEM_SMTP_URL",
    "TANDEM_STREAMS",
    "TANDEM_STREAMS_PER_CALLER",
    "TANDEM_THREADS",
    "TANDEM_TRUSTED_PROXIES",
    "TANDEM_USER_PASSWORD",
    "TANDEM_WORKERS",
    "DATABASE_URL",
];

/// Variables that look like settings and are none, each with the setting that was probably meant. What Kubernetes sets for a
/// service of this name is left alone.
fn misspelt(names: impl Iterator<Item = String>) -> Vec<(String, Option<&'static str>)> {
    let unknown = names.filter(|name| {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        let own = name.strip_prefix("TANDEM_");
        let foreign = |n: &str| n.starts_with("SERVICE_") || n == "PORT" || n.starts_with("PORT_");
        own.is_some_and(|n| !foreign(n)) && !NAMES.contains(&plain)
    });
    unknown
        .map(|name| {
            let plain = name.strip_suffix("_FILE").unwrap_or(&name);
            let near = NAMES.iter().map(|known| (strsim::damerau_levenshtein(plain, known), *known)).min();
            let meant = near.filter(|(distance, _)| *distance <= 3).map(|(_, known)| known);
            (name, meant)
        })
        .collect()
}

struct Source<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
}

impl Source<'_> {
    /// The variable, or the contents of the file that `NAME_FILE` names. An empty value counts as not given.
    fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let plain = (self.get)(name).filter(|v| !v.is_empty());
        let file = (self.get)(&format!("{name}_FILE")).filter(|v| !v.is_empty());
        match (plain, file) {
            (Some(_), Some(_)) => Err(ConfigError(format!("Give {name} or {name}_FILE, not both."))),
            (Some(v), None) => Ok(Some(v)),
            (None, Some(path)) => std::fs::read_to_string(&path)
                .map(|t| Some(contents(&t).to_string()))
                .map_err(|e| ConfigError(format!("{name}_FILE: {path} cannot be read: {e}."))),
            (None, None) => Ok(None),
        }
    }
    fn set<T: std::str::FromStr>(&self, name: &str, to: &mut T) -> Result<(), ConfigError>
    where
        T::Err: fmt::Display,
    {
        if let Some(text) = self.text(name)? {
            *to = text.trim().parse().map_err(|e| ConfigError(format!("{name}: {text:?} cannot be used: {e}.")))?;
        }
        Ok(())
    }
    fn set_seconds(&self, name: &str, to: &mut Duration) -> Result<(), ConfigError> {
        self.set_seconds_from(1, name, to)
    }
    fn set_seconds_from(&self, least: u64, name: &str, to: &mut Duration) -> Result<(), ConfigError> {
        let mut seconds = to.as_secs();
        let given = self.text(name)?.is_some();
        self.set(name, &mut seconds)?;
        if given {
            if !(least..=86_400).contains(&seconds) {
                return Err(ConfigError(format!("{name}: {seconds} is not between {least} and 86400 seconds.")));
            }
            *to = Duration::from_secs(seconds);
        }
        Ok(())
    }
    fn set_list<T: std::str::FromStr>(&self, name: &str, to: &mut Vec<T>) -> Result<(), ConfigError>
    where
        T::Err: fmt::Display,
    {
        if let Some(text) = self.text(name)? {
            let items = text.split([',', ' ']).filter(|t| !t.is_empty());
            *to = items.map(str::parse).collect::<Result<_, _>>().map_err(|e| ConfigError(format!("{name}: {e}.")))?;
        }
        Ok(())
    }
}

/// What a file says: editors put a byte order mark before it and an end of line after it.
fn contents(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text).trim_end_matches(['\r', '\n'])
}

#[cfg(test)]
mod tests;
