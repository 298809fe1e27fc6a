//! What a plugin may do besides calling ServiceTitan: files and log lines.

use tradewire_text::{cut, shown};
use wasmtime::component::Resource;

use super::RunState;
use super::contract::tradewire::plugin::files;
use super::contract::wasi::logging::logging;
use crate::sink::{Level, OutputFile};

/// The most bytes of one message to the log, of however many lines it is.
const LONGEST_LOGGED: usize = 64 * 1024;

/// A file of the run, as a plugin's resource.
pub struct File(Box<dyn OutputFile>);

impl files::Host for RunState {
    async fn create(&mut self, name: String, content_type: String) -> wasmtime::Result<Result<Resource<File>, String>> {
        let sink = self.sink.clone();
        match sink.create(&name, &content_type).await {
            Ok(file) => Ok(Ok(self.table.push(File(file))?)),
            Err(problem) => Ok(Err(problem)),
        }
    }
}

impl files::HostFile for RunState {
    async fn write(&mut self, file: Resource<File>, bytes: Vec<u8>) -> wasmtime::Result<Result<(), String>> {
        Ok(self.table.get_mut(&file)?.0.write(&bytes).await)
    }

    async fn finish(
        &mut self,
        file: Resource<File>,
        totals: Vec<files::Total>,
    ) -> wasmtime::Result<Result<(), String>> {
        let totals = totals.into_iter().map(|total| (total.name, total.value)).collect();
        Ok(self.table.delete(file)?.0.finish(totals).await)
    }

    async fn drop(&mut self, file: Resource<File>) -> wasmtime::Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}

impl logging::Host for RunState {
    fn log(&mut self, level: logging::Level, context: String, message: String) -> wasmtime::Result<()> {
        let level = match level {
            logging::Level::Trace => Level::Trace,
            logging::Level::Debug => Level::Debug,
            logging::Level::Info => Level::Info,
            logging::Level::Warn => Level::Warn,
            logging::Level::Error | logging::Level::Critical => Level::Error,
        };
        self.sink.log(level, &shown(&context), &cut(&message, LONGEST_LOGGED));
        Ok(())
    }
}
