//! Monthly periods and their locks, one for each part of the books. The lock is judged on the posting date, inside the
//! transaction that posts.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::posting::ModuleClass;
use crate::ids::{CompanyId, FiscalYearId, PeriodId};
use crate::kernel::{Code, Result, problems};

crate::words! {
    /// Whether figures dated in the period may still change.
    pub enum PeriodStatus {
        /// Not yet open.
        Future = "future",
        Open = "open",
        /// Open for those alone who may post in soft-closed periods.
        SoftClosed = "soft_closed",
        /// Closed for everybody.
        Closed = "closed",
    }
}

pub const PERIOD_CLOSED: Code = Code::conflict("period.closed", "The accounting period is closed.");
pub const PERIOD_SOFT_CLOSED: Code = Code::conflict("period.soft_closed", "The accounting period is soft-closed.");
pub const PERIOD_NOT_OPEN: Code = Code::conflict("period.not_open", "The accounting period is not open yet.");
pub const PERIOD_MISSING: Code = Code::invalid("period.missing", "There is no accounting period for this date.");

/// One month of a fiscal year, with a lock for each part of the books.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Period {
    /// The id.
    pub id: PeriodId,
    /// The company.
    pub company_id: CompanyId,
    /// The fiscal year.
    pub fiscal_year_id: FiscalYearId,
    /// Its place in the fiscal year.
    #[schema(minimum = 1, maximum = 13)]
    pub number: i32,
    /// The first day.
    pub start_date: NaiveDate,
    /// The last day, included.
    pub end_date: NaiveDate,
    /// General ledger; when it is closed, every other part is closed too.
    pub gl: PeriodStatus,
    /// Receivables.
    pub ar: PeriodStatus,
    /// Payables.
    pub ap: PeriodStatus,
    /// Stock.
    pub inventory: PeriodStatus,
    /// Payroll.
    pub payroll: PeriodStatus,
    /// The tax.
    pub tax: PeriodStatus,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Period, PeriodId, "period", company: |p| Some(p.company_id), actions: |p| p.actions() }

/// Which parts of the books a lock concerns.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodClasses {
    /// The parts of the books; all of them when left out.
    #[serde(default)]
    #[schema(max_items = 6)]
    pub classes: Vec<ModuleClass>,
}

impl PeriodClasses {
    fn all(&self) -> Vec<ModuleClass> {
        if self.classes.is_empty() { ModuleClass::ALL.to_vec() } else { self.classes.clone() }
    }
}

impl Period {
    pub fn status(&self, class: ModuleClass) -> PeriodStatus {
        match class {
            ModuleClass::Gl => self.gl,
            ModuleClass::Ar => self.ar,
            ModuleClass::Ap => self.ap,
            ModuleClass::Inventory => self.inventory,
            ModuleClass::Payroll => self.payroll,
            ModuleClass::Tax => self.tax,
        }
    }

    fn slot(&mut self, class: ModuleClass) -> &mut PeriodStatus {
        match class {
            ModuleClass::Gl => &mut self.gl,
            ModuleClass::Ar => &mut self.ar,
            ModuleClass::Ap => &mut self.ap,
            ModuleClass::Inventory => &mut self.inventory,
            ModuleClass::Payroll => &mut self.payroll,
            ModuleClass::Tax => &mut self.tax,
        }
    }

