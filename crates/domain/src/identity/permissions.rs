//! Permissions and the patterns that grant them. A permission is `area.noun.verb`; a pattern may have `*` for one
//! part, and a `*` at the end stands for one or more parts. What a set of patterns grants is the union, nothing takes away.

use crate::kernel::Code;

/// A pattern that is not one.
pub const INVALID_PATTERN: Code =
    Code::invalid("permission.invalid", "A permission is area.noun.verb; each part may be *, and a * at the end stands for the rest.");

/// The longest pattern there may be, in bytes.
pub const MAX_LENGTH: usize = 100;

/// Whether a text has the form of a pattern: one to three parts of lower-case letters, digits and underscores, or `*`.
/// Fewer than three parts must end in `*`.
pub fn is_pattern(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let word = |p: &str| {
        p == "*"
            || (p.starts_with(|c: char| c.is_ascii_lowercase())
                && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
    };
    text.len() <= MAX_LENGTH && parts.len() <= 3 && parts.iter().all(|p| word(p)) && (parts.len() == 3 || parts.last() == Some(&"*"))
}

/// Whether the pattern grants the permission.
pub fn grants(pattern: &str, permission: &str) -> bool {
    covers(pattern, permission)
}

/// Whether everything that `narrow` grants is also granted by `wide`. Both are patterns; a permission is one without `*`.
pub fn covers(wide: &str, narrow: &str) -> bool {
    let (wide, narrow): (Vec<&str>, Vec<&str>) = (wide.split('.').collect(), narrow.split('.').collect());
    let open = wide.last() == Some(&"*");
    let long_enough = narrow.len() == wide.len() || (open && narrow.len() >= wide.len());
    // A narrow pattern that is open and shorter than the wide one grants more than the wide one.
    let closed_enough = open || narrow.last() != Some(&"*");
    long_enough && closed_enough && wide.iter().zip(&narrow).all(|(w, n)| *w == "*" || w == n)
}

/// The pattern that grants what both grant, if there is anything.
pub fn intersect(a: &str, b: &str) -> Option<String> {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('.').collect(), b.split('.').collect());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < long.len() && short.last() != Some(&"*") {
        return None;
    }
    let mut out = Vec::with_capacity(long.len());
    for (i, l) in long.iter().enumerate() {
        match short.get(i) {
            None | Some(&"*") => out.push(*l),
            Some(s) if *l == "*" || s == l => out.push(*s),
            Some(_) => return None,
        }
    }
    Some(out.join("."))
}

/// A set of patterns, sorted and without those that another one covers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions(Vec<String>);

impl Permissions {
    pub fn new<S: Into<String>>(patterns: impl IntoIterator<Item = S>) -> Self {
        let mut all: Vec<String> = patterns.into_iter().map(Into::into).collect();
        all.sort();
        all.dedup();
        let kept = all.iter().filter(|p| !all.iter().any(|other| other != *p && covers(other, p))).cloned().collect();
        Self(kept)
    }
    /// Whether the permission is granted.
    pub fn may(&self, permission: &str) -> bool {
        self.0.iter().any(|p| grants(p, permission))
    }
    /// Whether all that the pattern grants is granted here by one pattern.
    pub fn cover(&self, pattern: &str) -> bool {
        self.0.iter().any(|p| covers(p, pattern))
    }
    /// What both sets grant.
    pub fn intersect(&self, other: &Self) -> Self {
        Self::new(self.0.iter().flat_map(|a| other.0.iter().filter_map(move |b| intersect(a, b))))
    }
    pub fn patterns(&self) -> &[String] {
        &self.0
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
            ("sales.orders.read", "sales.orders.read_all", false),
            ("sales.orders", "sales.orders.read", false),
            ("", "sales.orders.read", false),
            ("sales.*.read", "crm.leads.read", false),
        ] {
            assert_eq!(grants(pattern, permission), expected, "{pattern} {permission}");
        }
    }

    #[test]
    fn only_patterns_are_patterns() {
        for good in ["*", "sales.*", "sales.orders.*", "sales.orders.confirm", "*.*.read", "crm.api_keys.read2", "*.orders.*"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "sales",
            "sales.orders",
            "sales..read",
            "Sales.orders.read",
            "a.b.c.d",
            "sales.or*.read",
            "**",
            "a.b. c",
            "é.b.c",
            "_a.b.c",
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
        let set = Permissions::new(["sales.orders.read", "sales.*", "crm.leads.read", "sales.*"]);
        assert_eq!(set.patterns(), ["crm.leads.read", "sales.*"]);
        assert!(set.cover("sales.orders.*") && !set.cover("*"));
    }

    fn pattern() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec!["a", "b", "*"]);
        prop::collection::vec(part, 1..=3).prop_map(|p| p.join(".")).prop_filter("a pattern", |p| is_pattern(p))
    }
    fn permission() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 3).prop_map(|p| p.join("."))
    }

    proptest! {
        #[test]
        fn the_intersection_grants_exactly_what_both_do(a in pattern(), b in pattern(), p in permission()) {
            let both = intersect(&a, &b).is_some_and(|i| grants(&i, &p));
            prop_assert_eq!(both, grants(&a, &p) && grants(&b, &p), "{} {} {:?}", a, b, intersect(&a, &b));
        }
        #[test]
        fn who_is_covered_grants_nothing_more(wide in pattern(), narrow in pattern(), p in permission()) {
            if covers(&wide, &narrow) && grants(&narrow, &p) {
                prop_assert!(grants(&wide, &p), "{} {}", wide, narrow);
            }
        }
    }
}
