//! Operations on cases. What happens to one afterwards is in [`self::steps`], its clocks in
//! [`self::clocks`].

pub mod clocks;
pub mod context;
pub mod overview;
pub mod recounts;
pub mod steps;

use chrono::TimeDelta;
use domain::directory::contacts::Contact;
use domain::directory::emails::INVALID_EMAIL;
use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::directory::timeline::TimelineEntry;
use domain::identity::users::DISABLED;
use domain::ids::{CaseId, PartyId};
use domain::inventory::serials::WasShippedTo;
use domain::platform::business_time::OUT_OF_REACH;
use domain::service::cases::messages::{CUSTOMER_INTERNAL, CUSTOMER_TIME, CaseMessage, MessageAuthor, ReplyToCase};
use domain::service::cases::*;
use domain::service::entitlements::Entitlement;
use domain::service::kb_articles::{NOT_PUBLISHED, TOO_MANY_ARTICLES};
use domain::service::queues::Queue;
use domain::service::sla_policies::SlaPolicy;
use domain::service::{entitlements, queues};
use persistence::Value;
use persistence::crm::activities;
use persistence::service::{cases as rows, sla_policies};
use platform::directory::timeline;
use platform::prelude::*;

use super::{entitlements as contracts, kb_articles};
use crate::service::cases::clocks::MOST_MERGED;

/// What choosing an assignee can answer.
const WHO: &[Code] = &[queues::ARCHIVED, NOT_A_MEMBER, DISABLED];
/// What counting on an entitlement can answer.
const COVER: &[Code] = &[entitlements::OTHER_PARTY, entitlements::NOT_COVERING, entitlements::EXHAUSTED, entitlements::CANCELLED];

const TIMELINE: &str =
    "List what happened to a case and to what came from it, newest first. Kinds that the caller may not read are left out.";

pub fn operations(t: &mut Table) {
    recounts::operations(t);
    t.each("service.cases.look_at_clocks", TimeDelta::minutes(1), clocks::BATCH, clocks::to_look_at, clocks::look);
    t.parts("service.cases.fill_order", TimeDelta::minutes(1), fill_order);
    t.each("service.cases.close", TimeDelta::minutes(1), clocks::BATCH, clocks::to_close, clocks::close);
    let mut n = t.noun::<Case>("service/cases", "What customers ask of service, with messages and service level.");
    n.searched(Words::titled("subject").codes(&["number", "serial_number"]).details(&["requester_name", "requester_email", "category"]));
    n.owned_by("assignee_id").takes_tags();
    n.list("List cases.")
        .filter(&["number", "status", "priority", "channel", "category", "queue_id", "assignee_id", "party_id", "contact_id"])
        .filter(&["product_id", "order_id", "serial_number", "entitlement_id", "sla_policy_id", "sla_state", "resolved_at"])
        .filter(&["first_response_due_at", "next_response_due_at", "resolution_due_at"])
        .flag("is_open", "Only rows that are neither resolved nor closed, or all others.", rows::is_open)
        .flag("is_unassigned", "Only rows without (`true`) or with (`false`) an assignee.", rows::is_unassigned)
        .search(&["search"])
        .sort(&["number", "first_response_due_at", "next_response_due_at", "resolution_due_at"])
        .sort_as("priority", "priority_rank")
        .sort_as("due_at", "due_at")
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Product>("product", "product_id")
        .expand::<Queue>("queue", "queue_id")
        .figures(
            Figures::by(&["status", "priority", "channel", "category", "queue_id", "assignee_id", "party_id", "product_id"])
                .and_by(&["sla_state", "impact", "urgency", "company_id"])
                .sum(&["spent_minutes"])
                .dates(&["created_at", "resolved_at", "closed_at", "resolution_due_at"]),
        );
    n.create(create, CREATE).fails(WHO).fails(COVER).fails(&[INVALID_EMAIL, ORDER_OF_ANOTHER, OUT_OF_REACH]).fails(&[UNKNOWN_SERIAL]);
    n.bulk(create);
    n.read("Get a case.")
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Product>("product", "product_id")
        .expand::<Queue>("queue", "queue_id")
        .expand::<Entitlement>("entitlement", "entitlement_id")
        .expand::<SlaPolicy>("sla_policy", "sla_policy_id");
    n.page_of::<TimelineEntry>("timeline", timeline::of_document::<Case>, TIMELINE)
        .filter_as("occurred_at", "at")
        .filter(&["kind", "subject"]);
    n.update(update, UPDATE).fails(&[CLOSED, MERGED, OUT_OF_REACH]).fails(&[UNKNOWN_SERIAL]);
    n.action_with("assign", steps::assign, ASSIGN).fails(WHO).fails(&[NOTHING_TO_ASSIGN, MERGED]);
    n.action_with("reply", steps::reply, REPLY).fails(&[CLOSED, MERGED, CUSTOMER_INTERNAL, CUSTOMER_TIME, OUT_OF_REACH]).fails(COVER);
    n.action_with("hold", steps::hold, HOLD).fails(&[MERGED, OUT_OF_REACH]);
    n.action("resume", steps::resume, RESUME).fails(&[MERGED, OUT_OF_REACH]);
    n.action_with("resolve", steps::resolve, RESOLVE).fails(&[MERGED, OUT_OF_REACH]);
    n.action("close", steps::close, "Close a resolved case. It can be opened again while its window lasts.").fails(&[MERGED]);
    n.action("reopen", steps::reopen, REOPEN).fails(&[MERGED, REOPEN_WINDOW_OVER, OUT_OF_REACH]);
    n.action_with("escalate", steps::escalate, ESCALATE).fails(WHO).fails(&[MERGED]);
    n.action_with("merge", steps::merge, MERGE).fails(&[
        MERGED,
        MERGED_INTO_ITSELF,
        MERGED_ACROSS_PARTIES,
        MERGED_INTO_CLOSED,
        OUT_OF_REACH,
    ]);
    n.action_with("link-article", kb_articles::link, LINK).fails(&[CLOSED, MERGED, NOT_PUBLISHED, TOO_MANY_ARTICLES]);
    n.action_with("unlink-article", kb_articles::unlink, "Take an article of the knowledge base from a case.").fails(&[CLOSED, MERGED]);
    n.view("sla", clocks::sla, SLA);
    n.view("context", context::context, CONTEXT);
    n.page_of::<CaseMessage>("messages", messages, MESSAGES).filter(&["author", "visibility"]);
}

