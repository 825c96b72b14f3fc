//! Forgotten passwords. Whether there is such a user shows neither in the answer nor in the work that is done for it. The link is
//! signed and names the password it replaces, so it is valid once.

use domain::directory::emails::shortened;
use domain::identity::password_resets::{
    CompletePasswordReset, LIFETIME, MOST_MESSAGES, NO_MAIL_SERVER, PasswordReset, PasswordResetRequested, RequestPasswordReset, letter,
};
use domain::identity::passwords::POLICY;
use domain::identity::users::{User, UserStatus, normal_email};
use domain::ids::UserId;
use persistence::identity::{credentials, users};
use persistence::record;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::secrets::hash;
use super::sessions::author;
use super::{me, passwords, throttle};
use crate::html::{escaped, page};
use crate::mail::{Outgoing, Sent};
use crate::prelude::*;
use crate::signed::{self, LINK_EXPIRED, LINK_INVALID};
use crate::table::{HtmlPage, Shown};
use crate::work::{self, Work};

/// What a link is for.
const PURPOSE: &str = "identity.password_reset";
/// The job that sends a message.
const MAIL: &str = "password_reset_mail";
/// Where the link leads, unless the operator names a page.
const PLACE: &str = "identity/links/password-reset";
/// What is seen of a link in a browser.
const PAGE: HtmlPage = HtmlPage { show, form: Some(form) };

pub(super) fn operations(t: &mut Table) {
    t.command_outside("request_password_reset", "identity/password-resets", request, REQUEST).public().fails(&[NO_MAIL_SERVER]);
    let asked = t.report_outside(PLACE, look, LOOK);
    asked.linked().page(PAGE).fails(signed::REFUSALS).tag = "identity/links".into();
    let done = t.command_outside("complete_password_reset", PLACE, complete, COMPLETE);
    done.public().page(PAGE).fails(signed::REFUSALS).fails(POLICY).tag = "identity/links".into();
    t.work(MAIL, deliver);
}

const REQUEST: &str = "Ask for a link that sets a new password. It is sent by e-mail and valid for 30 minutes and once. The answer is the \
same whether or not there is such a user; one user gets three messages within half an hour at most, and ten requests from one address make \
it wait.";
const LOOK: &str = "Show whose password a link sets. It changes nothing. A browser, which asks for text/html, gets a page with a form.";
const COMPLETE: &str = "Set a new password by a link. All sessions of the user end, and the link becomes invalid. A second factor stays \
as it is.";

/// The link of a message.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PasswordResetFilter {
    /// The token of the link.
    #[param(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    link: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    /// Null when there is no such user: the same work is done then, and no message sent.
    user_id: Option<UserId>,
}

fn request(o: &Origin, body: RequestPasswordReset) -> Result<PasswordResetRequested> {
    if o.app.mail.get().is_none() {
        return Err(NO_MAIL_SERVER.into());
    }
    let email = normal_email(&body.email);
    let address = o.address().unwrap_or_else(|| "unknown".into());
    let may = throttle::count(&o.app, "password reset", &email, &address, MOST_MESSAGES)?;
    let system = std::sync::Arc::new(Caller { address: o.caller.address, ..Caller::system() });
    o.write_as(&system, move |cx| {
        let user = users::by_email(cx.db(), &email)?.filter(|u| may && u.status == UserStatus::Active);
        work::start(cx, MAIL, &Asked { user_id: user.map(|u| u.id) })
    })?;
    Ok(PasswordResetRequested { valid_for: LIFETIME.num_seconds() })
}

/// What a link says of the password that it replaces.
fn fingerprint(cx: &mut Cx, user: UserId) -> Result<String> {
    let kept = credentials::hash_of(cx.db(), user)?.unwrap_or_default();
    Ok(hash(&kept)[..8].iter().map(|b| format!("{b:02x}")).collect())
}

fn deliver(work: &mut Work) -> Result<Value> {
    let Some(id) = work.input::<Asked>()?.user_id else { return Ok(json!({ "handed_over": false })) };
    let (app, caller) = (work.app().clone(), work.caller().clone());
    let mailer = app.mail.get().ok_or(NO_MAIL_SERVER)?;
    if !mailer.is_there() {
        return Err(problems::unavailable.with("The mail server does not answer."));
    }
    let named = app.identity.password_reset_url();
    let place = named.unwrap_or_else(|| format!("{}/v1/{PLACE}", mailer.links()));
    let message = app.read(&caller, |cx| {
        let Some(user) = record::find::<User>(cx.db(), id.uuid())?.filter(|u| u.status == UserStatus::Active) else { return Ok(None) };
        let subject = format!("{id}:{}", fingerprint(cx, id)?);
        let until = cx.now + LIFETIME;
        let token = signed::sign(cx, PURPOSE, &subject, Some(until))?;
        let link = format!("{place}{}link={token}", if place.contains('?') { '&' } else { '?' });
        let (subject, text) = letter(&user.locale, &user.name, &link);
        let id = uuid::Uuid::now_v7().to_string();
        Ok(Some(Outgoing {
            to_name: user.name,
            to_address: user.email,
            subject: subject.into(),
            text: Some(text),
            id,
            ..Default::default()
        }))
    })?;
    let Some(message) = message else { return Ok(json!({ "handed_over": false })) };
    match mailer.send(&message) {
        Sent::Accepted(_) => Ok(json!({ "handed_over": true })),
        Sent::Later(_) => Err(problems::unavailable.with("The mail server does not take the message now.")),
        Sent::NoMailbox(_) | Sent::Refused(_) | Sent::Unknown(_) => Ok(json!({ "handed_over": false })),
    }
}

