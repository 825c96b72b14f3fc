//! The rules of credit notes: the parts of a line are the line, all credit notes of an invoice book what it did, and states.

use chrono::Utc;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ids::{AllocationId, CompanyId};
use crate::kernel::{Id, Rate};
use crate::receivables::composition::Composition;
use crate::receivables::samples::{self, a, code, credit_note, credited, day, invoice, line};
use crate::tax::engine::TaxTreatment;

const PLACES: Places = Places { document: 2, company: 2 };

fn q(s: &str) -> Quantity {
    s.parse().expect("a quantity")
}

fn tax(id: u128) -> TaxCodeId {
    TaxCodeId::from_uuid(Uuid::from_u128(id))
}

fn cents(n: i64) -> Amount {
    Amount::exact(Decimal::new(n, 2)).expect("an amount")
}

fn asked(line: &InvoiceLine, quantity: Option<Quantity>, net: Option<Amount>) -> NewCreditNoteLine {
    NewCreditNoteLine { invoice_line_id: line.id, quantity, net }
}

fn part_of(line: &InvoiceLine, before: &Credited, quantity: Option<&str>, net: Option<&str>) -> Result<Option<CreditPart>> {
    credit_line(line, before, &asked(line, quantity.map(q), net.map(a)), 2)
}

fn note(lines: Vec<CreditNoteLine>, rate: Rate) -> CreditNote {
    CreditNote {
        status: CreditNoteStatus::Draft,
        credit_date: day("2026-01-20"),
        currency: "USD".into(),
        exchange_rate: rate,
        lines,
        ..credit_note()
    }
}

fn allocation(id: u128, payment: bool, reverses: Option<u128>) -> Allocation {
    let allocation = |id| AllocationId::from_uuid(Uuid::from_u128(id));
    Allocation {
        id: allocation(id),
        payment_id: payment.then(|| crate::ids::PaymentId::from_uuid(Uuid::nil())),
        credit_note_id: Some(CreditNoteId::from_uuid(Uuid::nil())),
        reverses_id: reverses.map(allocation),
        ..samples::allocation()
    }
}

/// Four pieces at 25 with 20 per cent and 1.50 a piece.
fn four_pieces() -> InvoiceLine {
    let codes = [code(1, "20", TaxComputation::Percent), code(2, "1.5", TaxComputation::FixedPerUnit)];
    invoice(vec![line("4", "25", &[1, 2])], &codes).lines.remove(0)
}

fn amounts(part: &CreditPart) -> (String, String, Vec<String>, Vec<String>) {
    let of = |f: fn(&DocumentTax) -> Amount| part.taxes.iter().map(|t| f(t).to_string()).collect();
    (part.quantity.to_string(), part.net.to_string(), of(|t| t.amount), of(|t| t.base))
}

#[test]
fn a_part_has_the_tax_of_exactly_that_part() {
    let l = four_pieces();
    assert_eq!((l.net, l.tax), (a("100"), a("26")));
    let untouched = Credited::default();
    let taken = |before: &Credited, quantity, net| part_of(&l, before, quantity, net).expect("fits").expect("something");
    for (quantity, net, expected) in [
        (Some("1"), None, ("1", "25.00", ["5.00", "1.50"])),
        (Some("2"), None, ("2", "50.00", ["10.00", "3.00"])),
        (Some("4"), None, ("4", "100.00", ["20.00", "6.00"])),
        // an amount takes back no pieces, so nothing of a tax for each piece
        (None, Some("50"), ("0", "50", ["10.00", "0.00"])),
        (None, Some("100"), ("0", "100", ["20.00", "6.00"])),
        (None, None, ("4", "100.00", ["20.00", "6.00"])),
    ] {
        let got = taken(&untouched, quantity, net);
        assert_eq!((got.quantity, got.net), (q(expected.0), a(expected.1)), "{quantity:?} {net:?}");
        assert_eq!(got.taxes.iter().map(|t| t.amount).collect::<Vec<_>>(), expected.2.map(a), "{quantity:?} {net:?}");
        assert_eq!(got.taxes[0].base, got.net, "{quantity:?} {net:?}");
    }
    // after one piece and 30 more are gone, 45 and three pieces are left
    let mut before = Credited::default();
    for (quantity, net) in [(Some("1"), None), (None, Some("30"))] {
        let part = taken(&before, quantity, net);
        before.add(part.quantity, part.net, &part.taxes);
    }
    assert_eq!(amounts(&taken(&before, Some("1"), None)).1, "15.00");
    let rest = taken(&before, None, None);
    assert_eq!((rest.quantity, rest.net), (q("3"), a("45")));
    assert_eq!(rest.taxes.iter().map(|t| t.amount).collect::<Vec<_>>(), [a("9"), a("4.5")]);
    assert_eq!(rest.taxes[0].base, a("45"));
}

