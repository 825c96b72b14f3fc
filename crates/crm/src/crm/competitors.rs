//! Operations on competitors.

use domain::crm::competitors::{Competitor, CompetitorPatch, DUPLICATE_NAME, NewCompetitor};
use domain::ids::{CompanyId, CompetitorId};
use persistence::crm::competitors as rows;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Competitor>("crm/competitors", "Who else sells what a company sells.");
    n.searched(Words::titled("name").details(&["website"]));
    n.list("List competitors.").filter(&["name"]).search(&["name_key"]).sort(&["name"]);
    n.create(create, "Create a competitor. Its name is unique in the company.").fails(&[DUPLICATE_NAME]);
    n.read("Get a competitor.");
    n.update(update, "Change a competitor.").fails(&[DUPLICATE_NAME]);
    n.action("archive", archive, "Archive a competitor. No further opportunity names it.");
    n.action("restore", restore, "Bring a competitor back from the archive.");
}

fn free(cx: &mut Cx, company: CompanyId, name: &str, own: Option<CompetitorId>) -> Result<()> {
    match rows::named(cx.db(), company, name)? {
        Some(other) if own.is_none_or(|own| own.uuid() != other) => {
            Err(DUPLICATE_NAME.field("/name", format!("There is a competitor called {name}.")))
        }
        _ => Ok(()),
    }
}

fn create(cx: &mut Cx, new: NewCompetitor) -> Result<Competitor> {
    cx.company(new.company_id)?;
    let made = Competitor::new(cx.new_id(), new, cx.now)?;
    free(cx, made.company_id, &made.name, None)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: CompetitorId, patch: CompetitorPatch) -> Result<Competitor> {
    let before = cx.load_for_update::<Competitor>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    free(cx, after.company_id, &after.name, Some(id))?;
    cx.save(&before, after, "updated")
}

fn archive(cx: &mut Cx, id: CompetitorId) -> Result<Competitor> {
    let before = cx.load_for_update::<Competitor>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: CompetitorId) -> Result<Competitor> {
    let before = cx.load_for_update::<Competitor>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}
