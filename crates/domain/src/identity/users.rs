//! People and programs that may call.

crate::ids! {
    /// A user.
    UserId "usr";
}
