//! Operations on opportunities: load, decide, store, tell. The rules are in the domain; every change of a figure that
//! reports live on leaves a row of history here.

pub mod lines;
pub mod stalling;
pub mod team;

use domain::crm::leads::Lead;
use domain::crm::loss_reasons::{self, LossReason};
use domain::crm::opportunities::changes::{OpportunityChange, OpportunityField, differences};
use domain::crm::opportunities::lines::{EMPTY_LINE, NEGATIVE_PRICE, NO_QUANTITY, PRICE_MISSING};
use domain::crm::opportunities::steps::{Beginning, REFUSALS as FIGURES, STAGE_REFUSALS};
use domain::crm::opportunities::team::{NewTeam, TEAM_REFUSALS};
use domain::crm::opportunities::*;
use domain::crm::percentages::NOT_A_PERCENTAGE;
use domain::crm::pipelines::ARCHIVED_PIPELINE;
use domain::crm::pipelines::Pipeline;
use domain::crm::pipelines::Stage;
use domain::crm::quotes::IsQuoted;
use domain::crm::quotes::Quote;
use domain::directory::companies::Company;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::directory::territories::Territory;
use domain::directory::timeline::TimelineEntry;
use domain::ids::StageId;
use domain::ids::{CompanyId, CompetitorId, ContactId, OpportunityId, PartyId, TeamId, TerritoryId, UserId};
use persistence::crm::opportunities::{lines as line_rows, team as team_rows};
use persistence::crm::{opportunities as rows, pipelines, quotes as quote_rows};
use persistence::directory::teams;
use platform::directory::parties;
use platform::identity::users;
use platform::prelude::*;

use super::timeline;
use platform::directory::territories;

/// The company has no pipeline that takes deals.
pub const NO_PIPELINE: Code = Code::conflict("opportunity.no_pipeline", "The company has no default pipeline.");
/// What making a deal can answer.
pub const REFUSALS: &[Code] = &[
    NO_PIPELINE,
    ARCHIVED_PIPELINE,
    FOREIGN_STAGE,
    ARCHIVED_STAGE,
    STAGE_REQUIREMENTS,
    AMOUNT_FROM_LINES,
    NEGATIVE_AMOUNT,
    NOT_A_PERCENTAGE,
    CLOSED_WHILE_OPEN,
    domain::directory::currencies::UNKNOWN_CURRENCY,
    domain::directory::products::ARCHIVED,
    domain::directory::parties::ARCHIVED,
    EMPTY_LINE,
    NO_QUANTITY,
    NEGATIVE_PRICE,
    PRICE_MISSING,
    domain::identity::users::DISABLED,
];

/// What the catalogues of loss reasons and competitors can answer.
const LOSS_REFUSALS: &[Code] = &[loss_reasons::ARCHIVED, loss_reasons::COMPETITOR_MISSING, domain::crm::competitors::ARCHIVED];

