//! What the front office says of a party in the customer overview: open deals with their value, leads, what is to be
//! done next and when somebody was last in touch.

use domain::crm::activities::Activity;
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::crm::pipelines::Stage;
use domain::crm::quotes::{Quote, QuoteStatus};
use domain::directory::companies::Company;
use domain::directory::overview::{
    ActivitySummary, CustomerValue, DealValue, FrontOverview, LeadSummary, OpportunitySummary, OverviewItem, OverviewPart, TOP,
};
use domain::directory::parties::Party;
use domain::ids::PartyId;
use domain::ids::StageId;
use domain::insight::clv::HORIZON_DAYS;
use domain::insight::metrics::customers::PurchaseHistories;
use persistence::crm::quotes;
use persistence::insight::clv_fits;
use persistence::insight::overview as rows;
use platform::prelude::*;

use crate::insight::clv;

/// The front office's part of the overview of a party, of the companies the caller may see.
pub fn of_party(cx: &mut Cx, party: PartyId) -> Result<FrontOverview> {
    let may = |cx: &Cx, noun: &str| cx.caller.may(&format!("crm.{noun}.read"));
    let mut out = FrontOverview::default();
    if may(cx, "opportunities") {
        let seen = cx.visible_in_companies::<Opportunity>()?;
        out.open_opportunity_count = rows::deal_count(cx.db(), party, "open", &seen)?;
        out.won_opportunity_count = rows::deal_count(cx.db(), party, "won", &seen)?;
        let open = rows::open_deals(cx.db(), party, &seen, TOP)?;
        out.open_opportunities = in_brief(cx, open)?;
        let won = rows::won_deals(cx.db(), party, &seen, TOP)?;
        out.won_opportunities = in_brief(cx, won)?;
        let value = |(currency, amount, weighted_amount)| DealValue { currency, amount, weighted_amount };
        out.open_opportunity_values = rows::open_values(cx.db(), party, &seen)?.into_iter().map(value).collect();
    }
    if may(cx, "leads") {
        let seen = cx.visible_in_companies::<Lead>()?;
        out.open_lead_count = rows::lead_count(cx.db(), party, &seen)?;
        let leads = rows::open_leads(cx.db(), party, &seen, TOP)?;
        let lead = |l: Lead| LeadSummary {
            id: l.id.to_string(),
            title: l.name.chars().take(300).collect(),
            status: l.status.to_string(),
            created_at: l.created_at,
        };
        out.open_leads = leads.into_iter().map(lead).collect();
    }
    if may(cx, "activities") {
        let seen = cx.visible_in_companies::<Activity>()?;
        out.open_activity_count = rows::open_activity_count(cx.db(), party, &seen)?;
        let next = rows::next_activities(cx.db(), party, &seen, TOP)?;
        let activity =
            |a: Activity| ActivitySummary { id: a.id.to_string(), kind: a.kind.to_string(), subject: a.subject, due_at: a.due_at };
        out.next_activities = next.into_iter().map(activity).collect();
        out.last_touch_at = rows::last_touch(cx.db(), party, &seen)?;
    }
    if cx.may_on::<Party>(clv::SEE, party)? {
        out.customer_values = values(cx, party)?;
    }
    Ok(out)
}

/// What a party is worth to the companies that the caller may see and that it bought from; of the first ten companies.
fn values(cx: &mut Cx, party: PartyId) -> Result<Vec<CustomerValue>> {
    let list = List::first(TOP);
    let mut out = Vec::new();
    for company in cx.page::<Company>(list)?.data {
        let today = cx.today(&company);
        let Some(bought) = cx.ask::<PurchaseHistories>((company.id, today, Some(party), 1))?.pop() else { continue };
        let outlook = match clv_fits::latest(cx.db(), company.id)? {
            Some(fit) => Some(clv::outlook(&fit, &bought, &company, today, HORIZON_DAYS)?),
            None => None,
        };
        out.push(CustomerValue {
            company_id: company.id,
            margin_amount: bought.margin(),
            churn_risk_percent: outlook.as_ref().and_then(|o| o.churn_risk_percent),
            expected_margin_amount: outlook.map(|o| o.expected_margin_amount),
            link: format!("/v1/directory/parties/{party}/clv?company_id={}", company.id),
            currency: company.currency,
        });
    }
    Ok(out)
}

fn in_brief(cx: &mut Cx, found: Vec<Opportunity>) -> Result<Vec<OpportunitySummary>> {
    let ids: Vec<StageId> = found.iter().map(|o| o.stage_id).collect();
    let stages = cx.find_all::<Stage>(&ids)?;
    let summary = |o: Opportunity| OpportunitySummary {
        stage: stages.iter().find(|s| s.id == o.stage_id).map(|s| s.name.clone()).unwrap_or_default(),
        id: o.id.to_string(),
        name: o.name,
        amount: o.amount,
        weighted_amount: o.weighted_amount,
        currency: o.currency,
        probability: Some(o.probability_percent),
        expected_close_date: o.expected_close_date,
    };
    Ok(found.into_iter().map(summary).collect())
}

/// The quotes of a party, of the companies the caller may see: how many are drafts or with the customer, and the latest.
pub fn quotes_of(cx: &mut Cx, party: PartyId) -> Result<OverviewPart> {
    let seen = cx.visible_in_companies::<Quote>()?;
    let open_count = quotes::open_count(cx.db(), party, &seen)?;
    let latest = quotes::latest(cx.db(), party, &seen, TOP)?;
    let item = |q: Quote| OverviewItem {
        id: q.id.to_string(),
        company_id: Some(q.company_id),
        number: q.number,
        title: q.title,
        status: q.status.to_string(),
        amount: Some(q.total),
        currency: Some(q.currency),
        created_at: q.created_at,
        due_at: q.expires_at.filter(|_| q.status == QuoteStatus::Sent),
    };
    let link = format!("/v1/crm/quotes?party_id={party}");
    Ok(OverviewPart { name: "quotes".into(), open_count, latest: latest.into_iter().map(item).collect(), link })
}
