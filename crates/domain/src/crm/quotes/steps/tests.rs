//! The rules of quotes, walked through.

use super::*;
use crate::crm::quotes::answers::PublicQuote;
use crate::crm::quotes::{AnswerChannel, QuoteLine, QuoteParty};
use crate::directory::products::TaxClass;
use crate::kernel::{Amount, Id, Quantity, Rate, UnitPrice};
use proptest::prelude::*;
use uuid::Uuid;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}
fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_768_000_000 + hour * 3600, 0).expect("a moment")
}
fn day(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 5, d).expect("a day")
}

fn quote(status: QuoteStatus) -> Quote {
    let printed = |name: &str| QuoteParty { name: name.into(), contact: None, tax_id: None, address: None };
    let line = QuoteLine {
        id: id(10),
        quote_id: id(1),
        position: 1,
        product_id: None,
        description: "Visit".into(),
        quantity: Quantity::ONE,
        unit_id: None,
        unit_price: UnitPrice::ZERO,
        discount_percent: Rate::ZERO,
        line_amount: Amount::ZERO,
        tax_class: TaxClass::Standard,
        tax_code_ids: vec![],
        net_amount: Amount::ZERO,
        tax_amount: Amount::ZERO,
        gross_amount: Amount::ZERO,
        version: 1,
    };
    let is_out = status != QuoteStatus::Draft;
    Quote {
        id: id(1),
        company_id: id(1),
        number: is_out.then(|| "QUO-2026-00001".into()),
        revision: 1,
        previous_revision_id: None,
        superseded_by_id: None,
        status,
        title: "Machines".into(),
        opportunity_id: None,
        wins_opportunity: false,
        party_id: id(1),
        contact_id: None,
        owner_id: None,
        seller: printed("We"),
        customer: printed("They"),
        shipping_address: None,
        quote_date: day(1),
        valid_until: day(20),
        expires_at: is_out.then(|| at(10)),
        payment_terms_days: 30,
        currency: "EUR".into(),
        prices_include_tax: false,
        freight_amount: Amount::ZERO,
        freight_tax_class: TaxClass::Standard,
        freight_gross: Amount::ZERO,
        net_total: Amount::ZERO,
        tax_total: Amount::ZERO,
        total: Amount::ZERO,
        taxes: vec![],
        note: None,
        customer_reference: None,
        answer: None,
        win_problem: None,
        sent_at: None,
        converted_at: None,
        sales_order_id: None,
        link: None,
        lines: vec![line],
        metadata: Default::default(),
        version: 3,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn answer(accepted: bool) -> QuoteAnswer {
    QuoteAnswer {
        accepted,
        at: at(1),
        channel: AnswerChannel::Link,
        name: Some("Ana".into()),
        email: None,
        reason: None,
        address: None,
        user_agent: None,
        user_id: None,
    }
}

fn revise(q: Quote) -> Result<(Quote, Quote)> {
    q.revise(&ReviseQuote::default(), id(2), || id(20), day(5), at(2))
}

const ALL: [QuoteStatus; 7] = [
    QuoteStatus::Draft,
    QuoteStatus::Sent,
    QuoteStatus::Accepted,
    QuoteStatus::Rejected,
    QuoteStatus::Expired,
    QuoteStatus::Converted,
    QuoteStatus::Superseded,
];

#[test]
fn each_state_takes_the_steps_it_names_and_no_other() {
    for status in ALL {
        let allowed = status.actions();
        let ok = |verb: &str, done: bool| assert_eq!(done, allowed.contains(&verb), "{verb} from {status}");
        ok("send", quote(status).send(day(1), at(10), at(0)).is_ok());
        ok("accept", quote(status).answered(answer(true), None, at(1)).is_ok());
        ok("reject", quote(status).answered(answer(false), None, at(1)).is_ok());
        ok("revise", revise(quote(status)).is_ok());
        ok("convert", quote(status).convert(at(1)).is_ok());
        assert_eq!(quote(status).must_be_draft().is_ok(), status == QuoteStatus::Draft);
    }
}

#[test]
fn refusals_say_most_of_what_is_wrong() {
    for (status, now, code) in [
        (QuoteStatus::Draft, at(1), NOT_SENT),
        (QuoteStatus::Sent, at(10), EXPIRED),
        (QuoteStatus::Expired, at(1), EXPIRED),
        (QuoteStatus::Superseded, at(1), SUPERSEDED),
        (QuoteStatus::Accepted, at(1), NOT_SENT),
    ] {
        let refused = quote(status).answered(answer(true), None, now).expect_err("refused");
        assert_eq!(refused.code(), code, "{status}");
        assert_eq!(refused.state().map(|s| s.0.to_string()), Some(status.to_string()));
    }
}

#[test]
fn validity_ends_with_its_last_moment_and_once() {
    let q = quote(QuoteStatus::Sent);
    assert!(q.clone().expire(at(9)).is_none());
    let over = q.clone().expire(at(10)).expect("over");
    assert_eq!(over.status, QuoteStatus::Expired);
    assert!(over.expire(at(11)).is_none(), "only once");
    assert!(quote(QuoteStatus::Accepted).expire(at(11)).is_none(), "what was answered does not expire");
    let seen = |h| PublicQuote::of(&q, at(h));
    assert_eq!((seen(9).status, seen(9).can_be_answered), (QuoteStatus::Sent, true));
    assert_eq!((seen(10).status, seen(10).can_be_answered), (QuoteStatus::Expired, false));
}

#[test]
fn nothing_is_sent_empty_or_too_late() {
    let empty = Quote { lines: vec![], ..quote(QuoteStatus::Draft) };
    assert_eq!(empty.send(day(1), at(10), at(0)).expect_err("empty").code(), EMPTY);
    assert_eq!(quote(QuoteStatus::Draft).send(day(21), at(10), at(0)).expect_err("late").code(), VALIDITY_PAST);
    let sent = quote(QuoteStatus::Draft).send(day(20), at(10), at(0)).expect("the last day counts");
    assert_eq!((sent.status, sent.quote_date, sent.expires_at), (QuoteStatus::Sent, day(20), Some(at(10))));
    let far = NaiveDate::from_ymd_opt(2040, 1, 1).expect("a day");
    assert_eq!(check_validity(far, day(1)).expect_err("far").code(), VALIDITY_TOO_LONG);
}

#[test]
fn a_revision_keeps_the_number_and_ends_the_old_one() {
    let before = Quote { answer: Some(answer(false)), customer_reference: Some("PO 1".into()), ..quote(QuoteStatus::Rejected) };
    let (old, new) = revise(before).expect("revised");
    assert_eq!((old.status, old.superseded_by_id), (QuoteStatus::Superseded, Some(new.id)));
    assert!(old.answer.is_some(), "what was answered stays with what it was about");
    assert_eq!((new.number.clone(), new.revision, new.previous_revision_id), (old.number.clone(), 2, Some(old.id)));
    assert_eq!((new.status, new.version, new.valid_until), (QuoteStatus::Draft, 1, validity_from(day(5))));
    assert!(new.answer.is_none() && new.expires_at.is_none() && new.customer_reference.is_none());
    assert!(new.lines.iter().all(|l| l.quote_id == new.id && l.id != old.lines[0].id));
    assert_eq!(new.must_be_deletable().expect_err("its number is out").code(), REVISION_STAYS);
    assert!(quote(QuoteStatus::Draft).must_be_deletable().is_ok());
    let last = Quote { revision: MOST_REVISIONS, ..quote(QuoteStatus::Sent) };
    assert_eq!(revise(last).expect_err("enough").code(), TOO_MANY_REVISIONS);
}

proptest! {
    /// Whatever is tried in whatever order, a quote is converted at most once and answered at most once.
    #[test]
    fn no_way_leads_to_two_orders(steps in prop::collection::vec(0u8..6, 1..40)) {
        let (mut q, mut orders, mut answers) = (quote(QuoteStatus::Draft), 0, 0);
        for (hour, step) in steps.into_iter().enumerate() {
            let now = at(hour as i64 / 4);
            let next = match step {
                0 => q.clone().send(day(1), at(10), now).ok(),
                1 => q.clone().answered(answer(true), None, now).ok().inspect(|_| answers += 1),
                2 => q.clone().answered(answer(false), None, now).ok().inspect(|_| answers += 1),
                3 => q.clone().convert(now).ok().inspect(|_| orders += 1),
                4 => q.clone().expire(now),
                _ => None,
            };
            q = next.unwrap_or(q);
        }
        prop_assert!(orders <= 1 && answers <= 1 && orders <= answers);
    }
}
