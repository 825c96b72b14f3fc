//! What a link in a message shows in a browser: small pages that work without scripts, one form and one or two buttons each.
//! Programs get the same as JSON. The words are in the reader's language where it is known, else in the browser's.

use platform::html::{self, escaped};
use platform::table::{HtmlPage, Shown};
use serde_json::{Map, Value, json};

/// The page of a link of unsubscription.
pub const UNSUBSCRIBE: HtmlPage = HtmlPage { show: unsubscribe, form: None };
/// The page of a request for confirmation.
pub const CONFIRMATION: HtmlPage = HtmlPage { show: confirmation, form: None };
/// The preference centre.
pub const PREFERENCES: HtmlPage = HtmlPage { show: preferences, form: Some(preferences_form) };

/// The words of the pages in one language.
struct Words {
    tag: &'static str,
    unsubscribe: &'static str,
    question: &'static str,
    question_all: &'static str,
    stop: &'static str,
    stop_all: &'static str,
    stopped: &'static str,
    confirm: &'static str,
    confirm_question: &'static str,
    yes: &'static str,
    confirmed: &'static str,
    preferences: &'static str,
    choose: &'static str,
    none: &'static str,
    save: &'static str,
    saved: &'static str,
    all_off: &'static str,
    about: &'static str,
    invalid: &'static str,
}

const ENGLISH: Words = Words {
    tag: "en",
    unsubscribe: "Unsubscribe",
    question: "Do you want no more messages from {company} at {address}?",
    question_all: "Do you want no more e-mail of any kind from {company} at {address}?",
    stop: "Unsubscribe",
    stop_all: "Unsubscribe from everything",
    stopped: "You are unsubscribed. {company} sends no more such messages to {address}.",
    confirm: "Confirm your subscription",
    confirm_question: "Do you want messages from {company} at {address}?",
    yes: "Yes, I do",
    confirmed: "Thank you. Your subscription to messages from {company} is confirmed.",
    preferences: "Your e-mail preferences",
    choose: "Choose what {company} may write about to {address}.",
    none: "{company} does not write about particular topics at present.",
    save: "Save",
    saved: "Your choice is saved.",
    all_off: "You get no messages from {company} at present. Saving turns them on again.",
    about: "Topic: {topic}",
    invalid: "This link is not valid, or not any more.",
};
const GERMAN: Words = Words {
    tag: "de",
    unsubscribe: "Abmelden",
    question: "Möchten Sie keine Nachrichten von {company} an {address} mehr erhalten?",
    question_all: "Möchten Sie keinerlei E-Mails von {company} an {address} mehr erhalten?",
    stop: "Abmelden",
    stop_all: "Von allem abmelden",
    stopped: "Sie sind abgemeldet. {company} schickt keine solchen Nachrichten mehr an {address}.",
    confirm: "Anmeldung bestätigen",
    confirm_question: "Möchten Sie Nachrichten von {company} an {address} erhalten?",
    yes: "Ja",
    confirmed: "Danke. Ihre Anmeldung für Nachrichten von {company} ist bestätigt.",
    preferences: "Ihre E-Mail-Einstellungen",
    choose: "Wählen Sie, worüber {company} an {address} schreiben darf.",
    none: "{company} schreibt derzeit nicht zu einzelnen Themen.",
    save: "Speichern",
    saved: "Ihre Auswahl ist gespeichert.",
    all_off: "Sie erhalten derzeit keine Nachrichten von {company}. Speichern schaltet sie wieder ein.",
    about: "Thema: {topic}",
    invalid: "Dieser Link ist nicht oder nicht mehr gültig.",
};
const FRENCH: Words = Words {
    tag: "fr",
    unsubscribe: "Se désabonner",
    question: "Ne souhaitez-vous plus recevoir de messages de {company} à {address} ?",
    question_all: "Ne souhaitez-vous plus recevoir aucun e-mail de {company} à {address} ?",
    stop: "Se désabonner",
    stop_all: "Se désabonner de tout",
    stopped: "Vous êtes désabonné. {company} n’envoie plus de tels messages à {address}.",
    confirm: "Confirmer votre abonnement",
    confirm_question: "Souhaitez-vous recevoir des messages de {company} à {address} ?",
    yes: "Oui",
    confirmed: "Merci. Votre abonnement aux messages de {company} est confirmé.",
    preferences: "Vos préférences d’e-mail",
    choose: "Choisissez les sujets sur lesquels {company} peut écrire à {address}.",
    none: "{company} n’écrit pas sur des sujets particuliers pour le moment.",
    save: "Enregistrer",
    saved: "Votre choix est enregistré.",
    all_off: "Vous ne recevez actuellement aucun message de {company}. Enregistrer les réactive.",
    about: "Sujet : {topic}",
    invalid: "Ce lien n’est pas ou plus valable.",
};
const SPANISH: Words = Words {
    tag: "es",
    unsubscribe: "Cancelar la suscripción",
    question: "¿No quiere recibir más mensajes de {company} en {address}?",
    question_all: "¿No quiere recibir ningún correo más de {company} en {address}?",
    stop: "Cancelar la suscripción",
    stop_all: "Cancelar todo",
    stopped: "Su suscripción está cancelada. {company} no envía más mensajes de este tipo a {address}.",
    confirm: "Confirmar su suscripción",
    confirm_question: "¿Quiere recibir mensajes de {company} en {address}?",
    yes: "Sí",
    confirmed: "Gracias. Su suscripción a los mensajes de {company} está confirmada.",
    preferences: "Sus preferencias de correo",
    choose: "Elija sobre qué puede escribir {company} a {address}.",
    none: "{company} no escribe sobre temas concretos por ahora.",
    save: "Guardar",
    saved: "Su elección está guardada.",
    all_off: "Ahora no recibe mensajes de {company}. Al guardar se activan de nuevo.",
    about: "Tema: {topic}",
    invalid: "Este enlace no es válido o ya no lo es.",
};

