//! Worked cases of what an invoice still consists of: credit notes, discounts and losses, one after the other.

use crate::kernel::Decimal;
use uuid::Uuid;

use super::*;
use crate::accounting::posting::{AccountRef, Role};
use crate::ids::{PaymentId, TaxCodeId};
use crate::kernel::{Id, Rate};
use crate::receivables::credit_notes::{Credited, NewCreditNoteLine, credit_line};
use crate::receivables::samples::{self, a, code, credit_note, credited, day, invoice, line};
use crate::tax::codes::TaxCode;
use crate::tax::engine::TaxComputation;

const PLACES: Places = Places { document: 2, company: 2 };

fn percent(id: u128, rate: &str) -> TaxCode {
    code(id, rate, TaxComputation::Percent)
}

/// A credit note for these lines of the invoice, each with what is asked of it, after other notes.
fn note(i: &Invoice, asked: &[(usize, Option<&str>)], before: &[CreditNote], allocations: &[Allocation]) -> CreditNote {
    let mut note = CreditNote {
        company_id: i.company_id,
        invoice_id: i.id,
        customer_id: i.customer_id,
        credit_date: i.invoice_date,
        currency: i.currency.clone(),
        exchange_rate: i.exchange_rate,
        ..credit_note()
    };
    for (at, net) in asked {
        let l = &i.lines[*at];
        let mut gone = Credited::default();
        for b in before.iter().flat_map(|n| &n.lines).filter(|b| b.position == l.position) {
            gone.add(b.quantity, b.net, &b.taxes);
        }
        let asked = NewCreditNoteLine { invoice_line_id: l.id, quantity: None, net: net.map(a) };
        let part = credit_line(l, &gone, &asked, 2).expect("fits").expect("something");
        note.lines.push(credited(l, part));
    }
    let of = Composition::of(i, before, allocations, PLACES).expect("parts");
    let credited = before.iter().map(CreditNote::lines_total).sum();
    note.sum(&of.sold, &of.given, credited, PLACES).expect("sums");
    note
}

fn lines(prices: &[(&str, &[u128])]) -> Vec<crate::receivables::invoices::lines::InvoiceLine> {
    (1..)
        .zip(prices)
        .map(|(position, (price, taxes))| crate::receivables::invoices::lines::InvoiceLine { position, ..line("1", price, taxes) })
        .collect()
}

/// An allocation that gave an early-payment discount, or gave something up.
fn allocated(discount: &str, write_off: &str, taxes: &[(u128, &str)]) -> Allocation {
    Allocation {
        payment_id: a(write_off).is_zero().then(|| PaymentId::from_uuid(Uuid::nil())),
        effective_date: day("2019-01-05"),
        discount: a(discount),
        discount_company: a(discount),
        taxes: taxes
            .iter()
            .map(|(id, t)| TaxPart { tax_code_id: TaxCodeId::from_uuid(Uuid::from_u128(*id)), amount: a(t), amount_company: a(t) })
            .collect(),
        write_off: a(write_off),
        ..samples::allocation()
    }
}

fn tax_in(of: &Composition, amount: &str) -> Vec<(u128, Amount)> {
    of.tax_in(a(amount), PLACES).expect("taxes").into_iter().map(|t| (t.tax_code_id.uuid().as_u128(), t.amount)).collect()
}

fn balances(note: &CreditNote, before: &[CreditNote]) -> Vec<(AccountRef, Amount)> {
    let before: Vec<CreditNoteLine> = before.iter().flat_map(|n| n.lines.clone()).collect();
    let lines = note.posting_lines(&before, &BTreeMap::new(), 2).expect("lines");
    lines.iter().map(|l| (l.account, l.balance())).filter(|l| !l.1.is_zero()).collect()
}

#[test]
fn what_is_lost_carries_the_tax_of_what_is_left_and_not_of_what_was_credited() {
    let i = invoice(lines(&[("100", &[1]), ("100", &[])]), &[percent(1, "20")]);
    let whole = Composition::of(&i, &[], &[], PLACES).expect("parts");
    assert_eq!(tax_in(&whole, "220"), [(1, a("20"))]);
    assert_eq!(tax_in(&whole, "110"), [(1, a("10"))]);
    assert_eq!(tax_in(&whole, "500"), [(1, a("20"))], "never more than there is");
    let credited = note(&i, &[(0, None)], &[], &[]);
    let of = Composition::of(&i, &[credited], &[], PLACES).expect("parts");
    assert_eq!(tax_in(&of, "100"), [], "the taxed line is gone, so no tax is claimed back");
    let other = note(&i, &[(1, None)], &[], &[]);
    let of = Composition::of(&i, &[other], &[], PLACES).expect("parts");
    assert_eq!(tax_in(&of, "120"), [(1, a("20"))], "the line without tax is gone, so all of it is claimed back");
}

#[test]
fn a_loss_taken_back_in_part_keeps_the_tax_of_the_rest() {
    let i = invoice(lines(&[("100", &[1])]), &[percent(1, "20")]);
    let lost = allocated("0", "30", &[(1, "5")]);
    let of = Composition::of(&i, &[], &[lost], PLACES).expect("parts");
    assert_eq!(of.kept().total().amount, a("90"));
    assert_eq!(tax_in(&of, "30"), [(1, a("5"))]);
    assert_eq!(tax_in(&of, "90"), [(1, a("15"))]);
}

