//! Slows down those who guess passwords: per address, and per account over all addresses. What failed is kept in the
//! database, as hashes and for half an hour, so every replica knows it and a restart forgets nothing. A flood of guesses
//! is no flood of writes: who must wait is refused from memory, and a failure is written only after its comparison, of
//! which few are made at once. Tries that are not decided yet are counted in this process alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use parking_lot::Mutex;
use persistence::identity::throttle::{self as rows, Failures};
use persistence::{Conn, Error, Outcome};

use super::secrets::hash;
use crate::prelude::*;

/// Failures an address has before it must wait.
const ADDRESS_FREE: i64 = 10;
/// Failures an account has over all addresses before unknown addresses must wait. Addresses that the right user came
/// from are not held up.
const ACCOUNT_FREE: i64 = 100;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::seconds(30);
const LONGEST_WAIT: Duration = Duration::minutes(15);
/// After this long without a failure all is forgotten.
const MEMORY: Duration = Duration::minutes(30);
/// How long a place is known after the last log-in, and how often that is written down.
const PLACE_MEMORY: Duration = Duration::days(90);
const PLACE_NOTED_EVERY: Duration = Duration::days(1);
/// How many of each kind are forgotten at once.
const BATCH: i64 = 5_000;
/// Waits that this process remembers at most.
const WAITS: usize = 100_000;

type Source = [u8; 32];

pub(super) fn operations(t: &mut Table) {
    t.every("identity.login_failures.forget", Duration::minutes(1), |cx| {
        let now = cx.now;
        rows::forget(cx.db(), now - MEMORY, now - PLACE_MEMORY, BATCH)?;
        Ok(())
    });
}

/// What one process adds to what the database knows.
#[derive(Default)]
pub struct Throttle(Mutex<State>);

#[derive(Default)]
struct State {
    /// Tries without a verdict.
    open: HashMap<Source, i64>,
    /// Until when addresses wait. Nothing shortens a wait, so this needs no look at the database.
    waits: HashMap<Source, DateTime<Utc>>,
}

/// One try. Dropped without a verdict it counts as nothing.
pub struct Attempt {
    app: Arc<App>,
    account: Source,
    address: Source,
    place: Source,
    place_noted_at: Option<DateTime<Utc>>,
}

impl Attempt {
    /// Lets a try through, or not. While it has no verdict it counts as a failure, so that many at once are no way around.
    ///
    /// # Errors
    /// `too_many_requests` with the seconds to wait.
    pub fn begin(app: &Arc<App>, email: &str, address: &str) -> Result<Self> {
        let (now, network) = (app.clock.now(), network(address));
        let throttle = &app.identity.throttle;
        let (account, address) = (hash(&format!("account {email}")), hash(&format!("address {network}")));
        if let Some(left) = throttle.waits(&address, now) {
            return Err(refused(left));
        }
        let before = throttle.open(&address, &account);
        let place = hash(&format!("place {network} {email}"));
        let mut attempt = Self { app: app.clone(), account, address, place, place_noted_at: None };
        let known = app.db.read_short(|c| -> std::result::Result<_, Error> {
            let found = (rows::failures(c, &address)?, rows::failures(c, &account)?);
            Ok((found, rows::place(c, &place)?))
        })?;
        let ((of_address, of_account), noted) = known;
        attempt.place_noted_at = noted;
        if let Some(until) = of_address.and_then(|f| waits_until(f, ADDRESS_FREE)) {
            throttle.wait(address, until, now);
        }
        let of_address = left(of_address, before.0, ADDRESS_FREE, now);
        let of_account = left(of_account, before.1, ACCOUNT_FREE, now).filter(|_| noted.is_none());
        match of_address.max(of_account) {
            None => Ok(attempt),
            Some(wait) => Err(refused(wait)),
        }
    }

    /// The try was wrong: writes it down.
    pub fn failed(self) -> Result<()> {
        let now = self.app.clock.now();
        let mut sources = [self.address, self.account];
        // always in the same order, so that two tries do not wait for each other
        sources.sort_unstable();
        self.app.db.write(Box::new(move |c: &mut Conn<'_>| -> std::result::Result<_, Error> {
            for source in &sources {
                rows::fail(c, source, now, now - MEMORY)?;
            }
            Ok(Outcome::Keep(()))
        }))?;
        Ok(())
    }

    /// The try was the right user: takes nobody's failures back, and remembers the place.
    pub fn succeeded(self) -> Result<()> {
        let (now, place) = (self.app.clock.now(), self.place);
        if self.place_noted_at.is_some_and(|at| at > now - PLACE_NOTED_EVERY) {
            return Ok(());
        }
        self.app.db.write(Box::new(move |c: &mut Conn<'_>| rows::keep_place(c, &place, now).map(Outcome::Keep)))?;
        Ok(())
    }
}

/// Counts a request that anybody may make for an account, such as a forgotten password. `false` when there were `most` of them for
/// the account within half an hour, from wherever.
///
/// # Errors
/// `too_many_requests` with the seconds to wait, for an address that made ten.
pub(super) fn count(app: &App, what: &str, account: &str, address: &str, most: i64) -> Result<bool> {
    let now = app.clock.now();
    let account = hash(&format!("{what} account {account}"));
    let address = hash(&format!("{what} address {}", network(address)));
    let read = |c: &mut Conn<'_>| -> std::result::Result<_, Error> { Ok((rows::failures(c, &address)?, rows::failures(c, &account)?)) };
    let (of_address, of_account) = app.db.read_short(read)?;
    if let Some(wait) = left(of_address, 0, ADDRESS_FREE, now) {
        return Err(refused(wait));
    }
    let mut sources = [address, account];
    sources.sort_unstable();
    app.db.write(Box::new(move |c: &mut Conn<'_>| -> std::result::Result<_, Error> {
        for source in &sources {
            rows::fail(c, source, now, now - MEMORY)?;
        }
        Ok(Outcome::Keep(()))
    }))?;
    Ok(of_account.is_none_or(|f| f.last <= now - MEMORY || f.failures < most))
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.app.identity.throttle.close(&self.address, &self.account);
    }
}

