//! What the server said, with everything needed to understand it when it is not what the test expected.

use serde_json::Value;

/// An answer together with its request. The methods that expect something panic with the whole exchange.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Method, path and body as sent.
    pub request: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// 200 and its JSON.
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.expect(200);
        self.json()
    }

    /// 201 with the headers a creation must have, and its JSON.
    #[track_caller]
    pub fn created(&self) -> Value {
        self.expect(201);
        assert!(self.header("location").is_some(), "a creation without Location\n{}", self.whole());
        self.json()
    }

    /// 202 and the job.
    #[track_caller]
    pub fn accepted(&self) -> Value {
        self.expect(202);
        self.json()
    }

    /// 204 without a body.
    #[track_caller]
    pub fn no_content(&self) {
        self.expect(204);
        assert!(self.body.is_empty(), "204 with a body\n{}", self.whole());
    }

    /// A problem of this status and code, in the one form every problem has.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        self.expect(status);
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "not a problem document\n{}", self.whole());
        let problem = self.json();
        assert_eq!(problem["code"], code, "another code\n{}", self.whole());
        assert_eq!(problem["status"], status, "status in the body differs\n{}", self.whole());
        problem
    }

    /// This status, whatever the body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "\n{}", self.whole());
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e})\n{}", self.whole()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The exchange in words.
    pub fn whole(&self) -> String {
        let body =
            serde_json::from_slice::<Value>(&self.body).and_then(|v| serde_json::to_string_pretty(&v)).unwrap_or_else(|_| self.text());
        let cut: String = body.chars().take(6000).collect();
        format!("{}\nanswered {}\n{cut}\n", self.request, self.status)
    }
}
