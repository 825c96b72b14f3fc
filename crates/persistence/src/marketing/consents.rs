//! Rows of the consent ledger, what proves them, and the last word of each subject, which is kept beside the ledger so
//! that audiences of many thousands are judged by a join.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::directory::address_keys::AddressKind;
use domain::ids::ConsentId;
use domain::kernel::{Id, StringEnum};
use domain::marketing::consents::{AddressWord, Consent, ConsentChannel, ConsentEvidence, ConsentStatus, LastWord};
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::personal::{Personal, To, by, kept};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, Statement, list, record, sql};

record! {
    consents: Consent {
        id: uid, company_id: opt(uid), party_id: opt(uid), contact_id: opt(uid), lead_id: opt(uid), channel: word,
        topic: opt(text), status: word, lawful_basis: word, effective_at: instant, expires_at: opt(instant),
        evidence_hash: text, carried_from_id: opt(uid), version: int, created_at: instant,
    }
    unstored { evidence }
    complete = complete
}

fn complete(db: &mut Conn, rows: &mut [Consent]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|c| c.id.uuid()).collect();
    let found = sql!("SELECT consent_id, evidence FROM consent_evidence WHERE consent_id IN ({})", list(&ids));
    let mut found: HashMap<Uuid, serde_json::Value> = found.load::<(Uuid, serde_json::Value)>(db)?.into_iter().collect();
    for row in rows {
        let kept = found.remove(&row.id.uuid());
        row.evidence = kept.map(serde_json::from_value::<ConsentEvidence>).transpose().map_err(|e| crate::Error::Broken(e.to_string()))?;
    }
    Ok(())
}

/// Writes what belongs to a new row beside the ledger: its evidence, and the last word, unless a later one stands; also that
/// of the mailboxes or numbers of the subject, by their hashes.
pub fn note(db: &mut Conn, consent: &Consent, subject: Uuid, hashes: &[String]) -> Result<()> {
    if let Some(evidence) = &consent.evidence {
        let json = serde_json::to_value(evidence).map_err(|e| crate::Error::Broken(e.to_string()))?;
        sql!("INSERT INTO consent_evidence (consent_id, evidence) VALUES ({}, {})", consent.id.uuid(), json).execute(db)?;
    }
    put_state(db, consent, subject)?;
    for hash in hashes {
        sql!(
            "INSERT INTO consent_addresses (address_hash, channel, topic, consent_id, status, strictness, effective_at) \
             VALUES ({}, {}, {}, {}, {}, {}, {}) ON CONFLICT (address_hash, channel, topic) DO UPDATE SET \
             consent_id = excluded.consent_id, status = excluded.status, strictness = excluded.strictness, \
             effective_at = excluded.effective_at WHERE excluded.effective_at > consent_addresses.effective_at \
             OR (excluded.effective_at = consent_addresses.effective_at AND excluded.strictness >= consent_addresses.strictness)",
            hash.clone(),
            consent.channel.as_str(),
            consent.topic.clone().unwrap_or_default(),
            consent.id.uuid(),
            consent.status.as_str(),
            consent.status.strictness(),
            consent.effective_at
        )
        .execute(db)?;
    }
    Ok(())
}

fn put_state(db: &mut Conn, consent: &Consent, subject: Uuid) -> Result<usize> {
    sql!(
        "INSERT INTO consent_states (subject, channel, topic, consent_id, status, strictness, effective_at, expires_at) \
         VALUES ({}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT (subject, channel, topic) DO UPDATE SET \
         consent_id = excluded.consent_id, status = excluded.status, strictness = excluded.strictness, \
         effective_at = excluded.effective_at, expires_at = excluded.expires_at \
         WHERE excluded.effective_at > consent_states.effective_at OR (excluded.effective_at = consent_states.effective_at \
         AND excluded.strictness >= consent_states.strictness)",
        subject,
        consent.channel.as_str(),
        consent.topic.clone().unwrap_or_default(),
        consent.id.uuid(),
        consent.status.as_str(),
        consent.status.strictness(),
        consent.effective_at,
        consent.expires_at
    )
    .execute(db)
}

/// Takes back what a merge carried from the loser to the winner, so that the last words of the winner are again what was said
/// about the winner. The rows stay in the ledger, marked as returned.
pub fn take_back(db: &mut Conn, winner: Uuid, loser: Uuid, merge: Uuid, now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO consent_returns (consent_id, merge_id, returned_at) SELECT c.id, {}, {} FROM consents c \
         JOIN consents f ON f.id = c.carried_from_id WHERE (c.party_id = {} OR c.contact_id = {}) \
         AND (f.party_id = {} OR f.contact_id = {}) AND NOT EXISTS (SELECT 1 FROM consent_returns r WHERE r.consent_id = c.id)",
        merge,
        now,
        winner,
        winner,
        loser,
        loser
    )
    .execute(db)?;
    sql!("DELETE FROM consent_states WHERE subject = {}", winner).execute(db)?;
    let mut s = record::select::<Consent>();
    s.append(sql!(
        " WHERE (party_id = {} OR contact_id = {}) AND NOT EXISTS (SELECT 1 FROM consent_returns r WHERE r.consent_id = consents.id) \
         ORDER BY id",
        winner,
        winner
    ));
    for consent in record::load_bare::<Consent>(db, &s)? {
        put_state(db, &consent, winner)?;
    }
    Ok(())
}

