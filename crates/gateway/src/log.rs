//! One JSON object a line on standard error. Requests are logged with who, what and how long, never with tokens,
//! passwords, query strings or bodies.

use std::io::Write;

use log::kv::{Error, Key, Value, VisitSource};
use serde_json::{Map, json};

/// Starts the log with a filter such as `info` or `info,platform=debug`. A second call changes nothing.
pub fn start(filter: &str) {
    let mut builder = env_logger::Builder::new();
    // what the libraries say at the start and the end is no news, and malformed requests of strangers are no errors of ours
    builder.parse_filters("actix_server=warn,actix_http=off").parse_filters(filter);
    builder.format(|out, record| {
        let mut line = Map::new();
        line.insert("time".into(), chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into());
        line.insert("level".into(), record.level().as_str().to_lowercase().into());
        line.insert("target".into(), record.target().into());
        line.insert("message".into(), record.args().to_string().into());
        let _ = record.key_values().visit(&mut Fields(&mut line));
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)
    });
    let _ = builder.try_init();
}

/// Panics go into the log too, one line each. For the program itself; tests want to see theirs as they are.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        let words = info.payload_as_str().unwrap_or("a panic");
        log::error!(target: "tandem::panic", place = place.as_str(); "{words}");
    }));
}

struct Fields<'a>(&'a mut Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let plain = match (value.to_u64(), value.to_i64(), value.to_bool()) {
            (Some(n), _, _) => json!(n),
            (_, Some(n), _) => json!(n),
            (_, _, Some(b)) => json!(b),
            _ => json!(value.to_string()),
        };
        self.0.insert(key.to_string(), plain);
        Ok(())
    }
}

/// What one line says of a request.
pub struct Line<'a> {
    pub request_id: &'a str,
    pub trace_id: &'a str,
    pub method: &'a str,
    /// The template of the route, without ids.
    pub route: &'a str,
    pub status: u16,
    /// The published code of a refusal.
    pub code: &'a str,
    pub milliseconds: u64,
    /// The id of the caller, `-` for nobody.
    pub caller: &'a str,
    /// Where the request came from, as far as listed proxies say so.
    pub address: std::net::IpAddr,
    /// Bytes of the answer's body, as it went out.
    pub bytes: u64,
}

/// Writes the line of one answered request.
pub fn request(line: &Line) {
    let level = if line.status >= 500 { log::Level::Error } else { log::Level::Info };
    log::log!(
        target: "tandem::request", level,
        request_id = line.request_id, trace_id = line.trace_id, method = line.method, route = line.route, status = line.status,
        code = line.code, ms = line.milliseconds, caller = line.caller, address = line.address.to_string().as_str(),
        bytes = line.bytes; "answered"
    );
}
