//! Reading the head of a request: query, preconditions, keys, credentials, the address behind a proxy.
//! Syntax only; what the values mean is decided further in.

use std::net::IpAddr;

use actix_web::http::header::{self, HeaderMap, HeaderName};
use domain::kernel::{FieldError, Problem, Result, problems};

use crate::config::Network;

/// Bytes of the request line and all header lines.
pub fn head_bytes(method: &str, uri: &str, headers: &HeaderMap) -> usize {
    let lines: usize = headers.iter().map(|(n, v)| n.as_str().len() + v.len() + 4).sum();
    method.len() + uri.len() + 12 + lines
}

/// The pairs of a query string. A name given twice, bytes that are no text, or a NUL are refused.
pub fn query(raw: &str) -> Result<Vec<(String, String)>> {
    let mut out: Vec<(String, String)> = Vec::new();
    for pair in raw.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            return Err(problems::malformed.with("The query is not valid percent-encoded UTF-8."));
        };
        if out.iter().any(|(n, _)| *n == name) {
            return Err(refused_parameter(&name, "given_twice", "is given more than once"));
        }
        if value.contains('\0') || name.contains('\0') {
            return Err(refused_parameter(&name, "invalid_character", "must not contain the character U+0000"));
        }
        out.push((name, value));
    }
    Ok(out)
}

fn refused_parameter(name: &str, code: &str, message: &str) -> Problem {
    let name = name.replace('\0', "?");
    problems::invalid_parameter.with(format!("The parameter {name:?} {message}.")).and_at(FieldError::parameter(name, code, message))
}

/// Percent-decodes, with `+` as a space; None when the result is no text.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>> {
    let mut all = headers.get_all(name);
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(refused_header(name.as_str(), "is given more than once"));
    }
    first.to_str().map(Some).map_err(|_| refused_header(name.as_str(), "must be visible ASCII"))
}

fn refused_header(name: &str, message: &str) -> Problem {
    problems::invalid_header.with(format!("{name} {message}.")).and_at(FieldError::header(name, "invalid", message))
}

/// The version that `If-Match` demands.
pub fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(raw) = text(headers, &header::IF_MATCH)? else { return Ok(None) };
    match version(raw.trim()) {
        Some(v) => Ok(Some(v)),
        None => Err(refused_header("If-Match", "must be one ETag as answered, for example \"3\"")),
    }
}

/// Whether `If-None-Match` names this version, so that the body need not travel again.
pub fn none_match(headers: &HeaderMap, current: Option<&str>) -> Result<bool> {
    let Some(raw) = text(headers, &header::IF_NONE_MATCH)? else { return Ok(false) };
    if raw.trim() == "*" {
        return Ok(current.is_some());
    }
    let mut matched = false;
    for tag in raw.split(',') {
        let tag = tag.trim().trim_start_matches("W/");
        let quoted = quoted(tag);
        let inner = quoted.unwrap_or(tag);
        if inner.is_empty() || inner.contains('"') || (quoted.is_none() && version(inner).is_none()) {
            return Err(refused_header("If-None-Match", "must be one or more ETags as answered, for example \"3\", or *"));
        }
        matched |= current.is_some_and(|c| c.trim_matches('"') == inner);
    }
    Ok(matched)
}

/// What is between the quotes on both ends; nothing where one is missing.
fn quoted(tag: &str) -> Option<&str> {
    tag.strip_prefix('"').and_then(|t| t.strip_suffix('"'))
}

/// Proxies that compress may have made the tag weak, and people forget the quotes; the version is what counts. What follows
/// it in a tag tells what was embedded or computed, which a change does not depend on.
fn version(etag: &str) -> Option<i64> {
    let tag = etag.trim_start_matches("W/");
    let inner = quoted(tag).unwrap_or(tag);
    let (version, digest) = inner.split_once('.').map_or((inner, None), |(v, d)| (v, Some(d)));
    let digits = version.strip_prefix('v').unwrap_or(version);
    let plain = (1..=16).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let known = digest.is_none_or(|d| d.len() == DIGEST && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    (plain && known).then(|| digits.parse().ok()).flatten()
}

/// Characters of the digest in an ETag.
const DIGEST: usize = 16;

/// The ETag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The ETag of an answer that may look different under the same version.
pub fn etag_of(version: i64, text: &[u8]) -> String {
    format!("\"{version}.{}\"", digest(text))
}

/// What tells one text from another, in hex.
pub fn digest(text: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().take(DIGEST / 2).map(|b| format!("{b:02x}")).collect()
}

/// The key that makes a repetition safe.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let name = HeaderName::from_static("idempotency-key");
    let Some(key) = text(headers, &name)? else { return Ok(None) };
    let fits = (1..=255).contains(&key.len()) && key.bytes().all(|b| (0x21..=0x7e).contains(&b));
    if fits { Ok(Some(key.to_string())) } else { Err(refused_header("Idempotency-Key", "must be 1 to 255 visible characters")) }
}

/// The only value of a header; none when it is given twice, because two readers might take two of them.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut all = headers.get_all(name);
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

/// The bearer token, when the request has one.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = only(headers, &header::AUTHORIZATION)?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 8192).then_some(token)
}

/// The media type of the body, lower case and without parameters; None when a foreign charset or two types are named.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = only(headers, &header::CONTENT_TYPE)?.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_string();
    let foreign = |p: &str| p.strip_prefix("charset=").is_some_and(|c| !matches!(c.trim_matches('"'), "utf-8" | "utf8"));
    if parts.any(foreign) { None } else { Some(kind) }
}

