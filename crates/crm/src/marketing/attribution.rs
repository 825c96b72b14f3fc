//! Reports of attribution, and what campaigns returned. The ledger of credits is summed; nothing is computed from touches here.

use chrono::NaiveDate;
use domain::crm::figures::MetricSide;
use domain::directory::companies::Company;
use domain::identity::visibility::FieldClass;
use domain::ids::{AttributionDealId, AttributionModelId, CampaignId, CompanyId, TouchpointId};
use domain::insight::metrics::WRONG_RANGE;
use domain::insight::metrics::percent;
use domain::kernel::StringEnum;
use domain::marketing::attribution::CampaignCosts;
use domain::marketing::attribution::{
    AttributionBasis, AttributionFilter, AttributionGroup, AttributionReport, AttributionRow, CampaignRoi, OTHER_COMPANY, RoiFilter,
    return_on,
};
use domain::marketing::attribution_models::AttributionModel;
use domain::marketing::campaigns::Campaign;
use persistence::marketing::attribution_credits::Ask;
use persistence::marketing::campaigns::codes;
use persistence::marketing::{attribution_credits as rows, attribution_models};
use platform::followers;
use platform::prelude::*;

use super::attribution_credits::FOLLOWER;

pub fn operations(t: &mut Table) {
    t.tag("marketing/attribution", "What touches and campaigns earned by the books.");
    t.report("marketing/attribution", report, REPORT).fails(ROI_REFUSALS).counts_all(DEALS).rests_on(FOLLOWER).tag =
        "marketing/attribution".into();
    t.masked::<CampaignRoi>(FieldClass::Margin, &["numerator", "roi", "margin_amount"]);
}

/// What is credited to touches is the value of opportunities, orders and invoices of a company, whoever owns them.
pub const DEALS: &[&str] = &["crm.opportunities", "sales.orders"];

/// What reports of attribution can answer.
pub const ROI_REFUSALS: &[Code] = &[OTHER_COMPANY, WRONG_RANGE];

const REPORT: &str = "Get what touches earned. Pipeline, bookings, invoices, cash or margin of the company, as the books have them, split among the \
touches of all people of the account by a model; what no touch earned is shown apart, so that the total is that of the books to the cent.";

/// The model that is meant.
fn model_of(cx: &mut Cx, company: CompanyId, asked: Option<AttributionModelId>) -> Result<AttributionModel> {
    let id = match asked {
        Some(id) => id,
        None => attribution_models::first_linear(cx.db(), company)?
            .ok_or_else(|| problems::not_found.with("The company has no linear attribution model; name a model."))?,
    };
    let model = cx.find::<AttributionModel>(id)?;
    cx.ensure(model.company_id == company, OTHER_COMPANY, || format!("The model {} is of another company.", model.name))?;
    Ok(model)
}

fn check(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<()> {
    match from.zip(to).is_none_or(|(from, to)| from <= to) {
        true => Ok(()),
        false => Err(WRONG_RANGE.with("The days run backwards.")),
    }
}

/// `&day_gte=…&day_lte=…`
fn days(ask: &Ask, from: &str, to: &str) -> String {
    let mut path = String::new();
    if let Some(day) = ask.from {
        path.push_str(&format!("&{from}={day}"));
    }
    if let Some(day) = ask.to {
        path.push_str(&format!("&{to}={day}"));
    }
    path
}

fn credits(ask: &Ask) -> String {
    let (company, model, basis) = (ask.company, ask.model, ask.basis);
    format!("/v1/marketing/attribution-credits?company_id={company}&model_id={model}&basis={basis}{}", days(ask, "day_gte", "day_lte"))
}

fn side(text: &str, (amount, count): (Amount, i64), drill_down: String) -> MetricSide {
    MetricSide { text: text.into(), count, amount, drill_down: Some(drill_down) }
}

fn report(cx: &mut Cx, f: AttributionFilter) -> Result<AttributionReport> {
    check(f.from_date, f.to_date)?;
    let company = cx.find::<Company>(f.company_id)?;
    let model = model_of(cx, company.id, f.model_id)?;
    let basis = f.basis.unwrap_or(AttributionBasis::Invoiced);
    if basis == AttributionBasis::Margin {
        cx.require(FieldClass::Margin.permission())?;
    }
    let group_by = f.group_by.unwrap_or(AttributionGroup::Campaign);
    let ask = Ask { company: company.id, model: model.id, basis, from: f.from_date, to: f.to_date };
    let (total, deals) = rows::total(cx.db(), &ask)?;
    let (earned, earning) = rows::earned(cx.db(), &ask, None)?;
    let unearned = rows::unearned_deals(cx.db(), &ask)?;
    let limit = i64::from(f.limit.unwrap_or(100).clamp(1, 500));
    let found = rows::groups(cx.db(), &ask, group_by, limit)?;
    let shown: Amount = found.iter().map(|r| r.3).sum();
    let mut lines = Vec::with_capacity(found.len());
    for (id, word, name, amount) in found {
        let key = match group_by {
            AttributionGroup::Campaign => id.map(|id| CampaignId::from_uuid(id).to_string()).or(word),
            AttributionGroup::Touchpoint => id.map(|id| TouchpointId::from_uuid(id).to_string()),
            AttributionGroup::Deal => id.map(|id| AttributionDealId::from_uuid(id).to_string()),
            _ => word,
        };
        let filter = match group_by {
            AttributionGroup::Campaign if id.is_some() => "campaign_id",
            AttributionGroup::Touchpoint => "touchpoint_id",
            AttributionGroup::Deal => "deal_id",
            other => other.as_str(),
        };
        // no list can be asked for rows without a word, nor for a word of longer texts
        let listed = key.as_deref().and_then(|k| serde_urlencoded::to_string([(filter, k)]).ok());
        lines.push(AttributionRow {
            share_percent: percent(amount.get(), total.get())?,
            drill_down: listed.map(|l| format!("{}&unattributed=false&{l}", credits(&ask))).filter(|path| path.len() <= 500),
            key,
            name,
            amount,
        });
    }
    let as_of = followers::as_of(cx, FOLLOWER)?;
    let restatements =
        format!("/v1/marketing/attribution-restatements?company_id={}&basis={basis}{}", company.id, days(&ask, "day_gte", "day_lte"));
    Ok(AttributionReport {
        definition: format!(
            "{} By the model {}: touches of all people of the account in the {} days up to the conversion, those after it left out. Amounts \
             of a conversion are split by the largest remainder, so that they sum to the cent; each change of a document is split as it \
             happened and counts for the day of that document",
            basis_text(basis),
            model.name,
            model.lookback_days
        ),
        model_id: model.id,
        basis,
        group_by,
        currency: company.currency,
        is_ready: model.is_ready,
        as_of_seq: as_of.seq,
        as_of_at: as_of.at,
        total: side("all deals, as the books have them", (total, deals), restatements),
        attributed: side("what touches earned", (earned, earning), format!("{}&unattributed=false", credits(&ask))),
        unattributed: side(
            "deals without a touch in the window",
            (total - earned, unearned),
            format!("{}&unattributed=true", credits(&ask)),
        ),
        rest_amount: earned - shown,
        rows: lines,
    })
}

fn basis_text(basis: AttributionBasis) -> &'static str {
    match basis {
        AttributionBasis::Pipeline => {
            "Amounts of open opportunities without a confirmed order, by the day of their creation, at the rate of their last change."
        }
        AttributionBasis::Bookings => {
            "Confirmed orders before tax at the rate of the order; the amount of a won opportunity that has none."
        }
        AttributionBasis::Invoiced => "Posted invoices less credit notes before tax: what they posted to income accounts.",
        AttributionBasis::Cash => {
            "Payments allocated to invoices less those taken back and refunds, tax included, at the rates of the payments."
        }
        AttributionBasis::Margin => {
            "Posted invoices less credit notes before tax, less the cost of goods delivered and not returned, by the ledger."
        }
    }
}

