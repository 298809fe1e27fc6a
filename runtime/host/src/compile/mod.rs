//! Turning components into machine code, within limits.
//!
//! What a component asks for is read first, and compiling begins only once that is in order. A component of a few
//! kilobytes can keep a compiler busy for hours, and nothing can interrupt it: so it works in a process of its own,
//! which is bound by the system and can be ended.

mod abandon;
mod asks;
mod child;
mod frame;
mod process;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub use abandon::Abandon;
use abandon::Waited;
pub(crate) use asks::{Asks, ImportKind};
pub use child::compile_child;

use crate::limits::{CompileLimits, Limit};
use crate::load_error::LoadError;

/// Who compiles components.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Compiler {
    /// This process. [`CompileLimits::component`] alone binds it: only for components that are trusted.
    #[default]
    InProcess,
    /// A process of its own for each component, bound by all of [`CompileLimits`].
    Child {
        /// A program that does nothing but call [`compile_child`] when it is started with these arguments. It must be
        /// built with this very version of this crate.
        program: PathBuf,
        /// What it is started with.
        arguments: Vec<String>,
    },
}

impl Compiler {
    /// The program that is running, started with these arguments.
    pub fn this_program(arguments: &[&str]) -> std::io::Result<Compiler> {
        // By this name it is the same program even when another was put in its place on disk.
        let running = PathBuf::from("/proc/self/exe");
        let program = if running.exists() { running } else { std::env::current_exe()? };
        Ok(Compiler::Child { program, arguments: arguments.iter().map(|&word| word.to_owned()).collect() })
    }
}

/// How many compile at once in one engine.
const AT_ONCE: usize = 2;

/// Compiles for one engine.
#[derive(Clone)]
pub(crate) struct Compiling {
    compiler: Compiler,
    run_memory: usize,
    busy: Arc<Mutex<usize>>,
}

impl Compiling {
    pub fn new(compiler: Compiler, run_memory: usize) -> Compiling {
        Compiling { compiler, run_memory, busy: Arc::default() }
    }

    /// The machine code of a component, once `review` has found what it asks for in order.
    pub fn compile(
        &self,
        engine: &wasmtime::Engine,
        component: &[u8],
        limits: CompileLimits,
        abandon: &Abandon,
        review: impl FnOnce(&Asks) -> Result<(), LoadError>,
    ) -> Result<Vec<u8>, LoadError> {
        if component.len() > limits.component {
            let (limit, size) = (limits.component, component.len());
            return Err(LoadError::Limit(Limit::Component { limit, size }));
        }
        let _turn = self.turn(abandon)?;
        match &self.compiler {
            Compiler::InProcess => {
                let invalid = |why: String| LoadError::Invalid(wasmtime::Error::msg(why));
                review(&Asks::read(component).map_err(invalid)?)?;
                engine.precompile_component(component).map_err(LoadError::Invalid)
            }
            Compiler::Child { program, arguments } => {
                let run_memory = self.run_memory;
                process::Job { program, arguments, run_memory, limits, abandon }.compile(component, review)
            }
        }
    }

    /// Waits until fewer than [`AT_ONCE`] compile.
    fn turn(&self, abandon: &Abandon) -> Result<Turn<'_>, LoadError> {
        let mut turn = None;
        let waited = abandon.wait(std::time::Duration::MAX, || {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            if *busy < AT_ONCE {
                *busy += 1;
                turn = Some(Turn(&self.busy));
            }
            turn.is_some()
        });
        match (waited, turn) {
            (Waited::Come, Some(turn)) => Ok(turn),
            _ => Err(LoadError::Abandoned),
        }
    }
}

/// One that compiles, until it is dropped.
struct Turn<'a>(&'a Mutex<usize>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}
