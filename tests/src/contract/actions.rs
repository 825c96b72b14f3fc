//! `allowed_actions` of every noun, over a year of the demo company: what is listed is never refused because of the state, and what
//! is listed in one state and not in another does not go there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Breaches, Operation, operations};

/// Rows of a list that are looked at, of those with the same actions.
const ROWS: usize = 1;

/// Refusals that depend on the time of the call and not on the state alone.
const BY_THE_CLOCK: [(&str, &str); 2] = [
    ("case.reopen_window_over", "how long a closed case can be reopened"),
    ("case.closed", "a reply reopens a closed case for as long as that"),
];

/// Actions that no record of the demo lists: the noun, the verb and the reason.
const NEVER_LISTED: [(&str, &str, &str); 2] = [
    ("crm/quote-links", "accept", "the reader of a link has the quote and no list; `can_be_accepted` says whether it goes"),
    ("crm/quote-links", "reject", "as accept"),
];

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
            let rows = match s.get(&page_of(&all, noun)) {
                answer if answer.status == 200 => s.all(&page_of(&all, noun)),
                _ => Vec::new(),
            };
            let ever: BTreeSet<String> = rows.iter().flat_map(listed).collect();
            for action in ever.iter().filter(|a| verbs.iter().all(|(verb, _)| verb != a)) {
                breaches.add(format!("{noun}: {action} is listed and no path ends so"));
            }
            for (verb, _) in verbs.iter().filter(|(verb, _)| !ever.contains(*verb)) {
                if !NEVER_LISTED.iter().any(|(n, v, _)| (*n, *v) == (noun, *verb)) {
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
