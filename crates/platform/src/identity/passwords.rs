//! Passwords: judged, hashed and compared. Hashing takes long and 19 MiB on purpose, so it never happens inside a write
//! transaction, and not more at once than there are cores.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use domain::identity::passwords::{check_guesses, check_length, guessed_forms};
use domain::kernel::{Problem, Result, problems};
use icu_normalizer::ComposingNormalizerBorrowed;
use parking_lot::{Condvar, Mutex};

/// Argon2id with 19 MiB, two passes, one lane (OWASP's and RFC 9106's second choice).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// What is compared with when there is no such user, so that it takes as long: made of zeros, at the same cost. What it
/// would be the hash of does not matter, since nobody gets in by it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// How long a request waits for its turn to hash.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many may wait for each core; more are sent away, so that guessers do not take all threads.
const QUEUE: usize = 4;

/// Hashes and compares passwords, few at once.
pub struct Hasher {
    argon: Argon2<'static>,
    cores: usize,
    /// How many hash now, and how many wait.
    busy: Mutex<(usize, usize)>,
    free: Condvar,
    runs: AtomicU64,
}

impl Default for Hasher {
    fn default() -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
        Self {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            busy: Mutex::new((0, 0)),
            free: Condvar::new(),
            runs: AtomicU64::new(0),
        }
    }
}

impl Hasher {
    /// The hash of a password in the PHC form.
    ///
    /// # Errors
    /// `unavailable` when too many others hash.
    pub fn hash(&self, password: &str) -> Result<String> {
        let password = normal(password);
        let _turn = self.turn()?;
        Ok(self.argon.hash_password(password.as_bytes()).map_err(|e| broken(&e))?.to_string())
    }

    /// Whether the password is the one behind the hash. Without a hash it compares all the same and says no.
    ///
    /// # Errors
    /// `unavailable` when too many others hash.
    pub fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let password = normal(password);
        let _turn = self.turn()?;
        let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(|e| broken(&e))?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let same = self.argon.verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(same && hash.is_some())
    }

    /// How many comparisons were made.
    pub fn comparisons(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    fn turn(&self) -> Result<Turn<'_>> {
        let until = Instant::now() + PATIENCE;
        let mut busy = self.busy.lock();
        if busy.1 >= self.cores * QUEUE {
            return Err(Problem::from(problems::unavailable).after_seconds(1));
        }
        busy.1 += 1;
        while busy.0 >= self.cores {
            if self.free.wait_until(&mut busy, until).timed_out() && busy.0 >= self.cores {
                busy.1 -= 1;
                return Err(Problem::from(problems::unavailable).after_seconds(1));
            }
        }
        busy.1 -= 1;
        busy.0 += 1;
        Ok(Turn(self))
    }
}

/// The right to hash now.
struct Turn<'a>(&'a Hasher);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.busy.lock().0 -= 1;
        self.0.free.notify_one();
    }
}

fn broken(e: &dyn std::fmt::Display) -> Problem {
    log::error!("password hashing: {e}");
    problems::internal.into()
}

/// The same password whatever keyboard wrote it (NFKC, as SP 800-63B-4 asks).
fn normal(password: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize(password).into_owned()
}

/// Whether two passwords are the same to us.
pub fn same(a: &str, b: &str) -> bool {
    normal(a) == normal(b)
}

/// Judges a new password. `context` are words that an attacker would try first: name, address, product.
pub fn judge(password: &str, context: &[&str], pointer: &str) -> Result<()> {
    let password = normal(password);
    check_length(&password, pointer)?;
    let mut words: Vec<&str> = vec!["tandem", "crm", "erp", "password", "passwort"];
    words.extend(context.iter().flat_map(|c| c.split(|c: char| !c.is_alphanumeric())).filter(|w| w.chars().count() > 2));
    words.extend(context);
    for form in guessed_forms(&password) {
        let estimate = zxcvbn::zxcvbn(&form, &words);
        let hint = estimate.feedback().and_then(|f| f.warning()).map(|w| w.to_string());
        check_guesses(estimate.guesses(), hint.as_deref(), pointer)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::identity::passwords::{TOO_GUESSABLE, TOO_LONG, TOO_SHORT};

    fn code(password: &str) -> Option<&'static str> {
        judge(password, &["ada.lovelace@example.com", "Ada Lovelace"], "/password").err().map(|p| p.code().code)
    }

    #[test]
    fn long_phrases_are_good_and_obvious_ones_are_not() {
        for good in
            ["seven grey herons cross the river", "a long walk in the woods", "日本語のとても長い合言葉です、はい", "zK8#qw-Lm2!pT5x_Rb"]
        {
            assert_eq!(code(good), None, "{good}");
        }
        for bad in [
            "aaaaaaaaaaaaaaaaaaaa",
            "123456789012345678",
            "passwordpassword",
            "password password",
            "password   password",
            "pass word pass word",
            "Password-password!",
            "dragon dragon dragon dragon",
            "monkey dragon monkey dragon",
            "a               a",
            "1 2 3 4 5 6 7 8 9 0",
            "adalovelaceadalovelace",
            "tandemtandemtandem",
            "qwertyuiopasdfgh",
        ] {
            assert_eq!(code(bad), Some(TOO_GUESSABLE.code), "{bad}");
        }
        assert_eq!(code("zK8#qw-Lm2!pT5"), Some(TOO_SHORT.code));
        assert_eq!(code(&"herons ".repeat(200)), Some(TOO_LONG.code));
    }

    #[test]
    fn a_hash_fits_its_password_only_and_hides_it() {
        let hasher = Hasher::default();
        let hash = hasher.hash("seven grey herons cross the river").expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("seven grey herons cross the river", Some(&hash)).expect("compared"));
        assert!(!hasher.verify("seven grey herons cross the rivers", Some(&hash)).expect("compared"));
        assert_ne!(hash, hasher.hash("seven grey herons cross the river").expect("another salt"));
    }

    #[test]
    fn the_whole_of_a_long_password_counts() {
        let hasher = Hasher::default();
        let long = "x".repeat(1000);
        let hash = hasher.hash(&long).expect("a hash");
        assert!(!hasher.verify(&"x".repeat(999), Some(&hash)).expect("compared"));
        assert!(hasher.verify(&long, Some(&hash)).expect("compared"));
    }

    #[test]
    fn keyboards_differ_and_passwords_do_not() {
        let hasher = Hasher::default();
        let hash = hasher.hash("caf\u{e9} \u{fb01}ne am Meer abends").expect("a hash");
        assert!(hasher.verify("cafe\u{301} fine am Meer abends", Some(&hash)).expect("compared"));
    }

    #[test]
    fn an_unknown_user_costs_a_comparison_too() {
        let hasher = Hasher::default();
        assert!(!hasher.verify("whatever it may be", None).expect("compared"));
        assert_eq!(hasher.comparisons(), 1);
        let costs = |hash: &str| hash.rsplitn(3, '$').nth(2).map(str::to_string);
        assert_eq!(costs(NOBODY), costs(&hasher.hash("seven grey herons cross the river").expect("a hash")), "as long as anybody's");
    }

    #[test]
    fn no_more_hash_at_once_than_there_are_cores() {
        let hasher = Hasher { cores: 1, ..Hasher::default() };
        let first = hasher.turn().expect("the first");
        std::thread::scope(|s| {
            let second = s.spawn(|| hasher.turn().map(drop));
            std::thread::sleep(Duration::from_millis(50));
            assert!(!second.is_finished());
            drop(first);
            assert!(second.join().expect("no panic").is_ok());
        });
    }
}
