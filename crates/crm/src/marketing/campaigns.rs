//! Operations on campaigns. What happens after a launch is in [`self::delivery`]; what readers do with a message
//! is in [`super::links`].

pub mod delivery;

use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::ids::CampaignId;
use domain::marketing::campaigns::members::{CampaignMember, MessageReports, ReportKind, ReportMessages, UNKNOWN_MESSAGE};
use domain::marketing::campaigns::stats::{CampaignStats, Counts, Exclusions, VariantStats, compare};
use domain::marketing::campaigns::{
    Campaign, CampaignPatch, CampaignVariant, IN_THE_PAST, NO_MAIL_SERVER, NO_UNSUBSCRIBE_LINK, NOT_A_DRAFT, NewCampaign, OF_A_JOURNEY,
    OTHER_COMPANY, REFUSALS, ScheduleCampaign, TEMPLATE_ARCHIVED,
};
use domain::marketing::consents::ConsentChannel;
use domain::marketing::segments::Segment;
use domain::marketing::suppressions::{Suppression, SuppressionReason};
use domain::marketing::templates::{RENDERING, Template, rendering};
use persistence::marketing::campaigns::members;
use persistence::marketing::{campaigns as rows, suppressions};
use platform::platform::jobs;
use platform::prelude::*;
use serde_json::json;

use super::attribution_credits::FOLLOWER;
use super::people::PEOPLE;
use super::{attribution, links};
use crate::marketing::campaigns::delivery::{Asked, LAUNCH};

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Campaign>("marketing/campaigns", "One message, or variants of it, to everybody in a segment who may get it.");
    n.takes_tags();
    n.searched(Words::titled("name").details(&["topic"]));
    n.list("List campaigns.")
        .filter(&["status", "segment_id", "journey_id", "topic", "scheduled_at", "launched_at"])
        .search(&["search"])
        .sort(&["name", "launched_at"])
        .expand::<Segment>("segment", "segment_id")
        .figures(
            Figures::by(&["status", "segment_id", "topic", "company_id"]).sum(&["audience_count"]).dates(&["created_at", "launched_at"]),
        );
    n.create(create, "Create a campaign. It starts as a draft.").fails(REFUSALS);
    n.read("Get a campaign.").expand::<Segment>("segment", "segment_id").expand::<Template>("variants.template", "variants.template_id");
    n.update(update, "Change a draft. Its variants stay; make another draft for others.").fails(REFUSALS).fails(&[NOT_A_DRAFT]);
    n.delete(delete, "Delete a draft.").fails(&[NOT_A_DRAFT]);
    n.action_with("schedule", schedule, "Schedule a draft. It is launched at a moment, as it is then.")
        .fails(&[IN_THE_PAST, TEMPLATE_ARCHIVED, NO_UNSUBSCRIBE_LINK, NO_MAIL_SERVER])
        .fails(RENDERING);
    n.action("unschedule", unschedule, "Make a scheduled campaign a draft again.");
    n.action("launch", launch, LAUNCH_TEXT).fails(&[TEMPLATE_ARCHIVED, NO_UNSUBSCRIBE_LINK, NO_MAIL_SERVER]).fails(RENDERING);
    n.action("pause", pause, "Pause a campaign. Messages that are on their way still go out.").fails(&[OF_A_JOURNEY]);
    n.action("resume", resume, "Resume a paused campaign.").fails(&[NO_MAIL_SERVER, OF_A_JOURNEY]);
    n.action("complete", complete, "Complete a campaign before its end. Who was not written to will not be.").fails(&[OF_A_JOURNEY]);
    n.action("cancel", cancel, "Cancel a campaign. Who was not written to will not be.").fails(&[OF_A_JOURNEY]);
    n.rows_about::<CampaignMember>(PEOPLE);
    n.page_of::<CampaignMember>("members", list_members, MEMBERS)
        .filter(&["status", "exclusion_reason", "variant", "party_id", "contact_id", "lead_id", "email"])
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .figures(
            Figures::by(&["status", "exclusion_reason", "variant", "country", "language"]).sum(&["open_count", "click_count"]).dates(&[
                "sent_at",
                "opened_at",
                "clicked_at",
                "converted_at",
                "bounced_at",
                "unsubscribed_at",
            ]),
        );
    n.view("stats", stats, STATS).counts_all(&[]);
    n.view("roi", attribution::roi, ROI).fails(attribution::ROI_REFUSALS).counts_all(attribution::DEALS).rests_on(FOLLOWER);
    t.command("report_messages", "marketing/campaigns/reports", report, REPORT).fails(&[UNKNOWN_MESSAGE]);
    delivery::operations(t);
    links::operations(t);
}