/// Cases that are given their place in the orders in one turn.
const FILLED_AT_ONCE: usize = 200;

/// Gives cases from before there were these orders their place in them; whether there are more.
fn fill_order(cx: &mut Cx) -> Result<bool> {
    Ok(rows::fill_order(cx.db(), FILLED_AT_ONCE as i64)? == FILLED_AT_ONCE)
}

const CREATE: &str = "Create a case. It takes a number without gaps, counts on an entitlement of the customer that covers it, goes by \
that entitlement's service level or else the company's default, and is handed out by its queue. The description becomes its first message.";
const UPDATE: &str = "Change a case that is not closed. Another impact or urgency gives it another priority; the targets of that priority \
count from the creation of the case, and what has passed stays passed.";
const ASSIGN: &str = "Assign a case. With a queue and no user the queue hands it out; with a user, the user must work on the queue.";
const REPLY: &str = "Write to a case. A public message of an agent is a response and stops the clock that waits for one. A message of the \
customer takes a case off hold and opens a resolved or closed one again; when the window for that is over, a new case follows it and \
is the answer. Messages never change.";
const HOLD: &str = "Put a case on hold: it waits for the customer. The resolution clock is paused unless the policy says otherwise.";
const RESUME: &str = "Take a case off hold. What remained of its resolution is carried over in working time.";
const RESOLVE: &str = "Resolve a case. The customer may come back within the days that its policy allows; after them it is closed.";
const REOPEN: &str = "Reopen a resolved or closed case while its window lasts. The clock of the resolution goes on with what remained.";
const ESCALATE: &str = "Escalate a case to the next level, and perhaps to another queue or user. The reason becomes an internal message.";
const MERGE: &str = "Merge a case into another of the same customer. It is closed, its messages are shown with the other's, and the case \
it counted on its entitlement is given back. An unanswered question of the customer waits in the other case from then on; that case is reopened when it was resolved and resumed when it was on hold.";
const LINK: &str = "Say that an article of the knowledge base answers a case. Only published articles do; saying it again changes nothing.";
const SLA: &str = "Get the service level of a case, measured now in working time. Reading raises nothing; warnings and breaches are raised \
once, by the clock.";
const CONTEXT: &str = "Get a case with all that an agent needs beside it, in one answer from one moment: its service level and latest \
messages, the customer and the person, other cases, orders, deliveries, invoices and the pieces it has by serial number. Sections that the caller may not read are null and \
named in `withheld`.";
const MESSAGES: &str = "List the messages of a case and of those that were merged into it, the oldest first.";

fn create(cx: &mut Cx, mut new: NewCase) -> Result<Case> {
    let company = cx.company(new.company_id)?;
    check_links(cx, &mut new)?;
    let case = Case::new(cx.new_id(), &new, cx.now)?;
    check_serial(cx, &case)?;
    begin(cx, &company, case, &new, MessageAuthor::Customer)
}

/// Refuses the serial number of a piece that the customer never got. Where pieces of the product are not told apart, or no
/// product or customer is named, the number is what somebody read off.
fn check_serial(cx: &mut Cx, case: &Case) -> Result<()> {
    let (Some(party), Some(product), Some(number)) = (case.party_id, case.product_id, &case.serial_number) else { return Ok(()) };
    match cx.ask::<WasShippedTo>((party, product, number))? {
        Some(false) => Err(UNKNOWN_SERIAL.field("/serial_number", format!("{number} was never shipped to the customer."))),
        _ => Ok(()),
    }
}