/// What the back office can answer when it drafts the order of a won deal.
const ORDER_REFUSALS: &[Code] = &[
    domain::directory::parties::ARCHIVED,
    domain::directory::parties::BLOCKED,
    domain::directory::parties::NOT_A_CUSTOMER,
    domain::directory::products::ARCHIVED,
    domain::sales::order_lines::ORDER_LINE,
    domain::sales::orders::ORDER_AMOUNT,
    problems::too_many_decimals,
    domain::tax::rules::TAX_RULE_MISSING,
    domain::tax::codes::NO_RATE_YET,
    domain::tax::engine::NEGATIVE_LINE,
];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Opportunity>("crm/opportunities", "Deals on their way through a pipeline, with lines and history.");
    n.searched(Words::titled("name").details(&["description", "competitor", "source", "campaign"]));
    n.owned_by_in("owner_id", "territory_id").takes_tags();
    n.list("List opportunities.")
        .filter(&["status", "party_id", "contact_id", "pipeline_id", "stage_id", "owner_id", "source_lead_id", "forecast_category"])
        .filter(&["expected_close_date", "closed_date", "amount", "weighted_amount", "currency", "stage_entered_at", "close_date_pushes"])
        .filter(&["loss_reason_id", "competitor_id", "source", "campaign", "days_to_close"])
        .filter_by::<TerritoryId>("territory_id", "Only rows in this territory or below it.", rows::in_territory)
        .flag("has_territory", "Only rows in a territory, or in none.", rows::has_territory)
        .filter_by::<TeamId>("seller_team_id", "Only rows credited to a member of this team or of a team below it.", rows::sold_by_team)
        .flag(
            "has_seller_team",
            "Only rows with (`true`) or without (`false`) a part credited to a member of a team.",
            rows::has_seller_team,
        )
        .filter_by::<TeamId>("owner_team_id", "The owner is in this team or in a team below it.", teams::owned_by)
        .flag(
            "has_owner_team",
            "`true`: the owner is in a team of the company; `false`: the owner is in none, or there is no owner.",
            teams::deal_has_team,
        )
        .flag("has_owner", "Only rows with an owner, or without.", teams::has_owner)
        .flag("has_source", "Only rows with a source, or without.", rows::has_source)
        .flag("has_campaign", "Only rows with a campaign, or without.", rows::has_campaign)
        .flag("has_seller", "Only rows with (`true`) or without (`false`) a user credited by a share or as owner.", rows::has_seller)
        .flag("has_expected_close_date", "Only rows with an expected close, or without.", rows::has_expected_close_date)
        .flag("stalled", "Only open rows that wait longer than their stage allows, or all others.", rows::stalled)
        .filter_by::<UserId>(
            "seller_id",
            "Only rows that count for this user: with a share in them, or owned and not shared.",
            rows::counts_for,
        )
        .filter_by::<StageId>("reached_stage_id", "Only rows that are or ever were in this stage.", rows::reached)
        .filter_by::<CompetitorId>("contested_by_id", "Only rows in which this competitor is named.", rows::contested_by)
        .flag("has_next_activity", "Only rows with something still to be done about them, or without.", rows::has_next_activity)
        .search(&["search"])
        .sort(&["name", "amount", "weighted_amount", "expected_close_date", "closed_date", "stage_entered_at", "last_activity_at"])
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Stage>("stage", "stage_id")
        .expand::<Territory>("territory", "territory_id")
        .expand::<Product>("lines.product", "lines.product_id")
        .expand::<Pipeline>("pipeline", "pipeline_id")
        .figures(
            Figures::by(&["status", "stage_id", "owner_id", "pipeline_id", "forecast_category", "party_id", "territory_id", "company_id"])
                .and_by(&["source", "campaign", "currency", "competitor", "loss_reason"])
                .money("currency", &["amount", "weighted_amount"])
                .dates(&["created_at", "expected_close_date", "closed_date", "stage_entered_at"]),
        );
    n.create(create, CREATE).fails(REFUSALS).fails(TEAM_REFUSALS);
    n.bulk(open);
    n.read_with(read, "Get an opportunity. Each line of a stocked product says how much of it is available now.")
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Pipeline>("pipeline", "pipeline_id")
        .expand::<Stage>("stage", "stage_id")
        .expand::<Product>("lines.product", "lines.product_id");
    n.update(update, UPDATE).fails(REFUSALS).fails(TEAM_REFUSALS).fails(&[NOT_OPEN]);
    n.action_with("advance", advance, ADVANCE).fails(STAGE_REFUSALS).fails(FIGURES).fails(&[NOT_OPEN, SAME_STAGE, STAGE_SKIPPED]);
    n.action("win", win, WIN).fails(&[NOT_OPEN]).fails(ORDER_REFUSALS);
    n.action_with("lose", lose, LOSE).fails(&[NOT_OPEN, NO_LOSS_REASON]).fails(LOSS_REFUSALS);
    n.action("reopen", reopen, REOPEN).fails(&[NOT_CLOSED, ARCHIVED_PIPELINE, FOREIGN_STAGE]).fails(FIGURES);
    n.page_of::<OpportunityChange>("history", history, HISTORY).filter(&["field", "changed_at"]);
    n.page_of::<TimelineEntry>("timeline", timeline::of_opportunity, TIMELINE).filter_as("occurred_at", "at").filter(&["kind", "subject"]);
    lines::operations(&mut n);
    team::operations(&mut n);
    stalling::operations(t);
}

const CREATE: &str =
    "Create an opportunity. It starts open, in the first stage of the company's default pipeline unless given, owned by the caller.";
