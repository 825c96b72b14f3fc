//! Conditions on leads: an attribute, a comparison and the values it compares with. Typed data and no code, so that
//! rules of assignment and of scoring can be written by anybody and judged without surprise.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Lead;
use crate::crm::campaign_names;
use crate::directory::search::normalise;
use crate::kernel::{Code, Findings, Result};

/// A condition contradicts itself.
pub const INVALID_CONDITION: Code = Code::invalid("lead_condition.invalid", "The condition cannot be judged.");

crate::string_enum! {
    /// What a condition looks at.
    pub enum LeadAttribute {
        /// How the lead came to us.
        Source = "source",
        /// The campaign it came from.
        Campaign = "campaign",
        /// Two-letter code of the country of its address.
        Country = "country",
        /// The postal code of its address.
        PostalCode = "postal_code",
        /// The job title.
        JobTitle = "job_title",
        /// The organisation.
        OrganisationName = "organisation_name",
        /// The tax number.
        TaxId = "tax_id",
        /// The e-mail address.
        Email = "email",
        /// What stands behind the `@` of the e-mail address.
        EmailDomain = "email_domain",
        /// The phone number in the form that compares.
        Phone = "phone",
        /// The web site.
        Website = "website",
        /// `utm_source` of the lead.
        UtmSource = "utm_source",
        /// `utm_medium` of the lead.
        UtmMedium = "utm_medium",
        /// `utm_campaign` of the lead.
        UtmCampaign = "utm_campaign",
    }
    /// How a condition compares. Letter case and extra spaces do not count.
    pub enum LeadComparison {
        /// It is one of the values.
        OneOf = "one_of",
        /// It is none of the values; also when it is empty.
        NoneOf = "none_of",
        /// It contains one of the values.
        Contains = "contains",
        /// It begins with one of the values.
        StartsWith = "starts_with",
        /// It is filled in; takes no values.
        IsSet = "is_set",
        /// It is empty; takes no values.
        IsEmpty = "is_empty",
    }
}

/// A condition on a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadCondition {
    /// What is looked at.
    pub attribute: LeadAttribute,
    /// How it is compared.
    pub comparison: LeadComparison,
    /// With what; any one of them is enough.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["DE", "AT"]))]
    pub values: Vec<ConditionValue>,
}

/// A text that a condition compares with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 200, example = "DE")]
pub struct ConditionValue(pub String);

impl LeadAttribute {
    /// The value of a lead in the form that compares; nothing when it is empty.
    pub fn of(self, lead: &Lead) -> Option<String> {
        let text = match self {
            Self::Source => lead.source.as_deref(),
            Self::Campaign => lead.campaign.as_deref(),
            Self::Country => lead.address.as_ref().map(|a| a.country.as_str()),
            Self::PostalCode => lead.address.as_ref().and_then(|a| a.postal_code.as_deref()),
            Self::JobTitle => lead.job_title.as_deref(),
            Self::OrganisationName => lead.organisation_name.as_deref(),
            Self::TaxId => lead.tax_id.as_deref(),
            Self::Email => lead.email.as_deref(),
            Self::EmailDomain => lead.email.as_deref().and_then(|e| e.rsplit_once('@')).map(|(_, domain)| domain),
            Self::Phone => lead.phone_normalised.as_deref(),
            Self::Website => lead.website.as_deref(),
            Self::UtmSource => lead.utm.source.as_deref(),
            Self::UtmMedium => lead.utm.medium.as_deref(),
            Self::UtmCampaign => lead.utm.campaign.as_deref(),
        };
        text.map(self.form()).filter(|t| !t.is_empty())
    }
}

impl LeadAttribute {
    /// The form in which values are compared.
    fn form(self) -> fn(&str) -> String {
        match self {
            Self::Campaign | Self::UtmCampaign => campaign_names::normal,
            _ => normalise,
        }
    }
}

impl LeadCondition {
    /// Whether it holds for a lead.
    pub fn holds(&self, lead: &Lead) -> bool {
        let value = self.attribute.of(lead);
        let form = self.attribute.form();
        let any = |f: fn(&str, &str) -> bool| value.as_deref().is_some_and(|v| self.values.iter().any(|w| f(v, &form(&w.0))));
        match self.comparison {
            LeadComparison::OneOf => any(|v, w| v == w),
            LeadComparison::NoneOf => !any(|v, w| v == w),
            LeadComparison::Contains => any(|v, w| v.contains(w)),
            LeadComparison::StartsWith => any(|v, w| v.starts_with(w)),
            LeadComparison::IsSet => value.is_some(),
            LeadComparison::IsEmpty => value.is_none(),
        }
    }
    fn takes_values(&self) -> bool {
        !matches!(self.comparison, LeadComparison::IsSet | LeadComparison::IsEmpty)
    }
}

/// Refuses conditions without what they compare with, or with values that they ignore. Places are relative to the list.
pub fn check(conditions: &[LeadCondition]) -> Result<()> {
    let mut found = Findings::default();
    for (i, condition) in conditions.iter().enumerate() {
        let at = format!("/{i}/values");
        match (condition.takes_values(), condition.values.is_empty()) {
            (true, true) => found.add(INVALID_CONDITION, &at, "Say what it is compared with."),
            (false, false) => found.add(INVALID_CONDITION, &at, "This comparison takes no values."),
            _ => {}
        }
        if condition.values.iter().any(|v| normalise(&v.0).is_empty()) {
            found.add(INVALID_CONDITION, &at, "A value must not be blank.");
        }
    }
    found.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lead(body: serde_json::Value) -> Lead {
        let mut body = body;
        body["company_id"] = json!("co_00000000000000000000000001");
        let new = serde_json::from_value(body).expect("a body");
        Lead::new(crate::kernel::Id::from_uuid(Default::default()), new, Default::default()).expect("a lead")
    }

    fn condition(attribute: &str, comparison: &str, values: &[&str]) -> LeadCondition {
        serde_json::from_value(json!({"attribute": attribute, "comparison": comparison, "values": values})).expect("a condition")
    }

    #[test]
    fn each_comparison_says_what_it_says() {
        let l = lead(
            json!({"last_name": "T", "job_title": "Head of  IT", "email": "ann@Example.ORG", "address": {"line1": "x", "country": "DE"}}),
        );
        for (attribute, comparison, values, holds) in [
            ("country", "one_of", &["at", "de"][..], true),
            ("country", "one_of", &["FR"], false),
            ("country", "none_of", &["FR"], true),
            ("country", "none_of", &["DE"], false),
            ("source", "none_of", &["web"], true),
            ("source", "one_of", &["web"], false),
            ("job_title", "contains", &["OF it"], true),
            ("job_title", "starts_with", &["head"], true),
            ("job_title", "starts_with", &["it"], false),
            ("email_domain", "one_of", &["example.org"], true),
            ("website", "is_set", &[], false),
            ("website", "is_empty", &[], true),
            ("email", "is_set", &[], true),
        ] {
            assert_eq!(condition(attribute, comparison, values).holds(&l), holds, "{attribute} {comparison} {values:?}");
        }
    }

    #[test]
    fn a_condition_that_says_nothing_is_refused() {
        assert!(check(&[condition("source", "one_of", &["a"]), condition("source", "is_set", &[])]).is_ok());
        for bad in [condition("source", "one_of", &[]), condition("source", "is_set", &["a"]), condition("source", "contains", &[" "])] {
            assert_eq!(check(&[bad]).expect_err("refused").code(), INVALID_CONDITION);
        }
    }
}
