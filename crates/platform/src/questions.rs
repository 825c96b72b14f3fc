//! What one service may ask another. Facts go through events; questions go through these, plugged together in one
//! place. Only ids cross, never joins.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::Result;
use domain::directory::overview::{BalanceAsOf, FinanceOverview, FrontOverview, OrdersAsOf, OrdersOverview, OverviewPart};
use domain::identity::visibility::FieldClass;
use domain::ids::{AccountId, CompanyId, LeadId, OpportunityId, PartyId, ProductId};
use domain::insight::metrics::customers::{CustomerFigures, CustomerNarrow, PurchaseHistory, SalesAsk, SalesFacts, Spending};
use domain::inventory::serials::SerialsOverview;
use domain::kernel::{Amount, Quantity, problems};
use domain::marketing::attribution::{AttributionBasis, DealFigure, DealOrigin};
use domain::sales::delivery_overview::DeliveriesOverview;
use domain::sales::orders::{NewSalesOrder, SalesOrder};
use domain::tax::calculations::DocumentTax;
use serde::Serialize;
use utoipa::ToSchema;

use crate::cx::Cx;

/// How much of a product is there, over all warehouses of a company.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Availability {
    pub product_id: ProductId,
    /// What lies in the warehouses.
    pub on_hand: Quantity,
    /// What is promised to orders.
    pub reserved: Quantity,
    /// On hand less reserved.
    pub available: Quantity,
}

/// One step of a calculation: a value, the rule that made it, and what went in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// What this is: `gross`, `tax 19 %`, `unit cost`.
    #[schema(max_length = 200)]
    pub label: String,
    /// The value, as stored; null when the caller may not see such figures.
    #[schema(required, max_length = 200)]
    pub value: Option<String>,
    /// The rule and its rounding, as text.
    #[schema(max_length = 1000)]
    pub rule: String,
    /// The record that holds the value, when there is one.
    #[schema(required, max_length = 40)]
    pub source: Option<String>,
    /// What went into it.
    #[schema(max_items = 1000, no_recursion)]
    pub inputs: Vec<Explanation>,
    /// The fields that the caller may not see.
    #[schema(max_items = 10)]
    pub masked: Vec<String>,
    /// What kind of secret the value and what went into it are.
    #[serde(skip)]
    #[schema(ignore)]
    pub class: Option<FieldClass>,
}

impl Explanation {
    pub fn of(label: impl Into<String>, value: impl ToString, rule: impl Into<String>, inputs: Vec<Explanation>) -> Self {
        Self {
            label: label.into(),
            value: Some(value.to_string()),
            rule: rule.into(),
            source: None,
            inputs,
            masked: Vec::new(),
            class: None,
        }
    }
    /// A value that was given, not computed.
    pub fn given(label: impl Into<String>, value: impl ToString) -> Self {
        Self::of(label, value, "given", vec![])
    }
    /// Says that the value and what went into it are shown only to who may see fields of this class.
    pub fn of_class(mut self, class: FieldClass) -> Self {
        self.class = Some(class);
        self
    }
    /// Hides what the caller may not see.
    pub(crate) fn cover(&mut self, caller: &crate::caller::Caller) {
        if self.class.is_some_and(|c| !caller.sees(c)) {
            self.value = None;
            self.inputs.clear();
            self.masked = vec!["value".into(), "inputs".into()];
        }
        self.inputs.iter_mut().for_each(|i| i.cover(caller));
    }
    pub fn at(mut self, source: impl ToString) -> Self {
        self.source = Some(source.to_string());
        self
    }
}

/// One check of the books and what breaks it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Check {
    /// `trial_balance`, `stock_value`, …
    #[schema(max_length = 100)]
    pub name: String,
    /// The rule that must hold, as text.
    #[schema(max_length = 500)]
    pub rule: String,
    pub passed: bool,
    /// Number of records examined.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub examined: i64,
    /// What breaks it: ids and figures, at most 100.
    #[schema(max_items = 100)]
    pub breaks: Vec<String>,
}

impl Check {
    pub fn of(name: &str, rule: &str, examined: i64, breaks: Vec<String>) -> Self {
        let passed = breaks.is_empty();
        Self { name: name.into(), rule: rule.into(), passed, examined, breaks: breaks.into_iter().take(100).collect() }
    }
}

