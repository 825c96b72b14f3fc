//! From a request to the door and back, for every operation of the table alike. What differs between operations is
//! read from the table. Async ends here: the work runs on a bounded number of threads and waits in a bounded queue.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::kernel::labels::LabelLanguage;
use domain::kernel::{Problem, Result, problems};
use platform::table::{Answer, Kind, Op};
use platform::{Caller, Request};

use crate::edge::{Edge, Seen};
use crate::limits::{Verdict, Who};
use crate::{body, form, pages, reply, request, strict_json};

/// What the threads hand back.
struct Done {
    caller: Option<String>,
    /// The token of the link that a form brought along.
    link: Option<String>,
    verdict: Option<Verdict>,
    answer: Result<Answer>,
    /// The request, when it has to wait for a follower first.
    waits: Option<Box<Request>>,
}

impl Done {
    fn with(answer: Result<Answer>) -> Self {
        Self { caller: None, link: None, verdict: None, answer, waits: None }
    }
}

/// What the threads get: owned, because the request may be gone before they are done.
struct Work {
    edge: Arc<Edge>,
    op: usize,
    variables: Vec<String>,
    query: String,
    headers: HeaderMap,
    body: Result<body::Body>,
    /// What the bucket said before the body was read.
    verdict: Option<Verdict>,
    address: IpAddr,
    request_id: String,
    deadline: Instant,
}

/// How long the commit of a request that was in time may take.
const GRACE: Duration = Duration::from_millis(300);

/// How long a caller may wait for a follower, and how often it is looked at.
const WAIT: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

/// Runs one request to one operation.
pub async fn run(
    edge: &Arc<Edge>,
    index: usize,
    variables: Vec<String>,
    req: &HttpRequest,
    payload: &mut web::Payload,
    seen: &mut Seen,
) -> Result<HttpResponse> {
    let op = &edge.app.table.ops[index];
    let limits = &edge.config.limits;
    let body = if op.kind.reads() {
        Ok(body::Body::default())
    } else {
        // nobody's body is read before it is known who sends it, and that they may
        if !seen.body_read {
            at_the_head(edge, index, req, seen).await?;
        }
        let most = if op.max_body > limits.body_bytes { op.max_body.min(limits.large_body_bytes) } else { limits.body_bytes };
        let read = body::read(req.headers(), payload, &body::Bounds { most, within: limits.body, turns: &edge.large_bodies }).await;
        seen.body_read = read.is_ok();
        read
    };
    let permit = edge.place_in_queue()?;
    let allowed = if op.kind == Kind::Report { limits.report } else { limits.request };
    // the time that the body took is the caller's own
    let begin = Instant::now();
    let work = Work {
        edge: edge.clone(),
        op: index,
        variables,
        query: req.query_string().to_string(),
        headers: req.headers().clone(),
        body,
        verdict: seen.verdict.clone(),
        address: seen.address,
        request_id: seen.trace.request_id.clone(),
        deadline: begin + allowed.saturating_sub(GRACE),
    };
    let permit = Arc::new(permit);
    let mut done = on_a_thread(begin + allowed, permit.clone(), |reply| work.run(reply)).await?;
    seen.verdict = done.verdict;
    seen.caller = done.caller.take().unwrap_or_else(|| "-".into());
    // who waits for a follower holds no thread
    let patience = begin + WAIT.min(allowed.saturating_sub(GRACE));
    while let Some(request) = done.waits.take() {
        if Instant::now() >= patience {
            return Err(platform::followers::not_reached(op));
        }
        tokio::time::sleep(LOOK).await;
        let edge = edge.clone();
        done = on_a_thread(begin + allowed, permit.clone(), move |reply| submit(&edge, request, reply)).await?;
    }
    let asked = reply::Asked { path: req.path(), query: req.query_string(), headers: req.headers() };
    match (op.page.filter(|_| pages::is_wanted(req.headers())), done.answer) {
        (Some(page), Err(p)) => {
            let refused = crate::problem::response(&p, req.path(), &seen.trace.request_id);
            Ok(pages::refused(&page, &asked, refused))
        }
        (Some(page), Ok(answer)) => pages::shown(&page, op, &asked, done.link.as_deref(), answer),
        (None, answer) => reply::response(&edge.app, op, &asked, answer?),
    }
}

