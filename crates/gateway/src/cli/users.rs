//! `tandem user …`: the same operations as over HTTP, run by the program itself, for when nobody can log in.

use std::sync::Arc;

use clap::Subcommand;
use platform::{App, identity};

use super::{Done, Where, say, words};
use crate::config::{Config, Secret};
use crate::server;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Create a user; the password is read from TANDEM_USER_PASSWORD or made up and printed once
    #[command(after_help = "Example:\n  tandem user create ann@example.com --name \"Ann Miller\" --role sales_rep")]
    Create {
        /// The sign-in name
        email: String,
        /// The name shown to people [default: the sign-in name]
        #[arg(long)]
        name: Option<String>,
        /// A role to give, by its code; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Give all companies
        #[arg(long)]
        all_companies: bool,
        #[command(flatten)]
        place: Where,
    },
    /// List all users: address, name, status, roles, companies
    #[command(after_help = "Examples:\n  tandem user list\n  tandem user list | grep disabled")]
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Disable a user: sessions end and API keys are dead at once; the last owner stays
    #[command(after_help = "Example:\n  tandem user disable ann@example.com")]
    Disable {
        /// The sign-in name
        email: String,
        #[command(flatten)]
        place: Where,
    },
    /// Enable a disabled user again
    #[command(after_help = "Example:\n  tandem user enable ann@example.com")]
    Enable {
        /// The sign-in name
        email: String,
        #[command(flatten)]
        place: Where,
    },
    /// Set a new password and end all sessions of the user
    #[command(after_help = "Example:\n  tandem user reset-password ann@example.com")]
    ResetPassword {
        /// The sign-in name
        email: String,
        #[command(flatten)]
        place: Where,
    },
    /// Give a user a role, a company, or all companies
    #[command(
        override_usage = "tandem user grant [OPTIONS] <EMAIL> [ROLE]",
        after_help = "Examples:\n  tandem user grant ann@example.com sales_manager --all-companies\n  \
tandem user grant ann@example.com --company co_01jbrc2b9yfay8vvr14d2pf2db"
    )]
    #[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["role", "company", "all_companies"])))]
    Grant {
        /// The sign-in name
        email: String,
        /// The code of the role, as `GET /v1/identity/roles` lists it
        role: Option<String>,
        /// The id of the company
        #[arg(long)]
        company: Option<String>,
        /// All companies, also those founded later
        #[arg(long)]
        all_companies: bool,
        #[command(flatten)]
        place: Where,
    },
}

pub(super) fn run(command: UserCommand, config: Config) -> Done {
    match command {
        UserCommand::Create { email, name, roles, all_companies, place } => {
            let given = config.user_password.clone();
            let app = open(place, config)?;
            create(&app, &email, name.as_deref(), given.as_ref().map(Secret::reveal), &roles)?;
            if all_companies {
                identity::grant_all_companies(&app, &email).map_err(words)?;
                say(format!("{email} has all companies."))?;
            }
            Ok(())
        }
        UserCommand::List { place } => {
            let accounts = identity::list_users(&open(place, config)?).map_err(words)?;
            accounts.iter().try_for_each(|account| say(line(account)))
        }
        UserCommand::Disable { email, place } => {
            identity::disable_user(&open(place, config)?, &email).map_err(words)?;
            say(format!("{email} is disabled; all sessions have ended."))
        }
        UserCommand::Enable { email, place } => {
            identity::enable_user(&open(place, config)?, &email).map_err(words)?;
            say(format!("{email} is enabled."))
        }
        UserCommand::ResetPassword { email, place } => {
            let password = identity::reset_password(&open(place, config)?, &email).map_err(words)?;
            say(format!("All sessions of {email} have ended."))?;
            show(&password)
        }
        UserCommand::Grant { email, role, company, all_companies, place } => {
            let app = open(place, config)?;
            if let Some(role) = role {
                identity::grant_role(&app, &email, &role).map_err(words)?;
                say(format!("{email} has the role {role}."))?;
            }
            if let Some(company) = company {
                let id = company.parse().map_err(|e| format!("{company}: {e}"))?;
                identity::grant_company(&app, &email, id).map_err(words)?;
                say(format!("{email} has the company {company}."))?;
            }
            if all_companies {
                identity::grant_all_companies(&app, &email).map_err(words)?;
                say(format!("{email} has all companies."))?;
            }
            Ok(())
        }
    }
}

fn open(place: Where, config: Config) -> Result<Arc<App>, String> {
    server::existing_app(&place.set(config)).map_err(words)
}

fn create(app: &Arc<App>, email: &str, name: Option<&str>, password: Option<&str>, roles: &[String]) -> Done {
    let made = identity::create_user(app, email, name.unwrap_or(email), password, roles);
    let (user, made_up) = made.map_err(|p| match p.errors().iter().any(|e| e.pointer.as_deref() == Some("/password")) {
        true => format!("TANDEM_USER_PASSWORD: {p}"),
        false => p.to_string(),
    })?;
    say(format!("{} is {}.", user.email, user.id))?;
    roles.iter().try_for_each(|role| say(format!("{} has the role {role}.", user.email)))?;
    made_up.iter().try_for_each(|p| show(p))
}

/// One user on one line, with tabs between the fields.
fn line(account: &identity::Account) -> String {
    let user = &account.user;
    let roles = if account.roles.is_empty() { "-".to_string() } else { account.roles.join(",") };
    let companies = match &account.companies {
        None => "all companies".to_string(),
        Some(codes) if codes.is_empty() => "-".to_string(),
        Some(codes) => codes.join(","),
    };
    format!("{}\t{}\t{}\t{roles}\t{companies}", user.email, user.name, user.status)
}

fn show(password: &str) -> Done {
    say(format!("The password is shown only now, and must be changed at the first log-in: {password}"))
}