#[test]
fn nothing_and_more_than_is_left_are_refused() {
    let l = four_pieces();
    let mut before = Credited::default();
    let refused = |before: &Credited, quantity, net| part_of(&l, before, quantity, net).expect_err("refused").code();
    for (quantity, net) in [("0", "0"), ("-1", "-1"), ("4.0001", "100.01"), ("5", "101")] {
        assert_eq!(refused(&before, Some(quantity), None), TOO_MUCH, "{quantity}");
        assert_eq!(refused(&before, None, Some(net)), TOO_MUCH, "{net}");
    }
    assert_eq!(refused(&before, Some("1"), Some("25")), QUANTITY_OR_NET);
    let part = part_of(&l, &before, Some("3"), None).expect("fits").expect("something");
    before.add(part.quantity, part.net, &part.taxes);
    assert_eq!((refused(&before, Some("1.5"), None), refused(&before, None, Some("25.01"))), (TOO_MUCH, TOO_MUCH));
    let part = part_of(&l, &before, None, Some("25")).expect("fits").expect("something");
    before.add(part.quantity, part.net, &part.taxes);
    // the money is back, a piece is still out
    let piece = part_of(&l, &before, None, None).expect("fits").expect("the piece");
    assert_eq!((piece.quantity, piece.net), (q("1"), Amount::ZERO));
    before.add(piece.quantity, piece.net, &piece.taxes);
    assert_eq!(part_of(&l, &before, None, None).expect("fits"), None);
}

#[test]
fn an_invoice_is_credited_at_most_in_full() {
    let mut i = invoice(vec![line("1", "120", &[])], &[]);
    i.credited = a("100");
    assert!(check_total(&i, a("20")).is_ok() && check_total(&i, a("19.99")).is_ok());
    assert_eq!(check_total(&i, a("20.01")).expect_err("refused").code(), TOO_MUCH);
}

#[test]
fn taxes_are_summed_by_code_and_rate() {
    let one = |id: u128, rate: &str, amount: &str| DocumentTax {
        tax_code_id: tax(id),
        code: "T".into(),
        computation: TaxComputation::Percent,
        treatment: TaxTreatment::Taxable,
        rate: rate.parse().expect("a rate"),
        base: a("100"),
        amount: a(amount),
        reverse_charge: a("3"),
    };
    let sum = sum_taxes(&[one(1, "20", "20"), one(2, "20", "20"), one(1, "20", "19"), one(1, "10", "10")]);
    let shown: Vec<_> = sum.iter().map(|t| (t.tax_code_id, t.amount, t.base, t.reverse_charge)).collect();
    let expected = [(tax(1), "39", "200", "6"), (tax(2), "20", "100", "3"), (tax(1), "10", "100", "3")];
    assert_eq!(shown, expected.map(|(id, amount, base, shifted)| (id, a(amount), a(base), a(shifted))));
}

/// 100 and 20 of tax, 2 per cent of which were given for paying early: what is taken back of it.
fn after_discount(net: &str) -> CreditNote {
    let codes = [code(1, "20", TaxComputation::Percent)];
    let i = invoice(vec![line("1", "100", &[1])], &codes);
    let part = part_of(&i.lines[0], &Credited::default(), None, Some(net)).expect("fits").expect("something");
    let mut n = note(vec![credited(&i.lines[0], part)], Rate::ONE);
    let given = Parts::gross(a("2.40"), a("2.40"), &[TaxPart { tax_code_id: tax(1), amount: a("0.40"), amount_company: a("0.40") }]);
    let sold = Composition::of(&i, &[], &[], PLACES).expect("parts").sold;
    n.sum(&sold, &given, Amount::ZERO, PLACES).expect("sums");
    n
}

