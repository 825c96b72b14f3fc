//! What may be in a journey, where its steps lead, and what may happen to it. Steps lead forward only, so whoever enters
//! comes to each step at most once and to the end for certain.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::directory::emails;
use crate::ids::{CampaignId, CampaignVariantId, JourneyId, JourneyVersionId, SegmentId, TemplateId};
use crate::kernel::{Findings, Problem, Result, problems};
use crate::marketing::campaigns::{Campaign, CampaignStatus, CampaignVariant};
use crate::platform::business_time::{Hours, add_business};

/// The verbs that a state allows.
pub fn actions(status: JourneyStatus) -> Vec<&'static str> {
    match status {
        JourneyStatus::Draft => vec!["publish", "archive"],
        JourneyStatus::Published => vec!["publish", "pause", "archive", "enroll"],
        JourneyStatus::Paused => vec!["publish", "resume", "archive"],
        JourneyStatus::Archived => vec![],
    }
}

impl JourneyStep {
    /// What is there that its kind does not have, and what is missing.
    fn faults(&self) -> Vec<(&'static str, &'static str)> {
        use StepKind::*;
        let parts: [(&'static str, bool, &[StepKind]); 9] = [
            ("template_id", self.template_id.is_some(), &[Send]),
            ("wait", self.wait.is_some(), &[Wait]),
            ("condition", self.condition.is_some(), &[Branch]),
            ("then", self.then.is_some(), &[Branch]),
            ("otherwise", self.otherwise.is_some(), &[Branch]),
            ("add_tag", self.add_tag.is_some(), &[Tag]),
            ("remove_tag", self.remove_tag.is_some(), &[Tag]),
            ("subject", self.subject.is_some(), &[Activity]),
            ("due_in_days", self.due_in_days.is_some(), &[Activity]),
        ];
        let mut found: Vec<(&'static str, &'static str)> = Vec::new();
        for (part, there, of) in parts {
            if there && !of.contains(&self.kind) {
                found.push((part, "Steps of this kind do not have it."));
            }
            let needed = matches!(part, "template_id" | "wait" | "condition" | "subject") && of.contains(&self.kind);
            if needed && !there {
                found.push((part, "Steps of this kind need it."));
            }
        }
        if self.kind == Tag && self.add_tag.is_none() && self.remove_tag.is_none() {
            found.push(("add_tag", "Say which tag is given or taken."));
        }
        if self.next.is_some() && matches!(self.kind, Branch | Exit) {
            found.push(("next", "Steps of this kind do not have it."));
        }
        if let Some(wait) = &self.wait {
            let ways = [wait.minutes.is_some(), wait.working_minutes.is_some(), wait.until.is_some()];
            if ways.iter().filter(|w| **w).count() != 1 || wait.working_minutes.is_some() != wait.calendar_id.is_some() {
                found.push(("wait", "Give minutes, working_minutes with their calendar_id, or until."));
            }
        }
        if let Some(c) = &self.condition {
            let ways = [c.segment_id.is_some(), c.opened.is_some(), c.clicked.is_some()];
            if ways.iter().filter(|w| **w).count() != 1 {
                found.push(("condition", "Ask for exactly one of segment_id, opened and clicked."));
            }
        }
        found
    }
    /// The step of the message that a branch asks for.
    fn asks_of(&self) -> Option<(&'static str, &str)> {
        let c = self.condition.as_ref()?;
        c.opened.as_deref().map(|s| ("condition/opened", s)).or(c.clicked.as_deref().map(|s| ("condition/clicked", s)))
    }
}

impl JourneyWait {
    /// Until when somebody who comes at `now` waits. `hours` are those of the calendar, when one is named.
    ///
    /// # Errors
    /// The calendar does not have that much working time.
    pub fn until(&self, now: DateTime<Utc>, hours: Option<&Hours>) -> Result<DateTime<Utc>> {
        match (self.minutes, self.working_minutes, hours) {
            (Some(minutes), _, _) => Ok(now + TimeDelta::minutes(minutes)),
            (_, Some(minutes), Some(hours)) => add_business(now, TimeDelta::minutes(minutes), hours),
            _ => Ok(self.until.unwrap_or(now)),
        }
    }
}

/// The step that comes after `key`, going by `lead` when one is named.
pub fn following<'a>(steps: &'a [JourneyStep], key: &str, lead: Option<&str>) -> Option<&'a JourneyStep> {
    match lead {
        Some(lead) => steps.iter().find(|s| s.key == lead),
        None => steps.iter().skip_while(|s| s.key != key).nth(1),
    }
}

