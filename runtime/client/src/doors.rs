//! The doors through which one application is called on behalf of one tenant: its connections, its pace, its tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tradewire_outbound::{self as outbound, Reach, Use};
use tradewire_secrets::Watch;
use url::Url;

use crate::meter::Counters;
use crate::options::Options;
use crate::pace::Pace;
use crate::token::Tokens;

/// The doors of one tenant.
pub(crate) struct Doors {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pace: Arc<Pace>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) counters: Counters,
}

/// What the tenants of an application share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) api: Url,
    pub(crate) http: Connections,
    pub(crate) app_key: HeaderValue,
    /// Sees the app key in an answer.
    pub(crate) watch: Watch,
    pub(crate) tenants: Arc<Tenants>,
}

/// What the handles of a tenant share.
#[derive(Default)]
pub(crate) struct Tenants {
    pub(crate) paces: Mutex<HashMap<i64, Arc<Pace>>>,
    pub(crate) tokens: Mutex<HashMap<(i64, String), Arc<Tokens>>>,
}

/// The connections of an application: to the API and to where tokens come from, which the operator has named, and to
/// wherever the API says that a file is.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) api: outbound::Client,
    pub(crate) tokens: outbound::Client,
    /// Made when the first file is somewhere else.
    files: Arc<OnceLock<Result<outbound::Client, outbound::SetupError>>>,
}

impl Connections {
    /// Opens none of them.
    pub(crate) fn new(options: &Options) -> Result<Connections, outbound::SetupError> {
        let api = builder(options, Use::ServiceTitan, Reach::to(options.environment.origins())).build()?;
        Ok(Connections { tokens: api.used_for(Use::ServiceTitanTokens), api, files: Arc::default() })
    }

    /// To where files are.
    pub(crate) fn files(&self, options: &Options) -> Result<outbound::Client, outbound::SetupError> {
        let made = self.files.get_or_init(|| {
            let here = options.environment.is_loopback();
            let reach = Reach::to(options.environment.origins()).and_strangers(here);
            builder(options, Use::ServiceTitanFiles, reach).build()
        });
        made.clone()
    }
}

fn builder(options: &Options, usage: Use, reach: Reach) -> outbound::Builder {
    outbound::Client::builder(usage, reach)
        .ca(options.ca.clone())
        .user_agent(&options.user_agent)
        .connect(options.connect_timeout)
        .piece(Some(options.timeout))
        // Shorter than any server's own, so that a write seldom meets a connection that is just being closed.
        .idle(Some(Duration::from_secs(30)))
}
