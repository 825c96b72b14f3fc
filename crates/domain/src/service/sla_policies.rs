//! Service level policies: within how much working time a case of each priority is to be answered and resolved. The
//! terms have versions that never change; a case keeps the version it began with.

pub mod clocks;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CalendarId, CompanyId, SlaPolicyId, SlaPolicyVersionId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Findings, Result};
use crate::platform::business_time::{Hours, OUT_OF_REACH, add_business};
use crate::service::priorities::CasePriority;

crate::words! {
    /// What happens to the clock of the resolution while a case waits for the customer.
    pub enum HoldBehaviour {
        /// It stands still; what remains is carried over.
        PauseResolution = "pause_resolution",
        /// It goes on.
        KeepRunning = "keep_running",
    }
}

/// A priority has two targets.
pub const DOUBLED_PRIORITY: Code = Code::invalid("sla_policy.doubled_priority", "A priority is listed twice.");
/// A target names no time at all.
pub const EMPTY_TARGET: Code = Code::invalid("sla_policy.empty_target", "A target needs at least one time.");
/// The policy is archived.
pub const ARCHIVED: Code = Code::conflict("sla_policy.archived", "The service level policy is archived.");
/// The default policy cannot be archived; make another the default first.
pub const DEFAULT_POLICY: Code = Code::conflict("sla_policy.is_default", "The default service level policy cannot be archived.");
/// What the terms of a policy can answer.
pub const REFUSALS: &[Code] = &[DOUBLED_PRIORITY, EMPTY_TARGET, OUT_OF_REACH];

/// Targets for cases of one priority, in minutes of working time. What is left out has no target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaTarget {
    /// The priority.
    pub priority: CasePriority,
    /// Until an agent first answers in public.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50000, example = 60)]
    pub first_response_minutes: Option<i32>,
    /// Until an agent answers a later message of the customer.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50000, example = 240)]
    pub next_response_minutes: Option<i32>,
    /// Until the case is resolved.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50000, example = 480)]
    pub resolution_minutes: Option<i32>,
}

/// A service level policy.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SlaPolicy {
    /// The id.
    pub id: SlaPolicyId,
    /// The company that promises it.
    pub company_id: CompanyId,
    /// What it is called; once in a company.
    #[schema(max_length = 100, example = "Gold")]
    pub name: String,
    /// Whether it applies to cases without an entitlement. At most one policy of a company does.
    pub is_default: bool,
    /// Counts the versions of the terms below, from 1. A case keeps the version it began with.
    #[schema(minimum = 1)]
    pub terms_version: i32,
    /// The calendar whose working time counts.
    pub calendar_id: CalendarId,
    /// Targets by priority.
    #[schema(max_items = 4)]
    pub targets: Vec<SlaTarget>,
    /// What a hold does.
    pub hold_behaviour: HoldBehaviour,
    /// The part of a target after which it is warned of, in percent.
    #[schema(minimum = 1, maximum = 99)]
    pub warn_percent: i32,
    /// Days after the resolution in which a case can be reopened; after them it is closed.
    #[schema(minimum = 0, maximum = 365)]
    pub reopen_days: i32,
    /// When it was archived.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { SlaPolicy, SlaPolicyId, "sla_policy", company: |p| Some(p.company_id), actions: |p| p.actions() }

/// The terms of a policy as they were from some moment on. No version ever changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SlaPolicyVersion {
    /// The id.
    pub id: SlaPolicyVersionId,
    /// The policy.
    pub sla_policy_id: SlaPolicyId,
    /// Its place among the versions of the policy, from 1.
    #[schema(minimum = 1)]
    pub terms_version: i32,
    /// The calendar whose working time counts.
    pub calendar_id: CalendarId,
    /// Targets by priority.
    #[schema(max_items = 4)]
    pub targets: Vec<SlaTarget>,
    /// What a hold does.
    pub hold_behaviour: HoldBehaviour,
    /// The part of a target after which it is warned of, in percent.
    #[schema(minimum = 1, maximum = 99)]
    pub warn_percent: i32,
    /// Days after the resolution in which a case can be reopened.
    #[schema(minimum = 0, maximum = 365)]
    pub reopen_days: i32,
    /// Since when it applies to new cases.
    pub created_at: DateTime<Utc>,
}

