//! Entitlements: what a customer's support contract covers, from when to when, and how much of it is used. Counting is
//! done on the locked row, so that the last incident is given once.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, EntitlementId, PartyId, ProductId, SlaPolicyId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Findings, Result};

/// It ends before it begins.
pub const ENDS_BEFORE_START: Code = Code::invalid("entitlement.ends_before_start", "The entitlement ends before it begins.");
/// Less would be included than is used already.
pub const BELOW_USED: Code = Code::invalid("entitlement.below_used", "More of the entitlement is used already.");
/// All of its incidents or hours are used.
pub const EXHAUSTED: Code = Code::conflict("entitlement.exhausted", "The entitlement is used up.");
/// It does not cover this day or product.
pub const NOT_COVERING: Code = Code::conflict("entitlement.not_covering", "The entitlement does not cover this.");
/// It belongs to another customer or company.
pub const OTHER_PARTY: Code = Code::invalid("entitlement.other_party", "The entitlement belongs to another customer.");
/// It is cancelled.
pub const CANCELLED: Code = Code::conflict("entitlement.cancelled", "The entitlement is cancelled.");

/// What a customer's support contract covers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Entitlement {
    /// The id.
    pub id: EntitlementId,
    /// The company that serves.
    pub company_id: CompanyId,
    /// The customer.
    pub party_id: PartyId,
    /// What it is called.
    #[schema(max_length = 200, example = "Service contract 4711")]
    pub name: String,
    /// The product it is for; null for all.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// The service level of its cases.
    pub sla_policy_id: SlaPolicyId,
    /// The first day it covers, in the company's time zone.
    pub starts_on: NaiveDate,
    /// The last day it covers.
    pub ends_on: NaiveDate,
    /// Cases that are included; null for any number.
    #[schema(required, minimum = 0)]
    pub incidents_included: Option<i32>,
    /// Cases counted so far.
    #[schema(minimum = 0)]
    pub incidents_used: i32,
    /// Minutes of work that are included; null for any number. Work beyond them is counted too; new cases are not covered.
    #[schema(required, minimum = 0)]
    pub minutes_included: Option<i32>,
    /// Minutes of work counted so far.
    #[schema(minimum = 0)]
    pub minutes_used: i32,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was cancelled.
    #[schema(required)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Entitlement, EntitlementId, "entitlement", company: |e| Some(e.company_id), party: |e| Some(e.party_id),
actions: |e| if e.cancelled_at.is_some() { vec![] } else { vec!["cancel"] } }

