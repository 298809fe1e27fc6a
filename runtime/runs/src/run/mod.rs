//! One run: what it is given, what executes it, what it produces, and how it ends.

mod calls;
mod cancellation;
mod events;
mod execute;
mod file_name;
mod job;
mod runner;
mod workspace;

pub use calls::CallLedger;
pub use cancellation::Cancellation;
pub use events::RunEvents;
pub use execute::{Attempt, Execute};
pub(crate) use file_name::TOTAL_SUFFIX;
pub use file_name::{FileName, FileNameError};
pub use job::{Failure, Job, Summary};
pub use runner::{
    DeliverError, Observer, OpenRun, Preview, PreviewedFile, Report, Request, RunError, Runner, RunnerOptions,
};
pub use workspace::{FileError, OutputFile, Produced, Workspace};
