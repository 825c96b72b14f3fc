//! The feed as a stream: every event once and in order, only what the caller may see, and an end when the rights end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixtures::{customer, id, user, user_with};
use crate::harness::{Client, Server};

const PATH: &str = "/v1/platform/events/stream";

/// One open stream, read as a client reads it.
struct Stream {
    lines: BufReader<TcpStream>,
    /// The last `id` that was received.
    last: String,
}

/// What a stream says.
#[derive(Debug)]
enum Said {
    Event(Value),
    End(String),
    Closed,
}

impl Stream {
    fn open(c: &Client, query: &str, last: Option<&str>) -> Self {
        let address = c.base().trim_start_matches("http://").to_string();
        let mut socket = TcpStream::connect(&address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let last_header = last.map(|l| format!("Last-Event-ID: {l}\r\n")).unwrap_or_default();
        let token = c.token().unwrap_or_default();
        let head = format!(
            "GET {PATH}{query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer {token}\r\n{last_header}\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(socket);
        let mut head = String::new();
        while lines.read_line(&mut head).unwrap() > 2 {}
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        crate::harness::record::called("GET", PATH, 200);
        assert!(head.contains("content-type: text/event-stream") && head.contains("transfer-encoding: chunked"), "{head}");
        let mut stream = Self { lines, last: String::new() };
        // the first message says where it begins
        let greeting = stream.chunk().unwrap();
        stream.last = greeting.lines().find_map(|l| l.strip_prefix("id: ")).unwrap().to_string();
        stream
    }
    /// One chunk of the body; nothing at its end.
    fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        match self.lines.read_line(&mut size) {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
        let size = usize::from_str_radix(size.trim(), 16).ok().filter(|n| *n > 0)?;
        let mut bytes = vec![0; size + 2];
        self.lines.read_exact(&mut bytes).ok()?;
        bytes.truncate(size);
        Some(String::from_utf8(bytes).unwrap())
    }
    fn next(&mut self) -> Said {
        loop {
            let Some(chunk) = self.chunk() else { return Said::Closed };
            for message in chunk.split("\n\n").filter(|m| !m.trim().is_empty()) {
                let field = |name: &str| message.lines().find_map(|l| l.strip_prefix(name));
                if let Some(id) = field("id: ") {
                    self.last = id.to_string();
                }
                let Some(data) = field("data: ").map(|d| serde_json::from_str::<Value>(d).unwrap()) else { continue };
                assert_eq!(chunk.matches("\n\n").count(), 1, "one message at a time");
                return match field("event: ") {
                    Some("end") => Said::End(data["reason"].as_str().unwrap().to_string()),
                    other => {
                        assert_eq!(other, None);
                        assert_eq!(self.last, data["seq"].to_string());
                        Said::Event(data)
                    }
                };
            }
        }
    }
    fn event(&mut self) -> Value {
        match self.next() {
            Said::Event(event) => event,
            other => panic!("instead of an event: {other:?}"),
        }
    }
    fn end(&mut self) -> String {
        loop {
            match self.next() {
                Said::End(reason) => return reason,
                Said::Closed => panic!("closed without a word"),
                Said::Event(_) => {}
            }
        }
    }
}

/// The latest number of the feed, when everything told so far has one.
fn settled(s: &Server) -> i64 {
    let begin = Instant::now();
    loop {
        let waiting = s.get("/v1/platform/audit-log?sort=-seq&limit=1").ok()["data"][0]["seq"].is_null();
        let last = s.get("/v1/platform/events?sort=-seq&limit=1").ok()["data"][0]["seq"].as_i64();
        std::thread::sleep(Duration::from_millis(50));
        let again = s.get("/v1/platform/events?sort=-seq&limit=1").ok()["data"][0]["seq"].as_i64();
        if !waiting && last == again {
            return last.unwrap_or_default();
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "the events got no numbers");
    }
}

each_engine! {
    fn an_event_reaches_all_readers_as_it_happens(s) {
        settled(s);
        let mut all: Vec<Stream> = (0..5).map(|_| Stream::open(s, "", None)).collect();
        let mut parties = Stream::open(s, "?kind=party.*,unit.created", None);
        let mut other = Stream::open(s, "?kind=invoice.posted", None);
        let party = customer(s, "Alfreds");
        for stream in &mut all {
            let event = stream.event();
            assert_eq!((&event["kind"], &event["subject"]), (&json!("party.created"), &party["id"]));
        }
        assert_eq!(parties.event()["data"]["name"], "Alfreds");
        // the same event in the list is the same
        let listed = s.get(&format!("/v1/platform/events?subject={}", id(&party))).ok();
        assert_eq!(Stream::open(s, "?kind=party.created", Some("0")).event(), listed["data"][0]);
        s.act(&format!("/v1/directory/parties/{}/archive", id(&party)), &party, json!({})).ok();
        assert_eq!(parties.event()["kind"], "party.archived");
        s.running().drain();
        assert_eq!((other.end().as_str(), parties.end().as_str()), ("stopping", "stopping"));
    }

    fn a_reader_that_comes_again_gets_every_event_once(s) {
        let begin = settled(s);
        let made: Vec<Value> = (0..40).map(|i| customer(s, &format!("Customer {i}"))).collect();
        let mut stream = Stream::open(s, "?kind=party.created", Some(&begin.to_string()));
        let mut seen: Vec<Value> = Vec::new();
        let client: Client = Client::clone(s);
        let make = move |i: i32| client.post("/v1/directory/parties", json!({"name": format!("Customer {i}")})).created();
        std::thread::scope(|scope| {
            // while others write, the reader goes away and comes again
            let writer = scope.spawn(move || (40..120).map(make).collect::<Vec<_>>());
            while seen.len() < 120 {
                seen.push(stream.event()["subject"].clone());
                if seen.len().is_multiple_of(17) {
                    let last = stream.last.clone();
                    stream = Stream::open(s, "?kind=party.created", Some(&last));
                    assert_eq!(stream.last, last);
                }
            }
            let later = writer.join().unwrap();
            let wanted: Vec<Value> = made.iter().chain(&later).map(|p| p["id"].clone()).collect();
            assert_eq!(seen, wanted);
        });
        // with the parameter as well
        let first = Stream::open(s, &format!("?kind=party.created&after={begin}"), None).event();
        assert_eq!(first["subject"], made[0]["id"]);
    }

    fn a_reader_sees_what_the_list_would_show(s) {
        let company = s.company_id();
        let seller = user_with(s, &["crm.opportunities.*:own", "platform.events.read", "directory.parties.read"], &[company]);
        let own = seller.get("/v1/identity/me").ok()["user"]["id"].clone();
        let party = customer(s, "Alfreds");
        let begin = settled(s).to_string();
        let mut stream = Stream::open(&seller, "", None);
        let deal = |name: &str, owner: Value| {
            let body = json!({"company_id": company, "name": name, "party_id": party["id"], "owner_id": owner});
            s.post("/v1/crm/opportunities", body).created()
        };
        deal("Of others", json!(null));
        s.post("/v1/crm/leads", json!({"company_id": company, "last_name": "Nobody"})).created();
        let mine = deal("Mine", own);
        let event = stream.event();
        assert_eq!((&event["kind"], &event["subject"]), (&json!("opportunity.created"), &mine["id"]));
        // and so does one that comes later
        assert_eq!(Stream::open(&seller, "", Some(&begin)).event()["subject"], mine["id"]);
        // of another company there is nothing
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        let outsider = user_with(s, &["*"], &[id(&elsewhere)]);
        let mut outside = Stream::open(&outsider, "?kind=opportunity.*,party.created", None);
        deal("Unseen", json!(null));
        let seen = customer(s, "For all companies");
        assert_eq!(outside.event()["subject"], seen["id"]);
    }

    fn a_stream_ends_with_the_session_and_with_the_rights(s) {
        let (person, password) = user(s);
        let role = s.post("/v1/identity/roles", json!({"code": "reader", "name": "Reader", "permissions": ["platform.events.read", "directory.parties.read"]})).created();
        let given = s.post(&format!("/v1/identity/users/{}/roles", id(&person)), json!({"role_id": role["id"]})).created();
        s.post(&format!("/v1/identity/users/{}/grants", id(&person)), json!({"company_id": s.company_id()})).created();
        let email = person["email"].as_str().unwrap();
        let reader = s.login(email, password);
        let mut stream = Stream::open(&reader, "", None);
        reader.post("/v1/identity/logout", json!({})).ok();
        assert_eq!(stream.end(), "unauthenticated");
        let reader = s.login(email, password);
        let mut stream = Stream::open(&reader, "", None);
        let now = s.get(&format!("/v1/identity/users/{}", id(&person))).ok();
        s.delete(&format!("/v1/identity/users/{}/roles/{}", id(&person), id(&given)), &now).no_content();
        assert_eq!(stream.end(), "rights_changed");
        reader.get(PATH).problem(403, "missing_scope");
    }

    fn wrong_requests_and_too_many_streams_are_refused(s) {
        s.anonymous().get(PATH).problem(401, "unauthenticated");
        user_with(s, &["crm.*"], &[s.company_id()]).get(PATH).problem(403, "missing_scope");
        s.get(&format!("{PATH}?limit=5")).problem(400, "unknown_parameter");
        s.get(&format!("{PATH}?kind=*")).problem(400, "invalid_parameter");
        s.get(&format!("{PATH}?after=999999999")).problem(422, "invalid_query");
        s.request("GET", PATH).header("last-event-id", "x").send().problem(400, "invalid_header");
        s.request("GET", PATH).header("last-event-id", "999999999").send().problem(422, "invalid_query");
        s.request("GET", PATH).header("accept", "application/xml").send().problem(406, "not_acceptable");
        let open: Vec<Stream> = (0..50).map(|_| Stream::open(s, "", None)).collect();
        s.get(PATH).problem(429, "too_many_requests");
        drop(open);
        // a place is free again as soon as the connection is gone
        let begin = Instant::now();
        let mut freed = false;
        while !freed {
            customer(s, "Somebody");
            freed = s.request("HEAD", PATH).send().status == 200 && s.running().streams() < 50;
            assert!(begin.elapsed() < Duration::from_secs(30), "{} are open", s.running().streams());
        }
        Stream::open(s, "", None);
    }

    fn a_reader_on_another_replica_misses_nothing(s) {
        let replica = match s.engine {
            crate::harness::Engine::Postgres => s.replica(),
            crate::harness::Engine::Sqlite => return,
        };
        settled(s);
        let mut stream = Stream::open(&replica, "?kind=party.created", None);
        let begin = Instant::now();
        let party = customer(s, "Alfreds");
        assert_eq!(stream.event()["subject"], party["id"]);
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
}
