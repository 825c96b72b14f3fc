//! `allowed_actions` of every noun, over a year of the demo company: what is listed is never refused because of the state, and what
//! is listed in one state and not in another does not go there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Breaches, Operation, operations};
use crate::harness::Client;

/// Rows of a list that are looked at, of those with the same actions.
const ROWS: usize = 1;

/// Refusals that depend on the time of the call and not on the state alone.
const BY_THE_CLOCK: [(&str, &str); 2] = [
    ("case.reopen_window_over", "how long a closed case can be reopened"),
    ("case.closed", "a reply reopens a closed case for as long as that"),
];

/// Actions that no record of the demo lists: the noun, the verb and the reason.
const NEVER_LISTED: [(&str, &str, &str); 3] = [
    ("crm/opportunities", "splits", "replaces a part of the record, in every state in which it changes"),
    ("crm/quote-links", "accept", "the reader of a link has the quote and no list; `can_be_accepted` says whether it goes"),
    ("crm/quote-links", "reject", "as accept"),
];

/// Actions of states in which the demo has no record. Whether they go there and nowhere else is held by the tests of each noun; a
/// verb that is missing here and in the demo is found.
const NOT_IN_THE_DEMO: &[(&str, &[&str])] = &[
    ("accounting/journal-entries", &["post"]),
    ("accounting/periods", &["reopen"]),
    ("banking/payments", &["allocate", "post"]),
    ("crm/lead-scoring-models", &["activate"]),
    ("crm/pipelines", &["archive", "make-default", "restore"]),
    ("crm/quotes", &["accept", "convert", "reject"]),
    ("directory/parties", &["erase"]),
    ("identity/users", &["enable", "remove-second-factor"]),
    ("inventory/adjustments", &["post"]),
    ("marketing/campaigns", &["complete", "pause", "resume", "unschedule"]),
    ("marketing/journeys", &["resume"]),
    ("marketing/segments", &["add-members", "remove-members"]),
    ("platform/followers", &["retry"]),
    ("platform/jobs", &["cancel"]),
    ("platform/notifications", &["mark-unread"]),
    ("receivables/credit-notes", &["allocate", "post"]),
    ("receivables/invoices", &["post", "reverse-write-off"]),
    ("sales/deliveries", &["cancel", "record-serials", "ship"]),
    ("sales/orders", &["close", "confirm", "release"]),
    ("sales/returns", &["authorize", "credit", "receive", "reject"]),
    ("service/cases", &["close"]),
    ("service/kb-articles", &["publish", "restore"]),
    ("service/sla-policies", &["archive", "make-default"]),
];

/// Takes something of each noun out of use, so that the list shows what can be put back.
fn archive_some(s: &Client, noun: &str, rows: &[Value]) -> bool {
    let out = rows.iter().filter(|row| listed(row).contains("archive")).take(8);
    out.into_iter()
        .any(|row| s.act(&format!("/v1/{noun}/{}/archive", row["id"].as_str().unwrap_or_default()), row, Value::Null).status == 200)
}

/// The noun and the verb of an action: `sales/orders`, `confirm`.
fn parts(op: &Operation) -> Option<(&str, &str)> {
    let (noun, rest) = op.path.strip_prefix("/v1/")?.split_once("/{")?;
    let (_, verb) = rest.split_once("}/")?;
    let takes_dry_run = op.parameters().iter().any(|p| p["name"] == "dry_run");
    // what answers 201 makes a part of the record and is no action
    let makes = op.spec["responses"].get("201").is_some();
    (op.method == "POST" && takes_dry_run && !makes && !verb.contains('/')).then_some((noun, verb))
}

/// A page of a list, with what is out of use.
fn page_of(all: &[Operation], noun: &str) -> String {
    let list = all.iter().find(|o| o.method == "GET" && o.path == format!("/v1/{noun}"));
    let takes = |name: &str| list.is_some_and(|l| l.parameters().iter().any(|p| p["name"] == name));
    let more: String = ["archived", "merged"].iter().filter(|n| takes(n)).map(|n| format!("&{n}=any")).collect();
    format!("/v1/{noun}?limit=200{more}")
}

