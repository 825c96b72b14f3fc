//! Deliveries of a party in brief, as others are told of them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::deliveries::{Delivery, DeliveryStatus};
use crate::ids::{CompanyId, DeliveryId, PartyId, SalesOrderId};

/// Deliveries of a party.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct DeliveriesOverview {
    /// Its deliveries, newest first; at most ten.
    #[schema(max_items = 10)]
    pub latest_deliveries: Vec<DeliverySummary>,
}

/// A delivery in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliverySummary {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The company that ships.
    pub company_id: CompanyId,
    /// Its number, once it has one.
    #[schema(required, max_length = 40)]
    pub number: Option<String>,
    /// The order.
    pub order_id: SalesOrderId,
    /// Current status.
    pub status: DeliveryStatus,
    /// The day of shipping; while it is a draft, the day it is planned for.
    pub delivery_date: NaiveDate,
    /// Who carries it.
    #[schema(required, max_length = 100)]
    pub carrier: Option<String>,
    /// The carrier's number for the parcel.
    #[schema(required, max_length = 100)]
    pub tracking_number: Option<String>,
}

impl From<Delivery> for DeliverySummary {
    fn from(d: Delivery) -> Self {
        Self {
            id: d.id,
            company_id: d.company_id,
            number: d.number,
            order_id: d.order_id,
            status: d.status,
            delivery_date: d.delivery_date,
            carrier: d.carrier,
            tracking_number: d.tracking_number,
        }
    }
}

crate::questions! {
    /// The deliveries to a party, of the companies that the caller may see.
    DeliveriesOfParty<'a>(PartyId) -> DeliveriesOverview;
}