const UPDATE: &str = "Change an open opportunity. Changes of amount, expected close, owner and probability are kept in its history.";
const ADVANCE: &str = "Move an opportunity to another stage. It must have what the stage asks for, and stages that must not be \
skipped stop it. A probability or category stated by hand follows the stage again.";
const WIN: &str = "Win an opportunity. It counts in full from then on, and a sales order is drafted from its lines in the same \
transaction; what the back office refuses is not won.";
const LOSE: &str =
    "Lose an opportunity. The reason is required, as text or as a loss reason; the opportunity no longer counts in any forecast.";
const REOPEN: &str = "Reopen a won or lost opportunity. It goes back to the stage it was closed in; its history stays.";
const HISTORY: &str = "List the changes of an opportunity, the oldest first: stage, status, amount, expected close, owner, \
probability and category, with who changed them and when.";
const TIMELINE: &str = "List what happened to an opportunity, newest first: its own events, those of its lead, its activities and the \
documents that came from it. Kinds that the caller may not read are left out.";

fn create(cx: &mut Cx, new: NewOpportunity) -> Result<Opportunity> {
    let made = open(cx, new)?;
    with_stock(cx, made)
}

fn open(cx: &mut Cx, new: NewOpportunity) -> Result<Opportunity> {
    let company = cx.company(new.company_id)?;
    begin(cx, &company, new, None)
}

/// Opens a deal, with its lines and the first rows of its history.
pub(crate) fn begin(cx: &mut Cx, company: &Company, mut new: NewOpportunity, lead: Option<&Lead>) -> Result<Opportunity> {
    let (party, contact) = check_partners(cx, Some(new.party_id), new.contact_id)?;
    (new.party_id, new.contact_id) = (party.as_ref().map_or(new.party_id, |p| p.id), contact);
    territories::refer(cx, company.id, new.territory_id)?;
    if let (None, Some(party)) = (new.territory_id, &party) {
        new.territory_id = territories::of_party(cx, company.id, party)?;
    }
    let (source_lead_id, campaign) = (lead.map(|l| l.id), lead.and_then(|l| l.campaign.clone()));
    check_owner(cx, new.owner_id)?;
    new.owner_id = new.owner_id.or(cx.caller.user_id);
    let pipeline = choose_pipeline(cx, company.id, &new)?;
    let id = cx.new_id();
    let currency = new.currency.clone().unwrap_or_else(|| company.currency.clone());
    let lines = lines::build(cx, id, std::mem::take(&mut new.lines), &currency).map_err(|p| prefix_pointers("/lines", p))?;
    let beginning = Beginning { id, pipeline: &pipeline, currency: &company.currency, source_lead_id, campaign, now: cx.now };
    let parts = NewTeam {
        splits: Some(std::mem::take(&mut new.splits)),
        contact_roles: Some(std::mem::take(&mut new.contact_roles)),
        competitor_ids: Some(std::mem::take(&mut new.competitor_ids)),
    };
    let mut deal = new.build(beginning, lines)?;
    team::put(cx, &mut deal, parts)?;
    let made = cx.create(deal)?;
    cx.insert_all(&made.lines)?;
    team_rows::write(cx.db(), None, &made)?;
    remember(cx, None, &made, &pipeline, None)?;
    Ok(made)
}

fn choose_pipeline(cx: &mut Cx, company: CompanyId, new: &NewOpportunity) -> Result<Pipeline> {
    let of_company = |p: Pipeline| match p.company_id == company {
        true => Ok(p),
        false => Err(problems::unknown_reference.field("/pipeline_id", "The pipeline belongs to another company.")),
    };
    if let Some(id) = new.pipeline_id {
        return cx.refer::<Pipeline>("/pipeline_id", id).and_then(of_company);
    }
    if let Some(stage) = new.stage_id {
        let unknown = || problems::unknown_reference.field("/stage_id", format!("There is no stage {stage}."));
        let found = cx.refer::<Stage>("/stage_id", stage)?;
        // a stage is seen with its pipeline; that of a foreign one is no other answer than none
        let pipeline = cx.find::<Pipeline>(found.pipeline_id).map_err(|_| unknown())?;
        return if pipeline.company_id == company { Ok(pipeline) } else { Err(unknown()) };
    }
    match pipelines::default_of(cx.db(), company)? {
        Some(id) => cx.find::<Pipeline>(id),
        None => Err(NO_PIPELINE.with("Create a pipeline first, or name one.")),
    }
}

