//! Capture forms: which fields a visitor fills in and what they mean, the wording that is consented to, and the guard
//! against machines. What is sent to a form is in [`super::lead_form_submissions`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::crm::leads::{LeadAddress, NewLead};
use crate::ids::{CompanyId, LeadFormId, LeadFormWordingId, UserId};
use crate::kernel::text::{filled, is_one_line, trimmed};
use crate::kernel::{Code, Findings, Problem, Result, problems};

crate::words! {
    /// What the content of a field becomes.
    pub enum FormTarget {
        /// Given name.
        FirstName = "first_name",
        /// Family name.
        LastName = "last_name",
        /// Job title.
        JobTitle = "job_title",
        /// Organisation.
        OrganisationName = "organisation_name",
        /// Tax number.
        TaxId = "tax_id",
        /// E-mail address.
        Email = "email",
        /// Phone number.
        Phone = "phone",
        /// Web site.
        Website = "website",
        /// Two-letter code of the country.
        Country = "country",
        /// Postal code.
        PostalCode = "postal_code",
        /// What the visitor wants to say.
        Description = "description",
        /// Kept with the submission and in the metadata of the lead.
        Metadata = "metadata",
    }
    /// How messages that are consented to are sent.
    pub enum ConsentChannel {
        /// By e-mail.
        Email = "email",
        /// By phone.
        Phone = "phone",
        /// By short message.
        Sms = "sms",
        /// By letter.
        Post = "post",
    }
}

/// A name or a target is there twice; only metadata takes several fields.
pub const FIELD_TWICE: Code = Code::invalid("lead_form.field_twice", "A field of the form is there twice.");
/// A submission without any of e-mail address, last name and organisation makes no lead.
pub const NO_IDENTITY: Code =
    Code::invalid("lead_form.no_identity", "The form needs a required field for the e-mail address, the last name or the organisation.");
/// The field that traps machines has the name of a real field.
pub const WRONG_HONEYPOT: Code = Code::invalid("lead_form.wrong_honeypot", "The field that traps machines has the name of a real field.");
/// Topics or channels of a consent without the words that are consented to, or words without them.
pub const WRONG_CONSENT: Code = Code::invalid("lead_form.wrong_consent", "A consent needs its wording, a topic and a channel.");

/// A field that visitors fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// Its name in submissions.
    #[schema(min_length = 1, max_length = 50, pattern = "^[A-Za-z0-9_.-]+$", example = "email")]
    pub name: String,
    /// What it becomes.
    pub target: FormTarget,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
}

/// What visitors consent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormConsent {
    /// The exact words beside the box that is ticked.
    #[schema(min_length = 1, max_length = 5000, example = "Send me the newsletter by e-mail. I can revoke this at any time.")]
    pub text: String,
    /// What the messages are about.
    #[schema(min_length = 1, max_length = 100, example = "newsletter")]
    pub topic: String,
    /// How they are sent.
    pub channel: ConsentChannel,
    /// Whether a message asks at the e-mail address first: until its link is followed there is no consent.
    #[serde(default)]
    pub double_opt_in: bool,
    /// The page of the company that this message leads to; a plain page of this server when left out.
    #[serde(default)]
    #[schema(max_length = 500, pattern = "^https?://[!-~]{1,490}$", example = "https://shop.example/confirm")]
    pub confirm_url: Option<String>,
}

impl FormConsent {
    /// Whether the visitor reads the same words.
    fn reads_like(&self, other: &FormConsent) -> bool {
        (&self.text, &self.topic, self.channel) == (&other.text, &other.topic, other.channel)
    }
}

