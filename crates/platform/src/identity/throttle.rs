//! Slows down those who guess passwords: per address, and per account over all addresses. It lives in the memory of
//! one process, so that a stranger's guesses cost no write and reading it leaks nothing about who exists. With N
//! replicas behind a balancer a guesser has N times the tries below, and a restart forgets; that is the bound.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use chrono::{DateTime, Duration, Utc};
use domain::kernel::{Problem, Result, problems};
use parking_lot::Mutex;

use super::secrets::hash;

/// Failures an address has before it must wait.
const ADDRESS_FREE: u32 = 10;
/// Failures an account has over all addresses before unknown addresses must wait. Addresses that the right user came
/// from are not held up.
const ACCOUNT_FREE: u32 = 100;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::seconds(30);
const LONGEST_WAIT: Duration = Duration::minutes(15);
/// After this long without a try all is forgotten.
const MEMORY: Duration = Duration::minutes(30);
/// Entries of each kind at most.
const ENTRIES: usize = 100_000;

type Account = [u8; 32];

#[derive(Clone, Copy)]
struct Entry {
    failures: u32,
    last: DateTime<Utc>,
    waits_until: Option<DateTime<Utc>>,
}

#[derive(Default)]
struct State {
    addresses: HashMap<String, Entry>,
    accounts: HashMap<Account, Entry>,
    /// From where users logged in with success.
    known: HashMap<(Account, String), DateTime<Utc>>,
}

/// Counts failed log-ins.
#[derive(Default)]
pub struct Throttle(Mutex<State>);

/// One try, counted as a failure until [`Throttle::succeeded`].
pub struct Attempt {
    account: Account,
    address: String,
}

impl Throttle {
    /// Lets a try through and counts it as failed for now, so that many at once are no way around.
    ///
    /// # Errors
    /// `too_many_requests` with the seconds to wait.
    pub fn attempt(&self, email: &str, address: &str, now: DateTime<Utc>) -> Result<Attempt> {
        let attempt = Attempt { account: hash(email), address: network(address) };
        let mut state = self.0.lock();
        let state = &mut *state;
        let known = state.known.contains_key(&(attempt.account, attempt.address.clone()));
        let waits = [
            state.addresses.get(&attempt.address).and_then(|e| e.waits_until),
            state.accounts.get(&attempt.account).and_then(|e| e.waits_until).filter(|_| !known),
        ];
        if let Some(until) = waits.into_iter().flatten().filter(|t| *t > now).max() {
            let seconds = (until - now).num_seconds().clamp(1, LONGEST_WAIT.num_seconds());
            return Err(Problem::from(problems::too_many_requests).after_seconds(u32::try_from(seconds).unwrap_or(1)));
        }
        count(&mut state.addresses, attempt.address.clone(), ADDRESS_FREE, now);
        count(&mut state.accounts, attempt.account, ACCOUNT_FREE, now);
        Ok(attempt)
    }

    /// The try was the right user: takes its own failure back, no others, and remembers the address.
    pub fn succeeded(&self, attempt: Attempt, now: DateTime<Utc>) {
        let mut state = self.0.lock();
        give_back(&mut state.addresses, &attempt.address);
        give_back(&mut state.accounts, &attempt.account);
        if state.known.len() >= ENTRIES {
            state.known.retain(|_, at| *at > now - Duration::days(1));
            if state.known.len() >= ENTRIES {
                state.known.clear();
            }
        }
        state.known.insert((attempt.account, attempt.address), now);
    }

    /// The try came to no verdict: it counts as nothing.
    pub fn undecided(&self, attempt: &Attempt) {
        let mut state = self.0.lock();
        give_back(&mut state.addresses, &attempt.address);
        give_back(&mut state.accounts, &attempt.account);
    }
}

fn count<K: Eq + Hash>(entries: &mut HashMap<K, Entry>, key: K, free: u32, now: DateTime<Utc>) {
    if entries.len() >= ENTRIES && !entries.contains_key(&key) {
        entries.retain(|_, e| e.last > now - MEMORY);
        if entries.len() >= ENTRIES {
            entries.retain(|_, e| e.waits_until.is_some_and(|t| t > now));
        }
        if entries.len() >= ENTRIES {
            entries.clear();
        }
    }
    let entry = entries.entry(key).or_insert(Entry { failures: 0, last: now, waits_until: None });
    if entry.last <= now - MEMORY {
        entry.failures = 0;
    }
    entry.failures += 1;
    entry.last = now;
    entry.waits_until = (entry.failures >= free).then(|| {
        let doublings = (entry.failures - free).min(10);
        now + (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT)
    });
}

fn give_back<K: Eq + Hash>(entries: &mut HashMap<K, Entry>, key: &K) {
    let Some(entry) = entries.get_mut(key) else { return };
    entry.failures = entry.failures.saturating_sub(1);
    entry.waits_until = None;
    if entry.failures == 0 {
        entries.remove(key);
    }
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
        DateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }
    fn fails(t: &Throttle, email: &str, address: &str, n: u32, second: i64) -> Option<u32> {
        (0..n).find_map(|_| t.attempt(email, address, at(second)).err()).and_then(|p| p.retry_after())
    }

    #[test]
    fn after_ten_failures_an_address_waits_longer_and_longer() {
        let t = Throttle::default();
        assert_eq!(fails(&t, "a@x", "1.2.3.4", 10, 0), None);
        assert_eq!(fails(&t, "a@x", "1.2.3.4", 1, 0), Some(30));
        assert_eq!(fails(&t, "other@x", "1.2.3.4", 1, 10), Some(20));
        assert_eq!(fails(&t, "a@x", "1.2.3.4", 1, 30), None);
        assert_eq!(fails(&t, "a@x", "1.2.3.4", 1, 30), Some(60));
    }

    #[test]
    fn the_right_user_elsewhere_is_not_locked_out() {
        let t = Throttle::default();
        fails(&t, "a@x", "1.2.3.4", 50, 0);
        assert!(t.attempt("a@x", "5.6.7.8", at(0)).is_ok());
    }

    #[test]
    fn many_addresses_against_one_account_wait_but_the_known_one_does_not() {
        let t = Throttle::default();
        let home = t.attempt("a@x", "9.9.9.9", at(0)).expect("free");
        t.succeeded(home, at(0));
        for i in 0..100 {
            assert_eq!(fails(&t, "a@x", &format!("10.0.{i}.1"), 1, 0), None);
        }
        assert!(t.attempt("a@x", "10.1.1.1", at(0)).is_err());
        assert!(t.attempt("b@x", "10.1.1.1", at(0)).is_ok());
        assert!(t.attempt("a@x", "9.9.9.9", at(0)).is_ok());
    }

    #[test]
    fn a_success_takes_back_only_itself() {
        let t = Throttle::default();
        assert_eq!(fails(&t, "a@x", "1.2.3.4", 9, 0), None);
        let own = t.attempt("mallory@x", "1.2.3.4", at(0)).expect("the tenth");
        t.succeeded(own, at(0));
        assert_eq!(fails(&t, "a@x", "1.2.3.4", 1, 0), None);
        assert!(t.attempt("a@x", "1.2.3.4", at(0)).is_err());
    }

    #[test]
    fn time_heals() {
        let t = Throttle::default();
        fails(&t, "a@x", "1.2.3.4", 11, 0);
        assert_eq!(fails(&t, "a@x", "1.2.3.4", 9, 3600), None);
    }

    #[test]
    fn one_subscriber_of_ipv6_is_one_place() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:1.2.3.4"), "1.2.3.4");
    }
}
