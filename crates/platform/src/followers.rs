//! Followers: what follows from facts and need not be true in the same moment. An area declares one in its operations:
//!
//! `t.follow("marketing.attribution", "What it keeps.", &["invoice.posted", …], f)`, and `.rebuilt_by(clear)` where all that it
//! keeps can be derived again.
//!
//! It reads the numbered facts in order of their numbers, from its own cursor, which moves in the transaction of what `f` does:
//! each fact counts once, whoever dies when. However many replicas there are, one runs it at a time: the row of the follower is
//! locked in that same transaction, and the others pass by. Each fact has a savepoint; one that fails, or panics, is written
//! down, tried again at growing intervals, and at last set aside, while later facts go on. A function must therefore give the
//! same end whatever the order of two facts: it looks at how things are, and not only at what the fact says.
//!
//! A commit on this replica wakes it, so that it is some milliseconds behind; facts of other replicas are found by looking.

mod running;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::fact_text::unpacked;
use domain::ids::EventId;
use domain::kernel::FieldError;
use domain::platform::followers::{AsOf, Follower, FollowerStatus, NOT_REACHED};
use persistence::Outcome;
use persistence::platform::followers as rows;
use persistence::platform::followers::Numbered;

pub use self::running::Followers;
use crate::prelude::*;
use crate::table::{Op, Pairs, WAIT_FOR};

/// A follower with so many failures stops: it is not the facts that are bad.
const MOST_FAILURES: i64 = 1000;

/// A fact as a follower gets it.
pub struct Fact {
    pub seq: i64,
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it, as the audit trail names it.
    pub actor: String,
    pub event: Event,
}

impl From<Numbered> for Fact {
    fn from(n: Numbered) -> Self {
        let event = Event {
            kind: n.kind,
            subject: n.subject,
            company: n.company_id.map(Id::from_uuid),
            party: n.party_id.map(Id::from_uuid),
            version: n.version,
            data: unpacked(n.data),
            previous: n.previous.map(unpacked),
        };
        Self { seq: n.seq, id: Id::from_uuid(n.id), at: n.at, actor: n.actor, event }
    }
}

/// What is done for each fact. What it tells becomes facts of its own, with the request id of this one.
pub type Follow = fn(&mut Cx, &Fact) -> Result<()>;
/// Deletes a bounded part of what the follower keeps; whether that was the last.
pub type Clear = fn(&mut Cx) -> Result<bool>;

/// A follower as it is declared.
pub struct Declared {
    pub name: &'static str,
    pub text: &'static str,
    pub kinds: Vec<&'static str>,
    run: Follow,
    clear: Option<Clear>,
}

