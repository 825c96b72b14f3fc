//! The rows of a forecast: what each is about, which are below which, what is to be sold and was submitted for them, and the way to
//! the deals behind their figures.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::crm::forecasts::{DealGroup, ForecastFilter, ForecastGroup, ForecastMethod, ForecastRow, Period};
use domain::crm::pipelines::ForecastCategory;
use domain::directory::companies::Company;
use domain::directory::teams::{Tree, subtree};
use domain::ids::{PipelineId, TeamId, TerritoryId, UserId};
use domain::kernel::{Decimal, allocate};
use persistence::crm::{forecast_submissions, quotas};
use persistence::directory::teams;
use platform::prelude::*;
use uuid::Uuid;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Owner(Option<UserId>),
    Pipeline(PipelineId),
    Team(Option<TeamId>),
    Territory(Option<TerritoryId>),
    Category(ForecastCategory),
}

impl Key {
    /// Whether deals are its own; those of what is below it are not.
    pub(super) fn holds(&self, g: &DealGroup, staff: &BTreeMap<UserId, TeamId>) -> bool {
        match self {
            Key::Owner(user) => g.owner == *user,
            Key::Pipeline(id) => g.pipeline == *id,
            Key::Team(team) => g.owner.and_then(|u| staff.get(&u).copied()) == *team,
            Key::Territory(id) => g.territory == *id,
            Key::Category(category) => g.category == *category,
        }
    }
    pub(super) fn id(&self) -> Option<Uuid> {
        match self {
            Key::Owner(user) => user.map(|u| u.uuid()),
            Key::Pipeline(id) => Some(id.uuid()),
            Key::Team(team) => team.map(|t| t.uuid()),
            Key::Territory(id) => id.map(|t| t.uuid()),
            Key::Category(category) => Some(Uuid::from_u128(*category as u128)),
        }
    }
    pub(super) fn on(&self, row: ForecastRow) -> ForecastRow {
        match *self {
            Key::Owner(owner_id) => ForecastRow { owner_id, ..row },
            Key::Pipeline(id) => ForecastRow { pipeline_id: Some(id), ..row },
            Key::Team(team_id) => ForecastRow { team_id, ..row },
            Key::Territory(territory_id) => ForecastRow { territory_id, ..row },
            Key::Category(category) => ForecastRow { forecast_category: Some(category), ..row },
        }
    }
}

/// What rows are below what.
pub(super) enum Above {
    Nothing,
    Teams(Tree<TeamId>),
    Territories(Tree<TerritoryId>),
}

impl Above {
    /// Whether the second is below the first.
    pub(super) fn holds(&self, key: &Key, other: &Key) -> bool {
        match (self, key, other) {
            (Self::Teams(tree), Key::Team(Some(root)), Key::Team(Some(team))) => subtree(tree, *root).contains(team),
            (Self::Territories(tree), Key::Territory(Some(root)), Key::Territory(Some(t))) => subtree(tree, *root).contains(t),
            _ => false,
        }
    }
    /// How many rows a row is below.
    pub(super) fn level(&self, key: &Key, keys: &[Key]) -> i32 {
        let over = keys.iter().filter(|other| *other != key && self.holds(other, key)).count();
        i32::try_from(over).unwrap_or(i32::MAX)
    }
}

