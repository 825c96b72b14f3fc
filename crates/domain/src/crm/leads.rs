//! Leads: people and organisations who may become customers, until they are converted or given up. The rules of
//! their way are in [`self::steps`].

pub mod conditions;
pub mod response;
pub mod scores;
pub mod steps;
pub mod touches;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::crm::leads::touches::TouchSummary;
use crate::directory::addresses::{self, Address};
use crate::directory::external_ids::ExternalId;
use crate::ids::StageId;
use crate::ids::{AssignmentRuleId, CompanyId, ContactId, LeadId, OpportunityId, PartyId, PipelineId, UserId};
use crate::kernel::{Amount, Code, Rate};

crate::string_enum! {
    /// Where a lead stands.
    pub enum LeadStatus {
        /// Nobody has taken it up.
        New = "new",
        /// Somebody works on it.
        Working = "working",
        /// Worth a deal.
        Qualified = "qualified",
        /// Became a party, and perhaps an opportunity. Never changes again.
        Converted = "converted",
        /// Given up, with a reason.
        Disqualified = "disqualified",
    }
    /// What to do when a party or contact like the lead exists.
    pub enum OnDuplicate {
        /// Refuse and name the candidates.
        Reject = "reject",
        /// Take the one that exists. Refused when several could be meant.
        Link = "link",
        /// Create new ones all the same.
        Create = "create",
    }
    /// Whether a conversion found its party or made it.
    pub enum PartyOrigin {
        /// It existed.
        Linked = "linked",
        /// It was created.
        Created = "created",
    }
}

/// A lead has a name of a person or organisation, or at least an e-mail address.
pub const NAMELESS: Code = Code::invalid("lead.nameless", "A lead needs a last name, an organisation or an e-mail address.");
/// Converted leads never change.
pub const CONVERTED: Code = Code::conflict("lead.converted", "The lead is converted and does not change.");
/// Somebody like this exists; `errors` names the candidates.
pub const DUPLICATE: Code = Code::conflict("lead.duplicate", "A party or contact like this lead exists.");
/// No rule in use fits the lead, or nobody is free to take it.
pub const NO_RULE: Code = Code::conflict("lead.no_assignment_rule", "No assignment rule gives this lead to anybody.");
/// Several parties could be meant; name one with `party_id`.
pub const AMBIGUOUS: Code = Code::conflict("lead.ambiguous", "Several parties like this lead exist.");

/// Where a visitor came from, as the links of campaigns say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Utm {
    /// The site or list, `utm_source`.
    #[serde(default)]
    #[schema(max_length = 200, example = "newsletter")]
    pub source: Option<String>,
    /// The kind of link, `utm_medium`.
    #[serde(default)]
    #[schema(max_length = 200, example = "email")]
    pub medium: Option<String>,
    /// The campaign, `utm_campaign`.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub campaign: Option<String>,
    /// The search words, `utm_term`.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub term: Option<String>,
    /// The link among several, `utm_content`.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub content: Option<String>,
}

/// A postal address as far as it is known: often the country alone, from a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadAddress {
    /// Street and number, or the first line. Without it the address does not go to the party that the lead becomes.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "12 Orchestra Terrace")]
    pub line1: Option<String>,
    /// The second line.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub line2: Option<String>,
    /// City or town.
    #[serde(default)]
    #[schema(max_length = 100, example = "Walla Walla")]
    pub city: Option<String>,
    /// State, province or county.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub region: Option<String>,
    /// Postal code.
    #[serde(default)]
    #[schema(max_length = 20, example = "99362")]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "US")]
    pub country: String,
}

impl LeadAddress {
    /// Refuses a country that does not exist; the place is `/country` of the address.
    pub fn check(&self) -> crate::kernel::Result<()> {
        addresses::check_country(&self.country)
    }
    /// The address of a party, when it is whole.
    pub fn whole(&self) -> Option<Address> {
        let LeadAddress { line1, line2, city, region, postal_code, country } = self.clone();
        line1.map(|line1| Address { line1, line2, city, region, postal_code, country })
    }
}