impl Throttle {
    /// Counts a try as open; how many of its address and its account were open before.
    fn open(&self, address: &Source, account: &Source) -> (i64, i64) {
        let mut state = self.0.lock();
        let mut one_more = |source: &Source| {
            let open = state.open.entry(*source).or_default();
            *open += 1;
            *open - 1
        };
        (one_more(address), one_more(account))
    }
    fn close(&self, address: &Source, account: &Source) {
        let mut state = self.0.lock();
        for source in [address, account] {
            let Some(open) = state.open.get_mut(source) else { continue };
            *open -= 1;
            if *open <= 0 {
                state.open.remove(source);
            }
        }
    }
    /// How long an address still waits, as far as this process knows.
    fn waits(&self, address: &Source, now: DateTime<Utc>) -> Option<Duration> {
        let until = self.0.lock().waits.get(address).copied()?;
        still(until, now)
    }
    fn wait(&self, address: Source, until: DateTime<Utc>, now: DateTime<Utc>) {
        if still(until, now).is_none() {
            return;
        }
        let waits = &mut self.0.lock().waits;
        if waits.len() >= WAITS {
            waits.retain(|_, until| *until > now);
            if waits.len() >= WAITS {
                waits.clear();
            }
        }
        waits.insert(address, until);
    }
}

/// How long it is until a moment. A clock that was set back makes nobody wait longer than the longest wait.
fn still(until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    Some(until - now).filter(|left| *left > Duration::zero() && *left <= LONGEST_WAIT)
}

/// Until when a source waits after these failures.
fn waits_until(of: Failures, free: i64) -> Option<DateTime<Utc>> {
    let doublings = of.failures - free;
    (doublings >= 0).then(|| of.last + (FIRST_WAIT * (1 << doublings.min(10))).min(LONGEST_WAIT))
}

/// How long a source must wait: for what it has failed, and for its tries without a verdict, which are over soon.
fn left(of: Option<Failures>, open: i64, free: i64, now: DateTime<Utc>) -> Option<Duration> {
    let of = of.filter(|f| f.last > now - MEMORY);
    if let Some(left) = of.and_then(|f| waits_until(f, free)).and_then(|until| still(until, now)) {
        return Some(left);
    }
    // beyond what is free one is let through at a time
    let failures = of.map_or(0, |f| f.failures).min(free - 1);
    (open > 0 && failures + open >= free).then(|| Duration::seconds(1))
}

fn refused(left: Duration) -> Problem {
    let seconds = left.num_seconds().clamp(1, LONGEST_WAIT.num_seconds());
    Problem::from(problems::too_many_requests).after_seconds(u32::try_from(seconds).unwrap_or(1))
}

/// What counts as one place: an IPv4 address, or the /64 network that one subscriber has of IPv6.
fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|a| a.to_canonical()) {
        Ok(IpAddr::V6(v6)) => {
            let s = v6.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
        }
        Ok(v4) => v4.to_string(),
        Err(_) => address.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(1) + Duration::seconds(seconds)
    }
    fn after(failures: i64, open: i64, second: i64) -> Option<i64> {
        left(Some(Failures { failures, last: at(0) }), open, 10, at(second)).map(|d| d.num_seconds())
    }

    #[test]
    fn after_ten_failures_each_further_one_doubles_the_wait() {
        for (failures, second, waits) in
            [(9, 0, None), (10, 0, Some(30)), (10, 10, Some(20)), (10, 30, None), (11, 0, Some(60)), (15, 0, Some(900)), (40, 0, Some(900))]
        {
            assert_eq!(after(failures, 0, second), waits, "{failures} failures, after {second} s");
        }
        assert_eq!(after(40, 0, 1800), None, "half an hour without a failure heals");
        assert_eq!(after(40, 0, -3600), None, "a clock that was set back locks nobody out");
    }

    #[test]
    fn tries_without_a_verdict_count_as_failures() {
        assert_eq!((after(5, 4, 0), after(5, 5, 0)), (None, Some(1)));
        assert_eq!((after(12, 0, 300), after(12, 1, 300)), (None, Some(1)), "after a wait one at a time");
        assert_eq!(left(None, 9, 10, at(0)), None);
        assert_eq!(left(None, 10, 10, at(0)), Some(Duration::seconds(1)));
    }

    #[test]
    fn what_is_open_is_counted_until_it_is_closed() {
        let t = Throttle::default();
        let (a, b) = (hash("a"), hash("b"));
        assert_eq!((t.open(&a, &b), t.open(&a, &b)), ((0, 0), (1, 1)));
        t.close(&a, &b);
        assert_eq!(t.open(&b, &a), (1, 1));
        t.close(&a, &b);
        t.close(&a, &b);
        assert!(t.0.lock().open.is_empty());
    }

    #[test]
    fn one_subscriber_of_ipv6_is_one_place() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:1.2.3.4"), "1.2.3.4");
    }
}
