//! Sessions: one log-in and all tokens that come of it. The tokens themselves are never part of these types, but for
//! the one answer that hands them out.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{SessionId, UserId};
use crate::kernel::{Code, Result, problems};

/// Only who logged in has a session.
pub const NO_SESSION: Code = Code::conflict("session.none", "This caller has no session: log in with e-mail address and password.");

/// How long an access token lives.
pub const ACCESS_LIFETIME: Duration = Duration::minutes(15);
/// How long a session lives at most, however often it is refreshed.
pub const SESSION_LIFETIME: Duration = Duration::days(30);
/// How long a refresh token lives when it is not used.
pub const REFRESH_LIFETIME: Duration = Duration::days(7);
/// How long a used refresh token still answers the client that used it: two tabs that refresh at once, or an answer that
/// was lost on the way.
pub const REFRESH_GRACE: Duration = Duration::seconds(10);

crate::string_enum! {
    /// Whether the tokens of a session are good.
    pub enum SessionStatus {
        /// Its tokens are good until they expire.
        Active = "active",
        /// Its tokens are dead.
        Revoked = "revoked",
    }

    /// Why a session ended early.
    pub enum RevocationReason {
        /// The user logged out.
        Logout = "logout",
        /// An administrator ended it, or the user ended all.
        Revoked = "revoked",
        /// The password was changed or reset.
        PasswordChanged = "password_changed",
        /// The user was disabled.
        UserDisabled = "user_disabled",
        /// A refresh token was used a second time, which a thief would do.
        TokenReused = "token_reused",
    }
}

/// One log-in and all tokens that come of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    pub user_id: UserId,
    pub status: SessionStatus,
    /// The network address of the log-in.
    #[schema(required, max_length = 64)]
    pub address: Option<String>,
    /// When a token was last refreshed.
    pub refreshed_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When it was ended early.
    #[schema(required)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why it was ended early.
    #[schema(required)]
    pub revocation_reason: Option<RevocationReason>,
    pub created_at: DateTime<Utc>,
}
crate::entity!(undated Session, SessionId, "session", actions: |s| s.possible_actions());

/// Whether using a refresh token that was used at `used_at` is a repetition by the same client and no theft: it comes soon,
/// from the same client, and none of the tokens that replaced it has been used, which would show that an answer arrived.
pub fn is_repetition(used_at: DateTime<Utc>, same_client: bool, replacement_used: bool, now: DateTime<Utc>) -> bool {
    same_client && !replacement_used && now - used_at <= REFRESH_GRACE
}

impl Session {
    /// A session that begins now.
    pub fn new(id: SessionId, user_id: UserId, address: Option<String>, now: DateTime<Utc>) -> Self {
        Self {
            id,
            version: 1,
            user_id,
            status: SessionStatus::Active,
            address,
            refreshed_at: now,
            expires_at: now + SESSION_LIFETIME,
            revoked_at: None,
            revocation_reason: None,
            created_at: now,
        }
    }

    /// Whether its tokens are good.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.status == SessionStatus::Active && now < self.expires_at
    }

    /// Ends it.
    pub fn revoke(self, reason: RevocationReason, now: DateTime<Utc>) -> Result<Self> {
        if self.status == SessionStatus::Revoked {
            return Err(problems::invalid_state.with("The session has ended already.").in_state(self.status, &[]));
        }
        Ok(Self { status: SessionStatus::Revoked, revoked_at: Some(now), revocation_reason: Some(reason), ..self })
    }

    fn possible_actions(&self) -> Vec<&'static str> {
        if self.status == SessionStatus::Active { vec!["revoke"] } else { Vec::new() }
    }
}

/// What a user logs in with.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The e-mail address.
    #[schema(min_length = 1, max_length = 254, example = "ada@example.com")]
    pub email: String,
    /// The password.
    #[schema(format = "password", min_length = 1, max_length = 1024, example = "seven grey herons cross the river")]
    pub password: String,
    /// The code of the second factor, for accounts that have one: six digits of the authenticator app, or a recovery code.
    #[serde(default)]
    #[schema(format = "password", min_length = 6, max_length = 40, example = "492039")]
    pub code: Option<String>,
}

/// A refresh token, to be exchanged for new tokens.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token. It is good once; the answer has the next one.
    #[schema(format = "password", min_length = 1, max_length = 200, example = "rt_0c2vq…")]
    pub refresh_token: String,
}

crate::string_enum! {
    /// How an access token is sent.
    pub enum TokenType {
        /// In the header `Authorization: Bearer …`.
        Bearer = "Bearer",
    }
}

/// The tokens of a session.
#[derive(Clone, Serialize, ToSchema)]
pub struct Tokens {
    /// A JWT for the header `Authorization: Bearer …`.
    #[schema(min_length = 1, max_length = 4096)]
    pub access_token: String,
    /// How the access token is sent: always `Bearer`.
    #[schema(value_type = String, max_length = 20, example = "Bearer")]
    pub token_type: TokenType,
    /// Seconds until the access token expires.
    #[schema(minimum = 1, maximum = 900)]
    pub expires_in: i32,
    /// Good once, for `POST /v1/identity/refresh`. A later second use ends the session.
    #[schema(min_length = 1, max_length = 200)]
    pub refresh_token: String,
    /// Whether nothing is allowed before `POST /v1/identity/me/password`.
    pub must_change_password: bool,
}

/// How many sessions were ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoggedOut {
    /// How many sessions were ended.
    #[schema(minimum = 0, maximum = 1000000)]
    pub sessions_ended: i32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    #[test]
    fn a_used_token_answers_the_same_client_for_a_moment() {
        let at = |s| DateTime::UNIX_EPOCH + Duration::seconds(s);
        for (same_client, replacement_used, second, expected) in
            [(true, false, 0, true), (true, false, 10, true), (true, false, 11, false), (false, false, 0, false), (true, true, 0, false)]
        {
            assert_eq!(
                is_repetition(at(0), same_client, replacement_used, at(second)),
                expected,
                "{same_client} {replacement_used} {second}"
            );
        }
    }

    #[test]
    fn a_session_ends_once_or_by_age() {
        let now = DateTime::UNIX_EPOCH;
        let s = Session::new(SessionId::from_uuid(uuid::Uuid::nil()), UserId::from_uuid(uuid::Uuid::nil()), None, now);
        assert!(s.is_alive(now) && !s.is_alive(now + SESSION_LIFETIME));
        let ended = s.revoke(RevocationReason::Logout, now).expect("ended");
        assert!(!ended.is_alive(now));
        assert_eq!(ended.revoke(RevocationReason::Logout, now).expect_err("twice").code(), problems::invalid_state);
    }
}
