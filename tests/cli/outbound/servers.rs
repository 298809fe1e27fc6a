//! Every client of the product against every hostile server. The match is exhaustive: a client for a new use does not
//! compile before it is put through here.

use std::collections::HashMap;
use std::time::Duration;

use tradewire_client::{Arguments, Client, Credentials, Options, Retry};
use tradewire_delivery::{Destination, Http, HttpMethod, HttpSettings, Item, Published, S3, S3Settings, Upload};
use tradewire_middleware::exchange::{Incoming, Middleware, Settings};
use tradewire_middleware::pack::Pack;
use tradewire_outbound::hostile::{Bounds, Outcome, SECRET, suite};
use tradewire_outbound::{Ca, Origin, Use};
use tradewire_surface::{Answer, Catalog, ParameterIn as In};

use super::recorder::Recorder;

/// How long a client waits for a server.
const PATIENCE: Duration = Duration::from_millis(600);
/// The largest answer that clients take which say how much.
const LARGEST: usize = 1 << 20;

fn bounds(seconds: u64) -> Bounds {
    Bounds { time: Duration::from_secs(seconds), bytes: 2 * LARGEST as u64 }
}

async fn put_through(usage: Use) {
    match usage {
        Use::ServiceTitan => suite(usage, bounds(15), |url| api(url, false)).await,
        Use::ServiceTitanTokens => suite(usage, bounds(15), tokens).await,
        Use::ServiceTitanFiles => suite(usage, bounds(15), |url| api(url, true)).await,
        Use::Vendor => suite(usage, bounds(15), |url| vendor(url, false)).await,
        Use::VendorTokens => suite(usage, bounds(15), |url| vendor(url, true)).await,
        Use::HttpDelivery => suite(usage, bounds(15), receiver).await,
        Use::S3Delivery => suite(usage, bounds(15), store).await,
    }
}

#[test]
fn every_client_holds_out_against_every_server() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // At once: most of the time they wait.
    let all = Use::ALL.iter().map(|usage| (usage, runtime.spawn(put_through(*usage))));
    for (usage, held_out) in all.collect::<Vec<_>>() {
        runtime.block_on(held_out).unwrap_or_else(|error| panic!("{usage}: {error}"));
    }
}

fn servicetitan(url: &str) -> tradewire_client::Tenant {
    let options = Options {
        timeout: PATIENCE,
        connect_timeout: PATIENCE,
        max_answer: LARGEST as u64,
        retry: Retry { attempts: 2, base: Duration::from_millis(1), cap: Duration::from_millis(1), ..Retry::default() },
        ..Options::new(url.parse().unwrap(), SECRET.into())
    };
    let credentials = Credentials { tenant: 7, client_id: "cid".into(), client_secret: SECRET.into() };
    Client::new(options).unwrap().tenant(credentials)
}

/// A call, or a file, of an API that gives tokens like any other and does the rest itself.
async fn api(url: String, file: bool) -> Outcome {
    let front = front(&url).await;
    let tenant = servicetitan(&front);
    if !file {
        let operation = Catalog::get().operation("crm/customers.get-list").unwrap();
        let answered = tenant.call(operation, &Arguments::default()).await.map_err(|error| error.to_string())?;
        // What is no JSON at all is found by whoever reads it.
        return serde_json::from_slice::<serde_json::Value>(&answered.body)
            .map(drop)
            .map_err(|error| error.to_string());
    }
    let operation = Catalog::get().operations().find(|o| o.operation.answer == Answer::File).unwrap();
    let path = operation.operation.params.iter().filter(|p| p.place == In::Path);
    let arguments =
        Arguments { path: path.map(|p| (p.wire.clone(), "5".to_owned())).collect(), ..Arguments::default() };
    let mut file = tenant.download(operation, &arguments).await.map_err(|error| error.to_string())?;
    let mut taken = 0;
    let reading = async {
        while let Some(piece) = file.chunk().await.map_err(|error| error.to_string())? {
            taken += piece.len();
            if taken > LARGEST {
                break;
            }
        }
        Ok(())
    };
    // A file may take as long as the run that reads it.
    tokio::time::timeout(5 * PATIENCE, reading).await.unwrap_or_else(|_| Err("the run's time is over".to_owned()))?;
    if taken == 0 { Err("an empty file".into()) } else { Ok(()) }
}

