//! Worked cases of settling: discounts, partial payments, currencies.

use std::collections::BTreeMap;

use chrono::Utc;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::accounting::posting::ItemClass;
use crate::directory::companies::Rounding;
use crate::ids::{CompanyId, InvoiceId, InvoiceLineId};
use crate::kernel::{Id, Quantity, Rate};
use crate::receivables::credit_notes::{Credited, NewCreditNoteLine, credit_line};
use crate::receivables::invoices::InvoiceStatus;
use crate::receivables::invoices::lines::InvoiceLine;
use crate::receivables::open_items::ItemKind;
use crate::receivables::parts::Places;
use crate::receivables::samples::{a, code, day, invoice, line};
use crate::tax::codes::TaxCode;
use crate::tax::engine::{TaxComputation, TaxTreatment};

const PLACES: Places = Places { document: 2, company: 2 };

/// The plan of a payment or credit note of which nobody else gets anything.
fn plan(i: &Invoice, asked: Option<Amount>, available: Amount, paid_on: Option<NaiveDate>, places: u32) -> Result<Plan> {
    let of = Composition::of(i, &[], &[], PLACES)?;
    let granted = if in_time(i, paid_on) { early_discount(i, &of, places)? } else { Discount::default() };
    super::plan(i, asked, &Means { available, money: paid_on.is_some(), last: true, ..Means::default() }, &granted, places)
}

/// Every item is booked on the receivable account.
fn receivable(_: OpenItemId) -> AccountRef {
    AccountRef::Role(Role::Receivable, None)
}

fn item(id: u128, outstanding: &str, company: &str) -> OpenItem {
    OpenItem {
        id: OpenItemId::from_uuid(Uuid::from_u128(id)),
        company_id: CompanyId::from_uuid(Uuid::nil()),
        party_id: PartyId::from_uuid(Uuid::nil()),
        kind: ItemKind::Invoice,
        document_id: "x".into(),
        document_number: "x".into(),
        position: 1,
        account_id: None,
        document_date: day("2026-01-01"),
        due_date: day("2026-01-01"),
        currency: "USD".into(),
        exchange_rate: Rate::ONE,
        amount: a(outstanding),
        outstanding: a(outstanding),
        outstanding_company: a(company),
        last_entry_date: day("2026-01-01"),
        version: 1,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    }
}

#[test]
fn an_early_payer_takes_ten_per_cent_and_the_tax_follows() {
    // PT-12: 1500 + 15 % early
    let i = invoice(vec![line("1", "1500", &[1])], &[code(1, "15", TaxComputation::Percent)]);
    let p = plan(&i, None, a("1552.50"), Some(day("2019-01-11")), 2).expect("a plan");
    assert_eq!((p.discount.net, p.discount.taxes[0].1, p.discount.total()), (a("150"), a("22.50"), a("172.50")));
    assert_eq!(i.outstanding - p.amount - p.discount.total(), Amount::ZERO);
    let late = plan(&i, None, a("1552.50"), Some(day("2019-01-12")), 2).expect("a plan");
    assert_eq!(late.discount, Discount::default());
    let short = plan(&i, None, a("1552.49"), Some(day("2019-01-01")), 2).expect("a plan");
    assert_eq!(short.discount, Discount::default(), "a cent too little earns nothing");
    let generous = plan(&i, None, a("1700"), Some(day("2019-01-01")), 2).expect("a plan");
    assert_eq!(generous.discount.total(), a("25"), "whoever pays more takes less");
}

#[test]
fn a_tax_per_unit_is_not_discounted() {
    // PT-10, seen from the seller: 1500 + 15 % + 0.05
    let codes = [code(1, "15", TaxComputation::Percent), code(2, "0.05", TaxComputation::FixedPerUnit)];
    let i = invoice(vec![line("1", "1500", &[1, 2])], &codes);
    assert_eq!(i.total, a("1725.05"));
    let p = plan(&i, Some(a("1552.55")), a("1552.55"), Some(day("2019-01-05")), 2).expect("a plan");
    assert_eq!((p.discount.net, p.discount.total()), (a("150"), a("172.50")));
}

