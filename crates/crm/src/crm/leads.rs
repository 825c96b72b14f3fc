//! Operations on leads. What a conversion looks for and creates is in [`self::conversion`].

pub mod conversion;
pub mod response;
pub mod scores;

use chrono::{DateTime, Utc};
use domain::crm::lead_scoring_models::NONE_ACTIVE;
use domain::crm::leads::RecordLeadOrigin;
use domain::crm::leads::steps::REFUSALS;
use domain::crm::leads::{
    AMBIGUOUS, AssignLead, CONVERTED, ConvertLead, DUPLICATE, DisqualifyLead, Lead, LeadConversion, LeadPatch, NO_RULE, NewLead, Utm,
};
use domain::crm::opportunities::Opportunity;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::directory::personal_data::{ErasePerson, PersonalData};
use domain::directory::timeline::TimelineEntry;
use domain::identity::users::DISABLED;
use domain::ids::{LeadId, TeamId};
use persistence::crm::leads as rows;
use persistence::directory::teams;
use persistence::marketing::touchpoints as touches;
use platform::directory::personal_data;
use platform::identity::users;
use platform::prelude::*;

use super::{assignment_rules, opportunities, timeline};

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Lead>("crm/leads", "People and organisations who may become customers.");
    n.searched(Words::titled("name").codes(&["external_id.id", "tax_id"]).details(&[
        "organisation_name",
        "email",
        "phone_normalised",
        "job_title",
        "website",
        "campaign",
        "source",
    ]));
    n.owned_by("owner_id").takes_tags();
    n.list("List leads.")
        .filter(&["status", "owner_id", "source", "campaign", "email", "converted_party_id", "converted_at"])
        .filter(&["assignment_rule_id", "grade", "score"])
        .filter_by::<TeamId>("owner_team_id", "The owner is in this team or in a team below it.", teams::owned_by)
        .flag(
            "has_owner_team",
            "`true`: the owner is in a team of the company; `false`: the owner is in none, or there is no owner.",
            teams::lead_has_team,
        )
        .flag("has_owner", "Only rows with an owner, or without.", teams::has_owner)
        .flag("has_response", "Only rows that were answered, or that still wait.", rows::has_response)
        .search(&["search"])
        .sort(&["name", "score"])
        .expand::<Party>("converted_party", "converted_party_id")
        .figures(Figures::by(&["status", "owner_id", "source", "campaign", "grade", "company_id"]).dates(&[
            "created_at",
            "converted_at",
            "qualified_at",
            "first_response_at",
        ]))
        .expand::<Opportunity>("converted_opportunity", "converted_opportunity_id");
    n.create(create, CREATE).fails(REFUSALS).fails(&[DISABLED]);
    n.bulk(create);
    n.read("Get a lead.")
        .expand::<Party>("converted_party", "converted_party_id")
        .expand::<Contact>("converted_contact", "converted_contact_id")
        .expand::<Opportunity>("converted_opportunity", "converted_opportunity_id");
    n.update(update, "Change a lead. Converted leads do not change.").fails(REFUSALS).fails(&[CONVERTED]);
    n.delete(
        delete,
        "Delete a lead that was entered by mistake. Its touchpoints are kept without a person. Converted leads and leads with activities cannot be deleted.",
    )
    .fails(&[CONVERTED]);
    n.action_with("assign", assign, ASSIGN).fails(&[CONVERTED, NO_RULE, DISABLED]);
    n.action("qualify", qualify, "Qualify a lead: it is worth an opportunity.").fails(&[CONVERTED]);
    n.action_with("disqualify", disqualify, "Give a lead up. The reason is required.").fails(&[CONVERTED]);
    n.action("reopen", reopen, "Take a disqualified lead up again.").fails(&[CONVERTED]);
    n.command_on::<ConvertLead, LeadConversion>("convert", conversion::convert, CONVERT)
        .fails(&[CONVERTED, DUPLICATE, AMBIGUOUS])
        .fails(opportunities::REFUSALS);
    n.view::<NoFilter, PersonalData>("export", personal_data::of_lead, personal_data::EXPORT).permission(personal_data::MAY_EXPORT);
    n.action_with::<ErasePerson>("erase", personal_data::erase_lead, personal_data::ERASE)
        .before_at(personal_data::extent_of_lead)
        .permission(personal_data::MAY_ERASE)
        .fails(personal_data::REFUSALS);
    n.view("score", scores::of_lead, scores::SCORE).fails(&[NONE_ACTIVE, problems::amount_out_of_range]);
    n.page_of::<TimelineEntry>("timeline", timeline::of_lead, TIMELINE).filter_as("occurred_at", "at").filter(&["kind", "subject"]);
}