/// Gives tokens, and hands all else through to that address, byte for byte.
async fn front(url: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
    let Some(to) = url.strip_prefix("http://").map(str::to_owned) else { return url.to_owned() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                let mut head = vec![0; 8192];
                let read = socket.read(&mut head).await.unwrap_or_default();
                if head[..read].starts_with(b"POST /connect/token") {
                    let token = r#"{"access_token":"t","expires_in":900}"#;
                    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n";
                    let answer = format!("{head}content-length: {}\r\n\r\n{token}", token.len());
                    return drop(socket.write_all(answer.as_bytes()).await);
                }
                let Ok(mut there) = tokio::net::TcpStream::connect(to).await else { return };
                let _ = there.write_all(&head[..read]).await;
                let _ = copy_bidirectional(&mut socket, &mut there).await;
            });
        }
    });
    format!("http://{address}")
}

async fn tokens(url: String) -> Outcome {
    let operation = Catalog::get().operation("crm/customers.get-list").unwrap();
    servicetitan(&url).call(operation, &Arguments::default()).await.map(drop).map_err(|error| error.to_string())
}

/// An order, of a vendor whose tokens are given by somebody good, or by that address.
async fn vendor(url: String, tokens: bool) -> Outcome {
    let good = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let good = format!("http://{}", Recorder::answering(good).address);
    let (base, token_url) =
        if tokens { (&good, format!("{url}/token")) } else { (&url, format!("{good}/connect/token")) };
    let folder = tempfile::tempdir().unwrap();
    let vendor =
        format!(r#"{{ "baseUrl": "{base}", "authentication": {{ "kind": "OAuth2", "tokenUrl": "{token_url}" }} }}"#);
    for (file, text) in [
        ("Configuration/vendor.json", vendor.as_str()),
        ("Templates/account/endpoint.json", r#"{ "url": "account" }"#),
        ("Templates/account/Request.liquid", r#"{ "method": "POST", "url": "account", "body": { "a": 1 } }"#),
        ("Templates/account/Response.liquid", r#"{ "body": { "success": true, "said": "{{ source.body.a }}" } }"#),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let origin = |url: &str| Origin::of(&url.parse().unwrap()).unwrap();
    let settings = Settings {
        hosts: vec![origin(&url), origin(&good)],
        timeout: PATIENCE,
        deadline: Duration::from_secs(5),
        most_bytes: LARGEST,
        ..Settings::default()
    };
    let secrets = ["ClientId", "ClientSecret"].map(|name| (name.to_owned(), SECRET.into()));
    let pack = Pack::load(folder.path()).unwrap().pack;
    let middleware = Middleware::new(pack, settings, HashMap::from(secrets)).unwrap();
    let outgoing = middleware.answer("account", Incoming::default(), None).await;
    let message = outgoing.body.get("errorMessage").map(|text| text.to_text()).unwrap_or_default();
    match outgoing.status {
        200 if message.is_empty() => Ok(()),
        _ => Err(message),
    }
}

/// A file that is delivered.
struct Content {
    folder: tempfile::TempDir,
}

impl Content {
    const BYTES: &'static [u8] = b"hours,pay\r\n";
    const SHA256: &'static str = "a6a5ab2a42f3f4f3f0c1c9a2a0a6a5ab2a42f3f4f3f0c1c9a2a0a6a5ab2a42f3";

    fn new() -> Content {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("content"), Self::BYTES).unwrap();
        Content { folder }
    }

    async fn deliver(&self, destination: &dyn Destination) -> Outcome {
        let content = self.folder.path().join("content");
        let upload = Upload {
            id: "d-1",
            content: &content,
            bytes: Self::BYTES.len() as u64,
            sha256: Self::SHA256,
            content_type: "text/csv",
        };
        destination.stage(upload).await.map_err(|error| error.message)?;
        match destination.publish(Item { upload, name: "hours.csv" }).await.map_err(|error| error.message)? {
            Published::Now | Published::Before => Ok(()),
            Published::NameTaken => Err("the name is taken".into()),
        }
    }
}

async fn receiver(url: String) -> Outcome {
    let headers = vec![("Authorization".to_owned(), format!("Bearer {SECRET}").into())];
    let (url, method) = (url.parse().unwrap(), HttpMethod::Post);
    let destination =
        Http::new(HttpSettings { url, method, headers, timeout: PATIENCE, allow_http: false, ca: Ca::default() })
            .unwrap();
    Content::new().deliver(&destination).await
}

async fn store(url: String) -> Outcome {
    let settings = S3Settings {
        url: "s3://exports/pay".parse().unwrap(),
        region: "us-east-1".into(),
        endpoint: Some(url.parse().unwrap()),
        access_key_id: "AKID".into(),
        secret_access_key: SECRET.into(),
        session_token: Some(SECRET.into()),
        timeout: PATIENCE,
        allow_http: false,
        ca: Ca::default(),
    };
    Content::new().deliver(&S3::new(settings).unwrap()).await
}
