//! API keys: how programs log in. The key itself is answered once and never stored or told: `key` is filled after the
//! event is written, on its way out.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permissions::Permissions;
use crate::ids::{ApiKeyId, CompanyId, UserId};
use crate::kernel::{Code, Failure, FieldError, Result, problems};

/// A key cannot do more than its maker.
pub const TOO_WIDE: Code = Code::invalid("api_key.too_wide", "The key would be allowed more than you are.");
/// The end is in the past or too far away.
pub const INVALID_EXPIRY: Code = Code::invalid(
    "api_key.invalid_expiry",
    "The expiry must be in the future, within a hundred years, and no later than that of the key that creates it.",
);
/// A secret is shown to its owner alone.
pub const NOT_THE_OWNER: Code =
    Code::new(Failure::Forbidden, "api_key.not_the_owner", "The secret of a key is shown to its own user alone.");
/// Whoever holds less than a key cannot touch it.
pub const KEY_OUT_OF_REACH: Code = Code::new(Failure::Forbidden, "api_key.out_of_reach", "The key may do more than you.");
/// Revoked keys stay dead.
pub const REVOKED: Code = Code::conflict("api_key.revoked", "The key is revoked.");

/// What every key begins with, so that scanners find leaked ones.
pub const SECRET_PREFIX: &str = "sk_live_";

crate::string_enum! {
    /// Whether a key is good.
    pub enum ApiKeyStatus {
        /// Good until it expires.
        Active = "active",
        /// Dead for good.
        Revoked = "revoked",
    }
}

/// A key for a program, with a part of the rights of the user who made it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The user in whose name it acts; it never may more than this user.
    pub user_id: UserId,
    /// The key that created it, with which it ends; null when a user created it.
    #[schema(required)]
    pub parent_id: Option<ApiKeyId>,
    /// Label of the key; shown in lists and in the audit log.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The key itself: send it as `Authorization: Bearer sk_live_…`. It is shown once, in the answer that made it, and
    /// null ever after.
    #[schema(required, min_length = 20, max_length = 100)]
    pub key: Option<String>,
    /// The last characters of the key, for recognition.
    #[schema(min_length = 4, max_length = 4)]
    pub ends_with: String,
    /// What it may do, as far as its user may.
    #[schema(max_items = 200)]
    pub permissions: Vec<String>,
    /// The companies it is limited to; null for all that its user has.
    #[schema(required, max_items = 200)]
    pub company_ids: Option<Vec<CompanyId>>,
    pub status: ApiKeyStatus,
    /// When it stops being good.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to about five minutes.
    #[schema(required)]
    pub last_used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// When it last changed; that it was used is no change.
    pub updated_at: DateTime<Utc>,
}
crate::entity!(ApiKey, ApiKeyId, "api_key", actions: |k| k.possible_actions());

/// A new key.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// Label of the key; shown in lists and in the audit log.
    #[schema(min_length = 1, max_length = 100, example = "Web shop")]
    pub name: String,
    /// What it may do: permissions or patterns, not more than you may. All that you may when left out.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 200, example = json!(["sales.orders.*", "inventory.stock.read"]))]
    pub permissions: Option<Vec<String>>,
    /// The companies it is limited to; all of yours when left out.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 200)]
    pub company_ids: Option<Vec<CompanyId>>,
    /// When it stops being good; a year from now when left out. A key that is created by a key ends no later than that one.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// How a key is rotated.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// For how many seconds the old secret stays good, so that programs can change over; at most a day, none when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 86400)]
    pub overlap_seconds: Option<i32>,
}

/// The maker of a key, as far as it matters to the key.
pub struct Maker<'a> {
    pub user_id: UserId,
    /// The key that the maker uses, and when it ends.
    pub key: Option<(ApiKeyId, DateTime<Utc>)>,
    pub permissions: &'a Permissions,
    /// Whether the maker has all of these companies.
    pub has_companies: &'a dyn Fn(CompanyId) -> bool,
}

impl ApiKey {
    /// A new key, refused when it would be allowed more than its maker. `ends_with` are the last characters of the secret.
    pub fn new(id: ApiKeyId, new: NewApiKey, maker: &Maker<'_>, ends_with: String, now: DateTime<Utc>) -> Result<Self> {
        let given = new.permissions.unwrap_or_else(|| maker.permissions.to_vec());
        let permissions = super::roles::permissions(given.clone())?;
        let too_wide = |(i, p): (usize, &String)| {
            (!maker.permissions.cover(p))
                .then(|| FieldError::body(format!("/permissions/{i}"), TOO_WIDE.code, format!("You do not have {p}.")))
        };
        let wide: Vec<FieldError> = given.iter().enumerate().filter_map(too_wide).collect();
        if !wide.is_empty() {
            return Err(TOO_WIDE.at(wide));
        }
        let foreign = |(i, c): (usize, &CompanyId)| {
            let text = format!("There is no company {c}.");
            (!(maker.has_companies)(*c)).then(|| FieldError::body(format!("/company_ids/{i}"), problems::unknown_reference.code, text))
        };
        let unknown: Vec<FieldError> = new.company_ids.iter().flatten().enumerate().filter_map(foreign).collect();
        if !unknown.is_empty() {
            return Err(problems::unknown_reference.at(unknown));
        }
        let parent_ends_at = maker.key.map(|(_, ends_at)| ends_at);
        let in_a_year = now + Duration::days(365);
        let expires_at = new.expires_at.unwrap_or(parent_ends_at.map_or(in_a_year, |end| end.min(in_a_year)));
        if let Some(end) = parent_ends_at.filter(|end| expires_at > *end) {
            return Err(INVALID_EXPIRY.field("/expires_at", format!("The key that creates it ends at {end}.")));
        }
        if expires_at <= now || expires_at > now + Duration::days(36_525) {
            return Err(INVALID_EXPIRY.field("/expires_at", "It must be in the future and within a hundred years."));
        }
        Ok(Self {
            id,
            version: 1,
            user_id: maker.user_id,
            parent_id: maker.key.map(|(id, _)| id),
            name: new.name,
            key: None,
            ends_with,
            permissions,
            company_ids: new.company_ids,
            status: ApiKeyStatus::Active,
            expires_at,
            last_used_at: None,
            created_at: now,
            updated_at: now,
        })
    }

