//! What may happen to a lead: changes, assignment, qualification, giving up, reopening, conversion. Whom a lead is a
//! duplicate of is not decided here, and nothing is created here but the lead.

use chrono::{DateTime, Utc};

use super::touches::TouchSummary;
use super::*;
use crate::crm::campaign_names;
use crate::directory::{addresses, emails, phones};
use crate::ids::{AssignmentRuleId, ContactId, LeadId, OpportunityId, PartyId, UserId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Code, Findings, Rate, Result, problems};

/// What the rules of a lead's data can answer.
pub const REFUSALS: &[Code] = &[NAMELESS, emails::INVALID_EMAIL, phones::INVALID_PHONE, addresses::UNKNOWN_COUNTRY];

impl LeadStatus {
    /// Actions that the current status allows.
    pub fn actions(self) -> Vec<&'static str> {
        match self {
            Self::New | Self::Working => vec!["assign", "qualify", "disqualify", "erase"],
            Self::Qualified => vec!["assign", "convert", "disqualify", "erase"],
            Self::Converted => vec!["convert", "erase"],
            Self::Disqualified => vec!["reopen", "erase"],
        }
    }
}

/// Mail services where anybody has an address: their domain says nothing about who belongs together.
const PUBLIC_MAIL: [&str; 40] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.fr",
    "live.com",
    "msn.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.fr",
    "yahoo.de",
    "ymail.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "web.de",
    "t-online.de",
    "freenet.de",
    "posteo.de",
    "mailbox.org",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "tutanota.com",
    "zoho.com",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "yandex.com",
    "orange.fr",
    "free.fr",
    "libero.it",
    "qq.com",
];

/// What a conversion created or found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Converted {
    pub party: PartyId,
    pub origin: PartyOrigin,
    pub contact: Option<ContactId>,
    pub opportunity: Option<OpportunityId>,
}

