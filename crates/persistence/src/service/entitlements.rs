//! Rows of entitlements, and which of them might cover a case.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CompanyId, EntitlementId, PartyId, ProductId};
use domain::kernel::Id;
use domain::service::entitlements::Entitlement;
use uuid::Uuid;

use crate::personal::{Personal, To, by, object, unnamed};
use crate::reference::{OnMerge, Reference};
use crate::{Condition, Conn, Result, sql};

crate::record! {
    entitlements: Entitlement {
        id: uid, company_id: uid, party_id: uid, name: text, product_id: opt(uid), sla_policy_id: uid, starts_on: date, ends_on: date,
        incidents_included: opt(small), incidents_used: small, minutes_included: opt(small), minutes_used: small, metadata: json,
        cancelled_at: opt(instant), created_at: instant, updated_at: instant, version: int,
    }
}

/// Entitlements that cover the present day (in UTC) and have something left, or all others.
pub fn in_force(now: DateTime<Utc>, wanted: bool) -> Condition {
    let today = now.date_naive();
    let covers = sql!(
        "(cancelled_at IS NULL AND starts_on <= {} AND ends_on >= {} AND (incidents_included IS NULL OR incidents_used < incidents_included) \
         AND (minutes_included IS NULL OR minutes_used < minutes_included))",
        today,
        today
    );
    match wanted {
        true => Condition::Other(covers),
        false => {
            let mut not = crate::Statement::new("NOT ");
            not.append(covers);
            Condition::Other(not)
        }
    }
}

/// Entitlements of a customer that might cover a case on a day, at most ten: those for the product first, then those
/// that end first. Whether one really does is decided on the locked row.
pub fn candidates(
    db: &mut Conn,
    company: CompanyId,
    party: PartyId,
    product: Option<ProductId>,
    today: NaiveDate,
) -> Result<Vec<EntitlementId>> {
    let mut found = sql!(
        "SELECT id FROM entitlements WHERE party_id = {} AND company_id = {} AND cancelled_at IS NULL AND starts_on <= {} AND ends_on >= {} \
         AND (incidents_included IS NULL OR incidents_used < incidents_included) AND (minutes_included IS NULL OR minutes_used < minutes_included)",
        party.uuid(),
        company.uuid(),
        today,
        today
    );
    match product {
        Some(product) => found.append(sql!(" AND (product_id IS NULL OR product_id = {})", product.uuid())),
        None => found.sql(" AND product_id IS NULL"),
    };
    found.sql(" ORDER BY CASE WHEN product_id IS NULL THEN 1 ELSE 0 END, ends_on, id LIMIT 10");
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| EntitlementId::from_uuid(r.0)).collect())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal =
    Personal::of::<Entitlement>().ways(&[by("party_id", To::Party)]).columns(&[unnamed("name"), object("metadata")]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<Entitlement>("party_id", OnMerge::Follow)];
