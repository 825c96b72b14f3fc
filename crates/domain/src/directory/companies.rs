//! The legal entities whose books are kept, and the policies that documents of a company follow.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::addresses::Address;
use super::currencies;
use crate::ids::CompanyId;
use crate::kernel::{Amount, Code, Findings, Result};

crate::words! {
    /// Where tax is rounded to the minor unit: on each line, or once per tax rate of the document.
    pub enum Rounding {
        PerLine = "per_line",
        PerDocument = "per_document",
    }
    /// Whether stock may fall below zero.
    pub enum NegativeStock {
        Refuse = "refuse",
        Allow = "allow",
    }
    /// What happens when a customer's credit limit would be exceeded.
    pub enum CreditPolicy {
        Block = "block",
        Warn = "warn",
    }
    /// What happens to a sales order when everything is shipped or cancelled, and invoiced.
    pub enum OrderClosing {
        /// The order is closed automatically.
        Automatic = "automatic",
        /// The order stays confirmed until it is closed by a user.
        Manual = "manual",
    }
}

/// The time zone is not one of the IANA data base.
pub const UNKNOWN_TIME_ZONE: Code = Code::invalid("company.unknown_time_zone", "There is no time zone with this name.");
/// What the rules of a company can answer.
pub const REFUSALS: &[Code] = &[UNKNOWN_TIME_ZONE, currencies::UNKNOWN_CURRENCY, super::addresses::UNKNOWN_COUNTRY];

/// A legal entity whose books are kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Company {
    /// The id.
    pub id: CompanyId,
    /// Short unique code.
    #[schema(min_length = 1, max_length = 20, example = "MAIN")]
    pub code: String,
    /// Name in daily use.
    #[schema(min_length = 1, max_length = 200, example = "Northwind Traders")]
    pub name: String,
    /// Name in the register.
    #[schema(required, max_length = 200)]
    pub legal_name: Option<String>,
    /// Currency of the books, ISO 4217. Fixed after creation.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// Time zone of the company's days, a name of the IANA data base.
    #[schema(min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub time_zone: String,
    /// Month in which a fiscal year starts, 1 to 12. Fixed after creation.
    #[schema(minimum = 1, maximum = 12, example = 1)]
    pub fiscal_year_start_month: i32,
    /// Where tax is rounded.
    pub rounding: Rounding,
    /// Whether prices on documents include tax unless they say otherwise.
    pub prices_include_tax: bool,
    /// Whether stock may fall below zero.
    pub negative_stock: NegativeStock,
    /// What happens when a customer's credit limit would be exceeded.
    pub credit_policy: CreditPolicy,
    /// Whether a sales order is closed automatically when nothing is left to ship or invoice.
    pub order_closing: OrderClosing,
    /// Days until payment is due where the party has no terms of its own.
    #[schema(minimum = 0, maximum = 3650, example = 30)]
    pub payment_terms_days: i32,
    /// Tax registration number.
    #[schema(required, max_length = 50)]
    pub tax_id: Option<String>,
    /// Address printed on documents.
    #[schema(required)]
    pub address: Option<Address>,
    /// Free text by key.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Company, CompanyId, "company", company: |c| Some(c.id) }

/// A company to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCompany {
    /// Short unique code.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$", example = "MAIN")]
    pub code: String,
    /// Name in daily use.
    #[schema(min_length = 1, max_length = 200, example = "Northwind Traders")]
    pub name: String,
    /// Name in the register.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub legal_name: Option<String>,
    /// Currency of the books, ISO 4217. It cannot be changed later.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// Time zone of the company's days, a name of the IANA data base. UTC when left out.
    #[serde(default = "utc")]
    #[schema(min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub time_zone: String,
    /// Month in which a fiscal year starts, 1 to 12. January when left out. It cannot be changed later.
    #[serde(default = "january")]
    #[schema(minimum = 1, maximum = 12, example = 1)]
    pub fiscal_year_start_month: i32,
    /// Where tax is rounded; `per_line` when left out.
    #[serde(default = "per_line")]
    pub rounding: Rounding,
    /// Whether prices on documents include tax unless they say otherwise; false when left out.
    #[serde(default)]
    pub prices_include_tax: bool,
    /// Whether stock may fall below zero; `refuse` when left out.
    #[serde(default = "refuse")]
    pub negative_stock: NegativeStock,
    /// What happens when a customer's credit limit would be exceeded; `block` when left out.
    #[serde(default = "block")]
    pub credit_policy: CreditPolicy,
    /// Whether a sales order is closed automatically when nothing is left to ship or invoice; `automatic` when left out.
    #[serde(default = "automatic")]
    pub order_closing: OrderClosing,
    /// Days until payment is due where the party has no terms of its own; 30 when left out.
    #[serde(default = "thirty")]
    #[schema(minimum = 0, maximum = 3650, example = 30)]
    pub payment_terms_days: i32,
    /// Tax registration number.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub tax_id: Option<String>,
    /// Address printed on documents.
    #[serde(default)]
    pub address: Option<Address>,
    /// Free text by key.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

fn utc() -> String {
    "UTC".to_string()
}
fn january() -> i32 {
    1
}
fn thirty() -> i32 {
    30
}
fn per_line() -> Rounding {
    Rounding::PerLine
}
fn refuse() -> NegativeStock {
    NegativeStock::Refuse
}
fn block() -> CreditPolicy {
    CreditPolicy::Block
}
fn automatic() -> OrderClosing {
    OrderClosing::Automatic
}

