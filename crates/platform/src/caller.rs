//! Who asks, and what they may.

use std::collections::BTreeSet;
use std::fmt;

pub use domain::identity::authority::Companies;
pub use domain::identity::permissions::Permissions;
use domain::identity::visibility::FieldClass;
use domain::kernel::labels::LabelLanguage;
use uuid::Uuid;

/// Who asks. Made by authentication, or by the program itself for its own work.
#[derive(Clone)]
pub struct Caller {
    /// The user, also behind an API key.
    pub user_id: Option<domain::ids::UserId>,
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
    /// What the program that asks calls itself, when it asks without credentials; at most 300 characters.
    pub user_agent: Option<String>,
    /// The time zone of the user's days, when the user has said one.
    pub time_zone: Option<chrono_tz::Tz>,
    /// The language in which labels are wanted.
    pub language: LabelLanguage,
    /// Somebody else knows the password: nothing but changing it is allowed.
    pub must_change_password: bool,
}

impl Caller {
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.allow(permission)
    }
    /// Whether the caller sees fields of a class: on all records, or on none.
    pub fn sees(&self, class: FieldClass) -> bool {
        self.permissions.reach(class.permission()).is_some_and(|reach| !reach.is_limited())
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
            user_agent: None,
            time_zone: None,
            language: LabelLanguage::English,
            must_change_password: false,
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