#[test]
fn a_full_credit_after_an_early_discount_gives_back_what_was_paid() {
    let i = invoice(lines(&[("100", &[1])]), &[percent(1, "20")]);
    let paid = [allocated("2.40", "0", &[(1, "0.40")])];
    let n = note(&i, &[(0, None)], &[], &paid);
    assert_eq!([n.net, n.tax, n.total, n.discount, n.lines_total()], ["98", "19.60", "117.60", "2.40", "120"].map(a));
    assert_eq!((n.taxes[0].base, n.taxes[0].amount, n.discount_taxes[0].amount), (a("98"), a("19.60"), a("0.40")));
    let role = |r| AccountRef::Role(r, None);
    let expected = [
        (role(Role::SalesReturns), a("100")),
        (role(Role::CashDiscounts), a("-2")),
        (role(Role::OutputTax), a("19.60")),
        (role(Role::Receivable), a("-117.60")),
    ];
    assert_eq!(balances(&n, &[]), expected);
    let of = Composition::of(&i, &[n], &paid, PLACES).expect("parts");
    assert_eq!((of.sold.total().amount, of.given.total().amount, of.kept().total().amount), Default::default());
}

#[test]
fn the_discount_follows_the_line_that_is_credited() {
    let i = invoice(lines(&[("100", &[1]), ("200", &[2])]), &[percent(1, "20"), percent(2, "10")]);
    // 2 % of 300 net, 20 and 20 tax
    let paid = [allocated("6.80", "0", &[(1, "0.40"), (2, "0.40")])];
    let first = note(&i, &[(0, None)], &[], &paid);
    assert_eq!((first.discount, first.discount_taxes.len(), first.total), (a("2.40"), 1, a("117.60")));
    let second = note(&i, &[(1, None)], std::slice::from_ref(&first), &paid);
    assert_eq!((second.discount, second.total), (a("4.40"), a("215.60")));
    assert_eq!(first.total + second.total + paid[0].discount, i.total);
}

#[test]
fn parts_of_a_foreign_invoice_post_what_the_invoice_did() {
    for (price, rate, parts) in [("100.01", "0.9", vec!["33.34", "33.34", "33.33"]), ("100", "0.9137", vec!["0.01", "66.65", "33.34"])] {
        let codes = [percent(1, "20"), percent(2, "7")];
        let mut i = invoice(lines(&[(price, &[1, 2])]), &codes);
        i.exchange_rate = rate.parse::<Rate>().expect("a rate");
        i.total_company = i.to_company(i.total, 2).expect("fits");
        let mut sums: BTreeMap<String, Amount> = BTreeMap::new();
        for l in i.posting_lines(&BTreeMap::new(), 2).expect("lines") {
            let what = match l.account {
                AccountRef::Role(Role::Revenue, _) => "sales".into(),
                AccountRef::Role(r, _) => format!("{r}{:?}", l.tax_code_id),
                AccountRef::Id(_) => unreachable!("roles only"),
            };
            *sums.entry(what).or_default() += l.balance();
        }
        let mut notes: Vec<CreditNote> = Vec::new();
        for part in parts {
            let n = note(&i, &[(0, Some(part))], &notes, &[]);
            let before: Vec<CreditNoteLine> = notes.iter().flat_map(|n| n.lines.clone()).collect();
            for l in n.posting_lines(&before, &BTreeMap::new(), 2).expect("lines") {
                let what = match l.account {
                    AccountRef::Role(Role::SalesReturns, _) => "sales".into(),
                    AccountRef::Role(r, _) => format!("{r}{:?}", l.tax_code_id),
                    AccountRef::Id(_) => unreachable!("roles only"),
                };
                *sums.entry(what).or_default() += l.balance();
            }
            notes.push(n);
        }
        assert!(sums.values().all(|v| v.is_zero()), "{price} at {rate} leaves {sums:?}");
    }
}

#[test]
fn reverse_charge_in_parts_is_that_of_the_whole() {
    let mut shifted = percent(1, "20");
    shifted.treatment = crate::tax::engine::TaxTreatment::ReverseCharge;
    let i = invoice(lines(&[("100.01", &[1])]), &[shifted]);
    assert_eq!(i.taxes[0].reverse_charge, a("20.00"));
    let mut notes: Vec<CreditNote> = Vec::new();
    for part in ["33.34", "33.34", "33.33"] {
        let n = note(&i, &[(0, Some(part))], &notes, &[]);
        notes.push(n);
    }
    let sum = |f: fn(&crate::tax::calculations::DocumentTax) -> Amount| notes.iter().flat_map(|n| &n.taxes).map(f).sum::<Amount>();
    assert_eq!((sum(|t| t.reverse_charge), sum(|t| t.base)), (a("20.00"), a("100.01")));
}

#[test]
fn a_price_allowance_leaves_a_tax_per_unit_alone() {
    let i = invoice(vec![line("10", "10", &[1])], &[code(1, "0.50", TaxComputation::FixedPerUnit)]);
    assert_eq!(i.tax, a("5"));
    let allowance = note(&i, &[(0, Some("20"))], &[], &[]);
    assert_eq!((allowance.net, allowance.tax), (a("20"), Amount::ZERO));
    let l = &i.lines[0];
    let four = NewCreditNoteLine { invoice_line_id: l.id, quantity: Some("4".parse().expect("a quantity")), net: None };
    let mut gone = Credited::default();
    gone.add(allowance.lines[0].quantity, allowance.net, &allowance.lines[0].taxes);
    let part = credit_line(l, &gone, &four, 2).expect("fits").expect("something");
    assert_eq!((part.net, part.taxes[0].amount), (a("32"), a("2")), "four tenths of what is left, and of the tax");
    assert_eq!(Decimal::from(4), part.quantity.into());
}
