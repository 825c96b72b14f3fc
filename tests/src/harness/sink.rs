//! A mail server for tests: it speaks enough SMTP to take messages, keeps what it got, and behaves badly on demand.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::database::Engine;
use super::server::Server;

/// Where links in messages lead, as far as readers know.
pub const LINKS: &str = "http://links.example";

/// Runs `story` on a server of `engine` that sends its mail to a sink, or skips it loudly.
pub fn with_mail(engine: Engine, story: fn(&Server, &Sink)) {
    if engine.available() {
        let sink = Sink::start();
        story(&mailing(engine, &sink), &sink);
    }
}

/// A server that sends its mail to `sink`.
pub fn mailing(engine: Engine, sink: &Sink) -> Server {
    Server::configured(engine, |c| {
        c.smtp_url = Some(gateway::Secret::new(sink.url()));
        c.mail_from = Some("Acme News <news@acme.example>".into());
        c.public_url = Some(LINKS.into());
    })
}

/// A message as it came over the wire.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: String,
    /// Head and body, quoted-printable undone.
    pub text: String,
}

impl Letter {
    /// A header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
        let line = head.lines().find(|l| l.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())))?;
        Some(line.split_once(':')?.1.trim().to_string())
    }
    /// The first link of the message that begins so.
    pub fn link(&self, begin: &str) -> Option<String> {
        let at = self.text.find(begin)?;
        let link: String = self.text[at..].chars().take_while(|c| !"\"'<> \r\n".contains(*c)).collect();
        Some(link.replace("&amp;", "&"))
    }
}

/// What the sink does besides taking messages. Addresses say how they are treated: `nobody@…` does not exist, `policy@…`
/// is refused, `later@…` is to be tried again, `broken@…` breaks the connection after the message.
#[derive(Default)]
struct State {
    letters: Vec<Letter>,
    /// Each message takes so long.
    delay: Duration,
    /// How many came since the delay was set.
    slow: usize,
    connections: usize,
    /// Messages being taken, and the most there ever were.
    open: usize,
    most_open: usize,
}

/// A mail server on a port of its own. It ends with the process.
pub struct Sink {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Sink {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                state.lock().unwrap().connections += 1;
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { port, state }
    }
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }
    pub fn slow(&self, delay: Duration) {
        let mut state = self.state.lock().unwrap();
        (state.delay, state.slow) = (delay, 0);
    }
    /// How many connections were made, and how many messages were on their way at once at most.
    pub fn traffic(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.connections, state.most_open)
    }
    pub fn letters(&self) -> Vec<Letter> {
        self.state.lock().unwrap().letters.clone()
    }
    /// Waits until a message is on its way that came after the last call of `slow`.
    #[track_caller]
    pub fn wait_until_slow(&self) {
        let began = Instant::now();
        while self.state.lock().unwrap().slow == 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "no message is on its way");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    /// The addresses written to, sorted.
    pub fn addresses(&self) -> Vec<String> {
        let mut all: Vec<String> = self.letters().into_iter().map(|l| l.to).collect();
        all.sort();
        all
    }
    /// The one message to this address.
    #[track_caller]
    pub fn letter(&self, to: &str) -> Letter {
        let mut found: Vec<Letter> = self.letters().into_iter().filter(|l| l.to == to).collect();
        assert_eq!(found.len(), 1, "messages to {to}");
        found.pop().unwrap()
    }
    /// Waits until so many messages have come.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Letter> {
        let began = Instant::now();
        loop {
            let letters = self.letters();
            if letters.len() >= count {
                return letters;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{} messages of {count}", letters.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut lines = BufReader::new(stream);
    let mut say = move |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    let mut to = String::new();
    if !say("220 sink") {
        return;
    }
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|n| n > 0) {
        let command = line.trim_end().to_string();
        line.clear();
        let word = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let goes_on = match word.as_str() {
            "EHLO" | "HELO" => say("250 sink"),
            "RCPT" => {
                to = command.split(['<', '>']).nth(1).unwrap_or_default().to_string();
                match to.split('@').next().unwrap_or_default() {
                    "nobody" => say("550 5.1.1 no such mailbox"),
                    "policy" => say("554 5.7.1 not wanted here"),
                    "later" => say("451 4.3.0 come back later"),
                    _ => say("250 ok"),
                }
            }
            "DATA" => say("354 go on") && take(&mut lines, &to, state) && !to.starts_with("broken") && say("250 taken"),
            "QUIT" => {
                say("221 bye");
                false
            }
            _ => say("250 ok"),
        };
        if !goes_on {
            return;
        }
    }
}

fn take(lines: &mut impl BufRead, to: &str, state: &Mutex<State>) -> bool {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if !lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            return false;
        }
        if line == b".\r\n" {
            break;
        }
        raw.extend_from_slice(line.strip_prefix(b".").filter(|_| line.starts_with(b"..")).unwrap_or(&line));
    }
    let delay = {
        let mut state = state.lock().unwrap();
        state.open += 1;
        state.slow += 1;
        state.most_open = state.most_open.max(state.open);
        state.delay
    };
    std::thread::sleep(delay);
    let text = unquoted(&String::from_utf8_lossy(&raw));
    let mut state = state.lock().unwrap();
    state.open -= 1;
    state.letters.push(Letter { to: to.to_string(), text });
    true
}

/// Undoes quoted-printable where a part says so; the whole is read as one.
fn unquoted(text: &str) -> String {
    if !text.to_lowercase().contains("quoted-printable") {
        return text.to_string();
    }
    let joined = text.replace("=\r\n", "");
    let mut out = Vec::new();
    let bytes = joined.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let code = (bytes[i] == b'=').then(|| joined.get(i + 1..i + 3)).flatten();
        match code.filter(|c| c.chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c))) {
            Some(hex) => {
                out.push(u8::from_str_radix(hex, 16).unwrap_or(b'?'));
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