#[test]
fn more_than_is_open_is_refused_and_small_differences_are_let_go() {
    let mut i = invoice(vec![line("1", "100", &[])], &[]);
    i.discount_until_date = None;
    assert_eq!(plan(&i, Some(a("100.01")), a("500"), None, 2).expect_err("refused").code(), OVER_ALLOCATED);
    assert_eq!(plan(&i, Some(a("50")), a("49.99"), None, 2).expect_err("refused").code(), OVER_ALLOCATED);
    assert_eq!(plan(&i, Some(a("0")), a("49.99"), None, 2).expect_err("refused").code(), OVER_ALLOCATED);
    i.tolerance = a("0.05");
    let p = plan(&i, None, a("99.96"), Some(day("2019-02-01")), 2).expect("a plan");
    assert_eq!((p.amount, p.write_off, p.overpaid), (a("99.96"), a("0.04"), Amount::ZERO));
    let p = plan(&i, None, a("100.05"), Some(day("2019-02-01")), 2).expect("a plan");
    assert_eq!((p.amount, p.write_off, p.overpaid), (a("100"), Amount::ZERO, a("0.05")));
    let p = plan(&i, None, a("99.94"), Some(day("2019-02-01")), 2).expect("a plan");
    assert_eq!(p.write_off, Amount::ZERO);
}

#[test]
fn forty_of_a_hundred_in_three_parts_leave_forty_and_twenty() {
    // AGE-02: the oldest part is paid first
    let mut items = [item(1, "30", "30"), item(2, "50", "50"), item(3, "20", "20")];
    let changes = take(&mut items, a("40"), EntryCause::Allocation, 2).expect("fits");
    assert_eq!(changes.iter().map(|c| c.amount).collect::<Vec<_>>(), [a("-30"), a("-10")]);
    assert_eq!(items.map(|i| i.outstanding), [a("0"), a("40"), a("20")]);
}

#[test]
fn another_rate_at_payment_is_a_realised_gain() {
    // ACC-FX-01: 400 EUR at 1.20 and 1.10 EUR for one USD
    let mut owed = [item(1, "400", "333.33")];
    let mut paid = [item(2, "-400", "-363.64")];
    let mut changes = take(&mut paid, a("400"), EntryCause::Allocation, 2).expect("fits");
    changes.extend(take(&mut owed, a("400"), EntryCause::Allocation, 2).expect("fits"));
    let none = |_| AccountRef::Role(Role::OutputTax, None);
    let e = effect(&changes, &Discount::default(), receivable, none, false, owed[0].party_id, 2).expect("an effect");
    assert_eq!(e.exchange_gain, a("30.31"));
    let shown: Vec<_> = e.lines.iter().map(|l| (l.account, l.balance())).collect();
    assert_eq!(shown, [(AccountRef::Role(Role::Receivable, None), a("30.31")), (AccountRef::Role(Role::RealisedGain, None), a("-30.31"))]);

    // G5: 100 at 0.90, paid at 0.93
    let mut changes = take(&mut [item(1, "100", "90")], a("100"), EntryCause::Allocation, 2).expect("fits");
    changes.extend(take(&mut [item(2, "-100", "-93")], a("100"), EntryCause::Allocation, 2).expect("fits"));
    assert_eq!(
        effect(&changes, &Discount::default(), receivable, none, false, owed[0].party_id, 2).expect("an effect").exchange_gain,
        a("3.00")
    );
}

#[test]
fn credit_notes_of_a_line_sum_to_the_line() {
    let i = invoice(vec![line("3", "3.33", &[1])], &[code(1, "19", TaxComputation::Percent)]);
    let l = &i.lines[0];
    let mut before = Credited::default();
    let mut net = Amount::ZERO;
    let mut taxed = Amount::ZERO;
    for _ in 0..3 {
        let asked = NewCreditNoteLine { invoice_line_id: l.id, quantity: Some(Quantity::ONE), net: None };
        let part = credit_line(l, &before, &asked, 2).expect("fits").expect("something");
        net += part.net;
        taxed += part.taxes[0].amount;
        before.add(part.quantity, part.net, &part.taxes);
    }
    assert_eq!((net, taxed), (l.net, l.tax));
    let more = NewCreditNoteLine { invoice_line_id: l.id, quantity: Some(Quantity::ONE), net: None };
    assert!(credit_line(l, &before, &more, 2).is_err());
    let rest = NewCreditNoteLine { quantity: None, ..more };
    assert_eq!(credit_line(l, &before, &rest, 2).expect("fits"), None);
}

