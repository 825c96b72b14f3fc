//! Why a deal is worth what it is, and whether all deals are worth what they must be.

use domain::crm::opportunities::{AmountSource, Opportunity};
use domain::crm::quotes::Quote;
use domain::ids::{CompanyId, OpportunityId, QuoteId};
use domain::kernel::StringEnum;
use persistence::crm::quotes;
use persistence::crm::reports::{self as rows, DealFacts};
use platform::prelude::*;
use platform::questions::{Check, Explanation};

/// Deals read at once.
const BATCH: i64 = 2_000;
/// Breaks named at most.
const NAMED: usize = 100;

/// The weighted amount of a deal: amount times probability, and where both come from.
pub fn explain(cx: &mut Cx, id: &str) -> Result<Explanation> {
    cx.require("crm.opportunities.read")?;
    let id: OpportunityId = id.parse().map_err(|_| problems::not_found.with(format!("{id:?} is no opportunity.")))?;
    let deal = cx.find::<Opportunity>(id)?;
    let probability = match (deal.probability_is_manual, deal.closed_at.is_some()) {
        (_, true) => Explanation::of("probability in percent", deal.probability_percent, "100 when won, 0 when lost", vec![]),
        (true, _) => Explanation::given("probability in percent, stated by hand", deal.probability_percent),
        (false, _) => Explanation::of("probability in percent", deal.probability_percent, "that of the stage", vec![]).at(deal.stage_id),
    };
    let rule = "amount × probability / 100, rounded half away from zero to the minor unit of the currency";
    let inputs = vec![amount_of(&deal), probability];
    Ok(Explanation::of(format!("weighted amount in {}", deal.currency), deal.weighted_amount, rule, inputs).at(deal.id))
}

/// Where the total of a quote comes from: price, discount, tax.
pub fn explain_quote(cx: &mut Cx, id: &str) -> Result<Explanation> {
    cx.require("crm.quotes.read")?;
    let id: QuoteId = id.parse().map_err(|_| problems::not_found.with(format!("{id:?} is no quote.")))?;
    let quote = cx.find::<Quote>(id)?;
    let rule = match quote.prices_include_tax {
        true => "the price has the tax inside: what remains of it is the net",
        false => "computed on the net",
    };
    let mut inputs = vec![
        Explanation::of("net", quote.net_total, "sum of the nets of all lines and freight", vec![]),
        Explanation::of("tax", quote.tax_total, "sum of the taxes of all lines and freight", vec![]),
    ];
    inputs.extend(quote.lines.iter().map(|l| {
        let given = vec![
            Explanation::given("quantity", l.quantity),
            Explanation::given("price", l.unit_price),
            Explanation::given("discount %", l.discount_percent),
        ];
        let amount = "quantity × price × (100 − discount) ÷ 100, rounded half away from zero to the minor unit";
        let net = Explanation::of("net", l.net_amount, rule, vec![Explanation::of("line amount", l.line_amount, amount, given)]);
        let codes = l.tax_code_ids.iter().map(|c| Explanation::given("tax code", c).at(c)).collect();
        let tax = Explanation::of("tax", l.tax_amount, rule, codes);
        Explanation::of(format!("line {}: {}", l.position, l.description), l.gross_amount, "net plus tax", vec![net, tax]).at(l.id)
    }));
    if !quote.freight_amount.is_zero() {
        let freight = vec![Explanation::given("freight", quote.freight_amount)];
        inputs.push(Explanation::of("freight with tax", quote.freight_gross, "freight and the tax of its class", freight));
    }
    Ok(Explanation::of("total", quote.total, "net plus tax", inputs).at(quote.id))
}

fn amount_of(deal: &Opportunity) -> Explanation {
    if deal.amount_source == AmountSource::Manual {
        return Explanation::given("amount, stated by hand", deal.amount);
    }
    let line = |l: &domain::crm::opportunities::OpportunityLine| {
        let rule = "quantity × unit price × (100 − discount) / 100, rounded half away from zero to the minor unit of the currency";
        let inputs = vec![
            Explanation::given("quantity", l.quantity),
            Explanation::given("unit price", l.unit_price),
            Explanation::given("discount in percent", l.discount_percent),
        ];
        Explanation::of(l.description.chars().take(200).collect::<String>(), l.net_amount, rule, inputs).at(l.id)
    };
    Explanation::of("amount", deal.amount, "the sum of the lines", deal.lines.iter().map(line).collect())
}

