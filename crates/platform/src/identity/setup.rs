//! What the program itself does about users: the first start and the command line. It goes through the door like
//! everybody, as the caller `system`.

use std::sync::Arc;

use domain::directory::companies::Company;
use domain::identity::catalogue::OWNER;
use domain::identity::company_grants::{CompanyGrant, NewCompanyGrant};
use domain::identity::passwords::check_length;
use domain::identity::roles::Role;
use domain::identity::users::{NewUser, User, normal_email};
use domain::ids::CompanyId;
use persistence::identity::{roles as role_rows, users as rows};

use super::authentication::rights_of;
use super::{company_grants, me, passwords, role_assignments, roles, secrets, signing_keys, users};
use crate::caller::Companies;
use crate::prelude::*;

fn system() -> Arc<Caller> {
    Arc::new(Caller::system())
}

/// On every start: ready-made roles as shipped, a signing key, and on the first start an administrator with the role
/// `owner` and all companies. Answers the password that was made up, to be shown once, when none was given.
///
/// # Errors
/// The given password is too short; the database cannot be reached.
pub fn first_administrator(app: &Arc<App>, email: &str, password: Option<&str>) -> Result<Option<String>> {
    roles::keep_up(app)?;
    signing_keys::ensure(app)?;
    if app.read(&system(), |cx| Ok(rows::any(cx.db())?))? {
        return Ok(None);
    }
    let made = match password {
        Some(given) => {
            check_length(given, "/password")?;
            if let Err(p) = passwords::judge(given, &[email], "/password") {
                log::warn!("the password of the first administrator is weak: {p}");
            }
            None
        }
        None => Some(secrets::one_time_password()),
    };
    let hash = app.identity.hasher.hash(password.or(made.as_deref()).unwrap_or_default())?;
    let new = new_user(email, "Administrator");
    let must_change = made.is_some();
    let first = app.write(&system(), move |cx| {
        // another replica may have been faster
        if rows::any(cx.db())? {
            return Ok(false);
        }
        let user = users::store(cx, new.clone(), must_change, Some(&hash))?;
        give_role(cx, &user, OWNER)?;
        give_companies(cx, &user, None)?;
        Ok(true)
    });
    match first {
        Ok(first) => Ok(made.filter(|_| first)),
        Err(p) if p.code() == problems::already_exists => Ok(None),
        Err(p) => Err(p),
    }
}

fn new_user(email: &str, name: &str) -> NewUser {
    NewUser {
        email: email.into(),
        name: name.into(),
        time_zone: None,
        locale: None,
        password: None,
        must_change_password: None,
        metadata: Default::default(),
    }
}

fn by_email(cx: &mut Cx, email: &str) -> Result<User> {
    let found = rows::by_email(cx.db(), &normal_email(email))?;
    found.ok_or_else(|| problems::not_found.with(format!("There is no user {email}.")))
}

fn give_role(cx: &mut Cx, user: &User, code: &str) -> Result<()> {
    let role: Option<Role> = role_rows::by_code(cx.db(), code)?;
    let role = role.ok_or_else(|| problems::not_found.with(format!("There is no role {code}.")))?;
    role_assignments::assign(cx, user.id, &role).map(drop)
}

fn give_companies(cx: &mut Cx, user: &User, company: Option<CompanyId>) -> Result<()> {
    if let Some(id) = company {
        cx.find::<Company>(id)?;
    }
    if company_grants::has(cx, user.id, company)? {
        return Ok(());
    }
    let new = NewCompanyGrant { company_id: company, all_companies: company.is_none() };
    let grant = CompanyGrant::new(cx.new_id(), user.id, new, cx.now)?;
    cx.create(grant).map(drop)
}

