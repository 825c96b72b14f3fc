//! Activities: what people do, did or mean to do about something. What it is about is named by its id; whether that
//! exists is not known here. Overdue is what an activity is at a moment, never what it has stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::emails;
use crate::ids::{ActivityId, CompanyId, ContactId, LeadId, OpportunityId, PartyId, UserId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Code, Findings, Result, decode, problems};

crate::words! {
    /// What kind of activity it is.
    pub enum ActivityKind {
        /// Something to do.
        Task = "task",
        /// A phone call.
        Call = "call",
        /// A meeting.
        Meeting = "meeting",
        /// An e-mail.
        Email = "email",
        /// Something to remember; never to do.
        Note = "note",
    }
    /// Where an activity stands.
    pub enum ActivityStatus {
        /// To be done.
        Planned = "planned",
        /// Begun.
        InProgress = "in_progress",
        /// Done.
        Done = "done",
        /// Not done and never to be.
        Cancelled = "cancelled",
    }
    /// How urgent it is.
    pub enum ActivityPriority {
        Low = "low",
        Normal = "normal",
        High = "high",
    }
}

/// What an activity can be about: the prefixes of ids and their nouns.
pub const REGARDING: &[(&str, &str)] = &[
    ("lead", "lead"),
    ("opp", "opportunity"),
    ("pty", "party"),
    ("con", "contact"),
    ("case", "case"),
    ("so", "sales_order"),
    ("dlv", "delivery"),
    ("ret", "return"),
    ("inv", "invoice"),
    ("cn", "credit_note"),
    ("pay", "payment"),
];

/// The id names nothing that an activity can be about.
pub const NOT_REGARDABLE: Code =
    Code::invalid("activity.wrong_regarding", "An activity is about a lead, opportunity, party, contact, case or document.");
/// What it is about belongs to another company.
pub const OTHER_COMPANY: Code = Code::invalid("activity.other_company", "What the activity is about belongs to another company.");
/// A participant is one contact, one user or one e-mail address.
pub const WRONG_PARTICIPANT: Code = Code::invalid("activity.wrong_participant", "A participant is one contact, user or e-mail address.");
/// A note is nothing to do.
pub const NOTE_WITHOUT_TIME: Code = Code::invalid("activity.note_is_not_due", "A note is never due.");
/// Activities are done in the past.
pub const NOT_YET: Code = Code::invalid("activity.completed_in_future", "An activity cannot have been done in the future.");
/// The name is no time zone of the IANA data base.
pub const UNKNOWN_TIME_ZONE: Code = Code::invalid("activity.unknown_time_zone", "There is no time zone with this name.");
/// Done and cancelled activities do not change.
pub const FINISHED: Code = Code::conflict("activity.finished", "The activity is done or cancelled.");
/// What was done stays on record.
pub const DONE_STAYS: Code = Code::conflict("activity.done_stays", "What was done stays on record.");
/// What the rules of an activity's data can answer.
pub const REFUSALS: &[Code] =
    &[NOT_REGARDABLE, OTHER_COMPANY, WRONG_PARTICIPANT, NOTE_WITHOUT_TIME, NOT_YET, UNKNOWN_TIME_ZONE, emails::INVALID_EMAIL];

/// Somebody who takes part: exactly one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// A contact.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// A user.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Somebody known by an e-mail address only.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub email: Option<String>,
}

/// Something that somebody does, did or means to do.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Activity {
    /// The id.
    pub id: ActivityId,
    /// The company it is done for.
    pub company_id: CompanyId,
    /// What kind it is.
    pub kind: ActivityKind,
    /// What it is in a line.
    #[schema(max_length = 200, example = "Call back about the offer")]
    pub subject: String,
    /// All that is to be said.
    #[schema(required, max_length = 20000)]
    pub body: Option<String>,
    /// The id of what it is about: a lead, opportunity, party, contact or document.
    #[schema(max_length = 40)]
    pub regarding_id: String,
    /// The noun of what it is about.
    #[schema(max_length = 40, example = "opportunity")]
    pub regarding_kind: String,
    /// The lead it is about, when it is about one.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// The opportunity it is about, when it is about one.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
    /// The party concerned, as far as known.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// Who takes part.
    #[schema(max_items = 100)]
    pub participants: Vec<Participant>,
    /// The user who is to do it.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// How urgent it is.
    pub priority: ActivityPriority,
    /// Where it stands.
    pub status: ActivityStatus,
    /// When it is due.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
    /// The time zone in which the due time was meant, a name of the IANA data base.
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub time_zone: String,
    /// Whether it is due and neither done nor cancelled, at the moment of the answer.
    pub is_overdue: bool,
    /// When it was begun.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done.
    #[schema(required)]
    pub completed_at: Option<DateTime<Utc>>,
    /// What came of it.
    #[schema(required, max_length = 2000)]
    pub outcome: Option<String>,
    /// When it was cancelled.
    #[schema(required)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// How often it was put off to a later time.
    #[schema(minimum = 0, maximum = 2147483647)]
    pub postponements: i32,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Activity, ActivityId, "activity",
