//! What the books are asked: trial balance, income statement, balance sheet, ageing. Shapes and sums; no queries.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::accounts::{Account, AccountType};
use crate::directory::overview::Ageing;
use crate::ids::{AccountId, CompanyId, PartyId};
use crate::kernel::{Amount, Interval};

/// A span of days in one company's books.
#[derive(Debug, Clone, Deserialize, IntoParams)]
pub struct PeriodFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The first day; the first of the year of the last day when left out.
    #[serde(default)]
    pub from_date: Option<NaiveDate>,
    /// The last day, included; today when left out.
    #[serde(default)]
    pub to_date: Option<NaiveDate>,
}

/// A span of days in one company's books, as a whole and, when asked for, period by period.
#[derive(Debug, Clone, Deserialize, IntoParams)]
pub struct IncomeStatementFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The first day; the first of the year of the last day when left out.
    #[serde(default)]
    pub from_date: Option<NaiveDate>,
    /// The last day, included; today when left out.
    #[serde(default)]
    pub to_date: Option<NaiveDate>,
    /// Report the totals of each period as well, in `periods`; at most 120 periods.
    #[serde(default)]
    pub interval: Option<Interval>,
}

/// Periods that one statement has at most.
pub const MOST_PERIODS: usize = 120;

/// A day in one company's books.
#[derive(Debug, Clone, Deserialize, IntoParams)]
pub struct DayFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The day, at its end; today when left out.
    #[serde(default)]
    pub as_of: Option<NaiveDate>,
}

/// One account of the trial balance. Balances are positive for a debit, negative for a credit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrialBalanceRow {
    /// The account.
    pub account_id: AccountId,
    /// Short code, unique within the company.
    #[schema(max_length = 20)]
    pub code: String,
    /// The name.
    #[schema(max_length = 200)]
    pub name: String,
    /// Section of the financial statements.
    pub account_type: AccountType,
    /// Before the first day.
    pub opening: Amount,
    /// The debit.
    pub debit: Amount,
    /// The credit.
    pub credit: Amount,
    /// At the end of the last day.
    pub closing: Amount,
    /// Where the lines behind the row are.
    #[schema(max_length = 300)]
    pub lines_url: String,
}

/// All accounts that moved or hold a balance. Debits equal credits, and all closing balances sum to zero.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrialBalance {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The currency, ISO 4217.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// Last day, inclusive.
    pub to_date: NaiveDate,
    /// One row for each.
    #[schema(max_items = 100000)]
    pub rows: Vec<TrialBalanceRow>,
    /// The sum of the openings.
    pub total_opening: Amount,
    /// The sum of the debits.
    pub total_debit: Amount,
    /// The sum of the credits.
    pub total_credit: Amount,
    /// The sum of the closings: zero.
    pub total_closing: Amount,
}

/// One account of a statement, positive on the side where the account's type grows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatementRow {
    /// The account.
    pub account_id: AccountId,
    /// Short code, unique within the company.
    #[schema(max_length = 20)]
    pub code: String,
    /// The name.
    #[schema(max_length = 200)]
    pub name: String,
    /// How much.
    pub amount: Amount,
    /// Where the lines behind the row are.
    #[schema(max_length = 300)]
    pub lines_url: String,
}

/// The totals of one period of an income statement.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncomePeriod {
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// Last day, inclusive.
    pub to_date: NaiveDate,
    /// The sum of the income.
    pub total_income: Amount,
    /// The sum of the expenses.
    pub total_expenses: Amount,
    /// Income less expenses.
    pub result: Amount,
}

/// Income and expenses of a span of days.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncomeStatement {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The currency, ISO 4217.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// Last day, inclusive.
    pub to_date: NaiveDate,
    /// Income by account.
    #[schema(max_items = 100000)]
    pub income: Vec<StatementRow>,
    /// Expenses by account.
    #[schema(max_items = 100000)]
    pub expenses: Vec<StatementRow>,
    /// The sum of the income.
    pub total_income: Amount,
    /// The sum of the expenses.
    pub total_expenses: Amount,
    /// Income less expenses.
    pub result: Amount,
    /// The totals of each period, one after the other, the first and the last cut at the ends of the span; empty unless `interval` was
    /// asked for.
    #[schema(max_items = 120)]
    pub periods: Vec<IncomePeriod>,
}