fn listed(row: &Value) -> BTreeSet<String> {
    row["allowed_actions"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
}

each_engine! {
    fn what_is_listed_is_not_refused_and_what_is_not_does_not_go(s) {
        gateway::demo::fill_quietly(&s.running().app).unwrap();
        let all = operations(s);
        let mut verbs: BTreeMap<&str, Vec<(&str, &Operation)>> = BTreeMap::new();
        for op in &all {
            if let Some((noun, verb)) = parts(op) {
                verbs.entry(noun).or_default().push((verb, op));
            }
        }
        let mut breaches = Breaches::default();
        let mut tried = 0;
        for (noun, verbs) in verbs {
            let mut rows = match s.get(&page_of(&all, noun)) {
                answer if answer.status == 200 => s.all(&page_of(&all, noun)),
                _ => Vec::new(),
            };
            let mut ever: BTreeSet<String> = rows.iter().flat_map(listed).collect();
            if verbs.iter().any(|(verb, _)| *verb == "restore") && archive_some(s, noun, &rows) {
                rows = s.all(&page_of(&all, noun));
                ever.extend(rows.iter().flat_map(listed));
            }
            for action in ever.iter().filter(|a| verbs.iter().all(|(verb, _)| verb != a)) {
                breaches.add(format!("{noun}: {action} is listed and no path ends so"));
            }
            for (verb, _) in verbs.iter().filter(|(verb, _)| !ever.contains(*verb)) {
                let absent = NOT_IN_THE_DEMO.iter().any(|(n, verbs)| *n == noun && verbs.contains(verb));
                if !absent && !NEVER_LISTED.iter().any(|(n, v, _)| (*n, *v) == (noun, *verb)) {
                    breaches.add(format!("{noun}: {verb} is listed by none of {} records", rows.len()));
                }
            }
            for (n, verb, _) in NEVER_LISTED.iter().filter(|(n, ..)| *n == noun) {
                if ever.contains(*verb) {
                    breaches.add(format!("{n}: {verb} is listed, and said to be never"));
                }
            }
            let mut seen: BTreeMap<BTreeSet<String>, usize> = BTreeMap::new();
            for row in &rows {
                let actions = listed(row);
                let count = seen.entry(actions.clone()).or_default();
                *count += 1;
                if *count > ROWS {
                    continue;
                }
                for (verb, op) in verbs.iter().filter(|(verb, _)| ever.contains(*verb)) {
                    // the example that readers see is tried where it may go
                    let body = op.shown_body().cloned().or_else(|| op.body_schema().map(|schema| op.example(schema))).unwrap_or(Value::Null);
                    let path = format!("/v1/{noun}/{}/{verb}?dry_run=true", row["id"].as_str().unwrap_or_default());
                    let answer = s.act(&path, row, body);
                    tried += 1;
                    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                    let state = |what: &str| format!("{noun} {} {actions:?}: {verb} {what}: {} {}", row["status"], answer.status, said["code"]);
                    let by_the_clock = BY_THE_CLOCK.iter().any(|(code, _)| said["code"] == *code);
                    let for_state = answer.status == 409 && said["allowed_actions"].is_array() && !by_the_clock;
                    if said["code"] == "invalid_body" || said["code"] == "unknown_field" {
                        breaches.add(state(&format!("does not take its example, {}", said["errors"])));
                    }
                    if actions.contains(*verb) && for_state {
                        breaches.add(state("is listed and refused"));
                    }
                    if !actions.contains(*verb) && answer.status < 300 {
                        breaches.add(state("is not listed and goes"));
                    }
                }
            }
        }
        assert!(tried > 100, "only {tried} actions were tried");
        breaches.none("allowed_actions and the refusals come from one rule");
    }
}