#[test]
fn what_was_not_paid_for_paying_early_is_not_paid_back() {
    for (net, expected) in
        [("100", ["98.00", "19.60", "117.60", "2.40", "98.00", "120.00"]), ("50", ["49.00", "9.80", "58.80", "1.20", "49.00", "60.00"])]
    {
        let n = after_discount(net);
        let got = [n.net, n.tax, n.total, n.discount, n.taxes[0].base, n.lines_total()];
        assert_eq!(got, expected.map(a), "{net}");
        assert_eq!((n.taxes[0].amount, n.total_company), (n.tax, n.total), "{net}");
        assert_eq!(n.discount_parts().total().amount, n.discount);
        let codes = [code(1, "20", TaxComputation::Percent)].map(|c| (c.id, c)).into();
        let lines = n.posting_lines(&[], &codes, 2).expect("lines");
        let (taken, given) = (a(net), n.discount - n.discount_taxes[0].amount);
        let balances: Vec<Amount> = lines.iter().map(PostingLine::balance).collect();
        assert_eq!(balances, [taken, -given, n.tax, -n.total], "{net}");
        assert!(lines.iter().all(|l| l.party_id == Some(n.customer_id)));
        assert_eq!(lines.iter().map(|l| l.tax_code_id).collect::<Vec<_>>(), [None, None, Some(tax(1)), None]);
    }
}

#[test]
fn what_a_credit_note_allows_is_what_is_not_refused() {
    let with = |status, unallocated: &str, allocations: Vec<Allocation>| {
        let mut n = note(vec![], Rate::ONE);
        (n.status, n.unallocated, n.allocations) = (status, a(unallocated), allocations);
        n
    };
    let draft = with(CreditNoteStatus::Draft, "10", vec![]);
    assert!(draft.must_be_draft().is_ok() && draft.actions() == ["post"]);
    assert_eq!(draft.must_be_posted().expect_err("refused").code(), NOT_POSTED);
    assert_eq!(draft.must_have_left().expect_err("refused").code(), NOT_POSTED);
    for (unallocated, allocations, actions) in [
        ("10", vec![], vec!["allocate"]),
        ("10", vec![allocation(1, false, None)], vec!["allocate", "unallocate"]),
        ("0", vec![allocation(1, false, None)], vec!["unallocate"]),
        // what was undone, and what a refund paid out
        ("0", vec![allocation(1, false, None), allocation(2, false, Some(1))], vec![]),
        ("0", vec![allocation(1, true, None)], vec![]),
    ] {
        let posted = with(CreditNoteStatus::Posted, unallocated, allocations);
        assert_eq!(posted.actions(), actions);
        assert_eq!(posted.must_be_draft().expect_err("refused").code(), NOT_A_DRAFT);
        assert!(posted.must_be_posted().is_ok());
        match actions.contains(&"allocate") {
            true => assert!(posted.must_have_left().is_ok()),
            false => assert_eq!(posted.must_have_left().expect_err("refused").code(), USED_UP),
        }
    }
}

/// What the lines come to on each account.
fn by_account(lines: &[PostingLine]) -> Vec<(AccountRef, Amount)> {
    let mut out: Vec<(AccountRef, Amount)> = Vec::new();
    for l in lines {
        // revenue and what is taken off it are one thing here
        let account = match l.account {
            AccountRef::Role(Role::Revenue, _) => AccountRef::Role(Role::SalesReturns, None),
            other => other,
        };
        match out.iter_mut().find(|o| o.0 == account) {
            Some(o) => o.1 += l.balance(),
            None => out.push((account, l.balance())),
        }
    }
    out
}

