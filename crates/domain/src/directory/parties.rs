//! People and organisations the company deals with.

crate::ids! {
    /// A party.
    PartyId "pty";
}
