//! One object on its way into a bucket.

use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::stream::FuturesUnordered;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, MultipartUpload, ObjectStore, PutMode, PutMultipartOptions, PutOptions,
    PutPayload,
};
use reqwest::StatusCode;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::client::Answers;
use super::{PART, S3, fault};
use crate::disk::{open_content, unreadable, wrong_length};
use crate::{DestinationError, Published, Upload};

const MOST_PARTS: u64 = 10_000;
/// How many parts are on their way at a time.
const AT_ONCE: usize = 2;
/// The metadata that our objects are told by: `x-amz-meta-tradewire-delivery` and `x-amz-meta-tradewire-sha256`.
const DELIVERY: &str = "tradewire-delivery";
const SHA256: &str = "tradewire-sha256";

/// What goes with each of our objects.
fn attributes(upload: Upload<'_>) -> Attributes {
    Attributes::from_iter([
        (Attribute::ContentType, upload.content_type.to_owned()),
        (Attribute::Metadata(DELIVERY.into()), upload.id.to_owned()),
        (Attribute::Metadata(SHA256.into()), upload.sha256.to_owned()),
    ])
}

/// A store in use.
pub(super) struct Open<'a> {
    pub(super) destination: &'a S3,
    pub(super) store: AmazonS3,
    pub(super) answers: Answers,
}

impl Open<'_> {
    pub(super) fn fault(&self, what: &str, error: &object_store::Error) -> DestinationError {
        fault::of(self.destination, what, error, self.answers.last().as_ref())
    }

    /// The attributes of an object. None where there is no such object, or where we may not know.
    pub(super) async fn look(&self, key: &Path) -> Result<Option<Attributes>, DestinationError> {
        use object_store::Error::{NotFound, PermissionDenied};
        match self.store.get_opts(key, GetOptions { head: true, ..GetOptions::default() }).await {
            Ok(found) => Ok(Some(found.attributes)),
            // Whoever may not list a bucket is told so of all that it does not have.
            Err(NotFound { .. } | PermissionDenied { .. }) => Ok(None),
            Err(error) => Err(self.fault(&format!("look for `{key}`"), &error)),
        }
    }

    pub(super) async fn put(&self, key: &Path, upload: Upload<'_>) -> Result<Published, DestinationError> {
        let mut content = open_content(upload).await?;
        let payload = read(&mut content, upload).await?;
        let options = PutOptions { mode: PutMode::Create, attributes: attributes(upload), ..PutOptions::default() };
        match self.store.put_opts(key, PutPayload::from_bytes(payload), options).await {
            Ok(_) => Ok(Published::Now),
            Err(error) => self.settle(key, upload, &error).await,
        }
    }

    pub(super) async fn put_in_parts(&self, key: &Path, upload: Upload<'_>) -> Result<Published, DestinationError> {
        if upload.bytes > PART * MOST_PARTS {
            let most = PART * MOST_PARTS / (1024 * 1024 * 1024);
            let message = format!(
                "{} cannot store `{key}`: it has more than {most} GiB; make it smaller",
                self.destination.address
            );
            return Err(DestinationError::permanent(message));
        }
        // A store that does not know the condition is asked, at least; and what is there need not be sent to find out.
        if let Some(found) = self.look(key).await? {
            return Ok(whose(&found, upload));
        }
        let mut content = open_content(upload).await?;
        let options = PutMultipartOptions { attributes: attributes(upload), ..PutMultipartOptions::default() };
        let multipart = self.store.put_multipart_opts(key, options).await;
        let mut multipart = multipart.map_err(|error| self.fault(&format!("store `{key}`"), &error))?;
        let sent = self.send_parts(multipart.as_mut(), key, &mut content, upload).await;
        let published = match sent {
            Ok(()) => match multipart.complete().await {
                Ok(_) => return Ok(Published::Now),
                Err(error) => self.settle(key, upload, &error).await,
            },
            Err(error) => Err(error),
        };
        // Nobody sees the parts; what is not aborted costs money, and the next try makes an upload of its own.
        let _ = multipart.abort().await;
        published
    }

    async fn send_parts(
        &self,
        multipart: &mut dyn MultipartUpload,
        key: &Path,
        content: &mut File,
        upload: Upload<'_>,
    ) -> Result<(), DestinationError> {
        let failed = |error: object_store::Error| self.fault(&format!("store a part of `{key}`"), &error);
        let mut under_way = FuturesUnordered::new();
        let mut sent = 0;
        loop {
            let part = read(content, upload).await?;
            if part.is_empty() {
                break;
            }
            sent += part.len() as u64;
            if under_way.len() == AT_ONCE {
                under_way.try_next().await.map_err(failed)?;
            }
            under_way.push(multipart.put_part(PutPayload::from_bytes(part)));
        }
        while under_way.try_next().await.map_err(failed)?.is_some() {}
        if sent == upload.bytes { Ok(()) } else { Err(wrong_length(upload.content, sent, upload.bytes)) }
    }

    /// What became of an object that the store did not take: there may be one of that name, which may be ours, by a try
    /// whose answer was lost, or by this one's own second request.
    async fn settle(
        &self,
        key: &Path,
        upload: Upload<'_>,
        error: &object_store::Error,
    ) -> Result<Published, DestinationError> {
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
            Some(found) => Ok(whose(&found, upload)),
            // It may be ours, which under another name would be there twice.
            None if taken && self.answers.last().is_some_and(|answer| answer.status == StatusCode::FORBIDDEN) => {
                Err(DestinationError::permanent(format!(
                    "{} cannot store `{key}`: it is there already; let the key read objects (`s3:GetObject`): it \
                     cannot be told whose `{key}` is",
                    self.destination.address
                )))
            }
            None => Err(fault),
        }
    }
}

/// Whether an object is the one that was to be stored.
fn whose(found: &Attributes, upload: Upload<'_>) -> Published {
    let is =
        |name: &'static str, value: &str| found.get(&Attribute::Metadata(name.into())).is_some_and(|v| **v == *value);
    if is(DELIVERY, upload.id) && is(SHA256, upload.sha256) { Published::Before } else { Published::NameTaken }
}

/// The next part of the content; nothing at its end.
async fn read(content: &mut File, upload: Upload<'_>) -> Result<Bytes, DestinationError> {
    let mut part = Vec::with_capacity(usize::try_from(upload.bytes.min(PART)).unwrap_or_default());
    content.take(PART).read_to_end(&mut part).await.map_err(|error| unreadable(upload.content, &error))?;
    Ok(part.into())
}
