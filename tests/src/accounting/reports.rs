//! Trial balance, income statement and balance sheet.

use serde_json::{Value, json};

use super::{account, act, buyer, entry, invoice, new_tax, payment};
use crate::fixtures::{money, verified};
use crate::harness::Server;

fn row<'v>(report: &'v Value, list: &str, code: &str) -> &'v Value {
    let rows = report[list].as_array().expect("rows");
    rows.iter().find(|r| r["code"] == code).unwrap_or_else(|| panic!("no {code} in {report}"))
}

fn trial(s: &Server, from: &str, to: &str) -> Value {
    s.get(&format!("/v1/accounting/reports/trial-balance?company_id={}&from_date={from}&to_date={to}", s.company_id())).ok()
}

each_engine! {
    fn opening_and_movement_are_right_for_any_span(s) {
        for (date, amount) in [("2025-12-15", "5"), ("2026-01-10", "10"), ("2026-01-20", "20"), ("2026-03-05", "40"), ("2026-03-25", "80")] {
            act(s, &entry(s, date, amount), "journal-entries", "post", json!({})).ok();
        }
        // days to come are read differently from days gone by, and the figures must not depend on the day they are asked for
        for today in ["2026-01-16T09:00:00Z", "2026-03-08T09:00:00Z", "2026-03-26T09:00:00Z", "2027-01-01T09:00:00Z"] {
            s.at(today);
            for (from, to, opening, debit, closing) in [
            ("2026-01-01", "2026-12-31", "5.00", "150.00", "155.00"),
            ("2026-01-15", "2026-03-10", "15.00", "60.00", "75.00"),
            ("2026-01-11", "2026-01-20", "15.00", "20.00", "35.00"),
            ("2026-02-01", "2026-02-28", "35.00", "0.00", "35.00"),
            ("2026-03-25", "2026-03-25", "75.00", "80.00", "155.00"),
            ("2026-03-06", "2026-03-24", "75.00", "0.00", "75.00"),
            ("2026-01-05", "2026-01-15", "5.00", "10.00", "15.00"),
            ("2025-01-01", "2026-01-31", "0.00", "35.00", "35.00"),
        ] {
            let report = trial(s, from, to);
            let cash = row(&report, "rows", "1010");
            let got = ["opening", "debit", "closing"].map(|f| cash[f].as_str().unwrap());
            assert_eq!(got, [opening, debit, closing], "{from} {to}");
            assert_eq!((report["total_debit"].as_str(), report["total_closing"].as_str()), (report["total_credit"].as_str(), Some("0.00")));
            let lines = s.all(cash["lines_url"].as_str().unwrap());
            let sum: rust_decimal::Decimal = lines.iter().map(|l| money(&l["debit"])).sum();
            assert_eq!(sum, money(&cash["debit"]), "the link leads to the lines");
        }
        }
        s.get(&format!("/v1/accounting/reports/trial-balance?company_id={}&from_date=2026-02-01&to_date=2026-01-01", s.company_id())).problem(422, "invalid_query");
        s.get("/v1/accounting/reports/trial-balance").problem(400, "invalid_parameter");
    }

    fn an_income_statement_by_month_sums_to_the_whole(s) {
        s.at("2026-12-31T12:00:00Z");
        let party = buyer(s);
        for (day, amount) in [("2026-01-10", "100.10"), ("2026-01-31", "0.20"), ("2026-03-01", "50.00"), ("2026-03-31", "7.70")] {
            invoice(s, &party, day, amount, &[new_tax(s, &format!("T{}", day.replace('-', "")), "20")]);
        }
        let ask = |query: &str| s.get(&format!("/v1/accounting/reports/income-statement?company_id={}&{query}", s.company_id()));
        let report = ask("from_date=2026-01-15&to_date=2026-03-30&interval=month").ok();
        let periods: Vec<(&str, &str, &str)> = report["periods"].as_array().unwrap().iter()
            .map(|p| (p["from_date"].as_str().unwrap(), p["to_date"].as_str().unwrap(), p["total_income"].as_str().unwrap())).collect();
        assert_eq!(periods, [("2026-01-15", "2026-01-31", "0.20"), ("2026-02-01", "2026-02-28", "0.00"), ("2026-03-01", "2026-03-30", "50.00")]);
        assert_eq!((&report["total_income"], &report["result"]), (&json!("50.20"), &json!("50.20")));
        assert_eq!(ask("from_date=2026-01-01&to_date=2026-12-31").ok()["periods"], json!([]));
        assert_eq!(ask("from_date=2026-01-01&to_date=2026-12-31&interval=quarter").ok()["periods"].as_array().unwrap().len(), 4);
        ask("from_date=2026-01-01&to_date=2026-12-31&interval=day").problem(422, "invalid_query");
        ask("interval=decade").problem(400, "invalid_parameter");
    }

    fn assets_equal_liabilities_and_equity_at_every_step(s) {
        let party = buyer(s);
        invoice(s, &party, "2026-01-10", "100", &[new_tax(s, "T20", "20")]);
        payment(s, &party, "2026-01-12", "60");
        let rent = json!({"company_id": s.company_id(), "posting_date": "2026-01-31", "lines": [
            {"account_id": account(s, "6100"), "debit": "30"}, {"account_id": account(s, "1020"), "credit": "30"}]});
        let rent = s.post("/v1/accounting/journal-entries", rent).created();
        act(s, &rent, "journal-entries", "post", json!({})).ok();
        for day in ["2026-01-09", "2026-01-10", "2026-01-12", "2026-01-31", "2026-12-31"] {
            let b = s.get(&format!("/v1/accounting/reports/balance-sheet?company_id={}&as_of={day}", s.company_id())).ok();
            let of = |f: &str| money(&b[f]);
            assert_eq!(of("total_assets"), of("total_liabilities") + of("total_equity") + of("result"), "{day}: {b}");
        }
        let income = s.get(&format!("/v1/accounting/reports/income-statement?company_id={}&from_date=2026-01-01&to_date=2026-01-31", s.company_id())).ok();
        assert_eq!((row(&income, "income", "4020")["amount"].as_str(), row(&income, "expenses", "6100")["amount"].as_str()), (Some("100.00"), Some("30.00")));
        assert_eq!(income["result"], "70.00");
        verified(s);
    }

    fn the_last_day_that_can_be_written_is_after_all_others(s) {
        let party = buyer(s);
        invoice(s, &party, "2026-01-10", "100", &[new_tax(s, "T20", "20")]);
        let (near, far) = (trial(s, "2026-01-01", "2027-12-31"), trial(s, "2026-01-01", "9999-12-31"));
        for code in ["1100", "4020", "2100"] {
            for figure in ["opening", "debit", "credit", "closing"] {
                assert_eq!(row(&far, "rows", code)[figure], row(&near, "rows", code)[figure], "{code} {figure}");
            }
        }
        assert_eq!((&far["total_debit"], &near["total_debit"]), (&json!("120.00"), &json!("120.00")));
        for day in ["2027-12-31", "9999-12-31", "9999-12-30"] {
            let ageing = s.get(&format!("/v1/receivables/reports/ageing?company_id={}&as_of={day}", s.company_id())).ok();
            assert_eq!((&ageing["difference"], &ageing["total"]), (&json!("0.00"), &json!("120.00")), "{day}: {ageing}");
            let sheet = s.get(&format!("/v1/accounting/reports/balance-sheet?company_id={}&as_of={day}", s.company_id())).ok();
            assert_eq!(sheet["total_assets"], "120.00", "{day}");
        }
        verified(s);
    }
}
