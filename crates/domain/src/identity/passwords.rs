//! What a password must be (NIST SP 800-63B-4): long and hard to guess, nothing else. No rules about kinds of
//! characters and no expiry.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::kernel::{Code, Result};

/// Fewest characters.
pub const MIN_CHARACTERS: usize = 15;
/// Most bytes, counted in UTF-8 after normalisation.
pub const MAX_BYTES: usize = 1024;
/// Below this many guesses a password counts as guessable (zxcvbn's third step of five).
pub const MIN_GUESSES: u64 = 100_000_000;

pub const TOO_SHORT: Code = Code::invalid("password.too_short", "The password has fewer than 15 characters.");
pub const TOO_LONG: Code = Code::invalid("password.too_long", "The password has more than 1024 bytes.");
pub const TOO_GUESSABLE: Code = Code::invalid("password.too_guessable", "The password is too easy to guess.");
/// The old password, or the session's, is wrong.
pub const WRONG: Code = Code::invalid("password.wrong", "The current password is wrong.");
/// The new one is the old one.
pub const UNCHANGED: Code = Code::invalid("password.unchanged", "The new password is the current one.");
/// The codes a new password can be refused with.
pub const POLICY: &[Code] = &[TOO_SHORT, TOO_LONG, TOO_GUESSABLE];

/// A new password for oneself.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password that is valid now.
    #[schema(format = "password", min_length = 1, max_length = 1024, example = "the-one-time-password")]
    pub current_password: String,
    /// The new one: 15 to 1024 characters that are hard to guess. Any characters, spaces too.
    #[schema(format = "password", min_length = 1, max_length = 1024, example = "seven grey herons cross the river")]
    pub new_password: String,
}

/// Judges the length of a normalised password. `pointer` is its place in the body.
pub fn check_length(password: &str, pointer: &str) -> Result<()> {
    let characters = password.chars().count();
    if characters < MIN_CHARACTERS {
        return Err(TOO_SHORT
            .field(pointer, format!("It has {characters} characters; {MIN_CHARACTERS} are needed. A few words make a good password.")));
    }
    if password.len() > MAX_BYTES {
        return Err(TOO_LONG.field(pointer, format!("It has {} bytes; {MAX_BYTES} are allowed.", password.len())));
    }
    Ok(())
}

/// The forms in which somebody who guesses would try a password: as it is, without what stands between its words, and with
/// each of its words once. What is easily guessed in one of them is easily guessed.
pub fn guessed_forms(password: &str) -> Vec<String> {
    let mut forms = vec![password.to_string()];
    let mut add = |form: String| {
        if !form.is_empty() && !forms.contains(&form) {
            forms.push(form);
        }
    };
    add(password.split_whitespace().collect());
    add(password.chars().filter(|c| c.is_alphanumeric()).collect());
    let mut once: Vec<String> = Vec::new();
    for word in password.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        if !once.iter().any(|known| known.to_lowercase() == word.to_lowercase()) {
            once.push(word.into());
        }
    }
    add(once.concat());
    forms
}

/// Judges how many guesses a password withstands. `hint` says what makes it weak.
pub fn check_guesses(guesses: u64, hint: Option<&str>, pointer: &str) -> Result<()> {
    if guesses < MIN_GUESSES {
        let hint = hint.unwrap_or("Add more words that do not belong together.");
        return Err(TOO_GUESSABLE.field(pointer, hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_not_bytes() {
        assert_eq!(check_length("vierzehn zeich", "/p").expect_err("14").code(), TOO_SHORT);
        assert!(check_length("fünfzehn zeiche", "/p").is_ok());
        assert!(check_length(&"日".repeat(15), "/p").is_ok());
        assert!(check_length(&"x".repeat(1024), "/p").is_ok());
        assert_eq!(check_length(&"x".repeat(1025), "/p").expect_err("1025").code(), TOO_LONG);
        assert_eq!(check_length(&"日".repeat(400), "/p").expect_err("1200 bytes").code(), TOO_LONG);
    }

    #[test]
    fn spaces_and_repetitions_add_nothing() {
        for (password, expected) in [
            ("password password", vec!["password password", "passwordpassword", "password"]),
            ("a - b - A", vec!["a - b - A", "a-b-A", "abA", "ab"]),
            ("one word", vec!["one word", "oneword"]),
            ("!@#$%^&*", vec!["!@#$%^&*"]),
        ] {
            assert_eq!(guessed_forms(password), expected, "{password}");
        }
    }

    #[test]
    fn guessable_ones_are_refused_with_a_place() {
        let p = check_guesses(MIN_GUESSES - 1, None, "/new_password").expect_err("weak");
        assert_eq!(p.errors()[0].pointer.as_deref(), Some("/new_password"));
        assert!(check_guesses(MIN_GUESSES, None, "/p").is_ok());
    }
}
