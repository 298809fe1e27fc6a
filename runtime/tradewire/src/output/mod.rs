//! What is printed: text for people, JSON for scripts, progress on a terminal. All that the program prints passes here: all
//! secrets are masked, and what others wrote (names of files, messages of vendors, headers) is shown, not obeyed, by a
//! terminal.

mod queue;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Value, json};
use tradewire_config::ConfigError;
use tradewire_executor::Faults;
use tradewire_secrets::{MaskWriter, all, mask, mask_json};
use tradewire_text::{cut, visible_but};

pub use queue::Queued;
use queue::{Lines, Stream};

/// The events that are told unless `TRADEWIRE_LOG` says otherwise: of libraries errors only, since strangers on the
/// network choose what those warn of. What a certificate is refused for is told by whoever wanted to connect.
const USUAL: &str = "error,tradewire=warn,rustls_platform_verifier=off";

/// How many faults are told at a time: of what others wrote there may be any number.
const MOST_FAULTS: usize = 200;

/// How many bytes of what is wrong in all are told beside the faults themselves.
const LONGEST_ERROR: usize = 16 * 1024;

/// Prints results to standard output, everything else to standard error.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub fn new(json: bool, quiet: bool) -> Self {
        Output { json, quiet }
    }

    /// From now on whoever reads the output slowly keeps nobody waiting, until what this returns is dropped.
    pub fn queued(&self) -> Queued {
        Queued::begin(self.json)
    }

    /// Whether a script reads.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether nobody wants to know more than the result.
    pub fn is_silent(&self) -> bool {
        self.json || self.quiet
    }

    /// Whether errors may have colours.
    fn colour(&self) -> bool {
        !self.json && stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
    }

    /// Sends the runtime's own events to standard error: `TRADEWIRE_LOG` says which, warnings by default.
    pub fn trace(&self) {
        let filter = tracing_subscriber::EnvFilter::try_from_env("TRADEWIRE_LOG");
        let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(USUAL));
        let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Events::to(Lines));
        let events = events.with_ansi(self.colour());
        // Only the first call of a process can set it; that is this one.
        let _ = if self.json { events.json().try_init() } else { events.try_init() };
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // What the usual hook prints cannot be masked: it is for panics that tell nothing of a secret.
            match shown(&panic.to_string()) {
                Cow::Borrowed(_) => print(panic),
                Cow::Owned(shown) => drop(writeln!(stderr(), "\n{shown}")),
            }
        }));
    }

    /// A result: `text` for people, `value` for scripts.
    pub fn result(&self, text: &str, value: &impl Serialize) {
        match self.json.then(|| serde_json::to_string(value)) {
            Some(Ok(json)) => print_document(&json),
            _ => print(text.trim_end()),
        }
    }

    /// A result whose JSON is written already.
    pub fn document(&self, text: &str, json: &str) {
        if self.json { print_document(json) } else { print(text.trim_end()) }
    }

    /// A fault of something that was looked at, for people; a script finds it in the result. Nobody who wants errors only
    /// wants to see those that are none.
    pub fn fault(&self, fault: &impl std::fmt::Display, is_error: bool) {
        if !self.json && (is_error || !self.quiet) {
            tell(&fault.to_string());
        }
    }

    /// What is going on, for people who wait.
    pub fn note(&self, text: &str) {
        if !self.is_silent() {
            tell(text);
        }
    }

    /// What went wrong, for people; a script finds it in the result.
    pub fn failure(&self, text: &str) {
        if !self.json {
            tell(&format!("error: {text}"));
        }
    }

    /// An error, with all that led to it.
    pub fn error(&self, error: &anyhow::Error) {
        let faulty = error.downcast_ref::<ConfigError>().filter(|error| !error.faults().is_empty());
        let faults = error.downcast_ref::<Faults>().map(Faults::each);
        match (self.json, faulty, faults) {
            (true, Some(error), _) => tell(&faulty_document("the configuration has faults", error.faults())),
            (true, _, Some(faults)) => tell(&faulty_document(&cut(&chain(error), LONGEST_ERROR), faults)),
            (true, ..) => tell(&masked_document(json!({ "error": chain(error) }))),
            (false, Some(error), _) if self.colour() => tell_coloured(&error.render(true)),
            (false, Some(error), _) => tell(&error.render(false)),
            (false, _, Some(faults)) => {
                faults.iter().take(MOST_FAULTS).for_each(|fault| tell(&format!("error: {fault}")));
                if faults.len() > MOST_FAULTS {
                    tell(&format!(
                        "error: and {} more faults, which are told when these are mended",
                        faults.len() - MOST_FAULTS
                    ));
                }
            }
            (false, ..) => tell(&format!("error: {}", chain(error))),
        }
    }

    /// Shows that something takes time: a spinner on a terminal, plain lines elsewhere.
    pub fn busy(&self, text: &str) -> Busy {
        let busy = Busy { bar: None, silent: self.is_silent() };
        if busy.silent || !stderr().is_terminal() {
            self.note(text);
            return busy;
        }
        let bar = ProgressBar::new_spinner().with_message(shown(text).into_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Busy { bar: Some(bar), ..busy }
    }
}

