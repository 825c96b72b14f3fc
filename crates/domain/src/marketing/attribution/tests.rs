//! The vectors of attribution to the cent, and that nothing is ever lost.

use proptest::prelude::*;

use super::*;
use crate::kernel::Id;
use crate::marketing::attribution_models::NewAttributionModel;

fn d(s: &str) -> Decimal {
    s.parse().expect("a decimal")
}

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(10_000 + day)
}

fn model(kind: AttributionKind, half_life_days: Option<i32>, weights: Option<NamedWeights>) -> AttributionModel {
    let new = NewAttributionModel {
        company_id: Id::from_uuid(uuid::Uuid::nil()),
        name: "M".into(),
        kind,
        lookback_days: None,
        half_life_days,
        weights,
    };
    AttributionModel::new(Id::from_uuid(uuid::Uuid::from_u128(1)), new, at(0)).expect("a model")
}

/// Touches so many days before the conversion.
fn journey(ages: &[i64], channels: &[TouchChannel]) -> Journey {
    let touch = |(i, age): (usize, &i64)| PathTouch {
        id: TouchpointId::from_uuid(uuid::Uuid::from_u128(i as u128 + 1)),
        occurred_at: at(0) - TimeDelta::days(*age),
        channel: channels.get(i).copied().unwrap_or(TouchChannel::Email),
        source: None,
        medium: None,
        campaign: None,
        campaign_id: None,
    };
    Journey { touches: ages.iter().enumerate().map(touch).collect(), until: at(0), lead_created_at: None, opportunity_created_at: None }
}

fn parts(kind: AttributionKind, total: &str, journey: &Journey) -> Vec<Decimal> {
    split(d(total), &weigh(&model(kind, None, None), journey), 2)
}

fn list(of: &[&str]) -> Vec<Decimal> {
    of.iter().map(|s| d(s)).collect()
}

/// G13: 1000.01 over four touches, 21, 14, 7 and 0 days before.
#[test]
fn the_vector_is_met_to_the_cent() {
    let mut four = journey(&[21, 14, 7, 0], &[]);
    assert_eq!(parts(AttributionKind::Linear, "1000.01", &four), list(&["250.01", "250", "250", "250"]));
    assert_eq!(parts(AttributionKind::UShaped, "1000.01", &four), list(&["400.01", "100", "100", "400"]));
    assert_eq!(parts(AttributionKind::TimeDecay, "1000.01", &four), list(&["66.67", "133.33", "266.67", "533.34"]));
    // the lead was created by the second touch, the opportunity by the fourth
    four.lead_created_at = Some(at(-13));
    four.opportunity_created_at = Some(at(0));
    assert_eq!(parts(AttributionKind::WShaped, "1000.01", &four), list(&["300.01", "300", "100", "300"]));
    assert_eq!(parts(AttributionKind::First, "1000.01", &four), list(&["1000.01", "0", "0", "0"]));
    assert_eq!(parts(AttributionKind::Last, "1000.01", &four), list(&["0", "0", "0", "1000.01"]));
}

/// ATT-01: shares of a time decay of seven days.
#[test]
fn time_decay_has_the_shares_of_the_case() {
    let weights = weigh(&model(AttributionKind::TimeDecay, Some(7), None), &journey(&[28, 14, 7, 0], &[]));
    assert_eq!(weights, list(&["0.0625", "0.25", "0.5", "1"]));
    let shares: Vec<Decimal> = shares(&weights).expect("shares").into_iter().map(|r| crate::kernel::round_to(r.get(), 4)).collect();
    assert_eq!(shares, list(&["0.0345", "0.1379", "0.2759", "0.5517"]));
}