/// A person or organisation who may become a customer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Lead {
    /// Id, generated by the server.
    pub id: LeadId,
    /// The company that hopes to sell.
    pub company_id: CompanyId,
    /// Current status.
    pub status: LeadStatus,
    /// The person and the organisation, as shown in lists.
    #[schema(max_length = 450, example = "Ana Trujillo, Emparedados")]
    pub name: String,
    /// Given name of the person.
    #[schema(required, max_length = 100)]
    pub first_name: Option<String>,
    /// Family name of the person.
    #[schema(required, max_length = 100)]
    pub last_name: Option<String>,
    /// What the person does there.
    #[schema(required, max_length = 100)]
    pub job_title: Option<String>,
    /// The organisation.
    #[schema(required, max_length = 200)]
    pub organisation_name: Option<String>,
    /// Its tax registration number.
    #[schema(required, max_length = 50)]
    pub tax_id: Option<String>,
    /// E-mail address, its domain in lower case.
    #[schema(required, max_length = 254)]
    pub email: Option<String>,
    /// Phone number as given.
    #[schema(required, max_length = 40)]
    pub phone: Option<String>,
    /// The phone number in the form that compares: E.164 when it was given with its country code, else its digits.
    #[schema(required, max_length = 40)]
    pub phone_normalised: Option<String>,
    /// Web site.
    #[schema(required, max_length = 300)]
    pub website: Option<String>,
    /// Postal address, as far as it is known.
    #[schema(required)]
    pub address: Option<LeadAddress>,
    /// How another system calls it.
    #[schema(required)]
    pub external_id: Option<ExternalId>,
    /// How it came to us, as free text.
    #[schema(required, max_length = 100, example = "web form")]
    pub source: Option<String>,
    /// Where the visitor came from.
    pub utm: Utm,
    /// The campaign it came from, as its first touch says unless somebody said otherwise.
    #[schema(required, max_length = 200, example = "spring sale")]
    pub campaign: Option<String>,
    /// The earliest touch, by the time of the event. A later one never takes its place.
    #[schema(required)]
    pub first_touch: Option<TouchSummary>,
    /// The latest touch.
    #[schema(required)]
    pub last_touch: Option<TouchSummary>,
    /// Notes, as free text.
    #[schema(required, max_length = 10000)]
    pub description: Option<String>,
    /// The user who works on it.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// When it last got an owner.
    #[schema(required)]
    pub assigned_at: Option<DateTime<Utc>>,
    /// The rule that gave it to its owner; null when a person did.
    #[schema(required)]
    pub assignment_rule_id: Option<AssignmentRuleId>,
    /// How much it is worth to follow up, as last computed; `GET …/score` computes it anew and explains it.
    #[schema(required)]
    pub score: Option<Rate>,
    /// The grade that the score earned.
    #[schema(required, max_length = 50, example = "A")]
    pub grade: Option<String>,
    /// When the score was last computed.
    #[schema(required)]
    pub scored_at: Option<DateTime<Utc>>,
    /// The version of the scoring model that computed it.
    #[schema(required, minimum = 1, maximum = 9007199254740991i64)]
    pub scoring_model_version: Option<i64>,
    /// How often the grade has changed.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub grade_changes: i64,
    /// When somebody first got in touch with it, or decided on it: the first call, meeting or e-mail that was done, or
    /// its qualification or refusal.
    #[schema(required)]
    pub first_response_at: Option<DateTime<Utc>>,
    /// When it was last qualified.
    #[schema(required)]
    pub qualified_at: Option<DateTime<Utc>>,
    /// When it was given up.
    #[schema(required)]
    pub disqualified_at: Option<DateTime<Utc>>,
    /// Why it was given up.
    #[schema(required, max_length = 200)]
    pub disqualification_reason: Option<String>,
    /// When it was converted.
    #[schema(required)]
    pub converted_at: Option<DateTime<Utc>>,
    /// The party it became.
    #[schema(required)]
    pub converted_party_id: Option<PartyId>,
    /// Whether that party existed before.
    #[schema(required)]
    pub converted_party_origin: Option<PartyOrigin>,
    /// The contact it became.
    #[schema(required)]
    pub converted_contact_id: Option<ContactId>,
    /// The opportunity it became.
    #[schema(required)]
    pub converted_opportunity_id: Option<OpportunityId>,
    /// The caller's own key-value pairs, stored and returned unchanged.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Lead, LeadId, "lead",
company: |l| Some(l.company_id), party: |l| l.converted_party_id, actions: |l| l.status.actions() }