/// The rows: whoever has deals, and by owner also who has a quota or a submission; every team and territory.
pub(super) fn keys(asked: &ForecastFilter, groups: &[DealGroup], targets: &Targets, above: &Above) -> Vec<Key> {
    let nobody = |none: bool, key: Key| none.then_some(key);
    let mut keys: Vec<Key> = match (asked.group_by, above) {
        (Some(ForecastGroup::Team), Above::Teams(tree)) => {
            let all: Vec<TeamId> = asked.team_id.map_or_else(|| tree.keys().copied().collect(), |root| subtree(tree, root));
            all.into_iter().map(|t| Key::Team(Some(t))).chain(nobody(asked.team_id.is_none(), Key::Team(None))).collect()
        }
        (Some(ForecastGroup::Territory), Above::Territories(tree)) => {
            let all: Vec<TerritoryId> = asked.territory_id.map_or_else(|| tree.keys().copied().collect(), |root| subtree(tree, root));
            let none = nobody(asked.territory_id.is_none(), Key::Territory(None));
            all.into_iter().map(|t| Key::Territory(Some(t))).chain(none).collect()
        }
        (Some(ForecastGroup::Pipeline), _) => groups.iter().map(|g| Key::Pipeline(g.pipeline)).collect(),
        (Some(ForecastGroup::Category), _) => ForecastCategory::ALL.iter().map(|c| Key::Category(*c)).collect(),
        (Some(ForecastGroup::Owner), _) => {
            let known = targets.quotas.keys().chain(targets.submissions.keys()).flatten();
            let rest = nobody(!targets.of_nobody().is_zero(), Key::Owner(None));
            groups.iter().map(|g| Key::Owner(g.owner)).chain(known.map(|u| Key::Owner(Some(*u)))).chain(rest).collect()
        }
        _ => return Vec::new(),
    };
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Quotas and last submissions of a period, by user; `None` is the company as a whole.
#[derive(Default)]
pub(super) struct Targets {
    pub(super) quotas: BTreeMap<Option<UserId>, Amount>,
    pub(super) submissions: BTreeMap<Option<UserId>, domain::crm::forecast_submissions::ForecastSubmission>,
}

impl Targets {
    pub(super) fn load(
        cx: &mut Cx,
        company: &Company,
        period: &Period,
        method: ForecastMethod,
        asked: &ForecastFilter,
        staff: &BTreeMap<UserId, TeamId>,
    ) -> Result<Self> {
        if asked.pipeline_id.is_some() || asked.territory_id.is_some() {
            return Ok(Self::default());
        }
        let inside = match asked.team_id {
            Some(team) => Some(subtree(&teams::tree(cx.db(), company.id)?, team)),
            None => None,
        };
        let member = |user: &Option<UserId>| match &inside {
            Some(teams) => user.and_then(|u| staff.get(&u)).is_some_and(|t| teams.contains(t)),
            None => true,
        };
        let wanted = |user: &Option<UserId>| (asked.owner_id.is_none() || *user == asked.owner_id) && member(user);
        let quotas: BTreeMap<_, _> = quotas::of_period(cx.db(), company.id, period)?.into_iter().filter(|q| wanted(&q.0)).collect();
        let submitted = forecast_submissions::last_of_period(cx.db(), company.id, period, method)?;
        let submissions = submitted.into_iter().filter(|s| wanted(&s.user_id)).map(|s| (s.user_id, s)).collect();
        Ok(Self { quotas, submissions })
    }
    /// The row with its quota and submission. Where the company as a whole has no quota, those of its users together are it.
    pub(super) fn on(&self, row: ForecastRow, user: Option<UserId>) -> Result<ForecastRow> {
        let together = || (user.is_none() && !self.quotas.is_empty()).then(|| self.quotas.values().copied().sum());
        let row = row.with_quota(self.quotas.get(&user).copied().or_else(together))?;
        Ok(match self.submissions.get(&user) {
            Some(s) => row.with_submission(s.id, s.adjustment_amount),
            None if user.is_none() => row.adjusted_by(self.adjustment()),
            None => row,
        })
    }
    /// What was submitted on top in all: for the company as a whole, or else by its users together.
    pub(super) fn adjustment(&self) -> Amount {
        match self.submissions.get(&None) {
            Some(whole) => whole.adjustment_amount,
            None => self.of_users(),
        }
    }
    pub(super) fn of_users(&self) -> Amount {
        self.submissions.iter().filter(|(user, _)| user.is_some()).map(|(_, s)| s.adjustment_amount).sum()
    }
    /// What the company as a whole submitted beyond its users: it is nobody's.
    pub(super) fn of_nobody(&self) -> Amount {
        self.adjustment() - self.of_users()
    }
    /// The adjustment of the total split over rows that know of no users, in proportion to their forecasts.
    pub(super) fn split(&self, rows: &[ForecastRow], places: u32) -> Result<Vec<Amount>> {
        let forecasts: Vec<Decimal> = rows.iter().map(|r| r.forecast_amount.get()).collect();
        allocate(self.adjustment().get(), &forecasts, places).into_iter().map(Amount::try_from).collect()
    }
}

impl Targets {
    /// A row with what its users are to sell and submitted, together.
    pub(super) fn on_users(&self, row: ForecastRow, fits: impl Fn(UserId) -> bool) -> Result<ForecastRow> {
        let quotas: Vec<Amount> = self.quotas.iter().filter(|(u, _)| u.is_some_and(&fits)).map(|(_, a)| *a).collect();
        let row = row.with_quota((!quotas.is_empty()).then(|| quotas.into_iter().sum()))?;
        let submitted = self.submissions.iter().filter(|(u, _)| u.is_some_and(&fits));
        Ok(row.adjusted_by(submitted.map(|(_, s)| s.adjustment_amount).sum()))
    }
    /// A row with its part of what is to be sold and of what was submitted; `adjustment` is that of a row that knows of no
    /// users.
    pub(super) fn on_key(
        &self,
        row: ForecastRow,
        key: &Key,
        adjustment: Amount,
        above: &Above,
        staff: &BTreeMap<UserId, TeamId>,
    ) -> Result<ForecastRow> {
        match key {
            Key::Owner(Some(user)) => self.on(row, Some(*user)),
            Key::Owner(None) => Ok(row.adjusted_by(self.of_nobody())),
            Key::Team(None) => {
                let row = self.on_users(row, |user| !staff.contains_key(&user))?;
                let with_rest = row.adjustment_amount + self.of_nobody();
                Ok(row.adjusted_by(with_rest))
            }
            Key::Pipeline(_) | Key::Territory(_) | Key::Category(_) => Ok(row.adjusted_by(adjustment)),
            Key::Team(Some(team)) => {
                self.on_users(row, |user| staff.get(&user).is_some_and(|t| t == team || above.holds(key, &Key::Team(Some(*t)))))
            }
        }
    }
}

/// Where the deals behind a figure are.
pub(super) struct Path<'a> {
    pub(super) company: &'a Company,
    pub(super) period: Period,
    pub(super) today: NaiveDate,
    pub(super) asked: &'a ForecastFilter,
}

