//! What equal mailboxes, numbers and households share, and its hash: a "no" belongs to the address and outlives the
//! records that had it, also when nothing else is left of their person.

use sha2::{Digest, Sha256};

/// What an address is an address of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressKind {
    Mailbox,
    Phone,
    Household,
}

impl AddressKind {
    /// What stands before the key, so that no mailbox has the hash of a number. The SQL that hashes addresses writes it, too.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Mailbox => "email:",
            Self::Phone => "phone:",
            Self::Household => "post:",
        }
    }
    /// The hash of an address in the form that compares: SHA-256 in hexadecimal.
    pub fn hash(self, key: &str) -> String {
        hash_of(&format!("{}{key}", self.prefix()))
    }
}

/// SHA-256 in hexadecimal; the SQL function `address_hash` on both engines.
pub fn hash_of(text: &str) -> String {
    Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_kind_and_the_key() {
        assert_eq!(AddressKind::Mailbox.hash("ana@example.com"), hash_of("email:ana@example.com"));
        assert_ne!(AddressKind::Mailbox.hash("1"), AddressKind::Phone.hash("1"));
        assert_eq!(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