/// Begins a case: its place and assignee, entitlement and service level, and at last its number.
pub(crate) fn begin(
    cx: &mut Cx,
    company: &domain::directory::companies::Company,
    case: Case,
    new: &NewCase,
    author: MessageAuthor,
) -> Result<Case> {
    let mut case = case;
    if new.queue_id.is_some() || new.assignee_id.is_some() {
        let to = AssignCase { queue_id: new.queue_id, assignee_id: new.assignee_id };
        let (queue, assignee) = steps::choose(cx, &case, to)?;
        case = case.assign(queue, assignee, cx.now)?;
    }
    let claim = contracts::Claim { party: case.party_id, product: case.product_id, wanted: new.entitlement_id };
    let entitlement = contracts::claim(cx, company, claim)?;
    case.entitlement_id = entitlement.as_ref().map(|e| e.id);
    let policy = match entitlement {
        Some(e) => Some(e.sla_policy_id),
        None => sla_policies::default_of(cx.db(), company.id)?,
    };
    let terms = match policy {
        Some(policy) => clocks::terms_now(cx, policy)?,
        None => None,
    };
    case = case.under(terms.as_ref())?;
    let first = new.description.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(|text| {
        let said = ReplyToCase {
            body: text.to_string(),
            author,
            visibility: domain::service::cases::messages::MessageVisibility::Public,
            channel: Some(case.channel),
            contact_id: case.contact_id,
            spent_minutes: 0,
        };
        message(cx, &case, said)
    });
    let today = cx.today(company);
    let case = cx.create_numbered(case, first.as_slice(), (company.id, "CASE", today), |case, number| case.number = number)?;
    if case.assignee_id.is_some() && new.assignee_id.is_none() {
        cx.emit(Event::of("assigned", &case));
    }
    Ok(case)
}

/// Stores a message.
pub(crate) fn write(cx: &mut Cx, case: &Case, said: ReplyToCase) -> Result<()> {
    let message = message(cx, case, said);
    cx.insert_all(&[message])
}

fn message(cx: &Cx, case: &Case, said: ReplyToCase) -> CaseMessage {
    CaseMessage {
        id: cx.new_id(),
        case_id: case.id,
        company_id: case.company_id,
        author: said.author,
        visibility: said.visibility,
        body: said.body,
        channel: said.channel.unwrap_or(case.channel),
        author_user_id: cx.caller.user_id,
        author_contact_id: said.contact_id,
        spent_minutes: said.spent_minutes,
        created_at: cx.now,
    }
}

fn update(cx: &mut Cx, id: CaseId, mut patch: CasePatch) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    if let Some(contact) = patch.contact_id.flatten() {
        patch.contact_id = Some(Some(cx.refer::<Contact>("/contact_id", contact)?.id));
    }
    if let Some(product) = patch.product_id.flatten() {
        cx.refer::<Product>("/product_id", product)?;
    }
    let terms = clocks::terms(cx, before.sla_policy_version_id)?;
    let after = before.clone().change(patch, terms.as_ref(), cx.now)?;
    if (after.product_id, &after.serial_number) != (before.product_id, &before.serial_number) {
        check_serial(cx, &after)?;
    }
    clocks::save(cx, &before, after, "updated")
}

fn messages(cx: &mut Cx, id: CaseId, mut list: List) -> Result<Page<CaseMessage>> {
    cx.find::<Case>(id)?;
    list.condition(of_thread(cx, id)?);
    cx.page(list)
}

/// Messages of a case and of those that were merged into it.
pub(crate) fn of_thread(cx: &mut Cx, id: CaseId) -> Result<Condition> {
    let mut cases = rows::merged_into(cx.db(), id, MOST_MERGED)?;
    cases.push(id);
    Ok(Condition::In("case_id", cases.into_iter().map(|c| Value::Uid(c.uuid())).collect()))
}

fn check_links(cx: &mut Cx, new: &mut NewCase) -> Result<()> {
    if let Some(party) = new.party_id {
        new.party_id = Some(cx.refer::<Party>("/party_id", party)?.id);
    }
    if let Some(contact) = new.contact_id {
        new.contact_id = Some(cx.refer::<Contact>("/contact_id", contact)?.id);
    }
    if let Some(product) = new.product_id {
        cx.refer::<Product>("/product_id", product)?;
    }
    if let Some(earlier) = new.follows_case_id
        && cx.refer::<Case>("/follows_case_id", earlier)?.company_id != new.company_id
    {
        return Err(problems::unknown_reference.field("/follows_case_id", "The case belongs to another company."));
    }
    if let Some(order) = new.order_id {
        check_order(cx, order.to_string(), new)?;
    }
    Ok(())
}

/// The order is known by what was last told of it: the back office keeps it.
fn check_order(cx: &mut Cx, order: String, new: &NewCase) -> Result<()> {
    const AT: &str = "/order_id";
    let Some((company, party)) = activities::last_told(cx.db(), &order)? else {
        return Err(problems::unknown_reference.field(AT, format!("There is no order {order}.")));
    };
    // what was told of it may name a party that was merged away since
    let party = party.map(|id| cx.find_survivor::<Party>(PartyId::from_uuid(id))).transpose()?.map(|p| p.id);
    let same_party = new.party_id.is_none() || party == new.party_id;
    if company != Some(new.company_id.uuid()) || !same_party {
        return Err(ORDER_OF_ANOTHER.field(AT, "Name an order of the customer and company of the case."));
    }
    Ok(())
}