/// What a sale comes to: an order that nobody took down, priced and taxed as one that is, and its taxes by code.
#[derive(Debug, Clone)]
pub struct PricedSale {
    pub order: SalesOrder,
    pub taxes: Vec<DocumentTax>,
}

type Explainer = fn(&mut Cx, &str) -> Result<Explanation>;
type Numbers = fn(&mut Cx, CompanyId, &str) -> Result<Vec<String>>;
type Checker = fn(&mut Cx) -> Result<Vec<Check>>;
type About<R> = fn(&mut Cx, PartyId) -> Result<R>;
type ShippedTo = fn(&mut Cx, PartyId, ProductId, &str) -> Result<Option<bool>>;
type AsOf<R> = fn(&mut Cx, PartyId, NaiveDate) -> Result<R>;

/// What an area adds to the overview of a party: its name, the permission to see it, and who tells it. It must be bounded: a
/// count that an index answers and at most ten things, of the companies that the caller may see.
pub(crate) struct Joined {
    pub name: &'static str,
    pub permission: &'static str,
    pub tell: About<OverviewPart>,
}

type Scores = Vec<(i32, i32, i32, i64, Amount)>;
type CustomerPage = (Vec<CustomerFigures>, i64);

/// Who answers what customers bought, summed over all of them.
#[derive(Clone, Copy)]
pub struct CustomerAnswers {
    pub facts: fn(&mut Cx, &SalesAsk) -> Result<SalesFacts>,
    /// Recency, frequency, monetary, how many customers, their revenue.
    pub scores: fn(&mut Cx, &SalesAsk) -> Result<Scores>,
    /// A page by id, and how many there are.
    pub page: fn(&mut Cx, &SalesAsk, &CustomerNarrow, Option<PartyId>, i64) -> Result<CustomerPage>,
    /// What customers bought until a day, one by one and at most so many; or one of them.
    pub histories: fn(&mut Cx, CompanyId, NaiveDate, Option<PartyId>, i64) -> Result<Vec<PurchaseHistory>>,
    /// What was spent between two days to win customers: of these accounts, or as dimensions say.
    pub spending: fn(&mut Cx, CompanyId, (NaiveDate, NaiveDate), &[AccountId]) -> Result<Vec<Spending>>,
}

/// Who answers what deals brought by the books.
#[derive(Clone, Copy)]
pub struct DealAnswers {
    /// Which deal an order or invoice belongs to.
    pub origin: fn(&mut Cx, &str) -> Result<Option<DealOrigin>>,
    /// What one document brought: booked, invoiced, paid and earned, by day.
    pub figures: fn(&mut Cx, CompanyId, &str, &[AttributionBasis]) -> Result<Vec<DealFigure>>,
}

type CampaignCosts = fn(&mut Cx, CompanyId, &[String], Option<NaiveDate>, Option<NaiveDate>) -> Result<(Amount, i64)>;

/// Who answers what.
#[derive(Default)]
pub struct Questions {
    availability: Option<fn(&mut Cx, CompanyId, &[ProductId]) -> Result<Vec<Availability>>>,
    crm_overview: Option<About<FrontOverview>>,
    campaign_costs: Option<CampaignCosts>,
    customers: Option<CustomerAnswers>,
    deals: Option<DealAnswers>,
    quoted: Option<fn(&mut Cx, OpportunityId) -> Result<bool>>,
    lead_origin: Option<fn(&mut Cx, LeadId) -> Result<()>>,
    deliveries_overview: Option<About<DeliveriesOverview>>,
    sales_overview: Option<About<OrdersOverview>>,
    finance_overview: Option<About<FinanceOverview>>,
    serials_overview: Option<About<SerialsOverview>>,
    was_shipped_to: Option<ShippedTo>,
    finance_as_of: Option<AsOf<Vec<BalanceAsOf>>>,
    sales_as_of: Option<AsOf<OrdersAsOf>>,
    pub(crate) joined: Vec<Joined>,
    price_sale: Option<fn(&mut Cx, NewSalesOrder) -> Result<PricedSale>>,
    pub(crate) explainers: BTreeMap<&'static str, Explainer>,
    pub(crate) checks: Vec<Proof>,
    /// Who knows the numbers in use of a series: its code, and the numbers of a company with a prefix.
    pub(crate) numbered: BTreeMap<&'static str, Numbered>,
}

