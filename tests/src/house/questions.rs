//! Questions between services: whoever declares one finds somebody who answers it, and asks it somewhere.

use std::collections::BTreeSet;

use super::{files, none, read};
use crate::harness::workspace;

/// The names in the `questions!` of a file: `OrdersOfParty<'a>(PartyId) -> OrdersOverview;`.
fn declared(source: &str) -> BTreeSet<String> {
    let blocks = source.split("crate::questions! {").skip(1).filter_map(|b| b.split("\n}").next());
    let heads = blocks.flat_map(|b| b.lines()).filter_map(|l| l.trim().split_once("<'a>("));
    heads.map(|(name, _)| name.to_string()).collect()
}

#[test]
fn every_question_is_answered_and_asked() {
    let all: BTreeSet<String> = files("crates/domain/src", ".rs").iter().flat_map(|p| declared(&read(workspace().join(p)))).collect();
    assert!(all.len() > 10, "{all:?}");
    let answered = gateway::composition::questions().answered();
    let asked: String = super::sources().iter().map(|p| read(workspace().join(p))).collect();
    let mut breaches: Vec<String> = all.iter().filter(|q| !answered.contains(&***q)).map(|q| format!("nobody answers {q}")).collect();
    breaches.extend(all.iter().filter(|q| !asked.contains(&format!("ask::<{q}>("))).map(|q| format!("nobody asks {q}")));
    none("a question has somebody who asks and one who answers", breaches);
}