fn read(cx: &mut Cx, id: OpportunityId) -> Result<Opportunity> {
    let found = cx.find::<Opportunity>(id)?;
    with_stock(cx, found)
}

/// A single deal as it is answered: its lines say how much is available.
fn with_stock(cx: &mut Cx, mut deal: Opportunity) -> Result<Opportunity> {
    lines::fill_availability(cx, deal.company_id, &mut deal.lines)?;
    Ok(deal)
}

fn update(cx: &mut Cx, id: OpportunityId, mut patch: OpportunityPatch) -> Result<Opportunity> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    before.must_be_open()?;
    territories::refer(cx, before.company_id, patch.territory_id.flatten())?;
    let (party, contact) = check_partners(cx, patch.party_id, patch.contact_id.flatten())?;
    patch.party_id = party.map(|p| p.id);
    patch.contact_id = patch.contact_id.map(|_| contact);
    check_owner(cx, patch.owner_id.flatten().filter(|owner| before.owner_id != Some(*owner)))?;
    let pipeline = cx.find::<Pipeline>(before.pipeline_id)?;
    let currency = patch.currency.clone().unwrap_or_else(|| before.currency.clone());
    let lines = match patch.lines.take() {
        Some(new) => Some(lines::build(cx, id, new, &currency).map_err(|p| prefix_pointers("/lines", p))?),
        None => None,
    };
    let parts =
        NewTeam { splits: patch.splits.take(), contact_roles: patch.contact_roles.take(), competitor_ids: patch.competitor_ids.take() };
    let mut after = before.clone().change(patch, lines, stage_of(&pipeline, &before)?, cx.now)?;
    team::put(cx, &mut after, parts)?;
    let after = store(cx, &before, after, &pipeline, "updated", None)?;
    with_stock(cx, after)
}

fn advance(cx: &mut Cx, id: OpportunityId, to: AdvanceOpportunity) -> Result<Opportunity> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    let pipeline = cx.find::<Pipeline>(before.pipeline_id)?;
    let after = before.clone().advance(&pipeline, to.stage_id, cx.ask::<IsQuoted>(id)?, cx.now)?;
    let after = store(cx, &before, after, &pipeline, "stage_changed", to.note)?;
    with_stock(cx, after)
}

pub(crate) fn win(cx: &mut Cx, id: OpportunityId) -> Result<Opportunity> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    let (pipeline, company) = (cx.find::<Pipeline>(before.pipeline_id)?, cx.find::<Company>(before.company_id)?);
    let agreed = match quote_rows::accepted_of(cx.db(), id)? {
        None => before.clone(),
        Some(quote) => {
            let quote = cx.find::<Quote>(quote)?;
            before.clone().agreed(quote.net_total, &quote.currency)
        }
    };
    let after = agreed.win(cx.today(&company), cx.now)?;
    parties::make_customer(cx, after.party_id)?;
    let after = store(cx, &before, after, &pipeline, "won", None)?;
    with_stock(cx, after)
}

fn lose(cx: &mut Cx, id: OpportunityId, mut why: LoseOpportunity) -> Result<Opportunity> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    let (pipeline, company) = (cx.find::<Pipeline>(before.pipeline_id)?, cx.find::<Company>(before.company_id)?);
    name_loss(cx, before.company_id, &mut why)?;
    let after = before.clone().lose(why, cx.today(&company), cx.now)?;
    let reason = after.loss_reason.clone();
    let after = store(cx, &before, after, &pipeline, "lost", reason)?;
    with_stock(cx, after)
}

/// Fills in the words of a loss reason and the name of a competitor.
fn name_loss(cx: &mut Cx, company: CompanyId, why: &mut LoseOpportunity) -> Result<()> {
    if let Some(id) = why.competitor_id {
        let rival = team::rival(cx, company, id)?;
        why.competitor.get_or_insert(rival.name);
    }
    let Some(id) = why.loss_reason_id else { return Ok(()) };
    let reason = cx.refer::<LossReason>("/loss_reason_id", id)?;
    if reason.company_id != company {
        return Err(problems::unknown_reference.field("/loss_reason_id", "The loss reason belongs to another company."));
    }
    if reason.archived_at.is_some() {
        return Err(loss_reasons::ARCHIVED.field("/loss_reason_id", "The loss reason is archived."));
    }
    if reason.requires_competitor && why.competitor.is_none() {
        return Err(loss_reasons::COMPETITOR_MISSING.field("/competitor_id", format!("{} asks for a competitor.", reason.name)));
    }
    why.reason.get_or_insert(reason.name);
    Ok(())
}

