//! What a transaction tells: facts, links between documents, what is heard of them in the same transaction, and what is left for
//! its end.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ids::{CompanyId, EventId};
use domain::kernel::{Id, problems};
use domain::{Event, Result};
use persistence::platform::events;
use persistence::platform::links::NewLink;

use super::Cx;
use crate::chain::new_fact;

/// Reactions may cause facts that cause reactions; more rounds than this are a loop.
const MAX_ROUNDS: usize = 20;

pub(super) type Last = Box<dyn FnOnce(&mut Cx) -> Result<()>>;

impl Cx<'_> {
    /// Tells a fact. It is kept when the transaction is.
    pub fn emit(&mut self, event: Event) {
        self.told.push(Arc::new(event));
    }
    /// Remembers that the document `to` came from `from`.
    pub fn link(&mut self, from: impl ToString, to: impl ToString, kind: &str) -> Result<()> {
        let link = NewLink { from: from.to_string(), to: to.to_string(), kind: kind.into() };
        if !self.links.contains(&link) {
            self.links.push(link);
        }
        Ok(())
    }
    /// Does something when the operation and all reactions to it are done: what locks a row that every transaction of a company
    /// needs, such as the series of its journal entries, so that it is locked for as short as can be.
    pub fn at_the_end(&mut self, f: impl FnOnce(&mut Cx) -> Result<()> + 'static) {
        self.last.push(Box::new(f));
    }
    /// Lets the services hear now what was told so far, so that the answer can show what came of it. What is told later is
    /// heard when the operation is done, as always.
    pub fn run_reactions(&mut self) -> Result<()> {
        self.react()?;
        // the answer may show which documents came of it
        let links = std::mem::take(&mut self.links);
        let origin = events::Origin { at: self.now, actor: &self.caller.id, actor_name: &self.caller.name, request_id: &self.request_id };
        Ok(events::insert(&mut self.conn, &origin, Vec::new(), &links)?)
    }

    // ---- the door's part ----------------------------------------------------------------------

    /// Lets the services hear what was told, until nothing new is told.
    pub(crate) fn react(&mut self) -> Result<()> {
        self.consequence(Self::react_unlimited)
    }
    fn react_unlimited(&mut self) -> Result<()> {
        let app = self.app.clone();
        let (mut rounds, mut end_of_round) = (0, self.told.len());
        while self.reacted < self.told.len() {
            if self.reacted >= end_of_round {
                (rounds, end_of_round) = (rounds + 1, self.told.len());
            }
            if rounds >= MAX_ROUNDS {
                log::error!("reactions do not come to an end: {}", self.told[self.reacted].kind);
                return Err(problems::internal.into());
            }
            let reactions = app.reactions.to(&self.told[self.reacted].kind);
            self.reacted += 1;
            if reactions.is_empty() {
                continue;
            }
            let event = self.told[self.reacted - 1].clone();
            for reaction in reactions {
                reaction(self, &event)?;
            }
        }
        Ok(())
    }
    /// Lets the services hear what was told, does what was left for the end, and lets them hear of that.
    pub(crate) fn finish(&mut self) -> Result<()> {
        loop {
            self.react()?;
            if self.last.is_empty() {
                return Ok(());
            }
            for f in std::mem::take(&mut self.last) {
                self.consequence(|cx| f(cx))?;
            }
        }
    }
    /// Whether anything told changes who may do what.
    pub(crate) fn tells_of_rights(&self) -> bool {
        self.told.iter().any(|e| crate::identity::concerns_rights(&e.kind))
    }
    /// The companies that what was told concerns.
    pub(crate) fn companies_told(&self) -> BTreeSet<CompanyId> {
        self.told.iter().filter_map(|e| e.company).collect()
    }
    /// Writes what was told; the last of the facts.
    pub(crate) fn keep_events(&mut self) -> Result<Option<EventId>> {
        let links = std::mem::take(&mut self.links);
        let told = std::mem::take(&mut self.told);
        self.reacted = 0;
        let origin = events::Origin { at: self.now, actor: &self.caller.id, actor_name: &self.caller.name, request_id: &self.request_id };
        let facts: Vec<_> = told.iter().map(|event| new_fact(event, &origin)).collect();
        let last = facts.last().map(|fact| EventId::from_uuid(fact.id));
        events::insert(&mut self.conn, &origin, facts, &links)?;
        Ok(last)
    }
}