/// The segments that a journey asks for, with their places.
pub fn segments_of(entry: &JourneyEntry, goal: Option<&JourneyGoal>, steps: &[JourneyStep]) -> Vec<(String, SegmentId)> {
    let branches = steps.iter().enumerate();
    let branches = branches.filter_map(|(i, s)| Some((format!("/steps/{i}/condition/segment_id"), s.condition.as_ref()?.segment_id?)));
    let entry = entry.segment_id.map(|id| ("/entry/segment_id".to_string(), id));
    let goal = goal.and_then(|g| g.segment_id).map(|id| ("/goal/segment_id".to_string(), id));
    entry.into_iter().chain(goal).chain(branches).collect()
}

fn judge_steps(steps: &[JourneyStep], found: &mut Findings) {
    let mut before: BTreeSet<&str> = BTreeSet::new();
    for (i, step) in steps.iter().enumerate() {
        if before.contains(&*step.key) {
            found.add(SAME_STEP, format!("/steps/{i}/key"), "Another step has this key.");
        }
        for (part, message) in step.faults() {
            found.add(WRONG_STEP, format!("/steps/{i}/{part}"), message);
        }
        for (part, lead) in [("next", &step.next), ("then", &step.then), ("otherwise", &step.otherwise)] {
            if let Some(lead) = lead
                && !steps[i + 1..].iter().any(|s| s.key == *lead)
            {
                found.add(UNKNOWN_STEP, format!("/steps/{i}/{part}"), format!("No later step is called {lead}."));
            }
        }
        if let Some((part, of)) = step.asks_of()
            && !steps[..i].iter().any(|s| s.key == of && s.kind == StepKind::Send)
        {
            found.add(UNKNOWN_STEP, format!("/steps/{i}/{part}"), format!("No earlier step that sends is called {of}."));
        }
        before.insert(&step.key);
    }
}

fn judge_entry(entry: &JourneyEntry, reentry: &JourneyReentry, found: &mut Findings) {
    let right = match entry.kind {
        EntryKind::ByHand => entry.segment_id.is_none() && entry.fact.is_none() && entry.form_id.is_none(),
        EntryKind::Segment => entry.segment_id.is_some() && entry.fact.is_none() && entry.form_id.is_none(),
        EntryKind::Fact => {
            let form = entry.form_id.is_none() || entry.fact == Some(JourneyFact::FormSubmitted);
            entry.segment_id.is_none() && entry.fact.is_some() && form
        }
    };
    if !right {
        found.add(
            WRONG_ENTRY,
            "/entry",
            "by_hand has nothing, segment has segment_id, fact has fact, and form_id with lead_form.submitted.",
        );
    }
    if (reentry.kind == ReentryKind::AfterDays) != reentry.days.is_some() {
        found.add(WRONG_REENTRY, "/reentry/days", "after_days needs days, the others have none.");
    }
    if entry.kind == EntryKind::Segment && reentry.kind == ReentryKind::Always {
        found.add(ENDLESS_REENTRY, "/reentry/kind", "Whoever stays in the segment would go round for ever.");
    }
}

