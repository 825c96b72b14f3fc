//! The state of an adjustment, and the moment up to which moves belong to a count.

use uuid::Uuid;

use super::*;
use crate::kernel::Id;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

fn at(day: u32, hour: u32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(2026, 1, day).and_then(|d| d.and_hms_opt(hour, 0, 0)).expect("a moment").and_utc()
}

#[test]
fn only_a_draft_changes() {
    for status in [AdjustmentStatus::Draft, AdjustmentStatus::Posted] {
        let is_draft = status == AdjustmentStatus::Draft;
        let a = StockAdjustment {
            id: id(1),
            company_id: id(1),
            number: None,
            status,
            reason: AdjustmentReason::Count,
            warehouse_id: id(1),
            location_id: id(1),
            adjustment_date: at(10, 0).date_naive(),
            counted_at: None,
            note: None,
            total_value: Amount::ZERO,
            lines: vec![],
            metadata: BTreeMap::new(),
            posted_at: None,
            version: 1,
            created_at: at(10, 0),
            updated_at: at(10, 0),
        };
        assert_eq!(a.must_be_draft().map_err(|p| p.code()), if is_draft { Ok(()) } else { Err(ADJUSTMENT_NOT_A_DRAFT) });
        assert_eq!(a.allowed(), if is_draft { vec!["post"] } else { vec![] });
    }
}

#[test]
fn a_count_is_of_a_past_moment_of_its_day() {
    let (now, today) = (at(20, 12), at(20, 12).date_naive());
    let count = |date: u32, given: Option<(u32, u32)>| {
        let given = given.map(|(day, hour)| (at(day, hour), at(day, hour).date_naive()));
        moment_of_count(AdjustmentReason::Count, at(date, 0).date_naive(), given, (now, today))
    };
    assert_eq!(count(20, None).expect("a moment"), Some(now), "today's count is of now");
    assert_eq!(count(10, None).expect("a moment"), None, "an earlier one of the end of its day");
    assert_eq!(count(10, Some((10, 9))).expect("a moment"), Some(at(10, 9)));
    assert_eq!(count(20, Some((20, 12))).expect("a moment"), Some(now));
    for (date, given) in [(20, (20, 13)), (10, (11, 9)), (10, (9, 23))] {
        assert!(count(date, Some(given)).is_err(), "{date} {given:?}");
    }
    let found = |given| moment_of_count(AdjustmentReason::Found, today, given, (now, today));
    assert_eq!(found(None).expect("none"), None);
    assert!(found(Some((at(20, 9), today))).is_err(), "only a count has a moment");
}
