//! `GET /v1/platform/events/stream`: the feed as server-sent events. One thread reads the feed for all readers of the process, so
//! that a reader costs a connection and a queue. A reader who comes late catches up by pages of its own and then joins the others
//! at a number, so that it gets every event once. Rights are looked at again before anything is sent.

pub mod open;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use domain::facts::PublishedEvent;
use domain::kernel::{Failure, Problem, Result, problems};
use parking_lot::{Condvar, Mutex};
use platform::platform::event_stream::{self as feed, StreamFilter};
use platform::{App, Caller};
use tokio::sync::mpsc;

pub const PATH: &str = "/v1/platform/events/stream";
/// How often a silent connection is written to, so that proxies keep it open and readers know their place.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often rights are looked at while nothing happens.
const LOOK: Duration = Duration::from_secs(2);
/// How long events of other replicas may wait to be found.
const POLL: Duration = Duration::from_millis(100);
/// How long the reader of the feed rests when the database did not answer.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// One open stream.
struct Reader {
    token: Arc<str>,
    caller: Arc<Caller>,
    filter: StreamFilter,
    /// The last number that the reader has, or that does not concern it.
    at: i64,
    to: mpsc::Sender<Bytes>,
}

#[derive(Default)]
struct State {
    readers: Vec<Reader>,
    /// The number up to which the feed was read for all readers.
    position: i64,
    /// The readers are being served.
    serving: bool,
}

/// All open streams of the process.
pub struct Streams {
    state: Mutex<State>,
    joined: Condvar,
    /// How many streams each caller has.
    open: Mutex<HashMap<String, usize>>,
    most: usize,
    most_of_one: usize,
    stopping: AtomicBool,
}

/// The place of one stream among those that may be open; given back when the connection ends.
pub struct Slot {
    streams: Arc<Streams>,
    caller: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock();
        if let Some(n) = open.get_mut(&self.caller) {
            *n -= 1;
            if *n == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

fn message(event: &PublishedEvent) -> Option<Bytes> {
    let data = serde_json::to_string(event).inspect_err(|e| log::error!("an event has no JSON form: {e}")).ok()?;
    Some(Bytes::from(format!("id: {}\ndata: {data}\n\n", event.seq)))
}

/// The last message of a stream, which says why it ends.
fn last_message(reason: &str) -> Bytes {
    Bytes::from(format!("event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n"))
}

/// The caller behind the token now, when it has the rights with which the stream was opened.
fn same_caller(app: &Arc<App>, token: &str, before: &Caller) -> Result<Arc<Caller>, &'static str> {
    let now = platform::identity::authenticate(app, token).map_err(|p| reason_of(&p))?;
    match now.permissions == before.permissions && now.companies == before.companies && !now.must_change_password {
        true => Ok(Arc::new(now)),
        false => Err("rights_changed"),
    }
}

fn reason_of(p: &Problem) -> &'static str {
    match p.code().failure {
        Failure::Unauthenticated => "unauthenticated",
        Failure::Forbidden => "rights_changed",
        _ => "unavailable",
    }
}