/// A form that takes leads from the web.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeadForm {
    /// The id.
    pub id: LeadFormId,
    /// The company that gets the leads.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 100, example = "Contact us")]
    pub name: String,
    /// The public key of the form. It lets anybody send and nobody read.
    #[schema(max_length = 100, example = "f_3kq8z1m5x7c9v2b4n6a8s0d1")]
    pub key: String,
    /// Whether it takes submissions.
    pub is_active: bool,
    /// What visitors fill in.
    #[schema(max_items = 50)]
    pub fields: Vec<FormField>,
    /// What visitors consent to; null when they are not asked.
    #[schema(required)]
    pub consent: Option<FormConsent>,
    /// The number of the present wording, from 1; null when there never was one.
    #[schema(required, minimum = 1, maximum = 1000000)]
    pub consent_version: Option<i32>,
    /// A field that people do not see: whoever fills it in is a machine.
    #[schema(required, max_length = 50)]
    pub honeypot_field: Option<String>,
    /// Whoever sends sooner than this after the form was shown is a machine.
    #[schema(minimum = 0, maximum = 3600)]
    pub min_seconds: i32,
    /// Submissions in a minute at most.
    #[schema(minimum = 1, maximum = 10000)]
    pub max_per_minute: i32,
    /// Submissions in a minute from one address at most.
    #[schema(minimum = 1, maximum = 10000)]
    pub max_per_minute_of_address: i32,
    /// How leads of this form came to us.
    #[schema(required, max_length = 100, example = "web form")]
    pub source: Option<String>,
    /// Whether assignment rules choose the owner.
    pub use_assignment_rules: bool,
    /// Who gets the leads that no rule gives to anybody.
    #[schema(required)]
    pub default_owner_id: Option<UserId>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { LeadForm, LeadFormId, "lead_form", company: |f| Some(f.company_id) }

/// A wording that visitors consented to. Kept word by word and never changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeadFormWording {
    /// The id.
    pub id: LeadFormWordingId,
    /// The form.
    pub form_id: LeadFormId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its number in the form, from 1.
    #[schema(minimum = 1, maximum = 1000000)]
    pub consent_version: i32,
    /// The exact words.
    #[schema(max_length = 5000)]
    pub text: String,
    /// What the messages are about.
    #[schema(max_length = 100)]
    pub topic: String,
    /// How they are sent.
    pub channel: ConsentChannel,
    /// Since when the form shows it.
    pub created_at: DateTime<Utc>,
}

crate::entity! { unchanging LeadFormWording, LeadFormWordingId, "lead_form_wording", company: |o| Some(o.company_id) }

/// A capture form to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLeadForm {
    /// The company that gets the leads.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Contact us")]
    pub name: String,
    /// Whether it takes submissions; true when left out.
    #[serde(default = "crate::kernel::yes")]
    pub is_active: bool,
    /// What visitors fill in.
    #[schema(min_items = 1, max_items = 50, example = json!([{"name": "email", "target": "email", "required": true}]))]
    pub fields: Vec<FormField>,
    /// What visitors consent to.
    #[serde(default)]
    pub consent: Option<FormConsent>,
    /// A field that people do not see.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 50, pattern = "^[A-Za-z0-9_.-]+$")]
    pub honeypot_field: Option<String>,
    /// Whoever sends sooner than this after the form was shown is a machine; 0 when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3600)]
    pub min_seconds: i32,
    /// Submissions in a minute at most; 600 when left out.
    #[serde(default = "many")]
    #[schema(minimum = 1, maximum = 10000)]
    pub max_per_minute: i32,
    /// Submissions in a minute from one address at most; 30 when left out.
    #[serde(default = "some")]
    #[schema(minimum = 1, maximum = 10000)]
    pub max_per_minute_of_address: i32,
    /// How leads of this form came to us; `web form` when left out.
    #[serde(default = "web_form")]
    #[schema(max_length = 100, example = "web form")]
    pub source: Option<String>,
    /// Whether assignment rules choose the owner; true when left out.
    #[serde(default = "crate::kernel::yes")]
    pub use_assignment_rules: bool,
    /// Who gets the leads that no rule gives to anybody.
    #[serde(default)]
    pub default_owner_id: Option<UserId>,
}

