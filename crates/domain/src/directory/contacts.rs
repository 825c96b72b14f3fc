//! People at the parties the company deals with.

crate::ids! {
    /// A contact.
    ContactId "con";
}