proptest! {
    #[test]
    fn a_line_is_credited_in_any_parts_whole_and_never_more(
        pieces in 1i64..12, price in 1i64..100_000, rate in prop::sample::select(vec!["7", "19", "20.5"]),
        cuts in prop::collection::vec((any::<bool>(), 1i64..1_000), 0..10)
    ) {
        let codes = [code(1, rate, TaxComputation::Percent), code(2, "0.33", TaxComputation::FixedPerUnit)];
        let l = invoice(vec![line(&pieces.to_string(), &cents(price).to_string(), &[1, 2])], &codes).lines.remove(0);
        let mut before = Credited::default();
        let steps = cuts.into_iter().map(Some).chain([None]);
        for step in steps {
            let (left, left_net) = (l.quantity - before.quantity, l.net - before.net);
            let hundredths = |a: Amount| (a.get() * Decimal::ONE_HUNDRED).to_string().parse::<f64>().unwrap_or_default() as i64;
            let wanted = match step {
                None => asked(&l, None, None),
                Some((true, n)) if left.is_positive() => {
                    let whole = left.get().to_string().parse::<f64>().unwrap_or_default() as i64;
                    asked(&l, Some(Quantity::from(i32::try_from(1 + n % whole).unwrap_or(1))), None)
                }
                Some((_, n)) if left_net.is_positive() => asked(&l, None, Some(cents(1 + n % hundredths(left_net)))),
                Some(_) => continue,
            };
            let Some(part) = credit_line(&l, &before, &wanted, 2).expect("fits") else { continue };
            prop_assert!(!part.net.is_negative() && part.net <= left_net && part.quantity <= left);
            for (t, all) in part.taxes.iter().zip(&l.taxes) {
                let gone = before.taxes.get(&t.tax_code_id).copied().unwrap_or_default();
                prop_assert!(!t.amount.is_negative() && t.amount <= all.amount - gone.amount);
            }
            before.add(part.quantity, part.net, &part.taxes);
        }
        prop_assert_eq!((before.quantity, before.net), (l.quantity, l.net));
        for t in &l.taxes {
            prop_assert_eq!((before.taxes[&t.tax_code_id].amount, before.taxes[&t.tax_code_id].base), (t.amount, t.base));
        }
    }

    #[test]
    fn all_credit_notes_of_an_invoice_book_what_it_did(
        prices in prop::collection::vec(1i64..50_000, 1..4), rate in 1i64..40_000, cuts in prop::collection::vec(1i64..1_000, 0..6)
    ) {
        let rate = Rate::exact(Decimal::new(rate, 4)).expect("a rate");
        let codes = [code(1, "20", TaxComputation::Percent), code(2, "7", TaxComputation::Percent)];
        let map: BTreeMap<TaxCodeId, TaxCode> = codes.iter().map(|c| (c.id, c.clone())).collect();
        let lines = prices.iter().enumerate().map(|(i, p)| {
            let mut l = line("1", &cents(*p).to_string(), &[1 + i as u128 % 2]);
            l.id = crate::ids::InvoiceLineId::from_uuid(Uuid::from_u128(i as u128 + 1));
            l.item_class = if i % 2 == 0 { ItemClass::Service } else { ItemClass::Merchandise };
            l
        });
        let mut i = invoice(lines.collect(), &codes);
        i.exchange_rate = rate;
        i.total_company = i.to_company(i.total, 2).expect("fits");
        let mut booked = i.posting_lines(&map, 2).expect("lines");
        let mut before: Vec<Credited> = i.lines.iter().map(|_| Credited::default()).collect();
        let (mut gone, mut total) = (Vec::<CreditNoteLine>::new(), Amount::ZERO);
        for cut in cuts.into_iter().map(Some).chain([None]) {
            let mut parts = Vec::new();
            for (l, before) in i.lines.iter().zip(&mut before) {
                let left = l.net - before.net;
                let net = cut.map(|n| left.min(cents(n)));
                if net.is_some_and(|n| !n.is_positive()) {
                    continue;
                }
                let Some(part) = credit_line(l, before, &asked(l, None, net), 2).expect("fits") else { continue };
                before.add(part.quantity, part.net, &part.taxes);
                parts.push(credited(l, part));
            }
            let mut n = note(parts, rate);
            let sold = Composition::of(&i, &[], &[], PLACES).expect("parts").sold;
            n.sum(&sold, &Parts::default(), total, PLACES).expect("sums");
            prop_assert_eq!((n.net, n.tax), (n.lines.iter().map(|l| l.net).sum::<Amount>(), n.lines.iter().map(|l| l.tax).sum::<Amount>()));
            prop_assert_eq!((n.total, n.total), (n.net + n.tax, n.lines_total()));
            let lines = n.posting_lines(&gone, &map, 2).expect("lines");
            prop_assert_eq!(lines.iter().map(PostingLine::balance).sum::<Amount>(), Amount::ZERO, "each entry balances");
            total += n.total;
            booked.extend(lines);
            gone.extend(n.lines);
        }
        prop_assert_eq!(total, i.total);
        for (account, balance) in by_account(&booked) {
            prop_assert_eq!(balance, Amount::ZERO, "{:?}", account);
        }
    }
}
