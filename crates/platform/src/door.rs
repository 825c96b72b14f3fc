//! The door. Everything that reads or writes goes through here: permission first, then the body held to its schema,
//! then one transaction in which the key is claimed, the operation runs, the services react, the facts are written and
//! the answer is kept. Nothing outside this road writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::Result;
use domain::kernel::{FieldError, problems};
use persistence::platform::idempotency::{self, Claim};
use persistence::{Conn, Error, Outcome};
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::cx::{Cx, any_id};
use crate::kept::{hash, kept_of, replay, visitor, without_secrets};
use crate::table::{Answer, Input, Kind, Op, Origin, Output, Pairs, Prepared, Upload};

/// One request to one operation.
#[derive(Debug, Clone)]
pub struct Request {
    /// The place of the operation in the table.
    pub op: usize,
    pub caller: Arc<Caller>,
    pub path: Vec<String>,
    pub query: Pairs,
    pub body: Option<Value>,
    pub upload: Option<Upload>,
    pub if_match: Option<i64>,
    pub idempotency_key: Option<String>,
    pub request_id: String,
    /// When the caller stops waiting: what is not done by then is not kept.
    pub deadline: Option<std::time::Instant>,
}

/// A request that may run: what remains is decided in its transaction.
struct PreparedRequest {
    op: usize,
    caller: Arc<Caller>,
    input: Input,
    if_match: Option<i64>,
    /// Scope and fingerprint.
    key: Option<(String, String)>,
    dry_run: bool,
    request_id: String,
    deadline: Option<std::time::Instant>,
    prepared: Option<Prepared>,
    /// Whether the transaction told something about who may do what.
    touched: Arc<AtomicBool>,
}

impl PreparedRequest {
    fn origin(&self, app: &Arc<App>) -> Origin {
        Origin { app: app.clone(), caller: self.caller.clone(), request_id: self.request_id.clone() }
    }
    /// Refuses what nobody waits for any more.
    fn in_time(&self) -> Result<()> {
        match self.deadline {
            Some(deadline) if std::time::Instant::now() >= deadline => {
                Err(domain::Problem::from(problems::deadline_exceeded).after_seconds(1))
            }
            _ => Ok(()),
        }
    }
}

impl App {
    // ---- the program's own road ---------------------------------------------------------------

