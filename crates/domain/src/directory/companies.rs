//! The legal entities whose books are kept.

crate::ids! {
    /// A company.
    CompanyId "co";
}
