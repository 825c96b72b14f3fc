//! What is left of a quote when the person it was sent to is erased.

use super::{Quote, QuoteAnswer, QuoteParty};
use crate::directory::personal_data::{NOTHING, Terms};

impl Quote {
    /// The quote without the person it was sent to, as [`crate::directory::personal_data::without_reader`] says.
    pub fn without_reader(&self, terms: &Terms) -> Self {
        let word = |text: &String| if terms.is_in(text) { NOTHING.to_string() } else { text.clone() };
        let answer = self.answer.as_ref().map(|a| QuoteAnswer {
            name: None,
            email: None,
            address: None,
            user_agent: None,
            reason: a.reason.as_ref().map(word),
            ..a.clone()
        });
        Self {
            title: word(&self.title),
            customer: QuoteParty { contact: None, ..self.customer.clone() },
            note: self.note.as_ref().map(word),
            customer_reference: self.customer_reference.as_ref().map(word),
            win_problem: self.win_problem.as_ref().map(word),
            metadata: self.metadata.iter().map(|(k, v)| (k.clone(), word(v))).collect(),
            answer,
            ..self.clone()
        }
    }
}