const ROI: &str = "(margin − cost) ÷ cost. Margin is what touches of the campaign earned of invoices less credit notes less cost of goods, by the \
model. Cost is debit less credit of posted lines on expense accounts whose dimension `campaign` is the campaign's id or its name (in lower case, \
with spaces, hyphens or underscores). Without cost there is no return";

/// `GET /v1/marketing/campaigns/{id}/roi`
pub fn roi(cx: &mut Cx, id: CampaignId, f: RoiFilter) -> Result<CampaignRoi> {
    check(f.from_date, f.to_date)?;
    let campaign = cx.find::<Campaign>(id)?;
    let company = cx.find::<Company>(campaign.company_id)?;
    let model = model_of(cx, company.id, f.model_id)?;
    let ask = |basis| Ask { company: company.id, model: model.id, basis, from: f.from_date, to: f.to_date };
    let mut earned = |basis| rows::earned(cx.db(), &ask(basis), Some(id));
    let (margin, deals) = earned(AttributionBasis::Margin)?;
    let (bookings, invoiced) = (earned(AttributionBasis::Bookings)?.0, earned(AttributionBasis::Invoiced)?.0);
    let (cash, pipeline) = (earned(AttributionBasis::Cash)?.0, earned(AttributionBasis::Pipeline)?.0);
    let codes = codes::of(cx.db(), id)?;
    let (cost, lines) = cx.ask::<CampaignCosts>((company.id, &codes, f.from_date, f.to_date))?;
    let as_of = followers::as_of(cx, FOLLOWER)?;
    let behind = ask(AttributionBasis::Margin);
    let spent = format!(
        "/v1/accounting/gl-lines?company_id={}&campaign_id={id}{}",
        company.id,
        days(&behind, "posting_date_gte", "posting_date_lte")
    );
    Ok(CampaignRoi {
        campaign_id: id,
        model_id: model.id,
        is_ready: model.is_ready,
        as_of_seq: as_of.seq,
        as_of_at: as_of.at,
        definition: ROI.into(),
        currency: company.currency,
        numerator: side("attributed margin less cost", (margin - cost, deals), format!("{}&campaign_id={id}", credits(&behind))),
        denominator: side("what was spent on the campaign by the ledger", (cost, lines), spent),
        roi: return_on(margin, cost)?,
        margin_amount: margin,
        cost_amount: cost,
        bookings_amount: bookings,
        invoiced_amount: invoiced,
        cash_amount: cash,
        pipeline_amount: pipeline,
    })
}

// ---- what campaigns are called ------------------------------------------------------------------

/// A campaign has a name, or another one.
pub fn call(cx: &mut Cx, event: &Event) -> Result<()> {
    let Ok(id) = event.subject.parse::<CampaignId>() else { return Ok(()) };
    match persistence::record::find::<Campaign>(cx.db(), id.uuid())? {
        Some(campaign) => Ok(codes::write(cx.db(), &campaign)?),
        None => Ok(codes::forget(cx.db(), id).map(drop)?),
    }
}
