//! What metrics of deals have in common: whose deals they are about, groups, comparisons, and the lists behind a side.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::crm::activities::Activity;
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::crm::pipelines::Pipeline;
use domain::directory::companies::Company;
use domain::directory::teams::{Team, subtree};
use domain::identity::users::User;
use domain::ids::{CompanyId, PipelineId, TeamId, UserId};
use domain::insight::metrics::groups::{MOST_GROUPS, MetricComparison, MetricGrouping, MetricKey, Parts, compared};
use persistence::directory::teams;
use persistence::insight::metrics::{Key, Seen, Whose};
use platform::prelude::*;

use crate::crm::forecasts::{sight, team_of};

/// What a metric is asked for, with the right to ask judged.
pub(crate) struct Question {
    pub company: Company,
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    pub pipeline: Option<PipelineId>,
    pub by: Option<MetricGrouping>,
    pub compare: Option<MetricComparison>,
    pub seen: Seen,
}

/// First and last day.
pub(crate) type Days = (NaiveDate, NaiveDate);

/// All rows of a question, or those of one group.
pub(crate) struct Slice<'a> {
    pub by: Option<MetricGrouping>,
    pub key: &'a Key,
}

impl Question {
    /// Who asks about what.
    pub(crate) fn judged(
        cx: &mut Cx,
        company: CompanyId,
        owner: Option<UserId>,
        team: Option<TeamId>,
        by: Option<MetricGrouping>,
        compare: Option<MetricComparison>,
    ) -> Result<Self> {
        let company = cx.find::<Company>(company)?;
        team_of(cx, &company, team)?;
        let owner = sight(cx)?.whose(owner, team)?;
        let seen = Seen {
            deals: cx.counted_rows_as::<Opportunity>("o")?,
            activities: cx.counted_rows_as::<Activity>("o")?,
            leads: cx.counted_rows_as::<Lead>("o")?,
        };
        Ok(Self { company, owner, team, pipeline: None, by, compare, seen })
    }
    pub(crate) fn whose(&self, by: Option<MetricGrouping>) -> Whose<'_> {
        let company = &self.company;
        Whose {
            company: company.id,
            currency: &company.currency,
            owner: self.owner,
            team: self.team,
            pipeline: self.pipeline,
            by,
            seen: &self.seen,
        }
    }
    /// The list of the deals of a slice that fit a filter.
    pub(crate) fn deals(&self, slice: &Slice<'_>, filter: &str) -> String {
        self.list("opportunities", slice, filter)
    }
    /// The list of such things of a slice that fit a filter.
    pub(crate) fn list(&self, noun: &str, slice: &Slice<'_>, filter: &str) -> String {
        let mut path = format!("/v1/crm/{noun}?company_id={}&{filter}", self.company.id);
        let (mut owner, mut team, mut pipeline) = (self.owner.map(|o| o.to_string()), self.team.map(|t| t.to_string()), None);
        if noun == "opportunities" {
            pipeline = self.pipeline.map(|p| p.to_string());
        }
        match (slice.by, slice.key) {
            (None, _) => {}
            (Some(MetricGrouping::Owner), (Some(id), _)) => owner = Some(UserId::from_uuid(*id).to_string()),
            (Some(MetricGrouping::Owner), _) => path.push_str("&has_owner=false"),
            (Some(MetricGrouping::Team), (Some(id), _)) => team = Some(TeamId::from_uuid(*id).to_string()),
            (Some(MetricGrouping::Team), _) => path.push_str("&has_owner_team=false"),
            (Some(MetricGrouping::Pipeline), (id, _)) => pipeline = id.map(|id| PipelineId::from_uuid(id).to_string()),
            (Some(MetricGrouping::Source), (_, Some(word))) => path.push_str(&said("source", word)),
            (Some(MetricGrouping::Source), _) => path.push_str("&has_source=false"),
            (Some(MetricGrouping::Campaign), (_, Some(word))) => path.push_str(&said("campaign", word)),
            (Some(MetricGrouping::Campaign), _) => path.push_str("&has_campaign=false"),
        }
        for (name, id) in [("owner_id", owner), ("owner_team_id", team), ("pipeline_id", pipeline)] {
            if let Some(id) = id {
                path.push_str(&format!("&{name}={id}"));
            }
        }
        path
    }
    /// The metric for all, for what it is compared with and for each group. `load` answers what is known of each group,
    /// `figures` what that makes, `weight` how much of it there is.
    pub(crate) fn parts<S: Default, F>(
        &self,
        cx: &mut Cx,
        days: Days,
        mut load: impl FnMut(&mut Cx, &Whose<'_>, Days) -> Result<BTreeMap<Key, S>>,
        figures: impl Fn(&Slice<'_>, &S, Days) -> Result<F>,
        weight: impl Fn(&S) -> i64,
    ) -> Result<Parts<F>> {
        let nothing = (None, None);
        let all = Slice { by: None, key: &nothing };
        let mut whole = |cx: &mut Cx, days| -> Result<F> {
            let known = load(cx, &self.whose(None), days)?.remove(&nothing).unwrap_or_default();
            figures(&all, &known, days)
        };
        let total = whole(cx, days)?;
        let earlier = self.compare.map(|with| compared(days.0, days.1, with));
        let previous = match earlier {
            Some(before) => Some((before.0, before.1, whole(cx, before)?)),
            None => None,
        };
        let mut parts = Parts { total, previous, groups: Vec::new(), group_count: 0 };
        let Some(by) = self.by else { return Ok(parts) };
        let mut now = load(cx, &self.whose(Some(by)), days)?;
        let mut then = match earlier {
            Some(before) => load(cx, &self.whose(Some(by)), before)?,
            None => BTreeMap::new(),
        };
        if let (MetricGrouping::Team, Some(team)) = (by, self.team) {
            // a team above the one asked for has only a part of its deals here
            let inside: Vec<_> = subtree(&teams::tree(cx.db(), self.company.id)?, team).into_iter().map(|t| Some(t.uuid())).collect();
            now.retain(|key, _| inside.contains(&key.0));
            then.retain(|key, _| inside.contains(&key.0));
        }
        let mut keys: Vec<Key> = now.keys().chain(then.keys().filter(|k| !now.contains_key(*k))).cloned().collect();
        keys.sort_by_key(|k| (-now.get(k).map_or(0, &weight), k.clone()));
        parts.group_count = keys.len() as i64;
        keys.truncate(MOST_GROUPS);
        let mut names = named(cx, by, &keys)?;
        for key in keys {
            let slice = Slice { by: Some(by), key: &key };
            let f = figures(&slice, &now.remove(&key).unwrap_or_default(), days)?;
            let before = match earlier {
                Some(before) => Some(figures(&slice, &then.remove(&key).unwrap_or_default(), before)?),
                None => None,
            };
            let name = names.remove(&key).unwrap_or(MetricKey { key: None, name: None });
            parts.groups.push((name, f, before));
        }
        Ok(parts)
    }
}

/// What the groups are called.
fn named(cx: &mut Cx, by: MetricGrouping, keys: &[Key]) -> Result<BTreeMap<Key, MetricKey>> {
    let ids = || keys.iter().filter_map(|k| k.0);
    let mut names: BTreeMap<uuid::Uuid, String> = BTreeMap::new();
    match by {
        MetricGrouping::Owner => {
            let users = cx.find_all::<User>(&ids().map(UserId::from_uuid).collect::<Vec<_>>())?;
            names.extend(users.into_iter().map(|u| (u.id.uuid(), u.name)));
        }
        MetricGrouping::Team => {
            let teams = cx.find_all::<Team>(&ids().map(TeamId::from_uuid).collect::<Vec<_>>())?;
            names.extend(teams.into_iter().map(|t| (t.id.uuid(), t.name)));
        }
        MetricGrouping::Pipeline => {
            let pipelines = cx.find_all::<Pipeline>(&ids().map(PipelineId::from_uuid).collect::<Vec<_>>())?;
            names.extend(pipelines.into_iter().map(|p| (p.id.uuid(), p.name)));
        }
        MetricGrouping::Source | MetricGrouping::Campaign => {}
    }
    let key = |k: &Key| {
        let id = k.0.map(|id| match by {
            MetricGrouping::Team => TeamId::from_uuid(id).to_string(),
            MetricGrouping::Pipeline => PipelineId::from_uuid(id).to_string(),
            _ => UserId::from_uuid(id).to_string(),
        });
        let name = k.0.and_then(|id| names.get(&id).cloned()).or_else(|| k.1.clone());
        MetricKey { key: id.or_else(|| k.1.clone()), name }
    };
    Ok(keys.iter().map(|k| (k.clone(), key(k))).collect())
}

/// A word as it stands in a query, `&name=word`.
pub(crate) fn said(name: &str, word: &str) -> String {
    serde_urlencoded::to_string([(name, word)]).map(|pair| format!("&{pair}")).unwrap_or_default()
}

/// The filter for rows whose instant lies in `[from, to)`.
pub(crate) fn between(column: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("{column}_gte={}&{column}_lt={}", text(from), text(to))
}

/// The instants at which the first day begins and the last one is over.
pub(crate) fn instants(company: &Company, days: Days) -> (DateTime<Utc>, DateTime<Utc>) {
    let after = days.1.succ_opt().unwrap_or(days.1);
    (company.start_of(days.0), company.start_of(after))
}