#[test]
fn an_invoice_posts_receivable_against_revenue_and_tax() {
    // ACC-O2C-01
    let codes = [code(1, "10", TaxComputation::Percent)];
    let i = invoice(vec![line("5", "40", &[1]), line("1", "20", &[])], &codes);
    assert_eq!((i.net, i.tax, i.total, i.taxes[0].base), (a("220"), a("20"), a("240"), a("200")));
    let map: BTreeMap<_, _> = codes.iter().map(|c| (c.id, c.clone())).collect();
    let lines = i.posting_lines(&map, 2).expect("lines");
    assert_eq!(lines.iter().map(PostingLine::balance).collect::<Vec<_>>(), [a("240"), a("-220"), a("-20")]);
}

fn asking(amounts: &[Option<&str>]) -> Vec<NewAllocation> {
    let one = |amount: &Option<&str>| NewAllocation {
        invoice_id: None,
        credit_note_id: None,
        payment_id: None,
        amount: amount.map(a),
        effective_date: None,
        take_discount: true,
    };
    amounts.iter().map(one).collect()
}

/// What each invoice (total, early-payment per cent, stated amount) gets of a payment in time: amount, discount, let go, kept.
fn spread(paid: &str, invoices: &[(&str, i32, Option<&str>)], tolerance: &str) -> Vec<[String; 4]> {
    let documents: Vec<Invoice> = invoices
        .iter()
        .map(|(total, percent, _)| {
            let mut i = invoice(vec![line("1", total, &[])], &[]);
            (i.discount_percent, i.tolerance) = (Rate::from(*percent), a(tolerance));
            i
        })
        .collect();
    let granted: Vec<Discount> = documents
        .iter()
        .map(|i| early_discount(i, &Composition::of(i, &[], &[], PLACES).expect("parts"), 2).expect("a discount"))
        .collect();
    let settles: Vec<Amount> = documents.iter().zip(&granted).map(|(i, g)| least(i, g)).collect();
    let asked = asking(&invoices.iter().map(|i| i.2).collect::<Vec<_>>());
    let mut available = a(paid);
    let all = needs(&asked, &settles).into_iter().zip(&documents).zip(granted.iter().zip(&asked));
    all.map(|(((promised, wanted), i), (granted, asked))| {
        let means = Means { available, promised, wanted, money: true, last: true };
        let p = super::plan(i, asked.amount, &means, granted, 2).expect("a plan");
        available -= p.amount + p.overpaid;
        [p.amount, p.discount.total(), p.write_off, p.overpaid].map(|a| a.to_string())
    })
    .collect()
}

#[test]
fn a_payment_for_several_invoices_settles_each_with_its_discount() {
    let two = [("1000", 10, None), ("2000", 10, None)];
    let got = |paid| spread(paid, &two, "0");
    assert_eq!(got("2700"), [["900.00", "100.00", "0.00", "0.00"], ["1800.00", "200.00", "0.00", "0.00"]]);
    assert_eq!(got("2800"), [["1000.00", "0.00", "0.00", "0.00"], ["1800.00", "200.00", "0.00", "0.00"]], "what is more goes to the first");
    assert_eq!(got("3000"), [["1000.00", "0.00", "0.00", "0.00"], ["2000.00", "0.00", "0.00", "0.00"]]);
    assert_eq!(got("2000"), [["900.00", "100.00", "0.00", "0.00"], ["1100.00", "0.00", "0.00", "0.00"]], "too little is short on the last");
    let stated = [("1000", 10, None), ("2000", 10, Some("1800"))];
    assert_eq!(spread("2750", &stated, "0"), [["950.00", "50.00", "0.00", "0.00"], ["1800.00", "200.00", "0.00", "0.00"]]);
    assert_eq!(spread("2700", &[two[0], ("2000", 10, Some("1800"))], "0")[0], ["900.00", "100.00", "0.00", "0.00"]);
}