/// A service level policy to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSlaPolicy {
    /// The company that promises it.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Gold")]
    pub name: String,
    /// The calendar whose working time counts.
    pub calendar_id: CalendarId,
    /// Targets by priority.
    #[schema(min_items = 1, max_items = 4, example = json!([{"priority": "high", "first_response_minutes": 60}]))]
    pub targets: Vec<SlaTarget>,
    /// What a hold does; `pause_resolution` when left out.
    #[serde(default = "pause")]
    pub hold_behaviour: HoldBehaviour,
    /// The part of a target after which it is warned of, in percent; 80 when left out.
    #[serde(default = "eighty")]
    #[schema(minimum = 1, maximum = 99)]
    pub warn_percent: i32,
    /// Days after the resolution in which a case can be reopened; 7 when left out.
    #[serde(default = "seven")]
    #[schema(minimum = 0, maximum = 365)]
    pub reopen_days: i32,
}

fn pause() -> HoldBehaviour {
    HoldBehaviour::PauseResolution
}
fn eighty() -> i32 {
    80
}
fn seven() -> i32 {
    DEFAULT_REOPEN_DAYS
}

/// Days in which a case without a policy can be reopened.
pub const DEFAULT_REOPEN_DAYS: i32 = 7;

crate::patch! {
    /// Changes to a service level policy. Changed terms become a new version and apply to cases that begin after it.
    pub struct SlaPolicyPatch for SlaPolicy {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// The calendar whose working time counts.
        set calendar_id: CalendarId,
        /// Targets by priority; replaced whole.
        set targets: Vec<SlaTarget> [min_items = 1, max_items = 4],
        /// What a hold does.
        set hold_behaviour: HoldBehaviour,
        /// The part of a target after which it is warned of, in percent.
        set warn_percent: i32 [minimum = 1, maximum = 99],
        /// Days after the resolution in which a case can be reopened.
        set reopen_days: i32 [minimum = 0, maximum = 365],
    }
}

