//! E-mail addresses: one normal form, so that equal addresses compare equal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::ValidateEmail;

use crate::kernel::{Code, Findings, Result};

/// The text is not an e-mail address.
pub const INVALID_EMAIL: Code = Code::invalid("email.invalid", "This is not an e-mail address.");
/// An address appears twice in one list, or two are primary.
pub const DUPLICATE_EMAIL: Code = Code::invalid("email.duplicate", "The list of e-mail addresses contradicts itself.");

/// An e-mail address of a party or contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailAddress {
    /// The address. Stored without surrounding spaces and with its domain in lower case.
    #[schema(min_length = 3, max_length = 254, example = "ana@example.com")]
    pub address: String,
    /// What it is for, as free text.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub label: Option<String>,
    /// The one to use first. When none is, the first of the list becomes it.
    #[serde(default)]
    pub primary: bool,
}

/// The normal form: no surrounding spaces, the domain in lower case. The part before the `@` is kept: its case may matter.
pub fn normalise(text: &str) -> Result<String> {
    let text = text.trim();
    if !text.validate_email() {
        return Err(INVALID_EMAIL.field("", format!("{text:?} is not an e-mail address.")));
    }
    Ok(match text.rsplit_once('@') {
        Some((user, domain)) => format!("{user}@{}", domain.to_lowercase()),
        None => text.to_string(),
    })
}

/// What equal mailboxes share, whatever their spelling; duplicates are looked for by it, never delivered to it.
pub fn key(normal: &str) -> String {
    normal.to_lowercase()
}

/// Normalises a list; exactly one of a list that is not empty becomes primary. Places are relative to the list.
pub fn normalise_all(list: Vec<EmailAddress>) -> Result<Vec<EmailAddress>> {
    let mut found = Findings::default();
    let mut out: Vec<EmailAddress> = Vec::with_capacity(list.len());
    for (i, mut e) in list.into_iter().enumerate() {
        let at = format!("/{i}/address");
        if let Some(address) = found.take(&at, normalise(&e.address)) {
            if out.iter().any(|o| key(&o.address) == key(&address)) {
                found.add(DUPLICATE_EMAIL, &at, "This address is there twice.");
            }
            e.address = address;
        }
        if e.primary && out.iter().any(|o| o.primary) {
            found.add(DUPLICATE_EMAIL, format!("/{i}/primary"), "Only one address can be primary.");
        }
        out.push(e);
    }
    found.done()?;
    if !out.iter().any(|e| e.primary)
        && let Some(first) = out.first_mut()
    {
        first.primary = true;
    }
    Ok(out)
}

/// An address as it is shown to whoever has a link, who may not be its owner: the first character and the domain.
pub fn shortened(address: &str) -> String {
    let (user, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    format!("{}…@{domain}", user.chars().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(address: &str, primary: bool) -> EmailAddress {
        EmailAddress { address: address.into(), label: None, primary }
    }

    #[test]
    fn the_domain_is_lower_case_and_the_user_is_kept() {
        assert_eq!(normalise("  Ana.Trujillo@Example.COM ").expect("valid"), "Ana.Trujillo@example.com");
        for bad in ["", "@", "ana", "ana@", "@example.com", "ana ana@example.com", "ana@exa mple.com", "a@b@c@"] {
            assert!(normalise(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_of_a_list_is_primary() {
        let list = normalise_all(vec![of("a@x.org", false), of("b@x.org", false)]).expect("valid");
        assert_eq!(list.iter().map(|e| e.primary).collect::<Vec<_>>(), [true, false]);
        let list = normalise_all(vec![of("a@x.org", false), of("b@x.org", true)]).expect("valid");
        assert_eq!(list.iter().map(|e| e.primary).collect::<Vec<_>>(), [false, true]);
        assert!(normalise_all(vec![]).expect("valid").is_empty());
    }

    #[test]
    fn a_list_that_contradicts_itself_is_refused_at_the_place() {
        let twice = normalise_all(vec![of("a@x.org", false), of("A@X.org", false)]).expect_err("twice");
        assert_eq!(twice.errors()[0].pointer.as_deref(), Some("/1/address"));
        let two = normalise_all(vec![of("a@x.org", true), of("b@x.org", true)]).expect_err("two primary");
        assert_eq!(two.errors()[0].pointer.as_deref(), Some("/1/primary"));
        let bad = normalise_all(vec![of("a@x.org", true), of("nonsense", false), of("also nonsense", false)]).expect_err("bad");
        assert_eq!((bad.code(), bad.errors().len()), (INVALID_EMAIL, 2));
    }

    #[test]
    fn a_shortened_address_shows_its_first_character_and_its_domain() {
        assert_eq!(shortened("ana@example.org"), "a…@example.org");
        assert_eq!(shortened(""), "…@");
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(user in "[A-Za-z0-9.+_-]{1,20}", domain in "[A-Za-z0-9]{1,12}\\.[A-Za-z]{2,6}") {
            let once = normalise(&format!(" {user}@{domain} ")).expect("valid");
            prop_assert_eq!(normalise(&once).expect("valid"), once.clone());
            prop_assert_eq!(key(&once), once.to_lowercase());
        }
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = normalise(&text);
        }
    }
}
