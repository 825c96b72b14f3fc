//! The history of an opportunity: one row for each change of a figure that reports live on. Written once, never changed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Opportunity;
use crate::ids::{CompanyId, OpportunityChangeId, OpportunityId, UserId};

crate::words! {
    /// What changed.
    pub enum OpportunityField {
        /// The stage; values are ids of stages, labels their names at that time.
        Stage = "stage",
        /// Open, won or lost.
        Status = "status",
        /// The amount.
        Amount = "amount",
        /// The currency of the amount.
        Currency = "currency",
        /// The expected day of the decision.
        ExpectedCloseDate = "expected_close_date",
        /// The user who works on it.
        Owner = "owner",
        /// The probability in percent.
        Probability = "probability",
        /// How a forecast counts it.
        ForecastCategory = "forecast_category",
    }
}

/// One change of one figure of an opportunity. The creation counts as a change from nothing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpportunityChange {
    /// The id.
    pub id: OpportunityChangeId,
    /// The opportunity.
    pub opportunity_id: OpportunityId,
    /// Its company.
    pub company_id: CompanyId,
    /// What changed.
    pub field: OpportunityField,
    /// What it was; null for nothing.
    #[schema(required, max_length = 200)]
    pub old_value: Option<String>,
    /// What it became; null for nothing.
    #[schema(required, max_length = 200)]
    pub new_value: Option<String>,
    /// For stages, the name of the old one at that time.
    #[schema(required, max_length = 100)]
    pub old_label: Option<String>,
    /// For stages, the name of the new one at that time.
    #[schema(required, max_length = 100)]
    pub new_label: Option<String>,
    /// Why, as far as somebody said.
    #[schema(required, max_length = 200)]
    pub reason: Option<String>,
    /// The user who changed it; null for the system.
    #[schema(required)]
    pub changed_by_user_id: Option<UserId>,
    /// When.
    pub changed_at: DateTime<Utc>,
}

crate::entity! { unchanging OpportunityChange, OpportunityChangeId, "opportunity_change", company: |o| Some(o.company_id) }

/// A difference between two states of a deal.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub field: OpportunityField,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// What differs between two states of a deal; from nothing when it is new. Values are as on the wire.
pub fn differences(before: Option<&Opportunity>, after: &Opportunity) -> Vec<Difference> {
    use OpportunityField::*;
    type Read = fn(&Opportunity) -> Option<String>;
    let fields: [(OpportunityField, Read); 8] = [
        (Stage, |o| Some(o.stage_id.to_string())),
        (Status, |o| Some(o.status.to_string())),
        (Amount, |o| Some(o.amount.to_string())),
        (Currency, |o| Some(o.currency.clone())),
        (ExpectedCloseDate, |o| o.expected_close_date.map(|d| d.to_string())),
        (Owner, |o| o.owner_id.map(|u| u.to_string())),
        (Probability, |o| Some(o.probability_percent.to_string())),
        (ForecastCategory, |o| Some(o.forecast_category.to_string())),
    ];
    let difference = |(field, read): (OpportunityField, Read)| {
        let (old, new) = (before.and_then(read), read(after));
        (old != new).then_some(Difference { field, old, new })
    };
    fields.into_iter().filter_map(difference).collect()
}
