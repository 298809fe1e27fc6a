//! The crash test: runs that read, write and order over a faulty ServiceTitan and a faulty vendor, begun by hand, by
//! schedules and after one another, and a process that is killed at any instant. At the end the sandbox's ledger of
//! writes, the files and the run history agree.
//!
//! Short unless `TRADEWIRE_CRASH_KILLS` says how many kills there are to be; drawn from `TRADEWIRE_CRASH_SEED`. What is
//! drawn is the same each time; how it falls together with the machine's own pace is not.
#![cfg(unix)]

mod agree;
mod days;
mod world;

use std::process::Child;
use std::time::Duration;

use crate::bench::{Bench, Offline, signal, until};
pub use days::Draw;
use world::By;

#[test]
fn crash() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (seed, kills) = (number("TRADEWIRE_CRASH_SEED", 1), number("TRADEWIRE_CRASH_KILLS", 10));
    println!("TRADEWIRE_CRASH_SEED={seed} TRADEWIRE_CRASH_KILLS={kills}");
    let mut crash = Crash::new(Draw(seed), kills as usize);
    let mut killed = 0;
    while killed < kills {
        killed += u64::from(crash.kill_once());
    }
    crash.finish();
    let (runs, unresolved) = (crash.agree(), crash.resolved);
    println!("{killed} kills, {runs} runs, {unresolved} unresolved writes");
}

struct Crash {
    draw: Draw,
    offline: Offline,
    bench: Bench,
    /// What is run by hand.
    windows: Vec<String>,
    /// Writes that were resolved so far.
    resolved: usize,
}

impl Crash {
    fn new(draw: Draw, kills: usize) -> Crash {
        let offline = Offline::with_tenants(world::MORE_TENANTS);
        let bench = Bench::with(&world::config(&offline, By::Seconds));
        bench.write(world::ORDER_FILE, world::ORDER);
        Crash { draw, offline, bench, windows: world::windows(kills), resolved: 0 }
    }

    /// Lets a process run on a bad day, by hand or as a service, and kills it at some instant. False where it had ended
    /// before.
    fn kill_once(&mut self) -> bool {
        let bad_day = self.draw.bad_day();
        self.offline.faults(&bad_day);
        self.offline.forget_calls();
        let (words, longest) = match self.draw.below(2) {
            0 => (self.windows[self.draw.below(self.windows.len())].clone(), 400_000),
            _ => ("serve --quiet".to_owned(), 3_000_000),
        };
        let after = Duration::from_micros(self.draw.below(longest) as u64);
        let mut child = self.bench.start_unheard(&words);
        until("it calls or ends", || self.offline.calls() > 0 || child.try_wait().unwrap().is_some());
        std::thread::sleep(after);
        let killed = child.try_wait().unwrap().is_none();
        end(&mut child, "KILL");
        killed
    }

    /// Lets all that is due come to its end on a good day, resolving writes as an operator would who looks.
    fn finish(&mut self) {
        const TRIES: usize = 20;
        self.offline.faults("[]");
        for window in self.windows.clone() {
            let ended = (0..TRIES).any(|_| {
                let code = self.bench.tradewire(&window).code;
                self.resolve_all();
                code == Some(0)
            });
            assert!(ended, "{window}: {}", self.bench.tradewire(&window));
        }
        // From here on nothing more falls due by itself.
        self.bench.write("tradewire.toml", world::config(&self.offline, By::Years));
        for _ in 0..TRIES {
            let mut serving = self.bench.start_unheard("serve --quiet");
            until("nothing is left to do", || {
                assert!(serving.try_wait().unwrap().is_none(), "it serves until it is told to stop");
                self.resolve_all();
                self.is_idle()
            });
            end(&mut serving, "TERM");
            // What has been tried as often as its schedule says is run by hand.
            let left = self.unfinished();
            if left.is_empty() {
                return self.follow_up();
            }
            for words in left {
                println!("{words}: {}", self.bench.tradewire(&words));
                self.resolve_all();
            }
        }
        panic!("these do not come to an end: {:#?}", self.unfinished());
    }

    /// Hands over what the feed's last slot did not see.
    fn follow_up(&self) {
        for (tenant, _) in world::tenants() {
            self.bench.tradewire(&format!("run {} --tenant {tenant}", world::CHANGES)).succeeded();
        }
    }
}

fn end(child: &mut Child, by: &str) {
    if child.try_wait().unwrap().is_none() {
        signal(child, by);
    }
    child.wait().unwrap();
}
