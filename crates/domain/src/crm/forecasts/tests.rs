//! The arithmetic of forecasts, with the published figures.

use super::*;
use crate::directory::companies::tests::company;
use crate::kernel::Id;
use proptest::prelude::*;
use uuid::Uuid;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

fn day(s: &str) -> NaiveDate {
    s.parse().expect("a day")
}

fn measures(conversions: &[StageConversion]) -> Measures<'_> {
    let period = Period::of(PeriodKind::Month, day("2024-01-10"), 1);
    Measures { conversions, period, today: day("2024-01-10") }
}

const WON: Place = Place { won: true, inside: true, late: false, dated: true };
const OPEN: Place = Place { won: false, inside: true, late: false, dated: true };

fn group(place: Place, amount: &str, percent: &str, rate: &str) -> DealGroup {
    let amount: Amount = amount.parse().expect("an amount");
    let percent: Rate = percent.parse().expect("a rate");
    let weighted = crate::directory::currencies::round_money(amount.get() * percent.get() / Decimal::ONE_HUNDRED, "EUR");
    DealGroup {
        owner: None,
        percent: Rate::from(100),
        pipeline: id(1),
        territory: None,
        stage: id(1),
        place,
        category: if place.won { ForecastCategory::Closed } else { ForecastCategory::Pipeline },
        rate: rate.parse().expect("a rate"),
        count: 1,
        amount,
        weighted: weighted.expect("an amount"),
    }
}

fn tally(groups: &[DealGroup]) -> Tally {
    let mut t = Tally::default();
    groups.iter().for_each(|g| t.add(g, &measures(&[])));
    t
}

fn amount(s: &str) -> Amount {
    s.parse().expect("an amount")
}

#[test]
fn fiscal_periods_follow_the_first_month_of_the_year() {
    for (kind, date, first, start, end) in [
        (PeriodKind::Month, "2024-02-10", 4, "2024-02-01", "2024-02-29"),
        (PeriodKind::Quarter, "2024-02-10", 1, "2024-01-01", "2024-03-31"),
        (PeriodKind::Quarter, "2024-02-10", 2, "2024-02-01", "2024-04-30"),
        (PeriodKind::Quarter, "2024-01-31", 2, "2023-11-01", "2024-01-31"),
        (PeriodKind::Year, "2024-03-31", 4, "2023-04-01", "2024-03-31"),
        (PeriodKind::Year, "2024-04-01", 4, "2024-04-01", "2025-03-31"),
        (PeriodKind::Year, "2024-12-31", 1, "2024-01-01", "2024-12-31"),
    ] {
        let p = Period::of(kind, day(date), first);
        assert_eq!((p.start, p.end), (day(start), day(end)), "{kind} {date} {first}");
        assert!(p.contains(day(date)));
    }
}

/// G19: 100k at 60 %, 50k USD at 0.9 and 30 %; the lost 80k never gets here.
#[test]
fn a_forecast_converts_each_currency_and_weighs_each_deal() {
    let t = tally(&[group(OPEN, "100000", "60", "1"), group(OPEN, "50000", "30", "0.9")]);
    let row = t.row(&company(), ForecastMethod::Weighted).expect("a row");
    assert_eq!((row.forecast_amount, row.pipeline_amount), (amount("73500"), amount("145000")));
}

/// PIPE-04 of the published cases: by the month of the expected close, lost deals left out.
#[test]
fn months_weigh_as_in_the_published_case() {
    let months = [
        (vec![(false, "12000", "10"), (false, "8000", "65"), (true, "5000", "100")], "25000", "11400"),
        (vec![(false, "15500.50", "80"), (false, "9999.99", "50"), (false, "30000", "20")], "55500.49", "23400.40"),
        (vec![(false, "4500", "65"), (true, "7250", "100"), (false, "100000", "10")], "111750", "20175"),
    ];
    let mut total = Amount::ZERO;
    for (deals, open_and_won, weighted) in months {
        let groups: Vec<_> = deals.iter().map(|(won, a, p)| group(if *won { WON } else { OPEN }, a, p, "1")).collect();
        let row = tally(&groups).row(&company(), ForecastMethod::Weighted).expect("a row");
        assert_eq!((row.pipeline_amount, row.weighted_amount), (amount(open_and_won), amount(weighted)));
        total += row.weighted_amount;
    }
    assert_eq!(total, amount("54975.40"));
}

