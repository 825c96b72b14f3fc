//! The rules of leads, walked through.

use super::*;
use crate::kernel::Id;
use crate::marketing::touchpoints::Touchpoint;
use serde_json::json;
use uuid::Uuid;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000, 0).expect("a time")
}

fn build(body: serde_json::Value) -> Result<Lead> {
    let mut body = body;
    body["company_id"] = json!(id::<crate::ids::CompanyId>(1));
    Lead::new(id(1), serde_json::from_value(body).expect("a body"), now())
}

fn lead() -> Lead {
    build(json!({"last_name": "Trujillo", "organisation_name": "Emparedados"})).expect("a lead")
}

fn why(reason: &str) -> DisqualifyLead {
    DisqualifyLead { reason: reason.into() }
}

fn became() -> Converted {
    Converted { party: id(1), origin: PartyOrigin::Created, contact: None, opportunity: None }
}

/// The lead in each state.
fn in_state(status: LeadStatus) -> Lead {
    let working = lead().assign(id(1), None, now()).expect("assigned");
    match status {
        LeadStatus::New => lead(),
        LeadStatus::Working => working,
        LeadStatus::Qualified => working.qualify(now()).expect("qualified"),
        LeadStatus::Disqualified => working.disqualify(&why("no budget"), now()).expect("given up"),
        LeadStatus::Converted => working.qualify(now()).expect("qualified").convert(became(), now()).expect("converted"),
    }
}

#[test]
fn data_gets_its_normal_form() {
    let l = build(json!({"first_name": " Ana ", "last_name": "Trujillo", "organisation_name": "", "email": "Ana@Example.ORG", "phone": "+52 (55) 5555-4729"}))
        .expect("a lead");
    assert_eq!(
        (l.name.as_str(), l.email.as_deref(), l.phone_normalised.as_deref()),
        ("Ana Trujillo", Some("Ana@example.org"), Some("+525555554729"))
    );
    assert_eq!(l.organisation_name, None);
    assert_eq!(build(json!({"email": "a@b.org"})).expect("a lead").name, "a@b.org");
    assert_eq!(lead().name, "Trujillo, Emparedados");
}

#[test]
fn everything_wrong_is_told_at_once() {
    let problem = build(json!({"email": "x", "phone": "call me", "address": {"line1": "x", "country": "ZZ"}})).expect_err("wrong");
    let places: Vec<_> = problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect();
    assert_eq!(places, ["/email", "/phone", "/address/country"]);
    assert_eq!(build(json!({"first_name": " "})).expect_err("nameless").code(), NAMELESS);
}

#[test]
fn each_state_allows_exactly_what_it_says() {
    for &status in LeadStatus::ALL {
        let l = in_state(status);
        assert_eq!(l.status, status);
        let tries = [
            ("assign", l.clone().assign(id(2), None, now())),
            ("qualify", l.clone().qualify(now())),
            ("disqualify", l.clone().disqualify(&why("x"), now())),
            ("reopen", l.clone().reopen(now())),
            ("convert", l.clone().convert(became(), now())),
        ];
        for (verb, result) in tries {
            // a conversion that is asked for again answers what it did and changes nothing
            let allowed = status.actions().contains(&verb) && status != LeadStatus::Converted;
            assert_eq!(result.is_ok(), allowed, "{verb} of a {status} lead");
        }
        assert_eq!(l.change(LeadPatch::default(), now()).is_ok(), status != LeadStatus::Converted);
    }
}

#[test]
fn a_reopened_lead_is_worked_on_and_forgets_why_it_was_given_up() {
    let l = in_state(LeadStatus::Disqualified).reopen(now()).expect("reopened");
    assert_eq!((l.status, l.disqualification_reason, l.disqualified_at), (LeadStatus::Working, None, None));
    assert!(lead().disqualify(&why("  "), now()).is_err());
}

#[test]
fn the_first_response_stays_the_first() {
    let at = |hours| now() + chrono::Duration::hours(hours);
    let l = in_state(LeadStatus::Working);
    assert_eq!(l.first_response_at, None, "to be given to somebody is no response");
    assert!(l.clone().responded(at(-1), at(2)).is_none(), "before it was there");
    let l = l.responded(at(2), at(2)).expect("a response");
    assert!(l.clone().responded(at(3), at(3)).is_none());
    let l = l.responded(at(1), at(3)).expect("an earlier one that was told later");
    assert_eq!(l.qualify(at(4)).expect("qualified").first_response_at, Some(at(1)));
    assert_eq!(lead().qualify(at(5)).expect("qualified").first_response_at, Some(at(5)));
}

#[test]
fn a_conversion_is_remembered() {
    assert!(in_state(LeadStatus::Qualified).conversion().is_none());
    let c = in_state(LeadStatus::Converted).conversion().expect("converted");
    assert_eq!((c.party_id, c.party_origin, c.contact_id), (id(1), PartyOrigin::Created, None));
    assert_eq!(in_state(LeadStatus::Converted).change(LeadPatch::default(), now()).expect_err("read-only").code(), CONVERTED);
}

fn touch(occurred_at: DateTime<Utc>, campaign: Option<&str>) -> Touchpoint {
    let body = json!({"company_id": id::<crate::ids::CompanyId>(1), "kind": "page_view", "lead_id": id::<LeadId>(1),
        "occurred_at": occurred_at, "origin": {"utm": {"campaign": campaign}}});
    Touchpoint::new(id(occurred_at.timestamp() as u128), serde_json::from_value(body).expect("a body"), now()).expect("a touch")
}

#[test]
fn the_campaign_is_that_of_the_first_touch_unless_somebody_said_otherwise() {
    let at = |hours| now() - chrono::Duration::hours(hours);
    let (old, new) = (touch(at(5), Some("Spring")), touch(at(1), Some("Summer")));
    let l = lead().touched_by(new.summary(), new.summary(), now());
    assert_eq!(l.campaign.as_deref(), Some("summer"));
    // an earlier one that becomes known later
    let l = l.touched_by(old.summary(), new.summary(), now());
    assert_eq!((l.campaign.as_deref(), l.first_touch.map(|t| t.occurred_at)), (Some("spring"), Some(at(5))));
    let own = Lead { campaign: Some("fair".into()), ..lead() };
    assert_eq!(own.touched_by(old.summary(), new.summary(), now()).campaign.as_deref(), Some("fair"));
}

#[test]
fn a_grade_is_counted_when_it_changes() {
    let (l, crossed) = lead().scored(Rate::from(40), Some("B".into()), 1, now());
    assert!(crossed && l.grade_changes == 1);
    let (l, crossed) = l.scored(Rate::from(45), Some("B".into()), 1, now());
    assert!(!crossed && l.grade_changes == 1 && l.score == Some(Rate::from(45)));
    let (l, crossed) = l.scored(Rate::from(5), None, 1, now());
    assert!(crossed && l.grade_changes == 2 && l.grade.is_none());
}
