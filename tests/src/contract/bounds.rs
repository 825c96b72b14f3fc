//! What a request may cost: nobody makes the server read, hold, compute or answer out of proportion to what was sent and to
//! who sent it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixtures::{a_bit_of_everything, customer, id, user_with};
use crate::harness::{Engine, Server};

const PARTIES: &str = "/v1/directory/parties";

fn connect(address: std::net::SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    stream
}

/// What is answered to a head whose body never comes, and how long it took until the status was there.
fn answer_to_head(s: &Server, path: &str, token: Option<&str>) -> (String, Duration) {
    let mut stream = connect(s.running().address);
    let token = token.map(|t| format!("Authorization: Bearer {t}\r\n")).unwrap_or_default();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15000000\r\n{token}\r\n");
    let begin = Instant::now();
    stream.write_all(head.as_bytes()).unwrap();
    let mut buffer = [0; 2048];
    let n = stream.read(&mut buffer).unwrap_or(0);
    (String::from_utf8_lossy(&buffer[..n]).into_owned(), begin.elapsed())
}

each_engine! {
    fn a_body_is_not_read_before_the_caller_is_known_and_may_send_it(s) {
        let bulk = format!("{PARTIES}/bulk");
        let reader = user_with(s, &["directory.parties.read"], &[s.company_id()]);
        for (token, status) in [(None, "401"), (Some("sk_live_nonsense"), "401"), (Some("a.b.c"), "401"), (reader.token(), "403")] {
            let (answer, took) = answer_to_head(s, &bulk, token);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains("connection: close"), "{token:?}: {answer}");
            assert!(took < Duration::from_secs(3), "{token:?} took {took:?}");
        }
        // whoever may, is waited for
        let (answer, _) = answer_to_head(s, &format!("{PARTIES}?unknown=1"), s.token());
        assert!(answer.starts_with("HTTP/1.1 413"), "more than such a body may have: {answer}");
    }

    fn a_bulk_is_refused_at_the_first_item_too_many(s) {
        let begin = Instant::now();
        let many = format!("{{\"mode\":\"partial\",\"items\":[1{}]}}", ",{}".repeat(5_000_000));
        let refused = s.request("POST", &format!("{PARTIES}/bulk")).bytes("application/json", many).send();
        let problem = refused.problem(422, "invalid_body");
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!("/items"), &json!("too_many")), "{problem}");
        assert_eq!(problem["errors"][0]["params"], json!({"max_items": "500"}));
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        // also inside of an item
        let lines = json!({"mode": "partial", "items": [{"name": "A"}, {"name": "B", "tags": vec!["x"; 5000]}]});
        s.post(&format!("{PARTIES}/bulk"), lines).expect(422);
    }

    fn what_is_wrong_with_many_items_is_told_of_the_first_hundred(s) {
        let items = vec![json!({"kind": "nobody", "is_customer": "yes"}); 500];
        let problem = s.post(&format!("{PARTIES}/bulk"), json!({"mode": "partial", "items": items, "surely_unknown": 1})).problem(422, "invalid_body");
        let errors = problem["errors"].as_array().unwrap();
        let at = |pointer: &str| errors.iter().any(|e| e["pointer"] == pointer);
        assert!(errors.len() <= 100 && at("/surely_unknown") && at("/items/0/kind") && at("/items/1/is_customer") && at("/items/2/name"), "{problem}");
    }

    fn a_refusal_is_not_much_longer_than_what_it_refuses(s) {
        let names: Vec<String> = (0..900).map(|n| format!("unknown{n}=1")).collect();
        let refused = s.get(&format!("{PARTIES}?{}", names.join("&")));
        let problem = refused.problem(400, "unknown_parameter");
        assert!(refused.body.len() < 16_000, "{} bytes", refused.body.len());
        assert!(problem["detail"].as_str().unwrap().contains("created_at_gte"), "{problem}");
        assert_eq!(problem["errors"][0]["parameter"], "unknown0");
        let fields: serde_json::Map<String, Value> = (0..20_000).map(|n| (format!("unknown{n}"), json!(1))).collect();
        let refused = s.post(PARTIES, Value::Object(fields));
        refused.problem(422, "unknown_field");
        assert!(refused.body.len() < 100_000, "{} bytes", refused.body.len());
    }

    fn a_page_is_bounded_in_bytes_and_says_that_more_follows(s) {
        let text = "x".repeat(65_000);
        for n in 0..40 {
            let template = json!({"company_id": s.company_id(), "name": format!("T{n}"), "subject": "s", "html": text, "text": text});
            s.post("/v1/marketing/templates", template).created();
        }
        for shape in ["", "&fields=id,html,text", "&sort=-name"] {
            let path = format!("/v1/marketing/templates?limit=200{shape}");
            let page = s.get(&path);
            assert!(page.body.len() < 4_500_000, "{} bytes", page.body.len());
            let page = page.ok();
            assert!(page["has_more"] == true && page["next_cursor"].is_string(), "{shape}");
            assert!(page["data"].as_array().unwrap().len() > 20);
            assert_eq!(s.all(&path).len(), 40, "the cursor goes on where the page ended: {shape}");
        }
        let small = s.get("/v1/marketing/templates?limit=200&fields=id,name").ok();
        assert_eq!((small["data"].as_array().unwrap().len(), &small["has_more"]), (40, &json!(false)));
    }

    fn a_name_with_a_nul_names_nothing(s) {
        let form = json!({"fields": {}});
        s.anonymous().post("/v1/public/forms/%00/submissions", form.clone()).problem(404, "not_found");
        s.anonymous().post("/v1/public/forms/a%00b/submissions", form).problem(404, "not_found");
        s.get("/v1/directory/parties/pty_%00").problem(404, "not_found");
        s.get("/v1/directory/part%69es?limit=1").ok();
        s.get("/v1/directory/parties/bulk%2D").problem(404, "not_found");
    }

    fn an_etag_covers_what_is_embedded_and_computed(s) {
        let order = a_bit_of_everything(s);
        let path = format!("/v1/sales/orders/{}", id(&order));
        let again = |path: &str, tag: &str| s.request("GET", path).header("if-none-match", tag).send();
        let expanded = format!("{path}?expand=customer");
        let (plain, whole) = (s.get(&path), s.get(&expanded));
        let (plain_tag, whole_tag) = (plain.header("etag").unwrap().to_string(), whole.header("etag").unwrap().to_string());
        let version = order["version"].as_i64().unwrap();
        for tag in [&plain_tag, &whole_tag] {
            assert!(tag.starts_with(&format!("\"{version}.")), "{tag}");
        }
        assert_ne!(plain_tag, whole_tag);
        assert_eq!((again(&path, &plain_tag).status, again(&expanded, &whole_tag).status), (304, 304));
        assert_eq!(again(&path, &format!("\"{version}\"")).status, 200, "the version alone does not say how it looks");
        let buyer = format!("{PARTIES}/{}", order["customer_id"].as_str().unwrap());
        let party = s.get(&buyer).ok();
        s.patch(&buyer, &party, json!({"name": "Another name"})).ok();
        assert_eq!(again(&path, &plain_tag).status, 304);
        let renamed = again(&expanded, &whole_tag).ok();
        assert_eq!(renamed["customer"]["name"], "Another name");
        // what is computed from other rows
        let deal = s.all("/v1/crm/opportunities").remove(0);
        let deal_path = format!("/v1/crm/opportunities/{}", id(&deal));
        let tag = s.get(&deal_path).header("etag").unwrap().to_string();
        let call = json!({"company_id": s.company_id(), "kind": "call", "subject": "Ask", "regarding_id": id(&deal), "due_at": "2026-01-05T09:00:00Z"});
        s.post("/v1/crm/activities", call).created();
        let now = again(&deal_path, &tag).ok();
        assert_eq!((&now["version"], now["next_activity_at"].is_string()), (&deal["version"], true));
        // If-Match compares the version alone
        let lead = s.all("/v1/crm/leads").remove(0);
        let lead_path = format!("/v1/crm/leads/{}", id(&lead));
        let tag = s.get(&lead_path).header("etag").unwrap().to_string();
        s.patch(&lead_path, tag.as_str(), json!({"first_name": "Ann"})).ok();
        s.patch(&lead_path, tag.as_str(), json!({"first_name": "Bob"})).problem(412, "precondition_failed");
        // a stored row and nothing else has its version for a tag
        let quota = json!({"company_id": s.company_id(), "period": "quarter", "date": "2026-02-10", "amount": "3000"});
        let quota = s.post("/v1/crm/quotas", quota).created();
        assert!(id(&quota).starts_with("quota_"), "{quota}");
        let bare = s.get(&format!("/v1/crm/quotas/{}", id(&quota)));
        assert_eq!(bare.header("etag"), Some("\"1\""));
        assert_eq!(again(&format!("/v1/crm/quotas/{}", id(&quota)), "\"1\"").status, 304);
    }

    fn a_value_has_one_form(s) {
        customer(s, "Alfreds");
        for bad in ["total_gte=01", "total_gte=1.", "total_gte=.5", "total_gte=%2B1", "invoice_date=%2B10000-01-01", "invoice_date_gte=0000-01-01",
            "created_at_gte=%2B10000-01-01T00:00:00Z", "created_at_gte=10000-01-01T00:00:00Z", "limit=%2B5"] {
            s.get(&format!("/v1/receivables/invoices?{bad}")).problem(400, "invalid_parameter");
        }
        for bad in ["as_of=%2B10000-01-01", "as_of=10000-01-01", "as_of=2026-1-1"] {
            s.get(&format!("/v1/receivables/reports/ageing?company_id={}&{bad}", s.company_id())).problem(400, "invalid_parameter");
        }
        s.get("/v1/receivables/invoices?total_gte=0.50&invoice_date_gte=2026-01-01").ok();
        let quota = |date: &str| json!({"company_id": s.company_id(), "period": "quarter", "date": date, "amount": "3000"});
        s.post("/v1/crm/quotas", quota("9999-12-31")).problem(422, "invalid_body");
        s.post("/v1/crm/quotas", quota("2026-02-10")).created();
        let body = br#"{"name":"Thirty","is_customer":true,"kind":"organisation"}"#;
        s.request("POST", PARTIES).bytes("application/json;charset=utf8", body.as_slice()).send().created();
    }

    fn the_order_of_the_parameters_means_nothing_to_a_cursor(s) {
        for n in 0..3 {
            customer(s, &format!("Customer {n}"));
        }
        let first = s.get(&format!("{PARTIES}?limit=1&is_customer=true&sort=name&created_at_gte=2020-01-01T00:00:00Z")).ok();
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = s.get(&format!("{PARTIES}?created_at_gte=2020-01-01T00:00:00Z&cursor={cursor}&sort=name&limit=1&is_customer=true")).ok();
        assert_ne!(next["data"][0]["id"], first["data"][0]["id"]);
        s.get(&format!("{PARTIES}?created_at_gte=2021-01-01T00:00:00Z&cursor={cursor}&sort=name&limit=1&is_customer=true")).problem(400, "cursor_mismatch");
    }

    fn the_server_is_not_ready_while_nothing_can_be_written(s) {
        let db = persistence::Database::open(&persistence::DatabaseConfig::new(s.database_url())).unwrap();
        let change = |texts: &'static [&'static str]| {
            for text in texts {
                db.write::<_, persistence::Error>(Box::new(move |c| persistence::Statement::new(*text).execute(c).map(persistence::Outcome::Keep))).unwrap();
            }
        };
        let until = |status: u16| {
            let begin = Instant::now();
            while s.anonymous().get("/readyz").status != status {
                assert!(begin.elapsed() < Duration::from_secs(30), "/readyz never answered {status}");
                std::thread::sleep(Duration::from_millis(100));
            }
        };
        until(200);
        match s.engine {
            Engine::Sqlite => change(&["CREATE TRIGGER read_only BEFORE INSERT ON settings BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"]),
            Engine::Postgres => change(&[
                "CREATE FUNCTION read_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''read-only''; END'",
                "CREATE TRIGGER read_only BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION read_only()",
            ]),
        }
        until(503);
        let refused = s.anonymous().get("/readyz").problem(503, "unavailable");
        assert!(refused["detail"].as_str().unwrap().contains("writing"), "{refused}");
        s.get(&format!("{PARTIES}?limit=1")).ok();
        match s.engine {
            Engine::Sqlite => change(&["DROP TRIGGER read_only"]),
            Engine::Postgres => change(&["DROP TRIGGER read_only ON settings"]),
        }
        until(200);
    }

    fn a_template_that_handles_too_much_is_refused(s) {
        let render = |html: String, text: &str| {
            s.post("/v1/marketing/templates/render", json!({"subject": "s", "html": html, "values": {"s": text}}))
        };
        render("{{ s }}".into(), &"x".repeat(400_000)).problem(422, "template.too_large");
        render(format!("{{{{ s{} }}}}", " ~ s".repeat(800)), "x").problem(422, "template.too_complex");
        let begin = Instant::now();
        let chain = format!("{{% for c in [1,2,3,4,5,6,7,8] %}}{{% if s{} == 'y' %}}{{% endif %}}{{% endfor %}}", "|upper|lower".repeat(50));
        render(chain, &"x".repeat(200_000)).problem(422, "template.too_complex");
        assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    }
}

