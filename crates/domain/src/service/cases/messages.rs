//! Messages of a case: what the customer and the agents said. Written once, never changed. What follows from them in
//! calendar time, how fast answers were and how long the customer waited for us, is computed here.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CaseChannel;
use crate::ids::{CaseId, CaseMessageId, CompanyId, ContactId, UserId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Result};

crate::words! {
    /// Who wrote a message.
    pub enum MessageAuthor {
        /// One of us.
        Agent = "agent",
        /// The customer.
        Customer = "customer",
    }
    /// Who may see a message.
    pub enum MessageVisibility {
        /// The customer, too.
        Public = "public",
        /// Agents alone.
        Internal = "internal",
    }
}

/// What a customer says is never internal.
pub const CUSTOMER_INTERNAL: Code = Code::invalid("case.customer_internal", "A message of the customer cannot be internal.");
/// Only agents spend counted time.
pub const CUSTOMER_TIME: Code = Code::invalid("case.customer_time", "Time is counted with messages of agents only.");

/// A message of a case.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseMessage {
    /// The id.
    pub id: CaseMessageId,
    /// The case it was written for. A case shows the messages of those that were merged into it.
    pub case_id: CaseId,
    /// The company of the case.
    pub company_id: CompanyId,
    /// Who wrote it.
    pub author: MessageAuthor,
    /// Who may see it.
    pub visibility: MessageVisibility,
    /// The text.
    #[schema(max_length = 50000)]
    pub body: String,
    /// The way it came or went.
    pub channel: CaseChannel,
    /// The user who wrote or entered it; null for API keys without a user and the system.
    #[schema(required)]
    pub author_user_id: Option<UserId>,
    /// The person at the customer who wrote it.
    #[schema(required)]
    pub author_contact_id: Option<ContactId>,
    /// Minutes of work that it stands for.
    #[schema(minimum = 0)]
    pub spent_minutes: i32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// A message to a case.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyToCase {
    /// The text.
    #[schema(min_length = 1, max_length = 50000, example = "A new pump is on its way.")]
    pub body: String,
    /// Who wrote it; `agent` when left out. A message of the customer reopens or follows a case as the windows allow.
    #[serde(default = "agent")]
    pub author: MessageAuthor,
    /// Who may see it; `public` when left out. Only public answers of agents count as a response.
    #[serde(default = "public")]
    pub visibility: MessageVisibility,
    /// The way it came or went; that of the case when left out.
    #[serde(default)]
    pub channel: Option<CaseChannel>,
    /// The person at the customer who wrote it.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// Minutes of work to count on the entitlement.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    pub spent_minutes: i32,
}

fn agent() -> MessageAuthor {
    MessageAuthor::Agent
}
fn public() -> MessageVisibility {
    MessageVisibility::Public
}

impl ReplyToCase {
    /// The message, with its text in order.
    ///
    /// # Errors
    /// [`CUSTOMER_INTERNAL`], [`CUSTOMER_TIME`], or a blank text.
    pub fn tidied(mut self) -> Result<Self> {
        self.body = filled(&self.body, "/body")?;
        if self.author == MessageAuthor::Customer {
            if self.visibility == MessageVisibility::Internal {
                return Err(CUSTOMER_INTERNAL.field("/visibility", "Messages of the customer are public."));
            }
            if self.spent_minutes > 0 {
                return Err(CUSTOMER_TIME.field("/spent_minutes", "Count it with a message of an agent."));
            }
        }
        Ok(self)
    }
    /// Whether it answers the customer.
    pub fn is_response(&self) -> bool {
        self.author == MessageAuthor::Agent && self.visibility == MessageVisibility::Public
    }
}

/// How a conversation went, in calendar time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The mean time from a message of the customer to the next answer, rounded down to seconds; `None` without answers.
    pub average_response_seconds: Option<i64>,
    /// From the first message of the customer to the end; `None` while there is none.
    pub resolution_seconds: Option<i64>,
    /// The same without the times in which an answer waited for the customer.
    pub handling_seconds: Option<i64>,
}

/// Measures a conversation. `said` are the public messages in order: when, and whether it was the customer. Of several
/// messages of one side in a row the first counts.
pub fn conversation(said: &[(DateTime<Utc>, bool)], resolved_at: Option<DateTime<Utc>>) -> Conversation {
    let (mut waiting_for_us, mut waiting_for_them) = (None, None);
    let (mut responses, mut answers, mut idle) = (TimeDelta::zero(), 0i64, TimeDelta::zero());
    for &(at, by_customer) in said {
        if by_customer {
            waiting_for_us = waiting_for_us.or(Some(at));
            if let Some(since) = waiting_for_them.take() {
                idle += at - since;
            }
        } else {
            waiting_for_them = waiting_for_them.or(Some(at));
            if let Some(since) = waiting_for_us.take() {
                responses += at - since;
                answers += 1;
            }
        }
    }
    let began = said.iter().find(|(_, by_customer)| *by_customer).map(|(at, _)| *at);
    let whole = began.zip(resolved_at).map(|(from, to)| (to - from).max(TimeDelta::zero()));
    if let Some((since, end)) = waiting_for_them.zip(resolved_at) {
        idle += (end - since).max(TimeDelta::zero());
    }
    Conversation {
        average_response_seconds: (answers > 0).then(|| responses.num_seconds() / answers),
        resolution_seconds: whole.map(|w| w.num_seconds()),
        handling_seconds: whole.map(|w| (w - idle).max(TimeDelta::zero()).num_seconds()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2020-03-04T{time}:00Z").parse().unwrap_or_else(|e| panic!("{time}: {e}"))
    }

    /// SLA-07.
    #[test]
    fn a_conversation_is_measured_with_and_without_waiting_for_the_customer() {
        let said = [(at("04:00"), true), (at("04:15"), false), (at("05:00"), true), (at("05:05"), false)];
        let measured = conversation(&said, Some(at("05:05")));
        let expected = Conversation { average_response_seconds: Some(600), resolution_seconds: Some(3900), handling_seconds: Some(1200) };
        assert_eq!(measured, expected);
        assert_eq!(conversation(&said[..1], None), Conversation::default());
        let in_a_row = [(at("04:00"), true), (at("04:05"), true), (at("04:10"), false), (at("04:30"), false)];
        assert_eq!(conversation(&in_a_row, None).average_response_seconds, Some(600), "the customer waits since the first");
        assert_eq!(conversation(&in_a_row, Some(at("05:00"))).handling_seconds, Some(600));
    }
}