fn reopen(cx: &mut Cx, id: OpportunityId) -> Result<Opportunity> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    let pipeline = cx.find::<Pipeline>(before.pipeline_id)?;
    let after = before.clone().reopen(&pipeline, cx.now)?;
    let after = store(cx, &before, after, &pipeline, "reopened", None)?;
    with_stock(cx, after)
}

fn history(cx: &mut Cx, id: OpportunityId, mut list: List) -> Result<Page<OpportunityChange>> {
    cx.find::<Opportunity>(id)?;
    list.only("opportunity_id", id.uuid());
    cx.page(list)
}

/// Keeps a changed deal with its lines and what changed in it.
pub(crate) fn store(
    cx: &mut Cx,
    before: &Opportunity,
    after: Opportunity,
    pipeline: &Pipeline,
    verb: &str,
    reason: Option<String>,
) -> Result<Opportunity> {
    if before.lines != after.lines {
        line_rows::write(cx.db(), after.id, &after.lines)?;
    }
    team_rows::write(cx.db(), Some(before), &after)?;
    let after = cx.save(before, after, verb)?;
    remember(cx, Some(before), &after, pipeline, reason)?;
    Ok(after)
}

/// Writes the rows of history for what differs.
fn remember(cx: &mut Cx, before: Option<&Opportunity>, after: &Opportunity, pipeline: &Pipeline, reason: Option<String>) -> Result<()> {
    let name = |id: &Option<String>| pipeline.stages.iter().find(|s| Some(s.id.to_string()) == *id).map(|s| s.name.clone());
    let found = differences(before, after);
    let row = |d: domain::crm::opportunities::changes::Difference| {
        let labelled = d.field == OpportunityField::Stage;
        OpportunityChange {
            id: cx.new_id(),
            opportunity_id: after.id,
            company_id: after.company_id,
            field: d.field,
            old_label: labelled.then(|| name(&d.old)).flatten(),
            new_label: labelled.then(|| name(&d.new)).flatten(),
            old_value: d.old,
            new_value: d.new,
            reason: reason.clone(),
            changed_by_user_id: cx.caller.user_id,
            changed_at: cx.now,
        }
    };
    let rows: Vec<OpportunityChange> = found.into_iter().map(row).collect();
    if rows.is_empty() { Ok(()) } else { cx.insert_all(&rows) }
}

/// The stage a deal is in.
pub(crate) fn stage_of<'p>(pipeline: &'p Pipeline, deal: &Opportunity) -> Result<&'p Stage> {
    let found = pipeline.stage(deal.stage_id);
    debug_assert!(found.is_some(), "{} is in a stage that its pipeline does not have", deal.id);
    found.ok_or_else(|| problems::internal.into())
}

/// Who the deal is with. A contact that was merged away leads to the one that stands for it.
fn check_partners(cx: &mut Cx, party: Option<PartyId>, contact: Option<ContactId>) -> Result<(Option<Party>, Option<ContactId>)> {
    let party = party.map(|id| cx.refer_itself::<Party>("/party_id", id)).transpose()?;
    if let Some(party) = &party {
        party.check_usable("/party_id")?;
    }
    let contact = contact.map(|id| cx.refer::<Contact>("/contact_id", id)).transpose()?;
    Ok((party, contact.map(|c| c.id)))
}

fn check_owner(cx: &mut Cx, owner: Option<UserId>) -> Result<()> {
    match owner {
        Some(owner) => users::refer_active(cx, "/owner_id", owner).map(drop),
        None => Ok(()),
    }
}

/// Prefixes every JSON pointer of a problem; a problem without pointers stays as it is.
pub(crate) fn prefix_pointers(prefix: &str, problem: Problem) -> Problem {
    if problem.errors().is_empty() { problem } else { problem.under(prefix) }
}
