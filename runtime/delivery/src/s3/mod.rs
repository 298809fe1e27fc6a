//! Buckets of S3-compatible stores. An object appears whole or not at all, so all is done when it is published: in one
//! request, or in parts where it is large, and either way only where the store has no object of that name
//! (`If-None-Match: *`). Our own objects are told by their metadata, so that a try whose answer was lost is not made
//! twice.
//!
//! A process that dies within an upload in parts leaves the parts to the store, which shows them to nobody and charges
//! for them: a lifecycle rule, `AbortIncompleteMultipartUpload`, removes them.

mod client;
mod fault;
mod settings;

use std::fmt;
use std::pin::pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, GetOptions, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, RetryConfig, UploadPart,
};
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use url::Url;

use self::client::{Answer, Answers, Client};
pub use self::settings::S3Settings;
use crate::disk::{open_content, unreadable};
use crate::settings::{check_timeout, check_url, decoded_path};
use crate::{Item, Parcel, Place, PlaceError, Published, SettingsError};

const EXAMPLE: &str = "s3://bucket/prefix";
/// From this size on a file goes in parts, each of this size but the last. It bounds what is in memory, and, by how
/// many parts there may be, the largest file: 78 GiB.
const PART: u64 = 8 * 1024 * 1024;
const MOST_PARTS: u64 = 10_000;
/// How many parts are on their way at a time.
const AT_ONCE: usize = 2;
/// The metadata that our objects are told by: `x-amz-meta-tradewire-delivery` and `x-amz-meta-tradewire-sha256`.
const DELIVERY: &str = "tradewire-delivery";
const SHA256: &str = "tradewire-sha256";

/// A bucket of an S3-compatible store.
pub struct S3 {
    address: String,
    bucket: String,
    prefix: Path,
    builder: AmazonS3Builder,
    client: Client,
}

impl S3 {
    /// The place that these settings describe. Nothing is connected yet.
    pub fn new(settings: S3Settings) -> Result<Self, SettingsError> {
        let S3Settings { url, region, endpoint, access_key_id, secret_access_key, session_token, timeout } = settings;
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
        let mut options = ClientOptions::new()
            .with_connect_timeout(timeout)
            // Each request has its own, by its size.
            .with_timeout_disabled();
        if let Some(endpoint) = endpoint {
            let plain = check_endpoint(&endpoint)?;
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/')).with_allow_http(plain);
            options = options.with_allow_http(plain);
        }
        let client = Client::new(&options, timeout)
            .map_err(|error| SettingsError::new("endpoint", format!("cannot make connections: {error}")))?;
        let mut address = url;
        address.set_path(address.path().trim_end_matches('/').to_owned().as_str());
        let place = Self { address: address.to_string(), bucket, prefix, builder, client };
        let (store, _) = place.store();
        store
            .map(drop)
            .map_err(|error| SettingsError::new("endpoint", format!("the store cannot be used: {error}")))?;
        Ok(place)
    }
}

fn check_endpoint(endpoint: &Url) -> Result<bool, SettingsError> {
    let fault = |message: &str| Err(SettingsError::new("endpoint", message));
    let plain = match endpoint.scheme() {
        "https" => false,
        "http" => true,
        _ => return fault("it is no address of a web server; write `https://…`"),
    };
    if !endpoint.username().is_empty() || endpoint.password().is_some() {
        return fault("it holds a user or a password; give `access_key_id` and `secret_access_key` instead");
    }
    if endpoint.query().is_some() || endpoint.fragment().is_some() {
        return fault("it has a part after `?` or `#`; take that out");
    }
    Ok(plain)
}

impl S3 {
    /// The store for one delivery, and what it answers.
    fn store(&self) -> (object_store::Result<AmazonS3>, Answers) {
        let (connections, answers) = self.client.watched();
        (self.builder.clone().with_http_connector(connections).build(), answers)
    }

    fn key(&self, name: &str) -> Result<Path, PlaceError> {
        let key = format!("{}/{name}", self.prefix);
        Path::parse(key.trim_start_matches('/')).map_err(|error| {
            PlaceError::lasting(format!("{}: `{name}` cannot be the name of an object: {error}", self.address))
        })
    }