/// The words in the first of these languages that there are words in. The reader's own goes before the browser's.
fn words(shown: &Shown) -> &'static Words {
    let own = shown.answer.and_then(|a| a["language"].as_str());
    let asked = shown.languages.split(',').map(|l| l.split(';').next().unwrap_or_default().trim());
    own.into_iter()
        .chain(asked)
        .find_map(|tag| {
            let language = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
            [&ENGLISH, &GERMAN, &FRENCH, &SPANISH].into_iter().find(|w| w.tag == language)
        })
        .unwrap_or(&ENGLISH)
}

/// The sentence with what the answer says put in, as markup.
fn said(sentence: &str, answer: &Value) -> String {
    let of = |name: &str| escaped(answer[name].as_str().unwrap_or_default());
    escaped(sentence).replace("{company}", &of("company")).replace("{address}", &of("address")).replace("{topic}", &of("topic"))
}

fn page(words: &Words, title: &str, body: &str) -> String {
    html::page(words.tag, title, body)
}

fn paragraph(text: &str) -> String {
    format!("<p>{text}</p>")
}

/// What is shown instead when the link is refused.
fn refused(words: &Words, title: &str) -> String {
    page(words, title, &format!("<p role=\"alert\">{}</p>", escaped(words.invalid)))
}

fn topic(words: &Words, answer: &Value) -> String {
    if answer["topic"].is_string() { paragraph(&said(words.about, answer)) } else { String::new() }
}

/// A form that sends the link back, with a button for each of these names and texts.
fn form(query: &str, buttons: &[(&str, &str)]) -> String {
    let button = |(more, text): &(&str, &str)| {
        let action = escaped(&format!("?{query}{more}"));
        format!("<form method=\"post\" action=\"{action}\"><button type=\"submit\">{}</button></form>", escaped(text))
    };
    buttons.iter().map(button).collect()
}

/// The query with the link alone.
fn link_of(query: &str) -> String {
    query.split('&').find(|p| p.starts_with("link=")).unwrap_or_default().to_string()
}

fn unsubscribe(shown: &Shown) -> String {
    let words = words(shown);
    let Some(answer) = shown.answer else { return refused(words, words.unsubscribe) };
    if answer["subscribed"] == false {
        let done = format!("<p role=\"status\">{}</p>{}", said(words.stopped, answer), topic(words, answer));
        return page(words, words.unsubscribe, &done);
    }
    let link = link_of(shown.query);
    let has_topic = answer["topic"].is_string();
    let question = if has_topic { words.question } else { words.question_all };
    let all = ("&everything=true", words.stop_all);
    let buttons: &[(&str, &str)] = if has_topic { &[("", words.stop), all] } else { &[all] };
    page(words, words.unsubscribe, &format!("{}{}{}", paragraph(&said(question, answer)), topic(words, answer), form(&link, buttons)))
}

fn confirmation(shown: &Shown) -> String {
    let words = words(shown);
    let Some(answer) = shown.answer else { return refused(words, words.confirm) };
    if answer["confirmed"] == true {
        let done = format!("<p role=\"status\">{}</p>{}", said(words.confirmed, answer), topic(words, answer));
        return page(words, words.confirm, &done);
    }
    let question = paragraph(&said(words.confirm_question, answer));
    page(words, words.confirm, &format!("{question}{}{}", topic(words, answer), form(&link_of(shown.query), &[("", words.yes)])))
}