/// A check of the books.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    /// What a report can wait for.
    pub usual: Checker,
    /// The same from the very beginning, where that takes longer.
    pub whole: Option<fn(&std::sync::Arc<crate::app::App>) -> Result<Vec<Check>>>,
}

/// Who knows the numbers of a series.
#[derive(Clone, Copy)]
pub(crate) struct Numbered {
    /// Whether the series is whole, found without loading its numbers.
    pub summary: Option<fn(&mut Cx, CompanyId, &str) -> Result<persistence::platform::numbers::Summary>>,
    pub all: Numbers,
}

impl Questions {
    pub fn answer_availability(&mut self, f: fn(&mut Cx, CompanyId, &[ProductId]) -> Result<Vec<Availability>>) {
        self.availability = Some(f);
    }
    /// What was spent on a campaign by the ledger, and in how many lines.
    pub fn answer_campaign_costs(&mut self, f: CampaignCosts) {
        self.campaign_costs = Some(f);
    }
    /// What deals brought by the books.
    pub fn answer_deals(&mut self, answers: DealAnswers) {
        self.deals = Some(answers);
    }
    /// What customers bought, in figures for metrics.
    pub fn answer_customers(&mut self, answers: CustomerAnswers) {
        self.customers = Some(answers);
    }
    /// Whether the customer of a deal has a quote for it that was sent and is neither rejected nor expired.
    pub fn answer_quoted(&mut self, f: fn(&mut Cx, OpportunityId) -> Result<bool>) {
        self.quoted = Some(f);
    }
    /// Records where a new lead came from, as the marks of its link say.
    pub fn answer_lead_origin(&mut self, f: fn(&mut Cx, LeadId) -> Result<()>) {
        self.lead_origin = Some(f);
    }
    /// What the front office knows of a party: leads, deals, activities. Lists hold at most ten.
    pub fn answer_crm_overview(&mut self, f: fn(&mut Cx, PartyId) -> Result<FrontOverview>) {
        self.crm_overview = Some(f);
    }
    /// Deliveries to a party, of the companies that the caller may see.
    pub fn answer_deliveries_overview(&mut self, f: fn(&mut Cx, PartyId) -> Result<DeliveriesOverview>) {
        self.deliveries_overview = Some(f);
    }
    /// Orders of a party, of the companies that the caller may see.
    pub fn answer_sales_overview(&mut self, f: fn(&mut Cx, PartyId) -> Result<OrdersOverview>) {
        self.sales_overview = Some(f);
    }
    /// Invoices, balance, ageing and credit of a party, at the companies that the caller may see.
    pub fn answer_finance_overview(&mut self, f: fn(&mut Cx, PartyId) -> Result<FinanceOverview>) {
        self.finance_overview = Some(f);
    }
    /// What a customer has of products that are tracked by serial numbers, and whether a piece was shipped to a customer.
    pub fn answer_serials(&mut self, of: About<SerialsOverview>, was_shipped_to: ShippedTo) {
        (self.serials_overview, self.was_shipped_to) = (Some(of), Some(was_shipped_to));
    }
    /// What a party owed at the end of a day, exactly, at the companies that the caller may see.
    pub fn answer_finance_as_of(&mut self, f: AsOf<Vec<BalanceAsOf>>) {
        self.finance_as_of = Some(f);
    }
    /// What a party had on order at the end of a day, exactly, at the companies that the caller may see.
    pub fn answer_sales_as_of(&mut self, f: AsOf<OrdersAsOf>) {
        self.sales_as_of = Some(f);
    }
    /// Joins the overview of a party with a section that callers with this permission see; the others are told its name. What
    /// happens to a party joins its timeline by itself: as facts of things whose `party` it is.
    pub fn join_overview(&mut self, name: &'static str, permission: &'static str, tell: fn(&mut Cx, PartyId) -> Result<OverviewPart>) {
        self.joined.push(Joined { name, permission, tell });
    }
    /// Prices and taxes what may become an order.
    pub fn answer_price_sale(&mut self, f: fn(&mut Cx, NewSalesOrder) -> Result<PricedSale>) {
        self.price_sale = Some(f);
    }
    /// Explains records whose id has this prefix.
    pub fn explain(&mut self, prefix: &'static str, f: Explainer) {
        self.explainers.insert(prefix, f);
    }
    /// Documents of this kind take their `number` from the series with this code; the series is proved by them.
    pub fn numbered<T: persistence::Record>(&mut self, code: &'static str) {
        use persistence::platform::numbers;
        self.numbered.insert(
            code,
            Numbered {
                summary: Some(|cx, company, prefix| Ok(numbers::summary::<T>(cx.db(), domain::kernel::Id::uuid(company), prefix)?)),
                all: |cx, company, prefix| Ok(numbers::used::<T>(cx.db(), domain::kernel::Id::uuid(company), prefix)?),
            },
        );
    }
    /// As [`Questions::numbered`], for documents of which several may share a number.
    pub fn numbered_by(&mut self, code: &'static str, f: Numbers) {
        self.numbered.insert(code, Numbered { summary: None, all: f });
    }
    /// Checks of the books.
    pub fn check(&mut self, f: Checker) {
        self.checks.push(Proof { usual: f, whole: None });
    }
    /// A check that usually looks at what is new and, in a verification, at the whole.
    pub(crate) fn check_what_is_new(&mut self, new: Checker, whole: fn(&std::sync::Arc<crate::app::App>) -> Result<Vec<Check>>) {
        self.checks.push(Proof { usual: new, whole: Some(whole) });
    }
}

