//! Suppressions: addresses that get nothing any more, whatever their owners once agreed to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::{emails, phones};
use crate::ids::SuppressionId;
use crate::kernel::{Code, Result};
use crate::marketing::consents::ConsentChannel;

crate::words! {
    /// Why an address is suppressed.
    pub enum SuppressionReason {
        /// The mailbox does not exist.
        HardBounce = "hard_bounce",
        /// Its owner called a message spam.
        Complaint = "complaint",
        /// Its owner asked to be left alone, and nobody knows who it is.
        Unsubscribed = "unsubscribed",
        /// Somebody of ours decided it.
        Manual = "manual",
    }
}

/// The address is no address of the channel.
pub const WRONG_ADDRESS: Code = Code::invalid("suppression.wrong_address", "The address does not fit the channel.");
/// The address is suppressed already.
pub const ALREADY_SUPPRESSED: Code = Code::conflict("suppression.exists", "The address is suppressed already.");

/// An address that gets nothing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Suppression {
    /// The id.
    pub id: SuppressionId,
    /// The channel.
    pub channel: ConsentChannel,
    /// The address in the form that compares: an e-mail address in lower case, a number as E.164 or its digits. Null once the
    /// data of its owner was erased: the address stays suppressed and is known by its hash alone.
    #[schema(required, max_length = 254, example = "ana@example.com")]
    pub address: Option<String>,
    /// SHA-256 of the kind and the address, in hexadecimal.
    #[schema(max_length = 64)]
    pub address_hash: String,
    /// Why.
    pub reason: SuppressionReason,
    /// Anything else worth knowing, as the answer of the mail server.
    #[schema(required, max_length = 500)]
    pub note: Option<String>,
    /// Always 1: suppressions come and go and do not change.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Suppression, SuppressionId, "suppression" }

/// An address to suppress.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuppression {
    /// The channel.
    pub channel: ConsentChannel,
    /// The address: an e-mail address, a phone number, or for letters any text that names the household.
    #[schema(min_length = 1, max_length = 254, example = "ana@example.com")]
    pub address: String,
    /// Why; `manual` when left out.
    #[serde(default = "manual")]
    pub reason: SuppressionReason,
    /// Anything else worth knowing.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

fn manual() -> SuppressionReason {
    SuppressionReason::Manual
}

/// The form in which addresses of a channel compare. Fails with [`WRONG_ADDRESS`].
pub fn comparable(channel: ConsentChannel, address: &str) -> Result<String> {
    let wrong = |_| WRONG_ADDRESS.field("/address", format!("It is no address for the channel {channel}."));
    match channel {
        ConsentChannel::Email => emails::normalise(address).map(|a| emails::key(&a)).map_err(wrong),
        ConsentChannel::Phone | ConsentChannel::Sms => phones::normalise(address).map_err(wrong),
        ConsentChannel::Post => Ok(address.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()),
    }
}

impl Suppression {
    /// A new suppression. Fails with [`WRONG_ADDRESS`].
    pub fn new(id: SuppressionId, new: NewSuppression, now: DateTime<Utc>) -> Result<Self> {
        let address = comparable(new.channel, &new.address)?;
        let address_hash = new.channel.addresses().hash(&address);
        Ok(Self {
            id,
            channel: new.channel,
            address: Some(address),
            address_hash,
            reason: new.reason,
            note: new.note,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_compare_whatever_their_spelling() {
        let same = |channel, a: &str, b: &str| comparable(channel, a).expect("valid") == comparable(channel, b).expect("valid");
        assert!(same(ConsentChannel::Email, "Ana@Example.ORG", " ana@example.org"));
        assert!(same(ConsentChannel::Sms, "+52 (55) 5555-4729", "+525555554729"));
        assert!(same(ConsentChannel::Post, "Calle 1,  Mexico", "calle 1, mexico"));
        assert_eq!(comparable(ConsentChannel::Email, "ana").expect_err("no address").code(), WRONG_ADDRESS);
        assert_eq!(comparable(ConsentChannel::Phone, "call me").expect_err("no number").code(), WRONG_ADDRESS);
    }
}