    fn actions(&self) -> Vec<&'static str> {
        let any = |wanted: &[PeriodStatus]| ModuleClass::ALL.iter().any(|c| wanted.contains(&self.status(*c)));
        let mut out = Vec::new();
        if any(&[PeriodStatus::Open]) {
            out.push("soft-close");
        }
        if any(&[PeriodStatus::Open, PeriodStatus::SoftClosed, PeriodStatus::Future]) {
            out.push("close");
        }
        if any(&[PeriodStatus::Closed, PeriodStatus::SoftClosed, PeriodStatus::Future]) {
            out.push("reopen");
        }
        out
    }

    /// Sets the lock of the named parts; `invalid_state` when that changes nothing.
    fn turn(mut self, classes: &PeriodClasses, to: PeriodStatus, from: &[PeriodStatus]) -> Result<Self> {
        let mut changed = false;
        for class in classes.all() {
            if from.contains(&self.status(class)) {
                *self.slot(class) = to;
                changed = true;
            }
        }
        if changed {
            return Ok(self);
        }
        let state = classes.all().first().map_or(self.gl, |c| self.status(*c));
        Err(problems::invalid_state.with(format!("Nothing in the period can become {to}.")).in_state(state, &self.actions()))
    }
    /// Closes the open parts for everybody but those who may post in soft-closed periods.
    pub fn soft_close(self, classes: &PeriodClasses) -> Result<Self> {
        self.turn(classes, PeriodStatus::SoftClosed, &[PeriodStatus::Open])
    }
    /// Closes the parts for everybody.
    pub fn close(self, classes: &PeriodClasses) -> Result<Self> {
        self.turn(classes, PeriodStatus::Closed, &[PeriodStatus::Open, PeriodStatus::SoftClosed, PeriodStatus::Future])
    }
    /// Opens the parts, whatever they were.
    pub fn reopen(self, classes: &PeriodClasses) -> Result<Self> {
        self.turn(classes, PeriodStatus::Open, &[PeriodStatus::Closed, PeriodStatus::SoftClosed, PeriodStatus::Future])
    }

    /// Whether a figure of `class` dated in this period may be posted. The general ledger's lock counts for every part.
    /// `soft` for callers who may post in soft-closed periods.
    pub fn admits(&self, class: ModuleClass, soft: bool) -> Result<()> {
        let which = format!("The period from {} to {}", self.start_date, self.end_date);
        for (class, status) in [(ModuleClass::Gl, self.gl), (class, self.status(class))] {
            match status {
                PeriodStatus::Open => {}
                PeriodStatus::SoftClosed if soft => {}
                PeriodStatus::SoftClosed => return Err(PERIOD_SOFT_CLOSED.with(format!("{which} is soft-closed for {class}."))),
                PeriodStatus::Closed => return Err(PERIOD_CLOSED.with(format!("{which} is closed for {class}."))),
                PeriodStatus::Future => return Err(PERIOD_NOT_OPEN.with(format!("{which} is not open yet for {class}."))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn period() -> Period {
        let id = uuid::Uuid::from_u128(1);
        let day = |d| NaiveDate::from_ymd_opt(2026, 3, d).expect("a date");
        let open = PeriodStatus::Open;
        Period {
            id: PeriodId::from_uuid(id),
            company_id: CompanyId::from_uuid(id),
            fiscal_year_id: FiscalYearId::from_uuid(id),
            number: 3,
            start_date: day(1),
            end_date: day(31),
            gl: open,
            ar: open,
            ap: open,
            inventory: open,
            payroll: open,
            tax: open,
            version: 1,
            created_at: Utc::now(),
            updated_at: Utc::now(),
        }
    }

    #[test]
    fn a_closed_part_takes_nothing_and_the_others_go_on() {
        let p = period().close(&PeriodClasses { classes: vec![ModuleClass::Ar] }).expect("closes");
        assert_eq!(p.admits(ModuleClass::Ar, true).expect_err("closed").code(), PERIOD_CLOSED);
        assert!(p.admits(ModuleClass::Inventory, false).is_ok());
    }

    #[test]
    fn a_closed_ledger_closes_every_part() {
        let p = period().close(&PeriodClasses { classes: vec![ModuleClass::Gl] }).expect("closes");
        for class in ModuleClass::ALL {
            assert!(p.admits(*class, true).is_err(), "{class}");
        }
    }

    #[test]
    fn soft_closed_lets_the_named_few_in() {
        let p = period().soft_close(&PeriodClasses::default()).expect("soft-closes");
        assert!(p.admits(ModuleClass::Ar, true).is_ok());
        assert_eq!(p.admits(ModuleClass::Ar, false).expect_err("refused").code(), PERIOD_SOFT_CLOSED);
        assert!(p.clone().soft_close(&PeriodClasses::default()).is_err(), "nothing left to soft-close");
        assert!(p.reopen(&PeriodClasses::default()).expect("opens").admits(ModuleClass::Gl, false).is_ok());
    }
}
