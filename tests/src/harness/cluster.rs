//! A PostgreSQL server for the tests: the one of `TEST_POSTGRES_URL`, or a throw-away cluster made from the binaries on
//! this machine, on a unix socket, without fsync, in memory where there is room, gone when this process ends, however it
//! ends.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection, RunQueryDsl};

use super::place;

/// Set before the first database by measurements, where an answer must mean that the data is on the disk.
pub static DURABLE: AtomicBool = AtomicBool::new(false);

/// The role that servers of the tests work as: it owns nothing, so what it may not do is proved by every test.
pub const SERVED: &str = "tandem_served";

/// What a cluster needs, in KiB: a database takes 20 MiB, and some are always waiting to be dropped.
const ROOM: u64 = 4 << 20;

/// Where a database of the given name is to be found.
pub struct Cluster {
    before: String,
    after: String,
    copying: &'static str,
    /// The same as [`SERVED`], where the address tells how to become it.
    served: Option<(String, String)>,
}

impl Cluster {
    pub fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.before, self.after)
    }

    /// How a database is copied: file by file where PostgreSQL knows how (15 and newer), which takes a tenth of the time of
    /// going through its log.
    pub fn copying(&self) -> &'static str {
        self.copying
    }

    /// Asks the server how it copies.
    fn asked(mut self) -> Result<Self, String> {
        #[derive(diesel::QueryableByName)]
        struct Version {
            #[diesel(sql_type = diesel::sql_types::Integer)]
            number: i32,
        }
        let mut connection = PgConnection::establish(&self.url("postgres")).map_err(|e| e.to_string())?;
        let version: Version = diesel::sql_query("SELECT current_setting('server_version_num')::integer AS number")
            .get_result(&mut connection)
            .map_err(|e| e.to_string())?;
        self.copying = if version.number >= 150_000 { "STRATEGY FILE_COPY" } else { "" };
        Ok(self)
    }

    /// The same database for the role that serves.
    pub fn served(&self, database: &str) -> Option<String> {
        self.served.as_ref().map(|(before, after)| format!("{before}{database}{after}"))
    }
}

/// The cluster of this process, or why there is none.
pub static CLUSTER: LazyLock<Result<Cluster, String>> = LazyLock::new(|| match std::env::var("TEST_POSTGRES_URL") {
    Ok(url) => given(&url),
    Err(_) => own(),
});

/// `postgres://user@host:port/any?options` with the name of the database cut out.
fn given(url: &str) -> Result<Cluster, String> {
    let authority = url.find("://").map(|i| i + 3).ok_or("TEST_POSTGRES_URL is not a URL")?;
    let (head, options) = url.split_once('?').map_or((url, String::new()), |(h, o)| (h, format!("?{o}")));
    let end = head[authority..].find('/').map_or(head.len(), |i| authority + i);
    let host = head[authority..end].rsplit_once('@').map(|(_, host)| host);
    let served = host.map(|host| (format!("{}{SERVED}:{SERVED}@{host}/", &head[..authority]), options.clone()));
    Cluster { before: format!("{}/", &head[..end]), after: options, copying: "", served }.asked()
}

fn own() -> Result<Cluster, String> {
    let base = place(ROOM);
    sweep(&base);
    let dir = base.join(format!("tandem-tests-pg-{}", std::process::id()));
    let cluster = Private::make(dir, DURABLE.load(Ordering::Relaxed), 400)?;
    let socket = cluster.dir.clone();
    let as_user = |user: &str| ("postgres:///".to_string(), format!("?host={}&user={user}", socket.display()));
    let (before, after) = as_user("tandem");
    // its guard stops it
    std::mem::forget(cluster);
    Cluster { before, after, copying: "", served: Some(as_user(SERVED)) }.asked()
}

/// A server made from the binaries on this machine. Gone when this process ends, however it ends, or with this value.
pub struct Private {
    dir: PathBuf,
    bin: PathBuf,
    user: Option<(u32, u32)>,
    durable: bool,
    connections: u32,
    process: Option<Child>,
}

