//! Operations on touchpoints, and the stitching of anonymous visitors to those they turn out to be.

use domain::crm::leads::touches::TouchKind;
use domain::crm::leads::{Lead, LeadStatus};
use domain::crm::opportunities::Opportunity;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::directory::search::normalise;
use domain::ids::{CampaignId, CompanyId, LeadId};
use domain::marketing::touchpoints::*;
use persistence::crm::leads::take_turns_on;
use persistence::marketing::campaigns::codes;
use persistence::marketing::touchpoints as rows;
use platform::prelude::*;

use super::people::PEOPLE;

use crate::crm::leads::scores;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Touchpoint>("marketing/touchpoints", "How visitors met us, and where they came from.");
    n.about(PEOPLE);
    n.list("List touchpoints.")
        .filter(&["kind", "channel", "occurred_at", "anonymous_id", "lead_id", "contact_id", "party_id", "opportunity_id"])
        .filter(&["source", "medium", "campaign", "campaign_id", "referrer_host", "landing_path"])
        .sort(&["occurred_at"])
        .expand::<Lead>("lead", "lead_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Party>("party", "party_id")
        .expand::<Opportunity>("opportunity", "opportunity_id");
    n.create(create, CREATE).fails(&[NOBODY, SEVERAL, WRONG_TIME]);
    n.bulk(create);
    n.read("Get a touchpoint.")
        .expand::<Lead>("lead", "lead_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Party>("party", "party_id")
        .expand::<Opportunity>("opportunity", "opportunity_id");
    t.command("identify_visitor", "marketing/touchpoints/identify", identify, IDENTIFY).fails(&[NOBODY, SEVERAL]).tag =
        "marketing/touchpoints".into();
}

const CREATE: &str = "Record a touchpoint. The time of the event counts, not that of the request. A visitor whose anonymous id is already identified is linked to that person; one who becomes known later is linked by `identify`. The first and the last touch \
of a lead follow.";
const IDENTIFY: &str = "Identify an anonymous visitor. Earlier touchpoints of that anonymous id without a person are linked to the lead, contact or party, and so are later ones. Touchpoints already linked stay. Repeating it changes nothing more.";

fn create(cx: &mut Cx, new: NewTouchpoint) -> Result<Touchpoint> {
    cx.company(new.company_id)?;
    let touch = Touchpoint::new(cx.new_id(), new, cx.now)?;
    let subject = settle(cx, touch.company_id, touch.subject())?;
    record(cx, touch.from(subject))
}

/// Records what a reader did with a message of a campaign. Who is gone by now leaves no touch.
pub fn of_message(cx: &mut Cx, mut new: NewTouchpoint, campaign: CampaignId) -> Result<()> {
    // what was sent stays when its reader goes or is merged away
    if let Some(party) = new.party_id {
        new.party_id = persistence::record::find::<Party>(cx.db(), party.uuid())?.map(|p| p.merged_into.unwrap_or(p.id));
    }
    if let Some(contact) = new.contact_id {
        new.contact_id = persistence::record::find::<Contact>(cx.db(), contact.uuid())?.map(|c| c.merged_into.unwrap_or(c.id));
    }
    if let Some(lead) = new.lead_id
        && persistence::record::find::<Lead>(cx.db(), lead.uuid())?.is_none()
    {
        new.lead_id = None;
    }
    if new.lead_id.is_none() && new.contact_id.is_none() && new.party_id.is_none() {
        return Ok(());
    }
    let touch = Touchpoint::new(cx.new_id(), new, cx.now)?.by(Some(campaign));
    let subject = settle(cx, touch.company_id, touch.subject())?;
    record(cx, touch.from(subject)).map(drop)
}

/// The touch by which a lead came that somebody entered with the marks of its link.
pub fn of_new_lead(cx: &mut Cx, id: LeadId) -> Result<()> {
    let lead = cx.find::<Lead>(id)?;
    let new = NewTouchpoint {
        company_id: lead.company_id,
        kind: TouchKind::Other,
        occurred_at: None,
        anonymous_id: None,
        lead_id: Some(id),
        contact_id: None,
        party_id: None,
        origin: TouchOrigin { utm: lead.utm, ..TouchOrigin::default() },
    };
    let touch = Touchpoint::new(cx.new_id(), new, cx.now)?;
    record(cx, touch).map(drop)
}

/// Stores a touch, as known to be from somebody when its visitor is, and lets the lead follow.
pub fn record(cx: &mut Cx, mut touch: Touchpoint) -> Result<Touchpoint> {
    if let Some(visitor) = touch.anonymous_id.clone() {
        hold_visitor(cx, touch.company_id, &visitor)?;
        if touch.subject().is_nobody()
            && let Some(known) = rows::identity(cx.db(), touch.company_id, &visitor)?
        {
            touch = touch.from(known);
        }
    }
    if touch.campaign_id.is_none()
        && let Some(code) = touch.campaign.clone()
    {
        let mut campaign = codes::find(cx.db(), touch.company_id, &code)?;
        // campaigns from before names had one form are known by what was written
        if let (None, Some(said)) = (campaign, &touch.utm.campaign) {
            campaign = codes::find(cx.db(), touch.company_id, &normalise(said))?;
        }
        touch = touch.by(campaign);
    }
    let touch = cx.create_as(touch, "recorded")?;
    if let Some(lead) = touch.lead_id {
        follow(cx, lead)?;
    }
    Ok(touch)
}

/// A touch and the identification of its visitor at the same moment must see each other.
fn hold_visitor(cx: &mut Cx, company: CompanyId, visitor: &str) -> Result<()> {
    Ok(take_turns_on(cx.db(), vec![format!("{company}:{visitor}")])?)
}

/// Who is meant: what the subject names must exist in this company, and a converted lead stands for what it became.
fn settle(cx: &mut Cx, company: CompanyId, mut subject: Subject) -> Result<Subject> {
    subject.check()?;
    if let Some(contact) = subject.contact {
        subject.contact = Some(cx.refer::<Contact>("/contact_id", contact)?.id);
    }
    if let Some(party) = subject.party {
        subject.party = Some(cx.refer::<Party>("/party_id", party)?.id);
    }
    let Some(id) = subject.lead else { return Ok(subject) };
    let lead = cx.refer::<Lead>("/lead_id", id)?;
    if lead.company_id != company {
        return Err(problems::unknown_reference.field("/lead_id", "The lead belongs to another company."));
    }
    Ok(of_lead(&lead))
}

/// The lead and what it became.
pub fn of_lead(lead: &Lead) -> Subject {
    Subject {
        lead: Some(lead.id),
        contact: lead.converted_contact_id,
        party: lead.converted_party_id,
        opportunity: lead.converted_opportunity_id,
    }
}

/// First touch, last touch and score of a lead follow its touches. A converted lead stays as it is.
pub fn follow(cx: &mut Cx, id: LeadId) -> Result<()> {
    let before = cx.load_for_update::<Lead>(id)?;
    if before.status == LeadStatus::Converted {
        return Ok(());
    }
    let Some((first, last)) = rows::ends(cx.db(), id)? else { return Ok(()) };
    let after = before.clone().touched_by(first.summary(), last.summary(), cx.now);
    let after = cx.save(&before, after, "touched")?;
    scores::renew(cx, after)?;
    Ok(())
}

fn identify(cx: &mut Cx, who: IdentifyVisitor) -> Result<Identification> {
    cx.company(who.company_id)?;
    let named = Subject { lead: who.lead_id, contact: who.contact_id, party: who.party_id, opportunity: None };
    if named.is_nobody() {
        return Err(NOBODY.field("/lead_id", "Say who it is."));
    }
    let subject = settle(cx, who.company_id, named)?;
    identified(cx, who.company_id, who.anonymous_id, subject)
}

/// Remembers who a visitor is and links what was nobody's.
pub fn identified(cx: &mut Cx, company: CompanyId, anonymous_id: String, subject: Subject) -> Result<Identification> {
    hold_visitor(cx, company, &anonymous_id)?;
    let now = cx.now;
    let linked = rows::identify(cx.db(), company, &anonymous_id, subject, now)?;
    let found = Identification {
        company_id: company,
        anonymous_id,
        lead_id: subject.lead,
        contact_id: subject.contact,
        party_id: subject.party,
        linked_touches: linked as i64,
    };
    let subject_id = (subject.lead.map(|i| i.to_string()))
        .or_else(|| subject.contact.map(|i| i.to_string()))
        .or_else(|| subject.party.map(|i| i.to_string()));
    cx.emit(Event {
        kind: "touchpoint.identified".into(),
        subject: subject_id.unwrap_or_default(),
        company: Some(company),
        party: subject.party,
        version: 1,
        data: serde_json::to_value(&found).map_err(|e| problems::internal.with(e.to_string()))?,
        previous: None,
    });
    if let Some(lead) = subject.lead.filter(|_| linked > 0) {
        follow(cx, lead)?;
    }
    Ok(found)
}
