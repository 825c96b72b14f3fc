//! The way to the mail server. Whoever sends does so outside of transactions, with a row that says so before and after:
//! what became of a message that was on its way when something broke is unknown, and it is not sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::{Address, Message, SmtpTransport, Transport};
use parking_lot::RwLock;

/// Messages of this process that are on their way at once at most, each over a connection that is kept open.
pub const LANES: usize = 25;
/// How long the server may take for one step.
const PATIENCE: Duration = Duration::from_secs(20);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The mail server of this process; none when nothing was configured.
#[derive(Default)]
pub struct State(RwLock<Option<Arc<Mailer>>>);

impl State {
    /// Says where the server is, who messages are from, and under which address links in them lead back here.
    ///
    /// # Errors
    /// The URL or the sender cannot be read.
    pub fn configure(&self, url: &str, from: &str, links: &str) -> Result<(), Failure> {
        // the address of the server holds a password and is never repeated
        let server = SmtpTransport::from_url(url).map_err(|e| format!("the address of the mail server cannot be used: {e}"))?;
        let sender = from.parse().map_err(|e| format!("{from:?} is not a sender such as News <news@example.com>: {e}"))?;
        let transport = server.timeout(Some(PATIENCE)).pool_config(PoolConfig::new().max_size(LANES as u32)).build();
        *self.0.write() = Some(Arc::new(Mailer { transport, counts: Default::default(), from: sender, links: links.to_string() }));
        Ok(())
    }
    pub fn get(&self) -> Option<Arc<Mailer>> {
        self.0.read().clone()
    }
}

/// A message to one reader.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    pub to_name: String,
    pub to_address: String,
    /// The name of the sender, when it is another than that of the server's configuration.
    pub from_name: Option<String>,
    pub reply_to: Option<String>,
    pub subject: String,
    pub html: Option<String>,
    pub text: Option<String>,
    /// Where one click unsubscribes, after RFC 8058.
    pub unsubscribe: Option<String>,
    /// The part of the message's id before the `@`.
    pub id: String,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The server took it; the id it has.
    Accepted(String),
    /// There is no such mailbox.
    NoMailbox(String),
    /// The server will never take it.
    Refused(String),
    /// The server does not take it now; it was not sent.
    Later(String),
    /// The connection broke while it was on its way.
    Unknown(String),
}

impl Sent {
    fn place(&self) -> usize {
        match self {
            Sent::Accepted(_) => 0,
            Sent::NoMailbox(_) => 1,
            Sent::Refused(_) => 2,
            Sent::Later(_) => 3,
            Sent::Unknown(_) => 4,
        }
    }
}

/// A connection to the mail server, kept open between messages.
pub struct Mailer {
    transport: SmtpTransport,
    counts: [AtomicU64; 5],
    from: Mailbox,
    links: String,
}

