//! What may happen to a campaign: changes, launch, pause and end.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::*;
use crate::directory::emails;
use crate::ids::{CampaignId, CampaignVariantId, JobId};
use crate::kernel::{Findings, Problem, Result, problems};
use crate::marketing::templates::Content;

/// The names that every message has; variables of a campaign cannot take them.
pub const RESERVED: [&str; 5] = ["recipient", "company", "campaign", "unsubscribe_url", "preferences_url"];

/// The verbs that a state allows.
pub fn actions(status: CampaignStatus) -> Vec<&'static str> {
    match status {
        CampaignStatus::Draft => vec!["schedule", "launch", "cancel"],
        CampaignStatus::Scheduled => vec!["unschedule", "launch", "cancel"],
        CampaignStatus::Running => vec!["pause", "complete", "cancel"],
        CampaignStatus::Paused => vec!["resume", "complete", "cancel"],
        CampaignStatus::Completed | CampaignStatus::Cancelled => vec![],
    }
}

impl Campaign {
    /// A new draft; `variant_id` makes ids. Fails with [`REFUSALS`].
    pub fn new(id: CampaignId, new: NewCampaign, mut variant_id: impl FnMut() -> CampaignVariantId, now: DateTime<Utc>) -> Result<Self> {
        let mut found = Findings::default();
        let mut names = BTreeSet::new();
        for (i, v) in new.variants.iter().enumerate() {
            if !names.insert(&v.name) {
                found.add(SAME_VARIANT, format!("/variants/{i}/name"), "Another variant has this name.");
            }
        }
        if new.variants.iter().map(|v| v.share_percent).sum::<i32>() != 100 {
            found.add(WRONG_SHARES, "/variants", "The shares must be 100 together.");
        }
        let of = |(i, v): (usize, NewCampaignVariant)| CampaignVariant {
            id: variant_id(),
            campaign_id: id,
            position: i as i32 + 1,
            name: v.name,
            template_id: v.template_id,
            template_revision: None,
            share_percent: v.share_percent,
        };
        let campaign = Self {
            id,
            company_id: new.company_id,
            name: new.name,
            status: CampaignStatus::Draft,
            segment_id: Some(new.segment_id),
            journey_id: None,
            topic: new.topic,
            from_name: new.from_name,
            reply_to: new.reply_to,
            variables: new.variables,
            quiet_hours: new.quiet_hours,
            frequency_cap: new.frequency_cap,
            variants: new.variants.into_iter().enumerate().map(of).collect(),
            scheduled_at: None,
            launched_at: None,
            audience_at: None,
            audience_count: None,
            ready_at: None,
            completed_at: None,
            cancelled_at: None,
            job_id: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        campaign.tidied(found)
    }
    fn tidied(mut self, mut found: Findings) -> Result<Self> {
        self.name = self.name.trim().to_string();
        if let Some(quiet) = &self.quiet_hours {
            found.take("/quiet_hours", quiet.check());
        }
        if let Some(address) = &self.reply_to {
            self.reply_to = found.take("/reply_to", emails::normalise(address));
        }
        for name in self.variables.keys().filter(|n| RESERVED.contains(&n.as_str())) {
            found.add(RESERVED_VALUE, format!("/variables/{name}"), "This name is given by the campaign itself.");
        }
        found.done()?;
        Ok(self)
    }
    fn refuse(&self, detail: &str) -> Problem {
        problems::invalid_state.with(detail.to_string()).in_state(self.status, &actions(self.status))
    }
    fn must_be(&self, allowed: &[CampaignStatus]) -> Result<()> {
        if allowed.contains(&self.status) { Ok(()) } else { Err(self.refuse(&format!("The campaign is {}.", self.status))) }
    }
    /// Refuses one that a journey leads.
    pub fn must_be_independent(&self) -> Result<()> {
        match self.journey_id {
            None => Ok(()),
            Some(id) => Err(OF_A_JOURNEY.with(format!("The journey is {id}."))),
        }
    }
    /// Refuses everything but a draft.
    pub fn must_be_draft(&self) -> Result<()> {
        match self.status {
            CampaignStatus::Draft => Ok(()),
            _ => Err(NOT_A_DRAFT.with(format!("The campaign is {}.", self.status)).in_state(self.status, &actions(self.status))),
        }
    }
    /// The draft with these changes.
    pub fn change(mut self, patch: CampaignPatch, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_draft()?;
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied(Findings::default())
    }
    /// To be launched at a moment.
    pub fn schedule(mut self, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[CampaignStatus::Draft])?;
        if at <= now {
            return Err(IN_THE_PAST.field("/scheduled_at", "It must be later than now."));
        }
        (self.status, self.scheduled_at, self.updated_at) = (CampaignStatus::Scheduled, Some(at), now);
        Ok(self)
    }
    /// A draft again.
    pub fn unschedule(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[CampaignStatus::Scheduled])?;
        (self.status, self.scheduled_at, self.updated_at) = (CampaignStatus::Draft, None, now);
        Ok(self)
    }
    /// Launched, with these revisions of its templates in the order of its variants, and the job that goes on from here.
    pub fn launch(mut self, revisions: &[i64], job: JobId, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[CampaignStatus::Draft, CampaignStatus::Scheduled])?;
        self = self.with_revisions(revisions);
        (self.status, self.launched_at, self.job_id, self.updated_at) = (CampaignStatus::Running, Some(now), Some(job), now);
        Ok(self)
    }
    /// With these revisions of its templates, in the order of its variants.
    pub fn with_revisions(mut self, revisions: &[i64]) -> Self {
        for (variant, revision) in self.variants.iter_mut().zip(revisions) {
            variant.template_revision = Some(*revision);
        }
        self
    }
    pub fn pause(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[CampaignStatus::Running])?;
        (self.status, self.updated_at) = (CampaignStatus::Paused, now);
        Ok(self)
    }
    pub fn resume(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[CampaignStatus::Paused])?;
        (self.status, self.updated_at) = (CampaignStatus::Running, now);
        Ok(self)
    }
    pub fn complete(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[CampaignStatus::Running, CampaignStatus::Paused])?;
        (self.status, self.completed_at, self.updated_at) = (CampaignStatus::Completed, Some(now), now);
        Ok(self)
    }
    pub fn cancel(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[CampaignStatus::Draft, CampaignStatus::Scheduled, CampaignStatus::Running, CampaignStatus::Paused])?;
        (self.status, self.cancelled_at, self.updated_at) = (CampaignStatus::Cancelled, Some(now), now);
        Ok(self)
    }
    /// Refuses a content that does not say how to stop it, in each of its bodies.
    pub fn must_let_go(content: &Content, at: &str) -> Result<()> {
        let says = |body: &Option<String>| body.as_deref().is_none_or(|b| b.contains("unsubscribe_url"));
        match says(&content.html) && says(&content.text) {
            true => Ok(()),
            false => Err(NO_UNSUBSCRIBE_LINK.field(at, "A body of the template lacks {{ unsubscribe_url }}.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use uuid::Uuid;

    fn id<I: Id>(n: u128) -> I {
        I::from_uuid(Uuid::from_u128(n))
    }
    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }
    fn variant(name: &str, share: i32) -> NewCampaignVariant {
        NewCampaignVariant { name: name.into(), template_id: id(5), share_percent: share }
    }
    fn new(variants: Vec<NewCampaignVariant>) -> NewCampaign {
        NewCampaign {
            company_id: id(1),
            name: "x".into(),
            segment_id: id(2),
            variants,
            topic: None,
            from_name: None,
            reply_to: None,
            variables: Default::default(),
            quiet_hours: None,
            frequency_cap: None,
        }
    }
    fn draft() -> Campaign {
        Campaign::new(id(3), new(vec![variant("a", 50), variant("b", 50)]), || id(9), at(0)).expect("valid")
    }

    #[test]
    fn variants_share_all_readers() {
        let code = |n: NewCampaign| Campaign::new(id(3), n, || id(9), at(0)).expect_err("refused").code();
        assert_eq!(code(new(vec![variant("a", 50), variant("b", 49)])), WRONG_SHARES);
        assert_eq!(code(new(vec![variant("a", 50), variant("a", 50)])), SAME_VARIANT);
        assert_eq!(
            code(NewCampaign { variables: [("company".into(), "x".into())].into(), ..new(vec![variant("a", 100)]) }),
            RESERVED_VALUE
        );
        assert_eq!(code(NewCampaign { reply_to: Some("x".into()), ..new(vec![variant("a", 100)]) }), emails::INVALID_EMAIL);
    }

    #[test]
    fn each_state_allows_exactly_what_it_says() {
        type Step = fn(Campaign) -> Result<Campaign>;
        let steps: [(&str, Step); 7] = [
            ("schedule", |c| c.schedule(at(9), at(1))),
            ("unschedule", |c| c.unschedule(at(1))),
            ("launch", |c| c.launch(&[1, 1], id(7), at(1))),
            ("pause", |c| c.pause(at(1))),
            ("resume", |c| c.resume(at(1))),
            ("complete", |c| c.complete(at(1))),
            ("cancel", |c| c.cancel(at(1))),
        ];
        for status in CampaignStatus::ALL {
            for (verb, step) in steps {
                let done = step(Campaign { status: *status, ..draft() });
                assert_eq!(done.is_ok(), actions(*status).contains(&verb), "{verb} when {status}");
            }
            let changed = Campaign { status: *status, ..draft() }.change(CampaignPatch::default(), at(1));
            assert_eq!(changed.is_ok(), *status == CampaignStatus::Draft);
        }
        assert_eq!(draft().schedule(at(1), at(1)).expect_err("now").code(), IN_THE_PAST);
    }

    #[test]
    fn a_message_says_how_to_stop_it() {
        let content = |html: &str| Content { subject: "s".into(), html: Some(html.into()), text: None };
        assert!(Campaign::must_let_go(&content("{{ unsubscribe_url }}"), "/").is_ok());
        assert_eq!(Campaign::must_let_go(&content("buy"), "/").expect_err("none").code(), NO_UNSUBSCRIBE_LINK);
    }
}
