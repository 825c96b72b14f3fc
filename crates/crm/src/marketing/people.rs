//! Whom rows of marketing are about. Such a row is as visible as the person: it says that there is one, and what was said and done.

use domain::crm::leads::Lead;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use platform::prelude::*;

/// The columns that lead to people, and the tables they lead to.
pub(crate) const PEOPLE: &[(&str, &str)] = &[("party_id", Party::TABLE), ("contact_id", Contact::TABLE), ("lead_id", Lead::TABLE)];
