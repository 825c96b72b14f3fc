//! Connections that open and never send the head of a request. The HTTP library answers them with a bare status; they are told the
//! problem as everybody is, shortly before it would.

use std::any::Any;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::http::header::HeaderMap;
use actix_web::rt;
use domain::Problem;
use domain::kernel::problems;
use parking_lot::Mutex;

use crate::problem::{MEDIA_TYPE, WireProblem};
use crate::trace::Trace;

/// How much sooner than the library.
const SOONER: Duration = Duration::from_millis(200);

/// The way to a client whose first request has not arrived; nothing afterwards.
struct FirstHead(Mutex<Option<TcpStream>>);

/// Watches a new connection until its first request is there or the time is over.
pub fn watch(connection: &dyn Any, of_connection: &mut Extensions, within: Duration) {
    let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() else { return };
    // without a handle the library answers, in its own way
    let Ok(handle) = stream.as_fd().try_clone_to_owned() else { return };
    let first = Arc::new(FirstHead(Mutex::new(Some(TcpStream::from(handle)))));
    let waiting = Arc::downgrade(&first);
    of_connection.insert(first);
    rt::spawn(async move {
        rt::time::sleep(within.saturating_sub(SOONER)).await;
        let late = waiting.upgrade().and_then(|first| first.0.lock().take());
        if let Some(mut stream) = late {
            // who does not read the answer either is none of our business
            let _gone = stream.write_all(answer(within).as_bytes()).and_then(|()| stream.shutdown(Shutdown::Both));
        }
    });
}

/// The first request of this connection is there.
pub fn arrived(req: &HttpRequest) {
    if let Some(first) = req.conn_data::<Arc<FirstHead>>() {
        drop(first.0.lock().take());
    }
}

fn answer(within: Duration) -> String {
    let problem: Problem =
        problems::request_timeout.with(format!("The head of the request did not arrive within {} seconds.", within.as_secs()));
    let id = Trace::of(&HeaderMap::new()).request_id;
    // plain data with string keys always has a JSON form
    let body = serde_json::to_string(&WireProblem::of(&problem, "/", &id)).unwrap_or_default();
    format!(
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\ncontent-language: en\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nx-request-id: {id}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
