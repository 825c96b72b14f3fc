//! Pipelines: the stages that deals of a company go through, how likely each stage makes a sale, and what a deal must
//! have to enter it. The deals themselves, and the record of their way, are not kept here: renaming or reordering
//! stages changes no history.

crate::ids! {
    /// A pipeline.
    PipelineId "pl";
    /// A stage of a pipeline.
    StageId "stg";
}

crate::words! {
    /// How a forecast counts a deal.
    pub enum ForecastCategory {
        /// Possible.
        Pipeline = "pipeline",
        /// Likely when all goes well.
        BestCase = "best_case",
        /// Promised by its owner.
        Commit = "commit",
        /// Won.
        Closed = "closed",
        /// Not counted.
        Omitted = "omitted",
    }
    /// Something a deal must have to enter a stage.
    pub enum StageRequirement {
        /// A contact person.
        Contact = "contact_id",
        /// A user who works on it.
        Owner = "owner_id",
        /// An amount above zero.
        Amount = "amount",
        /// An expected day of the decision.
        ExpectedCloseDate = "expected_close_date",
        /// At least one line.
        Lines = "lines",
    }
}
