//! Forgotten passwords: a link by e-mail lets the user set a new one.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::Code;

/// There is no way to send the link.
pub const NO_MAIL_SERVER: Code = Code::conflict("password_reset.no_mail_server", "No mail server is configured.");

/// How long a link is valid.
pub const LIFETIME: Duration = Duration::minutes(30);
/// Messages that one account gets within half an hour at most.
pub const MOST_MESSAGES: i64 = 3;

/// Whose password was forgotten.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestPasswordReset {
    /// The e-mail address of the user.
    #[schema(min_length = 1, max_length = 254, example = "ada@example.com")]
    pub email: String,
}

/// The request was accepted, whether or not there is such a user.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PasswordResetRequested {
    /// Seconds for which the link is valid, counted from when the message is sent.
    #[schema(minimum = 1, maximum = 86400)]
    pub valid_for: i64,
}

/// A link that sets a new password.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PasswordReset {
    /// The e-mail address of the user, shortened.
    #[schema(max_length = 254, example = "a…@example.com")]
    pub address: String,
    /// Whether the new password is set.
    pub done: bool,
    /// The language of the user.
    #[schema(max_length = 35, example = "en")]
    pub language: String,
}

/// A new password for the user of a link.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompletePasswordReset {
    /// The token of the link.
    #[schema(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    pub link: String,
    /// The new password: 15 to 1024 characters that are hard to guess. Any characters, spaces too.
    #[schema(format = "password", min_length = 1, max_length = 1024, example = "seven grey herons cross the river")]
    pub password: String,
}

/// Subject and text of the message with a link, in the language of the user where there is a text for it, else in English.
pub fn letter(language: &str, name: &str, link: &str) -> (&'static str, String) {
    match language.split('-').next() {
        Some("de") => (
            "Neues Passwort",
            format!(
                "Hallo {name},\n\nfür Ihr Konto wurde ein neues Passwort angefordert. Mit diesem Link setzen Sie es; er gilt 30 Minuten \
                 und einmal:\n\n{link}\n\nWenn Sie das nicht waren, ignorieren Sie diese Nachricht: Ihr Passwort bleibt, wie es ist.\n"
            ),
        ),
        _ => (
            "New password",
            format!(
                "Hello {name},\n\na new password was requested for your account. This link sets it; it is valid for 30 minutes and \
                 once:\n\n{link}\n\nIf it was not you, ignore this message: your password stays as it is.\n"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_in_the_language_of_its_user_and_has_the_link() {
        for (language, subject) in [("de", "Neues Passwort"), ("de-AT", "Neues Passwort"), ("en", "New password"), ("fi", "New password")] {
            let (s, text) = letter(language, "Ada", "https://erp.example/x");
            assert_eq!(s, subject, "{language}");
            assert!(text.contains("Ada") && text.contains("\nhttps://erp.example/x\n"), "{text}");
        }
    }
}