crate::patch! {
    /// Changes to a company. Currency and fiscal year stay as they are.
    pub struct CompanyPatch for Company {
        /// Name in daily use.
        set name: String [min_length = 1, max_length = 200],
        /// Name in the register.
        clear legal_name: String [max_length = 200],
        /// Time zone of the company's days, a name of the IANA data base.
        set time_zone: String [min_length = 1, max_length = 64],
        /// Where tax is rounded.
        set rounding: Rounding,
        /// Whether prices on documents include tax unless they say otherwise.
        set prices_include_tax: bool,
        /// Whether stock may fall below zero.
        set negative_stock: NegativeStock,
        /// What happens when a customer's credit limit would be exceeded.
        set credit_policy: CreditPolicy,
        /// Whether a sales order is closed automatically when nothing is left to ship or invoice. A change does not close orders
        /// that are complete already.
        set order_closing: OrderClosing,
        /// Days until payment is due where the party has no terms of its own.
        set payment_terms_days: i32 [minimum = 0, maximum = 3650],
        /// Tax registration number.
        clear tax_id: String [max_length = 50],
        /// Address printed on documents.
        clear address: Address,
        /// Free text by key; it is replaced as a whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Company {
    /// The calendar year in which the fiscal year of a day begins; it stands in the numbers of documents.
    pub fn fiscal_year_of(&self, day: NaiveDate) -> i32 {
        match (day.month() as i32) < self.fiscal_year_start_month {
            true => day.year() - 1,
            false => day.year(),
        }
    }

    /// A company with the policies it was given.
    pub fn new(id: CompanyId, new: NewCompany, now: DateTime<Utc>) -> Result<Self> {
        let company = Self {
            id,
            code: new.code,
            name: new.name.trim().to_string(),
            legal_name: new.legal_name,
            currency: new.currency,
            time_zone: new.time_zone,
            fiscal_year_start_month: new.fiscal_year_start_month,
            rounding: new.rounding,
            prices_include_tax: new.prices_include_tax,
            negative_stock: new.negative_stock,
            credit_policy: new.credit_policy,
            order_closing: new.order_closing,
            payment_terms_days: new.payment_terms_days,
            tax_id: new.tax_id,
            address: new.address,
            metadata: new.metadata,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        company.check().map(|()| company)
    }
    /// The company with these changes.
    pub fn change(mut self, patch: CompanyPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.check().map(|()| self)
    }
    fn check(&self) -> Result<()> {
        let mut found = Findings::default();
        found.take("/currency", currencies::minor_units(&self.currency));
        if self.time_zone.parse::<chrono_tz::Tz>().is_err() {
            found.add(UNKNOWN_TIME_ZONE, "/time_zone", format!("{:?} is not in the IANA data base.", self.time_zone));
        }
        if let Some(address) = &self.address {
            found.take("/address", address.check());
        }
        found.done()
    }
    /// The text it is found by.
    pub fn search_text(&self) -> String {
        super::search::text_of([&*self.code, &self.name, self.legal_name.as_deref().unwrap_or_default()])
    }
    /// The calendar day of an instant where the company is.
    pub fn date_of(&self, at: DateTime<Utc>) -> NaiveDate {
        crate::kernel::day_at(at, &self.time_zone)
    }
    /// The first moment of a day where the company is.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        crate::kernel::start_of_day(day, &self.time_zone)
    }
    /// Decimal places of a booked amount of this company.
    pub fn minor_units(&self) -> u32 {
        currencies::minor_units(&self.currency).unwrap_or(2)
    }
    /// Rounds half away from zero to the minor unit of the company's currency.
    pub fn round(&self, value: impl Into<crate::kernel::Decimal>) -> Result<Amount> {
        currencies::round_money(value, &self.currency)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::kernel::Id;

    fn new(currency: &str, zone: &str) -> NewCompany {
        serde_json::from_value(serde_json::json!({"code": "MAIN", "name": " Main ", "currency": currency, "time_zone": zone}))
            .expect("a body")
    }
    pub(crate) fn company() -> Company {
        Company::new(CompanyId::from_uuid(uuid::Uuid::nil()), new("EUR", "Europe/Berlin"), Utc::now()).expect("valid")
    }
    fn day(s: &str) -> NaiveDate {
        s.parse().expect("a date")
    }

    #[test]
    fn the_fiscal_year_is_that_of_its_first_month() {
        let mut c = company();
        let year = |c: &Company, y, m, d| c.fiscal_year_of(NaiveDate::from_ymd_opt(y, m, d).expect("a date"));
        c.fiscal_year_start_month = 4;
        assert_eq!((year(&c, 2026, 3, 31), year(&c, 2026, 4, 1), year(&c, 2026, 12, 31)), (2025, 2026, 2026));
        c.fiscal_year_start_month = 1;
        assert_eq!((year(&c, 2026, 1, 1), year(&c, 2026, 12, 31)), (2026, 2026));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut bad = new("XAU", "Mars/Olympus");
        bad.address = serde_json::from_value(serde_json::json!({"line1": "x", "country": "ZZ"})).expect("an address");
        let problem = Company::new(CompanyId::from_uuid(uuid::Uuid::nil()), bad, Utc::now()).expect_err("wrong");
        let places: Vec<_> = problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect();
        assert_eq!(places, ["/currency", "/time_zone", "/address/country"]);
    }

    #[test]
    fn a_day_ends_where_the_company_is() {
        let at: DateTime<Utc> = "2026-06-30T22:30:00Z".parse().expect("an instant");
        assert_eq!(company().date_of(at), day("2026-07-01"));
    }

    #[test]
    fn the_currency_cannot_be_patched() {
        assert!(serde_json::from_value::<CompanyPatch>(serde_json::json!({"currency": "USD"})).is_err());
        let patch: CompanyPatch = serde_json::from_value(serde_json::json!({"time_zone": "Nowhere/None"})).expect("a patch");
        assert_eq!(company().change(patch, Utc::now()).expect_err("no zone").code(), UNKNOWN_TIME_ZONE);
    }
}
