//! Priorities of cases: cases have one, and service level policies give targets by it.

crate::string_enum! {
    /// What is worked on first: it follows from impact and urgency.
    pub enum CasePriority {
        Low = "low",
        Normal = "normal",
        High = "high",
        Urgent = "urgent",
    }
}
