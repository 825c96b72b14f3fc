//! What the verbs of a noun need.

use std::borrow::Cow;

/// What the verbs of a noun need: a permission of the noun, but for those that were declared with another one.
pub(crate) struct Verbs {
    /// The permission without its verb.
    stem: String,
    others: Vec<(String, String)>,
}

impl Verbs {
    pub(crate) fn of(stem: &str) -> Self {
        Self { stem: stem.into(), others: Vec::new() }
    }
    /// Remembers the permission of the action at a path when it is another one.
    pub(crate) fn learn(&mut self, path: &str, permission: &str) {
        let verb = path.rsplit('/').next().unwrap_or_default();
        if self.permission(verb) != permission {
            self.others.push((verb.into(), permission.into()));
        }
    }
    /// The permission that a verb needs.
    pub(crate) fn permission(&self, verb: &str) -> Cow<'_, str> {
        match self.others.iter().find(|(other, _)| other == verb) {
            Some((_, permission)) => Cow::Borrowed(permission),
            None => Cow::Owned(format!("{}.{}", self.stem, verb.replace('-', "_"))),
        }
    }
}
