//! The demo company: every list has something to show, and what a list shows can be read one by one.

use serde_json::{Value, json};

use super::{Breaches, operations};
use crate::harness::Client;

/// Lists that an ordinary year leaves empty: nobody starts a job, nothing that happens by the clock or follows a fact fails, and
/// whoever looks wants to be reminded of nothing.
const EMPTY: [&str; 4] = ["list_jobs", "list_timer_failures", "list_follower_failures", "list_reminders"];

each_engine! {
    fn every_list_has_something_to_show_and_each_row_can_be_read(s) {
        gateway::demo::fill_quietly(&s.running().app).unwrap();
        s.request("POST", "/v1/platform/files")
            .bytes("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nA\r\n--x--\r\n".to_vec())
            .send()
            .created();
        walk_lists(s, |list| EMPTY.contains(&list)).none("every list of the demo company has rows, and each can be read by its id");
        let checks = s.get("/v1/platform/integrity").ok();
        assert_eq!(checks["passed"], json!(true), "{checks:#}");
    }
}

/// Waits until what follows the facts has reached the last of them, so that no row changes between a list and a read.
fn caught_up(s: &Client) {
    for _ in 0..600 {
        let followers = s.all("/v1/platform/followers");
        if followers.iter().all(|f| f["lag_events"] == 0) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("the followers do not catch up: {:#?}", s.all("/v1/platform/followers"));
}

/// Which lists have nothing to show although they may not be empty, or show a row that cannot be read as it stands there.
pub fn walk_lists(s: &Client, may_be_empty: impl Fn(&str) -> bool) -> Breaches {
    caught_up(s);
    let all = operations(s);
    let mut breaches = Breaches::default();
    for list in all.iter().filter(|o| o.id.starts_with("list_") && o.method == "GET" && !o.path.contains('{')) {
        let answer = s.get(&format!("{}{}", list.path, list.query()));
        if answer.status != 200 {
            continue;
        }
        let page = answer.json();
        let Some(rows) = page["data"].as_array() else { continue };
        let Some(row) = rows.first() else {
            if !may_be_empty(&list.id) && list.query().is_empty() {
                breaches.add(format!("{}: nothing to show", list.shown()));
            }
            continue;
        };
        let of_list = |path: &str| {
            path.strip_prefix(&list.path).is_some_and(|t| t.starts_with("/{") && t.ends_with('}') && t.matches('/').count() == 1)
        };
        let one = all.iter().any(|o| o.method == "GET" && of_list(&o.path));
        let Some(id) = row["id"].as_str().filter(|_| one) else { continue };
        let read = s.get(&format!("{}/{id}", list.path));
        let same = |a: &Value, b: &Value| a["id"] == b["id"] && a["version"] == b["version"];
        if read.status != 200 || !same(&read.json(), row) {
            breaches.add(format!("{}: {} {}", list.shown(), read.status, read.text()));
        }
    }
    breaches
}
