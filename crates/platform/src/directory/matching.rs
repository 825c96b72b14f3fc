//! Looking for those who may be the same: of a party or contact that is there, and of one that is being entered.

use domain::directory::contacts::Contact;
use domain::directory::matching::{
    ContactMatch, ContactMatches, LEAST_SCORE, MOST_MATCHES, MatchContact, MatchParty, PartyMatch, PartyMatches, Traits,
};
use domain::directory::parties::Party;
use domain::ids::{ContactId, PartyId};
use persistence::directory::{contacts, parties};
use persistence::platform::settings;
use serde_json::json;
use uuid::Uuid;

use crate::prelude::*;

/// Candidates that are compared at most.
const COMPARED: usize = 100;

/// Parties that may be the same as this one.
pub fn of_party(cx: &mut Cx, id: PartyId, _: NoFilter) -> Result<PartyMatches> {
    let party = cx.find::<Party>(id)?;
    like_party(cx, &Traits::of_party(&party), Some(id))
}

/// Parties that may be the same as one with these values.
pub fn parties_like(cx: &mut Cx, draft: MatchParty) -> Result<PartyMatches> {
    like_party(cx, &Traits::of_party_draft(&draft)?, draft.except_id)
}

fn like_party(cx: &mut Cx, traits: &Traits, except: Option<PartyId>) -> Result<PartyMatches> {
    let mut found = parties::candidates(cx.db(), traits, COMPARED)?;
    found.retain(|id| Some(*id) != except);
    let mut matches: Vec<PartyMatch> = cx
        .find_all::<Party>(&found)?
        .into_iter()
        .filter(|p| p.merged_into.is_none() && p.erased_at.is_none())
        .map(|party| {
            let (score, reasons) = traits.compare(&Traits::of_party(&party));
            PartyMatch { score, reasons, party }
        })
        .filter(|m| m.score >= LEAST_SCORE)
        .collect();
    matches.sort_by_key(|m| (std::cmp::Reverse(m.score), m.party.id));
    matches.truncate(MOST_MATCHES);
    Ok(PartyMatches { matches })
}

/// People who may be the same as this one.
pub fn of_contact(cx: &mut Cx, id: ContactId, _: NoFilter) -> Result<ContactMatches> {
    let contact = cx.find::<Contact>(id)?;
    like_contact(cx, &Traits::of_contact(&contact), Some(id))
}

/// People who may be the same as one with these values.
pub fn contacts_like(cx: &mut Cx, draft: MatchContact) -> Result<ContactMatches> {
    like_contact(cx, &Traits::of_contact_draft(&draft)?, draft.except_id)
}

fn like_contact(cx: &mut Cx, traits: &Traits, except: Option<ContactId>) -> Result<ContactMatches> {
    let mut found = contacts::candidates(cx.db(), traits, COMPARED)?;
    found.retain(|id| Some(*id) != except);
    let mut matches: Vec<ContactMatch> = cx
        .find_all::<Contact>(&found)?
        .into_iter()
        .map(|contact| {
            let (score, reasons) = traits.compare(&Traits::of_contact(&contact));
            ContactMatch { score, reasons, contact }
        })
        .filter(|m| m.score >= LEAST_SCORE)
        .collect();
    matches.sort_by_key(|m| (std::cmp::Reverse(m.score), m.contact.id));
    matches.truncate(MOST_MATCHES);
    Ok(ContactMatches { matches })
}

/// How far the keys of those who were there before there were keys have been written.
const PROGRESS: &str = "directory.match_keys.facets";
/// Owners whose keys are written in one turn.
const BATCH: i64 = 500;

/// Writes the keys of parties and contacts from before there were keys, a batch each turn; afterwards it does nothing.
pub fn catch_up(cx: &mut Cx) -> Result<bool> {
    let kept = settings::get(cx.db(), PROGRESS)?.unwrap_or_default();
    if kept["done"] == true {
        return Ok(false);
    }
    let at = |name: &str| kept[name].as_str().and_then(|t| t.parse::<Uuid>().ok()).unwrap_or_default();
    let parties_left = parties::after(cx.db(), at("parties"), BATCH)?;
    for party in &parties_left {
        parties::write_keys(cx.db(), party)?;
    }
    let contacts_left = contacts::after(cx.db(), at("contacts"), BATCH)?;
    for contact in &contacts_left {
        contacts::write_keys(cx.db(), contact)?;
    }
    let progress = json!({
        "parties": parties_left.last().map_or_else(|| at("parties"), |p| p.id.uuid()),
        "contacts": contacts_left.last().map_or_else(|| at("contacts"), |c| c.id.uuid()),
        "done": (parties_left.len() as i64) < BATCH && (contacts_left.len() as i64) < BATCH,
    });
    let (now, more) = (cx.now, progress["done"] != true);
    settings::set(cx.db(), PROGRESS, progress, now)?;
    Ok(more)
}

/// Whether two states of one owner are found by other names, numbers or addresses.
pub fn differ(before: &Traits, after: &Traits) -> bool {
    before != after
}