#[test]
fn nothing_is_let_go_or_kept_while_money_has_another_use() {
    // 103 for 100 and 3: the 3 are no small overpayment
    assert_eq!(
        spread("103", &[("100", 0, None), ("3", 0, None)], "5"),
        [["100.00", "0.00", "0.00", "0.00"], ["3.00", "0.00", "0.00", "0.00"]]
    );
    let stated = [("100", 0, Some("100")), ("3", 0, Some("3"))];
    assert_eq!(spread("103", &stated, "5"), [["100.00", "0.00", "0.00", "0.00"], ["3.00", "0.00", "0.00", "0.00"]]);
    assert_eq!(spread("103.02", &stated, "5")[0][3], "0.02", "only what nobody needs is kept");
    // 200 with 99.60 stated for 100: the payment could pay the rest
    assert_eq!(spread("200", &[("100", 0, Some("99.60"))], "0.50"), [["99.60", "0.00", "0.00", "0.00"]]);
    assert_eq!(spread("99.60", &[("100", 0, Some("99.60"))], "0.50"), [["99.60", "0.00", "0.40", "0.00"]]);
    assert_eq!(spread("99.50", &[("100", 0, None)], "0.50")[0][2], "0.50", "the tolerance itself is within it");
    assert_eq!(spread("99.49", &[("100", 0, None)], "0.50")[0][2], "0.00");
    let mut i = invoice(vec![line("1", "100", &[])], &[]);
    (i.discount_percent, i.tolerance) = (Rate::ZERO, a("5"));
    let kept = |means| super::plan(&i, None, &means, &Discount::default(), 2).expect("a plan").overpaid;
    let means = Means { available: a("103"), money: true, last: true, ..Means::default() };
    assert_eq!(kept(means), a("3"));
    assert_eq!(kept(Means { last: false, ..means }), Amount::ZERO, "something else is open");
    assert_eq!(kept(Means { money: false, ..means }), Amount::ZERO, "a credit note is not money");
}

#[test]
fn items_are_settled_where_they_are_booked() {
    let mut changes = take(&mut [item(1, "100", "100")], a("100"), EntryCause::Allocation, 2).expect("fits");
    changes.extend(take(&mut [item(2, "-100", "-100")], a("100"), EntryCause::Allocation, 2).expect("fits"));
    let account = |n| AccountRef::Id(crate::ids::AccountId::from_uuid(Uuid::from_u128(n)));
    let none = |_| AccountRef::Role(Role::OutputTax, None);
    let party = PartyId::from_uuid(Uuid::nil());
    let booked = |id: OpenItemId| account(id.uuid().as_u128());
    let e = effect(&changes, &Discount::default(), booked, none, true, party, 2).expect("an effect");
    let shown: Vec<_> = e.lines.iter().map(|l| (l.account, l.balance())).collect();
    assert_eq!(shown, [(account(1), a("-100")), (account(2), a("100"))], "the old account is emptied, the new one too");
    let e = effect(&changes, &Discount::default(), receivable, none, true, party, 2).expect("an effect");
    assert!(e.lines.is_empty(), "on one account there is nothing to post");
}

#[test]
fn the_tax_in_a_discount_names_its_code() {
    let i = invoice(vec![line("1", "100", &[1])], &[code(1, "20", TaxComputation::Percent)]);
    let granted = early_discount(
        &Invoice { discount_percent: Rate::from(2), ..i.clone() },
        &Composition::of(&i, &[], &[], PLACES).expect("parts"),
        2,
    );
    let granted = granted.expect("a discount");
    let changes = take(&mut [item(1, "120", "120")], a("2.40"), EntryCause::Discount, 2).expect("fits");
    let none = |_| AccountRef::Role(Role::OutputTax, None);
    let e = effect(&changes, &granted, receivable, none, true, i.customer_id, 2).expect("an effect");
    let shown: Vec<_> = e.lines.iter().map(|l| (l.balance(), l.tax_code_id)).collect();
    assert_eq!(shown, [(a("-2.40"), None), (a("2.00"), None), (a("0.40"), Some(i.taxes[0].tax_code_id))]);
    assert_eq!(e.discount.total().amount, a("2.40"));
    assert_eq!(e.discount.tax_parts()[0].amount, a("0.40"));
}

