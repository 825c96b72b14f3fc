//! The way of a quote: draft, sent, answered or over, converted; and what a revision is. Time is told, never asked.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::Quote;
use super::QuoteAnswer;
use super::QuoteStatus;
use crate::crm::quotes::answers::ReviseQuote;
use crate::ids::QuoteId;
use crate::ids::QuoteLineId;
use crate::kernel::text::trimmed;
use crate::kernel::{Code, Result};

/// Only drafts change; a quote that was sent is revised.
pub const NOT_A_DRAFT: Code = Code::conflict("quote.not_a_draft", "The quote is no draft; revise it.");
/// Only a quote that is with the customer can be answered.
pub const NOT_SENT: Code = Code::conflict("quote.not_sent", "The quote is not waiting for an answer.");
/// The validity of the quote is over.
pub const EXPIRED: Code = Code::conflict("quote.expired", "The validity of the quote is over.");
/// A newer revision took the place of the quote.
pub const SUPERSEDED: Code = Code::conflict("quote.superseded", "A newer revision took the place of the quote.");
/// Only an accepted quote becomes an order.
pub const NOT_ACCEPTED: Code = Code::conflict("quote.not_accepted", "The quote is not accepted.");
/// A draft or an answered quote has no revisions to come.
pub const NOT_REVISABLE: Code = Code::conflict("quote.not_revisable", "Only a quote that was sent, rejected or expired is revised.");
/// A quote offers something.
pub const EMPTY: Code = Code::conflict("quote.empty", "The quote has no lines.");
/// A quote that is over before it is sent.
pub const VALIDITY_PAST: Code = Code::invalid("quote.validity_past", "The validity ends before it begins.");
/// A quote that holds for longer than anybody means.
pub const VALIDITY_TOO_LONG: Code = Code::invalid("quote.validity_too_long", "A quote is valid for at most five years.");
/// The number of a revision is out already, so it cannot vanish.
pub const REVISION_STAYS: Code = Code::conflict("quote.revision_stays", "A revision cannot be deleted; its number is out.");
/// A number has at most [`MOST_REVISIONS`] revisions.
pub const TOO_MANY_REVISIONS: Code = Code::conflict("quote.too_many_revisions", "The quote has too many revisions.");

/// Days that a quote is valid for unless it says otherwise.
pub const VALID_DAYS: u64 = 30;
/// Days that a quote is valid for at most.
pub const MOST_VALID_DAYS: u64 = 5 * 366;
/// Revisions of one number at most.
pub const MOST_REVISIONS: i32 = 1000;
/// Days after its validity that the link of a quote still shows it.
pub const LINK_DAYS: i64 = 90;

impl QuoteStatus {
    /// Actions that the current status allows.
    pub fn actions(self) -> Vec<&'static str> {
        match self {
            Self::Draft => vec!["send"],
            Self::Sent => vec!["accept", "reject", "revise"],
            Self::Accepted => vec!["convert"],
            Self::Rejected | Self::Expired => vec!["revise"],
            Self::Converted | Self::Superseded => vec![],
        }
    }
}

/// The last day of validity of a quote made on a day, when it names none.
pub fn validity_from(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(VALID_DAYS)).unwrap_or(day)
}

/// Refuses a validity that ends before `today` or more than five years later; the place is `/valid_until`.
pub fn check_validity(until: NaiveDate, today: NaiveDate) -> Result<()> {
    if until < today {
        return Err(VALIDITY_PAST.field("/valid_until", format!("{until} is before {today}.")));
    }
    if today.checked_add_days(Days::new(MOST_VALID_DAYS)).is_some_and(|last| until > last) {
        return Err(VALIDITY_TOO_LONG.field("/valid_until", format!("{until} is more than five years after {today}.")));
    }
    Ok(())
}

