//! `tradewire template`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use tradewire_middleware::scaffold::Scheme;
use url::Url;

#[derive(Debug, Subcommand)]
pub enum Template {
    /// Writes a new pack that maps every field of the contracts.
    New(New),
    /// Checks packs with samples, hostile values and the contracts.
    Check(Check),
    /// Shows what a pack makes of a call, and of the vendor's answer.
    Preview(Preview),
    /// Runs the tests of packs: `Tests/<endpoint>/<case>.json`.
    Test(Test),
}

#[derive(Debug, Args)]
pub struct New {
    /// The folder of the new pack.
    pub folder: PathBuf,
    /// The endpoints, with commas between them, or `all`.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    pub endpoints: Vec<String>,
    /// The vendor's address.
    #[arg(long, default_value = "https://vendor.example.com")]
    pub base_url: Url,
    /// How the vendor authenticates.
    #[arg(long, value_enum, default_value_t = Auth::ApiKey)]
    pub auth: Auth,
}

/// How a vendor authenticates.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Auth {
    /// A key in a header.
    ApiKey,
    /// HTTP Basic.
    Basic,
    /// OAuth 2.0 client credentials.
    #[value(name = "oauth2")]
    OAuth2,
    /// The caller's own authorization.
    PassThrough,
    /// Not at all.
    None,
}

impl From<Auth> for Scheme {
    fn from(auth: Auth) -> Scheme {
        match auth {
            Auth::ApiKey => Scheme::ApiKey,
            Auth::Basic => Scheme::Basic,
            Auth::OAuth2 => Scheme::OAuth2,
            Auth::PassThrough => Scheme::PassThrough,
            Auth::None => Scheme::None,
        }
    }
}

#[derive(Debug, Args)]
pub struct Check {
    /// The folders of packs [default: every pack below `templates`].
    pub packs: Vec<PathBuf>,
    /// Treats warnings as errors.
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub struct Preview {
    /// The folder of the pack.
    pub pack: PathBuf,
    /// The endpoint.
    pub endpoint: String,
    /// A file with ServiceTitan's call: its body, or `headers` and `body` [default: the pack's `Sandbox_Request.json`, or
    /// every field of the contract].
    #[arg(long)]
    pub input: Option<PathBuf>,
    /// A file with the vendor's answer: its body, or `statusCode`, `headers` and `body` [default: the pack's
    /// `Sandbox_Response.json`, or what the template reads].
    #[arg(long, conflicts_with = "status")]
    pub answer: Option<PathBuf>,
    /// The status of the answer, to see what becomes of a failure.
    #[arg(long, value_parser = clap::value_parser!(u16).range(200..600))]
    pub status: Option<u16>,
    /// The vendor's address in place of the pack's own.
    #[arg(long)]
    pub base_url: Option<Url>,
    /// Shows it again whenever a file is saved.
    #[arg(long)]
    pub watch: bool,
}

#[derive(Debug, Args)]
pub struct Test {
    /// The folders of packs [default: every pack below `templates`].
    pub packs: Vec<PathBuf>,
    /// Rewrites what failing tests expect.
    #[arg(long)]
    pub update: bool,
}