/// A lead to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLead {
    /// The company that hopes to sell.
    pub company_id: CompanyId,
    /// Given name of the person.
    #[serde(default)]
    #[schema(max_length = 100, example = "Ana")]
    pub first_name: Option<String>,
    /// Family name of the person.
    #[serde(default)]
    #[schema(max_length = 100, example = "Trujillo")]
    pub last_name: Option<String>,
    /// What the person does there.
    #[serde(default)]
    #[schema(max_length = 100, example = "Owner")]
    pub job_title: Option<String>,
    /// The organisation.
    #[serde(default)]
    #[schema(max_length = 200, example = "Emparedados")]
    pub organisation_name: Option<String>,
    /// Its tax registration number.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub tax_id: Option<String>,
    /// E-mail address.
    #[serde(default)]
    #[schema(max_length = 254, example = "ana@example.com")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(default)]
    #[schema(max_length = 40, example = "+52 55 5555 4729")]
    pub phone: Option<String>,
    /// Web site.
    #[serde(default)]
    #[schema(max_length = 300, pattern = "^https?://[^ ]+$", example = "https://example.com")]
    pub website: Option<String>,
    /// Postal address, as far as it is known.
    #[serde(default)]
    pub address: Option<LeadAddress>,
    /// How another system calls it.
    #[serde(default)]
    pub external_id: Option<ExternalId>,
    /// How it came to us.
    #[serde(default)]
    #[schema(max_length = 100, example = "web form")]
    pub source: Option<String>,
    /// Where the visitor came from.
    #[serde(default)]
    pub utm: Utm,
    /// The campaign it came from.
    #[serde(default)]
    #[schema(max_length = 200, example = "spring sale")]
    pub campaign: Option<String>,
    /// Notes, as free text.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: Option<String>,
    /// The user who is to work on it; the assignment rules of the company choose when left out.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// Whether the assignment rules of the company choose an owner when none is named; true when left out.
    #[serde(default = "crate::kernel::default_true")]
    pub use_assignment_rules: bool,
    /// The caller's own key-value pairs, stored and returned unchanged.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a lead that is not converted. Its owner changes by `assign`.
    pub struct LeadPatch for Lead {
        /// Given name of the person.
        clear first_name: String [max_length = 100],
        /// Family name of the person.
        clear last_name: String [max_length = 100],
        /// What the person does there.
        clear job_title: String [max_length = 100],
        /// The organisation.
        clear organisation_name: String [max_length = 200],
        /// Its tax registration number.
        clear tax_id: String [max_length = 50],
        /// E-mail address.
        clear email: String [max_length = 254],
        /// Phone number.
        clear phone: String [max_length = 40],
        /// Web site.
        clear website: String [max_length = 300, pattern = "^https?://[^ ]+$"],
        /// Postal address; replaced whole.
        clear address: LeadAddress,
        /// How another system calls it.
        clear external_id: ExternalId,
        /// How it came to us.
        clear source: String [max_length = 100],
        /// Where the visitor came from; replaced whole.
        set utm: Utm,
        /// The campaign it came from.
        clear campaign: String [max_length = 200],
        /// Notes, as free text.
        clear description: String [max_length = 10000],
        /// The caller's own key-value pairs; a new value replaces all of them.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// Who is to work on a lead.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignLead {
    /// The user; the assignment rules of the company choose when left out.
    #[serde(default)]
    pub owner_id: Option<UserId>,
}

/// Why a lead is given up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisqualifyLead {
    /// The reason, in the words your reports group by.
    #[schema(min_length = 1, max_length = 200, example = "no budget")]
    pub reason: String,
}

/// How a lead is converted.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertLead {
    /// What to do when a party or contact with the same e-mail address, e-mail domain, tax number or external id exists; `reject` when
    /// left out. Not asked when `party_id` names the party.
    #[serde(default = "reject")]
    pub on_duplicate: OnDuplicate,
    /// The existing party that the lead belongs to.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// Whether to open an opportunity; true when left out.
    #[serde(default = "crate::kernel::default_true")]
    pub create_opportunity: bool,
    /// What is known of the opportunity.
    #[serde(default)]
    pub opportunity: LeadDeal,
}

/// The opportunity that a lead becomes.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadDeal {
    /// What the deal is called; the name of the lead when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// The pipeline; the company's default when left out.
    #[serde(default)]
    pub pipeline_id: Option<PipelineId>,
    /// The stage; the first of the pipeline when left out.
    #[serde(default)]
    pub stage_id: Option<StageId>,
    /// Currency of the amount; the company's when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// What the deal is worth, before tax.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// When the customer is expected to decide.
    #[serde(default)]
    pub expected_close_date: Option<NaiveDate>,
}

/// What a lead became. Converting it again answers the same and creates nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadConversion {
    /// The lead, now converted.
    pub lead: Lead,
    /// The party.
    pub party_id: PartyId,
    /// Whether the party existed before.
    pub party_origin: PartyOrigin,
    /// The contact; null when the lead names no person.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The opportunity; null when none was asked for.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
}

fn reject() -> OnDuplicate {
    OnDuplicate::Reject
}
