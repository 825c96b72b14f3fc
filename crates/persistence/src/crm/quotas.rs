//! Rows of quotas.

use chrono::NaiveDate;
use domain::crm::forecasts::Period;
use domain::crm::quotas::Quota;
use domain::ids::{CompanyId, UserId};
use domain::kernel::{Amount, Id, StringEnum};
use uuid::Uuid;

use crate::{Conn, Result, Statement, sql};

crate::record! {
    quotas: Quota {
        id: uid, company_id: uid, user_id: opt(uid), period: word, start_date: date, end_date: date, amount: amount,
        metadata: json, version: int, created_at: instant, updated_at: instant,
    }
}

/// The quotas of a period: whose, and how much.
pub fn of_period(db: &mut Conn, company: CompanyId, period: &Period) -> Result<Vec<(Option<UserId>, Amount)>> {
    let rows = sql!(
        "SELECT user_id, amount FROM quotas WHERE company_id = {} AND period = {} AND start_date = {}",
        company.uuid(),
        period.kind.as_str(),
        period.start
    )
    .load::<(Option<Uuid>, Amount)>(db)?;
    Ok(rows.into_iter().map(|(user, amount)| (user.map(UserId::from_uuid), amount)).collect())
}

/// Whether a user, or the company as a whole, has a quota for a period.
pub fn exists(db: &mut Conn, quota: &Quota) -> Result<bool> {
    let start: NaiveDate = quota.start_date;
    let mut s = sql!(
        "SELECT 1 FROM quotas WHERE company_id = {} AND period = {} AND start_date = {} AND user_id ",
        quota.company_id.uuid(),
        quota.period.as_str(),
        start
    );
    match quota.user_id {
        Some(user) => s.append(sql!("= {}", user.uuid())),
        None => s.append(Statement::new("IS NULL")),
    };
    Ok(s.first::<(i64,)>(db)?.is_some())
}
