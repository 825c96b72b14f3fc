//! How often a caller may ask: one bucket for each caller, one for each address that asks without a token.
//! The fields tell a polite client when to slow down (RateLimit-Policy and RateLimit as structured fields).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::config::Rate;

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>;

/// The buckets of this process.
pub struct Buckets {
    callers: Bucket,
    logins: Bucket,
}

/// Which bucket a request draws from.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// Somebody with valid credentials.
    Caller(&'a str),
    /// Somebody without: the address.
    Address(IpAddr),
    /// A log-in or another write without a token, from this address.
    Login(IpAddr),
}

/// What the bucket said.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Seconds until it may be repeated, when it may not go on.
    pub retry_after: u32,
    pub policy: String,
    pub state: String,
}

struct Bucket {
    name: &'static str,
    rate: Rate,
    policy: String,
    limiter: Limiter,
    clock: DefaultClock,
}

impl Bucket {
    fn new(name: &'static str, rate: Rate) -> Self {
        let least = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(least(rate.per_minute)).allow_burst(least(rate.burst));
        let full = refill_seconds(rate, rate.burst);
        Self {
            name,
            rate,
            policy: format!("\"{name}\";q={};w={full}", rate.burst),
            limiter: RateLimiter::dashmap(quota).with_middleware(),
            clock: DefaultClock::default(),
        }
    }

    fn draw(&self, key: u64) -> Verdict {
        let (allowed, remaining, wait) = match self.limiter.check_key(&key) {
            Ok(state) => (true, state.remaining_burst_capacity(), Duration::ZERO),
            Err(not_until) => (false, 0, not_until.wait_time_from(self.clock.now())),
        };
        let retry_after = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(60).max(1);
        let reset = refill_seconds(self.rate, self.rate.burst.saturating_sub(remaining));
        Verdict { allowed, retry_after, policy: self.policy.clone(), state: format!("\"{}\";r={remaining};t={reset}", self.name) }
    }
}

fn refill_seconds(rate: Rate, tokens: u32) -> u64 {
    (u64::from(tokens) * 60).div_ceil(u64::from(rate.per_minute.max(1))).max(1)
}

impl Buckets {
    pub fn new(callers: Rate, logins: Rate) -> Self {
        Self { callers: Bucket::new("default", callers), logins: Bucket::new("login", logins) }
    }

    /// Takes one request out of the bucket.
    pub fn draw(&self, who: Who) -> Verdict {
        match who {
            Who::Caller(id) => self.callers.draw(hash(&("caller", id))),
            Who::Address(ip) => self.callers.draw(hash(&("address", network(ip)))),
            Who::Login(ip) => self.logins.draw(hash(&("login", network(ip)))),
        }
    }

    /// Forgets buckets that are full again; called now and then so that many addresses do not fill the memory.
    pub fn forget_idle(&self) {
        for bucket in [&self.callers, &self.logins] {
            bucket.limiter.retain_recent();
            bucket.limiter.shrink_to_fit();
        }
    }
}

/// One household has one IPv6 network of 64 bits; counting single addresses would not limit anybody.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(a) => IpAddr::V6((u128::from(a) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

fn hash<T: std::hash::Hash>(value: &T) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    static KEYS: std::sync::OnceLock<RandomState> = std::sync::OnceLock::new();
    KEYS.get_or_init(RandomState::new).hash_one(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_says_so() {
        let b = Buckets::new(Rate { per_minute: 6, burst: 3 }, Rate { per_minute: 1, burst: 1 });
        let first = b.draw(Who::Caller("usr_a"));
        assert_eq!((first.allowed, first.policy.as_str(), first.state.as_str()), (true, "\"default\";q=3;w=30", "\"default\";r=2;t=10"));
        b.draw(Who::Caller("usr_a"));
        b.draw(Who::Caller("usr_a"));
        let last = b.draw(Who::Caller("usr_a"));
        assert!(!last.allowed && (1..=10).contains(&last.retry_after), "{last:?}");
        assert!(b.draw(Who::Caller("usr_b")).allowed, "another caller has an own bucket");
    }

    #[test]
    fn addresses_of_one_network_share_a_bucket() {
        let b = Buckets::new(Rate { per_minute: 6, burst: 3 }, Rate { per_minute: 1, burst: 1 });
        assert!(b.draw(Who::Login("2001:db8::1".parse().expect("ip"))).allowed);
        assert!(!b.draw(Who::Login("2001:db8::2".parse().expect("ip"))).allowed);
        assert!(b.draw(Who::Login("2001:db8:0:1::1".parse().expect("ip"))).allowed);
        assert!(b.draw(Who::Address("2001:db8::1".parse().expect("ip"))).allowed, "log-ins have a bucket of their own");
    }
}
