//! Files over the wire: sent as forms, received in pieces, also from where a redirect leads.
#![allow(missing_docs, clippy::unwrap_used)]

use crate::support::{Server, broken_off, hang_up, json, operation, with};
use bytes::Bytes;
use tradewire_client::{Arguments, Download, Error, Kind, Source, Upload};

fn image() -> Arguments {
    Arguments { query: vec![("path".to_owned(), "Images/a b.png".to_owned())], ..Arguments::default() }
}

async fn download(server: &Server) -> Result<Download, Error> {
    server.tenant().download(operation("pricebook/images.get"), &image()).await
}

async fn whole(mut file: Download) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = file.chunk().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_redirect_is_followed_without_token_and_app_key() {
    let storage = Server::start(|_| async { with(200, &[("content-type", "image/png")], "the bytes") }).await;
    let location = format!("{}/blob/1?sig=the-signature", storage.url());
    let server = Server::start(move |_| {
        let location = location.clone();
        async move { with(302, &[("location", &location)], "") }
    })
    .await;
    let file = download(&server).await.unwrap();
    assert_eq!(file.content_type.as_deref(), Some("image/png"));
    assert_eq!(file.length, Some(9));
    assert!(!format!("{file:?}").contains("the-signature"), "whoever has the address has the file");
    assert_eq!(whole(file).await.unwrap(), b"the bytes");
    let followed = &storage.calls()[0];
    assert_eq!((followed.path.as_str(), followed.query.as_str()), ("/blob/1", "sig=the-signature"));
    assert_eq!((followed.header("authorization"), followed.header("st-app-key")), ("", ""));
    assert_eq!(server.calls()[0].query, "path=Images%2Fa%20b.png");
}

#[tokio::test]
async fn a_redirect_in_circles_and_one_to_another_scheme_are_refused() {
    for (location, said) in [
        ("/again", "redirected more than 5 times"),
        ("file:///etc/passwd", "redirects to nowhere"),
        ("ftp://example.com/x", "it is no address of a web server"),
    ] {
        let server = Server::start(move |_| async move { with(302, &[("location", location)], "") }).await;
        let error = download(&server).await.unwrap_err();
        assert!(error.message().contains(said), "{location}: {error}");
    }
}

#[tokio::test]
async fn a_storage_that_refuses_says_nothing_of_our_token() {
    let server = Server::start(|seen| async move {
        if seen.path == "/blob" {
            with(403, &[], "")
        } else {
            with(302, &[("location", "/blob?sig=the-signature")], "")
        }
    })
    .await;
    let error = download(&server).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Other(403));
    assert!(error.message().contains("the file's storage at 127.0.0.1:"), "{error}");
    assert!(!format!("{error} {error:?}").contains("the-signature"), "{error}");
}

#[tokio::test]
async fn a_file_that_breaks_off_is_an_error_and_stays_one() {
    let server = Server::start(|_| async { broken_off("image/png", "abc") }).await;
    let mut file = download(&server).await.unwrap();
    let error = loop {
        match file.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended as if it were whole"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.message().contains("(after 3 bytes)"), "{error}");
    assert!(file.chunk().await.is_err());
}

#[tokio::test]
async fn a_file_is_sent_as_a_form_and_again_where_it_was_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    std::fs::write(&path, b"the bytes").unwrap();
    for content in [Source::from(Bytes::from_static(b"the bytes")), Source::from(path)] {
        let server =
            Server::start(|seen| async move { if seen.number == 1 { json(503, "") } else { json(200, "{}") } }).await;
        let file = Upload { name: "a \"b\".png".into(), content_type: "image/png".into(), content };
        let arguments = Arguments { file: Some(file), ..Arguments::default() };
        let answered = server.tenant().call(operation("pricebook/images.post"), &arguments).await.unwrap();
        assert_eq!(answered.attempts, 2);
        for call in server.calls() {
            assert!(call.header("content-type").starts_with("multipart/form-data; boundary="));
            let body = String::from_utf8_lossy(&call.body);
            assert!(
                body.contains(r#"name="file"; filename="a %22b%22.png""#) || body.contains(r#"filename="a \"b\".png""#),
                "{body}"
            );
            assert!(body.contains("Content-Type: image/png") && body.contains("\r\n\r\nthe bytes\r\n"), "{body}");
        }
    }
}

#[tokio::test]
async fn an_upload_whose_answer_was_lost_is_unresolved() {
    let server = Server::start(|_| async { hang_up() }).await;
    let content = Source::from(Bytes::from_static(b"x"));
    let file = Upload { name: "a.png".into(), content_type: "image/png".into(), content };
    let arguments = Arguments { file: Some(file), ..Arguments::default() };
    let error = server.tenant().call(operation("pricebook/images.post"), &arguments).await.unwrap_err();
    assert!(error.unresolved() && server.calls().len() == 1, "{error}");
}
