//! Tests of the rules of a party.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Archivable;
use crate::ids::PartyId;
use crate::kernel::Id;

fn id(n: u128) -> PartyId {
    PartyId::from_uuid(uuid::Uuid::from_u128(n))
}

fn build(body: serde_json::Value) -> Result<Party> {
    let mut full = json!({"name": "Alfreds Futterkiste", "is_customer": true});
    full.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
    Party::new(id(1), serde_json::from_value(full).expect("a body"), Utc::now())
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let problem = build(json!({
        "name": "  ",
        "customer_terms": {"currency": "XAU"},
        "vendor_terms": {"currency": "EUR", "credit_limit": "1.005"},
        "addresses": [{"purpose": "billing", "address": {"line1": "x", "country": "ZZ"}}],
        "emails": [{"address": "nonsense"}],
        "phones": [{"number": "none"}],
        "external_ids": [{"system": "a", "id": "1"}, {"system": "a", "id": "1"}],
    }))
    .expect_err("wrong");
    let mut places: Vec<_> = problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "/addresses/0/address/country",
            "/customer_terms/currency",
            "/emails/0/address",
            "/external_ids/1",
            "/name",
            "/phones/0/number",
            "/vendor_terms/credit_limit"
        ]
    );
}

#[test]
fn the_first_address_of_a_purpose_is_primary_and_billing_stands_in() {
    let address = |purpose: &str, line: &str| json!({"purpose": purpose, "address": {"line1": line, "country": "DE"}});
    let p = build(json!({"addresses": [address("billing", "a"), address("billing", "b"), address("shipping", "c")]})).expect("valid");
    assert_eq!(p.addresses.iter().map(|a| a.primary).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(p.address_for(AddressPurpose::Shipping).map(|a| &*a.line1), Some("c"));
    assert_eq!(p.address_for(AddressPurpose::Tax).map(|a| &*a.line1), Some("a"));
}

#[test]
fn terms_are_patched_member_by_member() {
    let p = build(json!({"customer_terms": {"credit_limit": "500", "currency": "EUR", "payment_terms_days": 14}})).expect("valid");
    let patch = json!({"customer_terms": {"credit_limit": null, "blocked": "ship"}});
    let p = p.change(serde_json::from_value(patch).expect("a patch"), Utc::now()).expect("valid");
    let expected = TradeTerms {
        currency: Some("EUR".into()),
        credit_limit: None,
        payment_terms_days: Some(14),
        tax_status: TaxStatus::Domestic,
        blocked: Blocked::Ship,
    };
    assert_eq!(p.customer_terms, expected);
}

#[test]
fn a_block_stops_what_it_names_and_what_is_harsher() {
    for (blocked, order, ship, invoice) in
        [("none", true, true, true), ("ship", true, false, true), ("invoice", true, false, false), ("all", false, false, false)]
    {
        let p = build(json!({"customer_terms": {"blocked": blocked}})).expect("valid");
        let may = (p.check_orderable("/x").is_ok(), p.check_shippable("/x").is_ok(), p.check_invoiceable("/x").is_ok());
        assert_eq!(may, (order, ship, invoice), "{blocked}");
    }
}

#[test]
fn only_customers_in_use_order() {
    let p = build(json!({"is_customer": false})).expect("valid");
    assert_eq!(p.check_orderable("/customer_id").expect_err("no customer").code(), NOT_A_CUSTOMER);
    let archived = build(json!({})).expect("valid").archive(Utc::now()).expect("archives");
    assert_eq!(archived.check_orderable("/customer_id").expect_err("archived").code(), ARCHIVED);
}

#[test]
fn it_is_found_by_name_code_mail_phone_and_external_id() {
    let p = build(json!({
        "code": "ALFKI", "tax_id": "DE123", "emails": [{"address": "Maria@Example.com"}], "phones": [{"number": "+49 30 0074321"}],
        "external_ids": [{"system": "shop", "id": "X-9"}],
    }))
    .expect("valid");
    for word in ["alfreds futterkiste", "alfki", "de123", "maria@example.com", "+49300074321", "x-9"] {
        assert!(p.search_text().contains(word), "{word} in {}", p.search_text());
    }
}

proptest! {
    /// Parties are put below each other at random; what the rule lets through never becomes a circle.
    #[test]
    fn no_order_of_moves_makes_a_circle(moves in prop::collection::vec((0usize..12, 0usize..12), 0..80)) {
        let mut parents: Vec<Option<usize>> = vec![None; 12];
        let chain = |parents: &[Option<usize>], from: usize| {
            let mut out = vec![from];
            while let Some(up) = parents[out[out.len() - 1]] {
                out.push(up);
                assert!(out.len() <= parents.len(), "a circle");
            }
            out
        };
        for (child, parent) in moves {
            let mut p = build(json!({})).expect("valid");
            p.id = id(child as u128);
            let above: Vec<PartyId> = chain(&parents, parent).into_iter().map(|n| id(n as u128)).collect();
            if p.check_parent(&above, 0).is_ok() {
                parents[child] = Some(parent);
            }
            chain(&parents, child);
        }
    }
}
