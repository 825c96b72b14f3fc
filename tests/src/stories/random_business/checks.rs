//! What must hold whatever happened, by the API, on nine days.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Company, World};
use crate::fixtures::{money, trial_balance_of, verified};
use crate::harness::{Client, Server};

const DAYS: [&str; 9] =
    ["2026-01-15", "2026-01-31", "2026-02-14", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-15", "2026-06-30"];

/// `thorough` adds what reads every line of the books.
pub fn books(s: &Server, world: &World, round: usize, thorough: bool) {
    for company in &world.companies {
        for day in DAYS {
            let told = format!("round {round}, {} on {day}", company.id);
            on_a_day(s, company, day, &told);
        }
        if thorough {
            tax_by_code(s, company, round);
        }
    }
    documents(s, world, round);
    if thorough {
        verified(s);
    }
}

fn on_a_day(s: &Client, company: &Company, day: &str, told: &str) {
    let trial = trial_balance_of(s, &company.id, day);
    assert_eq!(trial.debit, trial.credit, "{told}: the trial balance");
    let ageing = s.get(&format!("/v1/receivables/reports/ageing?company_id={}&as_of={day}", company.id)).ok();
    assert_eq!(money(&ageing["difference"]), Decimal::ZERO, "{told}: open items and control accounts: {ageing:#}");
    assert_eq!(money(&ageing["total"]), trial.of("1100") + trial.of("1101"), "{told}: open items and the trial balance");
    let rows: Decimal = ageing["rows"].as_array().unwrap().iter().map(|r| money(&r["total"])).sum();
    assert_eq!(rows, money(&ageing["total"]), "{told}: the rows of the ageing");
    let stock = s.get(&format!("/v1/inventory/valuation?company_id={}&as_of={day}", company.id)).ok();
    assert_eq!(money(&stock["total_value"]), trial.inventory() + trial.of("1235"), "{told}: stock and its accounts");
    for line in stock["lines"].as_array().unwrap() {
        let (quantity, value) = (money(&line["quantity"]), money(&line["value"]));
        assert!(quantity >= Decimal::ZERO, "{told}: less than nothing: {line}");
        assert!(!quantity.is_zero() || value.is_zero(), "{told}: nothing has value: {line}");
    }
    let places = s.get(&format!("/v1/inventory/stock-as-of?company_id={}&as_of={day}", company.id)).ok();
    for line in places["lines"].as_array().unwrap() {
        assert!(money(&line["on_hand"]) >= Decimal::ZERO, "{told}: less than nothing at a place: {line}");
    }
}

/// Every line on the account of output tax names its code, so that tax by code is tax by account on each day.
fn tax_by_code(s: &Client, company: &Company, round: usize) {
    let mut by_day: BTreeMap<String, [Decimal; 2]> = BTreeMap::new();
    for line in s.all(&format!("/v1/accounting/gl-lines?account_id={}", company.accounts["2100"])) {
        let amount = money(&line["debit"]) - money(&line["credit"]);
        let sums = by_day.entry(line["posting_date"].as_str().unwrap().to_string()).or_default();
        sums[0] += amount;
        if !line["tax_code_id"].is_null() {
            sums[1] += amount;
        }
    }
    assert!(by_day.len() > 5, "hardly any tax was booked");
    let mut sums = [Decimal::ZERO; 2];
    for (day, moved) in by_day {
        sums = [sums[0] + moved[0], sums[1] + moved[1]];
        assert_eq!(sums[0], sums[1], "round {round}, {} on {day}: tax by account and by code", company.id);
    }
    assert_eq!(sums[0], trial_balance_of(s, &company.id, "2030-12-31").of("2100"), "round {round}: the lines and the balance of 2100");
}

/// The youngest documents say what their lines say.
fn documents(s: &Client, world: &World, round: usize) {
    let sum = |lines: &Value, field: &str| lines.as_array().unwrap().iter().map(|l| money(&l[field])).sum::<Decimal>();
    let young = |noun: &str| s.get(&format!("/v1/{noun}?sort=-created_at&limit=50")).ok()["data"].as_array().cloned().unwrap();
    for invoice in young("receivables/invoices") {
        let told = || format!("round {round}: {invoice:#}");
        assert_eq!(sum(&invoice["lines"], "net"), money(&invoice["net"]), "{}", told());
        assert_eq!(sum(&invoice["taxes"], "amount"), money(&invoice["tax"]), "{}", told());
        assert_eq!(money(&invoice["net"]) + money(&invoice["tax"]), money(&invoice["total"]), "{}", told());
        let open = money(&invoice["outstanding"]);
        assert!(open >= Decimal::ZERO && open <= money(&invoice["total"]), "{}", told());
        // what is credited need not settle this invoice
        assert!(money(&invoice["credited"]) <= money(&invoice["total"]), "{}", told());
        assert!(open + money(&invoice["written_off"]) <= money(&invoice["total"]), "{}", told());
    }
    for note in young("receivables/credit-notes") {
        let told = || format!("round {round}: {note:#}");
        assert_eq!(money(&note["net"]) + money(&note["tax"]), money(&note["total"]), "{}", told());
        assert_eq!(sum(&note["taxes"], "amount"), money(&note["tax"]), "{}", told());
        assert!(money(&note["unallocated"]) >= Decimal::ZERO && money(&note["unallocated"]) <= money(&note["total"]), "{}", told());
    }
    for order in young("sales/orders") {
        let told = || format!("round {round}: {order:#}");
        for line in order["lines"].as_array().unwrap() {
            let [ordered, cancelled, shipped, returned, invoiced] =
                ["quantity", "quantity_cancelled", "quantity_shipped", "quantity_returned", "quantity_invoiced"].map(|f| money(&line[f]));
            assert!(shipped + cancelled <= ordered && returned <= shipped && invoiced <= ordered, "{}", told());
        }
    }
    for payment in young("banking/payments") {
        let used: Decimal = payment["allocations"].as_array().unwrap().iter().map(|a| money(&a["amount"])).sum();
        let told = || format!("round {round}: {payment:#}");
        if payment["status"] == "posted" {
            assert_eq!(used + money(&payment["unallocated"]), money(&payment["amount"]), "{}", told());
        }
    }
    assert!(!world.payments.lock().unwrap().is_empty(), "nobody paid");
}

/// Money that is attributed.
const BASES: [&str; 4] = ["bookings", "invoiced", "cash", "margin"];

/// What the ledger of attribution says of a company, by basis: the total of its report, once it has reached the fact.
fn attributed(s: &Client, company: &Company, event: &str) -> Vec<Value> {
    let began = Instant::now();
    let of = |basis: &str| loop {
        let path = format!(
            "/v1/marketing/attribution?company_id={}&basis={basis}&from_date=2000-01-01&to_date=2030-12-31&wait_for={event}",
            company.id
        );
        let answer = s.get(&path);
        if answer.status != 503 {
            break answer.ok()["total"]["amount"].clone();
        }
        assert!(began.elapsed() < Duration::from_secs(120), "the follower does not reach {event}: {}", answer.text());
    };
    BASES.iter().map(|basis| of(basis)).collect()
}

/// What each deal brought, by basis.
fn deals(s: &Client, company: &Company) -> BTreeMap<String, Vec<Value>> {
    let all = s.all(&format!("/v1/marketing/attribution-deals?company_id={}", company.id));
    all.iter()
        .map(|d| {
            let of = ["opportunity_id", "order_id", "invoice_id"].iter().find_map(|name| d[*name].as_str());
            (of.unwrap().to_string(), BASES.iter().map(|basis| d[*basis].clone()).collect())
        })
        .collect()
}

/// What follows the facts has followed all of them, and its reports sum to what it keeps of each deal.
pub fn followers(s: &Client, world: &World, round: usize) {
    let Some(event) = world.event.lock().unwrap().clone() else { return };
    for company in &world.companies {
        let totals = attributed(s, company, &event);
        let kept = deals(s, company);
        for (i, basis) in BASES.iter().enumerate() {
            let sum: Decimal = kept.values().map(|d| money(&d[i])).sum();
            assert_eq!(money(&totals[i]), sum, "round {round}, {}: {basis} of the report and of the deals", company.id);
        }
    }
}

/// Derived anew from the first fact, the ledger of attribution is what it was.
pub fn rebuilt(s: &Server, world: &World) {
    s.followed();
    let kept: Vec<_> = world.companies.iter().map(|c| deals(s, c)).collect();
    let path = "/v1/platform/followers";
    let follower = s.all(path).into_iter().find(|f| f["is_rebuildable"] == true).unwrap();
    let path = format!("{path}/{}", follower["id"].as_str().unwrap());
    s.act(&format!("{path}/rebuild"), &follower, serde_json::json!({})).ok();
    let began = Instant::now();
    while s.get(&path).ok()["rebuilt_at"].is_null() {
        assert!(began.elapsed() < Duration::from_secs(600), "the ledger is not rebuilt");
        std::thread::sleep(Duration::from_millis(100));
    }
    s.followed();
    let anew: Vec<_> = world.companies.iter().map(|c| deals(s, c)).collect();
    assert_eq!(anew, kept, "left: derived anew; right: as it was kept");
    verified(s);
}
