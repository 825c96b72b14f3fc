//! Rows of the frozen audiences of campaigns. Who is in one is found at one moment and kept as packed ids; members are made
//! and judged a stretch of ids at a time, so that nobody waits long for a lock; what concerns a message goes by the state
//! of its row, so that none is sent twice.

use chrono::{DateTime, Utc};
use domain::ids::{CampaignId, CampaignMemberId, JourneyEnrollmentId};
use domain::kernel::{Id, StringEnum};
use domain::marketing::campaigns::Campaign;
use domain::marketing::campaigns::members::{CampaignMember, ExclusionReason, MemberStatus};
use domain::marketing::campaigns::stats::Counts;
use uuid::Uuid;

use crate::value::{Kind, Value};
use crate::{Conn, Engine, Result, Statement, list, record, sql};

record! {
    campaign_members: CampaignMember {
        id: uid, campaign_id: uid, company_id: uid, enrollment_id: opt(uid), party_id: opt(uid), contact_id: opt(uid), lead_id: opt(uid), name: text,
        first_name: opt(text), last_name: opt(text), email: opt(text), language: opt(text), country: opt(text), time_zone: opt(text),
        variant: opt(text), status: word, exclusion_reason: opt(word), due_at: opt(instant), sent_at: opt(instant),
        opened_at: opt(instant), clicked_at: opt(instant), converted_at: opt(instant), bounced_at: opt(instant),
        complained_at: opt(instant), unsubscribed_at: opt(instant), open_count: int, click_count: int, bot_count: int, note: opt(text),
    }
}

/// How many readers one transaction makes or judges.
pub const PART: usize = 1_000;

