//! The threads that the work of strangers is done on: of plugins, of documents, of templates. None of them answers
//! callers, takes events in or keeps the schedules.
//!
//! - [`Workers`] run plugins. Whatever a plugin makes the host do at once (its own code up to the next tick,
//!   `memory.fill`, its values being moved in and out of its memory, its texts being read) holds a thread, and it is one
//!   of these. What a run waits for (time, network, disk) stays with the runtime of whoever runs it. And whoever runs it
//!   does not wait for these threads: a run that is given up is dropped as soon as its thread lets go of it.
//!
//!   A run begins among those that compute little. One that has computed for longer than 50 ms goes on among those that
//!   compute much: on threads that come after all others, so that it takes what is left and keeps nobody waiting. It is
//!   the old rule of a multilevel feedback queue, with two levels.
//! - [`work`] does what takes long on a thread that comes after all others, too.
//! - [`apart`] has connections of strangers' servers carried on by such threads.
//! - [`in_place`] and [`off_worker`] do it where it is: another thread of the same kind takes over what that one had to do.
#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::context::TokioContext;
use tokio_util::task::AbortOnDropHandle;

/// The threads. They end with this, as soon as each lets go of what it does.
#[derive(Debug)]
pub struct Workers(Option<Levels>);

#[derive(Debug)]
struct Levels {
    /// For runs that have computed little.
    little: Runtime,
    /// For those that have computed much.
    much: Runtime,
}

/// The fewest threads for those that compute little: plugins that hold theirs for a while are to leave some to the others.
const FEWEST: usize = 4;
/// For how long a run computes among those that compute little.
const LITTLE: Duration = Duration::from_millis(50);
/// By how much the priority of those that compute much is lower: as much as there is. With half of it, two of them still
/// take a fifth of a processor from those who answer.
const STEP_BACK: i32 = 19;
/// From so many bytes on it takes about a millisecond to turn JSON into values, or back: more than others are to wait.
const LARGE: usize = 512 * 1024;

thread_local! {
    /// The threads that this one is of, if it is for plugins.
    static OWN: OnceCell<Handle> = const { OnceCell::new() };
    /// How much of the turn that goes on others did not have to wait for.
    static OFF_WORKER: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

impl Workers {
    /// Starts them.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start() -> io::Result<Workers> {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads((processors * 2).max(FEWEST)).thread_name("plugin").on_thread_start(join);
        let little = builder.build()?;
        builder.worker_threads(processors.max(2)).thread_name("plugin-much").on_thread_start(|| {
            join();
            step_back();
        });
        Ok(Workers(Some(Levels { little, much: builder.build()? })))
    }

    /// Runs on these threads what belongs to the runtime that this is called in, and keeps in `held` the nanoseconds
    /// of the longest turn. It begins at once. What is dropped is given up.
    pub fn spawn<F>(
        &self,
        run: F,
        held: Arc<AtomicU64>,
    ) -> Option<impl Future<Output = Result<F::Output, JoinError>> + use<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let here = Handle::current();
        // None only while it is dropped.
        let levels = self.0.as_ref()?;
        let much = levels.much.handle().clone();
        let turns = Turns { run: Some(Box::pin(run)), held, left: LITTLE };
        let little = AbortOnDropHandle::new(levels.little.spawn(TokioContext::new(turns, here.clone())));
        Some(async move {
            let mut over = little.await?;
            loop {
                over = match over {
                    Over::Ended(output) => return Ok(output),
                    Over::Computed(turns) => {
                        AbortOnDropHandle::new(much.spawn(TokioContext::new(turns, here.clone()))).await?
                    }
                }
            }
        })
    }
}

/// A run, how long it held its thread at once, and how much longer it may compute where it is.
struct Turns<F> {
    run: Option<Pin<Box<F>>>,
    held: Arc<AtomicU64>,
    left: Duration,
}

/// Why the turns of a run on threads of one level are over.
enum Over<F: Future> {
    /// The run has ended.
    Ended(F::Output),
    /// It has computed as much as it may there.
    Computed(Turns<F>),
}

