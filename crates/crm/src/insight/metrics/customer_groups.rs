//! What customers are grouped by, one by one: those who look after them, segments, campaigns, the month of the first invoice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use domain::directory::teams::{Team, subtree};
use domain::identity::users::User;
use domain::ids::{CompanyId, PartyId, UserId};
use domain::insight::metrics::customers::{
    CustomerFigures, CustomerGrouping, CustomerNarrow, CustomerState, MOST_CUSTOMERS, PurchaseHistory, SalesAsk, TOO_MANY_CUSTOMERS,
};
use domain::insight::metrics::customers::{FiguresOfCustomers, PurchaseHistories};
use domain::insight::metrics::groups::MetricKey;
use persistence::directory::teams;
use persistence::insight::clv_fits;
use persistence::marketing::segments as segment_rows;
use platform::prelude::*;

use crate::insight::metrics::groups::said;
use crate::marketing::segments;

/// Segments looked at in one answer.
const MOST_SEGMENTS: i64 = 100;

/// Which groups customers are in.
#[derive(Default)]
pub(crate) struct Groups {
    by: Option<CustomerGrouping>,
    of: BTreeMap<PartyId, BTreeSet<String>>,
    names: BTreeMap<String, String>,
}

impl Groups {
    fn put(&mut self, party: PartyId, key: String) {
        self.of.entry(party).or_default().insert(key);
    }
    /// The groups of a customer; one without a key when it is in none.
    pub fn of(&self, party: PartyId) -> Vec<Option<String>> {
        match self.of.get(&party) {
            Some(keys) => keys.iter().cloned().map(Some).collect(),
            None => vec![None],
        }
    }
    pub fn named(&self, key: &Option<String>) -> MetricKey {
        let name = key.as_ref().map(|k| self.names.get(k).unwrap_or(k).clone());
        MetricKey { key: key.clone(), name }
    }
    /// What a list of customers is narrowed by, `&group_by=…`.
    pub fn path(&self, key: &Option<String>) -> String {
        match (self.by, key) {
            (None, _) => String::new(),
            (Some(by), Some(key)) => format!("&group_by={by}{}", said("group", key)),
            (Some(by), None) => format!("&group_by={by}&ungrouped=true"),
        }
    }
    /// Who is in which group, of the customers of a company until a day.
    pub fn load(cx: &mut Cx, company: CompanyId, by: CustomerGrouping, until: NaiveDate) -> Result<Self> {
        let mut out = Self { by: Some(by), ..Self::default() };
        match by {
            CustomerGrouping::Owner => {
                let owners = clv_fits::owners(cx.db())?;
                let users: BTreeSet<UserId> = owners.values().copied().collect();
                let users = cx.find_all::<User>(&users.into_iter().collect::<Vec<_>>())?;
                out.names.extend(users.into_iter().map(|u| (u.id.to_string(), u.name)));
                owners.into_iter().for_each(|(party, owner)| out.put(party, owner.to_string()));
            }
            CustomerGrouping::Team => {
                let (staff, tree) = (teams::members(cx.db(), company)?, teams::tree(cx.db(), company)?);
                let all = cx.find_all::<Team>(&tree.keys().copied().collect::<Vec<_>>())?;
                out.names.extend(all.into_iter().map(|t| (t.id.to_string(), t.name)));
                let below: Vec<_> = tree.keys().map(|root| (*root, subtree(&tree, *root))).collect();
                for (party, owner) in clv_fits::owners(cx.db())? {
                    let Some(team) = staff.get(&owner) else { continue };
                    below.iter().filter(|(_, teams)| teams.contains(team)).for_each(|(root, _)| out.put(party, root.to_string()));
                }
            }
            CustomerGrouping::Segment => {
                for segment in clv_fits::segments(cx.db(), company, MOST_SEGMENTS)? {
                    let (filter, ground) = segments::grounds(cx, &segment)?;
                    for party in segment_rows::all(cx.db(), &segment, filter.as_ref(), &ground)? {
                        out.put(PartyId::from_uuid(party), segment.id.to_string());
                    }
                    out.names.insert(segment.id.to_string(), segment.name);
                }
            }
            CustomerGrouping::Campaign => {
                clv_fits::first_campaigns(cx.db(), company)?.into_iter().for_each(|(party, campaign)| out.put(party, campaign));
            }
            CustomerGrouping::Cohort => {
                for history in histories(cx, company, until)? {
                    out.put(history.party_id, month(history.first_date).to_string());
                }
            }
        }
        Ok(out)
    }
}

/// The first day of the month of a day.
pub(crate) fn month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn few_enough<T>(found: Vec<T>) -> Result<Vec<T>> {
    match found.len() as i64 > MOST_CUSTOMERS {
        true => Err(TOO_MANY_CUSTOMERS.with("Ask for fewer days, or without groups.")),
        false => Ok(found),
    }
}

/// What the customers of a company bought until a day, one by one.
pub(crate) fn histories(cx: &mut Cx, company: CompanyId, until: NaiveDate) -> Result<Vec<PurchaseHistory>> {
    few_enough(cx.ask::<PurchaseHistories>((company, until, None, MOST_CUSTOMERS + 1))?)
}

/// The figures of all customers of two periods, one by one; of a state, or of whoever is known.
pub(crate) fn everybody(cx: &mut Cx, ask: &SalesAsk, state: Option<CustomerState>) -> Result<Vec<CustomerFigures>> {
    let which = CustomerNarrow { any: state.is_none(), state, ..CustomerNarrow::default() };
    few_enough(cx.ask::<FiguresOfCustomers>((ask, &which, None, MOST_CUSTOMERS + 1))?.0)
}