/// Every deal: amounts from lines are their sums, won means 100 and closed, lost means 0 and omitted, and the weighted
/// amount follows.
pub fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let only = &cx.only();
    let (mut examined, mut sums, mut states, mut weights) = (0, Vec::new(), Vec::new(), Vec::new());
    let mut after = OpportunityId::from_uuid(Default::default()).uuid();
    loop {
        let batch = rows::deals_to_check(cx.db(), only, after, BATCH)?;
        let Some(last) = batch.last() else { break };
        after = last.id.uuid();
        examined += batch.len() as i64;
        for deal in &batch {
            note(&mut sums, breaks_sum(deal));
            note(&mut states, breaks_state(deal));
            note(&mut weights, breaks_weight(deal));
        }
    }
    Ok(vec![
        Check::of("opportunity_amounts", "The amount of a deal with lines is their sum.", examined, sums),
        Check::of(
            "opportunity_states",
            "Won deals have 100 percent and are closed, lost ones 0 and are omitted, open ones neither.",
            examined,
            states,
        ),
        Check::of("opportunity_weights", "The weighted amount is the amount times the probability.", examined, weights),
    ])
}

fn note(breaks: &mut Vec<String>, found: Option<String>) {
    if breaks.len() < NAMED {
        breaks.extend(found);
    }
}

fn breaks_sum(d: &DealFacts) -> Option<String> {
    let wrong = d.amount_source == AmountSource::Lines.as_str() && d.amount != d.lines;
    wrong.then(|| format!("{}: amount {}, lines {}", d.id, d.amount, d.lines))
}

fn breaks_state(d: &DealFacts) -> Option<String> {
    let right = match &*d.status {
        "won" => d.probability == Rate::from(100) && d.category == "closed",
        "lost" => d.probability.is_zero() && d.category == "omitted" && d.weighted.is_zero(),
        _ => d.category != "closed",
    };
    (!right).then(|| format!("{}: {} with {} percent and category {}", d.id, d.status, d.probability, d.category))
}

fn breaks_weight(d: &DealFacts) -> Option<String> {
    let expected = Opportunity::weighted(d.amount, d.probability, &d.currency).ok();
    let shown = expected.as_ref().map_or("none".to_string(), ToString::to_string);
    (expected != Some(d.weighted)).then(|| format!("{}: weighted {}, expected {shown}", d.id, d.weighted))
}

/// Every quote: its lines and freight sum to its total, and a converted one is exactly one order.
pub fn quote_checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let only = &cx.only();
    let examined = quotes::count(cx.db(), only)?;
    let unsound = quotes::unsound(cx.db(), only)?.into_iter().map(|(id, net, tax, total, lines, freight)| {
        let id = QuoteId::from_uuid(id);
        format!("{id}: net {net}, tax {tax}, total {total}; the lines sum to {lines}, freight is {freight}")
    });
    let unsound: Vec<String> = unsound.collect();
    let orders = quotes::without_their_order(cx.db(), only)?.into_iter();
    let orders: Vec<String> = orders.map(|(id, n)| format!("{}: {n} orders", QuoteId::from_uuid(id))).collect();
    Ok(vec![
        Check::of("quote_totals", "Net and tax of a quote are its total, and so are its lines and freight with tax.", examined, unsound),
        Check::of("quote_orders", "A converted quote is exactly one order.", examined, orders),
    ])
}

/// The numbers of quotes in use, each once whatever the revisions.
pub fn quote_numbers(cx: &mut Cx, company: CompanyId, prefix: &str) -> Result<Vec<String>> {
    Ok(quotes::numbers(cx.db(), company.uuid(), prefix)?)
}
