//! Loading a configuration beside what is served: nothing that is served waits for it, and it can be given up.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tradewire_executor::{Executor, Loading};

use super::loaded::Loaded;
use crate::cli::Paths;

/// How long it is waited for before that is told, and before everything else is served.
const PATIENCE: Duration = Duration::from_secs(5);

/// A configuration that is being loaded on a thread of its own. Dropped, it is given up.
pub struct Load {
    thread: JoinHandle<Result<Loaded>>,
    loading: Arc<Loading>,
    /// When it is told what takes so long.
    tell: Option<Instant>,
}

/// How far it is.
pub enum Progress {
    /// It takes long, because of these plugins. Told once.
    Compiling(Vec<String>),
    /// It is over.
    Done(Box<Result<Loaded>>),
}

impl Load {
    /// Begins to load the configuration in place of this one.
    pub fn begin(paths: &Arc<Paths>, before: Option<Arc<Executor>>) -> Load {
        Load::with(paths, before, Loading::of_all())
    }

    fn with(paths: &Arc<Paths>, before: Option<Arc<Executor>>, loading: Loading) -> Load {
        let (paths, loading) = (paths.clone(), Arc::new(loading));
        let seen = loading.clone();
        let thread = tokio::task::spawn_blocking(move || Loaded::load(&paths, before.as_deref(), &seen));
        Load { thread, loading, tell: Some(Instant::now() + PATIENCE) }
    }

    /// What is to be told next. Nothing is lost where it is not waited for to the end; nothing comes after the end.
    pub async fn next(&mut self) -> Progress {
        loop {
            let tell = self.tell.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                loaded = &mut self.thread => {
                    return Progress::Done(Box::new(loaded.unwrap_or_else(|error| Err(error.into()))));
                }
                () = tokio::time::sleep_until(tell), if self.tell.is_some() => {
                    self.tell = None;
                    let names = self.loading.at_work();
                    if !names.is_empty() {
                        return Progress::Compiling(names);
                    }
                }
            }
        }
    }

    /// To its end.
    async fn done(mut self) -> Result<Loaded> {
        loop {
            if let Progress::Done(loaded) = self.next().await {
                return *loaded;
            }
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.loading.abandon.abandon();
    }
}

/// The configuration to begin with: whole where that takes no longer than [`PATIENCE`]; else without the plugins that
/// have to be compiled first, and what goes on to load it whole.
pub async fn first(paths: &Arc<Paths>) -> Result<(Loaded, Option<Load>)> {
    let compiled = match Load::with(paths, None, Loading::of_compiled()).done().await {
        Ok(loaded) if loaded.executor.missing().is_empty() => return Ok((loaded, None)),
        Ok(loaded) => loaded,
        // All faults are told at once: also those of plugins that were left out.
        Err(_) => return Ok((Load::begin(paths, None).done().await?, None)),
    };
    let mut load = Load::begin(paths, Some(compiled.executor.clone()));
    match load.next().await {
        Progress::Done(loaded) => Ok(((*loaded)?, None)),
        Progress::Compiling(_) => Ok((compiled, Some(load))),
    }
}
