//! A request for a stream: who asks and from where on, and the way of a new reader to where all others are.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::{Method, header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use domain::kernel::{FieldError, Result, problems};
use platform::platform::event_stream::{self as feed, StreamFilter};
use tokio::sync::mpsc;

use super::{PATH, Reader, Slot, last_message, message, reason_of, same_caller};
use crate::edge::{Edge, Seen};
use crate::{dispatch, request};

/// The permission is that of the list of events.
const OPERATION: &str = "list_events";
/// Messages that wait for a reader; one who leaves more unread is dropped, and resumes where it was.
const WAITING: usize = 256;
/// How long a reader that catches up may take for one message.
const PATIENCE: Duration = Duration::from_secs(10);

/// The body of the answer: messages as they come.
struct Messages {
    from: mpsc::Receiver<Bytes>,
    _slot: Slot,
}

impl futures_util::Stream for Messages {
    type Item = Result<Bytes, std::convert::Infallible>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.from.poll_recv(cx).map(|message| message.map(Ok))
    }
}

/// Opens a stream.
pub async fn run(edge: &Arc<Edge>, req: &HttpRequest, seen: &mut Seen) -> Result<HttpResponse> {
    seen.route = PATH.into();
    acceptable(req)?;
    let (filter, after) = StreamFilter::of(&request::query(req.query_string())?)?;
    let last =
        match req.headers().get("last-event-id") {
            None => None,
            Some(value) => Some(value.to_str().ok().and_then(feed::number).ok_or_else(|| {
                problems::invalid_header.at(vec![FieldError::header("Last-Event-ID", "invalid", "The number of an event.")])
            })?),
        };
    let token: Option<Arc<str>> = request::bearer(req.headers()).map(Into::into);
    let (shared, asked, address, permit) = (edge.clone(), token.clone(), seen.address, edge.place_in_queue()?);
    let opened = actix_web::rt::task::spawn_blocking(move || {
        let _permit = permit;
        let (caller, verdict) = dispatch::identify(&shared, asked.as_deref(), address);
        let caller = caller.and_then(|caller| {
            let op = shared.app.table.get(OPERATION).ok_or(problems::internal)?;
            shared.app.admit(op, &caller)?;
            Ok((caller, feed::position(&shared.app)?))
        });
        (caller, verdict)
    });
    let (caller, verdict) = opened.await.map_err(|_| problems::internal)?;
    let allowed = verdict.allowed;
    let wait = verdict.retry_after;
    seen.verdict = Some(verdict);
    let (caller, latest) = caller?;
    seen.caller.clone_from(&caller.id);
    if !allowed {
        return Err(problems::too_many_requests.with("Come back later.").after_seconds(wait));
    }
    // a reader that comes again knows better where it was than the address that it was given
    let begin = match (last, after) {
        (Some(last), _) => {
            feed::check_position(last, latest, "Last-Event-ID")?;
            last
        }
        (None, Some(after)) => {
            feed::check_position(after, latest, "after")?;
            after
        }
        (None, None) => latest,
    };
    if edge.draining.load(Ordering::Relaxed) {
        return Err(problems::unavailable.with("The server is about to stop.").after_seconds(1));
    }
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream").insert_header((header::CACHE_CONTROL, "no-store"));
    // a proxy that collects an answer before it passes it on would keep the events
    response.insert_header(("x-accel-buffering", "no"));
    if req.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let slot = edge.streams.slot(&caller.id)?;
    let (to, from) = mpsc::channel(WAITING);
    let greeting = Bytes::from(format!(": connected\nretry: 2000\nid: {begin}\n\n"));
    to.try_send(greeting).map_err(|_| problems::internal)?;
    let token = token.ok_or(problems::unauthenticated)?;
    let reader = Reader { token, caller, filter, at: begin, to };
    actix_web::rt::spawn(catch_up(edge.clone(), reader));
    Ok(response.streaming(Messages { from, _slot: slot }))
}

/// Reads for one reader until it has what all have, and lets it join them.
async fn catch_up(edge: Arc<Edge>, mut reader: Reader) {
    loop {
        let (app, token, before, filter, at) =
            (edge.app.clone(), reader.token.clone(), reader.caller.clone(), reader.filter.clone(), reader.at);
        let read = actix_web::rt::task::spawn_blocking(move || {
            let caller = same_caller(&app, &token, &before)?;
            feed::next_for(&app, &caller, &filter, at).map_err(|p| reason_of(&p))
        });
        let part = match read.await.unwrap_or(Err("unavailable")) {
            Ok(part) => part,
            Err(reason) => return drop(reader.to.try_send(last_message(reason))),
        };
        for message in part.events.iter().filter_map(message) {
            if !matches!(tokio::time::timeout(PATIENCE, reader.to.send(message)).await, Ok(Ok(()))) {
                return;
            }
        }
        reader.at = part.upto;
        match edge.streams.join(reader) {
            None => return,
            Some(behind) => reader = behind,
        }
    }
}

fn acceptable(req: &HttpRequest) -> Result<()> {
    let mut lists = req.headers().get_all(header::ACCEPT).filter_map(|v| v.to_str().ok()).peekable();
    let takes = |range: &str| matches!(range.split(';').next().unwrap_or_default().trim(), "*/*" | "text/*" | "text/event-stream" | "");
    if lists.peek().is_none() || lists.flat_map(|l| l.split(',')).any(takes) {
        return Ok(());
    }
    Err(problems::not_acceptable.with("Answers are text/event-stream."))
}
