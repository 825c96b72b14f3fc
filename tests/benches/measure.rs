//! How to measure: a server in a process of its own, callers that do one thing for a while, and what that cost.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use gateway::Config;

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Client};

/// A server of this build in a process of its own, as an operator has one.
pub struct Served {
    child: Child,
    _open: ChildStdin,
    pub client: Client,
    /// From the start of the process to the first answered request.
    pub cold_start: Duration,
}

/// What the child does: serve until its parent is gone.
pub fn serve() {
    let config = Config::from_env().expect("the settings of the parent");
    let running = gateway::start(config).expect("the server starts");
    println!("http://{}", running.address);
    let mut end = String::new();
    let _ = std::io::stdin().read_line(&mut end);
    running.stop();
}

impl Served {
    pub fn start(database: &str) -> Self {
        let begin = Instant::now();
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg("--serve")
            .env("DATABASE_URL", database)
            .env("TANDEM_BIND", "127.0.0.1:0")
            .env("TANDEM_ADMIN_EMAIL", ADMIN_EMAIL)
            .env("TANDEM_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .env("TANDEM_RATE_LIMIT", "100000000/10000000")
            .env("TANDEM_LOG", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child process");
        let open = child.stdin.take().expect("its input");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
        let client = Client::new(line.trim());
        client.get("/readyz").expect(200);
        Self { child, _open: open, client, cold_start: begin.elapsed() }
    }

    /// Resident memory in MiB.
    pub fn rss_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default().trim().to_string();
        line.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }

    /// Processor time so far of the server and of the database server that this benchmark runs, in milliseconds.
    pub fn cpu_ms(&self) -> f64 {
        let all = processes();
        let own = std::process::id();
        let is_database = |p: &Process| p.name == "postgres" && ancestors(&all, p).any(|pid| pid == own);
        all.values().filter(|p| p.pid == self.child.id() || is_database(p)).map(|p| p.cpu_ms).sum()
    }
}

/// A process as `/proc` shows it.
struct Process {
    pid: u32,
    parent: u32,
    name: String,
    /// User and system time with that of its ended children, in milliseconds.
    cpu_ms: f64,
}

fn processes() -> BTreeMap<u32, Process> {
    let read = |entry: std::fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (head, tail) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = tail.split(' ').collect();
        // clock ticks of ten milliseconds
        let ticks = |i: usize| fields.get(i).and_then(|t| t.parse::<f64>().ok()).unwrap_or_default();
        let cpu_ms = (11..=14).map(ticks).sum::<f64>() * 10.0;
        Some((pid, Process { pid, parent: fields.get(1)?.parse().ok()?, name: head.split_once('(')?.1.to_string(), cpu_ms }))
    };
    std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(read).collect()
}

/// The parents of a process, the nearest first.
fn ancestors<'a>(all: &'a BTreeMap<u32, Process>, of: &Process) -> impl Iterator<Item = u32> + use<'a> {
    std::iter::successors(Some(of.parent), |pid| all.get(pid).map(|p| p.parent).filter(|parent| *parent > 0))
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came of doing one thing for a while.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor time of one call, of the server and its database.
    pub cpu_ms: f64,
}

/// `callers` threads repeat `f(caller, round)` until the time is over.
pub fn rate(callers: usize, time: Duration, f: impl Fn(usize, usize) + Sync) -> Rate {
    let begin = Instant::now();
    let mut taken: Vec<f64> = std::thread::scope(|scope| {
        let f = &f;
        let threads: Vec<_> = (0..callers)
            .map(|caller| {
                scope.spawn(move || {
                    let mut taken = Vec::new();
                    while begin.elapsed() < time {
                        let one = Instant::now();
                        f(caller, taken.len());
                        taken.push(one.elapsed().as_secs_f64() * 1000.0);
                    }
                    taken
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().expect("a caller")).collect()
    });
    let seconds = begin.elapsed().as_secs_f64();
    taken.sort_by(f64::total_cmp);
    let at = |part: f64| taken.get(((taken.len() as f64 - 1.0) * part) as usize).copied().unwrap_or_default();
    Rate { per_second: taken.len() as f64 / seconds, p50_ms: at(0.5), p99_ms: at(0.99), cpu_ms: 0.0 }
}
