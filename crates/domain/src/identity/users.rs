//! The people who log in. No password and no hash lives in these types: they are answered and told as events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::ValidateEmail;

use super::second_factors;
use crate::ids::{StoredFileId, UserId};
use crate::kernel::text::{filled, is_one_line};
use crate::kernel::{Code, Failure, Result, problems};

/// The e-mail address is not one.
pub const INVALID_EMAIL: Code = Code::invalid("user.invalid_email", "The e-mail address is not valid.");
/// The e-mail address belongs to another user.
pub const EMAIL_TAKEN: Code = Code::conflict("user.email_taken", "Another user has this e-mail address.");
/// Work is given to whoever may log in.
pub const DISABLED: Code = Code::invalid("user.disabled", "The user is disabled and is given no work.");
/// The time zone is not one of the IANA data base.
pub const UNKNOWN_TIME_ZONE: Code = Code::invalid("user.unknown_time_zone", "There is no time zone with this name.");
/// Nobody locks himself out.
pub const OWN_ACCOUNT: Code = Code::conflict("user.own_account", "You cannot do this to your own account.");
/// Whoever holds less cannot change an account that holds more, and gives nobody more than they hold.
pub const OUT_OF_REACH: Code =
    Code::new(Failure::Forbidden, "user.out_of_reach", "The user has, or would have, permissions or companies that you do not have.");

crate::string_enum! {
    /// Whether a user may log in.
    pub enum UserStatus {
        /// May log in.
        Active = "active",
        /// May not log in; all sessions and API keys are dead.
        Disabled = "disabled",
    }
}

/// A person who logs in.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct User {
    pub id: UserId,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The e-mail address, lower case; it names the user at log-in.
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// The name as shown to others.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The language for texts, as a BCP 47 tag.
    #[schema(min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub locale: String,
    /// Time zone of the user's days, a name of the IANA data base; null for that of the company.
    #[schema(required, min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// The file with the picture of the user; served by `GET /v1/identity/people/{person_id}/picture`.
    #[schema(required)]
    pub picture_id: Option<StoredFileId>,
    pub status: UserStatus,
    /// Whether the password was set by another user, so that nothing is allowed but to change it.
    pub must_change_password: bool,
    /// Whether log-in needs a code of a second factor, too.
    pub second_factor_enabled: bool,
    /// Texts of your own, by name.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}
crate::entity!(User, UserId, "user", actions: |u| u.possible_actions());

