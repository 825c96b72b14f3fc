//! All that an agent sees beside a case, in one answer. Each area fills its own part; nobody reads the tables of another.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Case;
use super::CaseSla;
use super::CaseStatus;
use crate::directory::contacts::Contact;
use crate::directory::overview::{FinanceOverview, OrdersOverview};
use crate::directory::parties::Party;
use crate::ids::{CaseId, KbArticleId};
use crate::inventory::serials::SerialsOverview;
use crate::sales::delivery_overview::DeliveriesOverview;
use crate::service::cases::messages::CaseMessage;
use crate::service::kb_articles::KbArticleStatus;
use crate::service::priorities::CasePriority;

/// Messages in a context at most.
pub const LATEST_MESSAGES: i64 = 50;

crate::string_enum! {
    /// A section of the context of a case.
    pub enum CaseContextSection {
        Party = "party",
        Contact = "contact",
        Orders = "orders",
        Deliveries = "deliveries",
        Serials = "serials",
        Finance = "finance",
        KbArticles = "kb_articles",
    }
}

/// A case with all that belongs to it and to its customer, read at one moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseContext {
    /// The moment all figures belong to.
    pub taken_at: DateTime<Utc>,
    /// The case.
    pub case: Case,
    /// Its service level, measured at that moment.
    pub sla: CaseSla,
    /// Its latest messages, the oldest of them first; at most 50.
    #[schema(max_items = 60)]
    pub messages: Vec<CaseMessage>,
    /// Articles of the knowledge base that answer it; empty when the caller may not read them.
    #[schema(max_items = 20)]
    pub kb_articles: Vec<KbArticleSummary>,
    /// Other cases of the customer that are neither resolved nor closed, newest first; at most ten.
    #[schema(max_items = 10)]
    pub other_cases: Vec<CaseSummary>,
    /// The customer; null when there is none or the caller may not read it.
    #[schema(required)]
    pub party: Option<Party>,
    /// The person at the customer; null when there is none or the caller may not read it.
    #[schema(required)]
    pub contact: Option<Contact>,
    /// Orders of the customer; null without a customer or when the caller may not read them.
    #[schema(required)]
    pub orders: Option<OrdersOverview>,
    /// Deliveries to the customer; null without a customer or when the caller may not read them.
    #[schema(required)]
    pub deliveries: Option<DeliveriesOverview>,
    /// Pieces of tracked products that were shipped to the customer, with the moment a warranty counts from; null when the
    /// caller may not read them.
    #[schema(required)]
    pub serials: Option<SerialsOverview>,
    /// Invoices and balance of the customer; null without a customer or when the caller may not read them.
    #[schema(required)]
    pub finance: Option<FinanceOverview>,
    /// Names of the sections that are null because the caller lacks a permission.
    #[schema(max_items = 5)]
    pub withheld: Vec<CaseContextSection>,
    /// Where the whole lists are.
    pub links: CaseContextLinks,
}

/// An article in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KbArticleSummary {
    /// The id of the article.
    pub id: KbArticleId,
    /// What it answers.
    #[schema(max_length = 300)]
    pub title: String,
    /// Current status.
    pub status: KbArticleStatus,
}

/// A case in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseSummary {
    /// The id of the case.
    pub id: CaseId,
    /// Its number.
    #[schema(max_length = 40)]
    pub number: String,
    /// One-line summary of the request.
    #[schema(max_length = 300)]
    pub subject: String,
    /// Current status.
    pub status: CaseStatus,
    /// What is worked on first.
    pub priority: CasePriority,
    /// When it is to be resolved.
    #[schema(required)]
    pub resolution_due_at: Option<DateTime<Utc>>,
    /// When it came in.
    pub created_at: DateTime<Utc>,
}

impl From<Case> for CaseSummary {
    fn from(c: Case) -> Self {
        Self {
            id: c.id,
            number: c.number,
            subject: c.subject,
            status: c.status,
            priority: c.priority,
            resolution_due_at: c.resolution_due_at,
            created_at: c.created_at,
        }
    }
}

/// Paths of the whole lists behind the sections; those of a customer are null without one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseContextLinks {
    /// Its messages.
    #[schema(max_length = 200)]
    pub messages: String,
    /// Cases of the customer.
    #[schema(required, max_length = 200)]
    pub cases: Option<String>,
    /// Orders of the customer.
    #[schema(required, max_length = 200)]
    pub orders: Option<String>,
    /// Deliveries to the customer.
    #[schema(required, max_length = 200)]
    pub deliveries: Option<String>,
    /// Pieces that the customer got, by serial number.
    #[schema(required, max_length = 200)]
    pub serials: Option<String>,
    /// Invoices of the customer.
    #[schema(required, max_length = 200)]
    pub invoices: Option<String>,
    /// All that happened and concerns the customer.
    #[schema(required, max_length = 200)]
    pub timeline: Option<String>,
}
