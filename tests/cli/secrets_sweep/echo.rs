//! A server that is ServiceTitan, a vendor, a receiver of files and a bucket, and answers with all that it is sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::kinds::{sent_as, value};

/// It serves for as long as this lives.
pub struct Echo {
    address: SocketAddr,
    asked: Arc<Mutex<String>>,
    _runtime: Runtime,
}

impl Echo {
    pub fn start() -> Echo {
        let asked: Arc<Mutex<String>> = Arc::default();
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(asked.clone());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Echo { address, asked, _runtime: runtime }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that it was sent.
    pub fn asked(&self) -> String {
        self.asked.lock().unwrap().clone()
    }
}

/// A text in every encoding.
pub fn encoded(text: &str) -> String {
    let percent: String = text
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    let html = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    let base64 = BASE64.encode(text.as_bytes());
    let hex = HEXLOWER.encode(text.as_bytes());
    format!("{text} {percent} {base64} {hex} {} {html}", serde_json::to_string(text).unwrap())
}

async fn answer(
    State(asked): State<Arc<Mutex<String>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}; ", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let body = String::from_utf8_lossy(&body).into_owned();
    let sent = format!("{method} {uri} {headers} {body}");
    *asked.lock().unwrap() += &sent;
    let echo = encoded(&sent);
    let (path, json) = (uri.path(), [(header::CONTENT_TYPE, "application/json")]);
    let said = |status: StatusCode, answer: Value| (status, json, answer.to_string()).into_response();
    // Pieces, since whoever shows only the beginning of a text shows another one each time.
    let pieces: Vec<String> = echo.split(' ').map(str::to_owned).collect();
    match path {
        "/st/connect/token" if body.contains(&sent_as("denied-id")) => {
            said(StatusCode::UNAUTHORIZED, json!({ "error": "refused", "error_description": echo }))
        }
        "/st/connect/token" => {
            said(StatusCode::OK, json!({ "access_token": value("access-token"), "expires_in": 900, "echo": echo }))
        }
        path if path.starts_with("/st/") && body.contains("refuse") => said(
            StatusCode::BAD_REQUEST,
            json!({ "title": echo, "traceId": echo, "errors": { "name": pieces, "other": [echo] } }),
        ),
        path if path.starts_with("/st/") && method == Method::GET => said(
            StatusCode::OK,
            json!({ "page": 1, "pageSize": 50, "hasMore": false, "data": [{ "id": 1, "active": true, "name": echo }] }),
        ),
        path if path.starts_with("/st/") => said(StatusCode::OK, json!({ "id": 7, "active": true, "name": echo })),
        "/vendor/token" => said(StatusCode::OK, json!({ "access_token": value("vendor-token"), "expires_in": 900 })),
        path if path.starts_with("/vendor/") => {
            let status = if path.contains("denied") { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            let mut answer =
                said(status, json!({ "success": true, "echo": echo, "pieces": pieces, (echo.clone()): 1 }));
            if let Ok(header) = headers.trim().parse() {
                answer.headers_mut().insert("x-echo", header);
            }
            answer
        }
        path if path.starts_with("/lake") => {
            let html = echo.replace('&', "&amp;").replace('<', "&lt;");
            let xml = format!("<Error><Code>AccessDenied</Code><Message>{html}</Message></Error>");
            (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/xml")], xml).into_response()
        }
        _ => (StatusCode::UNAUTHORIZED, echo).into_response(),
    }
}