impl Streams {
    pub fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            joined: Condvar::new(),
            open: Mutex::default(),
            most,
            most_of_one,
            stopping: AtomicBool::new(false),
        })
    }
    /// How many are open.
    pub fn count(&self) -> usize {
        self.open.lock().values().sum()
    }
    pub fn slot(self: &Arc<Self>, caller: &str) -> Result<Slot> {
        let mut open = self.open.lock();
        if open.values().sum::<usize>() >= self.most {
            return Err(problems::unavailable.with("Too many streams are open.").after_seconds(5));
        }
        let own = open.entry(caller.to_string()).or_default();
        if *own >= self.most_of_one {
            return Err(problems::too_many_requests.with(format!("You have {own} open streams; close one.")).after_seconds(5));
        }
        *own += 1;
        Ok(Slot { streams: self.clone(), caller: caller.into() })
    }
    /// Adds a reader that has everything up to its number; one that is behind is given back and has to read on.
    fn join(&self, reader: Reader) -> Option<Reader> {
        let mut state = self.state.lock();
        if self.stopping.load(Ordering::Relaxed) {
            let _ = reader.to.try_send(last_message("stopping"));
            return None;
        }
        if state.readers.is_empty() && !state.serving {
            state.position = reader.at;
        }
        if reader.at < state.position {
            return Some(reader);
        }
        state.readers.push(reader);
        self.joined.notify_all();
        None
    }
    /// Ends all streams; none begins any more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        // with the lock, so that who is about to wait hears of it
        let _state = self.state.lock();
        self.joined.notify_all();
    }
    /// Starts the thread that reads the feed; it ends after [`Streams::stop`].
    pub fn start(self: &Arc<Self>, app: &Arc<App>) -> std::io::Result<JoinHandle<()>> {
        let (streams, app) = (self.clone(), app.clone());
        std::thread::Builder::new().name("streams".into()).spawn(move || streams.run(&app))
    }
    fn run(&self, app: &Arc<App>) {
        let (mut beat, mut look) = (Instant::now(), Instant::now());
        while !self.stopping.load(Ordering::Relaxed) {
            {
                let mut state = self.state.lock();
                if state.readers.is_empty() {
                    self.joined.wait_for(&mut state, AFTER_FAILURE);
                    continue;
                }
            }
            let commits = app.db.commits();
            match self.serve(app) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(p) => {
                    log::warn!("the feed could not be read for its streams: {p}");
                    std::thread::sleep(AFTER_FAILURE);
                }
            }
            if look.elapsed() >= LOOK {
                look = Instant::now();
                self.each_caller(app, |_, _, _| Ok(()));
            }
            if beat.elapsed() >= HEARTBEAT {
                beat = Instant::now();
                self.beat();
            }
            app.db.wait_for_commit_after(commits, POLL);
        }
        for reader in std::mem::take(&mut self.state.lock().readers) {
            let _ = reader.to.try_send(last_message("stopping"));
        }
    }
    /// Sends what is new to whom it concerns; whether there was anything.
    fn serve(&self, app: &Arc<App>) -> Result<bool> {
        let position = self.state.lock().position;
        let events = feed::next(app, position)?;
        let Some(last) = events.last().map(|e| e.seq) else { return Ok(false) };
        self.state.lock().position = last;
        self.each_caller(app, |app, caller, readers| {
            let wanted = |e: &&PublishedEvent| readers.iter().any(|r| r.at < e.seq && r.filter.takes(e));
            let asked: Vec<PublishedEvent> = events.iter().filter(wanted).cloned().collect();
            if !asked.is_empty() {
                let shown = feed::shown_to(app, caller, &asked).map_err(|p| reason_of(&p))?;
                let messages: Vec<_> = shown.iter().filter_map(|e| Some((e, message(e)?))).collect();
                readers.retain(|r| {
                    let mut own = messages.iter().filter(|(e, _)| r.at < e.seq && r.filter.takes(e));
                    own.all(|(_, m)| r.to.try_send(m.clone()).is_ok())
                });
            }
            readers.iter_mut().for_each(|r| r.at = r.at.max(last));
            Ok(())
        });
        Ok(true)
    }
    /// Does something for the readers of each caller, whose streams end when it fails or when the caller has lost its rights.
    fn each_caller(&self, app: &Arc<App>, f: impl Fn(&Arc<App>, &Arc<Caller>, &mut Vec<Reader>) -> Result<(), &'static str>) {
        let readers = {
            let mut state = self.state.lock();
            state.serving = true;
            std::mem::take(&mut state.readers)
        };
        let mut groups: BTreeMap<Arc<str>, Vec<Reader>> = BTreeMap::new();
        for reader in readers.into_iter().filter(|r| !r.to.is_closed()) {
            groups.entry(reader.token.clone()).or_default().push(reader);
        }
        let mut kept = Vec::new();
        for (token, mut readers) in groups {
            let Some(before) = readers.first().map(|r| r.caller.clone()) else { continue };
            let now = same_caller(app, &token, &before);
            let outcome = now.and_then(|now| f(app, &now, &mut readers));
            match outcome {
                Ok(()) => kept.append(&mut readers),
                Err(reason) => readers.iter().for_each(|r| drop(r.to.try_send(last_message(reason)))),
            }
        }
        let mut state = self.state.lock();
        state.serving = false;
        state.readers.append(&mut kept);
    }
    fn beat(&self) {
        let mut state = self.state.lock();
        state.readers.retain(|r| r.to.try_send(Bytes::from(format!(": heartbeat\nid: {}\n\n", r.at))).is_ok());
    }
}
