//! Packs against a vendor over real sockets.
#![allow(missing_docs, clippy::unwrap_used)]

mod answers;
mod apart;
#[path = "../shared/certified.rs"]
mod certified;
mod destinations;
mod faults;
mod journal;
mod redirects;
mod round_trip;
mod sent;
mod stand_in;
mod templates;
mod tls;
mod tokens;
#[path = "../shared/wire.rs"]
mod wire;

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use secrecy::SecretString;
use tradewire_liquid::Value;
use tradewire_middleware::exchange::{Incoming, Middleware, Outgoing, Settings};
use tradewire_middleware::pack::{Faults, Pack};
use tradewire_outbound::Origin;

use stand_in::StandIn;

/// A pack for the stand-in, made of these files.
struct Draft {
    vendor: String,
    request: String,
    response: String,
    error: Option<String>,
    secrets: HashMap<String, SecretString>,
    settings: Settings,
    /// Whether the endpoint only asks, whatever its contract says.
    reads: bool,
}

impl Draft {
    fn of(vendor: &StandIn) -> Draft {
        Draft {
            vendor: format!(r#"{{ "baseUrl": "{}" }}"#, vendor.url),
            request: r#"{ "method": "POST", "url": "{{ config.baseUrl | append_url: config.url }}",
                "headers": { {%- for header in source.headers -%}{{ header | as_header }},{%- endfor -%} },
                "body": { "number": "{{ source.body.purchaseOrder.number }}", "total": {{ source.body.purchaseOrder.total }},
                    "page": {{ source.body.callbackData.page }},
                    "lines": [{% for item in source.body.purchaseOrder.items %}{ "part": "{{ item.vendorPartNumber }}",
                        "quantity": {{ item.quantity }} }{% forloop_delimiter %}{% endfor %}], } }"#
                .to_owned(),
            response: r#"{ "statusCode": {{ source.statusCode }}, "headers": { "Content-Type": "application/json" },
                "body": { "success": true, "orderReferenceNumber": "{{ source.body.reference }}" } }"#
                .to_owned(),
            error: None,
            secrets: HashMap::new(),
            settings: Settings {
                timeout: Duration::from_secs(5),
                hosts: Origin::of(&vendor.url.parse().unwrap()).into_iter().collect(),
                ..Settings::default()
            },
            reads: false,
        }
    }

    fn move_to(&mut self, url: &str) {
        self.vendor = format!(r#"{{ "baseUrl": "{url}" }}"#);
        self.settings.hosts = Origin::of(&url.parse().unwrap()).into_iter().collect();
    }

    fn reading(self) -> Draft {
        Draft { reads: true, ..self }
    }

    fn secret(mut self, name: &str, value: &str) -> Draft {
        self.secrets.insert(name.to_owned(), value.into());
        self
    }

    fn authentication(mut self, vendor: &StandIn, authentication: &str) -> Draft {
        self.vendor = format!(r#"{{ "baseUrl": "{}", "authentication": {authentication} }}"#, vendor.url);
        self
    }

    fn at(url: &str) -> Draft {
        Draft::of(&StandIn::at(url))
    }

    fn serve(self) -> Middleware {
        self.load().unwrap()
    }

    fn load(self) -> Result<Middleware, Faults> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Configuration/vendor.json", &self.vendor);
        let endpoint = if self.reads { r#"{ "url": "orders", "effect": "read" }"# } else { r#"{ "url": "orders" }"# };
        write("Templates/purchaseorder/endpoint.json", endpoint);
        write("Templates/purchaseorder/Request.liquid", &self.request);
        write("Templates/purchaseorder/Response.liquid", &self.response);
        if let Some(error) = &self.error {
            write("Templates/error/Error.liquid", error);
        }
        let pack = Pack::load(folder.path())?.pack;
        Middleware::new(pack, self.settings, self.secrets)
    }
}

const ORDER: &str = r#"{ "accountId": "7", "vendorId": "9", "purchaseOrder": { "number": "PO-1 \"rush\"",
    "total": 9007199254740993.10, "items": [
    { "vendorPartNumber": "3/4\" pipe\",\"PriceOverride\":\"0", "quantity": 2.50 }, { "vendorPartNumber": null } ] } }"#;

async fn order(middleware: &Middleware) -> Outgoing {
    let headers = [("Authorization", "Bearer of-the-caller"), ("X-Trace", "t1"), ("content-length", "9999")];
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    middleware.answer("purchaseorder", Incoming { headers, body: ORDER.into() }, None).await
}

/// The message of an answer that is a failure, and whose it is.
fn failure(outgoing: &Outgoing) -> (u16, String, String) {
    let text = |name: &str| outgoing.body.get(name).and_then(Value::as_text).unwrap_or_default().to_owned();
    assert_eq!(outgoing.body.get("success"), Some(&Value::Bool(false)), "{outgoing:?}");
    (outgoing.status, text("errorKind"), text("errorMessage"))
}
