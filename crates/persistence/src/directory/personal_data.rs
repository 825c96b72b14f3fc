//! The rows of one person: found for an export, and emptied in an erasure. What is emptied in which table is said here as
//! data; a test plants words in every table and looks for them afterwards.

use chrono::{DateTime, Utc};
use domain::Entity;
use domain::crm::activities::Activity;
use domain::crm::leads::Lead;
use domain::crm::quotes::Quote;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::directory::personal_data::{ExportedRows, NOTHING, Terms};
use domain::ids::{ContactId, PartyId};
use domain::kernel::{Id, encode};
use domain::marketing::consent_confirmations::ConsentConfirmation;
use domain::marketing::lead_form_submissions::LeadFormSubmission;
use domain::marketing::touchpoints::Touchpoint;
use domain::platform::events::AuditEntry;
use domain::sales::orders::SalesOrder;
use domain::service::cases::Case;
use domain::service::cases::messages::CaseMessage;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::merging::UNDATED;
use super::references::{TO_CONTACTS, TO_PARTIES};
use crate::marketing::{consent_confirmations, lead_form_submissions};
use crate::platform::redactions::like;
use crate::value::{JsonText, Scalar};
use crate::{Conn, Record, Result, Statement, Value, record, sql};

/// The things that are about one person.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub parties: Vec<Uuid>,
    pub contacts: Vec<Uuid>,
    pub leads: Vec<Uuid>,
    pub opportunities: Vec<Uuid>,
    pub activities: Vec<Uuid>,
    pub cases: Vec<Uuid>,
    pub survey_responses: Vec<Uuid>,
    /// Quotes that were sent to the contacts, or signed with one of their addresses, whoever they are for.
    pub quotes: Vec<Uuid>,
    /// The orders that these became.
    pub orders: Vec<Uuid>,
    pub relationships: Vec<Uuid>,
    /// Entries of the ledger with a line of the person.
    pub journal_entries: Vec<Uuid>,
}