const LAUNCH_TEXT: &str = "Launch a campaign. A job (`job_id`) finds who is in its segment at one moment (`audience_at`, `audience_count`), makes \
them members, with the addresses of that minute and without those archived meanwhile, and judges everybody: whoever has no address, is suppressed, has not consented, is over the frequency cap or has an address that occurs twice gets nothing, and the reason is kept. The others get the message at most once, never in their quiet hours, and not if they unsubscribe before their turn. After a crash the job resumes where it was; messages in transit are `unknown` and not sent again.";
const MEMBERS: &str = "List the frozen audience of a campaign: who gets the message, who does not and why, and what became of it.";
const STATS: &str = "Get what became of a campaign. Counts are of readers, not of events; rates are over delivered messages; visits of programs \
count apart; variants are compared with the first one by the test of two proportions, and a better one is only named when the difference is \
more than chance.";
const ROI: &str = "Get the return on a campaign. Attributed margin less what was spent by the ledger, divided by what was spent; null when nothing \
was.";
const REPORT: &str = "Report what the world says about messages: deliveries, bounces, complaints, conversions. Hard bounces and complaints \
suppress the address. Reports may come twice.";

fn create(cx: &mut Cx, new: NewCampaign) -> Result<Campaign> {
    cx.company(new.company_id)?;
    let ids: Vec<_> = new.variants.iter().map(|_| cx.new_id()).collect();
    let mut ids = ids.into_iter();
    let id = cx.new_id();
    let campaign = Campaign::new(id, new, || ids.next().unwrap_or_else(|| Id::from_uuid(Default::default())), cx.now)?;
    of_one_company(cx, &campaign)?;
    let campaign = cx.create(campaign)?;
    cx.insert_all(&campaign.variants)?;
    Ok(campaign)
}

/// Segment and templates are of the campaign's company.
fn of_one_company(cx: &mut Cx, campaign: &Campaign) -> Result<()> {
    let Some(segment) = campaign.segment_id else { return Ok(()) };
    let segment = cx.refer::<Segment>("/segment_id", segment)?;
    if segment.company_id != campaign.company_id {
        return Err(OTHER_COMPANY.field("/segment_id", "The segment is of another company."));
    }
    for (i, variant) in campaign.variants.iter().enumerate() {
        let place = format!("/variants/{i}/template_id");
        if cx.refer::<Template>(&place, variant.template_id)?.company_id != campaign.company_id {
            return Err(OTHER_COMPANY.field(place, "The template is of another company."));
        }
    }
    Ok(())
}

fn update(cx: &mut Cx, id: CampaignId, patch: CampaignPatch) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    of_one_company(cx, &after)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: CampaignId) -> Result<()> {
    let campaign = cx.load_for_update::<Campaign>(id)?;
    campaign.must_be_draft()?;
    cx.delete_by::<CampaignVariant>("campaign_id", id.uuid())?;
    cx.remove(campaign)
}

fn schedule(cx: &mut Cx, id: CampaignId, when: ScheduleCampaign) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    let after = before.clone().schedule(when.scheduled_at, cx.now)?;
    sendable(cx, &before)?;
    cx.save(&before, after, "scheduled")
}

fn unschedule(cx: &mut Cx, id: CampaignId) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    let after = before.clone().unschedule(cx.now)?;
    cx.save(&before, after, "unscheduled")
}

/// Launches a campaign, by hand or by the clock.
pub fn launch(cx: &mut Cx, id: CampaignId) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    // the state is judged before the templates are
    before.clone().launch(&[], Id::from_uuid(id.uuid()), cx.now)?;
    let revisions = sendable(cx, &before)?;
    let job = jobs::start(cx, LAUNCH, &Asked { campaign_id: id })?;
    let after = before.clone().launch(&revisions, job.id, cx.now)?;
    let after = cx.save(&before, after, "launched")?;
    rows::pin(cx.db(), &after)?;
    Ok(after)
}

/// Refuses a campaign whose messages could not be sent; the revisions of its templates.
pub(crate) fn sendable(cx: &mut Cx, campaign: &Campaign) -> Result<Vec<i64>> {
    has_server(cx)?;
    let mut revisions = Vec::new();
    for (i, variant) in campaign.variants.iter().enumerate() {
        let template = cx.find::<Template>(variant.template_id)?;
        if template.archived_at.is_some() {
            return Err(TEMPLATE_ARCHIVED.with(format!("The template of the variant {} is archived.", variant.name)));
        }
        Campaign::must_let_go(&template.content(), &format!("/variants/{i}/template_id"))?;
        rendering::render(&template.content(), &delivery::values_of_sample(campaign))?;
        revisions.push(template.revision);
    }
    Ok(revisions)
}