impl Mailer {
    /// The address under which links lead back here.
    pub fn links(&self) -> &str {
        &self.links
    }
    /// Whether the server answers.
    pub fn is_there(&self) -> bool {
        match self.transport.test_connection() {
            Ok(there) => there,
            Err(e) => {
                log::warn!("the mail server does not answer: {e}");
                false
            }
        }
    }
    /// Sends a message, once. Never call it in a transaction.
    pub fn send(&self, message: &Outgoing) -> Sent {
        let sent = self.hand_over(message);
        self.counts[sent.place()].fetch_add(1, Ordering::Relaxed);
        sent
    }
    /// How many messages of this process came to which end.
    pub fn counts(&self) -> [(&'static str, u64); 5] {
        let names = ["accepted", "no_mailbox", "refused", "later", "unknown"];
        std::array::from_fn(|i| (names[i], self.counts[i].load(Ordering::Relaxed)))
    }
    fn hand_over(&self, message: &Outgoing) -> Sent {
        let (id, message) = match self.build(message) {
            Ok(built) => built,
            Err(e) => return Sent::Refused(format!("the message cannot be written: {e}")),
        };
        let Err(e) = self.transport.send(&message) else { return Sent::Accepted(id) };
        let text: String = e.to_string().chars().take(400).collect();
        match (e.is_permanent(), e.is_transient()) {
            // 5.1.x: the address is wrong, RFC 3463
            (true, _) if text.contains(" 5.1.") => Sent::NoMailbox(text),
            (true, _) => Sent::Refused(text),
            (_, true) => Sent::Later(text),
            _ => Sent::Unknown(text),
        }
    }
    fn build(&self, m: &Outgoing) -> Result<(String, Message), Failure> {
        let to: Address = m.to_address.parse()?;
        let name = one_line(&m.to_name);
        let from = match &m.from_name {
            Some(name) => Mailbox::new(Some(one_line(name)), self.from.email.clone()),
            None => self.from.clone(),
        };
        let id = format!("<{}@{}>", m.id, self.from.email.domain());
        let mut builder = Message::builder()
            .from(from)
            .to(Mailbox::new(Some(name).filter(|n| !n.is_empty()), to))
            .subject(one_line(&m.subject))
            .message_id(Some(id.clone()));
        if let Some(reply_to) = &m.reply_to {
            builder = builder.reply_to(Mailbox::new(None, reply_to.parse()?));
        }
        if let Some(url) = &m.unsubscribe {
            builder = builder.header(ListUnsubscribe(format!("<{url}>"))).header(ListUnsubscribePost);
        }
        let message = match (&m.html, &m.text) {
            (Some(html), Some(text)) => builder.multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))?,
            (Some(html), None) => builder.singlepart(SinglePart::html(html.clone()))?,
            (None, text) => builder.singlepart(SinglePart::plain(text.clone().unwrap_or_default()))?,
        };
        Ok((id, message))
    }
}

/// A line break in a header would begin another header.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_string()
}

/// `List-Unsubscribe`, RFC 2369. Our own tokens and addresses only: visible ASCII, never folded.
#[derive(Clone)]
struct ListUnsubscribe(String);

impl Header for ListUnsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }
    fn parse(s: &str) -> Result<Self, Failure> {
        Ok(Self(s.into()))
    }
    fn display(&self) -> HeaderValue {
        let plain: String = self.0.chars().filter(char::is_ascii_graphic).collect();
        HeaderValue::dangerous_new_pre_encoded(Self::name(), plain.clone(), plain)
    }
}

/// `List-Unsubscribe-Post`, RFC 8058.
#[derive(Clone)]
struct ListUnsubscribePost;

impl Header for ListUnsubscribePost {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }
    fn parse(_: &str) -> Result<Self, Failure> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(m: &Outgoing) -> String {
        let state = State::default();
        state.configure("smtp://127.0.0.1:1", "News <news@shop.example>", "https://shop.example").expect("a configuration");
        let (_, message) = state.get().expect("a mailer").build(m).expect("a message");
        String::from_utf8(message.formatted()).expect("text")
    }

    #[test]
    fn no_value_becomes_a_header() {
        let evil = "x\r\nBcc: victim@example.org";
        let m = Outgoing {
            to_name: evil.into(),
            to_address: "ana@example.org".into(),
            from_name: Some(evil.into()),
            subject: evil.into(),
            text: Some("hello".into()),
            unsubscribe: Some("https://shop.example/u?token=a".into()),
            id: "m1".into(),
            ..Default::default()
        };
        let text = built(&m);
        let head = text.split("\r\n\r\n").next().expect("a head");
        assert!(!head.lines().any(|l| l.to_lowercase().starts_with("bcc:")), "{head}");
        assert!(head.contains("\r\nList-Unsubscribe: <https://shop.example/u?token=a>\r\n"), "{head}");
        assert!(head.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{head}");
        assert!(head.contains("<m1@shop.example>"), "{head}");
    }

    #[test]
    fn what_is_no_address_is_not_sent() {
        let state = State::default();
        state.configure("smtp://127.0.0.1:1", "news@shop.example", "https://shop.example").expect("a configuration");
        let mailer = state.get().expect("a mailer");
        let wrong = Outgoing { to_address: "ana\r\n@example.org".into(), text: Some("x".into()), ..Default::default() };
        assert!(matches!(mailer.send(&wrong), Sent::Refused(_)));
        assert!(state.configure("http://x", "news@shop.example", "").is_err() && state.configure("smtp://x", "nobody", "").is_err());
        assert!(!mailer.is_there());
    }
}