crate::patch! {
    /// Changes to a capture form. Another wording gets the next number; earlier ones are kept.
    pub struct LeadFormPatch for LeadForm {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// Whether it takes submissions.
        set is_active: bool,
        /// What visitors fill in; replaced whole.
        set fields: Vec<FormField> [min_items = 1, max_items = 50],
        /// What visitors consent to; replaced whole.
        clear consent: FormConsent,
        /// A field that people do not see.
        clear honeypot_field: String [min_length = 1, max_length = 50, pattern = "^[A-Za-z0-9_.-]+$"],
        /// Whoever sends sooner than this is a machine.
        set min_seconds: i32 [minimum = 0, maximum = 3600],
        /// Submissions in a minute at most.
        set max_per_minute: i32 [minimum = 1, maximum = 10000],
        /// Submissions in a minute from one address at most.
        set max_per_minute_of_address: i32 [minimum = 1, maximum = 10000],
        /// How leads of this form came to us.
        clear source: String [max_length = 100],
        /// Whether assignment rules choose the owner.
        set use_assignment_rules: bool,
        /// Who gets the leads that no rule gives to anybody.
        clear default_owner_id: UserId,
    }
}

/// What the rules of a form can answer.
pub const REFUSALS: &[Code] = &[FIELD_TWICE, NO_IDENTITY, WRONG_HONEYPOT, WRONG_CONSENT];

fn many() -> i32 {
    600
}

fn some() -> i32 {
    30
}

fn web_form() -> Option<String> {
    Some("web form".into())
}

