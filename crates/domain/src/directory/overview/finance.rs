//! What a party owes, as its overview shows it.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{CompanyId, PartyId};
use crate::kernel::{Amount, Decimal, Problem};

/// What a party owed a company at the end of a day, by the dates of its invoices, credits and payments.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BalanceAsOf {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The currency of the amounts.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
    /// What was owed less what was paid in advance.
    pub balance: Amount,
    /// The same by how late it was on that day; open credits are taken off what was not due.
    pub ageing: Ageing,
}

/// Money between a party and the companies the caller may see.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct FinanceOverview {
    /// What it owes, for each company and currency.
    #[schema(max_items = 200)]
    pub balances: Vec<PartyBalance>,
    /// How many invoices are not fully paid.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_invoice_count: i64,
    /// Invoices that are not fully paid, the longest due first; at most ten.
    #[schema(max_items = 10)]
    pub open_invoices: Vec<InvoiceSummary>,
    /// Invoices in the books, settled or not, the latest first; at most ten.
    #[schema(max_items = 10)]
    pub latest_invoices: Vec<InvoiceSummary>,
}

/// What a party owes to one company in one currency, and how far its credit goes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyBalance {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// Currency of the figures, ISO 4217.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
    /// Open receivables less open credits. It equals the sum of `ageing`.
    pub balance: Amount,
    /// The part of the balance by how long it is due.
    pub ageing: Ageing,
    /// Confirmed orders that are not invoiced yet.
    pub open_orders: Amount,
    /// Balance and open orders: what is at stake.
    pub exposure: Amount,
    /// How much it may owe; null when unlimited or when it is set in another currency.
    #[schema(required)]
    pub credit_limit: Option<Amount>,
    /// Credit limit less exposure, which may be below zero; null without a limit.
    #[schema(required)]
    pub credit_available: Option<Amount>,
}

/// Open amounts by days past due, as of a date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ageing {
    /// Not due yet.
    pub not_due: Amount,
    /// 1 to 30 days past due.
    pub days_1_to_30: Amount,
    /// 31 to 60 days past due.
    pub days_31_to_60: Amount,
    /// 61 to 90 days past due.
    pub days_61_to_90: Amount,
    /// More than 90 days past due.
    pub over_90: Amount,
}

/// An invoice in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvoiceSummary {
    /// The id of the invoice.
    #[schema(value_type = crate::ids::InvoiceId)]
    pub id: String,
    /// The company whose invoice it is.
    pub company_id: CompanyId,
    /// Its number, once it has one.
    #[schema(required, max_length = 50)]
    pub number: Option<String>,
    /// When it was issued.
    pub issue_date: NaiveDate,
    /// When it is to be paid.
    pub due_date: NaiveDate,
    /// Current status.
    #[schema(max_length = 50)]
    pub status: String,
    /// Total with tax.
    pub total: Amount,
    /// What is still open.
    pub open_amount: Amount,
    /// Currency of the amounts, ISO 4217.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
}

impl Ageing {
    /// Puts an open amount into its place; an amount due today is not past due.
    pub fn add(&mut self, open: Amount, due_date: NaiveDate, as_of: NaiveDate) {
        let place = match (as_of - due_date).num_days() {
            ..=0 => &mut self.not_due,
            1..=30 => &mut self.days_1_to_30,
            31..=60 => &mut self.days_31_to_60,
            61..=90 => &mut self.days_61_to_90,
            _ => &mut self.over_90,
        };
        *place += open;
    }
    /// The sum of all places.
    pub fn total(&self) -> Amount {
        [self.not_due, self.days_1_to_30, self.days_31_to_60, self.days_61_to_90, self.over_90].into_iter().sum()
    }
}

impl PartyBalance {
    /// The balance of a party at a company. `limit` is the credit limit in `currency`, if there is one.
    pub fn new(
        company_id: CompanyId,
        currency: String,
        ageing: Ageing,
        open_orders: Amount,
        limit: Option<Amount>,
    ) -> Result<Self, Problem> {
        let exact = |v: Decimal| Amount::try_from(v);
        let balance = ageing.total();
        let exposure = exact(balance.get() + open_orders.get())?;
        let credit_available = limit.map(|l| exact(l.get() - exposure.get())).transpose()?;
        Ok(Self { company_id, currency, balance, ageing, open_orders, exposure, credit_limit: limit, credit_available })
    }
}

crate::questions! {
    /// Invoices, balance, ageing and credit of a party, at the companies that the caller may see.
    FinanceOfParty<'a>(PartyId) -> FinanceOverview;
    /// What a party owed at the end of a day, exactly, at the companies that the caller may see.
    FinanceOfPartyAsOf<'a>((PartyId, NaiveDate)) -> Vec<BalanceAsOf>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn amount(s: &str) -> Amount {
        s.parse().expect("an amount")
    }

    #[test]
    fn ages_fall_into_their_places_at_the_borders() {
        let day = |s: &str| s.parse::<NaiveDate>().expect("a date");
        let as_of = day("2026-06-30");
        let mut a = Ageing::default();
        for due in
            ["2026-07-01", "2026-06-30", "2026-06-29", "2026-05-31", "2026-05-30", "2026-05-01", "2026-04-30", "2026-04-01", "2026-03-31"]
        {
            a.add(amount("1"), day(due), as_of);
        }
        let all = [a.not_due, a.days_1_to_30, a.days_31_to_60, a.days_61_to_90, a.over_90];
        assert_eq!(all, ["2", "2", "2", "2", "1"].map(amount));
        assert_eq!(a.total(), amount("9"));
    }

    #[test]
    fn exposure_is_balance_and_open_orders() {
        let ageing = Ageing { not_due: amount("70"), over_90: amount("30"), ..Ageing::default() };
        let b = PartyBalance::new(CompanyId::from_uuid(uuid::Uuid::nil()), "EUR".into(), ageing, amount("50"), Some(amount("120")))
            .expect("fits");
        assert_eq!((b.balance, b.exposure, b.credit_available), (amount("100"), amount("150"), Some(amount("-30"))));
    }
}