fn preferences(shown: &Shown) -> String {
    let words = words(shown);
    let Some(answer) = shown.answer else { return refused(words, words.preferences) };
    let topics = answer["topics"].as_array().map(Vec::as_slice).unwrap_or_default();
    let everything = answer["everything"] == true;
    let mut body = String::new();
    if shown.is_done {
        body.push_str(&format!("<p role=\"status\">{}</p>", escaped(words.saved)));
    }
    if !everything {
        body.push_str(&paragraph(&said(words.all_off, answer)));
    }
    body.push_str(&paragraph(&said(if topics.is_empty() { words.none } else { words.choose }, answer)));
    // after a form was sent the link stands in it and no more in the address
    let link = shown.link.map(escaped).unwrap_or_default();
    body.push_str(&format!("<form method=\"post\" action=\"preferences\"><input type=\"hidden\" name=\"link\" value=\"{link}\">"));
    for t in topics {
        let name = escaped(t["topic"].as_str().unwrap_or_default());
        let checked = if t["subscribed"] == true { " checked" } else { "" };
        body.push_str(&format!(
            "<input type=\"hidden\" name=\"offered\" value=\"{name}\">\
             <label><input type=\"checkbox\" name=\"topic\" value=\"{name}\"{checked}> {name}</label>"
        ));
    }
    let on = if everything { String::new() } else { " name=\"everything\" value=\"true\"".into() };
    if !topics.is_empty() || !everything {
        body.push_str(&format!("<button type=\"submit\"{on}>{}</button>", escaped(words.save)));
    }
    if everything {
        body.push_str(&format!("<button type=\"submit\" name=\"everything\" value=\"false\">{}</button>", escaped(words.stop_all)));
    }
    body.push_str("</form>");
    page(words, words.preferences, &body)
}

/// The form of the preference centre as the body of the operation. Who stops everything leaves the topics as they were.
fn preferences_form(pairs: &[(String, String)]) -> Value {
    let of = |name: &str| pairs.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
    let everything = of("everything").first().map(|v| *v == "true");
    let wanted = of("topic");
    let mut topics = Map::new();
    if everything != Some(false) {
        topics.extend(of("offered").into_iter().map(|t| (t.to_string(), json!(wanted.contains(&t)))));
    }
    let mut body = json!({ "link": of("link").first().copied().unwrap_or_default(), "topics": topics });
    if let Some(wish) = everything {
        body["everything"] = json!(wish);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<'a>(answer: &'a Value, languages: &'a str) -> Shown<'a> {
        Shown { answer: Some(answer), query: "link=abc&everything=false", languages, link: Some("abc"), is_done: false }
    }

    #[test]
    fn no_name_becomes_markup() {
        let answer = json!({"company": "<b>Evil & Co</b>", "address": "a…@x", "topic": "\"x\"", "subscribed": true});
        let page = unsubscribe(&shown(&answer, ""));
        assert!(page.contains("&lt;b&gt;Evil &amp; Co&lt;/b&gt;") && page.contains("&quot;x&quot;") && !page.contains("<b>"));
        assert!(page.contains("action=\"?link=abc\"") && page.contains("action=\"?link=abc&amp;everything=true\""), "{page}");
    }

    #[test]
    fn the_reader_s_language_goes_before_the_browser_s() {
        let answer = json!({"company": "Acme", "address": "a…@x", "topic": null, "confirmed": false, "language": "de-AT"});
        assert!(confirmation(&shown(&answer, "fr")).contains("<html lang=\"de\">"));
        let unknown = json!({"company": "Acme", "address": "a…@x", "topic": null, "confirmed": false, "language": null});
        assert!(confirmation(&shown(&unknown, "pl, fr;q=0.8")).contains("<html lang=\"fr\">"));
        assert!(confirmation(&shown(&unknown, "")).contains("<html lang=\"en\">"));
    }

    #[test]
    fn a_form_says_what_is_wanted_of_what_was_offered() {
        let pairs = |p: &[(&str, &str)]| p.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect::<Vec<_>>();
        let sent = pairs(&[("link", "l"), ("offered", "a"), ("topic", "a"), ("offered", "b")]);
        assert_eq!(preferences_form(&sent), json!({"link": "l", "topics": {"a": true, "b": false}}));
        let stop = pairs(&[("link", "l"), ("offered", "a"), ("everything", "false")]);
        assert_eq!(preferences_form(&stop), json!({"link": "l", "topics": {}, "everything": false}));
    }
}