const CREATE: &str = "Create a lead. Its e-mail address and phone number are brought into normal form. Without an owner the assignment \
rules of the company choose one, unless `use_assignment_rules` is false.";
const ASSIGN: &str = "Assign a lead to a user, or to whom the assignment rules choose when none is named. A new lead is being worked on \
from then on.";
const CONVERT: &str = "Convert a qualified lead. In one transaction it becomes a party with a contact and, unless told otherwise, an \
opportunity; its activities and touches go along. A party or contact with the same e-mail address, e-mail \
domain (unless many have it), tax number or external id is refused with \
`lead.duplicate` and the candidates in `errors`, or linked, or ignored, as `on_duplicate` says. Converting a converted lead answers \
what it became and creates nothing.";
const TIMELINE: &str = "List what happened to a lead and to what it became, newest first. Kinds that the caller may not read are left out.";

fn create(cx: &mut Cx, mut new: NewLead) -> Result<Lead> {
    cx.company(new.company_id)?;
    new.owner_id = new.owner_id.or(cx.default_owner("crm.leads.create"));
    if let Some(owner) = new.owner_id {
        users::refer_active(cx, "/owner_id", owner)?;
    }
    let (named, by_rules) = (new.owner_id.is_some(), new.use_assignment_rules);
    let lead = Lead::new(cx.new_id(), new, cx.now)?;
    let lead = assignment_rules::on_arrival(cx, lead, by_rules, None)?;
    let lead = assignment_rules::arrived(cx, lead, named)?;
    let lead = scores::renew(cx, lead)?;
    if lead.utm == Utm::default() {
        return Ok(lead);
    }
    cx.ask::<RecordLeadOrigin>(lead.id)?;
    cx.find::<Lead>(lead.id)
}

fn update(cx: &mut Cx, id: LeadId, patch: LeadPatch) -> Result<Lead> {
    let before = cx.load_for_update::<Lead>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    let after = cx.save(&before, after, "updated")?;
    scores::renew(cx, after)
}

fn delete(cx: &mut Cx, id: LeadId) -> Result<()> {
    let lead = cx.load_for_update::<Lead>(id)?;
    lead.must_be_changeable()?;
    // what came of its visits stays as figures of nobody
    touches::leave(cx.db(), id)?;
    cx.remove(lead)
}

fn assign(cx: &mut Cx, id: LeadId, to: AssignLead) -> Result<Lead> {
    let before = cx.load_for_update::<Lead>(id)?;
    before.must_be_assignable()?;
    let (owner, rule) = match to.owner_id {
        Some(owner) => (users::refer_active(cx, "/owner_id", owner)?.id, None),
        None => match assignment_rules::owner_for(cx, &before)? {
            Some((owner, rule)) => (owner, Some(rule)),
            None => return Err(NO_RULE.with("Name an owner, or keep a rule that takes such leads.")),
        },
    };
    let after = before.clone().assign(owner, rule, cx.now)?;
    cx.save(&before, after, "assigned")
}

fn qualify(cx: &mut Cx, id: LeadId) -> Result<Lead> {
    let before = cx.load_for_update::<Lead>(id)?;
    let after = before.clone().qualify(cx.now)?;
    cx.save(&before, after, "qualified")
}

fn disqualify(cx: &mut Cx, id: LeadId, why: DisqualifyLead) -> Result<Lead> {
    let before = cx.load_for_update::<Lead>(id)?;
    let after = before.clone().disqualify(&why, cx.now)?;
    cx.save(&before, after, "disqualified")
}

fn reopen(cx: &mut Cx, id: LeadId) -> Result<Lead> {
    let before = cx.load_for_update::<Lead>(id)?;
    let after = before.clone().reopen(cx.now)?;
    cx.save(&before, after, "reopened")
}

/// Somebody got in touch with a lead: the first call, meeting or e-mail that was done is the response to it.
pub fn responded(cx: &mut Cx, event: &Event) -> Result<()> {
    let text = |name: &str| event.data[name].as_str();
    let contact = matches!(text("kind"), Some("call" | "meeting" | "email"));
    let at = text("completed_at").and_then(|t| t.parse::<DateTime<Utc>>().ok());
    let (Some(id), Some(at), true) = (text("lead_id").and_then(|id| id.parse::<LeadId>().ok()), at, contact) else { return Ok(()) };
    let before = cx.load_for_update::<Lead>(id)?;
    match before.clone().responded(at, cx.now) {
        Some(after) => cx.save(&before, after, "responded").map(drop),
        None => Ok(()),
    }
}
