//! What may happen to a case: answers, holds, resolution, reopening, merging, and what its clocks make of it. Who
//! works on a queue and what an entitlement covers is not decided here.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::directory::emails;
use crate::ids::{CaseId, QueueId, UserId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Findings, Result, problems};
use crate::service::cases::messages::ReplyToCase;
use crate::service::sla_policies::clocks::*;
use crate::service::sla_policies::{DEFAULT_REOPEN_DAYS, SlaTarget};

/// What impact and urgency make together.
pub fn priority_of(impact: CaseImpact, urgency: CaseUrgency) -> CasePriority {
    match impact as u8 + urgency as u8 {
        4 => CasePriority::Urgent,
        3 => CasePriority::High,
        2 => CasePriority::Normal,
        _ => CasePriority::Low,
    }
}

impl Case {
    /// Actions that the current status allows.
    pub fn actions(&self) -> Vec<&'static str> {
        if self.merged_into_id.is_some() {
            return vec![];
        }
        match self.status {
            CaseStatus::New => vec!["assign", "reply", "resolve", "escalate", "merge", "link-article", "unlink-article"],
            CaseStatus::Open => vec!["assign", "reply", "hold", "resolve", "escalate", "merge", "link-article", "unlink-article"],
            CaseStatus::Pending => vec!["assign", "reply", "resume", "resolve", "escalate", "merge", "link-article", "unlink-article"],
            CaseStatus::Resolved => vec!["reply", "close", "reopen", "merge", "link-article", "unlink-article"],
            CaseStatus::Closed => vec!["reply", "reopen"],
        }
    }
    /// A new case without a number, queue or service level. Fails with blank texts and wrong addresses.
    pub fn new(id: CaseId, new: &NewCase, now: DateTime<Utc>) -> Result<Self> {
        let case = Self {
            id,
            company_id: new.company_id,
            number: String::new(),
            status: CaseStatus::New,
            subject: new.subject.clone(),
            channel: new.channel,
            category: new.category.clone(),
            impact: new.impact,
            urgency: new.urgency,
            priority: priority_of(new.impact, new.urgency),
            party_id: new.party_id,
            contact_id: new.contact_id,
            requester_name: new.requester_name.clone(),
            requester_email: new.requester_email.clone(),
            product_id: new.product_id,
            order_id: new.order_id,
            serial_number: new.serial_number.clone(),
            queue_id: None,
            assignee_id: None,
            escalation_level: 0,
            escalated_at: None,
            follows_case_id: new.follows_case_id,
            merged_into_id: None,
            kb_article_ids: vec![],
            entitlement_id: None,
            sla_policy_id: None,
            sla_policy_version_id: None,
            sla_state: SlaState::None,
            first_response_due_at: None,
            next_response_due_at: None,
            resolution_due_at: None,
            clocks: vec![],
            first_response_at: None,
            awaiting_response_since: Some(now),
            held_since: None,
            hold_reason: None,
            resolution: None,
            resolved_at: None,
            reopen_until: None,
            closed_at: None,
            reopen_count: 0,
            spent_minutes: 0,
            metadata: new.metadata.clone(),
            pauses: vec![],
            sla_look_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        case.tidied()
    }
    /// The case as it begins under these terms: the clocks start.
    pub fn under(mut self, terms: Option<&Terms>) -> Result<Self> {
        if let Some(terms) = terms {
            self.sla_policy_id = Some(terms.version.sla_policy_id);
            self.sla_policy_version_id = Some(terms.version.id);
            self.retarget(terms)?;
        }
        Ok(self.settled())
    }
    /// The case with these changes. Another priority has other targets, which count from the creation.
    pub fn change(mut self, patch: CasePatch, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Self> {
        self.must_not_be_closed()?;
        patch.apply(&mut self);
        let priority = priority_of(self.impact, self.urgency);
        if priority != self.priority {
            self.judge(now);
            self.priority = priority;
            if let Some(terms) = terms {
                self.retarget(terms)?;
            }
        }
        self.updated_at = now;
        Ok(self.tidied()?.settled())
    }
    /// Somebody is to work on it. A new case is open from then on.
    pub fn assign(mut self, queue: Option<QueueId>, assignee: Option<UserId>, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[CaseStatus::New, CaseStatus::Open, CaseStatus::Pending])?;
        self.queue_id = queue;
        self.assignee_id = assignee;
        if self.status == CaseStatus::New && assignee.is_some() {
            self.status = CaseStatus::Open;
        }
        self.updated_at = now;
        Ok(self)
    }
    /// An agent writes. Only a public answer is a response: it stops the clock of the response that runs.
    pub fn agent_wrote(mut self, what: &ReplyToCase, now: DateTime<Utc>) -> Result<Self> {
        self.must_not_be_closed()?;
        self.spent_minutes = self.spent_minutes.saturating_add(what.spent_minutes);
        self.updated_at = now;
        if !what.is_response() {
            return Ok(self);
        }
        self.stop(&[SlaMilestone::FirstResponse, SlaMilestone::NextResponse], now);
        self.first_response_at = self.first_response_at.or(Some(now));
        self.awaiting_response_since = None;
        if self.status == CaseStatus::New {
            self.status = CaseStatus::Open;
        }
        Ok(self.settled())
    }
    /// The customer writes: a case on hold goes on, a resolved or closed one is opened again while it can be. `None` when
    /// the window is over and a new case has to follow.
    pub fn customer_wrote(mut self, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Option<Self>> {
        self.must_not_be_merged()?;
        match self.status {
            CaseStatus::Resolved | CaseStatus::Closed if !self.can_be_reopened(now) => return Ok(None),
            CaseStatus::Resolved | CaseStatus::Closed => self = self.reopen(terms, now)?,
            CaseStatus::Pending => self = self.resume(terms, now)?,
            CaseStatus::New | CaseStatus::Open => {}
        }
        if self.awaiting_response_since.is_none() {
            self.awaiting_response_since = Some(now);
            if let Some(terms) = terms
                && let Some(minutes) = self.target(terms).and_then(|t| t.next_response_minutes)
            {
                self.await_next(minutes, now, terms)?;
            }
        }
        self.updated_at = now;
        Ok(Some(self.settled()))
    }
    /// The customer's question of a case that was merged into this one, asked at `since`: it waits here now. A resolved case
    /// is opened again, whatever its window, because the question came before it could be closed; one on hold goes on.
    ///
    /// # Errors
    /// The calendar has too little working time.
    pub fn took_question(mut self, since: DateTime<Utc>, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Self> {
        match self.status {
            CaseStatus::Resolved => self = self.opened_again(terms, now)?,
            CaseStatus::Pending => self = self.resume(terms, now)?,
            CaseStatus::New | CaseStatus::Open | CaseStatus::Closed => {}
        }
        self.judge(now);
        if self.awaiting_response_since.is_none_or(|own| since < own) {
            self.awaiting_response_since = Some(since);
            if let (Some(terms), Some(_)) = (terms, self.first_response_at)
                && let Some(minutes) = self.target(terms).and_then(|t| t.next_response_minutes)
            {
                // one wait has one clock, from its earlier question
                self.clocks.retain(|c| c.milestone != SlaMilestone::NextResponse || !c.is_running() || c.is_missed());
                self.await_next(minutes, since, terms)?;
            }
        }
        self.updated_at = now;
        self.judge(now);
        Ok(self.settled())
    }
    /// The customer's question that nobody answered, while somebody has to.
    pub fn open_question(&self) -> Option<DateTime<Utc>> {
        let at_work = matches!(self.status, CaseStatus::New | CaseStatus::Open | CaseStatus::Pending);
        self.awaiting_response_since.filter(|_| at_work)
    }
    /// It waits for the customer.
    pub fn hold(mut self, why: HoldCase, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[CaseStatus::Open])?;
        self.judge(now);
        self.status = CaseStatus::Pending;
        self.held_since = Some(now);
        self.hold_reason = trimmed(why.reason);
        self.pauses.push(Pause { from: now, to: None, is_hold: true });
        self.reset(terms)?;
        self.updated_at = now;
        Ok(self.settled())
    }
    /// It goes on; what remained of the resolution is carried over.
    pub fn resume(mut self, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[CaseStatus::Pending])?;
        self.end_hold(now);
        self.status = CaseStatus::Open;
        self.reset(terms)?;
        self.updated_at = now;
        Ok(self.settled())
    }
    /// It is done.
    pub fn resolve(mut self, how: &ResolveCase, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[CaseStatus::New, CaseStatus::Open, CaseStatus::Pending])?;
        self.resolution = Some(filled(&how.resolution, "/resolution")?);
        self.judge(now);
        if self.status == CaseStatus::Pending {
            self.end_hold(now);
            self.reset(terms)?;
        }
        // a response stops on a public answer alone, and a resolution is none
        self.stop(&[SlaMilestone::Resolution], now);
        self.status = CaseStatus::Resolved;
        self.resolved_at = Some(now);
        let days = terms.map_or(DEFAULT_REOPEN_DAYS, |t| t.version.reopen_days);
        self.reopen_until = Some(now + TimeDelta::days(days.into()));
        self.updated_at = now;
        Ok(self.settled())
    }
    /// It is over.
    pub fn close(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[CaseStatus::Resolved])?;
        self.judge(now);
        self.end_clocks(now);
        self.status = CaseStatus::Closed;
        self.closed_at = Some(now);
        self.updated_at = now;
        Ok(self.settled())
    }
    /// Whether the window for reopening is open.
    pub fn can_be_reopened(&self, now: DateTime<Utc>) -> bool {
        self.merged_into_id.is_none() && self.reopen_until.is_some_and(|until| now <= until)
    }
    /// It is opened again. The clock of the resolution goes on with what remained; a time in which it was resolved does
    /// not count.
    pub fn reopen(self, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[CaseStatus::Resolved, CaseStatus::Closed])?;
        if !self.can_be_reopened(now) {
            return Err(REOPEN_WINDOW_OVER.with("Create a case that follows it.").in_state(self.status, &["reply"]));
        }
        self.opened_again(terms, now)
    }
    fn opened_again(mut self, terms: Option<&Terms>, now: DateTime<Utc>) -> Result<Self> {
        self.judge(now);
        if let Some(resolved) = self.resolved_at {
            self.pauses.push(Pause { from: resolved, to: Some(now), is_hold: false });
        }
        for clock in self.clocks.iter_mut().filter(|c| c.milestone == SlaMilestone::Resolution) {
            clock.completed_at = None;
        }
        self.status = CaseStatus::Open;
        (self.resolved_at, self.reopen_until, self.closed_at) = (None, None, None);
        self.reopen_count += 1;
        self.reset(terms)?;
        self.updated_at = now;
        Ok(self.settled())
    }
    /// It is taken to the next level.
    pub fn escalate(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[CaseStatus::New, CaseStatus::Open, CaseStatus::Pending])?;
        self.escalation_level += 1;
        self.escalated_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// It is one with another case and closed; its clocks stop without a verdict beyond what has passed.
    pub fn merge(mut self, into: &Case, now: DateTime<Utc>) -> Result<Self> {
        self.must_not_be_merged()?;
        self.in_one_of(&[CaseStatus::New, CaseStatus::Open, CaseStatus::Pending, CaseStatus::Resolved])?;
        if into.id == self.id {
            return Err(MERGED_INTO_ITSELF.field("/into_case_id", "Name another case."));
        }
        if into.company_id != self.company_id || into.party_id != self.party_id {
            return Err(MERGED_ACROSS_PARTIES.field("/into_case_id", format!("{} is of another customer.", into.number)));
        }
        if into.merged_into_id.is_some() || into.status == CaseStatus::Closed {
            return Err(MERGED_INTO_CLOSED.with(format!("{} is closed.", into.number)));
        }
        self.end_hold(now);
        self.judge(now);
        self.end_clocks(now);
        self.status = CaseStatus::Closed;
        self.merged_into_id = Some(into.id);
        self.closed_at = Some(now);
        self.reopen_until = None;
        self.updated_at = now;
        Ok(self.settled())
    }
    /// The calendar of its terms has other hours now: what is not due yet is due when they say, from where the clocks began.
    /// What was due by now stays missed, and a warning that was given stays given.
    ///
    /// # Errors
    /// The calendar has too little working time.
    pub fn recounted(mut self, terms: &Terms, now: DateTime<Utc>) -> Result<Self> {
        self.judge(now);
        self.reset(Some(terms))?;
        Ok(self.settled())
    }
    /// Raises what the clocks have to raise at this time. Called by a clock and by whatever stops or moves one, never by
    /// a read.
    pub fn looked_at(mut self, now: DateTime<Utc>) -> Self {
        self.judge(now);
        self.settled()
    }
    /// Refuses a case that was merged or closed.
    pub fn must_not_be_closed(&self) -> Result<()> {
        self.must_not_be_merged()?;
        match self.status {
            CaseStatus::Closed => Err(CLOSED.with("Reopen it, or create a case that follows it.").in_state(self.status, &self.actions())),
            _ => Ok(()),
        }
    }
    fn must_not_be_merged(&self) -> Result<()> {
        match self.merged_into_id {
            Some(into) => Err(MERGED.with(format!("It goes on as {into}.")).in_state(self.status, &[])),
            None => Ok(()),
        }
    }
    fn in_one_of(&self, states: &[CaseStatus]) -> Result<()> {
        self.must_not_be_merged()?;
        match states.contains(&self.status) {
            true => Ok(()),
            false => Err(problems::invalid_state.with(format!("The case is {}.", self.status)).in_state(self.status, &self.actions())),
        }
    }
    fn target<'t>(&self, terms: &'t Terms) -> Option<&'t SlaTarget> {
        terms.version.targets.iter().find(|t| t.priority == self.priority)
    }
    /// Gives the running clocks the targets of the priority, from where they began; starts and removes them where the
    /// priority has more or fewer targets. What was missed was missed by the target of its time and stays as it is.
    fn retarget(&mut self, terms: &Terms) -> Result<()> {
        let target = self.target(terms);
        let minutes = |milestone| match milestone {
            SlaMilestone::FirstResponse => target.and_then(|t| t.first_response_minutes),
            SlaMilestone::NextResponse => target.and_then(|t| t.next_response_minutes),
            SlaMilestone::Resolution => target.and_then(|t| t.resolution_minutes),
        };
        self.clocks.retain(|c| !c.is_running() || c.is_missed() || minutes(c.milestone).is_some());
        for clock in self.clocks.iter_mut().filter(|c| c.is_running() && !c.is_missed()) {
            clock.target_minutes = minutes(clock.milestone).unwrap_or(clock.target_minutes);
        }
        for milestone in [SlaMilestone::FirstResponse, SlaMilestone::Resolution] {
            let wanted = milestone == SlaMilestone::Resolution || self.first_response_at.is_none();
            if let Some(minutes) = minutes(milestone)
                && wanted
                && self.resolved_at.is_none()
                && !self.clocks.iter().any(|c| c.milestone == milestone)
            {
                self.clocks.push(SlaClock::new(milestone, minutes, self.created_at));
            }
        }
        if let (Some(minutes), Some(since), Some(_)) =
            (minutes(SlaMilestone::NextResponse), self.awaiting_response_since, self.first_response_at)
            && self.resolved_at.is_none()
            && !self.clocks.iter().any(|c| c.milestone == SlaMilestone::NextResponse && c.started_at == since)
        {
            self.clocks.push(SlaClock::new(SlaMilestone::NextResponse, minutes, since));
        }
        self.reset(Some(terms))
    }
    /// Starts the clock of an answer to what the customer asked at `since`. Those of earlier answers go, unless they were
    /// missed.
    fn await_next(&mut self, minutes: i32, since: DateTime<Utc>, terms: &Terms) -> Result<()> {
        let earlier = |c: &SlaClock| c.milestone == SlaMilestone::NextResponse;
        self.clocks.retain(|c| !earlier(c) || c.is_missed());
        if self.clocks.iter().filter(|c| earlier(c)).count() >= MOST_MISSED
            && let Some(oldest) = self.clocks.iter().position(earlier)
        {
            self.clocks.remove(oldest);
        }
        let mut clock = SlaClock::new(SlaMilestone::NextResponse, minutes, since);
        clock.set(&self.pauses, terms)?;
        self.clocks.push(clock);
        Ok(())
    }
    /// Computes anew when the running clocks are due. One that was missed was due when it was.
    fn reset(&mut self, terms: Option<&Terms>) -> Result<()> {
        if let Some(terms) = terms {
            for clock in self.clocks.iter_mut().filter(|c| c.is_running() && !c.is_missed()) {
                clock.set(&self.pauses, terms)?;
            }
        }
        Ok(())
    }
    fn judge(&mut self, now: DateTime<Utc>) {
        self.clocks.iter_mut().for_each(|c| c.judge(now));
    }
    fn stop(&mut self, milestones: &[SlaMilestone], now: DateTime<Utc>) {
        self.clocks.iter_mut().filter(|c| milestones.contains(&c.milestone)).for_each(|c| c.complete(now));
    }
    /// What still runs is neither met nor missed: it ends, unless it was missed already.
    fn end_clocks(&mut self, now: DateTime<Utc>) {
        self.clocks.retain(|c| !c.is_running() || c.is_missed());
        self.clocks.iter_mut().for_each(|c| c.completed_at = c.completed_at.or(Some(now)));
        self.awaiting_response_since = None;
    }
    fn end_hold(&mut self, now: DateTime<Utc>) {
        self.pauses.iter_mut().filter(|p| p.to.is_none()).for_each(|p| p.to = Some(now));
        self.held_since = None;
        self.hold_reason = None;
    }
    /// Writes what follows from the clocks where lists find it.
    fn settled(mut self) -> Self {
        self.clocks.sort_by_key(|c| (c.milestone, c.started_at));
        let due = |milestone| self.clocks.iter().rfind(|c| c.milestone == milestone && c.is_running()).and_then(|c| c.due_at);
        self.first_response_due_at = due(SlaMilestone::FirstResponse);
        self.next_response_due_at = due(SlaMilestone::NextResponse);
        self.resolution_due_at = due(SlaMilestone::Resolution);
        self.sla_look_at = self.clocks.iter().filter_map(SlaClock::next_look).min();
        self.sla_state = state_of(&self.clocks);
        self
    }
    fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(subject) = found.take("/subject", filled(&self.subject, "")) {
            self.subject = subject;
        }
        for text in [&mut self.category, &mut self.requester_name, &mut self.requester_email, &mut self.serial_number] {
            *text = trimmed(text.take());
        }
        if let Some(email) = self.requester_email.take() {
            self.requester_email = found.take("/requester_email", emails::normalise(&email));
        }
        found.done()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
