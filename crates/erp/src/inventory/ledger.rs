//! The one place where the value of stock changes: running costs are locked by product, the costing rules decide, and each
//! change is an entry of the value ledger and a part of one line of a journal entry. A movement dated before others has those
//! after it costed anew ([`super::recosting`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::accounting::account_determinations::{Rule, determine};
use domain::accounting::posting::{AccountRef, ItemClass, Journal, ModuleClass, POSTING_RULE_MISSING, Posting, PostingLine, Role};
use domain::directory::companies::Company;
use domain::directory::products::{PostingClass, Product};
use domain::ids::{AccountId, JournalEntryId, PartyId, ProductCostId, ProductId, ValueEntryId};
use domain::inventory::adjustments::gain_cost;
use domain::inventory::costing::ValueKind;
use domain::inventory::stock::DATE_IN_FUTURE;
use domain::inventory::timeline::{Effect, Movement};
use domain::inventory::valuation::{ProductCost, ValueEntry};
use domain::kernel::StringEnum;
use persistence::inventory::valuation;
use platform::prelude::*;
use uuid::Uuid;

use super::recosting::Past;
use super::shelves::Source;
use crate::accounting::periods::{admit, first_open_day};
use crate::accounting::posting::rules_of;

/// The locked running costs of some products, and what is to be written.
pub struct Ledger {
    company: Company,
    rules: Arc<Vec<Rule>>,
    costs: BTreeMap<ProductId, ProductCost>,
    touched: BTreeSet<ProductId>,
    entries: Vec<ValueEntry>,
    /// Whether any entry, also of those that are written already, corrects another.
    corrects: bool,
    /// Debit less credit, by day and account.
    booked: BTreeMap<NaiveDate, BTreeMap<AccountId, Amount>>,
}

/// Whether the documents that moved goods in this transaction had others costed anew.
#[derive(Clone, Default)]
struct Corrections(BTreeMap<String, bool>);

/// Whether a document may have had others costed anew: false only where this transaction knows that it had not.
pub fn may_have_corrected(cx: &Cx, document: &str) -> bool {
    cx.noted::<Corrections>(Uuid::nil()).is_none_or(|c| c.0.get(document) != Some(&false))
}

/// What an account of a posting is for.
pub type Purpose = (Role, Option<ItemClass>);

/// What happens to the value of a product.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// Goods turn up, at this cost each or else at the running cost.
    Gain { unit_cost: Option<UnitPrice> },
    /// Goods leave at the moving average; the word says why.
    Out(ValueKind),
    /// Goods come back of an issue, at what they cost there.
    Back { of: ValueEntryId },
    /// Goods come back of an issue and are scrapped on arrival.
    Scrapped { of: ValueEntryId },
}

/// By which accounts the goods are booked.
pub fn item_class(class: PostingClass) -> ItemClass {
    class.into()
}

/// Refuses a movement on a day to come; what is meant to move then is a draft until that day.
pub fn not_in_future(cx: &Cx, company: &Company, date: NaiveDate, pointer: &str) -> Result<()> {
    let today = cx.today(company);
    if date > today { Err(DATE_IN_FUTURE.field(pointer, format!("{date} is after today, {today}."))) } else { Ok(()) }
}