impl Journey {
    /// A new draft. Fails with [`REFUSALS`].
    pub fn new(id: JourneyId, new: NewJourney, now: DateTime<Utc>) -> Result<Self> {
        let journey = Self {
            id,
            company_id: new.company_id,
            name: new.name,
            description: new.description,
            status: JourneyStatus::Draft,
            entry: new.entry,
            reentry: new.reentry,
            goal: new.goal,
            steps: new.steps,
            topic: new.topic,
            from_name: new.from_name,
            reply_to: new.reply_to,
            quiet_hours: new.quiet_hours,
            frequency_cap: new.frequency_cap,
            published_version: None,
            published_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        journey.tidied()
    }
    fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        self.name = self.name.trim().to_string();
        judge_entry(&self.entry, &self.reentry, &mut found);
        if let Some(goal) = &self.goal
            && goal.segment_id.is_some() == goal.fact.is_some()
        {
            found.add(WRONG_GOAL, "/goal", "Name either a segment or a fact.");
        }
        judge_steps(&self.steps, &mut found);
        if let Some(quiet) = &self.quiet_hours {
            found.take("/quiet_hours", quiet.check());
        }
        if let Some(address) = &self.reply_to {
            self.reply_to = found.take("/reply_to", emails::normalise(address));
        }
        found.done()?;
        Ok(self)
    }
    fn refuse(&self) -> Problem {
        problems::invalid_state.with(format!("The journey is {}.", self.status)).in_state(self.status, &actions(self.status))
    }
    fn must_be(&self, allowed: &[JourneyStatus]) -> Result<()> {
        if allowed.contains(&self.status) { Ok(()) } else { Err(self.refuse()) }
    }
    /// Refuses one that people cannot enter.
    pub fn must_be_published(&self) -> Result<()> {
        match self.status {
            JourneyStatus::Published => Ok(()),
            _ => Err(NOT_PUBLISHED.with(format!("The journey is {}.", self.status)).in_state(self.status, &actions(self.status))),
        }
    }
    /// Refuses one that was ever published.
    pub fn must_be_unpublished(&self) -> Result<()> {
        match self.published_version {
            None => Ok(()),
            Some(n) => Err(NOT_A_DRAFT.with(format!("Version {n} of it is published; archive it instead."))),
        }
    }
    /// With these changes, which nobody sees before the next publication.
    pub fn change(mut self, patch: JourneyPatch, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[JourneyStatus::Draft, JourneyStatus::Published, JourneyStatus::Paused])?;
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    /// Published: the journey, and the version that people enter from now on. A paused one stays paused.
    pub fn publish(mut self, id: JourneyVersionId, messages: Vec<JourneyMessage>, now: DateTime<Utc>) -> Result<(Self, JourneyVersion)> {
        self.must_be(&[JourneyStatus::Draft, JourneyStatus::Published, JourneyStatus::Paused])?;
        let number = self.published_version.unwrap_or_default() + 1;
        if self.status == JourneyStatus::Draft {
            self.status = JourneyStatus::Published;
        }
        (self.published_version, self.published_at, self.updated_at) = (Some(number), Some(now), now);
        let version = JourneyVersion {
            id,
            journey_id: self.id,
            company_id: self.company_id,
            number,
            entry: self.entry.clone(),
            reentry: self.reentry,
            goal: self.goal.clone(),
            steps: self.steps.clone(),
            topic: self.topic.clone(),
            messages,
            published_at: now,
        };
        Ok((self, version))
    }
    pub fn pause(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[JourneyStatus::Published])?;
        (self.status, self.updated_at) = (JourneyStatus::Paused, now);
        Ok(self)
    }
    pub fn resume(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[JourneyStatus::Paused])?;
        (self.status, self.updated_at) = (JourneyStatus::Published, now);
        Ok(self)
    }
    pub fn archive(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[JourneyStatus::Draft, JourneyStatus::Published, JourneyStatus::Paused])?;
        (self.status, self.updated_at) = (JourneyStatus::Archived, now);
        Ok(self)
    }
    /// The steps that send, with their templates.
    pub fn sends(&self) -> Vec<(String, TemplateId)> {
        self.steps.iter().filter_map(|s| Some((s.key.clone(), s.template_id?))).collect()
    }
    /// The campaign that sends the message of a step: its readers come one by one, and it has no end of its own.
    pub fn campaign(&self, step: &str, template: TemplateId, ids: (CampaignId, CampaignVariantId), now: DateTime<Utc>) -> Campaign {
        let (id, variant) = ids;
        let number = self.published_version.unwrap_or_default() + 1;
        let variant = CampaignVariant {
            id: variant,
            campaign_id: id,
            position: 1,
            name: "a".into(),
            template_id: template,
            template_revision: None,
            share_percent: 100,
        };
        let paused = self.status == JourneyStatus::Paused;
        Campaign {
            id,
            company_id: self.company_id,
            name: format!("{}: {step} ({number})", self.name).chars().take(200).collect(),
            status: if paused { CampaignStatus::Paused } else { CampaignStatus::Running },
            segment_id: None,
            journey_id: Some(self.id),
            topic: self.topic.clone(),
            from_name: self.from_name.clone(),
            reply_to: self.reply_to.clone(),
            variables: Default::default(),
            quiet_hours: self.quiet_hours.clone(),
            frequency_cap: self.frequency_cap,
            variants: vec![variant],
            scheduled_at: None,
            launched_at: Some(now),
            audience_at: Some(now),
            audience_count: None,
            ready_at: Some(now),
            completed_at: None,
            cancelled_at: None,
            job_id: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

impl JourneyVersion {
    /// The campaign of a step that sends.
    pub fn campaign_of(&self, step: &str) -> Option<CampaignId> {
        self.messages.iter().find(|m| m.step == step).map(|m| m.campaign_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Code, Id};
    use serde_json::{Value, json};
    use uuid::Uuid;

    const SEGMENT: &str = "seg_00000000000000000000000001";
    const TEMPLATE: &str = "tpl_00000000000000000000000001";

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }
    fn made(more: Value) -> Result<Journey> {
        let mut body = json!({"company_id": "co_00000000000000000000000001", "name": "J", "steps": [{"key": "a", "kind": "exit"}]});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        Journey::new(Id::from_uuid(Uuid::from_u128(1)), serde_json::from_value(body).expect("a body"), at(0))
    }
    fn refused(more: Value) -> (Code, String) {
        let p = made(more).expect_err("refused");
        (p.code(), p.errors()[0].pointer.clone().unwrap_or_default())
    }

    #[test]
    fn steps_have_what_their_kind_needs_and_lead_forward() {
        let steps = |s: Value| json!({ "steps": s });
        let send = json!({"key": "mail", "kind": "send", "template_id": TEMPLATE});
        assert!(made(steps(json!([send, {"key": "w", "kind": "wait", "wait": {"minutes": 5}}, {"key": "b", "kind": "branch", "condition": {"opened": "mail"}, "then": "x"}, {"key": "x", "kind": "exit"}]))).is_ok());
        let cases = [
            (json!([send, send]), SAME_STEP, "/steps/1/key"),
            (json!([{"key": "a", "kind": "send"}]), WRONG_STEP, "/steps/0/template_id"),
            (json!([{"key": "a", "kind": "exit", "template_id": TEMPLATE}]), WRONG_STEP, "/steps/0/template_id"),
            (json!([{"key": "a", "kind": "exit", "next": "b"}, {"key": "b", "kind": "exit"}]), WRONG_STEP, "/steps/0/next"),
            (json!([{"key": "a", "kind": "wait", "wait": {}}]), WRONG_STEP, "/steps/0/wait"),
            (json!([{"key": "a", "kind": "wait", "wait": {"minutes": 1, "until": "2026-01-01T00:00:00Z"}}]), WRONG_STEP, "/steps/0/wait"),
            (json!([{"key": "a", "kind": "wait", "wait": {"working_minutes": 1}}]), WRONG_STEP, "/steps/0/wait"),
            (json!([{"key": "a", "kind": "tag"}]), WRONG_STEP, "/steps/0/add_tag"),
            (json!([{"key": "a", "kind": "activity"}]), WRONG_STEP, "/steps/0/subject"),
            (json!([{"key": "a", "kind": "branch", "condition": {}}]), WRONG_STEP, "/steps/0/condition"),
            (json!([{"key": "a", "kind": "tag", "add_tag": "x", "next": "a"}]), UNKNOWN_STEP, "/steps/0/next"),
            (json!([{"key": "a", "kind": "branch", "condition": {"opened": "mail"}}, send]), UNKNOWN_STEP, "/steps/0/condition/opened"),
        ];
        for (list, code, place) in cases {
            assert_eq!(refused(steps(list.clone())), (code, place.to_string()), "{list}");
        }
    }

    #[test]
    fn entry_goal_and_reentry_fit_together() {
        let cases = [
            (json!({"entry": {"kind": "segment"}}), WRONG_ENTRY),
            (json!({"entry": {"kind": "by_hand", "fact": "lead_created"}}), WRONG_ENTRY),
            (json!({"entry": {"kind": "fact"}}), WRONG_ENTRY),
            (json!({"entry": {"kind": "segment", "segment_id": SEGMENT}, "reentry": {"kind": "always"}}), ENDLESS_REENTRY),
            (json!({"reentry": {"kind": "after_days"}}), WRONG_REENTRY),
            (json!({"reentry": {"kind": "once", "days": 3}}), WRONG_REENTRY),
            (json!({"goal": {}}), WRONG_GOAL),
            (json!({"goal": {"segment_id": SEGMENT, "fact": "lead_created"}}), WRONG_GOAL),
        ];
        for (more, code) in cases {
            assert_eq!(refused(more.clone()).0, code, "{more}");
        }
        assert!(made(json!({"entry": {"kind": "segment", "segment_id": SEGMENT}, "reentry": {"kind": "after_days", "days": 30}})).is_ok());
    }

    #[test]
    fn each_state_allows_exactly_what_it_says() {
        type Step = fn(Journey) -> Result<Journey>;
        let steps: [(&str, Step); 4] = [
            ("publish", |j| j.publish(Id::from_uuid(Uuid::from_u128(2)), vec![], at(1)).map(|(j, _)| j)),
            ("pause", |j| j.pause(at(1))),
            ("resume", |j| j.resume(at(1))),
            ("archive", |j| j.archive(at(1))),
        ];
        for status in JourneyStatus::ALL {
            for (verb, step) in steps {
                let done = step(Journey { status: *status, ..made(json!({})).expect("valid") });
                assert_eq!(done.is_ok(), actions(*status).contains(&verb), "{verb} when {status}");
            }
        }
    }

    #[test]
    fn versions_are_numbered_and_keep_what_was_published() {
        let (published, first) =
            made(json!({})).expect("valid").publish(Id::from_uuid(Uuid::from_u128(2)), vec![], at(1)).expect("published");
        let patch = serde_json::from_value(json!({"steps": [{"key": "b", "kind": "exit"}]})).expect("a patch");
        let changed = published.change(patch, at(2)).expect("changed");
        let (_, second) = changed.publish(Id::from_uuid(Uuid::from_u128(3)), vec![], at(3)).expect("published");
        assert_eq!((first.number, &*first.steps[0].key, second.number, &*second.steps[0].key), (1, "a", 2, "b"));
    }

    #[test]
    fn a_wait_ends_after_a_time_at_a_moment_or_within_working_hours() {
        let wait = |v: Value| serde_json::from_value::<JourneyWait>(v).expect("a wait");
        assert_eq!(wait(json!({"minutes": 3})).until(at(0), None).expect("a time"), at(180));
        assert_eq!(wait(json!({"until": "1970-01-01T00:01:00Z"})).until(at(0), None).expect("a time"), at(60));
        let always = Hours::around_the_clock();
        let calendar = json!({"working_minutes": 2, "calendar_id": "cal_00000000000000000000000001"});
        assert_eq!(wait(calendar).until(at(0), Some(&always)).expect("a time"), at(120));
    }
}
