//! What the states of a payment allow, what it posts, and what two drafts have in common.

use uuid::Uuid;

use super::*;
use crate::ids::{AllocationId, InvoiceId};
use crate::kernel::Id;
use crate::receivables::samples::{self, a, day};

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

/// 100 dollars at 0.9 with a fee of 3.
fn payment(direction: PaymentDirection) -> Payment {
    Payment {
        id: id(1),
        company_id: id(1),
        number: None,
        status: PaymentStatus::Draft,
        direction,
        party_id: id(1),
        payment_date: day("2026-01-10"),
        method: PaymentMethod::BankTransfer,
        reference: None,
        currency: "USD".into(),
        exchange_rate: "0.9".parse().expect("a rate"),
        exchange_rate_agreed: false,
        amount: a("100"),
        fee: if direction == PaymentDirection::In { a("3") } else { Amount::ZERO },
        amount_company: a("90"),
        unallocated: a("100"),
        allocate_to: vec![],
        allocations: vec![],
        journal_entry_id: None,
        reversal_date: None,
        reversal_reason: None,
        reversal_entry_id: None,
        created_by: None,
        authors: vec![],
        posted_at: None,
        metadata: BTreeMap::new(),
        version: 1,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    }
}

fn incoming() -> Payment {
    payment(PaymentDirection::In)
}

fn allocation(n: u128, payment: Option<u128>, refunded: Option<u128>, reverses: Option<u128>) -> Allocation {
    Allocation {
        id: id::<AllocationId>(n),
        payment_id: payment.map(id),
        refunded_payment_id: refunded.map(id),
        reverses_id: reverses.map(id),
        ..samples::allocation()
    }
}

#[test]
fn what_a_payment_allows_is_what_is_not_refused() {
    use PaymentStatus::*;
    let own = || allocation(1, Some(1), None, None);
    for (status, unallocated, allocations, actions) in [
        (Draft, "100", vec![], vec!["post"]),
        (Posted, "100", vec![], vec!["allocate", "reverse"]),
        (Posted, "60", vec![own()], vec!["allocate", "unallocate", "reverse"]),
        (Allocated, "0", vec![own()], vec!["unallocate", "reverse"]),
        (Posted, "100", vec![own(), allocation(2, Some(1), None, Some(1))], vec!["allocate", "reverse"]),
        // paid back by another payment
        (Allocated, "0", vec![allocation(1, Some(2), Some(1), None)], vec![]),
        (Reversed, "0", vec![], vec![]),
    ] {
        let p = Payment { status, unallocated: a(unallocated), allocations, ..incoming() };
        assert_eq!(p.actions(), actions, "{status} {unallocated}");
        let refused = |r: Result<()>| r.err().map(|p| p.code());
        let posted = matches!(status, Posted | Allocated);
        assert_eq!(refused(p.must_be_draft()), (status != Draft).then_some(NOT_A_DRAFT), "{status}");
        assert_eq!(refused(p.must_be_posted()), (!posted).then_some(NOT_POSTED), "{status}");
        let left = match (posted, actions.contains(&"allocate")) {
            (false, _) => Some(NOT_POSTED),
            (true, has) => (!has).then_some(NOTHING_LEFT),
        };
        assert_eq!(refused(p.must_have_left()), left, "{status} {unallocated}");
        let reversible = match (posted, actions.contains(&"reverse")) {
            (false, _) => Some(NOT_POSTED),
            (true, may) => (!may).then_some(REFUNDED),
        };
        assert_eq!(refused(p.must_be_reversible()), reversible, "{status} {unallocated}");
    }
}

#[test]
fn amounts_that_make_no_sense_are_refused() {
    use PaymentDirection::{In, Out};
    for (direction, amount, fee, company) in [
        (In, "100", "0", Some("90.00")),
        (In, "100", "100", Some("90.00")),
        (In, "0.05", "0", Some("0.05")),
        (In, "0", "0", None),
        (In, "-1", "0", None),
        (In, "100", "-0.01", None),
        (In, "100", "100.01", None),
        (Out, "100", "0", Some("90.00")),
        (Out, "100", "0.01", None),
    ] {
        let p = Payment { amount: a(amount), fee: a(fee), ..payment(direction) };
        let checked = p.check(2);
        match company {
            Some(company) => assert_eq!(checked.expect("fits").amount_company, a(company), "{amount} {fee}"),
            None => assert_eq!(checked.expect_err("refused").code(), NOT_POSITIVE, "{amount} {fee}"),
        }
    }
}

#[test]
fn money_comes_in_less_its_fee_and_goes_out_whole() {
    let shown = |p: &Payment| -> Vec<(AccountRef, Amount, Option<Amount>)> {
        let lines = p.posting_lines(2).expect("lines");
        assert!(lines.iter().all(|l| l.party_id == Some(p.party_id)));
        lines.iter().map(|l| (l.account, l.balance(), l.amount_currency)).collect()
    };
    let expected = |lines: &[(Role, &str, &str)]| -> Vec<(AccountRef, Amount, Option<Amount>)> {
        lines.iter().map(|(role, balance, currency)| (AccountRef::Role(*role, None), a(balance), Some(a(currency)))).collect()
    };
    let lines = [(Role::ReceiptsInTransit, "87.30", "97"), (Role::BankCharges, "2.70", "3"), (Role::Receivable, "-90", "-100")];
    assert_eq!(shown(&incoming()), expected(&lines));
    let lines = [(Role::Receivable, "90", "100"), (Role::PaymentsInTransit, "-90", "-100")];
    assert_eq!(shown(&payment(PaymentDirection::Out)), expected(&lines));
}

#[test]
fn it_is_used_up_at_zero_and_taken_back_as_a_whole() {
    assert_eq!(incoming().settled(Amount::ZERO).status, PaymentStatus::Allocated);
    let left = incoming().settled(a("0.01"));
    assert_eq!((left.status, left.unallocated), (PaymentStatus::Posted, a("0.01")));
    let gone = left.reversed(day("2026-01-20"), "No funds".into(), Some(id(7)));
    assert_eq!((gone.status, gone.unallocated, gone.reversal_date), (PaymentStatus::Reversed, Amount::ZERO, Some(day("2026-01-20"))));
    assert_eq!((gone.reversal_reason.as_deref(), gone.reversal_entry_id), (Some("No funds"), Some(id(7))));
}

#[test]
fn whoever_changes_day_means_rate_or_money_changes_the_substance() {
    let to = |amount: Option<&str>, invoice: u128| NewAllocation {
        invoice_id: Some(id::<InvoiceId>(invoice)),
        credit_note_id: None,
        payment_id: None,
        amount: amount.map(a),
        effective_date: None,
        take_discount: true,
    };
    let base = Payment { allocate_to: vec![to(Some("10"), 1)], ..incoming() };
    assert!(base.is_same_in_substance(&Payment { reference: Some("other".into()), ..base.clone() }));
    for other in [
        Payment { payment_date: day("2026-01-11"), ..base.clone() },
        Payment { method: PaymentMethod::Cash, ..base.clone() },
        Payment { exchange_rate: Rate::ONE, ..base.clone() },
        Payment { amount: a("100.01"), ..base.clone() },
        Payment { fee: a("3.01"), ..base.clone() },
        Payment { allocate_to: vec![], ..base.clone() },
        Payment { allocate_to: vec![to(Some("10"), 2)], ..base.clone() },
        Payment { allocate_to: vec![to(None, 1)], ..base.clone() },
    ] {
        assert!(!base.is_same_in_substance(&other));
    }
}