impl<F: Future> Future for Turns<F> {
    type Output = Over<F>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Over<F>> {
        let Some(run) = &mut self.run else { return Poll::Pending };
        OFF_WORKER.set(Duration::ZERO);
        let start = worked();
        let polled = run.as_mut().poll(context);
        let (turn, off) = (worked().saturating_sub(start), OFF_WORKER.get());
        let held = turn.saturating_sub(off);
        self.held.fetch_max(u64::try_from(held.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.left = self.left.saturating_sub(turn);
        match polled {
            Poll::Ready(output) => Poll::Ready(Over::Ended(output)),
            Poll::Pending if self.left.is_zero() => {
                let goes_on = Turns { run: self.run.take(), held: self.held.clone(), left: Duration::MAX };
                Poll::Ready(Over::Computed(goes_on))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(Levels { little, much }) = self.0.take() {
            // The last run may be what drops them, on one of these very threads.
            little.shutdown_background();
            much.shutdown_background();
        }
    }
}

/// A runtime whose threads come after all others; none where the system gives no threads.
fn behind() -> Option<&'static Runtime> {
    static BEHIND: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
        let mut builder = Builder::new_multi_thread();
        builder.thread_name("work").on_thread_start(step_back).enable_all().build()
    });
    BEHIND.as_ref().ok()
}

/// Does work on a thread that comes after all others. What it calls on of tokio is the runtime that this is called in.
pub fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let here = Handle::current();
    match behind() {
        Some(behind) => behind.spawn_blocking(move || {
            let _here = here.enter();
            work()
        }),
        None => here.spawn_blocking(work),
    }
}

/// Waits for something whose connections, timers and tasks are carried on by threads that come after all others: a server
/// that never stops sending keeps nobody but its like waiting.
pub async fn apart<F: Future>(waited_for: F) -> F::Output {
    match behind() {
        Some(behind) => TokioContext::new(waited_for, behind.handle().clone()).await,
        None => waited_for.await,
    }
}

/// Does work on this thread. Another of the same kind takes over what this one had to do besides.
pub fn in_place<T>(work: impl FnOnce() -> T) -> T {
    if let Some(own) = OWN.with(|own| own.get().cloned()) {
        let (start, before) = (worked(), OFF_WORKER.get());
        // A run's context is that of whoever runs it, and a thread of theirs would take over.
        let entered = own.enter();
        let done = tokio::task::block_in_place(work);
        drop(entered);
        // What is within has been counted already.
        OFF_WORKER.set(before + worked().saturating_sub(start));
        return done;
    }
    match Handle::try_current().map(|here| here.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // There is no other.
        _ => work(),
    }
}

/// Does work on so many bytes. On a thread for plugins, what takes long is done [`in_place`]; elsewhere it is done as it
/// is. For what calls of plugins make others do at once. Never for work that calls the plugin, which may wait in the
/// middle and go on on another thread.
pub fn off_worker<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let is_worker = OWN.with(|own| own.get().is_some());
    if bytes < LARGE || !is_worker { work() } else { in_place(work) }
}

/// Makes this thread one for plugins.
fn join() {
    OWN.with(|own| {
        // It is so from its start.
        let _ = own.set(Handle::current());
    });
}

/// Has this thread come after all others of the process.
fn step_back() {
    // Elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    {
        let before = rustix::process::getpriority_process(None).unwrap_or_default();
        // Where it may not be, all are equal.
        let _ = rustix::process::setpriority_process(None, before + STEP_BACK);
    }
}

