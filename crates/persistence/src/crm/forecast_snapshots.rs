//! Rows of snapshots of forecasts. The database refuses to change them.

use chrono::NaiveDate;
use domain::crm::forecast_snapshots::{ForecastSnapshot, SnapshotMeasure, Taken};
use domain::crm::forecasts::{Period, PeriodKind};
use domain::ids::{CompanyId, ForecastSnapshotId};
use domain::kernel::{Amount, Id, StringEnum};
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::{Conn, Result, Statement, sql};

crate::record! {
    forecast_snapshots: ForecastSnapshot {
        id: uid, company_id: uid, snapshot_date: date, period: word, start_date: date, end_date: date, currency: text,
        closed_amount: amount, commit_amount: amount, best_case_amount: amount, pipeline_amount: amount, weighted_amount: amount,
        quota_amount: opt(amount), adjustment_amount: amount, rows: json, rates: json, created_at: instant, version: int,
    }
}

/// Whether a period has a snapshot of a day.
pub fn exists(db: &mut Conn, company: CompanyId, period: &Period, day: NaiveDate) -> Result<bool> {
    let found = sql!(
        "SELECT 1 FROM forecast_snapshots WHERE company_id = {} AND period = {} AND start_date = {} AND snapshot_date = {}",
        company.uuid(),
        period.kind.as_str(),
        period.start,
        day
    );
    Ok(found.first::<(i64,)>(db)?.is_some())
}

/// Companies that have deals, with the day of their last snapshot of a kind of period, and what their own day depends on.
pub fn last_days(db: &mut Conn, kind: PeriodKind) -> Result<Vec<(CompanyId, String, Option<NaiveDate>)>> {
    let rows = sql!(
        "SELECT c.id, c.time_zone, (SELECT MAX(s.snapshot_date) FROM forecast_snapshots s WHERE s.company_id = c.id AND s.period = {}) \
         FROM companies c WHERE EXISTS (SELECT 1 FROM opportunities o WHERE o.company_id = c.id) ORDER BY c.id",
        kind.as_str()
    )
    .load::<(Uuid, String, Option<NaiveDate>)>(db)?;
    Ok(rows.into_iter().map(|(id, zone, day)| (CompanyId::from_uuid(id), zone, day)).collect())
}

/// The snapshots of periods that lie between two days, by period and day.
pub fn taken(
    db: &mut Conn,
    company: CompanyId,
    kind: PeriodKind,
    measure: SnapshotMeasure,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Taken>> {
    let column = match measure {
        SnapshotMeasure::Weighted => "weighted_amount",
        SnapshotMeasure::Commit => "commit_amount",
        SnapshotMeasure::BestCase => "best_case_amount",
        SnapshotMeasure::Pipeline => "pipeline_amount",
    };
    let mut s = Statement::new(format!("SELECT id, start_date, end_date, snapshot_date, {column} FROM forecast_snapshots"));
    s.append(sql!(
        " WHERE company_id = {} AND period = {} AND start_date >= {} AND end_date <= {} AND snapshot_date <= end_date \
         ORDER BY start_date, snapshot_date",
        company.uuid(),
        kind.as_str(),
        from,
        to
    ));
    let rows = s.load::<(Uuid, NaiveDate, NaiveDate, NaiveDate, Amount)>(db)?;
    let taken = |(id, start, end, day, amount)| Taken { id: ForecastSnapshotId::from_uuid(id), start, end, day, amount };
    Ok(rows.into_iter().map(taken).collect())
}

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "forecast_snapshots", columns: &[] }];
