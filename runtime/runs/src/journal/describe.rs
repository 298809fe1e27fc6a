//! A call as the journal writes it down: everything that it says as a hash, and enough of it for an operator to decide.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tradewire_client::{Arguments, CallError, Source, Upload, fill};
use tradewire_store::{WriteArguments, WriteCall, WrittenFile, WrittenRequest};
use tradewire_surface::path::Path;
use tradewire_surface::{Method, OperationRef};

/// The most bytes of a body that are kept.
const LONGEST_BODY: usize = 64 * 1024;

/// More bytes than these are hashed on a thread of its own: meanwhile others are not to wait.
const LARGE: usize = 64 * 1024;

/// A call of the catalog. Reads the file that it sends, where it sends one.
pub(super) async fn operation(
    operation: OperationRef<'_>,
    tenant: i64,
    arguments: &Arguments,
) -> Result<WriteCall, CallError> {
    let (name, method) = (operation.id(), operation.operation.method);
    // As it is sent: two calls that are sent to two places are two calls.
    let path = fill(&operation.operation.path, tenant, &arguments.path)
        .map_err(|fault| CallError::new("invalid", format!("not sent: {fault}")))?;
    let mut call = call(name, method, path, &arguments.path, &arguments.query, arguments.body.clone()).await?;
    if let Some(upload) = &arguments.file {
        let file = file(upload).await?;
        let parts = [call.digest.as_str(), &file.name, &file.content_type, &file.sha256];
        call.digest = digest(parts.map(str::as_bytes));
        call.arguments.file = Some(file);
    }
    Ok(call)
}

/// A call by the raw door.
pub(super) async fn raw(
    method: Method,
    path: &Path,
    tenant: i64,
    params: &[(String, String)],
    body: Option<Bytes>,
) -> Result<WriteCall, CallError> {
    call(format!("raw {method}"), method, path.written(tenant), &[], params, body).await
}

async fn call(
    operation: String,
    method: Method,
    path: String,
    in_path: &[(String, String)],
    query: &[(String, String)],
    body: Option<Bytes>,
) -> Result<WriteCall, CallError> {
    let pairs = query.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    let sent: [&[u8]; 1] = [if body.is_some() { b"body" } else { b"" }];
    let hash = parts([operation.as_bytes(), path.as_bytes()].into_iter().chain(pairs).chain(sent));
    let arguments = WriteArguments {
        path: in_path.to_vec(),
        query: query.to_vec(),
        body: body.as_ref().map(|body| beginning(body)),
        body_bytes: body.as_ref().map(|body| body.len() as u64),
        ..WriteArguments::default()
    };
    let whole = body.unwrap_or_default();
    let digest = hashed(whole, move |whole| hexadecimal(&part(hash, &whole).finalize())).await?;
    Ok(WriteCall { operation, method, path, arguments, digest, ordinal: 0, repeatable: method.is_idempotent() })
}

/// Hashes what may be long.
async fn hashed<T: Send + 'static>(
    bytes: Bytes,
    hash: impl FnOnce(Bytes) -> T + Send + 'static,
) -> Result<T, CallError> {
    if bytes.len() <= LARGE {
        return Ok(hash(bytes));
    }
    let hashed = tokio::task::spawn_blocking(move || hash(bytes)).await;
    hashed.map_err(|error| CallError::new("refused", format!("not sent: it cannot be written down before: {error}")))
}

/// A call of a vendor's endpoint, as yet without the request that its pack makes of it. `identity` is what tells it
/// from others of the same endpoint.
pub(super) fn vendor(vendor: &str, endpoint: &str, body: &str, identity: &str) -> WriteCall {
    WriteCall {
        operation: format!("{vendor}/{endpoint}"),
        method: Method::Post,
        path: String::new(),
        arguments: WriteArguments {
            body: Some(beginning(body.as_bytes())),
            body_bytes: Some(body.len() as u64),
            ..WriteArguments::default()
        },
        // Part of the digests in stores that exist: it never changes.
        digest: digest(["supplier", vendor, endpoint, identity].map(str::as_bytes)),
        ordinal: 0,
        // Whatever the method: nobody knows what a vendor makes of it.
        repeatable: false,
    }
}

/// What the pack made of it.
pub(super) fn written_request(vendor: &str, endpoint: &str, body: &[u8]) -> WrittenRequest {
    WrittenRequest {
        vendor: vendor.to_owned(),
        endpoint: endpoint.to_owned(),
        bytes: body.len() as u64,
        sha256: hexadecimal(&Sha256::digest(body)),
    }
}

/// What is within something else that is known by its digest.
pub(super) fn within(outer: &str, inner: &str) -> String {
    digest([b"within", outer.as_bytes(), inner.as_bytes()])
}

fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST_BODY)]);
    // A character that was cut in two is left out.
    text.strip_suffix('\u{fffd}').unwrap_or(&text).to_owned()
}

/// A hash of parts that no other parts have, however they are cut.
fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    hexadecimal(&self::parts(parts).finalize())
}

fn parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Sha256 {
    parts.into_iter().fold(Sha256::new(), part)
}

