//! Starting and stopping: database, migrations, first administrator, listeners; and the way back.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App as WebApp, HttpServer, web};
use persistence::{Database, DatabaseConfig};
use platform::App;
use platform::followers::Followers;
use platform::work::Workers;

use crate::config::Config;
use crate::edge::Edge;
use crate::{composition, log, serve, slow_head, watch};

/// Why the server did not start, in words for the operator.
#[derive(Debug)]
pub struct StartError(pub String);

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for StartError {}

fn because<E: std::fmt::Display>(what: &str) -> impl FnOnce(E) -> StartError {
    move |e| StartError(format!("{what}: {e}"))
}

/// A server that listens. Dropping it stops it.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the counters are, when they have a port of their own.
    pub metrics_address: Option<SocketAddr>,
    /// The application inside, for tests and for the program's own work.
    pub app: Arc<App>,
    /// The password of the first administrator, when this start made one up.
    pub one_time_password: Option<String>,
    edge: Arc<Edge>,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
    workers: Option<Workers>,
    followers: Option<Followers>,
    streams: Option<std::thread::JoinHandle<()>>,
}

/// Opens and migrates the database.
///
/// # Errors
/// The address is wrong, the database does not answer, or a migration fails.
fn open_database(config: &Config) -> Result<Database, StartError> {
    let settings = DatabaseConfig {
        statement_timeout: config.limits.request,
        readers: config.sqlite_readers,
        pool_size: config.postgres_connections,
        ..DatabaseConfig::new(&config.database)
    };
    let database = Database::open(&settings).map_err(because("The database cannot be opened"))?;
    let ran = database.migrate().map_err(because("The database cannot be migrated"))?;
    if !ran.is_empty() {
        ::log::info!(count = ran.len(); "migrations ran");
    }
    Ok(database)
}

/// How long one statement of a command may take: an operator who verifies large books waits for the answer.
const PATIENCE_OF_OPERATORS: Duration = Duration::from_secs(3600);

/// Opens a database that is there and has the schema of this program, and changes nothing of it: a misspelt path must not
/// become an empty database in perfect order, nor a look at the books a migration.
///
/// # Errors
/// There is no such database, or it is of another version of the program.
pub fn existing_database(config: &Config) -> Result<Database, StartError> {
    let settings = DatabaseConfig { statement_timeout: PATIENCE_OF_OPERATORS, ..DatabaseConfig::new(&config.database) };
    let database = Database::open_existing(&settings).map_err(because("The database cannot be opened"))?;
    database.refuse_newer().map_err(because("The database cannot be used"))?;
    match database.pending().map_err(because("The database cannot be used"))?.len() {
        0 => Ok(database),
        n => Err(StartError(format!("The schema of the database lacks {n} migrations of this program: run `tandem migrate` first."))),
    }
}

/// Opens the application on a database that is there already, for the commands that work beside the server.
///
/// # Errors
/// As [`existing_database`].
pub fn existing_app(config: &Config) -> Result<Arc<App>, StartError> {
    app_on(existing_database(config)?, config)
}

/// Opens the application without listening, on a database that may be new.
///
/// # Errors
/// The address is wrong, the database does not answer, a migration fails, or a setting cannot be used.
pub fn open_app(config: &Config) -> Result<Arc<App>, StartError> {
    app_on(open_database(config)?, config)
}

fn app_on(database: Database, config: &Config) -> Result<Arc<App>, StartError> {
    let app = composition::app(database, config.clock.clone()).map_err(because("The application cannot start"))?;
    let issuer = config.public_url.clone().unwrap_or_else(|| "tandem".into());
    let signing_keys_pem = config.signing_keys.as_ref().map(|k| k.reveal().to_string());
    let password_reset_url = config.password_reset_url.clone();
    let tokens = platform::identity::Config { issuer, signing_keys_pem, password_reset_url, ..Default::default() };
    app.identity.configure(tokens).map_err(because("TANDEM_SIGNING_KEYS"))?;
    if let (Some(server), Some(from), Some(links)) = (&config.smtp_url, &config.mail_from, &config.public_url) {
        app.mail.configure(server.reveal(), from, links).map_err(because("TANDEM_SMTP_URL or TANDEM_MAIL_FROM"))?;
    }
    Ok(app)
}

/// Starts a server on threads of its own and returns when it listens.
///
/// # Errors
/// The database cannot be opened or migrated, or the address cannot be bound.
pub fn start(config: Config) -> Result<Running, StartError> {
    log::start(&config.log);
    // before the work, so that two servers on one port do not first migrate one database
    let listener = listen(&config.bind)?;
    let metrics_listener = config.metrics_bind.as_deref().map(listen).transpose()?;
    let app = open_app(&config)?;
    let given = config.admin_password.as_ref().map(|p| p.reveal());
    let one_time_password = platform::identity::first_administrator(&app, &config.admin_email, given)
        .map_err(because("The first administrator cannot be made"))?;
    let address = listener.local_addr().map_err(because("The address is unknown"))?;
    let metrics_address = metrics_listener.as_ref().and_then(|l| l.local_addr().ok());
    let edge = Arc::new(Edge::new(Arc::new(config), app.clone(), serve::routes(&app.table)));
    watch::start(&edge).map_err(because("No thread for the health check"))?;
    let workers = Workers::start(&app, 1).map_err(because("No thread for jobs"))?;
    let followers = Followers::start(&app).map_err(because("No thread for followers"))?;
    let streams = edge.streams.start(&app).map_err(because("No thread for streams"))?;
    let (handle, thread) = spawn(edge.clone(), listener, metrics_listener)?;
    settle();
    Ok(Running {
        address,
        metrics_address,
        app,
        one_time_password,
        edge,
        handle,
        thread: Some(thread),
        workers: Some(workers),
        followers: Some(followers),
        streams: Some(streams),
    })
}