#[test]
fn a_chunked_body_that_nobody_reads_is_cut_off() {
    let mut s = Server::start(Engine::Sqlite);
    s.restart(|c| c.metrics_bind = Some("127.0.0.1:0".into()));
    let places = [(s.running().address, "/nowhere"), (s.running().metrics_address.unwrap(), "/metrics"), (s.running().address, PARTIES)];
    std::thread::scope(|scope| {
        for (address, path) in places {
            scope.spawn(move || {
                let mut stream = connect(address);
                let head =
                    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
                let begin = Instant::now();
                // drip, and what comes at full speed, alike: at some moment nobody takes it any more
                while stream.write_all(b"1\r\nx\r\n").is_ok() {
                    assert!(begin.elapsed() < Duration::from_secs(15), "{path} is read for ever");
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
            scope.spawn(move || {
                let mut stream = connect(address);
                let head =
                    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
                let begin = Instant::now();
                let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
                while stream.write_all(&chunk).is_ok() {
                    assert!(begin.elapsed() < Duration::from_secs(15), "{path} swallows for ever");
                }
            });
        }
    });
    assert_eq!(s.get("/livez").status, 200);
}

#[test]
fn a_server_that_drains_loses_no_request() {
    let mut s = Server::start(Engine::Sqlite);
    s.restart(|c| c.limits.notice = Duration::from_millis(700));
    let address = s.running().address;
    let ask = move |n: usize| {
        // a connection that is kept, as balancers keep them
        let mut stream = connect(address);
        let mut closed = false;
        let mut answered = 0;
        while !closed && answered < 200 {
            stream.write_all(b"GET /v1/error-codes HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") {
                assert_eq!(
                    stream.read(&mut byte).unwrap_or_else(|e| panic!("connection {n} was reset after {answered}: {e}")),
                    1,
                    "connection {n} ended"
                );
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).and_then(|l| l.trim().parse().ok()).unwrap();
            stream.read_exact(&mut vec![0; length]).unwrap();
            closed = head.contains("connection: close");
            answered += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        closed
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|n| scope.spawn(move || ask(n))).collect();
        std::thread::sleep(Duration::from_millis(200));
        s.running().drain_and_wait();
        assert!(clients.into_iter().all(|c| c.join().unwrap()), "each was told that its connection ends");
    });
}
