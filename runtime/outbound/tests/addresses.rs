//! What is connected to is what was checked, on real sockets with a resolver of the test's own.
#![allow(missing_docs, clippy::unwrap_used)]

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tradewire_outbound::{Client, Found, Names, Origin, Reach, Use, innermost, read};

/// Gives these addresses, the first time the first.
struct Scripted {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new(answers: &[&[&str]]) -> Arc<Scripted> {
        let answers = answers.iter().map(|found| found.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        Arc::new(Scripted { answers, asked: AtomicUsize::new(0) })
    }
}

impl Names for Scripted {
    fn find(&self, _name: &str) -> Found {
        let time = self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self.answers[time.min(self.answers.len() - 1)].clone();
        Box::pin(async move { Ok(found) })
    }
}

/// A server of this machine, and how often somebody came.
async fn server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let read = socket.read(&mut head).await.unwrap_or_default();
            kept.lock().unwrap().push(String::from_utf8_lossy(&head[..read]).into_owned());
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        }
    });
    (port, came)
}

fn client(reach: Reach, names: Arc<Scripted>) -> Client {
    let builder = Client::builder(Use::Vendor, reach).names(names).connect(Duration::from_secs(2));
    builder.whole(Some(Duration::from_secs(5))).idle(None).build().unwrap()
}

async fn get(client: &Client, url: &str) -> Result<String, String> {
    let request = client.request(Method::GET, url.parse().unwrap()).map_err(|refused| refused.to_string())?;
    let response = client.ask(request).await.map_err(|error| innermost(&error))?;
    let body = read(response, 100, |_| ()).await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_named_host_may_be_in_a_network_of_its_own_and_never_on_the_wire() {
    let (port, came) = server().await;
    let url = format!("http://erp.internal:{port}/");
    let named = || Reach::to(Origin::of(&url.parse().unwrap()));
    assert_eq!(get(&client(named(), Scripted::new(&[&["127.0.0.1"]])), &url).await.unwrap(), "ok");
    for address in ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0", "224.0.0.1"] {
        let told = get(&client(named(), Scripted::new(&[&[address]])), &url).await.unwrap_err();
        assert!(told.starts_with(&format!("`erp.internal` is at {address}, ")), "{told}");
        assert!(told.contains("which a name may not lead to"), "{told}");
    }
    assert_eq!(came.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_host_that_nobody_named_is_on_the_internet_or_nowhere() {
    let (port, came) = server().await;
    let reach = || Reach::to(Origin::parse("api.example")).and_strangers(false);
    for address in
        ["127.0.0.1", "10.1.2.3", "192.168.0.1", "100.64.0.1", "169.254.169.254", "::1", "fd12::1", "::ffff:10.0.0.1"]
    {
        let told =
            get(&client(reach(), Scripted::new(&[&[address]])), &format!("https://storage.example:{port}/")).await;
        let told = told.unwrap_err();
        assert!(told.starts_with(&format!("`storage.example` is at {address}, ")), "{told}");
    }
    assert!(came.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_is_resolved_once_and_what_was_checked_is_connected_to() {
    let (port, came) = server().await;
    let url = format!("http://erp.internal:{port}/");
    let names = Scripted::new(&[&["169.254.169.254", "127.0.0.1"], &["169.254.169.254"]]);
    let client = client(Reach::to(Origin::of(&url.parse().unwrap())), Arc::clone(&names));
    // Of several addresses those that may be connected to are left.
    assert_eq!(get(&client, &url).await.unwrap(), "ok");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    assert!(get(&client, &url).await.unwrap_err().contains("a link-local address"));
    assert_eq!(came.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_other_address_asked() {
    let (port, came) = server().await;
    let url = format!("http://127.0.0.1:{port}/");
    let client = client(Reach::to(Origin::of(&url.parse().unwrap())), Scripted::new(&[&["127.0.0.1"]]));
    for other in [
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:{port}@evil.example/"),
        format!("http://127.0.0.1.evil.example:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://[::1]:{port}/"),
    ] {
        let told = get(&client, &other).await.unwrap_err();
        assert!(told.starts_with("not sent to the vendor: "), "{told}");
    }
    assert!(came.lock().unwrap().is_empty());
    assert_eq!(get(&client, &url).await.unwrap(), "ok");
}
