//! Who one person is, and the rows that lead to the person: found for an export, and emptied in an erasure. What the rows of
//! each noun hold is declared beside them; see `personal.rs`.

use chrono::{DateTime, Utc};
use domain::directory::address_keys::AddressKind;
use domain::directory::personal_data::{ExportedRows, Terms};
use domain::facts::AuditEntry;
use domain::ids::PartyId;
use domain::kernel::{Id, encode};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::declarations;
pub use crate::found::Portion;
use crate::found::{self, Found, Keys};
use crate::reference::Target;
use crate::{Conn, Result, Statement, list, record, sql};

/// One person, whichever records stand for the person, and all rows that lead there.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub parties: Vec<Uuid>,
    pub contacts: Vec<Uuid>,
    pub leads: Vec<Uuid>,
    keys: Keys,
    pub found: Found,
}

/// Where the person's own rows are.
const OWN: [&str; 3] = ["parties", "contacts", "leads"];

/// Where one begins to look.
#[derive(Debug, Clone, Copy)]
pub enum Seed {
    /// A person, or an organisation, which is nobody else.
    Party(Uuid, bool),
    Contact(Uuid),
    Lead(Uuid),
}

impl Person {
    /// Everybody who is the person: those merged away, what a lead became, leads with the mailbox, and contacts and people among
    /// the parties with the mailbox and the name.
    pub fn find(db: &mut Conn, seed: Seed) -> Result<Self> {
        let mut it = Self::default();
        let mut is_person = true;
        match seed {
            Seed::Party(id, person) => {
                it.parties.push(id);
                is_person = person;
            }
            Seed::Contact(id) => it.contacts.push(id),
            Seed::Lead(id) => it.leads.push(id),
        }
        let mailboxes = loop {
            let before = (it.parties.len(), it.contacts.len(), it.leads.len());
            let known = it.mailboxes(db)?;
            it.grow(db, is_person, &known)?;
            if (it.parties.len(), it.contacts.len(), it.leads.len()) == before {
                break known;
            }
        };
        let numbers = it.numbers(db)?;
        let names = [("pty", &it.parties), ("con", &it.contacts), ("lead", &it.leads)];
        it.keys = Keys {
            parties: it.parties.clone(),
            contacts: it.contacts.clone(),
            leads: it.leads.clone(),
            hashes: mailboxes
                .iter()
                .map(|m| AddressKind::Mailbox.hash(m))
                .chain(numbers.iter().map(|n| AddressKind::Phone.hash(n)))
                .collect(),
            names: names.into_iter().flat_map(|(prefix, ids)| ids.iter().map(move |id| encode(prefix, *id))).collect(),
            mailboxes,
        };
        it.found = found::find(db, &it.keys)?;
        Ok(it)
    }
    fn grow(&mut self, db: &mut Conn, is_person: bool, mailboxes: &[String]) -> Result<()> {
        let (parties, contacts, leads) = (self.parties.clone(), self.contacts.clone(), self.leads.clone());
        self.parties.extend(ids(db, sql!("SELECT id FROM parties WHERE merged_into IN ({})", list(&parties)))?);
        self.contacts.extend(ids(db, sql!("SELECT id FROM contacts WHERE merged_into IN ({})", list(&contacts)))?);
        self.leads.extend(ids(db, sql!("SELECT id FROM leads WHERE converted_party_id IN ({})", list(&parties)))?);
        self.leads.extend(ids(db, sql!("SELECT id FROM leads WHERE converted_contact_id IN ({})", list(&contacts)))?);
        for chunk in mailboxes.chunks(500) {
            // a lead that became somebody else is that somebody
            let same = sql!(
                "SELECT id FROM leads WHERE lower(email) IN ({}) AND (converted_contact_id IS NULL OR converted_contact_id IN ({}))",
                list(chunk),
                list(&contacts)
            );
            self.leads.extend(ids(db, same)?);
        }
        if is_person {
            for chunk in leads.chunks(500) {
                let became =
                    sql!("SELECT converted_contact_id FROM leads WHERE converted_contact_id IS NOT NULL AND id IN ({})", list(chunk));
                self.contacts.extend(ids(db, became)?);
                let became = sql!(
                    "SELECT p.id FROM leads l JOIN parties p ON p.id = l.converted_party_id WHERE p.kind = 'person' AND l.id IN ({})",
                    list(chunk)
                );
                self.parties.extend(ids(db, became)?);
            }
            let names = self.called(db)?;
            for chunk in mailboxes.chunks(500).filter(|_| !names.is_empty()) {
                let same = sql!(
                    "SELECT c.id FROM contact_emails e JOIN contacts c ON c.id = e.contact_id WHERE e.address IN ({}) AND fold(c.name) IN ({})",
                    list(chunk),
                    list(&names)
                );
                self.contacts.extend(ids(db, same)?);
                let same = sql!(
                    "SELECT p.id FROM party_emails e JOIN parties p ON p.id = e.party_id WHERE e.address IN ({}) AND p.kind = 'person' \
                     AND fold(p.name) IN ({})",
                    list(chunk),
                    list(&names)
                );
                self.parties.extend(ids(db, same)?);
            }
        }
        for list in [&mut self.parties, &mut self.contacts, &mut self.leads] {
            // the one that was asked for stays the first
            let mut seen = std::collections::HashSet::new();
            list.retain(|id| seen.insert(*id));
        }
        Ok(())
    }
    /// The mailboxes, as they compare. Those of whoever was merged away stand with the one that stayed.
    fn mailboxes(&self, db: &mut Conn) -> Result<Vec<String>> {
        let mut out = texts(db, sql!("SELECT address FROM party_emails WHERE party_id IN ({})", list(&self.parties)))?;
        out.extend(texts(db, sql!("SELECT address FROM contact_emails WHERE contact_id IN ({})", list(&self.contacts)))?);
        out.extend(texts(db, sql!("SELECT lower(email) FROM leads WHERE email IS NOT NULL AND id IN ({})", list(&self.leads)))?);
        out.sort_unstable();
        out.dedup();
        Ok(out)
    }
    fn numbers(&self, db: &mut Conn) -> Result<Vec<String>> {
        let mut out = texts(db, sql!("SELECT number FROM party_phones WHERE party_id IN ({})", list(&self.parties)))?;
        out.extend(texts(db, sql!("SELECT number FROM contact_phones WHERE contact_id IN ({})", list(&self.contacts)))?);
        let of_leads = sql!("SELECT phone_normalised FROM leads WHERE phone_normalised IS NOT NULL AND id IN ({})", list(&self.leads));
        out.extend(texts(db, of_leads)?);
        Ok(out)
    }
    /// What the person is called, folded.
    fn called(&self, db: &mut Conn) -> Result<Vec<String>> {
        let mut out = texts(db, sql!("SELECT fold(name) FROM parties WHERE kind = 'person' AND id IN ({})", list(&self.parties)))?;
        out.extend(texts(db, sql!("SELECT fold(name) FROM contacts WHERE id IN ({})", list(&self.contacts)))?);
        let of_leads = sql!(
            "SELECT fold(TRIM(COALESCE(first_name, '') || ' ' || last_name)) FROM leads WHERE last_name IS NOT NULL AND id IN ({})",
            list(&self.leads)
        );
        out.extend(texts(db, of_leads)?);
        out.sort_unstable();
        out.dedup();
        Ok(out)
    }
    /// The ids of all rows as facts name them.
    pub fn subjects(&self) -> Vec<String> {
        let mut all = self.found.subjects();
        all.extend(self.keys.names.iter().cloned());
        all.sort_unstable();
        all.dedup();
        all
    }
    /// Everything that is kept about the person, as the API shows it. Empty kinds are left out.
    pub fn export(&self, db: &mut Conn) -> Result<Vec<ExportedRows>> {
        let mut out: Vec<ExportedRows> = Vec::new();
        for (target, ids) in [(Target::Party, &self.parties), (Target::Contact, &self.contacts)] {
            for reference in declarations::references(target) {
                out.push(ExportedRows { what: reference.name(), rows: reference.rows(db, ids)? });
            }
        }
        out.sort_by(|a, b| a.what.cmp(&b.what));
        for (what, rows) in self.found.rows(db)? {
            if out.iter().all(|r| r.what != what) {
                out.push(ExportedRows { what, rows });
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
            s.append(sql!(" WHERE subject IN ({})", list(chunk)));
            found.extend(record::load::<AuditEntry>(db, &s)?);
        }
        found.sort_by_key(|e| e.id);
        found.dedup_by_key(|e| e.id);
        Ok(found)
    }
    /// The person's own rows as the API shows them: parties, contacts and leads.
    pub fn own(&self, db: &mut Conn) -> Result<Vec<Json>> {
        self.found.rows_of(db, &OWN)
    }
    /// The rows to empty but for the person's own, at most so many together.
    pub fn portions(&self, most: usize) -> Vec<Portion> {
        self.found.portions(&OWN, most)
    }
    /// The ids of the person's own rows as facts name them.
    pub fn names(&self) -> &[String] {
        &self.keys.names
    }
    /// Empties what is about the person in every table but the person's own parties and contacts.
    pub fn wipe(&self, db: &mut Conn, terms: &Terms, now: DateTime<Utc>) -> Result<()> {
        self.found.wipe(db, &self.keys, terms, now)
    }
}

/// What still goes on with these parties, as words: orders to ship or bill, invoices to post, money owed.
pub fn open_business(db: &mut Conn, parties: &[PartyId]) -> Result<Vec<&'static str>> {
    let parties: Vec<Uuid> = parties.iter().map(|i| i.uuid()).collect();
    let looks = [
        (
            "orders",
            sql!(
                "SELECT id FROM sales_orders WHERE customer_id IN ({}) AND (status = 'draft' \
                 OR (status = 'confirmed' AND (unshipped_amount <> 0 OR unbilled_amount <> 0))) LIMIT 1",
                list(&parties)
            ),
        ),
        ("draft invoices", sql!("SELECT id FROM invoices WHERE customer_id IN ({}) AND status = 'draft' LIMIT 1", list(&parties))),
        ("money owed", sql!("SELECT id FROM open_items WHERE party_id IN ({}) AND outstanding <> 0 LIMIT 1", list(&parties))),
    ];
    let mut open = Vec::new();
    for (what, look) in looks {
        if look.first::<(Uuid,)>(db)?.is_some() {
            open.push(what);
        }
    }
    Ok(open)
}

fn ids(db: &mut Conn, statement: Statement) -> Result<Vec<Uuid>> {
    Ok(statement.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

fn texts(db: &mut Conn, statement: Statement) -> Result<Vec<String>> {
    Ok(statement.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}