impl Quote {
    fn refuse<T>(&self, code: Code, detail: impl Into<String>) -> Result<T> {
        Err(code.with(detail).in_state(self.status, &self.status.actions()))
    }
    /// Whether its validity is over at this moment.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }
    /// Refuses anything but a draft with [`NOT_A_DRAFT`].
    pub fn must_be_draft(&self) -> Result<()> {
        match self.status {
            QuoteStatus::Draft => Ok(()),
            s => self.refuse(NOT_A_DRAFT, format!("The quote is {s}.")),
        }
    }
    /// Refuses what is no draft, and a draft whose number is out.
    pub fn must_be_deletable(&self) -> Result<()> {
        self.must_be_draft()?;
        if self.number.is_some() {
            return self.refuse(REVISION_STAYS, format!("It is revision {} of its number.", self.revision));
        }
        Ok(())
    }
    /// With the customer from now on. `ends` is the instant after the last day of its validity. The number, when it has
    /// none yet, is given last. Fails with [`NOT_A_DRAFT`], [`EMPTY`] and what [`check_validity`] refuses.
    pub fn send(mut self, today: NaiveDate, ends: DateTime<Utc>, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_draft()?;
        if self.lines.is_empty() {
            return self.refuse(EMPTY, "Add a line first.");
        }
        check_validity(self.valid_until, today)?;
        self.status = QuoteStatus::Sent;
        self.quote_date = today;
        self.expires_at = Some(ends);
        self.sent_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// Refuses what waits for no answer: with [`SUPERSEDED`], [`EXPIRED`] or [`NOT_SENT`], whichever says most.
    fn must_be_answerable(&self, now: DateTime<Utc>) -> Result<()> {
        match self.status {
            QuoteStatus::Superseded => self.refuse(SUPERSEDED, "Answer the newer revision."),
            QuoteStatus::Expired => self.refuse(EXPIRED, format!("It was valid until {}.", self.valid_until)),
            QuoteStatus::Sent if self.is_over(now) => self.refuse(EXPIRED, format!("It was valid until {}.", self.valid_until)),
            QuoteStatus::Sent => Ok(()),
            s => self.refuse(NOT_SENT, format!("The quote is {s}.")),
        }
    }
    /// The customer's answer, with its evidence. Fails as [`Quote::must_be_answerable`].
    pub fn answered(mut self, answer: QuoteAnswer, reference: Option<String>, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_answerable(now)?;
        self.status = if answer.accepted { QuoteStatus::Accepted } else { QuoteStatus::Rejected };
        self.customer_reference = trimmed(reference).or(self.customer_reference);
        self.answer = Some(answer);
        self.updated_at = now;
        Ok(self)
    }
    /// Nobody answered in time. `None` when there is nothing to end.
    pub fn expire(mut self, now: DateTime<Utc>) -> Option<Self> {
        if self.status != QuoteStatus::Sent || !self.is_over(now) {
            return None;
        }
        self.status = QuoteStatus::Expired;
        self.updated_at = now;
        Some(self)
    }
    /// Becomes an order. Fails with [`NOT_ACCEPTED`].
    pub fn convert(mut self, now: DateTime<Utc>) -> Result<Self> {
        if self.status != QuoteStatus::Accepted {
            return self.refuse(NOT_ACCEPTED, format!("The quote is {}.", self.status));
        }
        self.status = QuoteStatus::Converted;
        self.converted_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// The old revision, which never changes again, and the new one: a draft with the same number. Fails with
    /// [`NOT_REVISABLE`], [`TOO_MANY_REVISIONS`] and what [`check_validity`] refuses.
    pub fn revise(
        mut self,
        how: &ReviseQuote,
        new: QuoteId,
        mut line: impl FnMut() -> QuoteLineId,
        today: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<(Self, Self)> {
        if !self.status.actions().contains(&"revise") {
            return self.refuse(NOT_REVISABLE, format!("The quote is {}.", self.status));
        }
        if self.revision >= MOST_REVISIONS {
            return self.refuse(TOO_MANY_REVISIONS, format!("It has {MOST_REVISIONS} revisions."));
        }
        let valid_until = how.valid_until.unwrap_or_else(|| validity_from(today));
        check_validity(valid_until, today)?;
        let mut next = Quote {
            id: new,
            revision: self.revision + 1,
            previous_revision_id: Some(self.id),
            status: QuoteStatus::Draft,
            quote_date: today,
            valid_until,
            expires_at: None,
            answer: None,
            customer_reference: None,
            win_problem: None,
            sent_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            ..self.clone()
        };
        for l in &mut next.lines {
            (l.id, l.quote_id, l.version) = (line(), new, 1);
        }
        self.status = QuoteStatus::Superseded;
        self.superseded_by_id = Some(new);
        self.updated_at = now;
        Ok((self, next))
    }
}

#[cfg(test)]
mod tests;