/// An entitlement to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntitlement {
    /// The company that serves.
    pub company_id: CompanyId,
    /// The customer.
    pub party_id: PartyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Service contract 4711")]
    pub name: String,
    /// The product it is for; all when left out.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// The service level of its cases.
    pub sla_policy_id: SlaPolicyId,
    /// The first day it covers.
    pub starts_on: NaiveDate,
    /// The last day it covers.
    pub ends_on: NaiveDate,
    /// Cases that are included; any number when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub incidents_included: Option<i32>,
    /// Minutes of work that are included; any number when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100000000)]
    pub minutes_included: Option<i32>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to an entitlement. Cases that count on it keep their service level.
    pub struct EntitlementPatch for Entitlement {
        /// What it is called.
        set name: String [min_length = 1, max_length = 200],
        /// The service level of its cases.
        set sla_policy_id: SlaPolicyId,
        /// The last day it covers.
        set ends_on: NaiveDate,
        /// Cases that are included.
        clear incidents_included: i32 [minimum = 0, maximum = 1000000],
        /// Minutes of work that are included.
        clear minutes_included: i32 [minimum = 0, maximum = 100000000],
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Entitlement {
    /// A new entitlement, nothing of it used.
    pub fn new(id: EntitlementId, new: NewEntitlement, now: DateTime<Utc>) -> Result<Self> {
        let made = Self {
            id,
            company_id: new.company_id,
            party_id: new.party_id,
            name: new.name,
            product_id: new.product_id,
            sla_policy_id: new.sla_policy_id,
            starts_on: new.starts_on,
            ends_on: new.ends_on,
            incidents_included: new.incidents_included,
            incidents_used: 0,
            minutes_included: new.minutes_included,
            minutes_used: 0,
            metadata: new.metadata,
            cancelled_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        made.tidied()
    }
    /// The entitlement with these changes.
    pub fn change(mut self, patch: EntitlementPatch, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_in_force()?;
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    /// It covers nothing from now on.
    pub fn cancel(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_in_force()?;
        self.cancelled_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// Counts a case on a day of the company.
    ///
    /// # Errors
    /// [`CANCELLED`], [`NOT_COVERING`], [`EXHAUSTED`].
    pub fn take_incident(mut self, product: Option<ProductId>, today: NaiveDate, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_in_force()?;
        if !(self.starts_on..=self.ends_on).contains(&today) {
            return Err(NOT_COVERING.with(format!("{} covers {} to {}.", self.name, self.starts_on, self.ends_on)));
        }
        if self.product_id.is_some() && self.product_id != product {
            return Err(NOT_COVERING.with(format!("{} is for another product.", self.name)));
        }
        if self.incidents_included.is_some_and(|n| self.incidents_used >= n) {
            return Err(EXHAUSTED.with(format!("All {} cases of {} are used.", self.incidents_used, self.name)));
        }
        if self.minutes_included.is_some_and(|n| self.minutes_used >= n) {
            return Err(EXHAUSTED.with(format!("All {} minutes of {} are used.", self.minutes_used, self.name)));
        }
        self.incidents_used += 1;
        self.updated_at = now;
        Ok(self)
    }
    /// Gives a case back that turned out to be one with another.
    pub fn give_incident_back(mut self, now: DateTime<Utc>) -> Self {
        self.incidents_used = (self.incidents_used - 1).max(0);
        self.updated_at = now;
        self
    }
    /// Counts work. It may go beyond what is included; it was done.
    pub fn take_minutes(mut self, minutes: i32, now: DateTime<Utc>) -> Self {
        self.minutes_used = self.minutes_used.saturating_add(minutes);
        self.updated_at = now;
        self
    }
    fn must_be_in_force(&self) -> Result<()> {
        match self.cancelled_at {
            Some(_) => Err(CANCELLED.with(format!("{} is cancelled.", self.name)).in_state("cancelled", &[])),
            None => Ok(()),
        }
    }
    fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(name) = found.take("/name", filled(&self.name, "")) {
            self.name = name;
        }
        if self.ends_on < self.starts_on {
            found.add(ENDS_BEFORE_START, "/ends_on", format!("It begins on {}.", self.starts_on));
        }
        if self.incidents_included.is_some_and(|n| n < self.incidents_used) {
            found.add(BELOW_USED, "/incidents_included", format!("{} cases are used.", self.incidents_used));
        }
        if self.minutes_included.is_some_and(|n| n < self.minutes_used) {
            found.add(BELOW_USED, "/minutes_included", format!("{} minutes are used.", self.minutes_used));
        }
        found.done()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }
    fn made(more: serde_json::Value) -> Result<Entitlement> {
        let nil = Uuid::nil();
        let mut body = json!({"company_id": CompanyId::from_uuid(nil), "party_id": PartyId::from_uuid(nil), "name": "Gold",
            "sla_policy_id": SlaPolicyId::from_uuid(nil), "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
        body.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        Entitlement::new(EntitlementId::from_uuid(nil), serde_json::from_value(body).expect("readable"), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn it_covers_its_days_and_product_and_as_much_as_is_included() {
        let now = DateTime::UNIX_EPOCH;
        let product = ProductId::from_uuid(Uuid::from_u128(7));
        let one = made(json!({"incidents_included": 1, "product_id": product})).expect("made");
        let take = |e: &Entitlement, p, d: &str| e.clone().take_incident(p, day(d), now);
        assert_eq!(take(&one, None, "2026-06-01").expect_err("product").code(), NOT_COVERING);
        for (d, ok) in [("2025-12-31", false), ("2026-01-01", true), ("2026-12-31", true), ("2027-01-01", false)] {
            assert_eq!(take(&one, Some(product), d).is_ok(), ok, "{d}");
        }
        let used = take(&one, Some(product), "2026-06-01").expect("covered");
        assert_eq!(take(&used, Some(product), "2026-06-01").expect_err("used").code(), EXHAUSTED);
        assert!(take(&used.clone().give_incident_back(now), Some(product), "2026-06-01").is_ok());
        let patch = serde_json::from_value(json!({"incidents_included": 0})).expect("readable");
        assert_eq!(used.change(patch, now).expect_err("below").code(), BELOW_USED);

        let hours = made(json!({"minutes_included": 60})).expect("made").take_minutes(70, now);
        assert_eq!(take(&hours, None, "2026-06-01").expect_err("used").code(), EXHAUSTED);
        let gone = made(json!({})).expect("made").cancel(now).expect("cancelled");
        assert_eq!(take(&gone, None, "2026-06-01").expect_err("cancelled").code(), CANCELLED);
        assert_eq!(made(json!({"ends_on": "2025-12-31"})).expect_err("order").code(), ENDS_BEFORE_START);
    }
}