#[test]
fn categories_add_up_and_what_is_omitted_counts_nowhere() {
    let of = |category, a: &str| DealGroup { category, ..group(OPEN, a, "50", "1") };
    use ForecastCategory::*;
    let late = DealGroup { place: Place { inside: false, late: true, ..OPEN }, ..group(OPEN, "7", "50", "1") };
    let undated = DealGroup { place: Place { inside: false, dated: false, ..OPEN }, ..group(OPEN, "9", "50", "1") };
    let t = tally(&[
        group(WON, "1000", "100", "1"),
        of(Commit, "400"),
        of(BestCase, "200"),
        of(Pipeline, "100"),
        of(Omitted, "50"),
        late,
        undated,
    ]);
    let row = t.row(&company(), ForecastMethod::Category).expect("a row");
    assert_eq!((row.commit_amount, row.best_case_amount, row.pipeline_amount), (amount("1400"), amount("1600"), amount("1700")));
    assert_eq!((row.forecast_amount, row.weighted_amount), (amount("1400"), amount("1350")));
    assert_eq!((row.omitted.amount, row.overdue.amount, row.undated.amount), (amount("50"), amount("7"), amount("9")));
}

#[test]
fn history_and_pace_are_forecasts_too() {
    let conversion = StageConversion::of(id(1), 8, 2).expect("a share").expect("enough");
    assert_eq!(conversion.probability_percent, Rate::from(25));
    assert_eq!(StageConversion::of(id(1), 4, 4).expect("a share"), None, "too few");
    let conversions = [conversion];
    let mut t = Tally::default();
    for g in [group(WON, "1000", "100", "1"), group(OPEN, "400", "90", "1"), DealGroup { stage: id(2), ..group(OPEN, "100", "90", "1") }] {
        t.add(&g, &measures(&conversions));
    }
    let by = |m| t.row(&company(), m).expect("a row").forecast_amount;
    // 1000 + 400 × 25 % + 100 × 90 %; 1000 in ten of 31 days
    assert_eq!((by(ForecastMethod::Historical), by(ForecastMethod::RunRate)), (amount("1190"), amount("3100")));
}

#[test]
fn a_quota_is_attained_missed_and_covered() {
    let row =
        tally(&[group(WON, "1000", "100", "1"), group(OPEN, "3000", "50", "1")]).row(&company(), ForecastMethod::Weighted).expect("a row");
    let row = row.with_quota(Some(amount("3000"))).expect("a row");
    assert_eq!((row.attainment_percent, row.gap_amount), (Some("33.33".parse().expect("a rate")), Some(amount("2000"))));
    assert_eq!(row.coverage, Some("1.5".parse().expect("a rate")));
    let over = row.clone().with_quota(Some(amount("500"))).expect("a row");
    assert_eq!((over.gap_amount, over.coverage, over.attainment_percent), (Some(Amount::ZERO), None, Some(Rate::from(200))));
    assert_eq!(row.with_submission(id(1), amount("-100")).adjusted_amount, amount("2400"));
}

proptest! {
    #[test]
    fn shares_sum_to_the_whole(cents in prop::collection::vec(1i64..10_000_000, 1..20), cut in 1i64..9_999, rate in 1i64..30_000) {
        let rate: Rate = Decimal::new(rate, 4).try_into().expect("a rate");
        let whole: Vec<DealGroup> = cents.iter().map(|c| {
            let a: Amount = Decimal::new(*c, 2).try_into().expect("an amount");
            DealGroup { rate, ..group(OPEN, &a.to_string(), "33", "1") }
        }).collect();
        let share = |n: i64| -> Vec<DealGroup> {
            whole.iter().map(|g| DealGroup { percent: Decimal::new(n, 2).try_into().expect("a rate"), ..g.clone() }).collect()
        };
        let total = tally(&whole);
        let parts = [tally(&share(cut)), tally(&share(10_000 - cut))];
        let rows = total.rows(&parts, &company(), ForecastMethod::Weighted).expect("rows");
        let sum = total.row(&company(), ForecastMethod::Weighted).expect("a row");
        prop_assert_eq!(rows[0].forecast_amount + rows[1].forecast_amount, sum.forecast_amount);
        prop_assert_eq!(rows[0].pipeline_amount + rows[1].pipeline_amount, sum.pipeline_amount);
    }
}
