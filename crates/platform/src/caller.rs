//! Who asks, and what they may.

use std::collections::BTreeSet;
use std::fmt;

use domain::directory::companies::CompanyId;
use uuid::Uuid;

/// A set of permissions such as `sales.orders.confirm`; `*` stands for one or more parts at the end
/// (`sales.*`) and for exactly one in the middle (`*.*.read`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    exact: BTreeSet<String>,
    patterns: Vec<String>,
}

impl Permissions {
    pub fn of<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        let mut out = Self::default();
        for item in items {
            out.add(item.as_ref());
        }
        out
    }
    pub fn everything() -> Self {
        Self::of(["*"])
    }
    pub fn add(&mut self, item: &str) {
        if item.contains('*') {
            if !self.patterns.iter().any(|p| p == item) {
                self.patterns.push(item.to_string());
            }
        } else {
            self.exact.insert(item.to_string());
        }
    }
    pub fn allow(&self, permission: &str) -> bool {
        self.exact.contains(permission) || self.patterns.iter().any(|p| matches(p, permission))
    }
    /// Whether everything that `item` (which may be a pattern) allows is allowed here.
    pub fn cover(&self, item: &str) -> bool {
        self.exact.contains(item) || self.patterns.iter().any(|p| p == item || matches(p, item))
    }
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.exact.iter().map(String::as_str).chain(self.patterns.iter().map(String::as_str))
    }
}

fn matches(pattern: &str, permission: &str) -> bool {
    let mut wanted = pattern.split('.').peekable();
    let mut given = permission.split('.');
    while let Some(w) = wanted.next() {
        if w == "*" && wanted.peek().is_none() {
            return given.next().is_some();
        }
        match given.next() {
            Some(g) if w == "*" || w == g => {}
            _ => return false,
        }
    }
    given.next().is_none()
}

/// The companies a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Companies {
    All,
    These(BTreeSet<CompanyId>),
}

impl Companies {
    pub fn contain(&self, id: CompanyId) -> bool {
        match self {
            Companies::All => true,
            Companies::These(ids) => ids.contains(&id),
        }
    }
}

/// Who asks. Made by authentication, or by the program itself for its own work.
#[derive(Clone)]
pub struct Caller {
    /// The user, also behind an API key.
    pub user_id: Option<domain::identity::users::UserId>,
    /// The API key that was used.
    pub api_key_id: Option<Uuid>,
    /// The session of the access token.
    pub session_id: Option<Uuid>,
    /// Stable text for audit rows and idempotency scopes: `usr_…`, `key_…`, `system`.
    pub id: String,
    /// Shown to people.
    pub name: String,
    pub permissions: Permissions,
    pub companies: Companies,
    /// Where the request came from, behind the proxies that are believed; nothing for the program itself.
    pub address: Option<std::net::IpAddr>,
}

impl Caller {
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.allow(permission)
    }
    /// The program itself: seeds, jobs, the command line.
    pub fn system() -> Self {
        Self {
            user_id: None,
            api_key_id: None,
            session_id: None,
            id: "system".into(),
            name: "System".into(),
            permissions: Permissions::everything(),
            companies: Companies::All,
            address: None,
        }
    }
    /// Somebody without credentials, for public operations.
    pub fn anonymous() -> Self {
        Self {
            id: "anonymous".into(),
            name: "Anonymous".into(),
            permissions: Permissions::default(),
            companies: Companies::These(BTreeSet::new()),
            ..Self::system()
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_at_the_end_stands_for_the_rest_and_in_the_middle_for_one_part() {
        let p = Permissions::of(["sales.*", "*.*.read", "crm.leads.convert"]);
        for yes in ["sales.orders.confirm", "sales.x", "accounting.invoices.read", "crm.leads.convert"] {
            assert!(p.allow(yes), "{yes}");
        }
        for no in ["sales", "accounting.invoices.post", "crm.leads", "crm.leads.convert.more", "accounting.a.b.read"] {
            assert!(!p.allow(no), "{no}");
        }
        assert!(p.cover("sales.orders.*") && !p.cover("*"));
    }
}
