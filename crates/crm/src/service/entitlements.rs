//! Operations on entitlements, and how cases and work count on them.

use domain::directory::companies::Company;
use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::ids::{CompanyId, EntitlementId, PartyId, ProductId, SlaPolicyId};
use domain::service::entitlements::*;
use domain::service::sla_policies;
use domain::service::sla_policies::SlaPolicy;
use persistence::service::entitlements as rows;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Entitlement>("service/entitlements", "What the support contracts of customers cover, and how much of it is used.");
    n.list("List entitlements.")
        .filter(&["party_id", "product_id", "sla_policy_id", "starts_on", "ends_on"])
        .flag("in_force", "Only rows that cover the present day (in UTC) and have something left, or all others.", rows::in_force)
        .sort(&["ends_on"])
        .expand::<Party>("party", "party_id")
        .expand::<SlaPolicy>("sla_policy", "sla_policy_id");
    n.create(create, CREATE).fails(&[ENDS_BEFORE_START, sla_policies::ARCHIVED]);
    n.read("Get an entitlement.").expand::<Party>("party", "party_id").expand::<SlaPolicy>("sla_policy", "sla_policy_id");
    n.update(update, "Change an entitlement. What is included cannot become less than what is used.").fails(&[
        ENDS_BEFORE_START,
        BELOW_USED,
        CANCELLED,
        sla_policies::ARCHIVED,
    ]);
    n.action("cancel", cancel, "Cancel an entitlement. It covers no new cases; those that count on it keep their service level.")
        .fails(&[CANCELLED]);
}

const CREATE: &str = "Create an entitlement: from when to when a customer is covered, by which service level, and for how many cases or \
minutes of work.";

fn create(cx: &mut Cx, mut new: NewEntitlement) -> Result<Entitlement> {
    cx.company(new.company_id)?;
    new.party_id = cx.refer::<Party>("/party_id", new.party_id)?.id;
    if let Some(product) = new.product_id {
        cx.refer::<Product>("/product_id", product)?;
    }
    check_policy(cx, new.company_id, new.sla_policy_id)?;
    let made = Entitlement::new(cx.new_id(), new, cx.now)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: EntitlementId, patch: EntitlementPatch) -> Result<Entitlement> {
    let before = cx.load_for_update::<Entitlement>(id)?;
    if let Some(policy) = patch.sla_policy_id {
        check_policy(cx, before.company_id, policy)?;
    }
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn cancel(cx: &mut Cx, id: EntitlementId) -> Result<Entitlement> {
    let before = cx.load_for_update::<Entitlement>(id)?;
    let after = before.clone().cancel(cx.now)?;
    cx.save(&before, after, "cancelled")
}

fn check_policy(cx: &mut Cx, company: CompanyId, id: SlaPolicyId) -> Result<()> {
    let policy = cx.refer::<SlaPolicy>("/sla_policy_id", id)?;
    if policy.company_id != company {
        return Err(problems::unknown_reference.field("/sla_policy_id", "The policy belongs to another company."));
    }
    policy.must_be_in_force()
}

/// What a case would count on.
pub(crate) struct Claim {
    pub party: Option<PartyId>,
    pub product: Option<ProductId>,
    /// The one that was named.
    pub wanted: Option<EntitlementId>,
}

/// Counts a case on the entitlement that was named, or on one that covers it, if there is any. The row is locked until
/// the transaction ends, so that the last case is given once.
pub(crate) fn claim(cx: &mut Cx, company: &Company, claim: Claim) -> Result<Option<Entitlement>> {
    let today = cx.today(company);
    if let Some(wanted) = claim.wanted {
        const AT: &str = "/entitlement_id";
        cx.refer::<Entitlement>(AT, wanted)?;
        let before = cx.load_for_update::<Entitlement>(wanted)?;
        if before.company_id != company.id || Some(before.party_id) != claim.party {
            return Err(OTHER_PARTY.field(AT, "Name one of the customer of the case."));
        }
        let after = before.clone().take_incident(claim.product, today, cx.now)?;
        return cx.save(&before, after, "counted").map(Some);
    }
    let Some(party) = claim.party else { return Ok(None) };
    for id in rows::candidates(cx.db(), company.id, party, claim.product, today)? {
        let before = cx.load_for_update::<Entitlement>(id)?;
        // another case may have taken the last one while we waited for the row
        if let Ok(after) = before.clone().take_incident(claim.product, today, cx.now) {
            return cx.save(&before, after, "counted").map(Some);
        }
    }
    Ok(None)
}

/// Counts work on an entitlement.
pub(crate) fn count_minutes(cx: &mut Cx, id: EntitlementId, minutes: i32) -> Result<()> {
    let before = cx.load_for_update::<Entitlement>(id)?;
    let after = before.clone().take_minutes(minutes, cx.now);
    cx.save(&before, after, "counted").map(drop)
}

/// Gives a case back that turned out to be one with another.
pub(crate) fn give_back(cx: &mut Cx, id: EntitlementId) -> Result<()> {
    let before = cx.load_for_update::<Entitlement>(id)?;
    let after = before.clone().give_incident_back(cx.now);
    cx.save(&before, after, "counted").map(drop)
}