/// Assets, liabilities and equity at the end of a day. Assets equal liabilities and equity with the result.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BalanceSheet {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The currency, ISO 4217.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The day, at its end.
    pub as_of_date: NaiveDate,
    /// Assets by account.
    #[schema(max_items = 100000)]
    pub assets: Vec<StatementRow>,
    /// Liabilities by account.
    #[schema(max_items = 100000)]
    pub liabilities: Vec<StatementRow>,
    /// Equity by account.
    #[schema(max_items = 100000)]
    pub equity: Vec<StatementRow>,
    /// The sum of the assets.
    pub total_assets: Amount,
    /// The sum of the liabilities.
    pub total_liabilities: Amount,
    /// Without the result.
    pub total_equity: Amount,
    /// Income less expenses that no closing entry has moved to equity yet.
    pub result: Amount,
}

/// What one customer has open, by how late it is, in the company's currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgeingRow {
    /// The customer.
    pub party_id: PartyId,
    /// The name of the customer.
    #[schema(max_length = 200)]
    pub party_name: String,
    /// Invoices by the days since each instalment was due.
    pub ageing: Ageing,
    /// Payments and credit notes not yet used; zero or less, refunds not yet matched above.
    pub unallocated: Amount,
    /// The sum of all.
    pub total: Amount,
}

/// What all customers have open at the end of a day. The total equals the control account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgeingReport {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The currency, ISO 4217.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The day, at its end.
    pub as_of_date: NaiveDate,
    /// One row for each.
    #[schema(max_items = 100000)]
    pub rows: Vec<AgeingRow>,
    /// By how late it is.
    pub ageing: Ageing,
    /// Not yet used.
    pub unallocated: Amount,
    /// Amount including tax.
    pub total: Amount,
    /// The balance of the receivable accounts on that day.
    pub control_account: Amount,
    /// Total less control account: zero, or something is wrong.
    pub difference: Amount,
}

/// Debits and credits of an account before and within a span.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Movement {
    /// Before the first day.
    pub opening: Amount,
    /// The debit.
    pub debit: Amount,
    /// The credit.
    pub credit: Amount,
}

impl Movement {
    pub fn closing(&self) -> Amount {
        self.opening + self.debit - self.credit
    }
}

impl TrialBalance {
    /// The report from the movements of the accounts, in the order of their numbers; accounts without any are left out.
    pub fn of(company_id: CompanyId, currency: String, from: NaiveDate, to: NaiveDate, mut moved: Vec<(Account, Movement)>) -> Self {
        moved.retain(|(_, m)| *m != Movement::default());
        moved.sort_by(|a, b| a.0.code.cmp(&b.0.code));
        let sum = |f: fn(&Movement) -> Amount| moved.iter().map(|(_, m)| f(m)).sum();
        let (total_opening, total_closing) = (sum(|m| m.opening), sum(Movement::closing));
        let (total_debit, total_credit) = (sum(|m| m.debit), sum(|m| m.credit));
        let rows = moved.into_iter().map(|(a, m)| TrialBalanceRow {
            lines_url: lines_url(a.id, Some(from), to),
            account_id: a.id,
            code: a.code,
            name: a.name,
            account_type: a.account_type,
            opening: m.opening,
            debit: m.debit,
            credit: m.credit,
            closing: m.closing(),
        });
        let rows = rows.collect();
        Self { company_id, currency, from_date: from, to_date: to, rows, total_opening, total_debit, total_credit, total_closing }
    }
}

/// Where the lines of an account are.
pub fn lines_url(account: AccountId, from: Option<NaiveDate>, to: NaiveDate) -> String {
    let from = from.map_or(String::new(), |f| format!("&posting_date_gte={f}"));
    format!("/v1/accounting/gl-lines?account_id={account}{from}&posting_date_lte={to}&sort=posting_date")
}

/// The rows and the sum of the accounts of one type, positive on the side where the type grows.
pub fn statement(moved: &[(Account, Amount)], of: AccountType, from: Option<NaiveDate>, to: NaiveDate) -> (Vec<StatementRow>, Amount) {
    let debit_grows = matches!(of, AccountType::Asset | AccountType::Expense);
    let mut rows: Vec<StatementRow> = moved
        .iter()
        .filter(|(a, m)| a.account_type == of && !m.is_zero())
        .map(|(a, m)| StatementRow {
            account_id: a.id,
            code: a.code.clone(),
            name: a.name.clone(),
            amount: if debit_grows { *m } else { -*m },
            lines_url: lines_url(a.id, from, to),
        })
        .collect();
    rows.sort_by(|a, b| a.code.cmp(&b.code));
    let total = rows.iter().map(|r| r.amount).sum();
    (rows, total)
}