proptest! {
    #[test]
    fn items_close_at_zero_in_both_currencies(total in 1i64..1_000_000, rate in 1i64..50_000, cuts in prop::collection::vec(1i64..100_000, 0..12)) {
        let amount = |c: i64| Amount::exact(Decimal::new(c, 2)).expect("fits");
        let company = Amount::exact(round(Decimal::new(total, 2) * Decimal::new(rate, 4), 2)).expect("fits");
        let mut items = [OpenItem { outstanding_company: company, ..item(1, &amount(total).to_string(), "0") }];
        let mut seen = Amount::ZERO;
        for c in cuts.into_iter().map(amount).chain([amount(total)]) {
            let part = c.min(items[0].outstanding);
            if part.is_zero() { continue; }
            seen += take(&mut items, part, EntryCause::Allocation, 2).expect("fits").iter().map(|c| c.amount_company).sum::<Amount>();
        }
        prop_assert!(items[0].outstanding.is_zero() && items[0].outstanding_company.is_zero());
        prop_assert_eq!(seen, -company);
    }

    #[test]
    fn an_invoice_in_any_currency_balances(prices in prop::collection::vec(1i64..1_000_000, 1..8), rate in 1i64..100_000_000) {
        let codes = [code(1, "19", TaxComputation::Percent), code(2, "7", TaxComputation::Percent)];
        let lines = prices.iter().enumerate().map(|(n, p)| line("1", &Decimal::new(*p, 2).to_string(), &[1 + n as u128 % 2])).collect();
        let mut i = invoice(lines, &codes);
        i.exchange_rate = Rate::exact(Decimal::new(rate, 6)).expect("fits");
        i.total_company = i.to_company(i.total, 2).expect("fits");
        let map: BTreeMap<_, _> = codes.iter().map(|c| (c.id, c.clone())).collect();
        let lines = i.posting_lines(&map, 2).expect("lines");
        prop_assert_eq!(lines.iter().map(PostingLine::balance).sum::<Amount>(), Amount::ZERO);
    }
}

fn change(id: u128, cause: EntryCause, amount: &str) -> Change {
    Change { item_id: OpenItemId::from_uuid(Uuid::from_u128(id)), cause, amount: a(amount), amount_company: a(amount) }
}

/// What settling books, by account: debit above zero.
fn booked(changes: &[Change], discount: &Discount, same_rate: bool) -> (Vec<(AccountRef, Amount)>, Amount) {
    let tax = |_| AccountRef::Role(Role::OutputTax, None);
    let effect = effect(changes, discount, receivable, tax, same_rate, PartyId::from_uuid(Uuid::nil()), 2).expect("an effect");
    (effect.lines.iter().map(|l| (l.account, l.balance())).collect(), effect.exchange_gain)
}

#[test]
fn what_settling_books_has_the_sign_of_what_happened() {
    use EntryCause::{Allocation, Discount as Given, Tolerance};
    let role = |r| AccountRef::Role(r, None);
    let none = Discount::default();
    let given = Discount { net: a("8"), taxes: vec![(TaxCodeId::from_uuid(Uuid::from_u128(1)), a("2"))] };
    // an invoice of 120 is paid with 109: 10 are given for paying early, 1 is let go
    let paid = [change(1, Allocation, "-109"), change(1, Given, "-10"), change(1, Tolerance, "-1"), change(2, Allocation, "109")];
    let expected = [(Role::Receivable, "-11"), (Role::CashDiscounts, "8"), (Role::OutputTax, "2"), (Role::PaymentDifferences, "1")];
    let (lines, gain) = booked(&paid, &given, true);
    assert_eq!(lines, expected.map(|(r, b)| (role(r), a(b))));
    assert_eq!(gain, Amount::ZERO);
    // more came in than was booked, less came in, and a cent that no rate explains
    for (moved, same_rate, against, gained) in [
        ("3", false, Role::RealisedGain, "3"),
        ("-2", false, Role::RealisedLoss, "-2"),
        ("0.01", true, Role::RoundingDifferences, "0"),
        ("-0.01", true, Role::RoundingDifferences, "0"),
    ] {
        let changes = [change(1, Allocation, "-90"), Change { amount_company: a("90") + a(moved), ..change(2, Allocation, "90") }];
        let (lines, gain) = booked(&changes, &none, same_rate);
        let balances: Vec<Amount> = lines.iter().map(|l| l.1).collect();
        assert_eq!((lines[0].0, lines[1].0, &balances[..]), (role(Role::Receivable), role(against), &[a(moved), -a(moved)][..]), "{moved}");
        assert_eq!(gain, a(gained), "{moved}");
    }
    // nothing but the control account moves: nothing is booked
    let (lines, _) = booked(&[change(1, Allocation, "-90"), change(2, Allocation, "90")], &none, true);
    assert!(lines.is_empty());
}

#[test]
fn a_discount_is_for_who_pays_by_its_last_day() {
    let mut i = invoice(vec![line("1", "100", &[])], &[]);
    for (paid, until, percent, expected) in [
        (Some("2019-01-10"), Some("2019-01-11"), 10, true),
        (Some("2019-01-11"), Some("2019-01-11"), 10, true),
        (Some("2019-01-12"), Some("2019-01-11"), 10, false),
        (Some("2019-01-10"), None, 10, false),
        (None, Some("2019-01-11"), 10, false),
        (Some("2019-01-10"), Some("2019-01-11"), 0, false),
    ] {
        (i.discount_until_date, i.discount_percent) = (until.map(day), Rate::from(percent));
        assert_eq!(in_time(&i, paid.map(day)), expected, "{paid:?} {until:?} {percent}");
    }
}

