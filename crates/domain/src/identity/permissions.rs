//! Permissions and the patterns that grant them. A permission is words with dots between them, mostly `area.noun.verb`;
//! in a pattern `*` stands for one word in the middle, and for one or more at the end. A pattern may end with a reach,
//! `crm.leads.update:own`: it grants the permission on those records alone; without one it grants it on all. What a set of
//! patterns grants is the union; nothing takes away.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::visibility::Reach;
use crate::kernel::{Code, StringEnum};

/// A pattern that is not one.
pub const INVALID_PATTERN: Code = Code::invalid(
    "permission.invalid",
    "A permission is words with dots between them, such as sales.orders.confirm; a word may be *, and a * at the end stands for the rest. \
     A reach may follow: :own, :team, :territory, :company or :all.",
);

/// The longest pattern there may be, in bytes.
pub const MAX_LENGTH: usize = 100;
/// The most words in one.
const MAX_WORDS: usize = 6;

/// A pattern without its reach, and the reach. Without one it reaches everything that the caller's companies have.
pub fn split(pattern: &str) -> (&str, Reach) {
    match pattern.split_once(':') {
        Some((words, reach)) => (words, Reach::from_word(reach).unwrap_or(Reach::Own)),
        None => (pattern, Reach::All),
    }
}

/// The pattern with a reach; the widest needs no word.
fn join(words: &str, reach: Reach) -> String {
    match reach {
        Reach::All => words.to_string(),
        reach => format!("{words}:{reach}"),
    }
}

/// Whether a text has the form of a pattern: at least two words, or a `*` at the end, and perhaps a reach.
pub fn is_pattern(text: &str) -> bool {
    match text.split_once(':') {
        Some((words, reach)) => Reach::from_word(reach).is_some() && text.len() <= MAX_LENGTH && are_words(words),
        None => are_words(text),
    }
}

fn are_words(text: &str) -> bool {
    let words: Vec<&str> = text.split('.').collect();
    let plain = |w: &str| w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let word = |w: &&str| *w == "*" || (w.starts_with(|c: char| c.is_ascii_lowercase()) && plain(w));
    let long_enough = words.len() >= 2 || text == "*";
    long_enough && words.len() <= MAX_WORDS && text.len() <= MAX_LENGTH && words.iter().all(word)
}

/// Whether everything that `narrow` grants is also granted by `wide`: the reach of `wide` is compared first, then the words. Both are
/// patterns; a permission is one without `*`. Whatever compares two grants asks this: the door, the rule about what may be given, API
/// keys.
pub fn covers(wide: &str, narrow: &str) -> bool {
    let ((wide, far), (narrow, near)) = (split(wide), split(narrow));
    far >= near && covers_words(wide, narrow)
}

fn covers_words(wide: &str, narrow: &str) -> bool {
    let mut wanted = wide.split('.').peekable();
    let mut given = narrow.split('.').peekable();
    while let Some(w) = wanted.next() {
        let Some(g) = given.next() else { return false };
        let (last, open) = (wanted.peek().is_none(), given.peek().is_none() && g == "*");
        if w == "*" && last {
            return true;
        }
        // an open end grants more than any pattern that does not end openly at the same place
        if open || (w != "*" && w != g) {
            return false;
        }
    }
    given.next().is_none()
}

/// The pattern that grants what both grant, if there is anything.
pub fn intersect(a: &str, b: &str) -> Option<String> {
    let ((a, far), (b, near)) = (split(a), split(b));
    Some(join(&intersect_words(a, b)?, far.min(near)))
}

fn intersect_words(a: &str, b: &str) -> Option<String> {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('.').collect(), b.split('.').collect());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < long.len() && short.last() != Some(&"*") {
        return None;
    }
    let mut out = Vec::with_capacity(long.len());
    for (i, l) in long.iter().enumerate() {
        match short.get(i) {
            None | Some(&"*") => out.push(*l),
            // an open end of the longer one needs a word where the shorter one has its last
            Some(s) if *l == "*" || s == l => out.push(*s),
            Some(_) => return None,
        }
    }
    Some(out.join("."))
}

/// A set of permissions and patterns. Cheap to clone: every request has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    exact: Arc<BTreeSet<String>>,
    patterns: Arc<BTreeSet<String>>,
}

