//! Buckets of S3-compatible stores. An object appears whole or not at all, so all is done when it is published: in one
//! request, or in parts where it is large, and either way only where the store has no object of that name
//! (`If-None-Match: *`). Our own objects are told by their metadata, so that a try whose answer was lost is not made
//! twice.
//!
//! A process that dies within an upload in parts leaves the parts to the store, which shows them to nobody and charges
//! for them: a lifecycle rule, `AbortIncompleteMultipartUpload`, removes them.

mod client;
mod fault;
mod object;
mod settings;

use std::fmt;

use async_trait::async_trait;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path;
use object_store::{MultipartUpload as _, ObjectStoreExt as _, RetryConfig};
use secrecy::ExposeSecret as _;
use tradewire_outbound::{Origin, Reach};
use url::Url;

use self::client::{Answers, Client};
use self::object::Open;
pub use self::settings::S3Settings;
use crate::settings::{address, check_plain, check_timeout, check_url, decoded_path};
use crate::{Destination, DestinationError, Item, Published, SettingsError, Upload};

const EXAMPLE: &str = "s3://bucket/prefix";
/// What Amazon's buckets are below.
const AMAZON: &str = "amazonaws.com";
/// From this size on a file goes in parts, each of this size but the last. It bounds what is in memory, and, by how
/// many parts there may be, the largest file: 78 GiB.
const PART: u64 = 8 * 1024 * 1024;

/// A bucket of an S3-compatible store.
pub struct S3 {
    address: String,
    bucket: String,
    prefix: Path,
    builder: AmazonS3Builder,
    client: Client,
}

impl S3 {
    /// The destination that these settings describe. Nothing is connected yet.
    pub fn new(settings: S3Settings) -> Result<Self, SettingsError> {
        let S3Settings {
            url,
            region,
            endpoint,
            access_key_id,
            secret_access_key,
            session_token,
            timeout,
            allow_http,
            ca,
        } = settings;
        let fault = |setting, message: String| Err(SettingsError::new(setting, message));
        if url.scheme() != "s3" {
            return fault("url", format!("it is no address of S3; write `{EXAMPLE}`"));
        }
        check_url(&url, EXAMPLE)?;
        if url.port().is_some() || url.query().is_some() {
            return fault(
                "url",
                format!("it has a port or a part after `?`; write `{EXAMPLE}`, and `endpoint` beside it"),
            );
        }
        let prefix = decoded_path(&url)?;
        let prefix = Path::parse(prefix.trim_start_matches('/'))
            .map_err(|_| SettingsError::new("url", "its prefix has an empty part, `.` or `..`; take that out"))?;
        for (setting, value) in [("region", &region), ("access_key_id", &access_key_id)] {
            if value.is_empty() || value.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return fault(
                    setting,
                    "it is empty or holds white space; write it as the store's operator gave it".into(),
                );
            }
        }
        check_timeout(timeout)?;
        let bucket = url.host_str().unwrap_or_default().to_owned();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket)
            .with_region(region)
            .with_access_key_id(access_key_id)
            .with_secret_access_key(secret_access_key.expose_secret())
            .with_checksum_algorithm(Checksum::SHA256)
            .with_retry(RetryConfig { max_retries: 2, retry_timeout: timeout, ..RetryConfig::default() })
            .with_virtual_hosted_style_request(endpoint.is_none());
        if let Some(token) = session_token {
            builder = builder.with_token(token.expose_secret());
        }
        let reach = match endpoint {
            Some(endpoint) => {
                check_endpoint(&endpoint)?;
                check_plain("endpoint", &endpoint, allow_http, "read the files")?;
                let plain = endpoint.scheme() == "http";
                builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/')).with_allow_http(plain);
                Reach::to(Origin::of(&endpoint))
            }
            None => Reach::default().and_below(AMAZON),
        };
        let client =
            Client::new(reach, timeout, ca).map_err(|error| SettingsError::new("endpoint", error.to_string()))?;
        let destination = Self { address: address(&url), bucket, prefix, builder, client };
        let (store, _) = destination.store();
        store
            .map(drop)
            .map_err(|error| SettingsError::new("endpoint", format!("the store cannot be used: {error}")))?;
        Ok(destination)
    }
}

fn check_endpoint(endpoint: &Url) -> Result<(), SettingsError> {
    let fault = |message: &str| Err(SettingsError::new("endpoint", message));
    if !matches!(endpoint.scheme(), "http" | "https") {
        return fault("it is no address of a web server; write `https://…`");
    }
    if !endpoint.username().is_empty() || endpoint.password().is_some() {
        return fault("it holds a user or a password; give `access_key_id` and `secret_access_key` instead");
    }
    if endpoint.query().is_some() || endpoint.fragment().is_some() {
        return fault("it has a part after `?` or `#`; take that out");
    }
    Ok(())
}

impl S3 {
    /// The store for one delivery, and what it answers.
    fn store(&self) -> (object_store::Result<AmazonS3>, Answers) {
        let (connections, answers) = self.client.watched();
        (self.builder.clone().with_http_connector(connections).build(), answers)
    }

    fn key(&self, name: &str) -> Result<Path, DestinationError> {
        let key = format!("{}/{name}", self.prefix);
        Path::parse(key.trim_start_matches('/')).map_err(|error| {
            DestinationError::permanent(format!("{}: `{name}` cannot be the name of an object: {error}", self.address))
        })
    }

    fn open(&self) -> Result<Open<'_>, DestinationError> {
        let (store, answers) = self.store();
        let store = store.map_err(|error| {
            DestinationError::permanent(format!("{} cannot be used: {error}; correct the delivery", self.address))
        })?;
        Ok(Open { destination: self, store, answers })
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("address", &self.address).finish_non_exhaustive()
    }
}

#[async_trait]
impl Destination for S3 {
    fn address(&self) -> &str {
        &self.address
    }

    async fn stage(&self, _upload: Upload<'_>) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn publish(&self, item: Item<'_>) -> Result<Published, DestinationError> {
        let (open, key) = (self.open()?, self.key(item.name)?);
        match item.upload.bytes {
            bytes if bytes <= PART => open.put(&key, item.upload).await,
            _ => open.put_in_parts(&key, item.upload).await,
        }
    }

    async fn is_taken(&self, name: &str) -> Result<bool, DestinationError> {
        Ok(self.open()?.look(&self.key(name)?).await?.is_some())
    }

    async fn discard(&self, _upload_id: &str) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn probe(&self) -> Result<String, DestinationError> {
        let (open, key) = (self.open()?, self.key(".tradewire-probe")?);
        // An upload that is begun and given up leaves nothing. It needs what storing needs; whether the key may read
        // objects (`s3:GetObject`), by which ours are told from others, is not seen by it.
        let failed = |error: object_store::Error| open.fault("begin an upload", &error);
        let mut upload = open.store.put_multipart(&key).await.map_err(failed)?;
        upload.abort().await.map_err(|error| open.fault("give an upload up", &error))?;
        Ok(format!("{} lets the key in, and can be written to", self.address))
    }
}
