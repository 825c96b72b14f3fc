//! What may happen to a lead: changes, assignment, qualification, giving up, reopening, conversion. Whom a lead is a
//! duplicate of is not decided here, and nothing is created here but the lead.

use chrono::{DateTime, Utc};

use super::leads::*;
use super::opportunities::OpportunityId;
use super::text::{filled, trimmed};
use crate::directory::contacts::ContactId;
use crate::directory::parties::PartyId;
use crate::directory::{addresses, emails, phones};
use crate::identity::users::UserId;
use crate::kernel::{Code, Findings, Result, problems};

/// What the rules of a lead's data can answer.
pub const REFUSALS: &[Code] = &[NAMELESS, emails::INVALID_EMAIL, phones::INVALID_PHONE, addresses::UNKNOWN_COUNTRY];

impl LeadStatus {
    /// The verbs that this state allows.
    pub fn actions(self) -> Vec<&'static str> {
        match self {
            Self::New | Self::Working => vec!["assign", "qualify", "disqualify"],
            Self::Qualified => vec!["assign", "convert", "disqualify"],
            Self::Converted => vec!["convert"],
            Self::Disqualified => vec!["reopen"],
        }
    }
}

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
            description: new.description,
            owner_id: new.owner_id,
            first_response_at: None,
            qualified_at: None,
            disqualified_at: None,
            disqualification_reason: None,
            converted_at: None,
            converted_party_id: None,
            converted_party_origin: None,
            converted_contact_id: None,
            converted_opportunity_id: None,
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
    /// Somebody takes it up: a new lead is being worked on from then on.
    pub fn assign(mut self, owner: UserId, now: DateTime<Utc>) -> Result<Self> {
        self.in_one_of(&[LeadStatus::New, LeadStatus::Working, LeadStatus::Qualified])?;
        self.owner_id = Some(owner);
        if self.status == LeadStatus::New {
            self.status = LeadStatus::Working;
        }
        Ok(self.touched(now))
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
            &mut self.description,
        ] {
            *text = trimmed(text.take());
        }
        if let Some(email) = &self.email {
            self.email = found.take("/email", emails::normalise(email));
        }
        self.phone_normalised = match &self.phone {
            Some(phone) => found.take("/phone", phones::normalise(phone)),
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
        if self.name.is_empty() {
            found.add(NAMELESS, "/last_name", "Give a last name, an organisation or an e-mail address.");
        }
        found.done()?;
        Ok(self)
    }
}

#[cfg(test)]
#[path = "lead_tests.rs"]
mod tests;