    fn open(&self) -> Result<Open<'_>, PlaceError> {
        let (store, answers) = self.store();
        let store = store.map_err(|error| {
            PlaceError::lasting(format!("{} cannot be used: {error}; correct the delivery", self.address))
        })?;
        Ok(Open { place: self, store, answers })
    }
}

/// What goes with each of our objects.
fn attributes(parcel: Parcel<'_>) -> Attributes {
    Attributes::from_iter([
        (Attribute::ContentType, parcel.content_type.to_owned()),
        (Attribute::Metadata(DELIVERY.into()), parcel.id.to_owned()),
        (Attribute::Metadata(SHA256.into()), parcel.sha256.to_owned()),
    ])
}

/// A store in use.
struct Open<'a> {
    place: &'a S3,
    store: AmazonS3,
    answers: Answers,
}

impl Open<'_> {
    fn fault(&self, what: &str, error: &object_store::Error) -> PlaceError {
        fault::of(self.place, what, error, self.answers.last().as_ref())
    }

    /// The attributes of an object. None where there is no such object, or where we may not know.
    async fn look(&self, key: &Path) -> Result<Option<Attributes>, PlaceError> {
        use object_store::Error::{NotFound, PermissionDenied};
        match self.store.get_opts(key, GetOptions { head: true, ..GetOptions::default() }).await {
            Ok(found) => Ok(Some(found.attributes)),
            // Whoever may not list a bucket is told so of all that it does not have.
            Err(NotFound { .. } | PermissionDenied { .. }) => Ok(None),
            Err(error) => Err(self.fault(&format!("look for `{key}`"), &error)),
        }
    }

    async fn put(&self, key: &Path, parcel: Parcel<'_>) -> Result<Published, PlaceError> {
        let mut content = open_content(parcel).await?;
        let payload = read(&mut content, parcel).await?;
        let options = PutOptions { mode: PutMode::Create, attributes: attributes(parcel), ..PutOptions::default() };
        match self.store.put_opts(key, PutPayload::from_bytes(payload), options).await {
            Ok(_) => Ok(Published::Now),
            Err(error) => self.settle(key, parcel, &error).await,
        }
    }

    async fn put_in_parts(&self, key: &Path, parcel: Parcel<'_>) -> Result<Published, PlaceError> {
        if parcel.bytes > PART * MOST_PARTS {
            let most = PART * MOST_PARTS / (1024 * 1024 * 1024);
            let message =
                format!("{} cannot store `{key}`: it has more than {most} GiB; make it smaller", self.place.address);
            return Err(PlaceError::lasting(message));
        }
        // A store that does not know the condition is asked, at least; and what is there need not be sent to find out.
        if let Some(found) = self.look(key).await? {
            return Ok(whose(&found, parcel));
        }
        let mut content = open_content(parcel).await?;
        let options = PutMultipartOptions { attributes: attributes(parcel), ..PutMultipartOptions::default() };
        let upload = self.store.put_multipart_opts(key, options).await;
        let mut upload = upload.map_err(|error| self.fault(&format!("store `{key}`"), &error))?;
        let sent = self.send_parts(upload.as_mut(), key, &mut content, parcel).await;
        let published = match sent {
            Ok(()) => match upload.complete().await {
                Ok(_) => return Ok(Published::Now),
                Err(error) => self.settle(key, parcel, &error).await,
            },
            Err(error) => Err(error),
        };
        // Nobody sees the parts; what is not aborted costs money, and the next try makes an upload of its own.
        let _ = upload.abort().await;
        published
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        key: &Path,
        content: &mut File,
        parcel: Parcel<'_>,
    ) -> Result<(), PlaceError> {
        let mut left = parcel.bytes;
        let parts = stream::try_unfold((content, upload), |(content, upload)| async move {
            let part = read(content, parcel).await?;
            if part.is_empty() {
                return Ok(None);
            }
            let bytes = part.len() as u64;
            let sent = upload.put_part(PutPayload::from_bytes(part));
            Ok(Some(((bytes, sent), (content, upload))))
        });
        let failed = |error: object_store::Error| self.fault(&format!("store a part of `{key}`"), &error);
        let send = |part: Result<(u64, UploadPart), PlaceError>| async move {
            let (bytes, sent) = part?;
            sent.await.map_err(failed)?;
            Ok::<u64, PlaceError>(bytes)
        };
        let mut sent = pin!(parts.map(send).buffer_unordered(AT_ONCE));
        while let Some(bytes) = sent.next().await {
            left = left.saturating_sub(bytes?);
        }
        match left {
            0 => Ok(()),
            left => Err(PlaceError::lasting(format!(
                "cannot deliver `{}`: {left} bytes of it are missing; run the export again",
                parcel.content.display()
            ))),
        }
    }

    /// What became of an object that the store did not take: there may be one of that name, which may be ours, by a try
    /// whose answer was lost, or by this one's own second request.
    async fn settle(
        &self,
        key: &Path,
        parcel: Parcel<'_>,
        error: &object_store::Error,
    ) -> Result<Published, PlaceError> {
        use object_store::Error::{AlreadyExists, NotFound, Precondition};
        // Before anything else is asked.
        let fault = self.fault(&format!("store `{key}`"), error);
        let answer = self.answers.last();
        let taken = matches!(error, AlreadyExists { .. } | Precondition { .. });
        let completed =
            matches!(error, NotFound { .. }) && answer.is_some_and(|a| a.code.as_deref() == Some("NoSuchUpload"));
        if !taken && !completed {
            return Err(fault);
        }
        match self.look(key).await? {
            Some(found) => Ok(whose(&found, parcel)),
            // Whoever may not look at it cannot know either: another name is sure to be right.
            None if taken && self.answers.last().is_some_and(|answer| answer.status == StatusCode::FORBIDDEN) => {
                Ok(Published::NameTaken)
            }
            None => Err(fault),
        }
    }
}