impl LeadForm {
    /// A new form under a key that nobody can guess. Fails with [`REFUSALS`].
    pub fn new(id: LeadFormId, key: String, new: NewLeadForm, now: DateTime<Utc>) -> Result<Self> {
        let form = Self {
            id,
            company_id: new.company_id,
            name: new.name,
            key,
            is_active: new.is_active,
            fields: new.fields,
            consent_version: new.consent.as_ref().map(|_| 1),
            consent: new.consent,
            honeypot_field: new.honeypot_field,
            min_seconds: new.min_seconds,
            max_per_minute: new.max_per_minute,
            max_per_minute_of_address: new.max_per_minute_of_address,
            source: trimmed(new.source),
            use_assignment_rules: new.use_assignment_rules,
            default_owner_id: new.default_owner_id,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        form.checked()
    }
    /// The form with these changes. Another wording gets the next number.
    pub fn change(mut self, patch: LeadFormPatch, now: DateTime<Utc>) -> Result<Self> {
        let before = self.consent.clone();
        patch.apply(&mut self);
        if let Some(consent) = &self.consent
            && !before.is_some_and(|b| b.reads_like(consent))
        {
            self.consent_version = Some(self.consent_version.unwrap_or_default() + 1);
        }
        self.source = trimmed(self.source);
        self.updated_at = now;
        self.checked()
    }
    /// The wording that the form shows now; `id` is what it is kept under.
    pub fn wording(&self, id: LeadFormWordingId, now: DateTime<Utc>) -> Option<LeadFormWording> {
        let (consent, consent_version) = self.consent.clone().zip(self.consent_version)?;
        let FormConsent { text, topic, channel, .. } = consent;
        Some(LeadFormWording { id, form_id: self.id, company_id: self.company_id, consent_version, text, topic, channel, created_at: now })
    }
    fn checked(mut self) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(name) = found.take("/name", filled(&self.name, "")) {
            self.name = name;
        }
        for (i, field) in self.fields.iter().enumerate() {
            let before = &self.fields[..i];
            if before.iter().any(|f| f.name == field.name) {
                found.add(FIELD_TWICE, format!("/fields/{i}/name"), "Another field has this name.");
            }
            if field.target != FormTarget::Metadata && before.iter().any(|f| f.target == field.target) {
                found.add(FIELD_TWICE, format!("/fields/{i}/target"), "Another field becomes the same.");
            }
        }
        let names = [FormTarget::Email, FormTarget::LastName, FormTarget::OrganisationName];
        if !self.fields.iter().any(|f| f.required && names.contains(&f.target)) {
            found.add(NO_IDENTITY, "/fields", "Require one of them.");
        }
        if self.honeypot_field.as_ref().is_some_and(|h| self.fields.iter().any(|f| f.name == *h)) {
            found.add(WRONG_HONEYPOT, "/honeypot_field", "Choose a name that no field has.");
        }
        if self.consent.as_ref().is_some_and(|c| c.text.trim().is_empty() || c.topic.trim().is_empty()) {
            found.add(WRONG_CONSENT, "/consent", "Neither wording nor topic may be blank.");
        }
        if self.consent.as_ref().is_some_and(|c| c.channel != ConsentChannel::Email && (c.double_opt_in || c.confirm_url.is_some())) {
            found.add(WRONG_CONSENT, "/consent/double_opt_in", "A confirmation goes by e-mail.");
        }
        found.done()?;
        Ok(self)
    }
    /// The lead that these values describe. Names what is missing, unknown or empty, all at once.
    pub fn lead_of(&self, values: &BTreeMap<String, String>) -> Result<NewLead> {
        let mut found = Findings::default();
        for name in values.keys().filter(|n| !self.knows(n)) {
            found.add(problems::unknown_field, format!("/fields/{}", escape(name)), "The form has no such field.");
        }
        let mut lead: NewLead = serde_json::from_value(serde_json::json!({ "company_id": self.company_id, "source": self.source }))
            .map_err(|e| problems::internal.with(e.to_string()))?;
        let (mut country, mut postal_code) = (None, None);
        for field in &self.fields {
            let value = trimmed(values.get(&field.name).cloned());
            let Some(value) = value else {
                if field.required {
                    found.add(problems::invalid_body, format!("/fields/{}", escape(&field.name)), "It must be filled in.");
                }
                continue;
            };
            let longest = field.target.longest();
            if value.chars().count() > longest {
                let message = format!("It may have {longest} characters.");
                found.add(problems::invalid_body, format!("/fields/{}", escape(&field.name)), message);
                continue;
            }
            if !matches!(field.target, FormTarget::Description | FormTarget::Metadata) && !is_one_line(&value) {
                let message = "It is one line: it has no line breaks and no control characters.";
                found.add(problems::invalid_body, format!("/fields/{}", escape(&field.name)), message);
                continue;
            }
            match field.target {
                FormTarget::FirstName => lead.first_name = Some(value),
                FormTarget::LastName => lead.last_name = Some(value),
                FormTarget::JobTitle => lead.job_title = Some(value),
                FormTarget::OrganisationName => lead.organisation_name = Some(value),
                FormTarget::TaxId => lead.tax_id = Some(value),
                FormTarget::Email => lead.email = Some(value),
                FormTarget::Phone => lead.phone = Some(value),
                FormTarget::Website => lead.website = Some(value),
                FormTarget::Country => country = Some(value.to_uppercase()),
                FormTarget::PostalCode => postal_code = Some(value),
                FormTarget::Description => lead.description = Some(value),
                FormTarget::Metadata => drop(lead.metadata.insert(field.name.clone(), value)),
            }
        }
        lead.address = country.map(|country| LeadAddress { line1: None, line2: None, city: None, region: None, postal_code, country });
        found.done()?;
        Ok(lead)
    }
    /// What was filled in as the e-mail address, whatever it is.
    pub fn email_in(&self, values: &BTreeMap<String, String>) -> Option<String> {
        let field = self.fields.iter().find(|f| f.target == FormTarget::Email)?;
        trimmed(values.get(&field.name).cloned()).map(|v| v.chars().take(254).collect())
    }
    /// A refusal of the lead that names the fields of this form instead of those of the lead.
    pub fn in_own_fields(&self, problem: Problem) -> Problem {
        let field = |pointer: &str| {
            let targets: &[FormTarget] = match pointer {
                "/first_name" => &[FormTarget::FirstName],
                "/last_name" => &[FormTarget::LastName, FormTarget::OrganisationName, FormTarget::Email],
                "/job_title" => &[FormTarget::JobTitle],
                "/organisation_name" => &[FormTarget::OrganisationName],
                "/tax_id" => &[FormTarget::TaxId],
                "/email" => &[FormTarget::Email],
                "/phone" => &[FormTarget::Phone],
                "/website" => &[FormTarget::Website],
                "/address/country" => &[FormTarget::Country],
                "/address/postal_code" => &[FormTarget::PostalCode],
                "/description" => &[FormTarget::Description],
                _ => &[],
            };
            targets.iter().find_map(|t| self.fields.iter().find(|f| f.target == *t)).map(|f| format!("/fields/{}", escape(&f.name)))
        };
        problem.places(|pointer| field(pointer).unwrap_or_else(|| "/fields".into()))
    }
    fn knows(&self, name: &str) -> bool {
        self.fields.iter().any(|f| f.name == name) || self.honeypot_field.as_deref() == Some(name)
    }
}