impl SlaPolicy {
    fn actions(&self) -> Vec<&'static str> {
        match (self.archived_at.is_some(), self.is_default) {
            (true, _) => vec![],
            (false, true) => vec![],
            (false, false) => vec!["make-default", "archive"],
        }
    }
    /// A new policy. `hours` are those of its calendar. Fails with [`REFUSALS`].
    pub fn new(id: SlaPolicyId, new: NewSlaPolicy, hours: &Hours, now: DateTime<Utc>) -> Result<Self> {
        let policy = Self {
            id,
            company_id: new.company_id,
            name: new.name,
            is_default: false,
            terms_version: 1,
            calendar_id: new.calendar_id,
            targets: new.targets,
            hold_behaviour: new.hold_behaviour,
            warn_percent: new.warn_percent,
            reopen_days: new.reopen_days,
            archived_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        policy.tidied(hours, now)
    }
    /// The policy with these changes; its terms get the next version when they differ. `hours` are those of the calendar
    /// that it has afterwards.
    pub fn change(self, patch: SlaPolicyPatch, hours: &Hours, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_in_force()?;
        let mut after = self.clone();
        patch.apply(&mut after);
        after.updated_at = now;
        let mut after = after.tidied(hours, now)?;
        if after.terms(self.terms_id()) != self.terms(self.terms_id()) {
            after.terms_version += 1;
        }
        Ok(after)
    }
    /// Refuses an archived policy.
    pub fn must_be_in_force(&self) -> Result<()> {
        match self.archived_at {
            Some(_) => Err(ARCHIVED.with(format!("{} is archived.", self.name)).in_state("archived", &[])),
            None => Ok(()),
        }
    }
    /// It applies to cases without an entitlement.
    pub fn make_default(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_in_force()?;
        self.is_default = true;
        self.updated_at = now;
        Ok(self)
    }
    /// No new case gets it; those that have it keep it.
    pub fn archive(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_in_force()?;
        if self.is_default {
            return Err(DEFAULT_POLICY.with("Make another policy the default first."));
        }
        self.archived_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// The present terms as a version of their own.
    pub fn terms(&self, id: SlaPolicyVersionId) -> SlaPolicyVersion {
        SlaPolicyVersion {
            id,
            sla_policy_id: self.id,
            terms_version: self.terms_version,
            calendar_id: self.calendar_id,
            targets: self.targets.clone(),
            hold_behaviour: self.hold_behaviour,
            warn_percent: self.warn_percent,
            reopen_days: self.reopen_days,
            created_at: self.created_at,
        }
    }
    /// One id for both sides of a comparison of terms.
    fn terms_id(&self) -> SlaPolicyVersionId {
        crate::kernel::Id::from_uuid(uuid::Uuid::nil())
    }
    fn tidied(mut self, hours: &Hours, now: DateTime<Utc>) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(name) = found.take("/name", filled(&self.name, "")) {
            self.name = name;
        }
        for (i, target) in self.targets.iter().enumerate() {
            if self.targets[..i].iter().any(|t| t.priority == target.priority) {
                found.add(DOUBLED_PRIORITY, format!("/targets/{i}/priority"), format!("{} is listed before.", target.priority));
            }
            let times = [target.first_response_minutes, target.next_response_minutes, target.resolution_minutes];
            let Some(longest) = times.into_iter().flatten().max() else {
                found.add(EMPTY_TARGET, format!("/targets/{i}"), "Give at least one time.");
                continue;
            };
            found.take(&format!("/targets/{i}"), add_business(now, TimeDelta::minutes(longest.into()), hours));
        }
        found.done()?;
        self.targets.sort_by_key(|t| t.priority);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;
    use uuid::Uuid;

    fn policy(targets: serde_json::Value) -> Result<SlaPolicy> {
        let nil = Uuid::nil();
        let new =
            json!({"company_id": CompanyId::from_uuid(nil), "name": "Gold", "calendar_id": CalendarId::from_uuid(nil), "targets": targets});
        let new = serde_json::from_value(new).expect("readable");
        SlaPolicy::new(SlaPolicyId::from_uuid(nil), new, &Hours::around_the_clock(), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn each_rule_has_its_own_code() {
        let high = json!({"priority": "high", "first_response_minutes": 60});
        assert_eq!(policy(json!([high, high])).expect_err("twice").code(), DOUBLED_PRIORITY);
        assert_eq!(policy(json!([{"priority": "high"}])).expect_err("empty").code(), EMPTY_TARGET);
        let none = Hours::new(chrono_tz::UTC, Default::default(), Default::default());
        let made = policy(json!([high])).expect("made");
        assert_eq!(made.change(SlaPolicyPatch::default(), &none, DateTime::UNIX_EPOCH).expect_err("never").code(), OUT_OF_REACH);
    }

    #[test]
    fn only_changed_terms_are_a_new_version() {
        let made = policy(json!([{"priority": "high", "first_response_minutes": 60}])).expect("made");
        let change = |body: serde_json::Value| {
            let patch = serde_json::from_value(body).expect("readable");
            made.clone().change(patch, &Hours::around_the_clock(), DateTime::UNIX_EPOCH).expect("changed").terms_version
        };
        assert_eq!(change(json!({"name": "Silver"})), 1);
        assert_eq!(change(json!({"warn_percent": 80})), 1);
        assert_eq!(change(json!({"warn_percent": 50})), 2);
        assert_eq!(change(json!({"targets": [{"priority": "high", "first_response_minutes": 30}]})), 2);
    }
}