#[test]
fn a_discount_given_before_is_not_given_again() {
    let codes = [code(1, "20", TaxComputation::Percent)];
    let i = invoice(vec![line("1", "100", &[1])], &codes);
    let mut of = Composition::of(&i, &[], &[], PLACES).expect("parts");
    let discount = |of: &Composition| early_discount(&i, of, 2).expect("a discount");
    assert_eq!((discount(&of).net, discount(&of).taxes[0].1, discount(&of).total()), (a("10"), a("2"), a("12")));
    of.given.net.amount = a("4");
    assert_eq!((discount(&of).net, discount(&of).taxes[0].1), (a("6"), a("2")));
    of.given.net.amount = a("11");
    assert_eq!(discount(&of).net, Amount::ZERO);
}

#[test]
fn a_day_takes_what_was_open_on_it_and_ever_since() {
    let entries = |rows: &[(&str, &str)]| -> Vec<(NaiveDate, Amount)> { rows.iter().map(|(d, amount)| (day(d), a(amount))).collect() };
    let (first, second, third) = ("2026-01-10", "2026-01-20", "2026-01-30");
    for (rows, on, taken, expected) in [
        (vec![(first, "100")], first, "100", true),
        (vec![(first, "100")], first, "100.01", false),
        (vec![(first, "100")], "2026-01-09", "1", false),
        (vec![(first, "100"), (second, "-60")], first, "40", true),
        (vec![(first, "100"), (second, "-60")], first, "40.01", false),
        // settled in between and open again
        (vec![(first, "100"), (second, "-100"), (third, "100")], first, "1", false),
        (vec![(first, "100"), (second, "-100"), (third, "100")], third, "100", true),
        (vec![(first, "-100"), (second, "60")], first, "40", true),
        (vec![(first, "-100"), (second, "60")], first, "41", false),
    ] {
        assert_eq!(open_since(&entries(&rows), day(on), a(taken)), expected, "{rows:?} {on} {taken}");
    }
}

#[test]
fn items_are_taken_in_their_order_and_no_more_than_there_is() {
    let mut items = [item(1, "30", "27"), item(2, "70", "63")];
    let changes = take(&mut items, a("50"), EntryCause::Allocation, 2).expect("taken");
    let shown: Vec<_> = changes.iter().map(|c| (c.item_id, c.amount, c.amount_company)).collect();
    assert_eq!(shown, [(items[0].id, a("-30"), a("-27")), (items[1].id, a("-20"), a("-18"))]);
    assert_eq!((items[0].outstanding, items[1].outstanding, items[1].outstanding_company), (Amount::ZERO, a("50"), a("45")));
    // what is owed to the customer goes the other way
    let mut credit = [item(3, "-40", "-36")];
    let changes = take(&mut credit, a("10"), EntryCause::Allocation, 2).expect("taken");
    assert_eq!((changes[0].amount, changes[0].amount_company, credit[0].outstanding), (a("10"), a("9"), a("-30")));
    assert_eq!(take(&mut credit, a("30.01"), EntryCause::Allocation, 2).expect_err("refused").code(), OVER_ALLOCATED);
}

#[test]
fn what_is_taken_back_is_what_was_done_less_the_discount_that_credit_notes_took() {
    use EntryCause::{Allocation, Discount as Given};
    let original = Parts::gross(a("10"), a("10"), &[]);
    let done = || vec![change(1, Allocation, "-90"), change(1, Given, "-6"), change(2, Given, "-4"), change(3, Allocation, "90")];
    for (undone, expected) in [("10", ["90", "6", "4", "-90"]), ("3", ["90", "3", "0", "-90"]), ("0", ["90", "0", "0", "-90"])] {
        let back = turned(done(), &original, &Parts::gross(a(undone), a(undone), &[]));
        assert_eq!(back.iter().map(|c| c.amount).collect::<Vec<_>>(), expected.map(a), "{undone}");
        assert_eq!(back.iter().map(|c| c.amount_company).collect::<Vec<_>>(), expected.map(a), "{undone}");
    }
}