fn listen(bind: &str) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(bind).map_err(|e| StartError(format!("{bind} cannot be bound: {e}")))?;
    listener.set_nonblocking(true).map_err(because("The listener cannot be set up"))?;
    Ok(listener)
}

/// Reads the numbering plans of phones now, so that the first request with a number does not read them inside its transaction.
/// Starting needs twenty MiB that running does not. The allocator gives back what has been unused for a moment, but it looks
/// only when a thread ends; otherwise that may be in an hour.
fn settle() {
    let thread = std::thread::Builder::new().name("settle".into()).spawn(|| {
        domain::directory::phones::prepare();
        std::thread::sleep(Duration::from_millis(200));
    });
    if let Err(e) = thread {
        ::log::warn!("no thread to settle down with: {e}");
    }
}

type Spawned = (ServerHandle, std::thread::JoinHandle<()>);

/// The HTTP server lives on a thread of its own, so that whoever starts it needs no runtime.
fn spawn(edge: Arc<Edge>, listener: TcpListener, metrics: Option<TcpListener>) -> Result<Spawned, StartError> {
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("http".into()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = match build(&edge, listener, metrics) {
                Ok(server) => server,
                Err(e) => return drop(tell.send(Err(e))),
            };
            let _ = tell.send(Ok(server.handle()));
            if let Err(e) = server.await {
                ::log::error!("the HTTP server stopped: {e}");
            }
        });
    });
    let thread = thread.map_err(because("No thread for the HTTP server"))?;
    let handle = told.recv().map_err(because("The HTTP server did not start"))?.map_err(because("The HTTP server did not start"))?;
    Ok((handle, thread))
}

fn build(edge: &Arc<Edge>, listener: TcpListener, metrics: Option<TcpListener>) -> std::io::Result<actix_web::dev::Server> {
    let (config, limits) = (edge.config.clone(), edge.config.limits.clone());
    let head = limits.head;
    let shared = web::Data::from(edge.clone());
    let metrics_port = metrics.as_ref().and_then(|l| l.local_addr().ok()).map(|a| a.port());
    let mut server = HttpServer::new(move || {
        let edge = shared.clone();
        WebApp::new().app_data(shared.clone()).default_service(web::to(move |req: actix_web::HttpRequest, payload: web::Payload| {
            let edge = edge.clone();
            slow_head::arrived(&req);
            async move {
                // the port of the counters serves nothing else
                if metrics_port.is_some() && req.app_config().local_addr().port() == metrics_port.unwrap_or(0) {
                    return serve::serve_counters(edge, req, payload).await;
                }
                serve::serve(edge, req, payload).await
            }
        }))
    })
    .on_connect(move |connection, of_connection| slow_head::watch(connection, of_connection, head))
    .workers(config.workers)
    .worker_max_blocking_threads((config.threads / config.workers).max(1))
    .keep_alive(limits.head)
    .client_request_timeout(limits.head)
    .client_disconnect_timeout(Duration::from_secs(2))
    .max_connections(10_000)
    .backlog(1024)
    .tcp_nodelay(true)
    .shutdown_timeout(limits.drain.as_secs())
    .disable_signals()
    .listen(listener)?;
    if let Some(metrics) = metrics {
        server = server.listen(metrics)?;
    }
    Ok(server.run())
}

/// So long without a new request, and nobody sends any more.
const QUIET: Duration = Duration::from_millis(300);
/// How long quiet is waited for; a client that knows of no balancer may go on for ever.
const QUIET_WITHIN: Duration = Duration::from_secs(1);

impl Running {
    /// How many streams of events are open.
    pub fn streams(&self) -> usize {
        self.edge.streams.count()
    }

    /// Says "not ready" from now on and answers what comes with a closing connection, so that a balancer goes elsewhere.
    pub fn drain(&self) {
        self.edge.draining.store(true, Ordering::Relaxed);
        self.edge.streams.stop();
    }

    /// As [`Running::drain`], and waits until whoever looks at readiness has had the time to go elsewhere and nothing comes any
    /// more, so that no connection is left in the queue of the listener when it closes.
    pub fn drain_and_wait(&self) {
        self.drain();
        std::thread::sleep(self.edge.config.limits.notice);
        if self.edge.config.limits.notice.is_zero() {
            return;
        }
        let end = Instant::now() + QUIET_WITHIN;
        let mut quiet_since = Instant::now();
        let mut seen = self.edge.metrics.begun();
        while quiet_since.elapsed() < QUIET && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(25));
            let now = self.edge.metrics.begun();
            if now != seen {
                (seen, quiet_since) = (now, Instant::now());
            }
        }
    }

    /// Stops: no new connections, requests in flight finish, then everything closes.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.drain();
        self.edge.health.stop();
        // what is idle is closed at once; what works may finish
        let patience = Instant::now() + self.edge.config.limits.drain;
        let busy = !self.edge.metrics.idle();
        // the command is sent at once; the future only waits for its end
        drop(self.handle.stop(busy));
        if thread.join().is_err() {
            ::log::error!("the HTTP server ended in a panic");
        }
        // a request whose caller went away may still hold the database
        while !self.edge.metrics.idle() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.followers.take();
        if self.streams.take().is_some_and(|thread| thread.join().is_err()) {
            ::log::error!("the thread of the streams ended in a panic");
        }
        self.workers.take();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