/// What the head alone decides: who asks, how often, and whether they may. Most callers were let in a moment ago and are
/// known in memory; the others are looked up on a thread for such work.
async fn at_the_head(edge: &Arc<Edge>, index: usize, req: &HttpRequest, seen: &mut Seen) -> Result<()> {
    let op = &edge.app.table.ops[index];
    let address = seen.address;
    let token = request::bearer(req.headers()).map(str::to_string);
    let known = token.as_deref().and_then(|t| platform::identity::known(&edge.app, t));
    let (caller, verdict) = match (op.public, known, token) {
        (true, ..) => (Ok(Arc::new(Caller::anonymous())), edge.buckets.draw(bucket_of(op, address))),
        (false, Some(caller), _) => {
            let verdict = edge.buckets.draw(Who::Caller(&caller.id));
            (Ok(caller), verdict)
        }
        (false, None, token) => {
            let permit = edge.place_in_queue()?;
            let asked = edge.clone();
            let found = actix_web::rt::task::spawn_blocking(move || {
                let _permit = permit;
                identify(&asked, token.as_deref(), address)
            });
            match tokio::time::timeout(edge.config.limits.request, found).await {
                Err(_) => return Err(problems::deadline_exceeded.with("The request took too long.").after_seconds(1)),
                Ok(Err(_)) => return Err(problems::internal.into()),
                Ok(Ok(identified)) => identified,
            }
        }
    };
    let allowed = verdict.allowed.then_some(()).ok_or_else(|| too_many(&verdict));
    seen.verdict = Some(verdict);
    let caller = caller?;
    if !op.public {
        seen.caller.clone_from(&caller.id);
    }
    allowed?;
    edge.app.admit(op, &caller)
}

fn bucket_of(op: &Op, address: IpAddr) -> Who<'static> {
    if op.kind.reads() || op.link { Who::Address(address) } else { Who::Login(address) }
}

/// The caller behind a token, and what is left in the bucket: the caller's own, or that of the address of somebody who fails
/// to authenticate.
pub(crate) fn identify(edge: &Edge, token: Option<&str>, address: IpAddr) -> (Result<Arc<Caller>>, Verdict) {
    let found = match token {
        Some(token) => platform::identity::authenticate(&edge.app, token),
        None => Err(problems::unauthenticated.with("Send an access token or an API key as a bearer token.")),
    };
    let verdict = edge.buckets.draw(found.as_ref().map_or(Who::Address(address), |caller| Who::Caller(&caller.id)));
    let refused = |p| if verdict.allowed { p } else { too_many(&verdict) };
    (found.map(Arc::new).map_err(refused), verdict)
}

/// Runs `f` on a thread, which holds the place in the queue until it answers, also when nobody waits for it any more.
async fn on_a_thread<P: Send + 'static>(
    until: Instant,
    permit: P,
    f: impl FnOnce(Box<dyn FnOnce(Done) + Send>) + Send + 'static,
) -> Result<Done> {
    let (hand_over, answered) = tokio::sync::oneshot::channel();
    actix_web::rt::task::spawn_blocking(move || {
        f(Box::new(move |done| {
            let _ = hand_over.send(done);
            drop(permit);
        }));
    });
    match tokio::time::timeout_at(until.into(), answered).await {
        Err(_) => Err(problems::deadline_exceeded.with("The request took too long.").after_seconds(1)),
        // the thread went away without an answer: it panicked
        Ok(Err(_)) => Err(problems::internal.into()),
        Ok(Ok(done)) => Ok(done),
    }
}

/// Through the door, unless the request has to wait.
fn submit(edge: &Edge, request: Box<Request>, reply: Box<dyn FnOnce(Done) + Send>) {
    match edge.app.must_wait(&request) {
        Ok(true) => reply(Done { waits: Some(request), ..Done::with(Err(problems::unavailable.into())) }),
        Ok(false) => edge.app.submit(*request, move |answer| reply(Done::with(answer))),
        Err(p) => reply(Done::with(Err(p))),
    }
}

impl Work {
    /// Who asks, whether they may, what they ask; then through the door.
    fn run(self, reply: Box<dyn FnOnce(Done) + Send>) {
        let edge = self.edge.clone();
        let op = &edge.app.table.ops[self.op];
        if Instant::now() >= self.deadline {
            let late = problems::deadline_exceeded.with("The request waited too long for its turn.").after_seconds(1);
            return reply(Done::with(Err(late)));
        }
        let (caller, verdict) = match self.admit(op) {
            (Ok(caller), verdict) => (caller, verdict),
            (Err(p), verdict) => return reply(Done { verdict: Some(verdict), ..Done::with(Err(p)) }),
        };
        let id = (!op.public).then(|| caller.id.clone());
        if !verdict.allowed {
            let refusal = Done::with(Err(too_many(&verdict)));
            return reply(Done { caller: id, verdict: Some(verdict), ..refusal });
        }
        let request = edge.app.admit(op, &caller).and_then(|()| self.read(op, caller));
        let link = request.as_ref().ok().and_then(|r| r.body.as_ref()).and_then(|b| b["link"].as_str()).map(str::to_string);
        let link = link.filter(|_| op.page.is_some());
        let answer: Box<dyn FnOnce(Done) + Send> = Box::new(move |done| reply(Done { caller: id, link, verdict: Some(verdict), ..done }));
        match request {
            Ok(request) => submit(&edge, Box::new(request), answer),
            Err(p) => answer(Done::with(Err(p))),
        }
    }