/// What was last said at these mailboxes or numbers, by hash.
pub fn address_words(db: &mut Conn, hashes: &[String]) -> Result<HashMap<String, Vec<AddressWord>>> {
    let mut out: HashMap<String, Vec<AddressWord>> = HashMap::new();
    for chunk in hashes.chunks(500) {
        let found =
            sql!("SELECT address_hash, channel, topic, consent_id, status FROM consent_addresses WHERE address_hash IN ({})", list(chunk));
        for (hash, channel, topic, consent, status) in found.load::<(String, String, String, Uuid, String)>(db)? {
            let unknown = |what: &str| crate::Error::Broken(format!("unknown word {what} in consent_addresses"));
            out.entry(hash).or_default().push(AddressWord {
                consent: ConsentId::from_uuid(consent),
                channel: ConsentChannel::from_word(&channel).ok_or_else(|| unknown(&channel))?,
                topic: Some(topic).filter(|t| !t.is_empty()),
                status: ConsentStatus::from_word(&status).ok_or_else(|| unknown(&status))?,
            });
        }
    }
    Ok(out)
}

type StateRow = (Uuid, String, String, Uuid, String, chrono::DateTime<chrono::Utc>, Option<chrono::DateTime<chrono::Utc>>);

/// The last words of these subjects.
pub fn last_words(db: &mut Conn, subjects: &[Uuid]) -> Result<HashMap<Uuid, Vec<LastWord>>> {
    let found = sql!(
        "SELECT subject, channel, topic, consent_id, status, effective_at, expires_at FROM consent_states WHERE subject IN ({})",
        list(subjects)
    );
    let mut out: HashMap<Uuid, Vec<LastWord>> = HashMap::new();
    for (subject, channel, topic, consent, status, effective_at, expires_at) in found.load::<StateRow>(db)? {
        let unknown = |what: &str| crate::Error::Broken(format!("unknown word {what} in consent_states"));
        out.entry(subject).or_default().push(LastWord {
            consent: ConsentId::from_uuid(consent),
            channel: ConsentChannel::from_word(&channel).ok_or_else(|| unknown(&channel))?,
            topic: Some(topic).filter(|t| !t.is_empty()),
            status: ConsentStatus::from_word(&status).ok_or_else(|| unknown(&status))?,
            effective_at,
            expires_at,
        });
    }
    Ok(out)
}

/// The mailboxes or numbers that each of these parties, contacts or leads has, in the form that compares. Nobody's household
/// is known.
pub fn addresses_of(db: &mut Conn, kind: AddressKind, subjects: &[Uuid]) -> Result<HashMap<Uuid, Vec<String>>> {
    let (of_party, of_contact, of_lead) = match kind {
        AddressKind::Mailbox => ("address FROM party_emails", "address FROM contact_emails", "lower(email)"),
        AddressKind::Phone => ("number FROM party_phones", "number FROM contact_phones", "phone_normalised"),
        AddressKind::Household => return Ok(HashMap::new()),
    };
    let mut found = Statement::new(format!("SELECT party_id, {of_party} WHERE party_id IN ("));
    found.append(sql!("{})", list(subjects))).sql(format!(" UNION ALL SELECT contact_id, {of_contact} WHERE contact_id IN ("));
    found
        .append(sql!("{})", list(subjects)))
        .sql(format!(" UNION ALL SELECT id, {of_lead} FROM leads WHERE {of_lead} IS NOT NULL AND id IN ("));
    found.append(sql!("{})", list(subjects)));
    let mut out: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (subject, address) in found.load::<(Uuid, String)>(db)? {
        out.entry(subject).or_default().push(address);
    }
    Ok(out)
}

/// How many rows the ledger has, and up to ten last words that are not those of the ledger.
pub fn wrong_states(db: &mut Conn) -> Result<(i64, Vec<ConsentId>)> {
    let count = sql!("SELECT COUNT(*) FROM consents").first::<(i64,)>(db)?.map_or(0, |r| r.0);
    let wrong = sql!(
        "SELECT c.id FROM consents c LEFT JOIN consent_states s ON s.subject = COALESCE(c.party_id, c.contact_id, c.lead_id) \
         AND s.channel = c.channel AND s.topic = COALESCE(c.topic, '') \
         WHERE NOT EXISTS (SELECT 1 FROM consent_returns r WHERE r.consent_id = c.id) AND (s.subject IS NULL OR (s.consent_id = c.id AND s.status <> c.status) OR s.effective_at < c.effective_at OR (s.effective_at = c.effective_at AND s.strictness < \
         CASE c.status WHEN 'withdrawn' THEN 2 WHEN 'pending_doi' THEN 1 ELSE 0 END)) ORDER BY c.id LIMIT 10"
    );
    Ok((count, wrong.load::<(Uuid,)>(db)?.into_iter().map(|r| ConsentId::from_uuid(r.0)).collect()))
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Consent>()
    .ways(&[by("party_id", To::Party), by("contact_id", To::Contact), by("lead_id", To::Lead)])
    .plain(&["channel", "topic", "status", "lawful_basis", "evidence_hash"])
    .with_owner();

/// What `consent_evidence` holds of a person.
pub const EVIDENCE: Personal =
    Personal::table("consent_evidence").ways(&[by("consent_id", To::Row("consents"))]).columns(&[kept("evidence")]).deleted();

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_party::<Consent>("party_id", OnMerge::Stay), Reference::to_contact::<Consent>("contact_id", OnMerge::Stay)];

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "consents", columns: &[] }];
