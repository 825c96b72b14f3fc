//! What services do in the transaction of a fact.

use std::collections::BTreeMap;

use domain::{Event, Result};

use crate::cx::Cx;

type Reaction = fn(&mut Cx, &Event) -> Result<()>;

/// Who hears what, in the transaction of the fact itself.
#[derive(Default)]
pub struct Reactions(BTreeMap<&'static str, Hearers>);

/// Who hears of a fact, in this order.
#[derive(Default)]
struct Hearers {
    /// How many of them asked to be first.
    first: usize,
    all: Vec<Reaction>,
}

impl Reactions {
    /// Hears of a fact, after those who hear of it first. Nothing may depend on the order of two of these.
    pub fn on(&mut self, kind: &'static str, f: Reaction) {
        self.0.entry(kind).or_default().all.push(f);
    }
    /// Hears of a fact before those who did not ask to, whichever was declared first.
    pub fn first(&mut self, kind: &'static str, f: Reaction) {
        let hearers = self.0.entry(kind).or_default();
        hearers.all.insert(hearers.first, f);
        hearers.first += 1;
    }
    pub(crate) fn to(&self, kind: &str) -> &[Reaction] {
        self.0.get(kind).map(|h| h.all.as_slice()).unwrap_or_default()
    }
}