impl Lead {
    /// A new lead with its data in normal form. Fails with [`REFUSALS`].
    pub fn new(id: LeadId, new: NewLead, now: DateTime<Utc>) -> Result<Self> {
        let lead = Self {
            id,
            company_id: new.company_id,
            status: LeadStatus::New,
            name: String::new(),
            first_name: new.first_name,
            last_name: new.last_name,
            job_title: new.job_title,
            organisation_name: new.organisation_name,
            tax_id: new.tax_id,
            email: new.email,
            phone: new.phone,
            phone_normalised: None,
            website: new.website,
            address: new.address,
            external_id: new.external_id,
            source: new.source,
            utm: new.utm,
            campaign: new.campaign,
            first_touch: None,
            last_touch: None,
            description: new.description,
            owner_id: new.owner_id,
            assigned_at: new.owner_id.map(|_| now),
            assignment_rule_id: None,
            score: None,
            grade: None,
            scored_at: None,
            scoring_model_version: None,
            grade_changes: 0,
            first_response_at: None,
            qualified_at: None,
            disqualified_at: None,
            disqualification_reason: None,
            converted_at: None,
            converted_party_id: None,
            converted_party_origin: None,
            converted_contact_id: None,
            converted_opportunity_id: None,
            erasure_job_id: None,
            metadata: new.metadata,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        lead.tidied()
    }
    /// Refuses a converted lead.
    pub fn must_be_changeable(&self) -> Result<()> {
        match self.status {
            LeadStatus::Converted => {
                Err(CONVERTED.with("It is converted; change the party or the opportunity.").in_state(self.status, &self.status.actions()))
            }
            _ => Ok(()),
        }
    }
    /// The lead with these changes.
    pub fn change(mut self, patch: LeadPatch, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_changeable()?;
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    /// Whether it can get an owner now.
    pub fn must_be_assignable(&self) -> Result<()> {
        self.in_one_of(&[LeadStatus::New, LeadStatus::Working, LeadStatus::Qualified])
    }
    /// Somebody is to work on it: a new lead is being worked on from then on. `rule` names the rule that chose the owner.
    pub fn assign(mut self, owner: UserId, rule: Option<AssignmentRuleId>, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_assignable()?;
        if self.status == LeadStatus::New {
            self.status = LeadStatus::Working;
        }
        Ok(self.given_to(owner, rule, now))
    }
    /// It gets an owner as it comes in; nobody has taken it up yet.
    pub fn given_to(mut self, owner: UserId, rule: Option<AssignmentRuleId>, now: DateTime<Utc>) -> Self {
        self.owner_id = Some(owner);
        self.assignment_rule_id = rule;
        self.assigned_at = Some(now);
        self.updated_at = now;
        self
    }
    /// Somebody got in touch with it. The earliest time counts; a time before the lead existed does not.
    pub fn responded(mut self, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        let earlier = at >= self.created_at && self.first_response_at.is_none_or(|known| at < known);
        if !earlier || self.status == LeadStatus::Converted {
            return None;
        }
        self.first_response_at = Some(at);
        self.updated_at = now;
        Some(self)
    }
    /// What its touches say: the earliest and the latest by the time of the event. The campaign is that of the first
    /// touch that came from one, unless it is known already.
    pub fn touched_by(mut self, first: TouchSummary, last: TouchSummary, now: DateTime<Utc>) -> Self {
        let told = [&self.first_touch, &self.last_touch].into_iter().flatten().any(|t| t.campaign == self.campaign);
        if told || self.campaign.is_none() {
            self.campaign = first.campaign.clone().or_else(|| last.campaign.clone()).or(self.campaign);
        }
        self.first_touch = Some(first);
        self.last_touch = Some(last);
        self.updated_at = now;
        self
    }
    /// The score as it is now. Tells whether the grade is another one.
    pub fn scored(mut self, score: Rate, grade: Option<String>, model_version: i64, now: DateTime<Utc>) -> (Self, bool) {
        let crossed = self.grade != grade;
        self.score = Some(score);
        self.grade_changes += i64::from(crossed);
        self.grade = grade;
        self.scored_at = Some(now);
        self.scoring_model_version = Some(model_version);
        (self, crossed)
    }
    /// It is worth a deal.
    pub fn qualify(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[LeadStatus::New, LeadStatus::Working])?;
        self.status = LeadStatus::Qualified;
        self.qualified_at = Some(now);
        Ok(self.touched(now))
    }
    /// It is given up. The reason is required.
    pub fn disqualify(mut self, why: &DisqualifyLead, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[LeadStatus::New, LeadStatus::Working, LeadStatus::Qualified])?;
        self.disqualification_reason = Some(filled(&why.reason, "/reason")?);
        self.status = LeadStatus::Disqualified;
        self.disqualified_at = Some(now);
        Ok(self.touched(now))
    }
    /// It is taken up again.
    pub fn reopen(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[LeadStatus::Disqualified])?;
        self.status = LeadStatus::Working;
        self.disqualified_at = None;
        self.disqualification_reason = None;
        self.updated_at = now;
        Ok(self)
    }
    /// Whether it can be converted now; a converted lead cannot, but its conversion can be asked for again.
    pub fn must_be_convertible(&self) -> Result<()> {
        self.in_one_of(&[LeadStatus::Qualified])
    }
    /// It became a party, and perhaps an opportunity; nothing changes it after that.
    pub fn convert(mut self, became: Converted, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_convertible()?;
        self.status = LeadStatus::Converted;
        self.converted_at = Some(now);
        self.converted_party_id = Some(became.party);
        self.converted_party_origin = Some(became.origin);
        self.converted_contact_id = became.contact;
        self.converted_opportunity_id = became.opportunity;
        self.updated_at = now;
        Ok(self)
    }
    /// What it became, once it is converted.
    pub fn conversion(&self) -> Option<LeadConversion> {
        Some(LeadConversion {
            party_id: self.converted_party_id?,
            party_origin: self.converted_party_origin?,
            contact_id: self.converted_contact_id,
            opportunity_id: self.converted_opportunity_id,
            lead: self.clone(),
        })
    }
    /// Whether it names a person.
    pub fn is_person(&self) -> bool {
        self.last_name.is_some() || self.first_name.is_some()
    }
    /// What to call the person: the family name, or else the given name.
    pub fn person_names(&self) -> Option<(Option<String>, String)> {
        match (&self.first_name, &self.last_name) {
            (first, Some(last)) => Some((first.clone(), last.clone())),
            (Some(first), None) => Some((None, first.clone())),
            (None, None) => None,
        }
    }
    /// The domain that its organisation seems to own: that of the e-mail address, unless a public mail service has it.
    pub fn own_domain(&self) -> Option<String> {
        let (_, domain) = self.email.as_deref()?.rsplit_once('@')?;
        let domain = domain.to_lowercase();
        (!PUBLIC_MAIL.contains(&&*domain)).then_some(domain)
    }
    fn in_one_of(&self, states: &[LeadStatus]) -> Result<()> {
        self.must_be_changeable()?;
        match states.contains(&self.status) {
            true => Ok(()),
            false => {
                Err(problems::invalid_state.with(format!("The lead is {}.", self.status)).in_state(self.status, &self.status.actions()))
            }
        }
    }
    fn touched(mut self, now: DateTime<Utc>) -> Self {
        self.first_response_at = self.first_response_at.or(Some(now));
        self.updated_at = now;
        self
    }
    /// Brings the data into normal form and refuses what is wrong, all at once.
    fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        for text in [
            &mut self.first_name,
            &mut self.last_name,
            &mut self.job_title,
            &mut self.organisation_name,
            &mut self.tax_id,
            &mut self.email,
            &mut self.phone,
            &mut self.source,
            &mut self.campaign,
            &mut self.description,
        ] {
            *text = trimmed(text.take());
        }
        self.campaign = self.campaign.as_deref().map(campaign_names::normal);
        let has_email = self.email.is_some();
        if let Some(email) = &self.email {
            self.email = found.take("/email", emails::normalise(email));
        }
        self.phone_normalised = match &self.phone {
            Some(phone) => found.take("/phone", phones::normalise_in(phone, self.address.as_ref().map(|a| &*a.country))),
            None => None,
        };
        if let Some(address) = &self.address {
            found.take("/address", address.check());
        }
        let person = [self.first_name.as_deref(), self.last_name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let parts = [Some(person.as_str()).filter(|p| !p.is_empty()), self.organisation_name.as_deref()];
        self.name = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if self.name.is_empty() {
            self.name = self.email.clone().unwrap_or_default();
        }
        // an address that is wrong is refused as such
        if self.name.is_empty() && !has_email {
            found.add(NAMELESS, "/last_name", "Give a last name, an organisation or an e-mail address.");
        }
        found.done()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