impl Person {
    /// What is about these parties or contacts, and leads with one of these addresses.
    pub fn find(db: &mut Conn, parties: &[PartyId], contacts: &[ContactId], mails: &[String]) -> Result<Self> {
        let mut it = Self { parties: uuids(parties), contacts: uuids(contacts), ..Self::default() };
        it.leads.extend(ids(db, sql!("SELECT id FROM leads WHERE converted_party_id IN ({})", crate::list(&it.parties)))?);
        it.leads.extend(ids(db, sql!("SELECT id FROM leads WHERE converted_contact_id IN ({})", crate::list(&it.contacts)))?);
        it.leads.extend(ids(db, sql!("SELECT id FROM leads WHERE email IN ({})", crate::list(mails)))?);
        it.opportunities.extend(ids(db, sql!("SELECT id FROM opportunities WHERE party_id IN ({})", crate::list(&it.parties)))?);
        for (column, of) in [("party_id", &it.parties), ("contact_id", &it.contacts)] {
            let mut s = Statement::new(format!("SELECT id FROM relationships WHERE {column} IN ("));
            it.relationships.extend(ids(db, s.append(sql!("{})", crate::list(of))).clone())?);
        }
        it.activities.extend(ids(db, sql!("SELECT id FROM activities WHERE party_id IN ({})", crate::list(&it.parties)))?);
        for chunk in it.leads.chunks(500) {
            it.activities.extend(ids(db, sql!("SELECT id FROM activities WHERE lead_id IN ({})", crate::list(chunk)))?);
        }
        it.cases.extend(ids(db, sql!("SELECT id FROM cases WHERE party_id IN ({})", crate::list(&it.parties)))?);
        it.cases.extend(ids(db, sql!("SELECT id FROM cases WHERE contact_id IN ({})", crate::list(&it.contacts)))?);
        it.cases.extend(ids(db, sql!("SELECT id FROM cases WHERE requester_email IN ({})", crate::list(mails)))?);
        for chunk in it.cases.chunks(500) {
            it.survey_responses.extend(ids(db, sql!("SELECT id FROM survey_responses WHERE case_id IN ({})", crate::list(chunk)))?);
        }
        it.quotes.extend(ids(db, sql!("SELECT id FROM quotes WHERE contact_id IN ({})", crate::list(&it.contacts)))?);
        for mail in mails {
            let signed =
                sql!("SELECT id FROM quotes WHERE answer IS NOT NULL AND LOWER(CAST(answer AS TEXT)) LIKE {} ESCAPE '!'", like(mail));
            it.quotes.extend(ids(db, signed)?);
        }
        for chunk in it.quotes.chunks(500) {
            it.orders.extend(ids(db, sql!("SELECT id FROM sales_orders WHERE quote_id IN ({})", crate::list(chunk)))?);
        }
        let entries = sql!("SELECT DISTINCT journal_entry_id FROM journal_lines WHERE party_id IN ({})", crate::list(&it.parties));
        it.journal_entries.extend(ids(db, entries)?);
        for list in [
            &mut it.leads,
            &mut it.relationships,
            &mut it.activities,
            &mut it.cases,
            &mut it.survey_responses,
            &mut it.quotes,
            &mut it.orders,
        ] {
            list.sort_unstable();
            list.dedup();
        }
        Ok(it)
    }
    /// Their ids as facts name them.
    pub fn subjects(&self) -> Vec<String> {
        let kinds = [
            ("pty", &self.parties),
            ("con", &self.contacts),
            ("lead", &self.leads),
            ("opp", &self.opportunities),
            ("act", &self.activities),
            ("rel", &self.relationships),
            ("case", &self.cases),
            ("svr", &self.survey_responses),
            ("quo", &self.quotes),
            ("so", &self.orders),
            ("je", &self.journal_entries),
        ];
        kinds.into_iter().flat_map(|(prefix, ids)| ids.iter().map(move |id| encode(prefix, *id))).collect()
    }
    /// Everything that is kept about the person, as the API shows it. Empty kinds are left out.
    pub fn export(&self, db: &mut Conn) -> Result<Vec<ExportedRows>> {
        let mut out = vec![
            ExportedRows { what: "parties.id".into(), rows: rows::<Party>(db, &self.parties)? },
            ExportedRows { what: "contacts.id".into(), rows: rows::<Contact>(db, &self.contacts)? },
            ExportedRows { what: "leads.id".into(), rows: rows::<Lead>(db, &self.leads)? },
            ExportedRows { what: "activities.id".into(), rows: rows::<Activity>(db, &self.activities)? },
            ExportedRows { what: "cases.id".into(), rows: rows::<Case>(db, &self.cases)? },
            ExportedRows { what: "lead_form_submissions.lead_id".into(), rows: parts::<LeadFormSubmission>(db, "lead_id", &self.leads)? },
            ExportedRows { what: "consent_confirmations.lead_id".into(), rows: parts::<ConsentConfirmation>(db, "lead_id", &self.leads)? },
            ExportedRows { what: "touchpoints.lead_id".into(), rows: parts::<Touchpoint>(db, "lead_id", &self.leads)? },
            ExportedRows { what: "case_messages.case_id".into(), rows: parts::<CaseMessage>(db, "case_id", &self.cases)? },
        ];
        for (references, ids) in [(TO_PARTIES, &self.parties), (TO_CONTACTS, &self.contacts)] {
            for reference in references {
                if let Some(read) = reference.read {
                    out.push(ExportedRows { what: reference.name(), rows: read(db, ids)? });
                }
            }
        }
        out.retain(|r| !r.rows.is_empty());
        Ok(out)
    }
    /// What happened to the person, the oldest first.
    pub fn events(&self, db: &mut Conn) -> Result<Vec<AuditEntry>> {
        let mut found = record::by::<AuditEntry>(db, "party_id", &self.parties)?;
        for chunk in self.subjects().chunks(500) {
            let mut s = record::select::<AuditEntry>();
            s.append(sql!(" WHERE subject IN ({})", crate::list(chunk)));
            found.extend(record::load::<AuditEntry>(db, &s)?);
        }
        found.sort_by_key(|e| e.id);
        found.dedup_by_key(|e| e.id);
        Ok(found)
    }
    /// The words that people wrote about the person, as rows: for learning what the person was called.
    pub fn leads(&self, db: &mut Conn) -> Result<Vec<Json>> {
        rows::<Lead>(db, &self.leads)
    }
    /// Empties what is about the person in every table but the person's own.
    pub fn wipe(&self, db: &mut Conn, terms: &Terms, now: DateTime<Utc>) -> Result<()> {
        // those to the person's own parties are emptied below
        for quote in record::find_all::<Quote>(db, &self.quotes)? {
            let mut left = quote.without_reader(terms);
            left.bump(now);
            record::update(db, &left, None)?;
        }
        for order in record::find_all::<SalesOrder>(db, &self.orders)? {
            let word = |text: &Option<String>| text.as_ref().map(|t| if terms.is_in(t) { NOTHING.to_string() } else { t.clone() });
            let (note, customer_reference) = (word(&order.note), word(&order.customer_reference));
            if (&note, &customer_reference) != (&order.note, &order.customer_reference) {
                let mut left = SalesOrder { note, customer_reference, ..order };
                left.bump(now);
                record::update(db, &left, None)?;
            }
        }
        lead_form_submissions::erase(db, &self.leads)?;
        consent_confirmations::erase(db, &self.leads, now)?;
        TOUCHPOINTS.run(db, "lead_id", &self.leads, now)?;
        for (wipe, ids) in
            [(&LEADS, &self.leads), (&ACTIVITIES, &self.activities), (&CASES, &self.cases), (&RELATIONSHIPS, &self.relationships)]
        {
            wipe.run(db, "id", ids, now)?;
        }
        for chunk in self.contacts.chunks(500) {
            sql!("DELETE FROM contact_preferences WHERE contact_id IN ({})", crate::list(chunk)).execute(db)?;
        }
        SURVEY_RESPONSES.run(db, "case_id", &self.cases, now)?;
        // the guard of the messages lets this word alone through
        for chunk in self.cases.chunks(500) {
            let words = sql!("UPDATE case_messages SET body = {} WHERE case_id IN ({})", NOTHING.to_string(), crate::list(chunk));
            words.execute(db)?;
        }
        for (wipe, column) in OF_PARTIES {
            wipe.run(db, column, &self.parties, now)?;
        }
        sql!("DELETE FROM party_merge_moves WHERE merge_id IN ({})", self.merges()).execute(db)?;
        sql!("DELETE FROM party_merges WHERE id IN ({})", self.merges()).execute(db)?;
        let (winners, losers) = (crate::list(&self.contacts), crate::list(&self.contacts));
        let found = sql!("SELECT id FROM contact_merges WHERE winner_id IN ({}) OR loser_id IN ({})", winners, losers);
        let merges = ids(db, found)?;
        sql!("DELETE FROM contact_merge_moves WHERE merge_id IN ({})", crate::list(&merges)).execute(db)?;
        sql!("DELETE FROM contact_merges WHERE id IN ({})", crate::list(&merges)).execute(db)?;
        Ok(())
    }
    /// The merges that keep what these parties were like.
    fn merges(&self) -> Statement {
        let (winners, losers) = (crate::list(&self.parties), crate::list(&self.parties));
        sql!("SELECT id FROM party_merges WHERE winner_id IN ({}) OR loser_id IN ({})", winners, losers)
    }
}

