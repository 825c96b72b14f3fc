//! `tandem user …`: the same operations as over HTTP, run by the program itself, for when nobody can log in.

use std::sync::Arc;

use clap::Subcommand;
use platform::table::Output;
use platform::{App, Caller, Request};
use serde_json::{Value, json};

use super::{Done, Where, words};
use crate::config::Config;
use crate::server;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Create a user; the password is read from TANDEM_USER_PASSWORD or made up and printed once
    #[command(after_help = "Example:\n  tandem user create ann@example.com --name \"Ann Miller\" --role administrator")]
    Create {
        /// The sign-in name
        email: String,
        /// The name shown to people [default: the sign-in name]
        #[arg(long)]
        name: Option<String>,
        /// A role to give, by its key; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Set a new password and end all sessions of the user
    #[command(after_help = "Example:\n  tandem user reset-password ann@example.com")]
    ResetPassword {
        email: String,
        #[command(flatten)]
        place: Where,
    },
    /// Give a user a role
    #[command(after_help = "Example:\n  tandem user grant ann@example.com sales_manager")]
    Grant {
        email: String,
        role: String,
        #[command(flatten)]
        place: Where,
    },
}

pub(super) fn run(command: UserCommand, config: Config) -> Done {
    match command {
        UserCommand::Create { email, name, roles, place } => create(&open(place, config)?, &email, name.as_deref(), &roles),
        UserCommand::ResetPassword { email, place } => reset_password(&open(place, config)?, &email),
        UserCommand::Grant { email, role, place } => grant(&open(place, config)?, &email, &role),
    }
}

fn open(place: Where, config: Config) -> Result<Arc<App>, String> {
    server::open_app(&place.set(config)).map_err(words)
}

fn create(app: &Arc<App>, email: &str, name: Option<&str>, roles: &[String]) -> Done {
    let made = call(app, "create_user", vec![], None, Some(json!({ "email": email, "name": name.unwrap_or(email) })))?;
    println!("{} is {}.", email, made["id"].as_str().unwrap_or_default());
    roles.iter().try_for_each(|role| grant(app, email, role))
}

fn reset_password(_app: &Arc<App>, _email: &str) -> Done {
    Err("not yet".into())
}

fn grant(_app: &Arc<App>, _email: &str, _role: &str) -> Done {
    Err("not yet".into())
}

/// Runs an operation as the program itself.
fn call(app: &Arc<App>, id: &str, path: Vec<String>, if_match: Option<i64>, body: Option<Value>) -> Result<Value, String> {
    let op = app.table.ops.iter().position(|op| op.id == id).ok_or_else(|| format!("there is no operation {id}"))?;
    let request = Request {
        op,
        caller: Arc::new(Caller::system()),
        path,
        query: vec![],
        body,
        upload: None,
        if_match,
        idempotency_key: None,
        request_id: format!("cli_{}", uuid::Uuid::now_v7().simple()),
        deadline: None,
    };
    match app.call(request).map_err(words)?.output {
        Output::Json(value) => Ok(value),
        _ => Ok(Value::Null),
    }
}