/// For how long this thread has worked. On a busy machine it waits besides for a processor, which is nobody's fault.
#[cfg(target_os = "linux")]
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
fn worked() -> Duration {
    use std::time::Instant;
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_run_that_holds_its_thread_holds_neither_ours_nor_the_others() {
        let workers = Workers::start().unwrap();
        let held = workers.spawn(async { std::thread::sleep(Duration::from_millis(400)) }, Arc::default()).unwrap();
        let start = Instant::now();
        let other =
            workers.spawn(async { tokio::time::sleep(Duration::from_millis(1)).await }, Arc::default()).unwrap();
        other.await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
        drop(held);
        assert!(start.elapsed() < Duration::from_millis(300), "giving up waits for nobody");
    }

    #[tokio::test]
    async fn work_that_takes_long_leaves_the_threads_of_plugins_to_the_others() {
        let workers = Workers::start().unwrap();
        let many = std::thread::available_parallelism().map_or(1, |count| count.get()) * 2 + FEWEST;
        let (release, held) = mpsc::channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(held));
        let all: Vec<_> = (0..many)
            .map(|_| {
                let held = held.clone();
                let work = move || held.lock().unwrap().recv().is_err();
                workers.spawn(async move { off_worker(LARGE, work) }, Arc::default()).unwrap()
            })
            .collect();
        let name = async { std::thread::current().name().unwrap_or_default().to_owned() };
        let other = workers.spawn(name, Arc::default()).unwrap();
        let other = tokio::time::timeout(Duration::from_secs(20), other).await;
        drop(release);
        let other = other.unwrap().unwrap();
        assert_eq!(other, "plugin", "more work than threads, and one of them is free all the same");
        for one in all {
            one.await.unwrap();
        }
    }

    fn compute(time: Duration) {
        let start = worked();
        while worked() - start < time {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn a_run_that_computes_much_goes_on_behind_the_others() {
        let workers = Workers::start().unwrap();
        let standing = || {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            #[cfg(target_os = "linux")]
            let name = format!("{name} {}", rustix::process::getpriority_process(None).unwrap());
            name
        };
        let run = async move {
            let first = standing();
            compute(LITTLE / 2);
            tokio::task::yield_now().await;
            let second = standing();
            compute(LITTLE);
            tokio::time::sleep(Duration::from_millis(1)).await;
            (first, second, standing())
        };
        let (first, second, third) = workers.spawn(run, Arc::default()).unwrap().await.unwrap();
        assert!(first.starts_with("plugin") && first == second, "{first}, {second}");
        assert!(third.starts_with("plugin-much"), "{third}");
        #[cfg(target_os = "linux")]
        {
            let priority = |told: &str| told.rsplit(' ').next().unwrap().parse::<i32>().unwrap();
            assert_eq!(priority(&third), (priority(&first) + STEP_BACK).min(19), "{first}, {third}");
        }
    }

    #[tokio::test]
    async fn the_longest_turn_is_told_without_what_nobody_waited_for() {
        let workers = Workers::start().unwrap();
        let held = Arc::new(AtomicU64::new(0));
        let run = async {
            compute(Duration::from_millis(30));
            tokio::task::yield_now().await;
            off_worker(LARGE, || compute(Duration::from_millis(300)));
        };
        workers.spawn(run, held.clone()).unwrap().await.unwrap();
        let held = Duration::from_nanos(held.load(Ordering::Relaxed));
        assert!(held >= Duration::from_millis(30) && held < Duration::from_millis(200), "{held:?}");
    }

    #[test]
    fn work_elsewhere_is_done_where_it_is() {
        assert_eq!(off_worker(usize::MAX, || 1), 1);
        assert_eq!(in_place(|| 1), 1);
    }

    #[tokio::test]
    async fn what_is_begun_apart_goes_on_behind_the_others() {
        let spawned = apart(async { tokio::spawn(async { std::thread::current().name().map(str::to_owned) }).await });
        assert_eq!(spawned.await.unwrap().as_deref(), Some("work"));
        apart(tokio::time::sleep(Duration::from_millis(1))).await;
    }

    #[tokio::test]
    async fn work_that_comes_after_all_others_may_wait_for_what_its_caller_can_wait_for() {
        let waited = work(|| {
            Handle::current().block_on(tokio::time::sleep(Duration::from_millis(1)));
            std::thread::current().name().unwrap_or_default().to_owned()
        });
        assert_eq!(waited.await.unwrap(), "work");
    }
}
