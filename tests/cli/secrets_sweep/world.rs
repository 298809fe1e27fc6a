//! Configurations that hold a secret of every kind, and packs with every kind of authentication.

use std::net::SocketAddr;

use crate::bench::{Bench, guest};

/// A configuration that works as far as the servers let it.
pub fn working(echo: SocketAddr, listen: SocketAddr) -> String {
    let writer = guest("writer.wasm");
    let head = format!(
        r#"
[servicetitan]
environment = "http://{echo}/st/"
app_key = {{ env = "APP_KEY" }}

[tenant.acme]
id = 1234567890
client_id = {{ env = "CLIENT_ID" }}
client_secret = {{ env = "CLIENT_SECRET" }}
timezone = "America/Phoenix"

[tenant.denied]
id = 1234567891
client_id = {{ env = "DENIED_ID" }}
client_secret = {{ env = "DENIED_SECRET" }}
timezone = "America/Phoenix"

[plugin.writer]
source = {writer:?}
grant = ["dispatch/team.create", "dispatch/team.delete", "dispatch/team.get-list", "raw:POST /dispatch/v2/tenant/{{tenant}}/teams"]

[delivery.outbox]
to = "outbox"

[delivery.api]
to = "http://{echo}/files?sig=1"
headers = {{ Authorization = {{ env = "BEARER" }} }}
retries = {{ times = 1, backoff = "1 s" }}

[delivery.lake]
to = "s3://lake/payroll"
endpoint = "http://{echo}"
access_key_id = {{ env = "S3_ID" }}
secret_access_key = {{ env = "S3_SECRET" }}
session_token = {{ env = "S3_TOKEN" }}
retries = {{ times = 1, backoff = "1 s" }}

[delivery.receiver]
to = "sftp://{echo}/inbound"
user = "acme"
password = {{ env = "SFTP_PASSWORD" }}
host_key = "SHA256:uNiVztksCsDhcc0u9e8BrWJJVwYAlnAGSDbrG1Ff0AA"
timeout = "1 s"

[webhook.jobs]
tenants = ["acme"]
secret = {{ env = "WEBHOOK_SECRET" }}

[caller.office]
key = {{ env = "CALLER_KEY" }}

[serve]
listen = "{listen}"
"#
    );
    let export = |name: &str, tenants: &str, steps: &str, deliver: &str| {
        format!(
            "\n[export.{name}]\nrun = \"writer\"\ntenants = {tenants}\nwindow = \"week\"\nsettings = {{ steps = \"{steps}\" \
             }}\ndeliver = \"{deliver}\"\n"
        )
    };
    let calls = |name: &str, endpoint: &str| {
        format!(
            "\n[export.{name}]\nrun = \"apikey/{endpoint}\"\ntenants = [\"acme\"]\nwindow = \"week\"\nbody = \"body.json\"\ndeliver \
             = \"outbox\"\n"
        )
    };
    let pack = |name: &str, secrets: &str| {
        let secrets = if secrets.is_empty() { String::new() } else { format!("secrets = {{ {secrets} }}\n") };
        format!(
            "\n[middleware.{name}]\npack = \"{name}\"\ntenants = [\"acme\"]\nbase_url = \"http://{echo}/vendor/\"\n{secrets}"
        )
    };
    head + &export("writes", "[\"acme\", \"denied\"]", "read, create A, raw B", "outbox")
        + &export("refused", "[\"acme\"]", "try refuse, raw refuse", "outbox")
        + &export("sent", "[\"acme\"]", "create C", "api")
        + &export("kept", "[\"acme\"]", "create D", "lake")
        + &calls("asks", "account")
        + &calls("is-denied", "denied")
        + &pack(
            "apikey",
            "Header = { env = \"VENDOR_KEY\" }, Query = { env = \"VENDOR_KEY\" }, Body = { env = \"VENDOR_KEY\" }",
        )
        + &pack("basic", "Username = { env = \"VENDOR_USER\" }, Password = { env = \"VENDOR_PASSWORD\" }")
        + &pack("oauth", "ClientId = { env = \"VENDOR_USER\" }, ClientSecret = { env = \"VENDOR_CLIENT_SECRET\" }")
        + &pack("passing", "")
}

/// A configuration whose secrets cannot be what they should be.
pub fn broken() -> String {
    r#"
[servicetitan]
environment = "http://127.0.0.1:9"
app_key = { env = "APP_KEY" }

[delivery.receiver]
to = "sftp://127.0.0.1:9/inbound"
user = "acme"
key = { env = "SFTP_KEY" }
passphrase = { env = "SFTP_PASSPHRASE" }
timeout = "1 s"

[delivery.encrypted]
to = "outbox"
encrypt = { to = [{ env = "PUBLIC_KEY" }], sign = { key = { env = "SIGN_KEY" }, passphrase = { env = "SIGN_PASSPHRASE" } } }

[tenant.acme]
id = 1234567890
client_id = { env = "CLIENT_ID" }
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[webhook.jobs]
tenants = ["acme"]
secret = { env = "WEBHOOK_SECRET" }

[serve]
listen = "127.0.0.1:0"
tls = { certificate = "serve.pem", key = { env = "TLS_KEY" } }
"#
    .to_owned()
}

/// A configuration with a vault.
pub fn vault(echo: SocketAddr) -> String {
    format!(
        r#"
[servicetitan]
environment = "http://127.0.0.1:9"
app_key = {{ env = "APP_KEY" }}

[delivery.api]
to = "http://{echo}/files"
headers = {{ Authorization = {{ vault = "stored" }} }}

[vault]
key = {{ env = "VAULT_PASSPHRASE" }}
"#
    )
}

/// A pack for each kind of authentication, whose templates hand all on that the vendor says.
pub fn write_packs(bench: &Bench, echo: SocketAddr) {
    bench.write("body.json", "{}");
    let key = |name: &str, to: &str| {
        format!(r#"{{ "authenticationKey": "{name}", "outputType": "{to}", "outputKey": "X-Key-{name}" }}"#)
    };
    let keys = ["Header", "Query", "Body"].map(|name| key(name, name)).join(", ");
    let packs = [
        ("apikey", format!(r#"{{ "kind": "ApiKey", "valueMappings": [{keys}] }}"#)),
        ("basic", r#"{ "kind": "Basic" }"#.to_owned()),
        ("oauth", format!(r#"{{ "kind": "OAuth2", "tokenUrl": "http://{echo}/vendor/token" }}"#)),
        ("passing", r#"{ "kind": "PassThrough" }"#.to_owned()),
    ];
    for (name, authentication) in packs {
        let vendor = format!(r#"{{ "baseUrl": "http://{echo}/vendor/", "authentication": {authentication} }}"#);
        let request =
            r#"{ "method": "POST", "url": "{{ config.url }}", "body": { "note": "{{ source.body.note }}" } }"#;
        let response = r#"{ "statusCode": 200, "headers": { "x-told": "{{ source.headers.x-echo }}" }, "body": { "success": true, "all": {{ source.body }} } }"#;
        let mut files = vec![("Configuration/vendor.json".to_owned(), vendor)];
        for endpoint in ["account", "denied"] {
            let folder = format!("Templates/{endpoint}");
            files.push((format!("{folder}/endpoint.json"), format!(r#"{{ "url": "{endpoint}", "effect": "read" }}"#)));
            files.push((format!("{folder}/Request.liquid"), request.to_owned()));
            files.push((format!("{folder}/Response.liquid"), response.to_owned()));
            files.push((format!("{folder}/Sandbox_Request.json"), "{}".to_owned()));
        }
        for (file, text) in files {
            let path = bench.path(name).join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
}