impl Ledger {
    /// Locks the running costs of these products for a document of this date, whose period must admit movements of stock, whether
    /// or not they have value. Products without a cost get a row of zero.
    pub fn lock(cx: &mut Cx, company: &Company, products: &[ProductId], date: NaiveDate) -> Result<Self> {
        admit(cx, company.id, date, ModuleClass::Inventory)?;
        let mut ids: Vec<Uuid> = products.iter().map(|p| p.uuid()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut rows = valuation::lock(cx.db(), company.id, &ids)?;
        if rows.len() < ids.len() {
            let missing = ids.iter().filter(|id| !rows.iter().any(|r| r.product_id.uuid() == **id));
            let new: Vec<ProductCost> = missing
                .map(|id| ProductCost {
                    id: cx.new_id::<ProductCostId>(),
                    company_id: company.id,
                    product_id: ProductId::from_uuid(*id),
                    quantity: Quantity::ZERO,
                    value: Amount::ZERO,
                    last_unit_cost: UnitPrice::ZERO,
                    account_id: None,
                    last_entry_date: None,
                    version: 1,
                    updated_at: cx.now,
                })
                .collect();
            valuation::open(cx.db(), &new)?;
            rows = valuation::lock(cx.db(), company.id, &ids)?;
        }
        Ok(Self {
            company: company.clone(),
            rules: rules_of(cx, company.id)?,
            costs: rows.into_iter().map(|r| (r.product_id, r)).collect(),
            touched: BTreeSet::new(),
            entries: Vec::new(),
            corrects: false,
            booked: BTreeMap::new(),
        })
    }

    fn account(&self, (role, class): Purpose, date: NaiveDate) -> Option<AccountId> {
        determine(&self.rules, role, class, None, date)
    }

    /// Changes the value of so many pieces of a product, against the account of `counter`. Answers by how much: what goods cost that
    /// came in is above zero, what goods cost that left below it.
    pub fn apply(
        &mut self,
        cx: &mut Cx,
        source: Source,
        product: &Product,
        counter: Purpose,
        change: Change,
        quantity: Quantity,
    ) -> Result<Amount> {
        let class = item_class(product.posting_class);
        let cost = self.costs.get(&product.id).cloned().ok_or_else(|| persistence::RETRY.with("The cost changed at the same time."))?;
        let expected = product.expected_cost.filter(|_| product.currency.as_deref() == Some(&*self.company.currency)).unwrap_or_default();
        let minor_units = self.company.minor_units();
        let out = matches!(change, Change::Out(_));
        let mut past = match cost.last_entry_date.is_some_and(|last| last > source.date) || (cost.quantity.is_negative() && !out) {
            false => Past::now(&cost, expected, minor_units),
            true => {
                // what is planned already is read back in its place
                cx.insert_all(&std::mem::take(&mut self.entries))?;
                Past::load(cx, &cost, source.date, expected, minor_units)?
            }
        };
        let inventory = self.inventory_account(cx, source, product, &mut past)?;
        let other = self.account(counter, source.date);
        let id = cx.new_id::<ValueEntryId>();
        let by = cx.new_id::<ValueEntryId>();
        let (kind, effect, applies_to) = match change {
            Change::Gain { unit_cost } => {
                let amount = gain_cost(past.state(), quantity, unit_cost, expected, minor_units)?;
                (ValueKind::Adjustment, Effect::In(amount), None)
            }
            Change::Out(kind) => (kind, Effect::Out { recorded: None }, None),
            Change::Back { of } => (ValueKind::Return, Effect::Back { of, unknown: Amount::ZERO }, Some(of)),
            Change::Scrapped { of } => (ValueKind::Return, Effect::Scrapped { of, by, unknown: Amount::ZERO }, Some(of)),
        };
        past.play(cx, Movement { id, quantity, effect }, source.date)?;
        let amount = past.amount(id);
        let own = ValueEntry {
            id,
            company_id: cost.company_id,
            product_id: product.id,
            kind,
            quantity: if out { -quantity } else { quantity },
            amount,
            source_id: source.document.into(),
            source_line_id: source.line.map(Into::into),
            entry_date: source.date,
            valuation_date: source.date,
            applies_to_id: applies_to,
            covered_by_id: None,
            account_id: inventory,
            counter_account_id: other,
            created_at: cx.now,
        };
        let mut made = Vec::new();
        if matches!(change, Change::Scrapped { .. }) {
            let scrap = self.account((Role::Scrap, None), source.date);
            made.push(ValueEntry {
                id: by,
                kind: ValueKind::Adjustment,
                quantity: -quantity,
                amount: past.amount(by),
                applies_to_id: Some(id),
                counter_account_id: scrap,
                ..own.clone()
            });
        }
        made.insert(0, own);
        self.correct(cx, source, class, &past, &mut made)?;
        self.carry_over(cx, source, &past, &mut made)?;
        for e in made {
            self.book(e)?;
        }
        if let Some(row) = self.costs.get_mut(&product.id) {
            row.set(past.state());
            row.last_entry_date = row.last_entry_date.max(Some(source.date));
            row.account_id = row.account_id.or(inventory);
        }
        self.touched.insert(product.id);
        Ok(amount)
    }

    /// The inventory account of a movement. When it is another than the one on which the value of the product stands, because its
    /// posting class or a rule changed, and nothing was dated later, the value goes there first.
    fn inventory_account(&mut self, cx: &Cx, source: Source, product: &Product, past: &mut Past) -> Result<Option<AccountId>> {
        let now = self.account((Role::Inventory, Some(item_class(product.posting_class))), source.date);
        let Some(cost) = self.costs.get_mut(&product.id) else { return Ok(now) };
        if past.has_later() {
            return Ok(past.account_on(source.date).or(cost.account_id).or(now));
        }
        let (Some(old), Some(new)) = (cost.account_id, now) else { return Ok(now.or(cost.account_id)) };
        let (company, value) = (cost.company_id, past.state().value);
        cost.account_id = Some(new);
        if old != new {
            for e in (Transfer { value, old, new, date: source.date, of: None }).entries(cx, company, source, product.id) {
                self.book(e)?;
            }
        }
        Ok(Some(new))
    }

    /// The entries that bring what was recorded before to what it costs now: on the day of the movement where its period is open, or
    /// else on the first day that is.
    fn correct(&self, cx: &mut Cx, source: Source, class: ItemClass, past: &Past, made: &mut Vec<ValueEntry>) -> Result<()> {
        let Some(own) = made.first().cloned() else { return Ok(()) };
        for ((at, of), amount) in past.differences() {
            if made.iter().any(|m| m.id == at && at == of) {
                continue;
            }
            let counts_on = past.date_of(at).unwrap_or(source.date);
            let entry_date = match counts_on == source.date {
                true => counts_on,
                false => first_open_day(cx, &self.company, counts_on, &[ModuleClass::Inventory])?,
            };
            let counter = made.iter().find(|m| m.id == of).map_or_else(|| past.counter_of(of), |m| m.counter_account_id);
            made.push(ValueEntry {
                id: cx.new_id(),
                kind: ValueKind::Correction,
                quantity: Quantity::ZERO,
                amount,
                entry_date,
                valuation_date: counts_on,
                applies_to_id: Some(of),
                covered_by_id: (at != of).then_some(at),
                account_id: past.account_on(entry_date).or(own.account_id),
                counter_account_id: counter.or_else(|| self.account((Role::CostOfSales, Some(class)), entry_date)),
                ..own.clone()
            });
        }
        Ok(())
    }

    /// What is booked before the value of the product went to another account goes there with it.
    fn carry_over(&self, cx: &mut Cx, source: Source, past: &Past, made: &mut Vec<ValueEntry>) -> Result<()> {
        for t in past.transfers() {
            let moved: Amount = made.iter().filter(|e| e.entry_date < t.date).map(|e| e.amount).sum();
            if let (false, Some(first)) = (moved.is_zero(), made.first()) {
                let (company, product) = (first.company_id, first.product_id);
                let on = first_open_day(cx, &self.company, t.date, &[ModuleClass::Inventory])?;
                let late = Transfer { value: moved, old: t.old, new: t.new, date: on, of: Some(t.id) };
                made.extend(late.entries(cx, company, source, product));
            }
        }
        Ok(())
    }

    /// Notes an entry, and its two lines of a journal entry.
    fn book(&mut self, entry: ValueEntry) -> Result<()> {
        if !entry.amount.is_zero() {
            let (Some(inventory), Some(other)) = (entry.account_id, entry.counter_account_id) else {
                let what = if entry.account_id.is_none() { Role::Inventory.as_str() } else { "the other side of the movement" };
                let detail = format!("Company {} has no account for {what} on {}.", self.company.code, entry.entry_date);
                return Err(POSTING_RULE_MISSING.with(detail));
            };
            let day = self.booked.entry(entry.entry_date).or_default();
            *day.entry(inventory).or_default() += entry.amount;
            // the two entries of a transfer are each other's other side
            if entry.kind != ValueKind::Transfer {
                *day.entry(other).or_default() -= entry.amount;
            }
        }
        self.corrects |= entry.kind == ValueKind::Correction;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes the value entries and the costs, and posts one journal entry for each day; that of the document's own day, none when
    /// nothing had value.
    pub fn store(self, cx: &mut Cx, source: Source, description: String, party: Option<PartyId>) -> Result<Option<JournalEntryId>> {
        let touched: Vec<ProductCost> = self.costs.into_values().filter(|c| self.touched.contains(&c.product_id)).collect();
        let now = cx.now;
        valuation::store(cx.db(), &touched, &self.entries, now)?;
        let mut corrections = cx.noted::<Corrections>(Uuid::nil()).unwrap_or_default();
        *corrections.0.entry(source.document.into()).or_default() |= self.corrects;
        cx.note(Uuid::nil(), corrections);
        let mut own = None;
        for (posting_date, sums) in self.booked {
            let is_own = posting_date == source.date;
            let lines: Vec<PostingLine> = sums
                .into_iter()
                .filter(|(_, amount)| !amount.is_zero())
                .map(|(account, amount)| PostingLine::signed(AccountRef::Id(account), amount).party(party.filter(|_| is_own)))
                .collect();
            if lines.is_empty() {
                continue;
            }
            let description = if is_own { description.clone() } else { format!("{description}: cost of later movements corrected") };
            let entry = crate::accounting::posting::post(
                cx,
                Posting {
                    company_id: self.company.id,
                    journal: Journal::Inventory,
                    class: ModuleClass::Inventory,
                    posting_date,
                    source: Some(source.document.into()),
                    description,
                    currency: None,
                    lines,
                },
            )?;
            if is_own {
                own = entry.map(|e| e.id);
            }
        }
        Ok(own)
    }
}

/// Value that goes from one inventory account to another.
struct Transfer {
    value: Amount,
    old: AccountId,
    new: AccountId,
    date: NaiveDate,
    /// The transfer that it follows, when it is what was booked too late to go with it.
    of: Option<ValueEntryId>,
}

impl Transfer {
    /// Its two entries. The second applies to the first; both apply to the transfer that they follow.
    fn entries(self, cx: &Cx, company_id: domain::ids::CompanyId, source: Source, product_id: ProductId) -> [ValueEntry; 2] {
        let Self { value, old, new, date, of } = self;
        let first = cx.new_id::<ValueEntryId>();
        [(first, of, old, new, -value), (cx.new_id(), of.or(Some(first)), new, old, value)].map(
            |(id, applies_to, account, other, amount)| ValueEntry {
                id,
                company_id,
                product_id,
                kind: ValueKind::Transfer,
                quantity: Quantity::ZERO,
                amount,
                source_id: source.document.into(),
                source_line_id: source.line.map(Into::into),
                entry_date: date,
                valuation_date: date,
                applies_to_id: applies_to,
                covered_by_id: None,
                account_id: Some(account),
                counter_account_id: Some(other),
                created_at: cx.now,
            },
        )
    }
}
