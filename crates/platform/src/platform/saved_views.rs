//! Operations on saved views. What a view asks for is judged by the list itself, with the rights of whoever saves it.

use domain::directory::teams::Team;
use domain::ids::SavedViewId;
use domain::platform::saved_views::{
    DefaultView, DefaultViewFilter, NewSavedView, REFUSALS, SHARE, SavedView, SavedViewPatch, UNFIT, UNKNOWN_LIST, ViewScope, default_of,
};
use persistence::platform::saved_views as rows;

use crate::prelude::*;
use crate::table::{Input, Kind, Pairs};

/// Defaults of a list that one user sees at most: the own, those of the teams and that of everybody.
const MOST_DEFAULTS: i64 = 200;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<SavedView>("platform/saved-views", "How users look at lists: filters, order, columns and groups.");
    n.seen_by(seen);
    n.list("List the saved views of the caller, of the caller's teams and of everybody.")
        .filter(&["noun", "name", "scope", "owner_id", "team_id", "is_default"])
        .search(&["name"])
        .sort(&["name"])
        .for_users();
    n.create(create, CREATE).for_users().fails(REFUSALS);
    n.read("Get a saved view.").for_users();
    n.update(update, "Change a saved view. Views that others shared need the permission `platform.saved_views.share`.")
        .for_users()
        .fails(REFUSALS);
    n.delete(delete, "Delete a saved view. Views that others shared need the permission `platform.saved_views.share`.")
        .for_users()
        .fails(REFUSALS);
    t.report("platform/default-view", default_view, DEFAULT).for_users();
}

const CREATE: &str = "Save a view of a list. Filters, order and columns are judged as the list itself judges them. A manager may share with \
the own team; sharing with other teams and with everybody needs the permission `platform.saved_views.share`.";
const DEFAULT: &str = "Get the view with which a list opens. The caller's own default, else that of a team of the caller, else that of \
everybody.";

fn seen(cx: &mut Cx) -> Result<Option<Condition>> {
    let Some(user) = cx.caller.user_id else { return Ok(None) };
    let teams = rows::teams_of(cx.db(), user)?;
    Ok(Some(rows::seen_by(user, &teams)))
}

fn create(cx: &mut Cx, new: NewSavedView) -> Result<SavedView> {
    let view = SavedView::new(cx.new_id(), cx.caller.user_id, new, cx.now)?;
    judge(cx, &view)?;
    one_default(cx, &view)?;
    cx.create(view)
}

fn update(cx: &mut Cx, id: SavedViewId, patch: SavedViewPatch) -> Result<SavedView> {
    let before = cx.load_for_update::<SavedView>(id)?;
    before.check_changeable(cx.caller.user_id, cx.caller.may(SHARE))?;
    let after = before.clone().change(patch, cx.now)?;
    judge(cx, &after)?;
    one_default(cx, &after)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: SavedViewId) -> Result<()> {
    let view = cx.load_for_update::<SavedView>(id)?;
    view.check_changeable(cx.caller.user_id, cx.caller.may(SHARE))?;
    cx.remove(view)
}

fn default_view(cx: &mut Cx, filter: DefaultViewFilter) -> Result<DefaultView> {
    let noun = filter.noun.trim_matches('/').to_string();
    let mut list = List::first(MOST_DEFAULTS);
    list.condition(Condition::In("noun", vec![persistence::Value::Text(noun.clone())]));
    list.condition(Condition::In("is_default", vec![persistence::Value::Bool(true)]));
    let view = default_of(cx.page::<SavedView>(list)?.data);
    Ok(DefaultView { noun, view })
}

/// Refuses what the list would refuse, and sharing beyond the caller's rights.
fn judge(cx: &mut Cx, view: &SavedView) -> Result<()> {
    if let Some(team) = view.team_id {
        let team = cx.refer::<Team>("/team_id", team)?;
        if team.manager_id.is_none() || team.manager_id != cx.caller.user_id {
            cx.require(SHARE)?;
        }
    }
    if view.scope == ViewScope::Everybody {
        cx.require(SHARE)?;
    }
    let app = cx.app().clone();
    let path = format!("/v1/{}", view.noun);
    let op = app.table.ops.iter().find(|op| op.kind == Kind::List && op.path == path && !op.public);
    let op = op.ok_or_else(|| UNKNOWN_LIST.field("/noun", format!("There is no list {:?}.", view.noun)))?;
    app.admit(op, &cx.caller.clone())?;
    if let Some(name) = view.filters.keys().find(|name| PAGING.contains(&name.as_str())) {
        return Err(UNFIT.field(format!("/filters/{name}"), "It says what a page looks like and is no filter."));
    }
    let mut query: Pairs = view.filters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    query.extend(view.sort.iter().map(|sort| ("sort".to_string(), sort.clone())));
    let fields: Vec<&str> = view.columns.iter().chain(&view.groups).map(|f| f.0.as_str()).collect();
    if !fields.is_empty() {
        query.push(("fields".to_string(), fields.join(",")));
    }
    let input = Input { query, ..Input::default() };
    op.check_query(&input.query).and_then(|()| List::parse(cx, op, &input)).map(drop).map_err(unfit)
}

/// What is a parameter of every list and no filter.
const PAGING: [&str; 6] = ["limit", "cursor", "include_total", "fields", "expand", "sort"];

/// What the list says about its parameters, at their places in the view.
fn unfit(p: Problem) -> Problem {
    let errors = p.errors().iter().map(|e| {
        let name = e.parameter.clone().unwrap_or_default();
        let pointer = match name.as_str() {
            "sort" => "/sort".to_string(),
            "fields" => "/columns".to_string(),
            _ => format!("/filters/{name}"),
        };
        FieldError::body(pointer, &e.code, e.message.clone())
    });
    match p.errors().is_empty() {
        true => p,
        false => UNFIT.at(errors.collect()),
    }
}

/// A list opens with one view of a scope: the one that was said last.
fn one_default(cx: &mut Cx, view: &SavedView) -> Result<()> {
    if !view.is_default {
        return Ok(());
    }
    for other in rows::other_defaults(cx.db(), view)? {
        let before = cx.load_late::<SavedView>(other)?;
        let after = SavedView { is_default: false, updated_at: cx.now, ..before.clone() };
        cx.save(&before, after, "updated")?;
    }
    Ok(())
}