    /// Whether it is good now.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.status == ApiKeyStatus::Active && now < self.expires_at
    }

    /// Kills it for good.
    pub fn revoke(self) -> Result<Self> {
        self.check_active()?;
        Ok(Self { status: ApiKeyStatus::Revoked, ..self })
    }

    /// Gets another secret.
    pub fn rotate(self, ends_with: String) -> Result<Self> {
        self.check_active()?;
        Ok(Self { ends_with, ..self })
    }

    fn check_active(&self) -> Result<()> {
        match self.status {
            ApiKeyStatus::Active => Ok(()),
            ApiKeyStatus::Revoked => Err(REVOKED.with("A revoked key stays dead; create another.").in_state(self.status, &[])),
        }
    }

    fn possible_actions(&self) -> Vec<&'static str> {
        if self.status == ApiKeyStatus::Active { vec!["revoke", "rotate"] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn company(n: u128) -> CompanyId {
        CompanyId::from_uuid(uuid::Uuid::from_u128(n))
    }
    fn make(permissions: &[&str], company_ids: Option<Vec<CompanyId>>, days: i64) -> Result<ApiKey> {
        make_by(None, permissions, company_ids, Some(days))
    }
    fn make_by(
        key: Option<(ApiKeyId, DateTime<Utc>)>,
        permissions: &[&str],
        company_ids: Option<Vec<CompanyId>>,
        days: Option<i64>,
    ) -> Result<ApiKey> {
        let mine = Permissions::of(["sales.*", "crm.leads.read"]);
        let maker = Maker { user_id: UserId::from_uuid(uuid::Uuid::nil()), key, permissions: &mine, has_companies: &|c| c == company(1) };
        let new = NewApiKey {
            name: "x".into(),
            permissions: Some(permissions.iter().map(|p| p.to_string()).collect()),
            company_ids,
            expires_at: days.map(|days| DateTime::UNIX_EPOCH + Duration::days(days)),
        };
        ApiKey::new(ApiKeyId::from_uuid(uuid::Uuid::nil()), new, &maker, "abcd".into(), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_key_never_may_more_than_its_maker() {
        assert!(make(&["sales.orders.*", "crm.leads.read"], Some(vec![company(1)]), 1).is_ok());
        let p = make(&["sales.*", "crm.*", "*"], None, 1).expect_err("wide");
        assert_eq!((p.code(), p.errors().len()), (TOO_WIDE, 2));
        assert_eq!(make(&["sales.*"], Some(vec![company(1), company(2)]), 1).expect_err("foreign").code(), problems::unknown_reference);
    }

    #[test]
    fn a_child_ends_no_later_than_its_parent() {
        let end = |days| DateTime::UNIX_EPOCH + Duration::days(days);
        let parent = |days| Some((ApiKeyId::from_uuid(uuid::Uuid::from_u128(7)), end(days)));
        let made = |by, days| make_by(by, &["sales.*"], None, days);
        let child = made(parent(3), None).expect("a child");
        assert_eq!((child.expires_at, child.parent_id), (end(3), parent(3).map(|p| p.0)));
        assert_eq!(made(parent(9999), None).expect("a child").expires_at, end(365));
        assert_eq!(made(parent(3), Some(3)).expect("as long").expires_at, end(3));
        assert_eq!(made(parent(3), Some(4)).expect_err("longer").code(), INVALID_EXPIRY);
        assert_eq!(made(None, Some(4)).expect("by a user").parent_id, None);
    }

    #[test]
    fn a_key_ends() {
        assert_eq!(make(&["sales.*"], None, 0).expect_err("past").code(), INVALID_EXPIRY);
        assert_eq!(make(&["sales.*"], None, 99_999).expect_err("far").code(), INVALID_EXPIRY);
        let key = make(&["sales.*"], None, 1).expect("a key");
        assert!(key.is_alive(DateTime::UNIX_EPOCH) && !key.is_alive(DateTime::UNIX_EPOCH + Duration::days(1)));
        let dead = key.revoke().expect("revoked");
        assert_eq!(dead.rotate("zzzz".into()).expect_err("dead").code(), REVOKED);
    }
}
