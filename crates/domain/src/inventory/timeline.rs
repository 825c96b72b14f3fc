//! What the movements of one product cost, played in the order of their business dates. A movement that is dated before others
//! is put in its place and those after it are played again; what comes out differently is corrected by entries of their own.
//! Pure arithmetic on one product of one company; who stores the figures and who posts them is not known here.

use std::collections::{BTreeMap, VecDeque};

use crate::kernel::Decimal;

use super::costing::{CostState, per_unit};
use crate::ids::ValueEntryId;
use crate::kernel::{Amount, Decimals, Quantity, Result, UnitPrice, round};

/// What a movement does to the stock of its product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Goods come in for this amount as a whole.
    In(Amount),
    /// Goods go out at the moving average. What was recorded before stays when it differs by no more than rounding does.
    Out { recorded: Option<Amount> },
    /// Goods come back of an issue at what they cost there; for `unknown` when that issue is not known.
    Back { of: ValueEntryId, unknown: Amount },
    /// Goods come back of an issue and are scrapped on arrival, by an entry of its own. Stock stays as it is.
    Scrapped { of: ValueEntryId, by: ValueEntryId, unknown: Amount },
}

/// Goods that moved: always a positive quantity, in the product's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub id: ValueEntryId,
    pub quantity: Quantity,
    pub effect: Effect,
}

/// An issue as far as it has not come back: what was there when it left, and what left below zero at a guessed cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Issue {
    pub covered: Quantity,
    pub cost: Amount,
    pub uncovered: Quantity,
    pub guess: Amount,
}

/// A part of something that came back of an issue.
struct Part {
    covered: Quantity,
    cost: Amount,
    uncovered: Quantity,
    guess: Amount,
}

/// Where the value of stock changes: at which movement, and whose cost it is. Both are the same but where a receipt covers goods
/// that were issued below zero.
pub type Slot = (ValueEntryId, ValueEntryId);

/// The state of a product while its movements are played.
#[derive(Debug, Clone)]
pub struct Timeline {
    state: CostState,
    minor_units: u32,
    /// What one unit costs when nothing else is known.
    expected: UnitPrice,
    issues: BTreeMap<ValueEntryId, Issue>,
    /// Issues below zero, the oldest first: the next receipts cover them.
    waiting: VecDeque<ValueEntryId>,
    changes: BTreeMap<Slot, Amount>,
}

impl Timeline {
    /// A product in this state; it is played from here on.
    pub fn new(state: CostState, expected: UnitPrice, minor_units: u32) -> Self {
        Self { state, minor_units, expected, issues: BTreeMap::new(), waiting: VecDeque::new(), changes: BTreeMap::new() }
    }
    /// An issue from before the beginning, of which goods come back later.
    pub fn know(&mut self, id: ValueEntryId, issue: Issue) {
        self.issues.insert(id, issue);
    }
    /// What is owned now and what it is worth.
    pub fn state(&self) -> CostState {
        self.state
    }
    /// All that changed the value, by place; zero where a movement changed nothing.
    pub fn changes(&self) -> &BTreeMap<Slot, Amount> {
        &self.changes
    }

    /// Plays one movement.
    ///
    /// # Errors
    /// A figure that is out of range.
    pub fn play(&mut self, m: &Movement) -> Result<()> {
        match m.effect {
            Effect::In(amount) => {
                self.note(m.id, m.id, amount);
                self.receive(m.id, m.quantity, amount)
            }
            Effect::Out { recorded } => self.issue(m.id, m.quantity, recorded),
            Effect::Back { of, unknown } => self.take_back(m, of, unknown),
            Effect::Scrapped { of, by, unknown } => self.scrap(m, of, by, unknown),
        }
    }

    fn note(&mut self, at: ValueEntryId, of: ValueEntryId, amount: Amount) {
        *self.changes.entry((at, of)).or_default() += amount;
    }

    fn share(&self, amount: Amount, part: Quantity, whole: Quantity) -> Result<Amount> {
        if part >= whole { Ok(amount) } else { Amount::exact(round(amount.get() * part.get() / whole.get(), self.minor_units)) }
    }

    /// Goods come in. Stock below zero is covered first: what was issued at a guessed cost gets its true cost, and only what
    /// remains enters the average.
    fn receive(&mut self, at: ValueEntryId, quantity: Quantity, amount: Amount) -> Result<()> {
        let before = self.state;
        let after = Quantity::exact((before.quantity + quantity).get())?;
        let mut value = before.value + amount;
        if before.quantity.is_negative() {
            let kept = if after.is_positive() { self.share(amount, after, quantity)? } else { Amount::ZERO };
            let covered = if after.is_positive() { -before.quantity } else { quantity };
            value += self.cover(at, covered, amount - kept)?;
        }
        let known = if after.is_positive() { per_unit(value, after) } else { per_unit(amount, quantity) };
        self.state =
            CostState { quantity: after, value: Amount::exact(value.get())?, last_unit_cost: known.unwrap_or(before.last_unit_cost) };
        Ok(())
    }

