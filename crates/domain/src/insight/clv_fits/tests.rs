//! The models on purchases with a known law.

use super::*;
use crate::kernel::Id;

fn history(n: u128, first: &str, last: &str, days: i64, margin: i64) -> PurchaseHistory {
    PurchaseHistory {
        party_id: Id::from_uuid(uuid::Uuid::from_u128(n)),
        name: "A".into(),
        first_date: first.parse().expect("a day"),
        last_date: last.parse().expect("a day"),
        purchase_days: days,
        revenue: Amount::from(100),
        cost: Amount::from(100) - Amount::from(margin as i32),
    }
}

fn company() -> CompanyId {
    Id::from_uuid(Default::default())
}

#[test]
fn few_customers_teach_nothing() {
    let today = "2026-03-01".parse().expect("a day");
    let all: Vec<_> = (0..9).map(|n| history(n, "2026-01-01", "2026-02-01", 3, 10)).collect();
    let fit = |all: &[PurchaseHistory]| ClvFit::of(Id::from_uuid(Default::default()), company(), all, today, Default::default());
    assert_eq!(fit(&all).expect_err("few").code(), NO_FIT);
    let once: Vec<_> = (0..20).map(|n| history(n, "2026-01-01", "2026-01-01", 1, 10)).collect();
    assert_eq!(fit(&once).expect_err("nobody again").code(), NO_FIT);
}

#[test]
fn who_stopped_buying_is_more_likely_gone() {
    let today: NaiveDate = "2026-12-31".parse().expect("a day");
    let mut all = Vec::new();
    for n in 0..60u128 {
        let first = format!("2026-0{}-1{}", 1 + n % 4, n % 9);
        let last = match n % 3 {
            0 => first.clone(),
            1 => format!("2026-0{}-2{}", 5 + n % 4, n % 8),
            _ => format!("2026-1{}-0{}", n % 3, 1 + n % 9),
        };
        all.push(history(n, &first, &last, 1 + i64::from(n % 3 > 0) * (n as i64 % 7 + 1), 10 + n as i64 % 50));
    }
    let fit = ClvFit::of(Id::from_uuid(Default::default()), company(), &all, today, Default::default()).expect("a fit");
    assert_eq!((fit.customers, fit.repeat_customers), (60, 40));
    let of = |last: &str| fit.expect(&history(1, "2026-01-10", last, 6, 60), today, 365).expect("an expectation");
    let (lately, long_ago) = (of("2026-12-20"), of("2026-04-01"));
    assert!(lately.p_alive_percent > long_ago.p_alive_percent && lately.margin > long_ago.margin);
    assert_eq!(lately.p_alive_percent.get() + lately.churn_risk_percent.get(), Decimal::ONE_HUNDRED);
}
