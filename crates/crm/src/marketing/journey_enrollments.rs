//! Operations on people on the way through journeys, and what takes them off it at once: a word of theirs, an address that
//! fails, an erasure, a merge.

use domain::crm::leads::Lead;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::ids::{ContactId, JourneyEnrollmentId, LeadId, PartyId};
use domain::kernel::StringEnum;
use domain::marketing::consents::{ConsentChannel, ConsentReason, ConsentStatus, judge};
use domain::marketing::journey_enrollments::{JourneyEnrollment, JourneyOutcome};
use domain::marketing::journeys::Journey;
use persistence::Uuid;
use persistence::marketing::journey_enrollments::As;
use persistence::marketing::{consents, journey_enrollments as rows};
use platform::prelude::*;

use super::journeys;
use super::people::PEOPLE;
use crate::marketing::journeys::runs;

/// People with one address who leave at once.
const MOST: i64 = 200;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<JourneyEnrollment>("marketing/journey-enrollments", "People on the way through journeys: where each is and how it ended.");
    n.about(PEOPLE);
    n.list("List people on the way through journeys.")
        .filter(&["journey_id", "status", "outcome", "step", "party_id", "contact_id", "lead_id", "created_at", "ended_at"])
        .expand::<Journey>("journey", "journey_id")
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Lead>("lead", "lead_id")
        .rests_on(runs::FOLLOWER);
    n.read("Get an enrolment in a journey.")
        .expand::<Journey>("journey", "journey_id")
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Lead>("lead", "lead_id");
    n.action("exit", exit, "Remove a person from a journey. A waiting message is not sent.");
}

fn exit(cx: &mut Cx, id: JourneyEnrollmentId) -> Result<JourneyEnrollment> {
    let before = cx.load_for_update::<JourneyEnrollment>(id)?;
    runs::end(cx, before, JourneyOutcome::ByHand)
}

// ---- what others tell ---------------------------------------------------------------------------

fn subject_of(event: &Event) -> Option<Uuid> {
    let of = |name: &str| event.data[name].as_str();
    let party = of("party_id").and_then(|id| id.parse::<PartyId>().ok()).map(Id::uuid);
    let contact = of("contact_id").and_then(|id| id.parse::<ContactId>().ok()).map(Id::uuid);
    let lead = of("lead_id").and_then(|id| id.parse::<LeadId>().ok()).map(Id::uuid);
    party.or(contact).or(lead)
}

/// Who wants no more leaves every journey that the word is about.
pub fn opted_out(cx: &mut Cx, event: &Event) -> Result<()> {
    let is = |name: &str, word: &str| event.data[name] == *word;
    if !is("status", ConsentStatus::Withdrawn.as_str()) || !is("channel", ConsentChannel::Email.as_str()) {
        return Ok(());
    }
    let Some(subject) = subject_of(event) else { return Ok(()) };
    let on_the_way = rows::open_of(cx.db(), subject)?;
    if on_the_way.is_empty() {
        return Ok(());
    }
    let words = consents::last_words(cx.db(), &[subject])?.remove(&subject).unwrap_or_default();
    for enrollment in on_the_way {
        let version = journeys::version_of(cx, &enrollment)?;
        let reason = judge(&words, ConsentChannel::Email, version.topic.as_deref(), cx.now).reason;
        if matches!(reason, ConsentReason::OptedOut | ConsentReason::Withdrawn) {
            runs::end(cx, enrollment, JourneyOutcome::OptedOut)?;
        }
    }
    Ok(())
}

/// Who cannot be reached any more leaves.
pub fn suppressed(cx: &mut Cx, event: &Event) -> Result<()> {
    let (Some(address), true) = (event.data["address"].as_str(), event.data["channel"] == *ConsentChannel::Email.as_str()) else {
        return Ok(());
    };
    for enrollment in rows::reached_at(cx.db(), address, MOST)? {
        runs::end(cx, enrollment, JourneyOutcome::Suppressed)?;
    }
    Ok(())
}

/// Who is erased leaves.
pub fn erased(cx: &mut Cx, event: &Event) -> Result<()> {
    let Some(subject) = event.subject.rsplit_once('_').and_then(|(prefix, _)| domain::kernel::decode(prefix, &event.subject)) else {
        return Ok(());
    };
    for enrollment in rows::open_of(cx.db(), subject)? {
        runs::end(cx, enrollment, JourneyOutcome::Erased)?;
    }
    Ok(())
}

/// Whoever goes ends on the ways that the one who stays is on too; all else becomes that of the one who stays.
fn become_one(cx: &mut Cx, from: Uuid, to: As) -> Result<()> {
    let (As::Party(stays) | As::Contact(stays)) = to;
    for enrollment in rows::doubled(cx.db(), from, stays)? {
        runs::end(cx, enrollment, JourneyOutcome::Merged)?;
    }
    let now = cx.now;
    rows::follow(cx.db(), from, to, now)?;
    Ok(())
}

/// The lead that became somebody goes on as that person: the contact, or the party when there is no contact.
pub fn carry_over(cx: &mut Cx, event: &Event) -> Result<()> {
    let of = |name: &str| event.data[name].as_str();
    let Ok(lead) = event.subject.parse::<LeadId>() else { return Ok(()) };
    let contact = of("converted_contact_id").and_then(|id| id.parse::<ContactId>().ok()).map(|id| As::Contact(id.uuid()));
    let party = of("converted_party_id").and_then(|id| id.parse::<PartyId>().ok()).map(|id| As::Party(id.uuid()));
    match contact.or(party) {
        Some(to) => become_one(cx, lead.uuid(), to),
        None => Ok(()),
    }
}

/// The one who stays, and who goes or went.
fn merge_of(event: &Event) -> Option<(As, As)> {
    let of = |name: &str| {
        let id = event.data[name].as_str()?;
        let party = id.parse::<PartyId>().ok().map(|id| As::Party(id.uuid()));
        party.or_else(|| id.parse::<ContactId>().ok().map(|id| As::Contact(id.uuid())))
    };
    of("winner_id").zip(of("loser_id"))
}

/// Parties and people that are one go one way.
pub fn merged(cx: &mut Cx, event: &Event) -> Result<()> {
    match merge_of(event) {
        Some((winner, As::Party(loser) | As::Contact(loser))) => become_one(cx, loser, winner),
        None => Ok(()),
    }
}

/// Parties that are two again have the own ways again.
pub fn parted(cx: &mut Cx, event: &Event) -> Result<()> {
    if let Some((As::Party(winner) | As::Contact(winner), loser)) = merge_of(event) {
        let now = cx.now;
        rows::go_back(cx.db(), loser, winner, now)?;
    }
    Ok(())
}