/// The user of a link, while it is valid.
fn behind(cx: &mut Cx, link: &str) -> Result<User> {
    let subject = signed::open(cx, PURPOSE, link)?;
    let (id, replaces) = subject.split_once(':').ok_or(LINK_INVALID)?;
    let id: UserId = id.parse().map_err(|_| LINK_INVALID)?;
    let user = record::find::<User>(cx.db(), id.uuid())?.filter(|u| u.status == UserStatus::Active).ok_or(LINK_INVALID)?;
    if fingerprint(cx, id)? != replaces {
        return Err(LINK_EXPIRED.with("The password was changed since the link was sent."));
    }
    Ok(user)
}

fn told(user: &User, done: bool) -> PasswordReset {
    PasswordReset { address: shortened(&user.email), done, language: user.locale.clone() }
}

fn look(o: &Origin, asked: PasswordResetFilter) -> Result<PasswordReset> {
    let user = o.read(|cx| behind(cx, &asked.link))?;
    Ok(told(&user, false))
}

fn complete(o: &Origin, body: CompletePasswordReset) -> Result<PasswordReset> {
    let user = o.read(|cx| behind(cx, &body.link))?;
    passwords::judge(&body.password, &[&user.email, &user.name], "/password")?;
    let new = o.app.identity.hasher.hash(&body.password)?;
    let (author, link) = (author(&user), body.link);
    let user = o.write_as(&author, move |cx| {
        // locked before the link is judged again: it is valid once
        cx.load_for_update::<User>(user.id)?;
        let user = behind(cx, &link)?;
        me::set(cx, user.id, &new, false, "password_reset")
    })?;
    Ok(told(&user, true))
}

/// Texts of the page in one language.
struct Texts {
    title: &'static str,
    label: &'static str,
    save: &'static str,
    done: &'static str,
    refused: &'static str,
    again: &'static str,
}

const ENGLISH: Texts = Texts {
    title: "New password",
    label: "New password for {address}, at least 15 characters",
    save: "Save",
    done: "The new password is set. You can log in with it now.",
    refused: "The password was not set: the link is not valid any more, or the password is too short or too easy to guess.",
    again: "Try again",
};
const GERMAN: Texts = Texts {
    title: "Neues Passwort",
    label: "Neues Passwort für {address}, mindestens 15 Zeichen",
    save: "Speichern",
    done: "Das neue Passwort ist gesetzt. Sie können sich jetzt damit anmelden.",
    refused: "Das Passwort wurde nicht gesetzt: Der Link gilt nicht mehr, oder das Passwort ist zu kurz oder zu leicht zu erraten.",
    again: "Noch einmal versuchen",
};

fn show(shown: &Shown) -> String {
    let own = shown.answer.and_then(|a| a["language"].as_str());
    let is_german = own.unwrap_or(shown.languages).to_lowercase().starts_with("de");
    let (language, texts) = if is_german { ("de", &GERMAN) } else { ("en", &ENGLISH) };
    let link = escaped(shown.link.unwrap_or_default());
    let body = match shown.answer {
        None => format!("<p role=\"alert\">{}</p><p><a href=\"?link={link}\">{}</a></p>", texts.refused, texts.again),
        Some(answer) if answer["done"] == true => format!("<p role=\"status\">{}</p>", texts.done),
        Some(answer) => {
            let label = texts.label.replace("{address}", &escaped(answer["address"].as_str().unwrap_or_default()));
            format!(
                "<form method=\"post\" action=\"password-reset\"><input type=\"hidden\" name=\"link\" value=\"{link}\"><label>{label}<br>\
                 <input type=\"password\" name=\"password\" autocomplete=\"new-password\" minlength=\"15\" required></label>\
                 <button type=\"submit\">{}</button></form>",
                texts.save
            )
        }
    };
    page(language, texts.title, &body)
}

/// The form of the page as the body of the operation.
fn form(pairs: &[(String, String)]) -> Value {
    let of = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
    json!({ "link": of("link"), "password": of("password") })
}
