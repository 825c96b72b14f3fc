//! Which web pages may call the API from a browser: the configured origins, exactly, and nobody else.
//! Applies to every answer, refusals included.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

const EXPOSED: &str = "ETag, Location, Link, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotency-Replayed, Dry-Run, Tandem-Event, Deprecation, Sunset, Content-Disposition, Content-Range, Accept-Ranges, Allow, traceparent";
const ACCEPTED: &str = "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, Idempotency-Key, X-Request-Id, Accept, Accept-Language, traceparent, tracestate";

/// The answer to the browser's question before the request, when this is one. `allow` are the methods of the path.
pub fn preflight(req: &HttpRequest, allow: &str) -> Option<HttpResponse> {
    let asked = req.method() == Method::OPTIONS && req.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    asked.then(|| {
        let mut r = HttpResponse::build(StatusCode::NO_CONTENT);
        r.insert_header((header::ALLOW, allow));
        r.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, allow));
        r.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ACCEPTED));
        r.insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"));
        r.finish()
    })
}

/// Adds what the browser needs to hand the answer to the page, if its origin is one of ours; takes away what a
/// preflight of a foreign origin must not see.
pub fn mark(origins: &[String], request: &HeaderMap, response: &mut HeaderMap) {
    if origins.is_empty() {
        remove_all(response);
        return;
    }
    response.append(header::VARY, HeaderValue::from_static("Origin"));
    let origin = request.get(header::ORIGIN);
    match origin.filter(|o| o.to_str().is_ok_and(|o| origins.iter().any(|known| known == o))) {
        Some(origin) => {
            response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
        None => remove_all(response),
    }
}

fn remove_all(response: &mut HeaderMap) {
    const NAMES: [HeaderName; 3] =
        [header::ACCESS_CONTROL_ALLOW_METHODS, header::ACCESS_CONTROL_ALLOW_HEADERS, header::ACCESS_CONTROL_MAX_AGE];
    for name in NAMES {
        response.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(origins: &[&str], origin: &str) -> HeaderMap {
        let (mut request, mut response) = (HeaderMap::new(), HeaderMap::new());
        request.insert(header::ORIGIN, HeaderValue::from_str(origin).expect("a header"));
        let origins: Vec<String> = origins.iter().map(|o| o.to_string()).collect();
        mark(&origins, &request, &mut response);
        response
    }

    #[test]
    fn only_exact_origins_get_an_answer() {
        let allowed = |h: HeaderMap| h.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|v| v.to_str().unwrap_or_default().to_string());
        assert_eq!(allowed(marked(&[], "https://a.example")), None);
        assert_eq!(allowed(marked(&["https://a.example"], "https://a.example")), Some("https://a.example".into()));
        for foreign in ["https://a.example.evil.com", "http://a.example", "https://a.example:444", "null", "https://A.example"] {
            assert_eq!(allowed(marked(&["https://a.example"], foreign)), None, "{foreign}");
        }
    }
}