/// How much of these products is there. Products that were never stocked are left out.
pub fn availability(cx: &mut Cx, company: CompanyId, products: &[ProductId]) -> Result<Vec<Availability>> {
    match cx.app().questions.availability {
        Some(answer) if !products.is_empty() => answer(cx, company, products),
        _ => Ok(Vec::new()),
    }
}

/// What was spent on what is called by one of these words in the dimension `campaign` of journal lines, between two days, and in
/// how many lines.
pub fn campaign_costs(
    cx: &mut Cx,
    company: CompanyId,
    codes: &[String],
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<(Amount, i64)> {
    cx.app().questions.campaign_costs.map_or_else(|| Ok((Amount::ZERO, 0)), |answer| answer(cx, company, codes, from, to))
}

/// Which deal an order or invoice belongs to; nothing when there is no such document.
pub fn deal_origin(cx: &mut Cx, document: &str) -> Result<Option<DealOrigin>> {
    cx.app().questions.deals.map_or(Ok(None), |a| (a.origin)(cx, document))
}

/// What an order, invoice, credit note, delivery or return brought, of these kinds of money, by day.
pub fn document_figures(cx: &mut Cx, company: CompanyId, document: &str, of: &[AttributionBasis]) -> Result<Vec<DealFigure>> {
    cx.app().questions.deals.map_or_else(|| Ok(Vec::new()), |a| (a.figures)(cx, company, document, of))
}

/// What customers bought, all together.
pub fn customer_facts(cx: &mut Cx, ask: &SalesAsk) -> Result<SalesFacts> {
    cx.app().questions.customers.map_or_else(|| Ok(SalesFacts::default()), |a| (a.facts)(cx, ask))
}

/// How many customers bought how lately, how often and for how much.
pub fn customer_scores(cx: &mut Cx, ask: &SalesAsk) -> Result<Scores> {
    cx.app().questions.customers.map_or_else(|| Ok(Vec::new()), |a| (a.scores)(cx, ask))
}

/// What customers bought, one by one: a page by id, and how many there are.
pub fn customers(cx: &mut Cx, ask: &SalesAsk, which: &CustomerNarrow, after: Option<PartyId>, limit: i64) -> Result<CustomerPage> {
    cx.app().questions.customers.map_or_else(|| Ok((Vec::new(), 0)), |a| (a.page)(cx, ask, which, after, limit))
}

/// What customers bought until a day, one by one and at most so many; or one of them.
pub fn purchase_histories(
    cx: &mut Cx,
    company: CompanyId,
    until: NaiveDate,
    party: Option<PartyId>,
    limit: i64,
) -> Result<Vec<PurchaseHistory>> {
    cx.app().questions.customers.map_or_else(|| Ok(Vec::new()), |a| (a.histories)(cx, company, until, party, limit))
}

/// What was spent between two days to win customers: of these accounts, or without any as the dimensions of the ledger say.
pub fn acquisition_costs(cx: &mut Cx, company: CompanyId, days: (NaiveDate, NaiveDate), accounts: &[AccountId]) -> Result<Vec<Spending>> {
    cx.app().questions.customers.map_or_else(|| Ok(Vec::new()), |a| (a.spending)(cx, company, days, accounts))
}

/// Whether a deal has a quote that still stands; nobody who could know of one means that there is none.
pub fn quoted(cx: &mut Cx, deal: OpportunityId) -> Result<bool> {
    cx.app().questions.quoted.map_or(Ok(false), |answer| answer(cx, deal))
}

/// Records where a new lead came from, for whoever keeps the touches of leads.
pub fn record_lead_origin(cx: &mut Cx, lead: LeadId) -> Result<()> {
    cx.app().questions.lead_origin.map_or(Ok(()), |record| record(cx, lead))
}

/// What the front office knows of a party.
pub fn crm_overview(cx: &mut Cx, party: PartyId) -> Result<FrontOverview> {
    cx.app().questions.crm_overview.map_or_else(|| Ok(FrontOverview::default()), |answer| answer(cx, party))
}

/// Deliveries to a party.
pub fn deliveries_overview(cx: &mut Cx, party: PartyId) -> Result<DeliveriesOverview> {
    cx.app().questions.deliveries_overview.map_or_else(|| Ok(DeliveriesOverview::default()), |answer| answer(cx, party))
}

/// Orders of a party.
pub fn sales_overview(cx: &mut Cx, party: PartyId) -> Result<OrdersOverview> {
    cx.app().questions.sales_overview.map_or_else(|| Ok(OrdersOverview::default()), |answer| answer(cx, party))
}

/// Invoices, balance, ageing and credit of a party.
pub fn finance_overview(cx: &mut Cx, party: PartyId) -> Result<FinanceOverview> {
    cx.app().questions.finance_overview.map_or_else(|| Ok(FinanceOverview::default()), |answer| answer(cx, party))
}

/// What a customer has of products that are tracked by serial numbers.
pub fn serials_overview(cx: &mut Cx, party: PartyId) -> Result<SerialsOverview> {
    cx.app().questions.serials_overview.map_or_else(|| Ok(SerialsOverview::default()), |answer| answer(cx, party))
}

/// Whether a piece of a product was shipped to a customer; nothing when pieces of it are not told apart.
pub fn was_shipped_to(cx: &mut Cx, party: PartyId, product: ProductId, number: &str) -> Result<Option<bool>> {
    cx.app().questions.was_shipped_to.map_or(Ok(None), |answer| answer(cx, party, product, number))
}

/// What a party owed at the end of a day.
pub fn finance_as_of(cx: &mut Cx, party: PartyId, day: NaiveDate) -> Result<Vec<BalanceAsOf>> {
    cx.app().questions.finance_as_of.map_or_else(|| Ok(Vec::new()), |answer| answer(cx, party, day))
}

/// What a party had on order at the end of a day.
pub fn sales_as_of(cx: &mut Cx, party: PartyId, day: NaiveDate) -> Result<OrdersAsOf> {
    cx.app().questions.sales_as_of.map_or_else(|| Ok(OrdersAsOf::default()), |answer| answer(cx, party, day))
}

/// What a sale would come to. Nothing is stored; the customer need not be one yet.
///
/// # Errors
/// What taking the order down would be refused with because of its lines, taxes and currency; the places are those of the
/// order. `internal` when nobody sells.
pub fn price_sale(cx: &mut Cx, sale: NewSalesOrder) -> Result<PricedSale> {
    match cx.app().questions.price_sale {
        Some(answer) => answer(cx, sale),
        None => Err(problems::internal.with("No pricing provider is registered.")),
    }
}

/// All checks of the books, one after the other, in one snapshot.
pub fn run_checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let app = cx.app().clone();
    let mut out = Vec::new();
    for check in &app.questions.checks {
        out.extend((check.usual)(cx)?);
    }
    Ok(out)
}

/// The typed id in the path of an explanation.
pub fn id_in<I: domain::kernel::Id>(text: &str) -> Result<I> {
    text.parse().map_err(|_| problems::not_found.with(format!("There is nothing with the id {text}.")))
}