impl Permissions {
    /// The set, without those that another one covers.
    pub fn of<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        let plain = |text: &str| {
            let (words, reach) = split(text);
            join(words, reach)
        };
        let all: BTreeSet<String> = items.into_iter().map(|s| plain(s.as_ref())).collect();
        let (patterns, exact): (BTreeSet<String>, BTreeSet<String>) = all.into_iter().partition(|p| p.contains(['*', ':']));
        let covered = |p: &String| patterns.iter().chain(&exact).any(|o| o != p && covers(o, p));
        let wide: BTreeSet<String> = patterns.iter().filter(|p| !covered(p)).cloned().collect();
        let exact: BTreeSet<String> = exact.into_iter().filter(|e| !wide.iter().any(|w| covers(w, e))).collect();
        Self { exact: Arc::new(exact), patterns: Arc::new(wide) }
    }
    pub fn everything() -> Self {
        Self::of(["*"])
    }
    /// Whether the permission is granted, be it on some records only.
    pub fn allow(&self, permission: &str) -> bool {
        self.exact.contains(permission) || self.patterns.iter().any(|p| covers_words(split(p).0, split(permission).0))
    }
    /// How far the permission reaches; nothing when it is not granted at all.
    pub fn reach(&self, permission: &str) -> Option<Reach> {
        if self.exact.contains(permission) {
            return Some(Reach::All);
        }
        self.patterns.iter().map(|p| split(p)).filter(|(words, _)| covers_words(words, permission)).map(|(_, reach)| reach).max()
    }
    /// The reaches short of the widest that anything here is granted with.
    pub fn reaches(&self) -> BTreeSet<Reach> {
        self.patterns.iter().map(|p| split(p).1).filter(|r| *r < Reach::Company).collect()
    }
    /// Whether all that the pattern grants is granted here by one pattern, as far as it reaches.
    pub fn cover(&self, pattern: &str) -> bool {
        self.exact.contains(pattern) || self.exact.iter().chain(self.patterns.iter()).any(|p| covers(p, pattern))
    }
    /// What both sets grant.
    pub fn intersect(&self, other: &Self) -> Self {
        Self::of(self.iter().flat_map(|a| other.iter().filter_map(move |b| intersect(a, b))))
    }
    /// The permissions, then the patterns, each in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.exact.iter().chain(self.patterns.iter()).map(String::as_str)
    }
    /// As a list in alphabetical order.
    pub fn to_vec(&self) -> Vec<String> {
        let mut all: Vec<String> = self.iter().map(String::from).collect();
        all.sort();
        all
    }
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_a_part_and_at_the_end_for_the_rest() {
        for (pattern, permission, expected) in [
            ("*", "sales.orders.confirm", true),
            ("sales.*", "sales.orders.confirm", true),
            ("sales.orders.*", "sales.orders.confirm", true),
            ("sales.orders.confirm", "sales.orders.confirm", true),
            ("*.*.read", "sales.orders.read", true),
            ("sales.*.read", "sales.orders.read", true),
            ("*.*.read", "sales.orders.confirm", false),
            ("sales.*", "salesx.orders.confirm", false),
            ("sales.orders.*", "sales.orders_x.confirm", false),
            ("sales.orders.*", "sales.orders", false),
            ("platform.*", "platform.verifications", true),
            ("accounting.reports.*", "accounting.reports.trial_balance.read", true),
            ("accounting.a.read", "accounting.a.b.read", false),
            ("sales.orders.read", "sales.orders.read_all", false),
            ("sales.orders", "sales.orders.read", false),
            ("", "sales.orders.read", false),
            ("sales.*.read", "crm.leads.read", false),
        ] {
            assert_eq!(covers(pattern, permission), expected, "{pattern} {permission}");
        }
    }

    #[test]
    fn only_patterns_are_patterns() {
        for good in [
            "*",
            "sales.*",
            "sales.orders.*",
            "sales.orders.confirm",
            "*.*.read",
            "crm.api_keys.read2",
            "*.orders.*",
            "platform.verifications",
            "crm.leads.update:own",
            "crm.*:team",
            "*:company",
        ] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "sales",
            "sales..read",
            "Sales.orders.read",
            "a.b.c.d.e.f.g",
            "sales.or*.read",
            "**",
            "a.b. c",
            "é.b.c",
            "_a.b.c",
            "crm.leads.read:",
            "crm.leads.read:mine",
            "crm.leads.read:own:own",
            ":own",
            "crm:own",
        ] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn covering_is_judged_part_by_part() {
        for (wide, narrow, expected) in [
            ("sales.*", "sales.orders.*", true),
            ("sales.orders.*", "sales.*", false),
            ("*", "sales.*", true),
            ("sales.*", "*", false),
            ("*.*.read", "sales.*.read", true),
            ("sales.*.read", "*.*.read", false),
            ("sales.*.read", "sales.*", false),
            ("sales.orders.read", "sales.orders.*", false),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} {narrow}");
        }
    }

    #[test]
    fn the_intersection_is_what_both_grant() {
        for (a, b, expected) in [
            ("*", "sales.*", Some("sales.*")),
            ("*.*.read", "sales.*", Some("sales.*.read")),
            ("sales.*", "crm.*", None),
            ("sales.orders.read", "*.*.read", Some("sales.orders.read")),
            ("sales.orders.*", "*.*.read", Some("sales.orders.read")),
        ] {
            assert_eq!(intersect(a, b).as_deref(), expected, "{a} {b}");
            assert_eq!(intersect(b, a).as_deref(), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_set_keeps_only_what_counts() {
        let set = Permissions::of(["sales.orders.read", "sales.*", "crm.leads.read", "sales.*"]);
        assert_eq!(set.to_vec(), ["crm.leads.read", "sales.*"]);
        assert!(set.cover("sales.orders.*") && !set.cover("*"));
    }

    #[test]
    fn a_reach_counts_where_permissions_are_compared() {
        for (wide, narrow, expected) in [
            ("crm.leads.read", "crm.leads.read:own", true),
            ("crm.leads.read:own", "crm.leads.read", false),
            ("crm.leads.read:team", "crm.leads.read:own", true),
            ("crm.leads.read:own", "crm.leads.read:team", false),
            ("crm.leads.read:team", "crm.leads.read:territory", false),
            ("crm.leads.read:company", "crm.leads.read:territory", true),
            ("crm.leads.read:all", "crm.leads.read", true),
            ("crm.*:own", "crm.leads.*:own", true),
            ("crm.*:own", "crm.leads.read:team", false),
            ("*", "crm.*:all", true),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} {narrow}");
        }
        let set = Permissions::of(["crm.*:own", "crm.leads.read:team", "crm.leads.create:all", "crm.leads.update:own"]);
        assert_eq!(set.to_vec(), ["crm.*:own", "crm.leads.create", "crm.leads.read:team"]);
        for (permission, reach) in [
            ("crm.leads.read", Some(Reach::Team)),
            ("crm.leads.update", Some(Reach::Own)),
            ("crm.leads.create", Some(Reach::All)),
            ("sales.orders.read", None),
        ] {
            assert_eq!((set.reach(permission), set.allow(permission)), (reach, reach.is_some()), "{permission}");
        }
        assert!(set.cover("crm.leads.read:own") && !set.cover("crm.leads.read") && !set.cover("crm.leads.update:team"));
        let key = Permissions::of(["crm.leads.*"]).intersect(&set);
        assert_eq!(key.to_vec(), ["crm.leads.*:own", "crm.leads.create", "crm.leads.read:team"]);
    }

    fn pattern() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec!["a", "b", "*"]);
        let reach = prop::sample::select(vec!["", ":own", ":team", ":company"]);
        let words = prop::collection::vec(part, 1..=4).prop_map(|p| p.join("."));
        (words, reach).prop_map(|(w, r)| format!("{w}{r}")).prop_filter("a pattern", |p| is_pattern(p))
    }
    fn permission() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..=5).prop_map(|p| p.join("."))
    }

    proptest! {
        #[test]
        fn the_intersection_grants_exactly_what_both_do(a in pattern(), b in pattern(), p in permission()) {
            let both = intersect(&a, &b).is_some_and(|i| covers(&i, &p));
            prop_assert_eq!(both, covers(&a, &p) && covers(&b, &p), "{} {} {:?}", a, b, intersect(&a, &b));
            let own = format!("{p}:own");
            let both = intersect(&a, &b).is_some_and(|i| covers(&i, &own));
            prop_assert_eq!(both, covers(&a, &own) && covers(&b, &own), "{} {} {:?}", a, b, intersect(&a, &b));
        }
        #[test]
        fn who_is_covered_grants_nothing_more(wide in pattern(), narrow in pattern(), p in permission()) {
            if covers(&wide, &narrow) && covers(&narrow, &p) {
                prop_assert!(covers(&wide, &p), "{} {}", wide, narrow);
            }
        }
    }
}