/// What is emptied in a table.
struct Wipe {
    table: &'static str,
    /// Becomes a word, because it must not be empty.
    words: &'static [&'static str],
    nulls: &'static [&'static str],
    objects: &'static [&'static str],
    lists: &'static [&'static str],
    /// What rows are found by.
    searches: &'static [&'static str],
}

const fn wipe(table: &'static str, nulls: &'static [&'static str]) -> Wipe {
    Wipe { table, words: &[], nulls, objects: &["metadata"], lists: &[], searches: &[] }
}

const LEADS: Wipe = Wipe {
    table: "leads",
    words: &["name", "last_name"],
    nulls: &[
        "first_name",
        "job_title",
        "organisation_name",
        "tax_id",
        "email",
        "phone",
        "phone_normalised",
        "website",
        "address",
        "external_id",
        "description",
        "disqualification_reason",
        "campaign",
        "first_touch",
        "last_touch",
    ],
    objects: &["utm", "metadata"],
    lists: &[],
    searches: &["search"],
};
const ACTIVITIES: Wipe =
    Wipe { words: &["subject"], lists: &["participants"], searches: &["search"], ..wipe("activities", &["body", "outcome"]) };
const CASES: Wipe = Wipe {
    words: &["subject"],
    searches: &["search"],
    ..wipe("cases", &["requester_name", "requester_email", "hold_reason", "resolution"])
};
/// By their case: what the customer added.
const SURVEY_RESPONSES: Wipe = Wipe { objects: &[], ..wipe("survey_responses", &["comment"]) };
const TOUCHPOINTS: Wipe =
    Wipe { objects: &["utm"], ..wipe("touchpoints", &["anonymous_id", "referrer", "landing_page", "landing_path", "click_id"]) };
const RELATIONSHIPS: Wipe = Wipe { objects: &[], ..wipe("relationships", &["title"]) };
/// By the column that leads to the party. Posted documents keep the names and addresses that law wants on them.
const OF_PARTIES: [(Wipe, &str); 8] = [
    (Wipe { words: &["name"], searches: &["search"], ..wipe("opportunities", &["description", "competitor", "loss_reason"]) }, "party_id"),
    (
        Wipe {
            words: &["title"],
            objects: &["customer", "metadata"],
            searches: &["search"],
            ..wipe("quotes", &["note", "customer_reference", "shipping_address", "answer", "win_problem"])
        },
        "party_id",
    ),
    (wipe("sales_orders", &["customer_reference", "ship_to", "note", "status_reason"]), "customer_id"),
    (wipe("deliveries", &["ship_to", "note", "tracking_number"]), "customer_id"),
    (wipe("customer_returns", &["reason"]), "customer_id"),
    (wipe("invoices", &[]), "customer_id"),
    (wipe("credit_notes", &[]), "customer_id"),
    (wipe("payments", &[]), "party_id"),
];

impl Wipe {
    fn run(&self, db: &mut Conn, column: &'static str, ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
        for chunk in ids.chunks(500) {
            let mut s = Statement::new(format!("UPDATE {} SET version = version + 1", self.table));
            if !UNDATED.contains(&self.table) {
                s.sql(", updated_at = ").push(now.put());
            }
            let json = |text: &str| Value::Json(JsonText(text.into()));
            for name in self.words {
                s.sql(format!(", {name} = ")).push(Value::Text(NOTHING.into()));
            }
            for name in self.nulls {
                s.sql(format!(", {name} = NULL"));
            }
            for name in self.objects {
                s.sql(format!(", {name} = ")).push(json("{}"));
            }
            for name in self.lists {
                s.sql(format!(", {name} = ")).push(json("[]"));
            }
            for name in self.searches {
                s.sql(format!(", {name} = ")).push(Value::Text(String::new()));
            }
            s.sql(format!(" WHERE {column} IN (")).append(sql!("{})", crate::list(chunk))).execute(db)?;
        }
        Ok(())
    }
}

/// Takes somebody out of the participants of what others do: those that name one of these ids or addresses. Their ids.
pub fn leave_activities(db: &mut Conn, needles: &[String], now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let mut left = Vec::new();
    for needle in needles {
        let text = sql!("SELECT id, participants FROM activities WHERE LOWER(CAST(participants AS TEXT)) LIKE {} ESCAPE '!'", like(needle));
        for (id, participants) in text.load::<(Uuid, Json)>(db)? {
            let is_other = |p: &&Json| !p.to_string().to_lowercase().contains(&needle.to_lowercase());
            let others: Vec<Json> = participants.as_array().into_iter().flatten().filter(is_other).cloned().collect();
            sql!(
                "UPDATE activities SET participants = {}, version = version + 1, updated_at = {} WHERE id = {}",
                Json::Array(others),
                now,
                id
            )
            .execute(db)?;
            left.push(id);
        }
    }
    left.sort_unstable();
    left.dedup();
    Ok(left)
}

/// What still goes on with these parties, as words: orders to ship or bill, invoices to post, money owed.
pub fn open_business(db: &mut Conn, parties: &[PartyId]) -> Result<Vec<&'static str>> {
    let parties = uuids(parties);
    let looks = [
        (
            "orders",
            sql!(
                "SELECT id FROM sales_orders WHERE customer_id IN ({}) AND (status = 'draft' \
                 OR (status = 'confirmed' AND (unshipped_amount <> 0 OR unbilled_amount <> 0))) LIMIT 1",
                crate::list(&parties)
            ),
        ),
        ("draft invoices", sql!("SELECT id FROM invoices WHERE customer_id IN ({}) AND status = 'draft' LIMIT 1", crate::list(&parties))),
        ("money owed", sql!("SELECT id FROM open_items WHERE party_id IN ({}) AND outstanding <> 0 LIMIT 1", crate::list(&parties))),
    ];
    let mut open = Vec::new();
    for (what, look) in looks {
        if look.first::<(Uuid,)>(db)?.is_some() {
            open.push(what);
        }
    }
    Ok(open)
}

fn uuids<I: Id>(ids: &[I]) -> Vec<Uuid> {
    ids.iter().map(|i| i.uuid()).collect()
}

fn ids(db: &mut Conn, statement: Statement) -> Result<Vec<Uuid>> {
    Ok(statement.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

fn rows<T: Record + Serialize>(db: &mut Conn, ids: &[Uuid]) -> Result<Vec<Json>> {
    parts::<T>(db, "id", ids)
}

fn parts<T: Record + Serialize>(db: &mut Conn, column: &'static str, ids: &[Uuid]) -> Result<Vec<Json>> {
    let found = record::by::<T>(db, column, ids)?;
    // plain data with string keys always has a JSON form
    Ok(found.iter().map(|row| serde_json::to_value(row).unwrap_or(Json::Null)).collect())
}