/// A line of results.
fn print(text: &str) {
    // What goes into a file is to be what it was.
    let text = if stdout().is_terminal() { shown(text) } else { mask(text) };
    queue::write(Stream::Out, &text);
}

/// A document as it was written, unless there is something to mask in it.
fn print_document(json: &str) {
    match mask(json) {
        Cow::Borrowed(json) => print(json),
        Cow::Owned(masked) => print(&serde_json::from_str(json).map_or(masked, masked_document)),
    }
}

/// A line of everything else.
fn tell(text: &str) {
    queue::write(Stream::Err, &shown(text));
}

/// The same with colours of ours, in which nothing of others' is obeyed.
fn tell_coloured(text: &str) {
    queue::write(Stream::Err, &mask(text));
}

/// A text as it may be shown: without secrets, and with nothing that a terminal obeys but lines and tabs, which are ours.
/// Escaped as in JSON, a document stays one.
fn shown(text: &str) -> Cow<'_, str> {
    let plain = |c| matches!(c, '\n' | '\t');
    match mask(text) {
        Cow::Borrowed(text) => visible_but(text, plain),
        Cow::Owned(masked) => Cow::Owned(visible_but(&masked, plain).into_owned()),
    }
}

/// A document whose texts hold no secret. Masked as a tree it stays one, whatever the secret is.
fn masked_document(mut value: Value) -> String {
    mask_json(&mut value);
    value.to_string()
}

/// Faults for a script.
fn faulty_document<F: Serialize>(error: &str, faults: &[F]) -> String {
    let told = &faults[..faults.len().min(MOST_FAULTS)];
    masked_document(json!({ "error": error, "faults": told, "more": faults.len() - told.len() }))
}

/// What the runtime's events are written to: without secrets, and each on one line, whatever others wrote is in it.
struct Events<W: Write>(MaskWriter<'static, W>);

impl<W: Write> Events<W> {
    fn to(inner: W) -> Events<W> {
        Events(MaskWriter::new(all(), inner))
    }
}

impl<W: Write> Write for Events<W> {
    /// An event is written at a go.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        // Those that are left of what begins a colour are the subscriber's own; it has escaped all others.
        let line = visible_but(line, |c| matches!(c, '\t' | '\u{1b}'));
        self.0.write_all([&*line, end].concat().as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// An error and its causes, but for those that an error's own text tells already.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        match text.as_str() {
            "" => text = cause,
            told if told.contains(&cause) => {}
            _ => text += &format!(": {cause}"),
        }
    }
    text
}

/// Something that takes time; over when it is dropped.
pub struct Busy {
    bar: Option<ProgressBar>,
    silent: bool,
}

impl Busy {
    /// Says what it is at now.
    pub fn at(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(shown(text).into_owned()),
            None => self.line(text),
        }
    }

    /// Prints a line without tearing the spinner.
    pub fn line(&self, text: &str) {
        match &self.bar {
            _ if self.silent => {}
            Some(bar) => bar.println(shown(text)),
            None => tell(text),
        }
    }

    /// Prints something else without tearing the spinner.
    pub fn apart(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_others_wrote_is_shown_and_not_obeyed() {
        assert_eq!(shown("a\tb\nc"), "a\tb\nc");
        assert_eq!(shown("pack\u{1b}[2J\r\u{9b}1m \u{202e}"), "pack\\u001b[2J\\r\\u009b1m \\u202e");
        let document = json!({ "name": "a\u{9b}b\u{7f}" });
        assert_eq!(serde_json::from_str::<Value>(&shown(&document.to_string())).unwrap(), document);
    }

    #[test]
    fn an_event_is_one_line() {
        let mut written = Vec::new();
        Events::to(&mut written).write_all(b"\x1b[33mWARN\x1b[0m of a vendor: b\nerror: all is well\r\n").unwrap();
        assert_eq!(written, b"\x1b[33mWARN\x1b[0m of a vendor: b\\nerror: all is well\\r\n");
    }
}