    /// Goods for `actual` take the place of as many that were issued below zero, the oldest issue first; by how much the value of
    /// stock changes.
    fn cover(&mut self, at: ValueEntryId, quantity: Quantity, actual: Amount) -> Result<Amount> {
        let (mut open, mut left, mut sum) = (quantity, actual, Amount::ZERO);
        while let Some(id) = self.waiting.front().copied().filter(|_| open.is_positive()) {
            let mut issue = self.issues.get(&id).copied().unwrap_or_default();
            let part = if issue.uncovered < open { issue.uncovered } else { open };
            let guess = if part.is_zero() { issue.guess } else { self.share(issue.guess, part, issue.uncovered)? };
            let cost = if part == open { left } else { self.share(actual, part, quantity)? };
            issue = Issue {
                covered: issue.covered + part,
                cost: issue.cost + cost,
                uncovered: issue.uncovered - part,
                guess: issue.guess - guess,
            };
            (open, left, sum) = (open - part, left - cost, sum + guess - cost);
            self.note(at, id, guess - cost);
            self.issues.insert(id, issue);
            if issue.uncovered.is_zero() {
                self.waiting.pop_front();
            }
        }
        Ok(sum)
    }

    /// Goods go out: `round(value × quantity / on hand)`, the last issue takes what remains, and what is issued below zero goes at
    /// the last known cost.
    fn issue(&mut self, id: ValueEntryId, quantity: Quantity, recorded: Option<Amount>) -> Result<()> {
        let before = self.state;
        let mut unit = before.unit_cost();
        if unit.is_zero() && !before.quantity.is_positive() {
            unit = self.expected;
        }
        let held = if before.quantity.is_positive() { before.quantity } else { Quantity::ZERO };
        let covered = if quantity < held { quantity } else { held };
        let mut cost = if covered.is_zero() { Amount::ZERO } else { self.share(before.value, covered, held)? };
        if let Some(kept) = recorded.map(|r| -r).filter(|kept| quantity < held && !kept.is_negative() && *kept <= before.value) {
            let cent = Decimal::new(1, self.minor_units);
            cost = if (kept - cost).abs().get() <= cent { kept } else { cost };
        }
        let uncovered = quantity - covered;
        let guess = Amount::exact(round(uncovered.get() * unit.get(), self.minor_units))?;
        self.note(id, id, -(cost + guess));
        self.issues.insert(id, Issue { covered, cost, uncovered, guess });
        if uncovered.is_positive() {
            self.waiting.push_back(id);
        }
        self.state = CostState {
            quantity: Quantity::exact((before.quantity - quantity).get())?,
            value: Amount::exact((before.value - cost - guess).get())?,
            last_unit_cost: unit,
        };
        Ok(())
    }

    /// Takes a part of an issue out of it: what left below zero comes back first, as it left last.
    fn part_of(&mut self, of: ValueEntryId, quantity: Quantity) -> Result<Option<Part>> {
        let Some(issue) = self.issues.get(&of).copied() else { return Ok(None) };
        let uncovered = if issue.uncovered < quantity { issue.uncovered } else { quantity };
        let guess = if uncovered.is_zero() { Amount::ZERO } else { self.share(issue.guess, uncovered, issue.uncovered)? };
        let covered = quantity - uncovered;
        let cost = if covered.is_zero() { Amount::ZERO } else { self.share(issue.cost, covered, issue.covered)? };
        let left = Issue {
            covered: if covered < issue.covered { issue.covered - covered } else { Quantity::ZERO },
            cost: issue.cost - cost,
            uncovered: issue.uncovered - uncovered,
            guess: issue.guess - guess,
        };
        self.issues.insert(of, left);
        if left.uncovered.is_zero() {
            self.waiting.retain(|id| *id != of);
        }
        Ok(Some(Part { covered, cost, uncovered, guess }))
    }

    fn take_back(&mut self, m: &Movement, of: ValueEntryId, unknown: Amount) -> Result<()> {
        let Some(part) = self.part_of(of, m.quantity)? else {
            self.note(m.id, m.id, unknown);
            return self.receive(m.id, m.quantity, unknown);
        };
        self.note(m.id, m.id, part.cost + part.guess);
        self.state.quantity = Quantity::exact((self.state.quantity + part.uncovered).get())?;
        self.state.value += part.guess;
        if part.covered.is_positive() { self.receive(m.id, part.covered, part.cost) } else { Ok(()) }
    }

    /// What comes back and is scrapped costs the scrap what it cost the customer; goods that left below zero still wait for their
    /// true cost.
    fn scrap(&mut self, m: &Movement, of: ValueEntryId, by: ValueEntryId, unknown: Amount) -> Result<()> {
        let part = self.part_of(of, m.quantity)?;
        let part = part.unwrap_or(Part { covered: m.quantity, cost: unknown, uncovered: Quantity::ZERO, guess: Amount::ZERO });
        self.note(m.id, m.id, part.cost + part.guess);
        self.note(by, by, -(part.cost + part.guess));
        self.issues.insert(by, Issue { covered: part.covered, cost: part.cost, uncovered: part.uncovered, guess: part.guess });
        if part.uncovered.is_positive() {
            self.waiting.push_back(by);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
