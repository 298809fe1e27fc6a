//! Loading the plugins of a configuration: read, looked at and compiled within their limits, two at a time.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tradewire_config::{self as config, Config};
use tradewire_host::{Abandon, CompileLimits, Engine, LoadError, LoadOptions, Plugin, read_component};

use crate::Loaded;
use crate::faults::Faults;

/// The word that this program is started with to compile one component, and nothing else.
pub const COMPILER: &str = "compile-plugin";

/// How many plugins are loaded at a time.
const AT_ONCE: usize = 2;

/// How the plugins of a configuration are loaded, and how far that is.
#[derive(Debug)]
pub struct Loading {
    /// Whether what is not compiled yet is compiled; else it is left out.
    pub compile: bool,
    /// Gives it up.
    pub abandon: Abandon,
    at_work: Mutex<BTreeSet<String>>,
}

impl Loading {
    /// Of all plugins, to the end.
    pub fn of_all() -> Loading {
        Loading { compile: true, abandon: Abandon::default(), at_work: Mutex::default() }
    }

    /// Of those that are compiled.
    pub fn of_compiled() -> Loading {
        Loading { compile: false, ..Loading::of_all() }
    }

    /// The plugins that are being loaded.
    pub fn at_work(&self) -> Vec<String> {
        self.names(|names| names.iter().cloned().collect())
    }

    fn names<T>(&self, see: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        see(&mut self.at_work.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The plugins that could be loaded, and the names of those that have to be compiled first.
#[derive(Default)]
pub(crate) struct Plugins {
    pub loaded: HashMap<String, Loaded>,
    pub missing: Vec<String>,
}

/// Loads the plugins; what cannot be is told.
pub(crate) fn load(config: &Config, engine: &Engine, loading: &Loading, faults: &mut Faults) -> Plugins {
    let wanted: Vec<&config::Plugin> = config.plugins.values().collect();
    let next = AtomicUsize::new(0);
    let one_after_the_other = || {
        let mut done = Vec::new();
        while let Some((number, plugin)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, wanted.get(n)?)))
        {
            loading.names(|names| names.insert(plugin.name.clone()));
            done.push((number, one(plugin, engine, loading)));
            loading.names(|names| names.remove(&plugin.name));
        }
        done
    };
    let mut done: Vec<(usize, Result<Plugin, Fault>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE.min(wanted.len())).map(|_| scope.spawn(one_after_the_other)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    let mut plugins = Plugins::default();
    for (number, result) in done {
        let plugin = wanted[number];
        let (name, source) = (&plugin.name, plugin.source.display());
        match result {
            Err(Fault::Unreadable(error)) => faults.add(format!(
                "cannot read plugin `{name}` from `{source}`: {error}; help: correct `source` of `[plugin.{name}]`, or \
                 build the component"
            )),
            Err(Fault::Load(LoadError::NotCompiled)) => plugins.missing.push(name.clone()),
            Err(Fault::Load(error)) => {
                let place = format!("{}:{}", config.path.display(), plugin.grant_line);
                faults.add(format!("plugin `{name}` ({source}, granted at {place}): {error}"));
            }
            Ok(loaded) => {
                if loaded.uses_middleware() && plugin.middleware.is_empty() {
                    let first = config.middleware.keys().next().map_or("<vendor>", String::as_str);
                    faults.add(format!(
                        "plugin `{name}` ({source}) calls vendors and is granted none; help: add `middleware = \
                         [\"{first}\"]` to `[plugin.{name}]`, or one endpoint: `[\"{first}/purchaseorder\"]`"
                    ));
                }
                let vendors = plugin.middleware.clone();
                plugins.loaded.insert(name.clone(), Loaded { plugin: loaded, vendors });
            }
        }
    }
    plugins
}

enum Fault {
    Unreadable(std::io::Error),
    Load(LoadError),
}

fn one(plugin: &config::Plugin, engine: &Engine, loading: &Loading) -> Result<Plugin, Fault> {
    let bytes = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let limits = CompileLimits {
        component: bytes(plugin.limits.component),
        time: plugin.limits.compile_time,
        memory: bytes(plugin.limits.compile_memory),
    };
    let component = read_component(&plugin.source, &limits)
        .map_err(|error| error.downcast().map_or_else(Fault::Unreadable, Fault::Load))?;
    let options =
        LoadOptions { limits, compile: loading.compile, abandon: loading.abandon.clone(), ..LoadOptions::default() };
    Plugin::load_with(engine, &component, plugin.grants.clone(), &options).map_err(Fault::Load)
}
