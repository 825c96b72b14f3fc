//! The way of a return, state by state.

use uuid::Uuid;

use super::*;
use crate::kernel::Id;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

fn now() -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH
}

fn line(received: i32, credited: i32, creditable: i32) -> CustomerReturnLine {
    CustomerReturnLine {
        id: id(1),
        return_id: id(1),
        position: 1,
        delivery_line_id: id(1),
        order_line_id: id(1),
        product_id: id(1),
        quantity: 5.into(),
        unit_id: None,
        quantity_received: received.into(),
        quantity_restocked: Quantity::ZERO,
        quantity_credited: credited.into(),
        quantity_creditable: creditable.into(),
        cost_amount: Amount::from(received * 2),
    }
}

fn back(status: ReturnStatus, lines: Vec<CustomerReturnLine>) -> CustomerReturn {
    CustomerReturn {
        id: id(1),
        company_id: id(1),
        number: None,
        status,
        delivery_id: id(1),
        order_id: id(1),
        customer_id: id(1),
        warehouse_id: id(1),
        return_date: now().date_naive(),
        reason: Some("wet".into()),
        cost_total: Amount::ZERO,
        journal_entry_id: None,
        lines,
        metadata: BTreeMap::new(),
        authorized_at: None,
        received_at: None,
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

#[test]
fn what_a_return_allows_is_what_is_not_refused() {
    use ReturnStatus::*;
    for (status, creditable, allowed) in [
        (Requested, 0, vec!["authorize", "reject"]),
        (Authorized, 0, vec!["receive", "reject"]),
        (PartiallyReceived, 0, vec!["receive"]),
        (PartiallyReceived, 2, vec!["receive", "credit"]),
        (Received, 0, vec![]),
        (Received, 2, vec!["credit"]),
        (Rejected, 0, vec![]),
    ] {
        let r = back(status, vec![line(2, 0, creditable)]);
        assert_eq!(r.allowed(), allowed, "{status} {creditable}");
        let may = |action: &str| allowed.contains(&action);
        assert_eq!(r.clone().authorize("R".into(), now()).is_ok(), may("authorize"), "{status}");
        assert_eq!(r.clone().reject(None, now()).is_ok(), may("reject"), "{status}");
        assert_eq!(r.must_be_receivable().is_ok(), may("receive"), "{status}");
        assert_eq!(r.clone().receive(None, now().date_naive(), now()).is_ok(), may("receive"), "{status}");
        let credit = r.must_be_creditable().err().map(|p| p.code());
        let came_in = matches!(status, PartiallyReceived | Received);
        let expected = if came_in { RETURN_NOTHING_TO_CREDIT } else { RETURN_STATE };
        assert_eq!(credit, (!may("credit")).then_some(expected), "{status} {creditable}");
    }
}

#[test]
fn it_came_in_when_all_of_all_lines_did_and_costs_what_they_cost() {
    for (received, status) in
        [([5, 5], ReturnStatus::Received), ([5, 4], ReturnStatus::PartiallyReceived), ([6, 5], ReturnStatus::Received)]
    {
        let r = back(ReturnStatus::Authorized, received.map(|n| line(n, 0, 0)).to_vec());
        let r = r.receive(Some(id(9)), now().date_naive(), now()).expect("received");
        assert_eq!((r.status, r.cost_total), (status, Amount::from((received[0] + received[1]) * 2)));
        assert_eq!((r.journal_entry_id, r.received_at), (Some(id(9)), Some(now())));
    }
}

#[test]
fn a_deleted_credit_note_gives_back_what_stood_on_it_and_no_more() {
    for (given, left) in [(2, 1), (3, 0), (4, 0)] {
        let r = back(ReturnStatus::Received, vec![line(5, 3, 0)]).uncredit(&[(id(1), given.into())], now());
        assert_eq!(r.lines[0].quantity_credited, left.into(), "{given}");
    }
    let other = back(ReturnStatus::Received, vec![line(5, 3, 0)]).uncredit(&[(id(2), 3.into())], now());
    assert_eq!(other.lines[0].quantity_credited, 3.into(), "of another line");
}

#[test]
fn a_refusal_keeps_the_reason_that_was_given_before() {
    let refused = |reason: Option<&str>| back(ReturnStatus::Requested, vec![]).reject(reason.map(String::from), now()).expect("refused");
    assert_eq!((refused(None).status, refused(None).reason.as_deref()), (ReturnStatus::Rejected, Some("wet")));
    assert_eq!(refused(Some("too late")).reason.as_deref(), Some("too late"));
}