impl Path<'_> {
    pub(super) fn fill(&self, mut row: ForecastRow, key: Option<&Key>) -> ForecastRow {
        let Period { start, end, .. } = self.period;
        let of_row = match key {
            Some(Key::Category(category)) => Some(*category),
            _ => None,
        };
        let inside = |category: ForecastCategory| {
            let days = format!("expected_close_date_gte={start}&expected_close_date_lte={end}");
            // a row of another category has none of these: no open deal has the category closed
            let listed = if of_row.is_none_or(|own| own == category) { category } else { ForecastCategory::Closed };
            self.to(key, &format!("status=open&forecast_category={listed}&{days}"))
        };
        let also = of_row.map_or(String::new(), |own| format!("&forecast_category={own}"));
        row.commit.drill_down = inside(ForecastCategory::Commit);
        row.best_case.drill_down = inside(ForecastCategory::BestCase);
        row.pipeline.drill_down = inside(ForecastCategory::Pipeline);
        row.omitted.drill_down = inside(ForecastCategory::Omitted);
        row.closed.drill_down = self.to(key, &format!("status=won&closed_date_gte={start}&closed_date_lte={end}{also}"));
        row.overdue.drill_down = self.to(key, &format!("status=open&expected_close_date_lt={}{also}", self.today));
        row.undated.drill_down = self.to(key, &format!("status=open&has_expected_close_date=false{also}"));
        row
    }
    pub(super) fn to(&self, key: Option<&Key>, filter: &str) -> String {
        let mut path = format!("/v1/crm/opportunities?company_id={}&{filter}", self.company.id);
        let mut narrow = |name: &str, own: Option<String>, asked: Option<String>| {
            if let Some(id) = own.or(asked) {
                path.push_str(&format!("&{name}={id}"));
            }
        };
        let (mut owner, mut pipeline, mut team, mut territory) = (None, None, None, None);
        let mut nobody = "";
        match key {
            Some(Key::Owner(Some(user))) => owner = Some(user.to_string()),
            Some(Key::Owner(None)) => nobody = "&has_seller=false",
            Some(Key::Pipeline(id)) => pipeline = Some(id.to_string()),
            Some(Key::Team(Some(id))) => team = Some(id.to_string()),
            Some(Key::Team(None)) => nobody = "&has_seller_team=false",
            Some(Key::Territory(Some(id))) => territory = Some(id.to_string()),
            Some(Key::Territory(None)) => nobody = "&has_territory=false",
            Some(Key::Category(_)) | None => {}
        }
        narrow("pipeline_id", pipeline, self.asked.pipeline_id.map(|i| i.to_string()));
        narrow("seller_id", owner, self.asked.owner_id.map(|i| i.to_string()));
        narrow("seller_team_id", team, self.asked.team_id.map(|i| i.to_string()));
        narrow("territory_id", territory, self.asked.territory_id.map(|i| i.to_string()));
        path.push_str(nobody);
        path
    }
}