pub(crate) fn has_server(cx: &Cx) -> Result<()> {
    cx.ensure(cx.app().mail.get().is_some(), NO_MAIL_SERVER, || "No mail server is configured.".into())
}

fn pause(cx: &mut Cx, id: CampaignId) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    before.must_be_independent()?;
    let after = before.clone().pause(cx.now)?;
    cx.save(&before, after, "paused")
}

fn resume(cx: &mut Cx, id: CampaignId) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    before.must_be_independent()?;
    let after = before.clone().resume(cx.now)?;
    has_server(cx)?;
    let after = cx.save(&before, after, "resumed")?;
    delivery::go_on(cx, &after)?;
    cx.find(id)
}

fn complete(cx: &mut Cx, id: CampaignId) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    before.must_be_independent()?;
    let after = before.clone().complete(cx.now)?;
    delivery::drop_rest(cx, &before)?;
    cx.save(&before, after, "completed")
}

fn cancel(cx: &mut Cx, id: CampaignId) -> Result<Campaign> {
    let before = cx.load_for_update::<Campaign>(id)?;
    before.must_be_independent()?;
    let after = before.clone().cancel(cx.now)?;
    delivery::drop_rest(cx, &before)?;
    cx.save(&before, after, "cancelled")
}

fn list_members(cx: &mut Cx, id: CampaignId, mut list: List) -> Result<Page<CampaignMember>> {
    cx.find::<Campaign>(id)?;
    list.only("campaign_id", id.uuid());
    cx.page(list)
}

fn stats(cx: &mut Cx, id: CampaignId, _: NoFilter) -> Result<CampaignStats> {
    let campaign = cx.find::<Campaign>(id)?;
    let found = members::counts(cx.db(), id.uuid())?;
    let counts = found.iter().fold(Counts::default(), |sum, (_, c)| sum.plus(*c));
    let of = |v: &CampaignVariant| {
        let counts = found.iter().find(|(name, _)| *name == v.name).map(|(_, c)| *c).unwrap_or_default();
        VariantStats { variant: v.name.clone(), counts, rates: counts.rates() }
    };
    let variants: Vec<VariantStats> = campaign.variants.iter().map(of).collect();
    let exclusions = members::exclusions(cx.db(), id.uuid())?;
    Ok(CampaignStats {
        campaign_id: id,
        counts,
        rates: counts.rates(),
        exclusions: exclusions.into_iter().map(|(reason, count)| Exclusions { reason, count }).collect(),
        comparisons: compare(&variants),
        variants,
    })
}

fn report(cx: &mut Cx, body: ReportMessages) -> Result<MessageReports> {
    let mut answer = MessageReports { changed: 0, suppressed: 0 };
    for (i, report) in body.reports.into_iter().enumerate() {
        let place = format!("/reports/{i}/member_id");
        let unknown = || UNKNOWN_MESSAGE.field(place.clone(), format!("There is no message {} that was sent.", report.member_id));
        let member = members::find_to_change(cx.db(), report.member_id)?.filter(|m| cx.caller.companies.contain(m.company_id));
        let before = member.ok_or_else(unknown)?;
        let at = report.at.unwrap_or(cx.now).min(cx.now);
        let (after, bad) = before.clone().report(report.kind, at, report.note.clone()).ok_or_else(unknown)?;
        if after != before {
            members::store(cx.db(), &after)?;
            answer.changed += 1;
        }
        if bad && let Some(address) = &after.email {
            let reason = match report.kind {
                ReportKind::Complaint => SuppressionReason::Complaint,
                _ => SuppressionReason::HardBounce,
            };
            answer.suppressed += i32::from(suppress(cx, address, reason, report.note)?);
        }
    }
    Ok(answer)
}

/// Suppresses an address, unless it is; whether it was not.
pub fn suppress(cx: &mut Cx, address: &str, reason: SuppressionReason, note: Option<String>) -> Result<bool> {
    let key = domain::directory::emails::key(address);
    let row = Suppression {
        id: cx.new_id(),
        channel: ConsentChannel::Email,
        address_hash: ConsentChannel::Email.addresses().hash(&key),
        address: Some(key),
        reason,
        note,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let added = suppressions::add(cx.db(), &row)?;
    if added {
        cx.emit(Event::of("created", &row));
    }
    Ok(added)
}

/// The values that do not depend on the reader.
pub fn shared_values(campaign: &Campaign, company: &str) -> serde_json::Map<String, serde_json::Value> {
    let mut values: serde_json::Map<String, serde_json::Value> =
        campaign.variables.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
    values.insert("company".into(), json!({ "name": company }));
    values.insert("campaign".into(), json!({ "name": campaign.name }));
    values
}