impl Declared {
    /// Without kinds it reads all facts.
    pub(crate) fn new(name: &'static str, text: &'static str, kinds: &[&'static str], run: Follow) -> Self {
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        Self { name, text, kinds, run, clear: None }
    }
    /// All that it keeps can be derived again from the first fact, once this has deleted it. `clear` is repeated, in
    /// transactions of its own, until it answers true. One without it begins with the facts after its first start.
    pub fn rebuilt_by(&mut self, clear: Clear) -> &mut Self {
        self.clear = Some(clear);
        self
    }
    pub fn is_rebuildable(&self) -> bool {
        self.clear.is_some()
    }
}

/// Makes the rows of the followers that are new.
pub(crate) fn begin(db: &persistence::Database, declared: &[Declared]) -> Result<()> {
    let new: Vec<(&'static str, bool)> = declared.iter().map(|d| (d.name, d.is_rebuildable())).collect();
    if new.is_empty() {
        return Ok(());
    }
    db.write::<_, persistence::Error>(Box::new(move |conn| {
        let now = persistence::now(conn)?;
        let mut made = 0;
        for (name, from_first) in &new {
            made += rows::make(conn, name, *from_first, now)?;
        }
        Ok(if made == 0 { Outcome::Discard(()) } else { Outcome::Keep(()) })
    }))?;
    Ok(())
}

// ---- how far it is ------------------------------------------------------------------------------

/// As of which fact the follower of this name speaks now.
///
/// # Errors
/// `internal` when nothing of this name is declared.
pub fn as_of(cx: &mut Cx, name: &str) -> Result<AsOf> {
    let app = cx.app().clone();
    let declared = app.table.follower(name).ok_or(problems::internal)?;
    match rows::named(cx.db(), name)? {
        Some(follower) if follower.status != FollowerStatus::Clearing => {
            Ok(rows::as_of_fact(cx.db(), &declared.kinds, follower.cursor_seq)?)
        }
        // what is left while it is cleared speaks of nothing
        _ => Ok(AsOf::default()),
    }
}

/// Fills in what is not kept in the row.
pub(crate) fn complete(cx: &mut Cx, follower: &mut Follower) -> Result<()> {
    let app = cx.app().clone();
    let (head, unnumbered) = (rows::head(cx.db())?, rows::unnumbered(cx.db())?);
    (follower.waiting_failures, follower.set_aside_failures) = rows::failures(cx.db(), follower.id)?;
    follower.is_halted = follower.waiting_failures + follower.set_aside_failures >= MOST_FAILURES;
    follower.head_seq = head.max(follower.cursor_seq);
    follower.as_of_seq = follower.head_seq;
    // one that an earlier version of the program declared stands where it stood
    let Some(declared) = app.table.follower(&follower.name) else {
        follower.as_of_seq = follower.cursor_seq;
        return Ok(());
    };
    follower.description = declared.text.into();
    follower.kinds = declared.kinds.iter().map(|k| k.to_string()).collect();
    if follower.kinds.is_empty() {
        follower.kinds.push("*".into());
    }
    follower.is_rebuildable = declared.is_rebuildable();
    if let Some((seq, at)) = rows::first_after(cx.db(), &declared.kinds, follower.cursor_seq)? {
        follower.as_of_seq = seq - 1;
        follower.lag_seconds = (cx.now - at).num_seconds().max(0);
    }
    if follower.status == FollowerStatus::Clearing {
        follower.as_of_seq = 0;
    }
    follower.lag_events = follower.head_seq - follower.as_of_seq + unnumbered;
    Ok(())
}

/// All followers, as they stand.
pub fn all(app: &Arc<App>) -> Result<Vec<Follower>> {
    app.read(&Arc::new(Caller::system()), |cx| {
        let mut all = cx.page::<Follower>(List::first(200))?.data;
        for follower in &mut all {
            complete(cx, follower)?;
        }
        Ok(all)
    })
}

/// What `wait_for` may name.
enum Awaited {
    Number(i64),
    Event(EventId),
}

/// Whether the follower that the operation rests on has yet to reach what the query of a request waits for.
pub(crate) fn must_wait(app: &App, op: &Op, query: &Pairs) -> Result<bool> {
    let wanted = query.iter().find(|(name, _)| name == WAIT_FOR).map(|(_, value)| value.as_str());
    let (Some(name), Some(wanted)) = (op.rests_on, wanted) else { return Ok(false) };
    let number = wanted.parse::<i64>().ok().filter(|n| *n >= 0 && wanted.len() <= 16).map(Awaited::Number);
    let Some(awaited) = number.or_else(|| wanted.parse().ok().map(Awaited::Event)) else {
        return Err(crate::cx::bad_parameter(WAIT_FOR, "The id of an event, as in Tandem-Event, or its number."));
    };
    let declared = app.table.follower(name).ok_or(problems::internal)?;
    app.db.read_short(|conn| {
        let seq = match awaited {
            Awaited::Number(seq) => seq,
            Awaited::Event(id) => match rows::number_of(conn, id)? {
                Some(Some(seq)) => seq,
                Some(None) => return Ok(true),
                None => {
                    let error = FieldError::parameter(WAIT_FOR, "unknown", format!("There is no event {id}."));
                    return Err(problems::invalid_query.at(vec![error]));
                }
            },
        };
        let Some(follower) = rows::named(conn, name)? else { return Ok(true) };
        // while it is rebuilt, what was there before is not there again
        let behind = follower.status != FollowerStatus::Following;
        Ok(behind || rows::as_of(conn, &declared.kinds, follower.cursor_seq)? < seq)
    })
}

/// The refusal of a caller who waited long enough.
pub fn not_reached(op: &Op) -> Problem {
    NOT_REACHED.with(format!("{} is still behind.", op.rests_on.unwrap_or_default())).after_seconds(1)
}

/// Keeps another status, which is news.
pub(crate) fn keep(cx: &mut Cx, before: &Follower, after: Follower) -> Result<Follower> {
    let verb = match after.status {
        FollowerStatus::Clearing => "clearing",
        FollowerStatus::Rebuilding => "rebuilding",
        FollowerStatus::Following => "rebuilt",
    };
    cx.save(before, after, verb)
}
