//! The movements of a product around a business date: loaded as far back as they matter, played with what is new in its place,
//! and compared with what the value ledger says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::ids::{AccountId, ValueEntryId};
use domain::inventory::costing::{CostState, ValueKind, per_unit};
use domain::inventory::timeline::{Effect, Issue, Movement, Slot, Timeline};
use domain::inventory::valuation::{ProductCost, ValueEntry};
use persistence::inventory::valuation;
use platform::prelude::*;

/// The value of a product went from one inventory account to another.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    /// The entry that took the value off the old account.
    pub id: ValueEntryId,
    pub date: NaiveDate,
    pub old: AccountId,
    pub new: AccountId,
}

/// A product at a moment of its past, and what was recorded after it.
pub struct Past {
    timeline: Timeline,
    /// The business date at whose end the timeline began; none for the very beginning, or for now.
    since: Option<NaiveDate>,
    later: Vec<Movement>,
    dates: BTreeMap<ValueEntryId, NaiveDate>,
    counters: BTreeMap<ValueEntryId, Option<AccountId>>,
    recorded: BTreeMap<Slot, Amount>,
    transfers: Vec<Transfer>,
}

impl Past {
    /// The product as it is now; nothing comes after.
    pub fn now(cost: &ProductCost, expected: UnitPrice, minor_units: u32) -> Self {
        Self::beginning(cost.state(), None, expected, minor_units)
    }

    fn beginning(state: CostState, since: Option<NaiveDate>, expected: UnitPrice, minor_units: u32) -> Self {
        Self {
            timeline: Timeline::new(state, expected, minor_units),
            since,
            later: Vec::new(),
            dates: BTreeMap::new(),
            counters: BTreeMap::new(),
            recorded: BTreeMap::new(),
            transfers: Vec::new(),
        }
    }

    /// The product at the end of a business date, with all that was recorded for days after it. It is played from the last day
    /// before at which nothing was below zero, so that goods without a cost of their own are known.
    pub fn load(cx: &mut Cx, cost: &ProductCost, date: NaiveDate, expected: UnitPrice, minor_units: u32) -> Result<Self> {
        let (company, product) = (cost.company_id, cost.product_id);
        let mut base = Some((date, valuation::at(cx.db(), company, product, date)?));
        if base.is_some_and(|(_, (quantity, _))| quantity.is_negative()) {
            let (mut quantity, mut value) = (Quantity::ZERO, Amount::ZERO);
            base = None;
            for (day, moved, changed) in valuation::days(cx.db(), company, product, date)? {
                (quantity, value) = (quantity + moved, value + changed);
                if !quantity.is_negative() {
                    base = Some((day, (quantity, value)));
                }
            }
        }
        let since = base.map(|(day, _)| day);
        let mut state = CostState::default();
        if let Some((day, (quantity, value))) = base {
            let last = valuation::last_movement(cx.db(), company, product, day)?;
            let unit = last.and_then(|(quantity, amount)| per_unit(amount.abs(), quantity.abs())).unwrap_or_default();
            state = CostState { quantity, value, last_unit_cost: unit };
        }
        let entries = valuation::after(cx.db(), company, product, since)?;
        let mut past = Self::beginning(state, since, expected, minor_units);
        let movements = past.read(&entries);
        past.know_issues(cx, movements.iter().map(|m| m.effect))?;
        for m in movements {
            match past.dates.get(&m.id).is_some_and(|day| *day > date) {
                true => past.later.push(m),
                false => past.timeline.play(&m)?,
            }
        }
        Ok(past)
    }

    /// Takes up what was recorded; the movements in their order.
    fn read(&mut self, entries: &[ValueEntry]) -> Vec<Movement> {
        let scrapped: BTreeMap<ValueEntryId, ValueEntryId> =
            entries.iter().filter(|e| e.quantity.is_negative()).filter_map(|e| Some((e.applies_to_id?, e.id))).collect();
        let mut out = Vec::with_capacity(entries.len());
        for e in entries {
            self.dates.insert(e.id, e.valuation_date);
            if e.kind == ValueKind::Transfer {
                // its other half, and what was carried over later, apply to it
                if let (None, Some(old), Some(new)) = (e.applies_to_id, e.account_id, e.counter_account_id) {
                    self.transfers.push(Transfer { id: e.id, date: e.entry_date, old, new });
                }
                continue;
            }
            if e.quantity.is_zero() {
                let of = e.applies_to_id.unwrap_or(e.id);
                *self.recorded.entry((e.covered_by_id.unwrap_or(of), of)).or_default() += e.amount;
                continue;
            }
            *self.recorded.entry((e.id, e.id)).or_default() += e.amount;
            self.counters.insert(e.id, e.counter_account_id);
            let effect = match (e.applies_to_id, scrapped.get(&e.id)) {
                (Some(of), Some(by)) => Effect::Scrapped { of, by: *by, unknown: e.amount },
                // the entry that takes scrapped goods off again is played with that of their return
                (Some(_), None) if e.quantity.is_negative() => continue,
                (Some(of), None) => Effect::Back { of, unknown: e.amount },
                (None, _) if e.quantity.is_negative() => Effect::Out { recorded: None },
                (None, _) => Effect::In(e.amount),
            };
            out.push(Movement { id: e.id, quantity: e.quantity.abs(), effect });
        }
        for m in &mut out {
            if let Effect::Out { recorded } = &mut m.effect {
                *recorded = self.recorded.get(&(m.id, m.id)).copied();
            }
        }
        out
    }

