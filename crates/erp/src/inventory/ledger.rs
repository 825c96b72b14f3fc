//! The one place where the value of stock changes: running costs are locked by product, the costing rules decide, and
//! each change is an entry of the value ledger and a line of one journal entry.

use std::collections::BTreeMap;

use domain::accounting::posting::{AccountRef, ItemClass, Journal, ModuleClass, Posting, PostingLine, Role};
use domain::directory::companies::Company;
use domain::directory::products::{PostingClass, Product};
use domain::ids::{JournalEntryId, PartyId, ProductCostId, ProductId};
use domain::inventory::costing::{CostState, ValueChange, ValueKind};
use domain::inventory::valuation::{ProductCost, ValueEntry};
use persistence::inventory::valuation;
use platform::prelude::*;
use uuid::Uuid;

use super::shelves::Source;

/// The locked running costs of some products, and what is to be written.
pub struct Ledger {
    minor_units: u32,
    costs: BTreeMap<ProductId, ProductCost>,
    entries: Vec<ValueEntry>,
    /// Debit less credit, by account.
    sums: BTreeMap<(Role, Option<ItemClass>), Amount>,
}

/// By which accounts the goods are booked.
pub fn item_class(class: PostingClass) -> ItemClass {
    match class {
        PostingClass::Merchandise => ItemClass::Merchandise,
        PostingClass::FinishedGoods => ItemClass::FinishedGoods,
        PostingClass::RawMaterial => ItemClass::RawMaterial,
        PostingClass::Service => ItemClass::Service,
    }
}

impl Ledger {
    /// Locks the running costs of these products; those without one get a row of zero.
    pub fn lock(cx: &mut Cx, company: &Company, products: &[ProductId]) -> Result<Self> {
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
                    version: 1,
                    updated_at: cx.now,
                })
                .collect();
            valuation::open(cx.db(), &new)?;
            rows = valuation::lock(cx.db(), company.id, &ids)?;
        }
        let costs = rows.into_iter().map(|r| (r.product_id, r)).collect();
        Ok(Self { minor_units: company.minor_units(), costs, entries: Vec::new(), sums: BTreeMap::new() })
    }

    /// Decimal places of amounts.
    pub fn minor_units(&self) -> u32 {
        self.minor_units
    }

    /// Applies a costing rule to a product and notes what it changed, against the account of `other` (corrections always
    /// go against cost of sales). Answers the sum of the changes that were no corrections.
    pub fn apply(
        &mut self,
        cx: &Cx,
        source: Source,
        product: &Product,
        other: (Role, Option<ItemClass>),
        rule: impl FnOnce(&mut CostState) -> Result<Vec<ValueChange>>,
    ) -> Result<Amount> {
        let cost = self.costs.get_mut(&product.id).ok_or_else(|| persistence::RETRY.with("The cost changed at the same time."))?;
        let mut state = cost.state();
        let changes = rule(&mut state)?;
        cost.set(state);
        let company_id = cost.company_id;
        let class = item_class(product.posting_class);
        let mut plain = Amount::ZERO;
        for c in changes {
            let correction = c.kind == ValueKind::Correction;
            if !correction {
                plain += c.amount;
            }
            let contra = if correction { (Role::CostOfSales, Some(class)) } else { other };
            self.book((Role::Inventory, Some(class)), c.amount);
            self.book(contra, -c.amount);
            self.entries.push(ValueEntry {
                id: cx.new_id(),
                company_id,
                product_id: product.id,
                kind: c.kind,
                quantity: c.quantity,
                amount: c.amount,
                source_id: source.document.into(),
                source_line_id: source.line.map(Into::into),
                entry_date: source.date,
                created_at: cx.now,
            });
        }
        Ok(plain)
    }

    /// Notes a line of the journal entry; positive is a debit.
    pub fn book(&mut self, account: (Role, Option<ItemClass>), amount: Amount) {
        *self.sums.entry(account).or_default() += amount;
    }

    /// Writes the value entries and the costs, and posts one journal entry; none when nothing had value.
    pub fn store(
        self,
        cx: &mut Cx,
        company: &Company,
        source: Source,
        description: String,
        party: Option<PartyId>,
    ) -> Result<Option<JournalEntryId>> {
        let touched: Vec<ProductCost> =
            self.costs.into_values().filter(|c| self.entries.iter().any(|e| e.product_id == c.product_id)).collect();
        let now = cx.now;
        valuation::store(cx.db(), &touched, now)?;
        cx.insert_all(&self.entries)?;
        let lines: Vec<PostingLine> = self
            .sums
            .into_iter()
            .filter(|(_, amount)| !amount.is_zero())
            .map(|((role, class), amount)| PostingLine::signed(AccountRef::Role(role, class), amount).party(party))
            .collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let entry = crate::accounting::posting::post(
            cx,
            Posting {
                company_id: company.id,
                journal: Journal::Inventory,
                class: ModuleClass::Inventory,
                posting_date: source.date,
                source: Some(source.document.into()),
                description,
                currency: None,
                lines,
            },
        )?;
        Ok(entry.map(|e| e.id))
    }
}