/// ATT-02: five models over organic, social, e-mail and direct. The case rounds each touch alone; by the largest remainder the
/// cent that is missing then goes to e-mail: 34.48 + 137.93 + 275.87 + 551.72.
#[test]
fn the_five_models_of_the_case() {
    use TouchChannel::{Direct, Email, OrganicSearch, Social};
    let j = journey(&[28, 14, 7, 0], &[OrganicSearch, Social, Email, Direct]);
    assert_eq!(parts(AttributionKind::First, "1000", &j), list(&["1000", "0", "0", "0"]));
    assert_eq!(parts(AttributionKind::Last, "1000", &j), list(&["0", "0", "0", "1000"]));
    assert_eq!(parts(AttributionKind::LastNonDirect, "1000", &j), list(&["0", "0", "1000", "0"]));
    assert_eq!(parts(AttributionKind::Linear, "1000", &j), list(&["250", "250", "250", "250"]));
    assert_eq!(parts(AttributionKind::UShaped, "1000", &j), list(&["400", "100", "100", "400"]));
    let weights = weigh(&model(AttributionKind::TimeDecay, Some(7), None), &j);
    let alone: Vec<Decimal> = weights.iter().map(|w| crate::kernel::round(d("1000") * w / weights.iter().sum::<Decimal>(), 2)).collect();
    assert_eq!(alone, list(&["34.48", "137.93", "275.86", "551.72"]));
    assert_eq!(parts(AttributionKind::TimeDecay, "1000", &j), list(&["34.48", "137.93", "275.86", "551.73"]));
}

/// The policy of ATT-02: two touches share evenly, one earns all.
#[test]
fn few_touches_share_what_nobody_else_has() {
    assert_eq!(parts(AttributionKind::UShaped, "10", &journey(&[3, 0], &[])), list(&["5", "5"]));
    assert_eq!(parts(AttributionKind::UShaped, "10", &journey(&[3], &[])), list(&["10"]));
    assert_eq!(parts(AttributionKind::WShaped, "10", &journey(&[3], &[])), list(&["10"]));
    let named = NamedWeights {
        first_percent: Rate::ZERO,
        lead_creation_percent: Rate::from(100),
        opportunity_creation_percent: Rate::ZERO,
        last_percent: Rate::ZERO,
        other_percent: Rate::ZERO,
    };
    // nobody created the lead: all the same
    let weights = weigh(&model(AttributionKind::Custom, None, Some(named)), &journey(&[3, 0], &[]));
    assert_eq!(split(d("10"), &weights, 2), list(&["5", "5"]));
}

#[test]
fn what_is_outside_the_window_or_after_the_conversion_earns_nothing() {
    let j = journey(&[91, 90, 1, -1], &[]);
    assert_eq!(parts(AttributionKind::Linear, "10", &j), list(&["0", "5", "5", "0"]));
    assert_eq!(parts(AttributionKind::First, "10", &j), list(&["0", "10", "0", "0"]));
    assert_eq!(parts(AttributionKind::Last, "10", &journey(&[200, -1], &[])), list(&["0", "0"]));
    use TouchChannel::{Direct, Email};
    assert_eq!(parts(AttributionKind::LastNonDirect, "10", &journey(&[2, 1, 0], &[Email, Direct, Direct])), list(&["10", "0", "0"]));
    assert_eq!(parts(AttributionKind::LastNonDirect, "10", &journey(&[1, 0], &[Direct, Direct])), list(&["0", "10"]));
}

#[test]
fn half_lives_that_are_not_whole_are_exact_enough() {
    let root = root_of_two(3);
    assert!((root * root * root - Decimal::TWO).abs() < d("0.00000000000000000000000001"), "{root}");
    assert_eq!(decay(6, 3, root), d("0.25"));
    assert!((decay(1, 365, root_of_two(365)) - d("0.998102768651595")).abs() < d("0.000000000000001"));
    assert_eq!(decay(700, 7, Decimal::TWO), Decimal::ZERO);
}

#[test]
fn each_day_sums_and_a_credit_takes_back_what_was_given() {
    let models = [model(AttributionKind::Linear, None, None)];
    let j = journey(&[3, 2, 1], &[]);
    let day = |n: u32| NaiveDate::from_ymd_opt(2026, 1, n).expect("a day");
    let amount = |s: &str| s.parse::<Amount>().expect("an amount");
    let invoiced = AttributionBasis::Invoiced;
    let mut figures = BTreeMap::from([((invoiced, day(1)), amount("100.00")), ((invoiced, day(2)), amount("-50.00"))]);
    let first = credits(&models, &j, &BTreeMap::new(), &figures, 2).expect("credits");
    let sum = |c: &Credits, n: u32| c.amounts.iter().filter(|(k, _)| k.2 == day(n)).map(|(_, a)| *a).sum::<Amount>();
    assert_eq!((sum(&first, 1), sum(&first, 2)), (amount("100.00"), amount("-50.00")));
    assert!(first.changes(&first.amounts).is_empty());
    figures.insert((invoiced, day(3)), amount("-50.00"));
    let all = credits(&models, &j, &BTreeMap::new(), &figures, 2).expect("credits");
    let changes = all.changes(&first.amounts);
    assert!(changes.iter().all(|(k, _)| k.2 == day(3)), "only the day of the credit note changes: {changes:?}");
    for touch in &j.touches {
        let earned: Amount = all.amounts.iter().filter(|(k, _)| k.3 == Some(touch.id)).map(|(_, a)| *a).sum();
        assert_eq!(earned, Amount::ZERO, "all was taken back");
    }
    let nobody = credits(&models, &journey(&[], &[]), &BTreeMap::new(), &figures, 2).expect("credits");
    assert_eq!(nobody.amounts.keys().map(|k| (k.0, k.3)).collect::<Vec<_>>(), [(None, None); 3]);
}

