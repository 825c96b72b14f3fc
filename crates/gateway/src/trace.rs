//! Names for a request: its id and its place in a distributed trace (W3C traceparent). Nothing is judged here.

use actix_web::http::header::HeaderMap;
use uuid::Uuid;

/// What this request is called, in answers and in the log.
#[derive(Debug, Clone)]
pub struct Trace {
    pub request_id: String,
    pub trace_id: String,
    /// The `traceparent` to answer with and to pass on.
    pub parent: String,
}

impl Trace {
    /// Takes the names the caller gave when they have the right form, and makes new ones otherwise.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let request_id = text("x-request-id").filter(|id| well_formed(id)).map(String::from);
        let request_id = request_id.unwrap_or_else(|| format!("req_{}", Uuid::now_v7().simple()));
        let incoming = text("traceparent").and_then(parse);
        let span = &Uuid::new_v4().simple().to_string()[..16];
        let (trace_id, flags) = match incoming {
            Some((id, flags)) => (id.to_string(), flags.to_string()),
            None => (Uuid::new_v4().simple().to_string(), "00".to_string()),
        };
        let parent = format!("00-{trace_id}-{span}-{flags}");
        Self { request_id, trace_id, parent }
    }
}

fn well_formed(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn parse(traceparent: &str) -> Option<(&str, &str)> {
    let hex = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let zero = |s: &str| s.bytes().all(|b| b == b'0');
    let good = hex(version, 2) && version != "ff" && hex(trace, 32) && !zero(trace) && hex(span, 16) && !zero(span) && hex(flags, 2);
    (good && (version != "00" || parts.next().is_none())).then_some((trace, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_and_a_bad_one_starts_anew() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(parse(&format!("00-{id}-b7ad6b7169203331-01")), Some((id, "01")));
        for bad in ["", "00-x-y-01", &format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)), &format!("ff-{id}-b7ad6b7169203331-01")] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_harmless_request_ids_are_echoed() {
        assert!(well_formed("abc-1.2_3"));
        for bad in ["", "a b", "a\"b", "ä", &"x".repeat(65)] {
            assert!(!well_formed(bad), "{bad}");
        }
    }
}
