//! A server that takes down what comes over the wire, byte for byte, and answers everything alike.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A recorder; it listens for as long as the process lives.
pub struct Recorder {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// One that gives tokens to whoever asks for one, and answers all else with this.
    pub fn answering(answer: &str) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let (kept, answer) = (Arc::clone(&heads), answer.to_owned());
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (kept, answer) = (Arc::clone(&kept), answer.clone());
                std::thread::spawn(move || attend(socket, &kept, &answer));
            }
        });
        Recorder { address, heads }
    }

    /// The lines of what was asked, but for tokens: `DELETE /path HTTP/1.1`.
    pub fn lines(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let lines = heads.iter().filter_map(|head| head.lines().next());
        lines.filter(|line| !line.contains("/connect/token")).map(str::to_owned).collect()
    }

    /// Everything that came, heads and bodies.
    pub fn everything(&self) -> String {
        self.heads.lock().unwrap().join("\n")
    }
}

fn attend(mut socket: TcpStream, kept: &Mutex<Vec<String>>, answer: &str) {
    let Ok(reading) = socket.try_clone() else { return };
    let mut reading = BufReader::new(reading);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match reading.read_until(b'\n', &mut head) {
                Ok(1..) => {}
                _ => return,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
        });
        let mut body = Vec::new();
        if reading.by_ref().take(length.unwrap_or_default()).read_to_end(&mut body).is_err() {
            return;
        }
        let token = head.lines().next().is_some_and(|line| line.contains("/connect/token"));
        kept.lock().unwrap().push(format!("{head}{}", String::from_utf8_lossy(&body)));
        let answer = match token {
            true => {
                let token = r#"{"access_token":"t","expires_in":900}"#;
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{token}",
                    token.len()
                )
            }
            // Nobody has what is looked for.
            false if head.starts_with("HEAD ") => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            false => answer.to_owned(),
        };
        if socket.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
