//! A caller that costs next to nothing: a socket kept open, bytes out, bytes in. Where HTTP is compared with bare
//! connections on the same cores, a comfortable client would take more of them than the server.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::Client;

thread_local! {
    static SOCKET: RefCell<Option<TcpStream>> = const { RefCell::new(None) };
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
    pub fn get(&self, path: &str) {
        self.ask(200, &format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n", self.address, self.token));
    }
    pub fn create(&self, path: &str, body: &str) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: ",
            self.address, self.token
        );
        self.ask(201, &format!("{head}{}\r\n\r\n{body}", body.len()));
    }

    /// Sends a request and reads its whole answer, which must have this status.
    fn ask(&self, status: u16, request: &str) {
        SOCKET.with_borrow_mut(|socket| {
            let socket = socket.get_or_insert_with(|| {
                let made = TcpStream::connect(&self.address).expect("a connection");
                made.set_nodelay(true).expect("no delay");
                made
            });
            socket.write_all(request.as_bytes()).expect("the request is sent");
            let (mut answer, mut part) = (Vec::with_capacity(8192), [0; 16384]);
            loop {
                let n = socket.read(&mut part).expect("an answer");
                assert!(n > 0, "the connection was closed");
                answer.extend_from_slice(&part[..n]);
                let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
                let head = std::str::from_utf8(&answer[..end]).expect("a head").to_ascii_lowercase();
                assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
                if answer.len() >= end + 4 + length.parse::<usize>().expect("a number") {
                    return;
                }
            }
        });
    }
}