fn part(hash: Sha256, part: &[u8]) -> Sha256 {
    hash.chain_update((part.len() as u64).to_le_bytes()).chain_update(part)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn file(upload: &Upload) -> Result<WrittenFile, CallError> {
    let (bytes, sha256) = match &upload.content {
        Source::Bytes(bytes) => {
            let sha256 = hashed(bytes.clone(), |bytes| hexadecimal(&Sha256::digest(&bytes))).await?;
            (bytes.len() as u64, sha256)
        }
        Source::File(path) => {
            let unread = |error: std::io::Error| {
                CallError::new("invalid", format!("cannot read the file to upload, {}: {error}", path.display()))
            };
            let mut file = tokio::fs::File::open(path).await.map_err(unread)?;
            let (mut hash, mut piece, mut bytes) = (Sha256::new(), vec![0; 64 * 1024], 0);
            loop {
                match file.read(&mut piece).await.map_err(unread)? {
                    0 => break (bytes, hexadecimal(&hash.finalize())),
                    read => {
                        hash.update(&piece[..read]);
                        bytes += read as u64;
                    }
                }
            }
        }
        _ => return Err(CallError::new("refused", "the journal cannot read where this upload comes from")),
    };
    Ok(WrittenFile { name: upload.name.clone(), content_type: upload.content_type.clone(), bytes, sha256 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_surface::Catalog;

    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    async fn digest_of(name: &str, path: &[(&str, &str)], query: &[(&str, &str)], body: Option<&str>) -> String {
        let called = Catalog::get().operation(name).unwrap();
        let body = body.map(|body| Bytes::from(body.to_owned()));
        let arguments = Arguments { path: pairs(path), query: pairs(query), body, file: None };
        operation(called, 7, &arguments).await.unwrap().digest
    }

    #[test]
    fn the_digest_of_a_vendors_call_is_the_one_that_older_stores_hold() {
        let call = vendor("harborline", "orders", "{}", "1");
        assert_eq!(call.digest, "40c5cda652ed41f1b231a1d7ac4e281305e62c873c0ca68cebeaaf9bfb70bdc9");
    }

    #[tokio::test]
    async fn calls_that_differ_in_anything_have_other_digests_and_equal_ones_the_same() {
        let update = "crm/customers.update";
        let base = digest_of(update, &[("id", "1")], &[], Some("{}")).await;
        assert_eq!(base, digest_of(update, &[("id", "1")], &[], Some("{}")).await);
        for other in [
            digest_of("crm/locations.update", &[("id", "1")], &[], Some("{}")).await,
            digest_of(update, &[("id", "2")], &[], Some("{}")).await,
            digest_of(update, &[("id", "1")], &[("a", "b")], Some("{}")).await,
            digest_of(update, &[("id", "1")], &[("ab", "")], Some("{}")).await,
            digest_of(update, &[("id", "1")], &[], Some("{ }")).await,
            digest_of(update, &[("id", "1")], &[], Some("")).await,
            digest_of(update, &[("id", "1")], &[], None).await,
        ] {
            assert_ne!(base, other);
        }
    }

    #[tokio::test]
    async fn a_file_counts_by_its_bytes_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, "pixels").unwrap();
        let attach = Catalog::get().operation("forms/jobs.create-attachment").unwrap();
        let with = async |content: Source| {
            let upload = Upload { name: "a.png".into(), content_type: "image/png".into(), content };
            let arguments = Arguments { path: pairs(&[("id", "1")]), file: Some(upload), ..Arguments::default() };
            operation(attach, 7, &arguments).await.unwrap()
        };
        let one = with(Bytes::from("pixels").into()).await;
        assert_eq!(one.digest, with(path.into()).await.digest);
        assert_eq!(one.arguments.file.unwrap().bytes, 6);
        assert_ne!(one.digest, with(Bytes::from("pixel").into()).await.digest);
    }

    #[tokio::test]
    async fn a_long_body_is_kept_in_part_and_counts_whole() {
        let long = |end: &str| Some(Bytes::from(format!("{}{end}", "é".repeat(LONGEST_BODY))));
        let one = raw(Method::Post, &"/x/tenant/{tenant}/y".parse().unwrap(), 7, &[], long("a")).await.unwrap();
        let kept = one.arguments.body.unwrap();
        assert!(kept.len() <= LONGEST_BODY && kept.ends_with('é'));
        assert_eq!(one.arguments.body_bytes, Some(2 * LONGEST_BODY as u64 + 1));
        assert_eq!((one.path.as_str(), one.operation.as_str()), ("/x/tenant/7/y", "raw POST"));
        let other = raw(Method::Post, &"/x/tenant/{tenant}/y".parse().unwrap(), 7, &[], long("b")).await.unwrap();
        assert_ne!(one.digest, other.digest);
    }

    #[tokio::test]
    async fn what_is_hashed_on_another_thread_has_the_digest_that_it_always_had() {
        let body = vec![b'x'; LARGE + 1];
        let call = raw(Method::Post, &"/x".parse().unwrap(), 7, &[("a".into(), "b".into())], Some(body.clone().into()))
            .await
            .unwrap();
        let whole: [&[u8]; 6] = [b"raw POST", b"/x", b"a", b"b", b"body", &body];
        assert_eq!(call.digest, digest(whole));
    }
}
