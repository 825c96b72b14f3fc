//! On which companies a user may work. Nobody gives what he has not.

use domain::directory::companies::Company;
use domain::identity::company_grants::{ALREADY_GRANTED, CompanyGrant, NewCompanyGrant, ONE_OR_ALL};
use domain::identity::users::{OUT_OF_REACH, User};
use domain::ids::{CompanyGrantId, CompanyId, UserId};
use persistence::identity::company_grants as rows;

use super::users::to_change;
use crate::caller::Companies;
use crate::prelude::*;
use crate::table::Noun;

pub(super) fn operations(users: &mut Noun<'_, User>) {
    let mut p = users.part::<CompanyGrant>("grants");
    p.list_with(list, "List the company grants of a user.");
    p.create(create, "Grant a user a company, or all. You can only grant what you have.").fails(&[
        ALREADY_GRANTED,
        ONE_OR_ALL,
        OUT_OF_REACH,
    ]);
    p.delete(delete, "Take a company grant from a user. It counts at once. If-Match is the version of the user.").fails(&[OUT_OF_REACH]);
}

fn list(cx: &mut Cx, user: UserId, mut list: List) -> Result<Page<CompanyGrant>> {
    cx.find::<User>(user)?;
    list.only("user_id", user.uuid());
    cx.page(list)
}

fn create(cx: &mut Cx, user: UserId, new: NewCompanyGrant) -> Result<CompanyGrant> {
    cx.find::<User>(user)?;
    let grant = CompanyGrant::new(cx.new_id(), user, new, cx.now)?;
    if let Some(company) = grant.company_id {
        cx.refer::<Company>("/company_id", company)?;
    } else if cx.caller.companies != Companies::All {
        return Err(OUT_OF_REACH.with("Only who has all companies can grant all."));
    }
    if has(cx, user, grant.company_id)? {
        return Err(ALREADY_GRANTED.into());
    }
    cx.create(grant)
}

/// Whether the user has exactly this grant; `None` is the grant on all.
pub(super) fn has(cx: &mut Cx, user: UserId, company: Option<CompanyId>) -> Result<bool> {
    let (all, ids) = rows::of_user(cx.db(), user)?;
    Ok(company.map_or(all, |c| ids.contains(&c)))
}

fn delete(cx: &mut Cx, user: UserId, id: CompanyGrantId) -> Result<()> {
    to_change(cx, user)?;
    let grant = cx.find::<CompanyGrant>(id)?;
    if grant.user_id != user {
        return Err(problems::not_found.into());
    }
    cx.remove(grant)
}

/// Who founds a company and has not all, gets a grant on it.
pub(super) fn to_founder(cx: &mut Cx, event: &Event) -> Result<()> {
    let (Some(user), Companies::These(own)) = (cx.caller.user_id, &cx.caller.companies) else { return Ok(()) };
    let Ok(company) = event.subject.parse::<CompanyId>() else { return Ok(()) };
    if own.contains(&company) {
        return Ok(());
    }
    let new = NewCompanyGrant { company_id: Some(company), all_companies: false };
    let grant = CompanyGrant::new(cx.new_id(), user, new, cx.now)?;
    cx.create(grant).map(drop)
}