/// Everybody for whom `condition` on the view `audience` holds at this moment, in the order of ids.
pub fn audience(db: &mut Conn, campaign: &Campaign, condition: Statement) -> Result<Vec<Uuid>> {
    let mut s = sql!(
        "SELECT audience.id FROM audience WHERE (audience.company_id IS NULL OR audience.company_id = {}) AND ",
        campaign.company_id.uuid()
    );
    s.append(condition).sql(" ORDER BY audience.id");
    take_time(db)?;
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Keeps who is in the audience, in parts that become members one after another.
pub fn keep_audience(db: &mut Conn, campaign: &Campaign, ids: &[Uuid]) -> Result<()> {
    let parts: Vec<(i64, Vec<u8>)> =
        (1i64..).zip(ids.chunks(PART).map(|part| part.iter().flat_map(|id| *id.as_bytes()).collect())).collect();
    for rows in parts.chunks(100) {
        let mut s = Statement::new("INSERT INTO campaign_audience_parts (campaign_id, position, subjects) VALUES ");
        for (i, (position, subjects)) in rows.iter().enumerate() {
            s.sql(if i == 0 { "(" } else { ", (" });
            s.append(sql!("{}, {}, ", campaign.id.uuid(), *position)).push(Value::Bytes(subjects.clone())).sql(")");
        }
        s.execute(db)?;
    }
    Ok(())
}

/// Takes the next part of the audience out of what is kept; nothing when all are members.
pub fn take_part(db: &mut Conn, campaign: &Campaign) -> Result<Option<Vec<Uuid>>> {
    let first =
        sql!("SELECT position, subjects FROM campaign_audience_parts WHERE campaign_id = {} ORDER BY position LIMIT 1", campaign.id.uuid());
    let Some((position, subjects)) = first.first::<(i64, Vec<u8>)>(db)? else { return Ok(None) };
    sql!("DELETE FROM campaign_audience_parts WHERE campaign_id = {} AND position = {}", campaign.id.uuid(), position).execute(db)?;
    let read = |bytes: &[u8]| Uuid::from_slice(bytes).map_err(|_| crate::Error::Broken("a part of an audience is no list of ids".into()));
    Ok(Some(subjects.chunks(16).map(read).collect::<Result<_>>()?))
}

/// Makes those of these ids members whom the audience still has; who is one already stays.
pub fn freeze(db: &mut Conn, campaign: &Campaign, kind: &str, ids: &[Uuid]) -> Result<usize> {
    let condition = sql!("audience.kind = {} AND audience.id IN ({})", kind, list(ids));
    add(db, campaign, None, condition, " ON CONFLICT (campaign_id, subject) WHERE enrollment_id IS NULL DO NOTHING")
}

/// Adds somebody who has come to a step of a journey, once for each enrolment; whether there is such a reader.
pub fn join(db: &mut Conn, campaign: &Campaign, enrollment: JourneyEnrollmentId, subject: Uuid) -> Result<bool> {
    Ok(add(db, campaign, Some(enrollment), sql!("audience.id = {}", subject), "")? == 1)
}

/// What was written to somebody on the way through a journey by a campaign.
pub fn of_enrollment(db: &mut Conn, campaign: CampaignId, enrollment: JourneyEnrollmentId) -> Result<Option<CampaignMember>> {
    let mut s = record::select::<CampaignMember>();
    s.append(sql!(" WHERE enrollment_id = {} AND campaign_id = {}", enrollment.uuid(), campaign.uuid()));
    Ok(record::load(db, &s)?.pop())
}

/// Drops messages to somebody who is on the way no more, unless they are on theirs; how many.
pub fn drop_of(db: &mut Conn, enrollment: JourneyEnrollmentId) -> Result<usize> {
    sql!(
        "UPDATE campaign_members SET status = 'dropped', due_at = NULL WHERE enrollment_id = {} AND status IN ('pending', 'queued')",
        enrollment.uuid()
    )
    .execute(db)
}

fn add(
    db: &mut Conn,
    campaign: &Campaign,
    enrollment: Option<JourneyEnrollmentId>,
    condition: Statement,
    unless: &'static str,
) -> Result<usize> {
    // a number from 0 to 99 for each, by which the variants are drawn
    let (id, lot) = match db.engine() {
        Engine::Postgres => ("gen_random_uuid()", "CAST(floor(random() * 100) AS BIGINT)"),
        Engine::Sqlite => ("randomblob(16)", "abs(random() % 100)"),
    };
    let mut s = Statement::new(format!(
        "INSERT INTO campaign_members (id, lot, subject, party_id, contact_id, lead_id, name, first_name, last_name, email, email_key, \
         language, country, time_zone, status, attempts, open_count, click_count, bot_count, enrollment_id, campaign_id, company_id) \
         SELECT {id}, {lot}, audience.id, audience.party_id, audience.contact_id, audience.lead_id, audience.name, audience.first_name, \
         audience.last_name, audience.email, lower(audience.email), audience.language, audience.country, \
         substr(audience.time_zone, 1, 100), 'pending', 0, 0, 0, 0, "
    ));
    s.push(enrollment.map_or(Value::Null(Kind::Uid), |e| Value::Uid(e.uuid())));
    s.append(sql!(", {}, {} FROM audience WHERE ", campaign.id.uuid(), campaign.company_id.uuid())).append(condition);
    s.append(sql!(" AND (audience.company_id IS NULL OR audience.company_id = {})", campaign.company_id.uuid()));
    s.sql(unless);
    s.execute(db)
}

/// Members next to each other in the order of subjects.
#[derive(Debug, Clone, Copy)]
pub enum Stretch {
    /// Those after one, up to and with another.
    Between { after: Uuid, to: Uuid },
    /// One alone.
    Only(Uuid),
}

impl Stretch {
    /// The last of them.
    pub fn end(self) -> Uuid {
        match self {
            Self::Between { to, .. } | Self::Only(to) => to,
        }
    }
    fn condition(self) -> Statement {
        match self {
            Self::Between { after, to } => sql!(" AND subject > {} AND subject <= {}", after, to),
            Self::Only(subject) => sql!(" AND subject = {}", subject),
        }
    }
}

/// The next members after a subject, of whatever status, and how many they are; nothing when that was the last.
pub fn stretch(db: &mut Conn, campaign: &Campaign, after: Uuid) -> Result<Option<(Stretch, i64)>> {
    let next = sql!(
        "SELECT subject FROM campaign_members WHERE campaign_id = {} AND subject > {} ORDER BY subject LIMIT {}",
        campaign.id.uuid(),
        after,
        PART as i64
    );
    let found = next.load::<(Uuid,)>(db)?;
    Ok(found.last().map(|last| (Stretch::Between { after, to: last.0 }, found.len() as i64)))
}

/// Finding a whole audience may take longer than a request may; nobody waits for it.
fn take_time(db: &mut Conn) -> Result<()> {
    if db.engine() == Engine::Postgres {
        sql!(postgres: "SET LOCAL statement_timeout = '10min'").execute(db)?;
    }
    Ok(())
}

/// Whom an exclusion concerns: those of a stretch who were not yet judged, or some of those in the queue.
pub enum Scope<'a> {
    Pending(Stretch),
    Queued(&'a [Uuid]),
}

/// Excludes those in the scope for whom a reason holds now; how many.
pub fn exclude(db: &mut Conn, campaign: &Campaign, reason: ExclusionReason, scope: &Scope, now: DateTime<Utc>) -> Result<usize> {
    let Some(condition) = holds(campaign, reason, now) else { return Ok(0) };
    let mut s = sql!(
        "UPDATE campaign_members SET status = 'excluded', exclusion_reason = {}, due_at = NULL WHERE campaign_id = {}",
        reason.as_str(),
        campaign.id.uuid()
    );
    match scope {
        Scope::Pending(stretch) => s.sql(" AND status = 'pending'").append(stretch.condition()).sql(" AND "),
        Scope::Queued(ids) => s.append(sql!(" AND status = 'queued' AND id IN ({}) AND ", list(ids))),
    };
    s.append(condition);
    s.execute(db)
}

/// The condition of a reason on `campaign_members`; nothing when the campaign does not ask for it.
fn holds(campaign: &Campaign, reason: ExclusionReason, now: DateTime<Utc>) -> Option<Statement> {
    let topic = campaign.topic.clone().unwrap_or_default();
    Some(match reason {
        ExclusionReason::NoAddress => sql!("email_key IS NULL"),
        ExclusionReason::Suppressed => {
            sql!(
                "EXISTS (SELECT 1 FROM suppressions s WHERE s.address_hash = address_hash('email:' || campaign_members.email_key) \
                 AND s.channel = 'email')"
            )
        }
        // the same as `domain::marketing::consents::judge_at`, for all at once, of who each reader is by now
        ExclusionReason::NoConsent => {
            const WHO: &str =
                "COALESCE(campaign_members.contact_id, campaign_members.party_id, campaign_members.lead_id, campaign_members.subject)";
            let mut s = Statement::new(format!(
                "(EXISTS (SELECT 1 FROM consent_states w WHERE w.subject = {WHO} AND w.channel = 'email' AND w.topic = '' \
                 AND w.status = 'withdrawn') OR EXISTS (SELECT 1 FROM consent_addresses a \
                 WHERE a.address_hash = address_hash('email:' || campaign_members.email_key) AND a.channel = 'email' \
                 AND a.status = 'withdrawn' AND (a.topic = '' OR a.topic = "
            ));
            s.append(sql!("{})) OR NOT EXISTS (SELECT 1 FROM consent_states c WHERE c.subject = ", topic.clone())).sql(WHO);
            s.append(sql!(
                " AND c.channel = 'email' AND c.status = 'granted' AND (c.expires_at IS NULL OR c.expires_at > {}) AND (c.topic = {} \
                 OR (c.topic = '' AND NOT EXISTS (SELECT 1 FROM consent_states o WHERE o.subject = ",
                now,
                topic.clone()
            ));
            s.sql(WHO).append(sql!(" AND o.channel = 'email' AND o.topic = {})))))", topic));
            s
        }
        ExclusionReason::FrequencyCap => {
            let cap = campaign.frequency_cap?;
            sql!(
                "(SELECT COUNT(*) FROM campaign_members o WHERE o.email_key = campaign_members.email_key AND o.company_id = {} \
                 AND ((o.sent_at IS NOT NULL AND o.sent_at > {}) OR (o.status = 'sending' AND o.id <> campaign_members.id))) >= {}",
                campaign.company_id.uuid(),
                now - chrono::TimeDelta::days(cap.days.into()),
                i64::from(cap.messages)
            )
        }
        // the first of them in the order of ids gets it
        ExclusionReason::DuplicateEmail => sql!(
            "EXISTS (SELECT 1 FROM campaign_members o WHERE o.campaign_id = campaign_members.campaign_id \
             AND o.email_key = campaign_members.email_key AND o.subject < campaign_members.subject AND o.status <> 'excluded')"
        ),
    })
}

/// Puts those of a stretch who were not excluded into the queue, with a variant drawn by lot; how many.
pub fn queue(db: &mut Conn, campaign: &Campaign, stretch: Stretch, now: DateTime<Utc>) -> Result<usize> {
    let mut s = Statement::new("UPDATE campaign_members SET status = 'queued', variant = ");
    let Some((last, others)) = campaign.variants.split_last() else { return Ok(0) };
    if !others.is_empty() {
        s.sql("CASE");
    }
    let mut below = 0i64;
    for variant in others {
        below += i64::from(variant.share_percent);
        s.append(sql!(" WHEN lot < {} THEN {}", below, &variant.name));
    }
    s.append(if others.is_empty() { sql!("{}", &last.name) } else { sql!(" ELSE {} END", &last.name) });
    s.append(sql!(", due_at = {} WHERE campaign_id = {} AND status = 'pending'", now, campaign.id.uuid()));
    s.append(stretch.condition());
    s.execute(db)
}

/// Where the readers of a stretch live who are in the queue: subject, time zone and country.
pub fn places(db: &mut Conn, campaign: &Campaign, stretch: Stretch) -> Result<Vec<(Uuid, Option<String>, Option<String>)>> {
    let mut s =
        sql!("SELECT subject, time_zone, country FROM campaign_members WHERE campaign_id = {} AND status = 'queued'", campaign.id.uuid());
    s.append(stretch.condition());
    s.load(db)
}

/// Lets these readers wait.
pub fn wait(db: &mut Conn, campaign: &Campaign, subjects: &[Uuid], until: DateTime<Utc>) -> Result<usize> {
    sql!(
        "UPDATE campaign_members SET due_at = {} WHERE campaign_id = {} AND status = 'queued' AND due_at < {} AND subject IN ({})",
        until,
        campaign.id.uuid(),
        until,
        list(subjects)
    )
    .execute(db)
}

/// Lets the readers of a place wait.
pub fn postpone(db: &mut Conn, campaign: &Campaign, place: &(Option<String>, Option<String>), until: DateTime<Utc>) -> Result<usize> {
    sql!(
        "UPDATE campaign_members SET due_at = {} WHERE campaign_id = {} AND status = 'queued' AND due_at < {} \
         AND time_zone IS NOT DISTINCT FROM {} AND country IS NOT DISTINCT FROM {}",
        until,
        campaign.id.uuid(),
        until,
        place.0.clone(),
        place.1.clone()
    )
    .execute(db)
}

/// The next readers whose turn has come, for this transaction alone.
pub fn due(db: &mut Conn, campaign: &Campaign, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>> {
    let mut s = sql!(
        "SELECT id FROM campaign_members WHERE campaign_id = {} AND status = 'queued' AND due_at <= {} ORDER BY due_at, id LIMIT {}",
        campaign.id.uuid(),
        now,
        limit
    );
    if db.engine() == Engine::Postgres {
        s.sql(" FOR NO KEY UPDATE SKIP LOCKED");
    }
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Holds the mailboxes of these readers until the end of the transaction, so that whoever else writes to them now waits, and
/// then sees that these are on their way: a cap on messages holds over campaigns and replicas.
pub fn hold_mailboxes(db: &mut Conn, campaign: &Campaign, ids: &[Uuid], now: DateTime<Utc>) -> Result<usize> {
    sql!(
        "INSERT INTO mailbox_turns (company_id, address_hash, taken_at) SELECT DISTINCT m.company_id, \
         address_hash('email:' || m.email_key) AS hash, {} FROM campaign_members m WHERE m.campaign_id = {} AND m.id IN ({}) \
         AND m.email_key IS NOT NULL ORDER BY hash ON CONFLICT (company_id, address_hash) DO UPDATE SET taken_at = excluded.taken_at",
        now,
        campaign.id.uuid(),
        list(ids)
    )
    .execute(db)
}

/// Those of these who are still in the queue and due, now on their way: from here on nobody sends to them again.
pub fn take(db: &mut Conn, ids: &[Uuid], now: DateTime<Utc>) -> Result<Vec<CampaignMember>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let taken = sql!(
        "UPDATE campaign_members SET status = 'sending' WHERE id IN ({}) AND status = 'queued' AND due_at <= {} RETURNING id",
        list(ids),
        now
    );
    let taken: Vec<Uuid> = taken.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect();
    record::find_all::<CampaignMember>(db, &taken)
}

/// How many are still to be written to, whenever.
pub fn waiting(db: &mut Conn, campaign: &Campaign) -> Result<i64> {
    let left = sql!("SELECT COUNT(*) FROM campaign_members WHERE campaign_id = {} AND status IN ('queued', 'sending')", campaign.id.uuid());
    Ok(left.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Messages that were on their way when their sender died: nobody knows, and nobody sends them again. How many.
pub fn give_up(db: &mut Conn, campaign: Uuid) -> Result<usize> {
    sql!(
        "UPDATE campaign_members SET status = 'unknown', note = 'The server stopped while the message was on its way.' \
         WHERE campaign_id = {} AND status = 'sending'",
        campaign
    )
    .execute(db)
}

/// Writes down what became of a message that was on its way.
pub fn settle(
    db: &mut Conn,
    id: CampaignMemberId,
    status: MemberStatus,
    sent_at: Option<DateTime<Utc>>,
    note: Option<&str>,
) -> Result<usize> {
    sql!(
        "UPDATE campaign_members SET status = {}, sent_at = {}, bounced_at = {}, note = {} WHERE id = {} AND status IN ('sending', 'unknown')",
        status.as_str(),
        sent_at,
        sent_at.filter(|_| status == MemberStatus::Bounced),
        note,
        id.uuid()
    )
    .execute(db)
}

/// Times that a message is tried that the mail server does not take now.
const TRIES: i64 = 5;

/// Puts a message back that the mail server does not take now, or gives it up after [`TRIES`].
pub fn try_later(db: &mut Conn, id: CampaignMemberId, now: DateTime<Utc>, note: &str) -> Result<usize> {
    sql!(
        "UPDATE campaign_members SET status = CASE WHEN attempts + 1 >= {} THEN 'failed' ELSE 'queued' END, attempts = attempts + 1, \
         due_at = {}, note = {} WHERE id = {} AND status = 'sending'",
        TRIES,
        now + chrono::TimeDelta::minutes(5),
        note,
        id.uuid()
    )
    .execute(db)
}

/// Forgets who is in the audience and no member yet.
pub fn forget_parts(db: &mut Conn, campaign: &Campaign) -> Result<usize> {
    sql!("DELETE FROM campaign_audience_parts WHERE campaign_id = {}", campaign.id.uuid()).execute(db)
}

/// Drops up to [`PART`] of those whose turn did not come; how many.
pub fn drop_rest(db: &mut Conn, campaign: Uuid) -> Result<usize> {
    sql!(
        "UPDATE campaign_members SET status = 'dropped' WHERE status IN ('pending', 'queued') AND id IN (SELECT id FROM campaign_members \
         WHERE campaign_id = {} AND status IN ('pending', 'queued') LIMIT {})",
        campaign,
        PART as i64
    )
    .execute(db)
}

/// A reader, locked until the transaction ends.
pub fn find_to_change(db: &mut Conn, id: CampaignMemberId) -> Result<Option<CampaignMember>> {
    record::find_to_change(db, id.uuid())
}

/// Stores what became of a reader.
pub fn store(db: &mut Conn, member: &CampaignMember) -> Result<bool> {
    record::update(db, member, None)
}

/// How many are excluded, by reason.
pub fn exclusions(db: &mut Conn, campaign: Uuid) -> Result<Vec<(ExclusionReason, i64)>> {
    let rows = sql!(
        "SELECT exclusion_reason, COUNT(*) FROM campaign_members WHERE campaign_id = {} AND exclusion_reason IS NOT NULL \
         GROUP BY exclusion_reason ORDER BY exclusion_reason",
        campaign
    );
    let read = |(word, count): (String, i64)| {
        ExclusionReason::from_word(&word).map(|r| (r, count)).ok_or_else(|| crate::Error::Broken(format!("unknown reason {word}")))
    };
    rows.load::<(String, i64)>(db)?.into_iter().map(read).collect()
}

/// Counts of readers by variant; those to whom none was drawn under an empty name.
pub fn counts(db: &mut Conn, campaign: Uuid) -> Result<Vec<(String, Counts)>> {
    let ways = sql!(
        "SELECT COALESCE(variant, '') AS v, COUNT(*), SUM(CASE WHEN status = 'excluded' THEN 1 ELSE 0 END), \
         SUM(CASE WHEN status IN ('pending', 'queued') THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'sending' THEN 1 ELSE 0 END), \
         SUM(CASE WHEN sent_at IS NOT NULL THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'unknown' THEN 1 ELSE 0 END), \
         SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'dropped' THEN 1 ELSE 0 END), \
         SUM(CASE WHEN bounced_at IS NOT NULL THEN 1 ELSE 0 END) \
         FROM campaign_members WHERE campaign_id = {} GROUP BY COALESCE(variant, '') ORDER BY 1",
        campaign
    );
    let visits = sql!(
        "SELECT COALESCE(variant, '') AS v, SUM(CASE WHEN sent_at IS NOT NULL AND bounced_at IS NULL THEN 1 ELSE 0 END), \
         SUM(CASE WHEN opened_at IS NOT NULL THEN 1 ELSE 0 END), SUM(CASE WHEN clicked_at IS NOT NULL THEN 1 ELSE 0 END), \
         SUM(CASE WHEN opened_at IS NULL AND bot_count > 0 THEN 1 ELSE 0 END), SUM(CASE WHEN converted_at IS NOT NULL THEN 1 ELSE 0 END), \
         SUM(CASE WHEN unsubscribed_at IS NOT NULL THEN 1 ELSE 0 END), SUM(CASE WHEN complained_at IS NOT NULL THEN 1 ELSE 0 END) \
         FROM campaign_members WHERE campaign_id = {} GROUP BY COALESCE(variant, '') ORDER BY 1",
        campaign
    );
    type Ways = (String, i64, i64, i64, i64, i64, i64, i64, i64, i64);
    type Visits = (String, i64, i64, i64, i64, i64, i64, i64);
    let (ways, visits) = (ways.load::<Ways>(db)?, visits.load::<Visits>(db)?);
    let both = ways.into_iter().zip(visits).map(|(w, v)| {
        let counts = Counts {
            audience: w.1,
            excluded: w.2,
            queued: w.3,
            sending: w.4,
            sent: w.5,
            unknown: w.6,
            failed: w.7,
            dropped: w.8,
            bounced: w.9,
            delivered: v.1,
            opened: v.2,
            clicked: v.3,
            opened_by_programs_only: v.4,
            converted: v.5,
            unsubscribed: v.6,
            complained: v.7,
        };
        (w.0, counts)
    });
    Ok(both.collect())
}

/// The lead that became somebody: what was sent to it is that somebody's.
pub fn become_person(db: &mut Conn, lead: Uuid, contact: Option<Uuid>, party: Option<Uuid>) -> Result<usize> {
    let party = party.filter(|_| contact.is_none());
    sql!(
        "UPDATE campaign_members SET contact_id = {}, party_id = {} WHERE lead_id = {} AND contact_id IS NULL AND party_id IS NULL",
        contact,
        party,
        lead
    )
    .execute(db)
}

/// After a merge the winner speaks for what the loser got: who unsubscribes by an old link is the winner.
pub fn follow(db: &mut Conn, loser: Uuid, winner: Uuid) -> Result<usize> {
    let parties = sql!("UPDATE campaign_members SET party_id = {} WHERE party_id = {}", winner, loser).execute(db)?;
    Ok(parties + sql!("UPDATE campaign_members SET contact_id = {} WHERE contact_id = {}", winner, loser).execute(db)?)
}

/// After a merge was taken back everybody speaks again for what they got.
pub fn go_back(db: &mut Conn, loser: Uuid, winner: Uuid) -> Result<usize> {
    let parties =
        sql!("UPDATE campaign_members SET party_id = {} WHERE party_id = {} AND subject = {}", loser, winner, loser).execute(db)?;
    let contacts = sql!("UPDATE campaign_members SET contact_id = {} WHERE contact_id = {} AND subject = {}", loser, winner, loser);
    Ok(parties + contacts.execute(db)?)
}