impl FormTarget {
    /// Characters that it takes.
    fn longest(self) -> usize {
        match self {
            Self::FirstName | Self::LastName | Self::JobTitle => 100,
            Self::OrganisationName => 200,
            Self::TaxId | Self::PostalCode => 20,
            Self::Email => 254,
            Self::Phone => 40,
            Self::Website => 300,
            Self::Country => 2,
            Self::Description => 5000,
            Self::Metadata => 500,
        }
    }
}

/// A name as a part of a JSON Pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::{Value, json};

    fn build(more: Value) -> Result<LeadForm> {
        let mut body = json!({"company_id": "co_00000000000000000000000001", "name": "F", "fields": [
            {"name": "mail", "target": "email", "required": true}, {"name": "land", "target": "country"}, {"name": "size", "target": "metadata"}]});
        for (k, v) in more.as_object().expect("an object") {
            body[k] = v.clone();
        }
        LeadForm::new(Id::from_uuid(Default::default()), "f_key".into(), serde_json::from_value(body).expect("a body"), Default::default())
    }

    fn values(of: Value) -> BTreeMap<String, String> {
        serde_json::from_value(of).expect("texts")
    }

    #[test]
    fn a_form_that_cannot_work_is_refused() {
        for (more, code) in [
            (json!({"fields": [{"name": "a", "target": "email", "required": true}, {"name": "a", "target": "phone"}]}), FIELD_TWICE),
            (json!({"fields": [{"name": "a", "target": "email", "required": true}, {"name": "b", "target": "email"}]}), FIELD_TWICE),
            (json!({"fields": [{"name": "a", "target": "email"}]}), NO_IDENTITY),
            (json!({"honeypot_field": "mail"}), WRONG_HONEYPOT),
            (json!({"consent": {"text": " ", "topic": "news", "channel": "email"}}), WRONG_CONSENT),
        ] {
            assert_eq!(build(more.clone()).expect_err("refused").code(), code, "{more}");
        }
    }

    #[test]
    fn another_wording_gets_the_next_number() {
        let consent = |text: &str| json!({"text": text, "topic": "news", "channel": "email"});
        let form = build(json!({"consent": consent("one")})).expect("a form");
        assert_eq!(form.consent_version, Some(1));
        let change = |form: LeadForm, patch: Value| {
            form.change(serde_json::from_value(patch).expect("a patch"), Default::default()).expect("changed")
        };
        let form = change(form, json!({"consent": consent("one"), "name": "G"}));
        assert_eq!(form.consent_version, Some(1), "the same words");
        let form = change(form, json!({"consent": consent("two")}));
        assert_eq!(
            form.wording(Id::from_uuid(Default::default()), Default::default()).map(|w| (w.consent_version, w.text)),
            Some((2, "two".into()))
        );
        let form = change(form, json!({"consent": null}));
        assert!(form.wording(Id::from_uuid(Default::default()), Default::default()).is_none());
        assert_eq!(change(form, json!({"consent": consent("one")})).consent_version, Some(3), "numbers are not used again");
    }

    #[test]
    fn values_become_a_lead_or_are_named_all_at_once() {
        let form = build(json!({"honeypot_field": "fax"})).expect("a form");
        let lead = form.lead_of(&values(json!({"mail": " ann@example.org ", "land": "de", "size": "10", "fax": ""}))).expect("a lead");
        assert_eq!((lead.email.as_deref(), lead.address.map(|a| a.country)), (Some("ann@example.org"), Some("DE".into())));
        assert_eq!((lead.metadata["size"].as_str(), lead.source.as_deref()), ("10", Some("web form")));
        let problem = form.lead_of(&values(json!({"land": "Germany", "a/b": "x"}))).expect_err("wrong");
        let places: Vec<_> = problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect();
        assert_eq!(places, ["/fields/a~1b", "/fields/mail", "/fields/land"]);
    }
}