/// A new user.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The e-mail address; it names the user at log-in and is unique.
    #[schema(min_length = 3, max_length = 254, example = "ada@example.com")]
    pub email: String,
    /// The name as shown to others.
    #[schema(min_length = 1, max_length = 200, example = "Ada Lovelace")]
    pub name: String,
    /// The language for texts, as a BCP 47 tag; `en` when left out.
    #[serde(default)]
    #[schema(min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub locale: Option<String>,
    /// Time zone of the user's days, a name of the IANA data base; that of the company when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// The first password: 15 to 1024 characters that are hard to guess. Without one the user cannot log in until
    /// `reset-password` makes one.
    #[serde(default)]
    #[schema(format = "password", min_length = 1, max_length = 1024, example = "seven grey herons cross the river")]
    pub password: Option<String>,
    /// Whether the user must change the password at the first log-in; true when left out.
    #[serde(default)]
    pub must_change_password: Option<bool>,
    /// Texts of your own, by name.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a user.
    pub struct UserPatch for User {
        /// The e-mail address; it names the user at log-in and is unique.
        set email: String [min_length = 3, max_length = 254],
        /// The name as shown to others.
        set name: String [min_length = 1, max_length = 200],
        /// The language for texts, as a BCP 47 tag.
        set locale: String [min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"],
        /// Time zone of the user's days, a name of the IANA data base; null for that of the company.
        clear time_zone: String [min_length = 1, max_length = 64],
        /// Texts of your own, by name; replaces all of them.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

crate::patch! {
    /// Changes that users make to their own account.
    pub struct OwnPatch for User {
        /// The name as shown to others.
        set name: String [min_length = 1, max_length = 200],
        /// The language for texts, as a BCP 47 tag.
        set locale: String [min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"],
        /// Time zone of your days, a name of the IANA data base; null for that of the company.
        clear time_zone: String [min_length = 1, max_length = 64],
        /// A picture that you uploaded to `platform/files`: PNG, JPEG, GIF or WebP, at most 1 MiB. Every user sees it.
        clear picture_id: StoredFileId,
    }
}

/// How a password is reset.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The new password; one is made up when left out.
    #[serde(default)]
    #[schema(format = "password", min_length = 1, max_length = 1024, example = "seven grey herons cross the river")]
    pub password: Option<String>,
}

/// A password set by another user. It is valid for one log-in: the user must change it before anything else.
#[derive(Clone, Serialize, ToSchema)]
pub struct OneTimePassword {
    pub user_id: UserId,
    /// The password that was made up; it is shown this once. Null when one was given.
    #[schema(required, min_length = 15, max_length = 100)]
    pub password: Option<String>,
}

/// The form in which addresses are stored and compared: without white space around, lower case.
pub fn normal_email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Refuses a name that is not one of the IANA data base.
pub fn check_time_zone(name: Option<&str>) -> Result<()> {
    match name {
        Some(name) if name.parse::<chrono_tz::Tz>().is_err() => {
            Err(UNKNOWN_TIME_ZONE.field("/time_zone", format!("There is no time zone {name:?}.")))
        }
        _ => Ok(()),
    }
}

/// The address in its normal form, refused when it is none.
pub fn email(text: &str) -> Result<String> {
    let normal = normal_email(text);
    if normal.len() > 254 || !normal.validate_email() {
        return Err(INVALID_EMAIL.field("/email", "Not an e-mail address."));
    }
    Ok(normal)
}

impl User {
    /// A new active user.
    pub fn new(id: UserId, new: NewUser, must_change_password: bool, now: DateTime<Utc>) -> Result<Self> {
        // over HTTP the schema has judged it; the command line has no schema
        if !is_one_line(&new.name) {
            return Err(problems::invalid_body.field("/name", "The name is one line without control characters."));
        }
        check_time_zone(new.time_zone.as_deref())?;
        Ok(Self {
            id,
            version: 1,
            email: email(&new.email)?,
            name: new.name.trim().to_string(),
            locale: new.locale.unwrap_or_else(|| "en".to_string()),
            time_zone: new.time_zone,
            picture_id: None,
            status: UserStatus::Active,
            must_change_password,
            second_factor_enabled: false,
            metadata: new.metadata,
            created_at: now,
            updated_at: now,
        })
    }

    /// Applies changes, the address in its normal form.
    pub fn updated(mut self, patch: UserPatch) -> Result<Self> {
        patch.apply(&mut self);
        check_time_zone(self.time_zone.as_deref())?;
        self.email = email(&self.email)?;
        self.name = self.name.trim().to_string();
        Ok(self)
    }

    /// Applies what users change of their own account.
    pub fn changed_by_itself(mut self, patch: OwnPatch) -> Result<Self> {
        patch.apply(&mut self);
        check_time_zone(self.time_zone.as_deref())?;
        self.name = filled(&self.name, "/name")?;
        Ok(self)
    }

    /// Takes away the right to log in. `by` is who asks; nobody disables himself.
    pub fn disable(self, by: Option<UserId>) -> Result<Self> {
        if by == Some(self.id) {
            return Err(OWN_ACCOUNT.with("Ask another administrator to disable your account."));
        }
        if self.status == UserStatus::Disabled {
            return Err(problems::invalid_state.with("The user is disabled already.").in_state(self.status, &self.possible_actions()));
        }
        Ok(Self { status: UserStatus::Disabled, ..self })
    }

    /// Gives the right to log in back.
    pub fn enable(self) -> Result<Self> {
        if self.status == UserStatus::Active {
            return Err(problems::invalid_state.with("The user is active already.").in_state(self.status, &self.possible_actions()));
        }
        Ok(Self { status: UserStatus::Active, ..self })
    }

    /// Makes log-in need a code from now on.
    pub fn with_second_factor(self) -> Result<Self> {
        match self.second_factor_enabled {
            true => Err(second_factors::ENABLED.into()),
            false => Ok(Self { second_factor_enabled: true, ..self }),
        }
    }

    /// Makes log-in need the password alone.
    pub fn without_second_factor(self) -> Result<Self> {
        match self.second_factor_enabled {
            true => Ok(Self { second_factor_enabled: false, ..self }),
            false => Err(second_factors::NOT_ENABLED.into()),
        }
    }

    fn possible_actions(&self) -> Vec<&'static str> {
        let mut actions = match self.status {
            UserStatus::Active => vec!["disable", "revoke-sessions", "reset-password"],
            UserStatus::Disabled => vec!["enable", "revoke-sessions", "reset-password"],
        };
        if self.second_factor_enabled {
            actions.push("remove-second-factor");
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn user(status: UserStatus) -> User {
        let id = UserId::from_uuid(uuid::Uuid::from_u128(7));
        let new = NewUser {
            email: " Ada@Example.COM ".into(),
            name: " Ada ".into(),
            locale: None,
            time_zone: None,
            password: None,
            must_change_password: None,
            metadata: BTreeMap::new(),
        };
        User { status, ..User::new(id, new, true, DateTime::UNIX_EPOCH).expect("a user") }
    }

    #[test]
    fn addresses_have_one_form() {
        let u = user(UserStatus::Active);
        assert_eq!((u.email.as_str(), u.name.as_str(), u.locale.as_str()), ("ada@example.com", "Ada", "en"));
        for bad in ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@exa mple.com"] {
            assert_eq!(email(bad).expect_err(bad).code(), INVALID_EMAIL);
        }
    }

    #[test]
    fn nobody_disables_himself() {
        let u = user(UserStatus::Active);
        assert_eq!(u.clone().disable(Some(u.id)).expect_err("own").code(), OWN_ACCOUNT);
        assert_eq!(u.disable(None).expect("disabled").status, UserStatus::Disabled);
    }

    #[test]
    fn states_change_only_once() {
        assert_eq!(user(UserStatus::Disabled).disable(None).expect_err("twice").code(), problems::invalid_state);
        assert_eq!(user(UserStatus::Active).enable().expect_err("twice").code(), problems::invalid_state);
        assert_eq!(user(UserStatus::Disabled).enable().expect("enabled").status, UserStatus::Active);
    }

    #[test]
    fn a_second_factor_is_enabled_once_and_removed_once() {
        let plain = user(UserStatus::Active);
        assert_eq!(plain.clone().without_second_factor().expect_err("none").code(), second_factors::NOT_ENABLED);
        let guarded = plain.with_second_factor().expect("enabled");
        assert!(guarded.possible_actions().contains(&"remove-second-factor"));
        assert_eq!(guarded.clone().with_second_factor().expect_err("twice").code(), second_factors::ENABLED);
        assert!(!guarded.without_second_factor().expect("removed").second_factor_enabled);
    }

    #[test]
    fn what_is_told_has_no_secret() {
        let text = serde_json::to_string(&user(UserStatus::Active)).expect("json");
        assert!(!text.contains("hash") && !text.contains("\"password\""), "{text}");
    }
}