/// The address the request came from. `X-Forwarded-For` counts only as far as it was written by listed proxies.
pub fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut at = peer.unwrap_or(IpAddr::from([0, 0, 0, 0])).to_canonical();
    let forwarded: Vec<&str> = headers.get_all("x-forwarded-for").filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).collect();
    for hop in forwarded.into_iter().rev() {
        if !trusted.iter().any(|n| n.contains(at)) {
            break;
        }
        match hop_address(hop.trim()) {
            Some(ip) => at = ip.to_canonical(),
            None => break,
        }
    }
    at
}

/// The address of one hop. Some proxies write the port after it, and brackets around IPv6.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = || hop.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(hop).parse::<IpAddr>().ok();
    bare().or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
}

/// Whether the caller can read gzip.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).filter_map(|v| v.to_str().ok());
    lists.flat_map(|l| l.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|n| n.eq_ignore_ascii_case("gzip"));
        let refused = parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty()));
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_bytes(name.as_bytes()).expect("a name"), HeaderValue::from_str(value).expect("a value"));
        }
        map
    }

    #[test]
    fn a_query_is_read_strictly() {
        assert_eq!(query("a=1&b=x%20y+z&c").expect("pairs"), [("a", "1"), ("b", "x y z"), ("c", "")].map(|(a, b)| (a.into(), b.into())));
        for (bad, code) in [("a=%ff", "malformed"), ("a=%2", "malformed"), ("a=1&a=2", "invalid_parameter"), ("a=%00", "invalid_parameter")]
        {
            assert_eq!(query(bad).expect_err("refused").code().code, code, "{bad}");
        }
    }

    #[test]
    fn versions_travel_as_etags() {
        let read = |v: &str| if_match(&headers(&[("if-match", v)]));
        for good in ["\"3\"", "W/\"3\"", "\"v3\"", "3", "\"3.0123456789abcdef\"", "W/\"3.0123456789abcdef\"", "3.0123456789abcdef"] {
            assert_eq!(read(good).expect("a version"), Some(3), "{good}");
        }
        for bad in
            ["*", "\"\"", "\"3", "3\"", "\"x\"", "\"3.\"", "\"3.xyz\"", "\".0123456789abcdef\"", "\"3\", \"4\"", "\"99999999999999999999\""]
        {
            assert_eq!(read(bad).expect_err("refused").code().code, "invalid_header", "{bad}");
        }
        assert_eq!(if_match(&headers(&[])).expect("none"), None);
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let known = |v: &str| none_match(&headers(&[("if-none-match", v)]), Some("\"3\""));
        assert!(known("\"3\"").expect("tags") && known("\"2\", W/\"3\"").expect("tags") && known("*").expect("tags"));
        assert!(!known("\"4\"").expect("tags"));
        assert!(known("3").expect("tags") && known("\"\"").is_err() && known("\"3").is_err() && known("x").is_err());
    }

    #[test]
    fn credentials_and_types_are_given_once() {
        let once = headers(&[("authorization", "Bearer a"), ("content-type", "Application/JSON; charset=UTF-8")]);
        assert_eq!((bearer(&once), media_type(&once).as_deref()), (Some("a"), Some("application/json")));
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b"), ("content-type", "a/b"), ("content-type", "a/b")];
        let short = headers(&[("content-type", "application/json;charset=utf8")]);
        assert_eq!(media_type(&short).as_deref(), Some("application/json"));
        let twice = headers(&twice);
        assert_eq!((bearer(&twice), media_type(&twice)), (None, None));
    }

    #[test]
    fn keys_are_visible_and_short() {
        let read = |v: &str| idempotency_key(&headers(&[("idempotency-key", v)]));
        assert_eq!(read("a-1").expect("a key").as_deref(), Some("a-1"));
        assert!(read("").is_err() && read("a b").is_err() && read(&"x".repeat(256)).is_err() && read(&"x".repeat(255)).is_ok());
    }

    #[test]
    fn forwarded_addresses_count_only_behind_listed_proxies() {
        let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().expect("a network")];
        let from = |peer: &str, xff: &str| client_address(peer.parse().ok(), &headers(&[("x-forwarded-for", xff)]), &trusted).to_string();
        assert_eq!(from("192.0.2.1", "1.2.3.4"), "192.0.2.1");
        assert_eq!(from("10.0.0.1", "1.2.3.4"), "1.2.3.4");
        assert_eq!(from("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2"), "1.2.3.4", "what the client itself wrote is not believed");
        assert_eq!(from("10.0.0.1", "junk"), "10.0.0.1");
        assert_eq!(from("10.0.0.1", "1.2.3.4:51234"), "1.2.3.4", "with a port");
        assert_eq!(from("10.0.0.1", "6.6.6.6, 1.2.3.4:51234, 10.0.0.2:80"), "1.2.3.4");
        assert_eq!(from("10.0.0.1", "[2001:db8::1]:1234"), "2001:db8::1");
        assert_eq!(from("10.0.0.1", "[2001:db8::1]"), "2001:db8::1");
        assert_eq!(from("10.0.0.1", "2001:db8::1"), "2001:db8::1");
        assert_eq!(from("10.0.0.1", "[::ffff:1.2.3.4]:99"), "1.2.3.4");
        for junk in ["1.2.3.4:", "1.2.3.4:99999", "[1.2.3.4", "2001:db8::1]:1", ":80", "[]:80"] {
            assert_eq!(from("10.0.0.1", junk), "10.0.0.1", "{junk}");
        }
    }

    #[test]
    fn gzip_is_used_when_it_is_wanted() {
        assert!(accepts_gzip(&headers(&[("accept-encoding", "br, gzip;q=0.5")])));
        assert!(!accepts_gzip(&headers(&[("accept-encoding", "gzip;q=0, br")])) && !accepts_gzip(&headers(&[])));
    }
}