impl Private {
    /// One for a test that breaks it, or why there is none. What was committed survives the end of its processes.
    pub fn start() -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self::make(place(ROOM).join(format!("tandem-tests-pg-{}-{count}", std::process::id())), true, 40)
    }

    fn make(dir: PathBuf, durable: bool, connections: u32) -> Result<Self, String> {
        let initdb = binary("initdb").ok_or("no PostgreSQL binaries (initdb) on this machine")?;
        let bin = initdb.parent().map(Path::to_path_buf).ok_or("initdb has no folder")?;
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
        let user = unprivileged()?;
        if let Some((uid, gid)) = user {
            chown(&dir, Some(uid), Some(gid)).map_err(|e| format!("{}: {e}", dir.display()))?;
        }
        let made = command(&bin.join("initdb"), user)
            .args(["--no-sync", "--auth=trust", "--username=tandem", "--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(dir.join("data"))
            .output()
            .map_err(|e| format!("initdb: {e}"))?;
        if !made.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)));
        }
        guard(&dir)?;
        let mut cluster = Self { dir, bin, user, durable, connections, process: None };
        cluster.run()?;
        Ok(cluster)
    }

    /// Starts it, again, and waits until it answers.
    pub fn run(&mut self) -> Result<(), String> {
        let log = fs::File::create(self.dir.join("log")).map_err(|e| e.to_string())?;
        let mut server = command(&self.bin.join("postgres"), self.user);
        server.arg("-D").arg(self.dir.join("data")).arg("-k").arg(&self.dir);
        let on = |yes: bool| if yes { "on" } else { "off" };
        for setting in [
            "listen_addresses=",
            format!("fsync={}", on(self.durable)).as_str(),
            format!("synchronous_commit={}", on(self.durable)).as_str(),
            format!("full_page_writes={}", on(self.durable)).as_str(),
            "autovacuum=off",
            "wal_level=minimal",
            "max_wal_size=128MB",
            "max_wal_senders=0",
            format!("max_connections={}", self.connections).as_str(),
            "shared_buffers=96MB",
            "max_locks_per_transaction=256",
        ] {
            server.args(["-c", setting]);
        }
        self.process = Some(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().map_err(|e| format!("postgres: {e}"))?);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.answers() {
            if Instant::now() > deadline {
                return Err(format!("PostgreSQL did not start: {}", fs::read_to_string(self.dir.join("log")).unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=tandem", self.dir.display())
    }

    fn answers(&self) -> bool {
        PgConnection::establish(&self.url("postgres")).is_ok()
    }

    /// Its processes: the first is the one that started the others.
    pub fn pids(&self) -> Vec<u32> {
        let Some(first) = self.process.as_ref().map(Child::id) else { return vec![] };
        let listed = Command::new("ps").args(["-o", "pid=", "--ppid", &first.to_string()]).output().map(|o| o.stdout).unwrap_or_default();
        let others = String::from_utf8_lossy(&listed).lines().filter_map(|l| l.trim().parse().ok()).collect::<Vec<u32>>();
        std::iter::once(first).chain(others).collect()
    }

    /// Sends a signal to processes of this server.
    pub fn signal(&self, signal: &str, pids: &[u32]) {
        let pids = pids.iter().map(u32::to_string);
        // one of them may be gone already
        let _ = Command::new("kill").arg(format!("-{signal}")).args(pids).stderr(Stdio::null()).status();
    }

    /// Asks it to end in one of its ways, `INT` fast and `QUIT` at once, and waits until it has.
    pub fn stop(&mut self, signal: &str) {
        let Some(mut process) = self.process.take() else { return };
        self.signal(signal, &[process.id()]);
        let _ = process.wait();
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.stop("QUIT");
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A shell that waits on a pipe: when this process is gone the pipe closes, and the shell stops the server that runs in
/// this folder and removes it. `SIGQUIT` is an immediate stop; nothing in there is worth saving.
fn guard(dir: &Path) -> Result<(), String> {
    let script = r#"trap '' INT TERM HUP; read -r _; p=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null); [ -n "$p" ] && kill -CONT "$p" && kill -QUIT "$p"; i=0; while [ -n "$p" ] && kill -0 "$p" 2>/dev/null && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done; rm -rf "$1""#;
    let shell = Command::new("sh")
        .args(["-c", script, "guard"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("sh: {e}"))?;
    std::mem::forget(shell); // keeps our end of the pipe open until the process ends
    Ok(())
}

/// Clusters of processes that are gone, should their guard have been killed too.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|n| n.strip_prefix("tandem-tests-pg-")?.split('-').next()) else { continue };
        if Path::new("/proc").join(pid).exists() {
            continue;
        }
        let pid_file = fs::read_to_string(entry.path().join("data/postmaster.pid")).unwrap_or_default();
        if let Some(server) = pid_file.lines().next().filter(|s| s.parse::<u32>().is_ok()) {
            let _ = Command::new("kill").args(["-QUIT", server]).status();
            std::thread::sleep(Duration::from_millis(300));
        }
        let _ = fs::remove_dir_all(entry.path());
    }
}

/// A PostgreSQL binary: the newest of the distribution's, else the one in `PATH`.
fn binary(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .map(|d| d.flatten().filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin").join(name)))).collect())
        .unwrap_or_default();
    versions.retain(|(_, p)| p.exists());
    versions.sort();
    let in_path = || std::env::split_paths(&std::env::var_os("PATH")?).map(|p| p.join(name)).find(|p| p.exists());
    versions.pop().map(|(_, p)| p).or_else(in_path)
}

/// PostgreSQL refuses to run as root: then somebody else must. `None` when we are not root.
fn unprivileged() -> Result<Option<(u32, u32)>, String> {
    let me = Command::new("id").arg("-u").output().map_err(|e| format!("id: {e}"))?;
    if String::from_utf8_lossy(&me.stdout).trim() != "0" {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|e| format!("/etc/passwd: {e}"))?;
    let find = |name: &str| {
        let line = users.lines().find(|l| l.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or_else(|| "root, and no other user to run PostgreSQL as".into())
}

fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    use std::os::unix::process::CommandExt;
    let mut c = Command::new(program);
    if let Some((uid, gid)) = user {
        c.uid(uid).gid(gid);
    }
    // a folder that any user may stand in, and no settings of the caller's shell
    c.current_dir("/").env_remove("PGDATA").env_remove("PGPORT").env_remove("PGHOST");
    c
}