#[test]
fn later_days_are_split_as_they_are_with_all_before_them() {
    let models = [model(AttributionKind::Linear, None, None)];
    let j = journey(&[3, 2, 1], &[]);
    let day = |n: u32| NaiveDate::from_ymd_opt(2026, 1, n).expect("a day");
    let amount = |s: &str| s.parse::<Amount>().expect("an amount");
    let basis = AttributionBasis::Invoiced;
    let amounts = ["10.00", "0.01", "-3.33", "7.77", "100.00"];
    let figures: BTreeMap<_, _> = (1u32..).zip(amounts).map(|(n, a)| ((basis, day(n)), amount(a))).collect();
    let all = credits(&models, &j, &BTreeMap::new(), &figures, 2).expect("credits");
    for first in 2..=5u32 {
        let (earlier, later): (BTreeMap<_, _>, BTreeMap<_, _>) = figures.clone().into_iter().partition(|(k, _)| k.1 < day(first));
        let before = BTreeMap::from([(basis, earlier.values().copied().sum::<Amount>())]);
        let some = credits(&models, &j, &before, &later, 2).expect("credits");
        let tail: BTreeMap<_, _> = all.amounts.clone().into_iter().filter(|(k, _)| k.2 >= day(first)).collect();
        assert_eq!(some.amounts, tail, "from day {first}");
    }
}

#[test]
fn return_without_cost_is_none() {
    let a = |s: &str| s.parse::<Amount>().expect("an amount");
    assert_eq!(return_on(a("250"), a("100")).expect("a rate").map(|r| r.to_string()).as_deref(), Some("1.5"));
    assert_eq!(return_on(a("0"), a("300")).expect("a rate").map(|r| r.to_string()).as_deref(), Some("-1"));
    assert_eq!(return_on(a("250"), a("0")).expect("none"), None);
    assert_eq!(return_on(a("250"), a("-1")).expect("none"), None);
}

proptest! {
    #[test]
    fn any_journey_and_any_amount_split_to_the_cent(
        cents in -100_000_000_000i64..100_000_000_000,
        mut ages in prop::collection::vec(0i64..120, 0..25),
        kind in prop::sample::select(AttributionKind::ALL),
        half_life in 1i32..60,
        lead in prop::option::of(0i64..120),
        channels in prop::collection::vec(prop::sample::select(TouchChannel::ALL), 25),
    ) {
        ages.sort_unstable_by(|a, b| b.cmp(a));
        let mut j = journey(&ages, &channels);
        j.lead_created_at = lead.map(|n| at(-n));
        j.opportunity_created_at = lead.map(|n| at(-n / 2));
        let half_life = (kind == AttributionKind::TimeDecay).then_some(half_life);
        let named = NamedWeights {
            first_percent: Rate::from(13), lead_creation_percent: Rate::from(29), opportunity_creation_percent: Rate::from(31),
            last_percent: Rate::from(7), other_percent: Rate::from(20),
        };
        let m = model(kind, half_life, (kind == AttributionKind::Custom).then_some(named));
        let weights = weigh(&m, &j);
        prop_assert!(weights.iter().all(|w| !w.is_sign_negative()));
        let counts = ages.iter().any(|a| *a <= 90);
        let total = Decimal::new(cents, 2);
        let split = split(total, &weights, 2);
        prop_assert_eq!(split.iter().sum::<Decimal>(), if counts { total } else { Decimal::ZERO });
        let shares: Rate = shares(&weights).expect("shares").into_iter().sum();
        prop_assert_eq!(shares, if counts { Rate::ONE } else { Rate::ZERO });
    }
}
