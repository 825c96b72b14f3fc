//! What the states of an invoice allow, and what it posts.

use super::*;
use crate::kernel::Id;
use crate::receivables::samples::{a, code, day, invoice, line};
use crate::tax::engine::TaxComputation;

use InvoiceStatus::*;

/// An invoice of 100 in a state, with what is open, credited and written off of it.
fn of(status: InvoiceStatus, outstanding: &str, credited: &str, written_off: &str) -> Invoice {
    let mut i = invoice(vec![line("1", "100", &[])], &[]);
    (i.status, i.outstanding, i.credited, i.written_off) = (status, a(outstanding), a(credited), a(written_off));
    i
}

#[test]
fn what_an_invoice_allows_is_what_is_not_refused() {
    for (i, actions) in [
        (of(Draft, "0", "0", "0"), vec!["post"]),
        (of(Posted, "100", "0", "0"), vec!["credit", "write-off"]),
        (of(PartiallyPaid, "40", "0", "0"), vec!["credit", "write-off"]),
        (of(PartiallyPaid, "40", "0", "10"), vec!["credit", "write-off", "reverse-write-off"]),
        (of(Paid, "0", "0", "0"), vec!["credit"]),
        (of(Paid, "0", "99.99", "0"), vec!["credit"]),
        (of(Paid, "0", "100", "0"), vec![]),
        (of(Credited, "0", "100", "0"), vec![]),
        (of(WrittenOff, "0", "0", "100"), vec!["reverse-write-off"]),
    ] {
        let shown = format!("{} {} {} {}", i.status, i.outstanding, i.credited, i.written_off);
        assert_eq!(i.actions(), actions, "{shown}");
        let refused = |r: Result<()>| r.err().map(|p| p.code());
        let allowed = |action: &str| actions.contains(&action);
        assert_eq!(refused(i.must_be_draft()), (i.status != Draft).then_some(NOT_A_DRAFT), "{shown}");
        assert_eq!(refused(i.must_be_open()), (!allowed("write-off")).then_some(NOT_OPEN), "{shown}");
        assert_eq!(refused(i.must_be_creditable()), (!allowed("credit")).then_some(problems::invalid_state), "{shown}");
        assert_eq!(refused(i.must_be_written_off()), (!allowed("reverse-write-off")).then_some(NOTHING_WRITTEN_OFF), "{shown}");
    }
    // goods given away are taken back by a credit note over nothing
    let gift = Invoice { status: Paid, ..invoice(vec![line("1", "0", &[])], &[]) };
    assert!(gift.total.is_zero() && gift.must_be_creditable().is_ok());
}

#[test]
fn its_state_follows_from_what_is_open_and_why() {
    for (outstanding, credited, written_off, status) in [
        ("100", "0", "0", Posted),
        ("99.99", "0", "0", PartiallyPaid),
        ("40", "30", "0", PartiallyPaid),
        ("0", "0", "0", Paid),
        ("0", "99.99", "0", Paid),
        ("0", "100", "0", Credited),
        ("0", "0", "10", WrittenOff),
        ("0", "100", "10", WrittenOff),
        ("10", "0", "10", PartiallyPaid),
    ] {
        let i = of(Posted, "100", "0", written_off).settled(a(outstanding), a(credited));
        assert_eq!((i.status, i.outstanding, i.credited), (status, a(outstanding), a(credited)), "{outstanding} {credited} {written_off}");
    }
    let gift = invoice(vec![line("1", "0", &[])], &[]).settled(Amount::ZERO, Amount::ZERO);
    assert_eq!(gift.status, Paid);
}

#[test]
fn revenue_and_tax_are_posted_in_the_company_s_currency_and_what_the_rate_leaves_over_is_rounding() {
    let codes = [code(1, "20", TaxComputation::Percent)];
    let map: BTreeMap<TaxCodeId, TaxCode> = codes.iter().map(|c| (c.id, c.clone())).collect();
    // 0.02 and 0.02 at 0.7 are 0.014 each, 0.04 are 0.028
    let mut second = line("1", "0.02", &[]);
    second.item_class = ItemClass::Merchandise;
    let mut i = invoice(vec![line("1", "0.02", &[]), second], &codes);
    i.exchange_rate = "0.7".parse().expect("a rate");
    i.total_company = i.to_company(i.total, 2).expect("fits");
    assert_eq!(i.total_company, a("0.03"));
    let lines = i.posting_lines(&map, 2).expect("lines");
    let shown: Vec<_> = lines.iter().map(|l| (l.balance(), l.amount_currency)).collect();
    let expected = [("0.03", "0.04"), ("-0.01", "-0.02"), ("-0.01", "-0.02"), ("-0.01", "0")];
    assert_eq!(shown, expected.map(|(balance, currency)| (a(balance), Some(a(currency)))));
    assert!(matches!(lines[3].account, AccountRef::Role(Role::RoundingDifferences, None)));
    assert!(lines.iter().all(|l| l.party_id == Some(i.customer_id)));
    // an invoice of earlier books goes against the opening balance
    i.opening_date = Some(day("2026-01-01"));
    let lines = i.posting_lines(&map, 2).expect("lines");
    assert_eq!(lines.iter().map(|l| l.balance()).collect::<Vec<_>>(), [a("0.03"), a("-0.03")]);
    assert!(matches!(lines[1].account, AccountRef::Role(Role::OpeningBalance, None)));
    assert_eq!(i.booked_date(), day("2026-01-01"));
    i.opening_date = None;
    assert_eq!(i.booked_date(), i.invoice_date);
}

#[test]
fn a_tax_goes_to_its_own_account_or_to_that_of_output_tax() {
    let mut own = code(1, "20", TaxComputation::Percent);
    own.account_id = Some(crate::ids::AccountId::from_uuid(crate::kernel::reexport::Uuid::from_u128(9)));
    let other = code(2, "20", TaxComputation::Percent);
    let map: BTreeMap<TaxCodeId, TaxCode> = [own.clone(), other.clone()].map(|c| (c.id, c)).into();
    assert_eq!(Some(tax_account(&map, own.id)), own.account_id.map(AccountRef::Id));
    assert_eq!(tax_account(&map, other.id), AccountRef::Role(Role::OutputTax, None));
}