company: |a| Some(a.company_id), party: |a| a.party_id, actions: |a| a.status.actions() }

/// An activity to plan, or one that was done.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewActivity {
    /// The company it is done for.
    pub company_id: CompanyId,
    /// What kind it is.
    pub kind: ActivityKind,
    /// What it is in a line.
    #[schema(min_length = 1, max_length = 200, example = "Call back about the offer")]
    pub subject: String,
    /// All that is to be said.
    #[serde(default)]
    #[schema(max_length = 20000)]
    pub body: Option<String>,
    /// The id of what it is about: a lead, opportunity, party, contact or document.
    #[schema(min_length = 29, max_length = 40, pattern = "^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub regarding_id: String,
    /// Who takes part.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub participants: Vec<Participant>,
    /// The user who is to do it; the caller when left out.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// How urgent it is; `normal` when left out.
    #[serde(default = "normal")]
    pub priority: ActivityPriority,
    /// When it is due, with its offset from UTC. Not for notes.
    #[serde(default)]
    pub due_at: Option<DateTime<Utc>>,
    /// The time zone in which the due time is meant, a name of the IANA data base; that of the company when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// When it was done, to record something that is over. Notes are over at once.
    #[serde(default)]
    pub completed_at: Option<DateTime<Utc>>,
    /// What came of it, for something that is over.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub outcome: Option<String>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to an activity that is neither done nor cancelled. When it is due changes by `reschedule`.
    pub struct ActivityPatch for Activity {
        /// What it is in a line.
        set subject: String [min_length = 1, max_length = 200],
        /// All that is to be said.
        clear body: String [max_length = 20000],
        /// Who takes part; replaced whole.
        set participants: Vec<Participant> [max_items = 100],
        /// The user who is to do it.
        clear owner_id: UserId,
        /// How urgent it is.
        set priority: ActivityPriority,
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// What came of an activity.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteActivity {
    /// What came of it.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Wants an offer for three machines")]
    pub outcome: Option<String>,
}

/// When an activity is due instead.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescheduleActivity {
    /// The new time, with its offset from UTC.
    pub due_at: DateTime<Utc>,
    /// The time zone in which it is meant; as before when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
}

fn normal() -> ActivityPriority {
    ActivityPriority::Normal
}

/// What is known of the thing an activity is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Regarded {
    pub kind: &'static str,
    pub company: Option<CompanyId>,
    pub party: Option<PartyId>,
}

/// The noun behind an id that an activity can be about; fails with [`NOT_REGARDABLE`].
pub fn regardable(id: &str) -> Result<&'static str> {
    let known = REGARDING.iter().find(|(prefix, _)| decode(prefix, id).is_some());
    known
        .map(|(_, noun)| *noun)
        .ok_or_else(|| NOT_REGARDABLE.field("/regarding_id", format!("{id} is no id of something an activity can be about.")))
}

impl ActivityStatus {
    /// The verbs that this state allows.
    pub fn actions(self) -> Vec<&'static str> {
        match self {
            Self::Planned => vec!["start", "complete", "cancel", "reschedule"],
            Self::InProgress => vec!["complete", "cancel", "reschedule"],
            Self::Done | Self::Cancelled => vec![],
        }
    }
    /// Whether something is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::InProgress)
    }
}