    /// Loads the issues that goods come back of and that were before the beginning.
    fn know_issues(&mut self, cx: &mut Cx, effects: impl Iterator<Item = Effect>) -> Result<()> {
        let wanted: BTreeSet<ValueEntryId> = effects
            .filter_map(|effect| match effect {
                Effect::Back { of, .. } | Effect::Scrapped { of, .. } => Some(of),
                Effect::In(_) | Effect::Out { .. } => None,
            })
            .filter(|of| !self.counters.contains_key(of))
            .collect();
        let ids: Vec<_> = wanted.iter().map(|id| id.uuid()).collect();
        let entries = valuation::with_applied(cx.db(), &ids, self.since)?;
        let backs: Vec<&ValueEntry> = entries.iter().filter(|e| e.kind == ValueKind::Return).collect();
        let back_ids: Vec<_> = backs.iter().map(|e| e.id.uuid()).collect();
        let on_backs = valuation::with_applied(cx.db(), &back_ids, self.since)?;
        let corrections = |of: ValueEntryId, among: &[ValueEntry]| -> Amount {
            among.iter().filter(|e| e.kind == ValueKind::Correction && e.applies_to_id == Some(of)).map(|e| e.amount).sum()
        };
        for issue in entries.iter().filter(|e| wanted.contains(&e.id)) {
            let (mut covered, mut cost) = (-issue.quantity, -(issue.amount + corrections(issue.id, &entries)));
            for back in backs.iter().filter(|b| b.applies_to_id == Some(issue.id)) {
                covered -= back.quantity;
                cost -= back.amount + corrections(back.id, &on_backs);
            }
            self.timeline.know(issue.id, Issue { covered, cost, ..Issue::default() });
            self.counters.insert(issue.id, issue.counter_account_id);
        }
        Ok(())
    }

    /// What is owned and worth where the timeline stands.
    pub fn state(&self) -> CostState {
        self.timeline.state()
    }

    /// Plays a new movement in its place, and all that was recorded after it.
    pub fn play(&mut self, cx: &mut Cx, new: Movement, date: NaiveDate) -> Result<()> {
        self.know_issues(cx, [new.effect].into_iter())?;
        self.dates.insert(new.id, date);
        self.timeline.play(&new)?;
        for m in &self.later {
            self.timeline.play(m)?;
        }
        Ok(())
    }

    /// By how much a movement of its own changes the value.
    pub fn amount(&self, id: ValueEntryId) -> Amount {
        self.timeline.changes().get(&(id, id)).copied().unwrap_or_default()
    }

    /// By how much what is right differs from what was recorded, by place, in the order in which things happened.
    pub fn differences(&self) -> Vec<(Slot, Amount)> {
        let changes = self.timeline.changes();
        let slots: BTreeSet<Slot> = changes.keys().chain(self.recorded.keys()).copied().collect();
        let difference =
            |slot: &Slot| changes.get(slot).copied().unwrap_or_default() - self.recorded.get(slot).copied().unwrap_or_default();
        slots.iter().map(|slot| (*slot, difference(slot))).filter(|(_, amount)| !amount.is_zero()).collect()
    }

    /// The business date for which a movement counts.
    pub fn date_of(&self, at: ValueEntryId) -> Option<NaiveDate> {
        self.dates.get(&at).copied()
    }

    /// The account on the other side of a movement.
    pub fn counter_of(&self, id: ValueEntryId) -> Option<AccountId> {
        self.counters.get(&id).copied().flatten()
    }

    /// Whether anything was recorded for days after.
    pub fn has_later(&self) -> bool {
        !self.later.is_empty()
    }

    /// When the value went to another inventory account, in that order.
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    /// The inventory account on which the value stood on a day; nothing when it never changed since the beginning.
    pub fn account_on(&self, date: NaiveDate) -> Option<AccountId> {
        let before = self.transfers.iter().rev().find(|t| t.date <= date).map(|t| t.new);
        before.or_else(|| self.transfers.first().map(|t| t.old))
    }
}
