//! A caller that costs next to nothing: a socket kept open, bytes out, bytes in. On a machine that callers and server
//! share, a comfortable client would take more of the cores than the server, and be measured in its place.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::Client;

thread_local! {
    static SOCKET: RefCell<Option<(String, TcpStream)>> = const { RefCell::new(None) };
}

pub struct Wire {
    address: String,
    token: String,
}

impl Wire {
    pub fn of(client: &Client) -> Self {
        let address = client.base().trim_start_matches("http://").to_string();
        Self { address, token: client.token().expect("a token").to_string() }
    }
    /// The body of the answer, which is a success.
    pub fn get(&self, path: &str) -> Vec<u8> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n", self.address, self.token))
    }
    pub fn post(&self, path: &str, body: &Value) -> Vec<u8> {
        self.send(path, "", body)
    }
    /// On a resource that was seen in this state.
    pub fn act(&self, path: &str, seen: &Value, body: &Value) -> Vec<u8> {
        self.send(path, &format!("if-match: \"{}\"\r\n", seen["version"]), body)
    }

    fn send(&self, path: &str, header: &str, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{header}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        ))
    }

    /// Sends a request and reads its whole answer, which must be a success.
    fn ask(&self, request: &str) -> Vec<u8> {
        SOCKET.with_borrow_mut(|socket| {
            // each server has an address of its own
            if socket.as_ref().is_none_or(|(address, _)| *address != self.address) {
                let made = TcpStream::connect(&self.address).expect("a connection");
                made.set_nodelay(true).expect("no delay");
                *socket = Some((self.address.clone(), made));
            }
            let (_, socket) = socket.as_mut().expect("just made");
            socket.write_all(request.as_bytes()).expect("the request is sent");
            let (mut answer, mut part) = (Vec::with_capacity(8192), [0; 16384]);
            loop {
                let n = socket.read(&mut part).expect("an answer");
                assert!(n > 0, "the connection was closed");
                answer.extend_from_slice(&part[..n]);
                let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
                let head = std::str::from_utf8(&answer[..end]).expect("a head").to_ascii_lowercase();
                assert!(head.starts_with("http/1.1 2"), "{}", String::from_utf8_lossy(&answer));
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
                if answer.len() >= end + 4 + length.parse::<usize>().expect("a number") {
                    return answer.split_off(end + 4);
                }
            }
        })
    }
}

/// What an answer says.
pub fn read(answer: &[u8]) -> Value {
    serde_json::from_slice(answer).expect("JSON")
}