    /// Reads in one snapshot.
    pub fn read<T>(self: &Arc<Self>, caller: &Arc<Caller>, f: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        let origin = self.origin_of(caller);
        self.db.read(|conn| f(&mut self.reading(&origin, conn)))
    }
    /// As [`App::read`], for what is done in milliseconds: it does not wait for long reports to end.
    pub(crate) fn read_as<T>(self: &Arc<Self>, origin: &Origin, f: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        self.db.read_short(|conn| f(&mut self.reading(origin, conn)))
    }
    fn reading<'c>(self: &Arc<Self>, origin: &Origin, conn: &'c mut Conn<'_>) -> Cx<'c> {
        Cx::new(self.clone(), conn.reborrow(), origin.caller.clone(), origin.request_id.clone())
    }
    pub(crate) fn origin_of(self: &Arc<Self>, caller: &Arc<Caller>) -> Origin {
        let request_id = format!("own_{}", uuid::Uuid::now_v7().simple());
        Origin { app: self.clone(), caller: caller.clone(), request_id }
    }
    /// Writes in one transaction, with reactions and facts. `f` may run again when another transaction was in the way.
    pub fn write<T: Send + 'static>(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        f: impl FnMut(&mut Cx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_as(&self.origin_of(caller), f)
    }
    pub(crate) fn write_as<T: Send + 'static>(
        self: &Arc<Self>,
        origin: &Origin,
        mut f: impl FnMut(&mut Cx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (app, origin) = (self.clone(), origin.clone());
        let touched = Arc::new(AtomicBool::new(false));
        let touches = touched.clone();
        let done = self.db.write(Box::new(move |conn: &mut Conn<'_>| {
            let mut cx = Cx::new(app.clone(), conn.reborrow(), origin.caller.clone(), origin.request_id.clone());
            cx.writes = true;
            let done = f(&mut cx)?;
            cx.finish()?;
            touches.fetch_or(cx.tells_of_rights(), Ordering::Relaxed);
            cx.keep_events()?;
            Ok(Outcome::Keep(done))
        }));
        self.forget_callers(&touched);
        done
    }
    /// After a commit that changed who may do what, nobody is let in by memory.
    fn forget_callers(&self, touched: &AtomicBool) {
        if touched.load(Ordering::Relaxed) {
            self.identity.forget_callers();
        }
    }

    // ---- operations ---------------------------------------------------------------------------

    /// Whether the caller may run the operation at all. Judged before anything of the request is read.
    pub fn admit(&self, op: &Op, caller: &Caller) -> Result<()> {
        if op.public || (op.permission.is_empty() && !(op.for_users && caller.must_change_password)) || caller.may(&op.permission) {
            return crate::visibility::admit_figures(op, caller);
        }
        if caller.must_change_password {
            return Err(problems::missing_scope.with("Change your password first: POST /v1/identity/me/password."));
        }
        Err(problems::missing_scope.with(format!("This needs the permission {}.", op.permission)))
    }
    /// Whether the request asks to wait for an event that the follower behind the operation has yet to reach. Its permission
    /// is judged before.
    pub fn must_wait(&self, request: &Request) -> Result<bool> {
        crate::followers::must_wait(self, &self.table.ops[request.op], &request.query)
    }
    /// Runs a request and waits for its answer.
    pub fn call(self: &Arc<Self>, request: Request) -> Result<Answer> {
        let op = &self.table.ops[request.op];
        let ready = self.prepare(op, request)?;
        if let Some(outside) = &op.outside {
            return outside(&ready.origin(self), &ready.input);
        }
        if !op.writes() {
            return persistence::within(ready.deadline, || match op.kind {
                Kind::Read => self.db.read_short(|conn| self.run_read(op, &ready, conn)),
                _ => self.db.read(|conn| self.run_read(op, &ready, conn)),
            });
        }
        let (app, touched) = (self.clone(), ready.touched.clone());
        let answer = self.db.write(Box::new(move |conn: &mut Conn<'_>| app.run_write(&ready, conn)));
        self.forget_callers(&touched);
        answer
    }
    /// Runs a request and hands its answer over. A write on SQLite waits in the writer's queue and holds no thread.
    pub fn submit(self: &Arc<Self>, request: Request, reply: impl FnOnce(Result<Answer>) + Send + 'static) {
        let op = &self.table.ops[request.op];
        if !op.writes() || op.outside.is_some() {
            return reply(self.call(request));
        }
        match self.prepare(op, request) {
            Err(p) => reply(Err(p)),
            Ok(ready) => {
                let (app, after, touched) = (self.clone(), self.clone(), ready.touched.clone());
                self.db.submit(Box::new(move |conn: &mut Conn<'_>| app.run_write(&ready, conn)), move |answer| {
                    after.forget_callers(&touched);
                    reply(answer);
                });
            }
        }
    }
    /// Everything that needs no database: permission, parameters, body.
    fn prepare(self: &Arc<Self>, op: &Op, request: Request) -> Result<PreparedRequest> {
        self.admit(op, &request.caller)?;
        op.check_query(&request.query)?;
        let dry_run = match request.query.iter().find(|(k, _)| k == "dry_run").map(|(_, v)| v.as_str()) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(crate::cx::bad_parameter("dry_run", "true or false")),
        };
        let body = match (&op.body, request.body) {
            // a body whose fields may all be left out may be left out itself
            (Some(_), None) if op.takes_no_body() => json!({}),
            (Some(_), None) => return Err(problems::invalid_body.at(vec![FieldError::body("", "required", "A body is required.")])),
            (Some(_), Some(body)) => {
                op.judge(&body)?;
                body
            }
            (None, None) => Value::Null,
            (None, Some(body)) if body.as_object().is_some_and(serde_json::Map::is_empty) => Value::Null,
            (None, Some(_)) => {
                return Err(problems::unknown_field.at(vec![FieldError::body("", "unknown_field", "This operation takes no body.")]));
            }
        };
        if op.kind.needs_if_match() && request.if_match.is_none() {
            let error = FieldError::header("If-Match", "required", "Give the ETag that you have seen.");
            return Err(problems::precondition_required.at(vec![error]));
        }
        let key = request.idempotency_key.filter(|_| op.kind.is_post() && op.writes() && !dry_run);
        let key = key.map(|key| {
            let who = match op.public {
                true => visitor(&request.caller, &request.path, &request.query, &body),
                false => request.caller.id.clone(),
            };
            let scope = hash(&[who.as_bytes(), op.id.as_bytes(), key.as_bytes()]);
            let query: Vec<u8> = request.query.iter().flat_map(|(k, v)| format!("{k}={v}&").into_bytes()).collect();
            let (path, body) = (request.path.join("/"), body.to_string());
            let content = request.upload.as_ref().map(|u| u.bytes.as_slice()).unwrap_or_default();
            let mut parts: Vec<&[u8]> = vec![path.as_bytes(), &query, body.as_bytes(), content];
            if let Some(upload) = &request.upload {
                parts.extend([upload.name.as_bytes(), upload.media_type.as_bytes()]);
            }
            (scope, hash(&parts))
        });
        let input = Input { path: request.path, query: request.query, body, upload: request.upload };
        let mut ready = PreparedRequest {
            op: request.op,
            caller: request.caller,
            input,
            if_match: request.if_match,
            key,
            dry_run,
            request_id: request.request_id,
            deadline: request.deadline,
            prepared: None,
            touched: Arc::default(),
        };
        if let Some(before) = &op.before {
            ready.prepared = Some(before(&ready.origin(self), &ready.input)?);
        }
        Ok(ready)
    }
    fn run_read(self: &Arc<Self>, op: &Op, ready: &PreparedRequest, conn: &mut Conn<'_>) -> Result<Answer> {
        let mut cx = Cx::new(self.clone(), conn.reborrow(), ready.caller.clone(), ready.request_id.clone());
        cx.permission = Some(op.permission.clone());
        op.call(&mut cx, &ready.input)
    }
    fn run_write(self: &Arc<Self>, ready: &PreparedRequest, conn: &mut Conn<'_>) -> Result<Outcome<Answer>> {
        #[cfg(debug_assertions)]
        if self.statements.lock().is_some() {
            let run = || persistence::within(ready.deadline, || self.run_write_in_time(ready, conn));
            let (done, texts) = persistence::record_statements(run);
            if let Some(kept) = self.statements.lock().as_mut() {
                kept.insert(self.table.ops[ready.op].id.clone(), texts);
            }
            return done;
        }
        persistence::within(ready.deadline, || self.run_write_in_time(ready, conn))
    }
    fn run_write_in_time(self: &Arc<Self>, ready: &PreparedRequest, conn: &mut Conn<'_>) -> Result<Outcome<Answer>> {
        let op = &self.table.ops[ready.op];
        ready.in_time()?;
        let now = self.clock.now();
        if let Some((scope, fingerprint)) = &ready.key {
            match idempotency::claim(conn, scope, fingerprint, now) {
                Ok(Claim::New) => {}
                Ok(Claim::Answered(kept)) => {
                    let mut cx = Cx::new(self.clone(), conn.reborrow(), ready.caller.clone(), ready.request_id.clone());
                    return replay(&mut cx, op, &kept).map(Outcome::Keep);
                }
                Ok(Claim::Reused) => {
                    return Err(problems::idempotency_key_reused.with("The key was used with another path, query or body."));
                }
                Ok(Claim::Running) | Err(Error::Timeout(_)) => {
                    return Err(domain::Problem::from(problems::idempotency_in_progress).after_seconds(1));
                }
                Err(e) => return Err(e.into()),
            }
        }
        let mut cx = Cx::new(self.clone(), conn.reborrow(), ready.caller.clone(), ready.request_id.clone());
        cx.permission = Some(op.permission.clone());
        cx.writes = true;
        cx.if_match = ready.if_match;
        cx.target = ready.input.path.first().and_then(|p| any_id(p));
        cx.prepared = ready.prepared.clone();
        let mut answer = op.call(&mut cx, &ready.input)?;
        if op.kind.needs_if_match() && cx.if_match.is_some() {
            debug_assert!(false, "{} never judged If-Match", op.id);
            log::error!("{} never judged If-Match", op.id);
            return Err(problems::internal.into());
        }
        cx.finish()?;
        ready.touched.fetch_or(cx.tells_of_rights(), Ordering::Relaxed);
        let companies = cx.companies_told();
        let told = cx.keep_events()?;
        ready.in_time()?;
        answer.event = told;
        if told.is_none() && !ready.dry_run && op.kind != Kind::Command {
            log::debug!("{} told nothing", op.id);
        }
        if ready.dry_run {
            answer.dry_run = true;
            // a link that was signed would work although nothing says that it was given out
            if !op.shown_once.is_empty() {
                answer.output = Output::Json(without_secrets(op, &answer.output));
            }
            answer.event = None;
            return Ok(Outcome::Discard(answer));
        }
        if let Some((scope, _)) = &ready.key {
            let kept = kept_of(op, &answer, companies)?;
            idempotency::answer(conn, scope, &kept)?;
        }
        Ok(Outcome::Keep(answer))
    }
}