/// Whether an object is the one that was to be stored.
fn whose(found: &Attributes, parcel: Parcel<'_>) -> Published {
    let is =
        |name: &'static str, value: &str| found.get(&Attribute::Metadata(name.into())).is_some_and(|v| **v == *value);
    if is(DELIVERY, parcel.id) && is(SHA256, parcel.sha256) { Published::Before } else { Published::NameTaken }
}

/// The next part of the content; nothing at its end.
async fn read(content: &mut File, parcel: Parcel<'_>) -> Result<Bytes, PlaceError> {
    let mut part = Vec::with_capacity(usize::try_from(parcel.bytes.min(PART)).unwrap_or_default());
    content.take(PART).read_to_end(&mut part).await.map_err(|error| unreadable(parcel.content, &error))?;
    Ok(part.into())
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("address", &self.address).finish_non_exhaustive()
    }
}

#[async_trait]
impl Place for S3 {
    fn address(&self) -> &str {
        &self.address
    }

    async fn stage(&self, _parcel: Parcel<'_>) -> Result<(), PlaceError> {
        Ok(())
    }

    async fn publish(&self, item: Item<'_>) -> Result<Published, PlaceError> {
        let (open, key) = (self.open()?, self.key(item.name)?);
        match item.parcel.bytes {
            bytes if bytes <= PART => open.put(&key, item.parcel).await,
            _ => open.put_in_parts(&key, item.parcel).await,
        }
    }

    async fn is_taken(&self, name: &str) -> Result<bool, PlaceError> {
        Ok(self.open()?.look(&self.key(name)?).await?.is_some())
    }

    async fn discard(&self, _parcel_id: &str) -> Result<(), PlaceError> {
        Ok(())
    }

    async fn probe(&self) -> Result<String, PlaceError> {
        let (open, key) = (self.open()?, self.key(".tradewire-probe")?);
        // An upload that is begun and given up needs all that a delivery needs, and leaves nothing.
        let failed = |error: object_store::Error| open.fault("begin an upload", &error);
        let mut upload = open.store.put_multipart(&key).await.map_err(failed)?;
        upload.abort().await.map_err(|error| open.fault("give an upload up", &error))?;
        Ok(format!("{} lets the key in, and can be written to", self.address))
    }
}
