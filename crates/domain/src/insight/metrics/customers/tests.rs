//! The figures of customers, worked by hand.

use super::*;
use crate::directory::companies::tests::company;

fn amount(s: &str) -> Amount {
    s.parse().expect("an amount")
}

/// G14 of the vectors: m 35, churn 4 %, d 1 %.
#[test]
fn lifetime_values_are_those_of_the_vectors() {
    let of = |model, churn, discount| {
        lifetime_value(model, Decimal::from(35), Rate::from(churn), Rate::from(discount), &company()).expect("a value")
    };
    assert_eq!(of(ClvModel::Simple, 4, 1), (Some(amount("875")), None));
    assert_eq!(of(ClvModel::Discounted, 4, 1), (Some(amount("672.00")), Some(amount("707.00"))));
    assert_eq!(of(ClvModel::Simple, 0, 1), (None, None));
    assert_eq!(of(ClvModel::Discounted, 0, 0), (None, None));
    assert_eq!(of(ClvModel::Discounted, 100, 0), (Some(Amount::ZERO), Some(amount("35"))));
}

#[test]
fn gross_retention_has_a_cap_and_net_has_none() {
    let facts = SalesFacts {
        base_customers: 4,
        base_revenue: amount("400"),
        kept: 3,
        kept_revenue: amount("500"),
        capped_revenue: amount("250"),
        ..SalesFacts::default()
    };
    let text = |r: Option<Rate>| r.map(|r| r.to_string()).unwrap_or_default();
    assert_eq!(facts.retention().expect("rates").map(text), ["75", "62.5", "125"]);
    assert_eq!(text(facts.monthly_churn(5).expect("a rate")), "5");
    assert_eq!(SalesFacts::default().retention().expect("none"), [None, None, None]);
    assert_eq!(SalesFacts::default().monthly_churn(1).expect("none"), None);
}

#[test]
fn months_are_whole() {
    let day = |s: &str| s.parse::<NaiveDate>().expect("a day");
    for (from, to, months) in [("2026-01-01", "2026-01-31", 1), ("2025-11-01", "2026-02-28", 4), ("2024-02-01", "2024-02-29", 1)] {
        assert_eq!(whole_months(day(from), day(to)).expect("months"), months);
    }
    for (from, to) in [("2026-01-02", "2026-01-31"), ("2026-01-01", "2026-01-30"), ("2026-02-01", "2026-01-31")] {
        assert_eq!(whole_months(day(from), day(to)).expect_err("refused").code(), NOT_WHOLE_MONTHS);
    }
}
