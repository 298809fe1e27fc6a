//! `tradewire export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Export {
    /// Adds an export to the configuration. It makes the configuration if there is none.
    ///
    /// On a terminal it asks for whatever no option says. The configuration keeps its comments and its layout. If the
    /// result would have faults, they are printed and nothing is written.
    New(Box<New>),
    /// Shows what a run would deliver. It sends, delivers and records nothing.
    ///
    /// The plugin runs, and ServiceTitan answers what it reads. A write is answered from the journal if an earlier run
    /// of the window made it. Any other write is refused and shown. The exit code is 1 if a run would fail.
    Preview(Preview),
    /// Compares two deliveries of one window, row by row and by their totals.
    Diff(Diff),
}

#[derive(Debug, Args)]
pub struct Preview {
    #[command(flatten)]
    pub window: Window,
    /// The number of rows to show of each file.
    #[arg(long, default_value_t = 20)]
    pub rows: usize,
    /// Keeps the files in this folder. No file is overwritten.
    #[arg(long)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    pub window: Window,
    /// The two versions [default: the latest two].
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"], value_parser = clap::value_parser!(u32).range(1..))]
    pub versions: Option<Vec<u32>>,
    /// Compares what was delivered last with what a run would deliver now.
    #[arg(long, conflicts_with = "versions")]
    pub preview: bool,
    /// The columns that identify a row, with commas between them [default: the fewest that do].
    #[arg(long, value_delimiter = ',')]
    pub key: Vec<String>,
    /// The number of differences to show of each kind. `--json` has all.
    #[arg(long, default_value_t = 50)]
    pub rows: usize,
    #[command(flatten)]
    pub paths: Paths,
}

/// Which export, for whom and for when.
#[derive(Debug, Args)]
pub struct Window {
    /// The export.
    pub export: String,
    /// The tenant [default: all tenants of the export].
    #[arg(long)]
    pub tenant: Option<String>,
    /// The start of the window [default: the latest complete window; for `diff` the latest that was delivered].
    #[arg(long, requires = "to")]
    pub from: Option<String>,
    /// The end of the window. It is not part of the window.
    #[arg(long, requires = "from")]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
pub struct New {
    /// The export's name.
    pub name: Option<String>,
    /// The plugin: one of the configuration, or a new one.
    #[arg(long)]
    pub plugin: Option<String>,
    /// The component of a new plugin.
    #[arg(long)]
    pub source: Option<PathBuf>,
    /// The payroll provider, of `payroll-export`.
    #[arg(long)]
    pub provider: Option<String>,
    /// A setting, `name=value`; may be given several times.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    pub settings: Vec<(String, String)>,
    /// A tenant; may be given several times. One that the configuration does not have is added to it.
    #[arg(long = "tenant")]
    pub tenants: Vec<String>,
    /// A vendor that a new plugin may call; may be given several times.
    #[arg(long = "vendor")]
    pub vendors: Vec<String>,
    /// When it runs, as a cron expression in the tenant's time zone; `never`: only when asked.
    #[arg(long)]
    pub cron: Option<String>,
    /// What a run accounts for: slot, day, week, month [default: slot, where it has a schedule].
    #[arg(long)]
    pub window: Option<String>,
    /// Where its files go: a delivery of the configuration, or a folder, of which a delivery is made.
    #[arg(long)]
    pub deliver: Option<String>,
    /// Of a new configuration: production, integration, sandbox, or an address.
    #[arg(long)]
    pub environment: Option<String>,
    /// Of a new configuration: where the application's key is: `env:NAME`, `file:PATH`, `vault:NAME`.
    #[arg(long, value_name = "REFERENCE")]
    pub app_key: Option<String>,
    /// Of a new tenant: its number at ServiceTitan.
    #[arg(long)]
    pub tenant_id: Option<i64>,
    /// Of a new tenant: its client id, which is no secret.
    #[arg(long)]
    pub client_id: Option<String>,
    /// Of a new tenant: where its client secret is: `env:NAME`, `file:PATH`, `vault:NAME`.
    #[arg(long, value_name = "REFERENCE")]
    pub client_secret: Option<String>,
    /// Of a new tenant: its time zone, such as America/Phoenix.
    #[arg(long)]
    pub timezone: Option<String>,
    #[command(flatten)]
    pub paths: Paths,
}

/// Where a secret is: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `env`, `file` or `vault`.
    pub kind: &'static str,
    /// The variable, the file, or the name in the vault.
    pub name: String,
}

/// `env:NAME`, `file:PATH`, `vault:NAME`.
pub fn reference(text: &str) -> Result<Reference, String> {
    let kinds = ["env", "file", "vault"];
    let found = text.split_once(':').and_then(|(kind, name)| Some((*kinds.iter().find(|k| **k == kind)?, name.trim())));
    match found {
        Some((kind, name)) if !name.is_empty() => Ok(Reference { kind, name: name.to_owned() }),
        // It may be the secret itself: it is not repeated.
        _ => Err("write where the secret is: `env:NAME`, `file:PATH` or `vault:NAME`".to_owned()),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write `name=value`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_reference_and_never_repeated() {
        assert_eq!(reference("env:ST_APP_KEY"), Ok(Reference { kind: "env", name: "ST_APP_KEY".into() }));
        assert!(reference("cs1.the-secret-itself").is_err_and(|told| !told.contains("cs1")));
        assert!(reference("env:").is_err());
    }
}