impl Activity {
    /// A new activity about something known. `time_zone` is that of the company. Fails with [`REFUSALS`].
    pub fn new(id: ActivityId, new: NewActivity, about: &Regarded, time_zone: &str, now: DateTime<Utc>) -> Result<Self> {
        let mut found = Findings::default();
        if about.company.is_some_and(|c| c != new.company_id) {
            found.add(OTHER_COMPANY, "/regarding_id", "It belongs to another company.");
        }
        if new.kind == ActivityKind::Note && new.due_at.is_some() {
            found.add(NOTE_WITHOUT_TIME, "/due_at", "A note is never due; make it a task.");
        }
        if new.completed_at.is_some_and(|at| at > now) {
            found.add(NOT_YET, "/completed_at", "It lies in the future.");
        }
        found.done()?;
        let completed_at = new.completed_at.or((new.kind == ActivityKind::Note).then_some(now));
        let activity = Self {
            id,
            company_id: new.company_id,
            kind: new.kind,
            subject: new.subject,
            body: trimmed(new.body),
            lead_id: new.regarding_id.parse().ok(),
            opportunity_id: new.regarding_id.parse().ok(),
            regarding_id: new.regarding_id,
            regarding_kind: about.kind.to_string(),
            party_id: about.party,
            participants: new.participants,
            owner_id: new.owner_id,
            priority: new.priority,
            status: if completed_at.is_some() { ActivityStatus::Done } else { ActivityStatus::Planned },
            due_at: new.due_at,
            time_zone: new.time_zone.unwrap_or_else(|| time_zone.to_string()),
            is_overdue: false,
            started_at: None,
            completed_at,
            outcome: trimmed(new.outcome),
            cancelled_at: None,
            postponements: 0,
            metadata: new.metadata,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        activity.tidied(now)
    }
    /// The activity with these changes. A note, which is never open, can be corrected.
    pub fn change(mut self, patch: ActivityPatch, now: DateTime<Utc>) -> Result<Self> {
        if self.kind != ActivityKind::Note {
            self.must_be_open()?;
        }
        patch.apply(&mut self);
        self.body = trimmed(self.body);
        self.updated_at = now;
        self.tidied(now)
    }
    /// Somebody begins.
    pub fn start(mut self, now: DateTime<Utc>) -> Result<Self> {
        if self.status != ActivityStatus::Planned {
            return Err(problems::invalid_state.with(format!("It is {}.", self.status)).in_state(self.status, &self.status.actions()));
        }
        self.status = ActivityStatus::InProgress;
        self.started_at = Some(now);
        self.updated_at = now;
        Ok(self.seen_at(now))
    }
    /// It is done.
    pub fn complete(mut self, what: CompleteActivity, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_open()?;
        self.status = ActivityStatus::Done;
        self.completed_at = Some(now);
        self.outcome = trimmed(what.outcome);
        self.updated_at = now;
        Ok(self.seen_at(now))
    }
    /// It will not be done.
    pub fn cancel(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_open()?;
        self.status = ActivityStatus::Cancelled;
        self.cancelled_at = Some(now);
        self.updated_at = now;
        Ok(self.seen_at(now))
    }
    /// It is due at another time; a later one counts as a postponement.
    pub fn reschedule(mut self, to: RescheduleActivity, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_open()?;
        self.postponements += i32::from(self.due_at.is_some_and(|old| to.due_at > old));
        self.due_at = Some(to.due_at);
        self.time_zone = to.time_zone.unwrap_or(self.time_zone);
        self.updated_at = now;
        self.tidied(now)
    }
    /// It is about something else now: what a lead became.
    pub fn moved_to(mut self, id: String, kind: &'static str, party: Option<PartyId>, now: DateTime<Utc>) -> Self {
        self.lead_id = id.parse().ok();
        self.opportunity_id = id.parse().ok();
        self.regarding_id = id;
        self.regarding_kind = kind.to_string();
        self.party_id = party;
        self.updated_at = now;
        self.seen_at(now)
    }
    /// Refuses to forget what was done. Notes are never done work and may go.
    pub fn must_be_removable(&self) -> Result<()> {
        match (self.status, self.kind) {
            (ActivityStatus::Done, kind) if kind != ActivityKind::Note => Err(DONE_STAYS.with("It was done.").in_state(self.status, &[])),
            _ => Ok(()),
        }
    }
    /// As it is at this moment: overdue when it was due before and is still open.
    pub fn seen_at(mut self, now: DateTime<Utc>) -> Self {
        self.is_overdue = self.status.is_open() && self.due_at.is_some_and(|due| due < now);
        self
    }
    fn must_be_open(&self) -> Result<()> {
        match self.status.is_open() {
            true => Ok(()),
            false => Err(FINISHED.with(format!("It is {}.", self.status)).in_state(self.status, &self.status.actions())),
        }
    }
    fn tidied(mut self, now: DateTime<Utc>) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(subject) = found.take("/subject", filled(&self.subject, "")) {
            self.subject = subject;
        }
        if self.time_zone.parse::<chrono_tz::Tz>().is_err() {
            found.add(UNKNOWN_TIME_ZONE, "/time_zone", format!("{:?} is not in the IANA data base.", self.time_zone));
        }
        for (i, p) in self.participants.iter_mut().enumerate() {
            let given = usize::from(p.contact_id.is_some()) + usize::from(p.user_id.is_some()) + usize::from(p.email.is_some());
            if given != 1 {
                found.add(WRONG_PARTICIPANT, format!("/participants/{i}"), "Give exactly one of contact_id, user_id and email.");
            }
            if let Some(email) = p.email.take() {
                p.email = found.take(&format!("/participants/{i}/email"), emails::normalise(&email));
            }
        }
        found.done()?;
        Ok(self.seen_at(now))
    }
}

#[cfg(test)]
mod tests;