    /// The caller, and what is left in the bucket. Whoever was let in at the head is looked at again after the body, which
    /// took its time, but draws no second time.
    fn admit(&self, op: &Op) -> (Result<Arc<Caller>>, Verdict) {
        let before = || self.verdict.clone();
        if op.public {
            let user_agent =
                self.headers.get(header::USER_AGENT).map(|v| String::from_utf8_lossy(v.as_bytes()).chars().take(300).collect());
            let caller = Caller { address: Some(self.address), user_agent, ..Caller::anonymous() };
            let verdict = before().unwrap_or_else(|| self.edge.buckets.draw(bucket_of(op, self.address)));
            return (Ok(Arc::new(caller)), verdict);
        }
        let token = request::bearer(&self.headers);
        let (caller, verdict) = match (before(), token) {
            (Some(verdict), Some(token)) => (platform::identity::authenticate(&self.edge.app, token).map(Arc::new), verdict),
            _ => identify(&self.edge, token, self.address),
        };
        (caller.map(|c| Arc::new(Caller { address: Some(self.address), language: self.language(), ..Caller::clone(&c) })), verdict)
    }

    /// The language that is asked for, of those in which there are labels.
    fn language(&self) -> LabelLanguage {
        let asked = self.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        asked.map_or(LabelLanguage::English, LabelLanguage::accepted)
    }

    /// The request as the door takes it. Only syntax is judged here.
    fn read(self, op: &Op, caller: Arc<Caller>) -> Result<Request> {
        acceptable(&self.headers, op.makes)?;
        let query = request::query(&self.query)?;
        let mut body = self.body?;
        let (body, upload) = match op.kind {
            Kind::Upload => (None, Some(form::file(&self.headers, body.unpacked()?)?)),
            // the form of a one-click unsubscription says nothing that the link does not
            _ if body.is_empty() || op.link => (None, None),
            _ => match op.page.and_then(|p| p.form).filter(|_| pages::is_form(&self.headers)) {
                Some(form) => (Some(form(&pages::pairs(&body.unpacked()?)?)), None),
                None => {
                    check_media_type(op, &self.headers)?;
                    (Some(strict_json::parse(&body.unpacked()?, &op.outline())?), None)
                }
            },
        };
        Ok(Request {
            op: self.op,
            caller,
            path: self.variables,
            query,
            body,
            upload,
            if_match: if op.kind.needs_if_match() { request::if_match(&self.headers)? } else { None },
            idempotency_key: if op.kind.is_post() { request::idempotency_key(&self.headers)? } else { None },
            request_id: self.request_id,
            deadline: Some(self.deadline),
        })
    }
}

fn too_many(verdict: &Verdict) -> Problem {
    problems::too_many_requests.with(format!("Come back in {} seconds.", verdict.retry_after)).after_seconds(verdict.retry_after)
}

fn check_media_type(op: &Op, headers: &HeaderMap) -> Result<()> {
    let given = request::media_type(headers);
    let fits = |m: &str| m == "application/json" || (op.kind == Kind::Update && m == "application/merge-patch+json");
    if given.as_deref().is_some_and(fits) {
        return Ok(());
    }
    let wanted = if op.kind == Kind::Update { "application/merge-patch+json or application/json" } else { "application/json" };
    Err(problems::unsupported_media_type.with(format!("The body must be {wanted}, in UTF-8.")))
}

/// Refuses a caller who takes neither JSON nor whatever there is.
fn acceptable(headers: &HeaderMap, made: Option<&str>) -> Result<()> {
    let mut lists = headers.get_all(header::ACCEPT).filter_map(|v| v.to_str().ok()).peekable();
    if lists.peek().is_none() {
        return Ok(());
    }
    let takes = |range: &str| {
        let kind = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let refused = range.split(';').skip(1).any(|p| p.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty()));
        !refused
            && (matches!(kind.as_str(), "*/*" | "application/*" | "application/json" | "")
                || kind.ends_with("+json")
                || kind == made.unwrap_or("application/octet-stream")
                || made.and_then(|m| m.strip_suffix('*')).is_some_and(|family| kind.starts_with(family))
                || kind == "application/octet-stream"
                || kind.starts_with("text/"))
    };
    if lists.flat_map(|l| l.split(',')).any(takes) {
        return Ok(());
    }
    Err(problems::not_acceptable.with(format!("Answers are {}.", made.unwrap_or("application/json"))))
}
