//! Leads: people and organisations who may become customers.

crate::ids! {
    /// A lead.
    LeadId "lead";
}
