//! Hostile input: every field of every body, every parameter and every place of a path gets something it was not made for.
//! The answer is a refusal in words of the API, or success where the value happens to be allowed; never a failure of ours,
//! and never something of our inside.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Breaches, Operation, operations};
use crate::harness::Answer;

/// What no refusal may show.
const INSIDE: [&str; 9] =
    ["diesel", "SQLSTATE", "panicked", ".rs:", "SELECT ", "sqlite", "postgres", "constraint failed", "RUST_BACKTRACE"];

fn values() -> Vec<Value> {
    let mut deep = json!(1);
    (0..28).for_each(|_| deep = json!([deep]));
    let texts = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "\u{202e}evil\u{feff}",
        "'; DROP TABLE parties; --",
        "' OR 1=1 --",
        "{{7*7}}${7*7}",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "%00%0d%0aSet-Cookie: a=b",
        "line\r\nBcc: all@example.com",
        "NaN",
        "Infinity",
        "-0",
        "1e400",
        "-1",
        "99999999999999999999.99",
        "0.00000000000000000001",
        "9999-12-31",
        "0000-00-00",
        "2026-02-30",
        "+275760-09-13T00:00:00Z",
        "2026-01-01T25:61:61Z",
        "usr_00000000000000000000000000",
        "https://169.254.169.254/",
        "=cmd|' /C calc'!A0",
        "\u{1f469}\u{200d}\u{1f467}",
    ];
    let mut all: Vec<Value> = texts.iter().map(|t| json!(t)).collect();
    all.extend([
        json!("x".repeat(70_000)),
        json!("\u{1f600}".repeat(300)),
        json!(-1),
        json!(0),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(0.1),
        json!(true),
        json!(null),
        json!([]),
        json!({}),
        json!([null]),
        json!({"": ""}),
        json!({"id": {"$ne": 1}}),
        deep,
        json!([[[]]]),
        json!(vec!["x"; 2000]),
    ]);
    all
}

/// A text as it stands in a path or a query.
fn escaped(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn judge(breaches: &mut Breaches, what: &str, answer: &Answer) {
    let text = answer.text();
    if answer.status >= 500 {
        breaches.add(format!("{what}: {} {}", answer.status, text.chars().take(200).collect::<String>()));
        return;
    }
    let problem = answer.header("content-type").is_some_and(|t| t.starts_with("application/problem+json"));
    if answer.status >= 400 && !problem {
        breaches.add(format!("{what}: {} is no problem", answer.status));
    }
    // what the caller wrote himself may come back
    let own = answer.request.to_lowercase();
    if answer.status >= 400
        && let Some(inside) = INSIDE.iter().find(|i| text.contains(*i) && !own.contains(&i.to_lowercase()))
    {
        breaches.add(format!("{what}: shows {inside:?}"));
    }
}

/// A request of one operation with one hostile value in it.
enum Case<'a> {
    Body(&'a Operation, String, Value),
    Query(&'a Operation, String, String),
    Path(&'a Operation, String),
}

impl Case<'_> {
    fn shown(&self) -> String {
        let short = |v: &str| v.chars().take(60).collect::<String>();
        match self {
            Case::Body(o, name, v) => format!("{} {name} = {}", o.shown(), short(&v.to_string())),
            Case::Query(o, name, v) => format!("{} ?{name}={}", o.shown(), short(v)),
            Case::Path(o, v) => format!("{} with {}", o.shown(), short(v)),
        }
    }
}

each_engine! {
    fn hostile_values_are_refused_everywhere_in_words_of_the_api(s) {
        crate::fixtures::a_bit_of_everything(s);
        let all = operations(s);
        let values = values();
        let mut turn = 0;
        let mut next = || {
            turn += 1;
            values[turn % values.len()].clone()
        };
        let mut cases = Vec::new();
        for o in all.iter().filter(|o| o.path.starts_with("/v1/")) {
            if let Some(schema) = o.body_schema().filter(|_| o.body_type() == Some("application/json")) {
                let valid = o.example(schema);
                cases.push(Case::Body(o, "the body".into(), next()));
                for name in schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
                    let mut body = valid.clone();
                    body[name] = next();
                    cases.push(Case::Body(o, name.clone(), body));
                }
            }
            for p in o.parameters().into_iter().filter(|p| p["in"] == "query") {
                let value = next();
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
                let value: String = value.chars().take(3000).collect();
                cases.push(Case::Query(o, p["name"].as_str().unwrap().to_string(), escaped(&value)));
            }
            if o.path.contains('{') {
                let value = next();
                let value = value.as_str().filter(|v| !v.is_empty()).unwrap_or("\u{0}").chars().take(2000).collect::<String>();
                cases.push(Case::Path(o, escaped(&value)));
            }
        }
        let none = BTreeMap::new();
        let answers = s.spread(8, &cases, |case, c| match case {
            Case::Body(o, _, body) => o.call_with(c, &none, Some(body)),
            Case::Query(o, name, value) => {
                let path = o.path_with(&none);
                let query = o.query();
                let sign = if query.is_empty() { '?' } else { '&' };
                let request = c.request(&o.method, &format!("{path}{query}{sign}{name}={value}"));
                let request = if o.parameters().iter().any(|p| p["name"] == "If-Match") { request.if_match(1) } else { request };
                match o.body_schema() {
                    Some(schema) => request.json(&o.example(schema)).send(),
                    None => request.send(),
                }
            }
            Case::Path(o, value) => {
                let mut path = o.path.clone();
                while let (Some(a), Some(b)) = (path.find('{'), path.find('}')) {
                    path.replace_range(a..=b, value);
                }
                let request = c.request(&o.method, &format!("{path}{}", o.query()));
                if o.has_body() { request.json(&json!({})).send() } else { request.send() }
            }
        });
        let mut breaches = Breaches::default();
        cases.iter().zip(&answers).for_each(|(case, answer)| judge(&mut breaches, &case.shown(), answer));
        eprintln!("{} hostile requests", cases.len());
        assert!(cases.len() > 2000);
        breaches.none("a hostile value is refused in words of the API");
        s.get("/v1/directory/parties").ok();
        crate::fixtures::verified(s);
    }
}