/// Creates a user with these roles. Answers the password that was made up when none was given.
///
/// # Errors
/// The address is taken or none, the password does not do, there is no such role.
pub fn create_user(
    app: &Arc<App>,
    email: &str,
    name: &str,
    password: Option<&str>,
    role_codes: &[String],
) -> Result<(User, Option<String>)> {
    if let Some(given) = password {
        passwords::judge(given, &[email, name], "/password")?;
    }
    roles::keep_up(app)?;
    let made = password.is_none().then(secrets::one_time_password);
    let hash = app.identity.hasher.hash(password.or(made.as_deref()).unwrap_or_default())?;
    let (new, codes) = (new_user(email, name), role_codes.to_vec());
    let must_change = made.is_some();
    let user = app.write(&system(), move |cx| {
        let user = users::store(cx, new.clone(), must_change, Some(&hash))?;
        codes.iter().try_for_each(|code| give_role(cx, &user, code))?;
        Ok(user)
    })?;
    Ok((user, made))
}

/// Gives a user a password that is good for one log-in.
///
/// # Errors
/// There is no such user.
pub fn reset_password(app: &Arc<App>, email: &str) -> Result<String> {
    let made = secrets::one_time_password();
    let hash = app.identity.hasher.hash(&made)?;
    let email = email.to_string();
    app.write(&system(), move |cx| {
        let user = by_email(cx, &email)?;
        me::set(cx, user.id, &hash, true, "password_reset")
    })?;
    Ok(made)
}

/// A user as an operator sees it.
pub struct Account {
    pub user: User,
    /// The codes of its roles.
    pub roles: Vec<String>,
    /// The codes of its companies; nothing when it has all.
    pub companies: Option<Vec<String>>,
}

/// All users, by address.
///
/// # Errors
/// The database cannot be read.
pub fn list_users(app: &Arc<App>) -> Result<Vec<Account>> {
    app.read(&system(), |cx| {
        let mut accounts = Vec::new();
        for user in rows::all(cx.db())? {
            let rights = rights_of(cx.db(), user.id)?;
            let companies = match rights.companies {
                Companies::All => None,
                Companies::These(ids) => {
                    let ids: Vec<CompanyId> = ids.into_iter().collect();
                    let mut codes: Vec<String> = cx.find_all::<Company>(&ids)?.into_iter().map(|c| c.code).collect();
                    codes.sort();
                    Some(codes)
                }
            };
            accounts.push(Account { user, roles: rights.roles.into_iter().map(|r| r.code).collect(), companies });
        }
        Ok(accounts)
    })
}

/// Disables a user; all its sessions end. The last owner stays.
///
/// # Errors
/// There is no such user, it is disabled, or it is the last owner.
pub fn disable_user(app: &Arc<App>, email: &str) -> Result<()> {
    let email = email.to_string();
    app.write(&system(), move |cx| {
        let user = by_email(cx, &email)?;
        users::disable(cx, user.id).map(drop)
    })
}

/// Enables a disabled user again.
///
/// # Errors
/// There is no such user, or it is not disabled.
pub fn enable_user(app: &Arc<App>, email: &str) -> Result<()> {
    let email = email.to_string();
    app.write(&system(), move |cx| {
        let user = by_email(cx, &email)?;
        users::enable(cx, user.id).map(drop)
    })
}

/// Gives a user a role, by its code.
///
/// # Errors
/// There is no such user or role, or the user has it.
pub fn grant_role(app: &Arc<App>, email: &str, code: &str) -> Result<()> {
    roles::keep_up(app)?;
    let (email, code) = (email.to_string(), code.to_string());
    app.write(&system(), move |cx| {
        let user = by_email(cx, &email)?;
        give_role(cx, &user, &code)
    })
}

/// Gives a user a company.
///
/// # Errors
/// There is no such user or company.
pub fn grant_company(app: &Arc<App>, email: &str, company: CompanyId) -> Result<()> {
    let email = email.to_string();
    app.write(&system(), move |cx| {
        let user = by_email(cx, &email)?;
        give_companies(cx, &user, Some(company))
    })
}

/// Gives a user all companies.
///
/// # Errors
/// There is no such user.
pub fn grant_all_companies(app: &Arc<App>, email: &str) -> Result<()> {
    let email = email.to_string();
    app.write(&system(), move |cx| {
        let user = by_email(cx, &email)?;
        give_companies(cx, &user, None)
    })
}
