//! How the server meets callers before any operation is reached: names, limits, headers, and callers who are slow or
//! rude. One engine is enough; no database is involved.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gateway::Rate;
use serde_json::{Value, json};

use crate::harness::{Engine, Server};

const PLACE: &str = "/v1/directory/parties";

fn server() -> Server {
    Server::start(Engine::Sqlite)
}

/// Sends bytes as they are and reads until the server closes or nothing comes for a second.
fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    stream.write_all(bytes).unwrap();
    let mut out = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n) = stream.read(&mut buffer) {
        if n == 0 {
            break;
        }
        out.extend_from_slice(&buffer[..n]);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.running().address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream
}

#[test]
fn every_answer_names_the_request_and_forbids_what_browsers_should_not_do() {
    let s = server();
    let mut asked = s
        .request("GET", PLACE)
        .header("x-request-id", "my-id.1")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    asked = asked.header("accept-encoding", "identity");
    let known = asked.send();
    assert_eq!(known.header("x-request-id"), Some("my-id.1"));
    assert!(
        known
            .header("traceparent")
            .is_some_and(|t| t.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && !t.contains("b7ad6b7169203331"))
    );
    for path in [PLACE, "/nowhere", "/livez", "/openapi.json"] {
        let a = s.request("GET", path).header("x-request-id", "bad id").send();
        assert!(a.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{path}");
        assert_eq!(a.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(a.header("content-security-policy").is_some() && a.header("cache-control").is_some(), "{path}");
        assert_eq!(a.header("strict-transport-security"), None, "only behind TLS");
    }
    let problem = s.get("/nowhere");
    let wire = problem.problem(404, "not_found");
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    let german = s.request("GET", "/nowhere").header("accept-language", "de").send();
    assert_eq!(german.header("content-language"), Some("en"), "the language that its texts are in");
    assert_eq!(wire["request_id"].as_str(), problem.header("x-request-id"));
    assert_eq!((wire["type"].as_str(), wire["instance"].as_str()), (Some("/problems/not_found"), Some("/nowhere")));
    assert_eq!(s.get("/problems/not_found").ok()["status"], 404);
}

#[test]
fn behind_tls_browsers_are_told_to_stay_there() {
    let mut s = server();
    s.restart(|c| c.public_url = Some("https://erp.example.com".into()));
    assert!(s.get("/livez").header("strict-transport-security").is_some());
}

#[test]
fn another_method_is_refused_with_those_that_are_allowed() {
    let s = server();
    let put = s.request("PUT", PLACE).json(&json!({})).send();
    put.problem(405, "method_not_allowed");
    assert_eq!(put.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
    let options = s.request("OPTIONS", PLACE).send();
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, OPTIONS, POST")));
    let head = s.request("HEAD", PLACE).send();
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn json_is_read_strictly() {
    let s = server();
    let send = |body: &[u8]| s.request("POST", PLACE).bytes("application/json", body).send();
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    for bad in
        [&b"{"[..], br#"{"kind":"person","kind":"person"}"#, br#"{"name":"\ud800"}"#, b"{\"name\":\"\xff\"}", b"{} {}", deep.as_bytes()]
    {
        send(bad).problem(400, "malformed");
    }
    let nul = send(br#"{"kind":"person","name":"a\u0000b"}"#).problem(422, "invalid_body");
    assert_eq!(nul["errors"][0]["pointer"], "/name");
    let both = send(br#"{"kind":"nobody","name":""}"#).problem(422, "invalid_body");
    let params = |pointer: &str| both["errors"].as_array().unwrap().iter().find(|e| e["pointer"] == pointer).unwrap()["params"].clone();
    assert_eq!(
        (&params("/name")["min_length"], params("/kind")["allowed"].as_str()),
        (&json!("1"), Some("organisation, person")),
        "{both}"
    );
    assert_eq!(nul["errors"][0]["params"], json!({}));
    s.request("POST", PLACE).bytes("text/plain", "{}").send().problem(415, "unsupported_media_type");
    s.request("POST", PLACE).bytes("application/json; charset=latin1", "{}").send().problem(415, "unsupported_media_type");
    s.request("GET", PLACE).header("accept", "image/png").send().problem(406, "not_acceptable");
}

#[test]
fn a_body_is_bounded_also_when_it_was_compressed() {
    let s = server();
    s.request("POST", PLACE).bytes("application/json", vec![b' '; (1 << 20) + 1]).send().problem(413, "payload_too_large");
    let bomb = gzip(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < 20_000);
    s.request("POST", PLACE).bytes("application/json", bomb).header("content-encoding", "gzip").send().problem(413, "payload_too_large");
    let fine = gzip(br#"{"kind":"organisation"}"#);
    s.request("POST", PLACE).bytes("application/json", fine).header("content-encoding", "gzip").send().problem(422, "invalid_body");
    let parts = [gzip(br#"{"kind":"#), gzip(br#""organisation"}"#)].concat();
    s.request("POST", PLACE).bytes("application/json", parts).header("content-encoding", "GZIP").send().problem(422, "invalid_body");
    let trailing = [gzip(br#"{"kind":"organisation"}"#), b"x".to_vec()].concat();
    s.request("POST", PLACE).bytes("application/json", trailing).header("content-encoding", "gzip").send().problem(400, "malformed");
    s.request("POST", PLACE).bytes("application/json", "x").header("content-encoding", "br").send().problem(415, "unsupported_media_type");
    s.request("GET", &format!("/livez?{}", "a".repeat(17_000))).send().problem(431, "headers_too_large");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

#[test]
fn long_answers_are_compressed_for_those_who_can_read_it() {
    let s = server();
    let plain = s.request("GET", "/v1/error-codes").header("accept-encoding", "identity").send();
    assert_eq!(plain.header("content-encoding"), None);
    let small = raw(&s, b"GET /v1/error-codes HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    assert!(small.contains("content-encoding: gzip") && small.len() < plain.body.len());
}

#[test]
fn pages_of_other_origins_get_nothing_unless_they_are_listed() {
    let mut s = server();
    let origin = "https://app.example.com";
    let allowed = |s: &Server, origin: &str, path: &str| {
        s.request("GET", path).header("origin", origin).send().header("access-control-allow-origin").map(String::from)
    };
    assert_eq!(allowed(&s, origin, PLACE), None, "off by default");
    s.restart(|c| c.cors_origins = vec![origin.into()]);
    for path in [PLACE, "/nowhere", "/v1/directory/parties/pty_nonsense"] {
        assert_eq!(allowed(&s, origin, path).as_deref(), Some(origin), "{path}");
    }
    for foreign in ["https://app.example.com.evil.com", "http://app.example.com", "null", "https://app.example.com:8443", "*"] {
        assert_eq!(allowed(&s, foreign, PLACE), None, "{foreign}");
    }
    let preflight = s.anonymous().request("OPTIONS", PLACE).header("origin", origin).header("access-control-request-method", "POST").send();
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-headers").is_some_and(|h| h.contains("Idempotency-Key") && h.contains("If-Match")));
    assert_eq!(preflight.header("access-control-allow-credentials"), None);
    let refused =
        s.anonymous().request("OPTIONS", PLACE).header("origin", "https://evil.com").header("access-control-request-method", "POST").send();
    assert_eq!(refused.header("access-control-allow-methods"), None);
    let shown = s.request("GET", PLACE).header("origin", origin).send();
    assert!(preflight.header("access-control-allow-headers").is_some_and(|h| h.contains("If-Range") && h.contains(" Range")));
    for name in ["Content-Range", "ETag", "Link", "RateLimit", "X-Request-Id", "Idempotency-Replayed", "Retry-After", "Location"] {
        assert!(shown.header("access-control-expose-headers").is_some_and(|h| h.contains(name)), "{name}");
    }
}

#[test]
fn a_caller_who_asks_too_often_is_told_when_to_come_back() {
    let mut s = server();
    s.restart(|c| c.rate_limit = Rate { per_minute: 60, burst: 5 });
    let first = s.get(PLACE);
    assert_eq!(first.header("ratelimit-policy"), Some("\"default\";q=5;w=5"));
    assert!(first.header("ratelimit").is_some_and(|r| r.starts_with("\"default\";r=4;t=")));
    let refused = (0..6).map(|_| s.get(PLACE)).find(|a| a.status == 429).expect("refused at last");
    refused.problem(429, "too_many_requests");
    assert!(refused.header("retry-after").and_then(|t| t.parse::<u32>().ok()).is_some_and(|t| (1..=5).contains(&t)));
    assert_eq!(s.get("/livez").status, 200, "health is not counted");
}

#[test]
fn every_answer_of_the_api_says_what_is_left_also_where_nothing_is() {
    let mut s = server();
    let left = |a: &crate::harness::Answer| a.header("ratelimit").is_some() && a.header("ratelimit-policy").is_some();
    for (method, path) in [("GET", "/v1/nowhere"), ("PUT", PLACE), ("OPTIONS", PLACE), ("GET", "/v1/error-codes"), ("GET", PLACE)] {
        assert!(left(&s.request(method, path).send()), "{method} {path}");
        assert!(left(&s.anonymous().request(method, path).send()), "{method} {path} without a token");
    }
    let long = s.request("GET", &format!("{PLACE}?q={}", "a".repeat(17_000))).send();
    long.problem(431, "headers_too_large");
    assert!(left(&long) && !left(&s.get("/livez")));
    s.restart(|c| c.rate_limit = Rate { per_minute: 60, burst: 5 });
    let refused = (0..50).map(|_| s.get("/v1/nowhere")).find(|a| a.status != 404).expect("refused at last");
    refused.problem(429, "too_many_requests");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(s.request("OPTIONS", PLACE).send().status, 204, "a browser may always ask what it may do");
    assert_eq!(s.get(PLACE).status, 200, "whoever has a token has a bucket of his own");
}

#[test]
fn what_two_readers_might_take_differently_is_refused() {
    let s = server();
    let twice = |head: &str| raw(&s, format!("{head}Connection: close\r\n\r\n").as_bytes());
    let token = s.token().unwrap();
    let once = twice(&format!("GET {PLACE}?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"));
    assert!(once.starts_with("HTTP/1.1 200"), "{once}");
    let two = twice(&format!("GET {PLACE}?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAuthorization: Bearer x\r\n"));
    assert!(two.starts_with("HTTP/1.1 401") && two.contains("application/problem+json"), "{two}");
    let two = raw(
        &s,
        format!(
            "POST {PLACE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
        )
        .as_bytes(),
    );
    assert!(two.starts_with("HTTP/1.1 415"), "{two}");
}

#[test]
fn an_address_cannot_escape_its_limit_by_claiming_to_be_another() {
    let mut s = server();
    s.restart(|c| c.login_rate_limit = Rate { per_minute: 6, burst: 3 });
    let attempt = |n: usize| {
        let body = json!({ "email": format!("u{n}@example.com"), "password": "wrong" });
        s.anonymous().request("POST", "/v1/identity/login").header("x-forwarded-for", &format!("203.0.113.{n}")).json(&body).send().status
    };
    assert!((0..6).map(attempt).any(|status| status == 429));
    s.restart(|c| {
        c.login_rate_limit = Rate { per_minute: 6, burst: 3 };
        c.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    });
    let attempt = |n: usize| {
        let body = json!({ "email": format!("v{n}@example.com"), "password": "wrong" });
        s.anonymous().request("POST", "/v1/identity/login").header("x-forwarded-for", &format!("203.0.113.{n}")).json(&body).send().status
    };
    assert!((0..6).map(attempt).all(|status| status == 401), "behind a listed proxy every client has a bucket");
}

#[test]
fn slow_and_silent_connections_are_closed_and_nobody_else_waits() {
    let mut s = server();
    s.restart(|c| {
        c.limits.head = Duration::from_millis(700);
        c.limits.body = Duration::from_millis(700);
    });
    let begin = Instant::now();
    let waiting: Vec<TcpStream> = (0..100).map(|_| connect(&s)).collect();
    let mut slow = connect(&s);
    slow.write_all(
        format!("POST {PLACE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{{", s.token().unwrap())
            .as_bytes(),
    )
    .unwrap();
    let mut half = connect(&s);
    half.write_all(b"GET /livez HTTP/1.1\r\nHost").unwrap();
    assert_eq!(s.get(PLACE).status, 200);
    assert!(begin.elapsed() < Duration::from_secs(5), "the polite client waits for nobody");
    for mut stream in waiting.into_iter().chain([slow, half]) {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("the server closes it");
        let text = String::from_utf8_lossy(&rest);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        assert!(head.starts_with("HTTP/1.1 408") && head.to_lowercase().contains("content-type: application/problem+json"), "{text}");
        let problem: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!((&problem["code"], &problem["status"]), (&json!("request_timeout"), &json!(408)));
        assert!(head.to_lowercase().contains(&format!("x-request-id: {}", problem["request_id"].as_str().unwrap())), "{text}");
    }
}

#[test]
fn an_early_refusal_does_not_garble_the_next_request() {
    let s = server();
    let first = "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 34\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
    let second = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answers = raw(&s, format!("{first}{second}").as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
    assert!(answers.contains("HTTP/1.1 404") && answers.contains("HTTP/1.1 200"), "{answers}");
}

#[test]
fn malformed_http_is_answered_with_400_and_a_closed_connection() {
    let s = server();
    for bad in [
        "\0\u{1}nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    ] {
        let answer = raw(&s, bad.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400"), "{bad:?} gave {answer:?}");
    }
}

#[test]
fn health_tells_the_truth_while_the_server_drains() {
    let s = server();
    assert_eq!(s.anonymous().get("/livez").ok()["status"], "ok");
    let ready = s.anonymous().get("/readyz").ok();
    assert!(ready["checks"].as_array().unwrap().iter().all(|c| c["passed"] == true), "{ready}");
    s.running().drain();
    s.anonymous().get("/readyz").problem(503, "unavailable");
    assert_eq!(s.anonymous().get("/livez").status, 200);
    assert_eq!(s.get(PLACE).status, 200, "requests still finish");
}

#[test]
fn counters_are_for_those_who_may_see_them_or_on_a_port_of_their_own() {
    let mut s = server();
    s.anonymous().get("/metrics").problem(401, "unauthenticated");
    s.get(&format!("{PLACE}?limit=1")).ok();
    let answer = s.get("/metrics");
    assert_eq!(answer.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = String::from_utf8(answer.body).unwrap();
    for name in [
        "http_requests_total",
        "build_info",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "request_queue_length",
        "database_connections",
        "writer_queue_length",
        "events_unnumbered",
        "sequencer_lag_seconds",
        "timer_last_run_timestamp_seconds",
        "caller_cache_lookups_total",
        "ready",
    ] {
        assert!(text.lines().any(|l| l.starts_with(&format!("tandem_{name}"))), "{name}\n{text}");
    }
    assert!(text.ends_with("# EOF\n") && text.lines().all(|l| l.starts_with('#') || l.starts_with("tandem_")), "{text}");
    assert!(text.contains(r#"route="/v1/directory/parties""#) && !text.contains("limit=1"), "{text}");
    s.restart(|c| c.metrics_bind = Some("127.0.0.1:0".into()));
    s.get("/metrics").problem(404, "not_found");
    let address = s.running().metrics_address.unwrap();
    let ask = |line: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    assert!(ask("GET /metrics").contains("http_requests_in_flight"));
    let (elsewhere, put) = (ask("GET /v1/directory/parties"), ask("PUT /metrics"));
    assert!(elsewhere.starts_with("HTTP/1.1 404") && elsewhere.contains("x-request-id: req_"), "{elsewhere}");
    assert!(put.starts_with("HTTP/1.1 405") && put.contains("allow: GET, HEAD"), "{put}");
}

#[test]
fn the_documentation_is_served_without_any_other_host() {
    let s = server();
    assert_eq!(s.anonymous().get("/").header("location"), Some("/docs/"));
    assert_eq!(s.anonymous().get("/docs").header("location"), Some("/docs/"));
    for file in ["", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let a = s.anonymous().get(&format!("/docs/{file}"));
        assert_eq!(a.status, 200, "{file}");
        assert!(a.header("content-security-policy").is_some_and(|p| p.contains("default-src 'none'")), "{file}");
    }
    assert!(s.anonymous().get("/docs/swagger-ui.css").text().contains(".swagger-ui"));
    let packed = raw(&s, b"GET /docs/swagger-ui.css HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    assert!(packed.contains("content-encoding: gzip"));
    let document: Value = s.anonymous().get("/openapi.json").ok();
    assert_eq!(document["openapi"], "3.1.0");
}
