//! Settings that cannot be used are told by their name, with what to write.

use tradewire_delivery::{
    Destination as _, Http, HttpMethod, HttpSettings, S3, S3Settings, SettingsError, Sftp, SftpSettings, address,
};
use tradewire_outbound::Ca;

use crate::support::{SOON, choose_provider};

fn sftp(url: &str) -> SftpSettings {
    SftpSettings {
        url: url.parse().unwrap(),
        user: "acme".into(),
        password: Some("password".into()),
        private_key: None,
        passphrase: None,
        host_keys: vec!["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into()],
        timeout: SOON,
    }
}

fn s3(url: &str) -> S3Settings {
    choose_provider();
    S3Settings {
        url: url.parse().unwrap(),
        region: "us-east-1".into(),
        endpoint: None,
        access_key_id: "AKID".into(),
        secret_access_key: "secret".into(),
        session_token: None,
        timeout: SOON,
        allow_http: false,
        ca: Ca::default(),
    }
}

fn http(url: &str) -> HttpSettings {
    choose_provider();
    HttpSettings {
        url: url.parse().unwrap(),
        method: HttpMethod::Post,
        headers: vec![],
        timeout: SOON,
        allow_http: false,
        ca: Ca::default(),
    }
}

fn assert_fault<T: std::fmt::Debug>(made: Result<T, SettingsError>, setting: &str, says: &str) {
    let error = made.unwrap_err();
    assert_eq!(error.setting, setting, "{error}");
    assert!(error.message.contains(says), "{says} is not in {error}");
}

#[test]
fn good_ones_are_taken() {
    for url in ["sftp://sftp.example.com", "sftp://[::1]:2222/in", "sftp://sftp.example.com/~/in/"] {
        Sftp::new(sftp(url)).unwrap();
    }
    for url in ["s3://bucket", "s3://bucket/a/b/"] {
        S3::new(s3(url)).unwrap();
    }
    for url in ["https://receiver.example.com/a?b=c", "http://localhost:8080", "http://[::1]/x"] {
        Http::new(http(url)).unwrap();
    }
}

#[test]
fn an_address_is_shown_without_secrets_and_is_that_of_its_place() {
    for (url, shown) in [
        ("sftp://acme:pw@sftp.example.com:2222/in//?a=b", "sftp://sftp.example.com:2222/in"),
        ("sftp://sftp.example.com/", "sftp://sftp.example.com"),
        ("s3://bucket/a%20b/", "s3://bucket/a%20b"),
        ("https://acme:pw@receiver.example.com/a/?b=c", "https://receiver.example.com/a/"),
        ("https://receiver.example.com", "https://receiver.example.com/"),
    ] {
        assert_eq!(address(&url.parse().unwrap()), shown);
    }
    assert_eq!(Sftp::new(sftp("sftp://sftp.example.com/in/")).unwrap().address(), "sftp://sftp.example.com/in");
    assert_eq!(S3::new(s3("s3://bucket/a/")).unwrap().address(), "s3://bucket/a");
    assert_eq!(Http::new(http("https://example.com/a/?b=c")).unwrap().address(), "https://example.com/a/");
}

#[test]
fn addresses_of_another_kind_and_with_secrets_in_them_are_refused() {
    assert_fault(Sftp::new(sftp("https://example.com")), "url", "write `sftp://");
    assert_fault(Sftp::new(sftp("sftp://acme:pw@example.com/in")), "url", "settings of their own");
    assert_fault(Sftp::new(sftp("sftp://example.com/in?a")), "url", "after `?`");
    assert_fault(Sftp::new(sftp("sftp://example.com/in#a")), "url", "after `#`");
    assert_fault(Sftp::new(sftp("sftp:///in")), "url", "names no host");
    assert_fault(Sftp::new(sftp("sftp://example.com/%FF")), "url", "UTF-8");
    assert_fault(Sftp::new(sftp("sftp://example.com/a%0Ab")), "url", "control character");
    assert_fault(S3::new(s3("https://bucket.s3.amazonaws.com")), "url", "write `s3://");
    assert_fault(S3::new(s3("s3://bucket:9000/a")), "url", "port");
    assert_fault(S3::new(s3("s3://bucket/a//b")), "url", "empty part");
    assert_fault(Http::new(http("ftp://example.com")), "url", "write `https://");
    assert_fault(Http::new(http("http://receiver.example.com/a")), "url", "everyone in between");
    assert_fault(Http::new(http("http://127.0.0.1.example.com/a")), "url", "everyone in between");
    assert_fault(Http::new(http("https://acme:pw@example.com/")), "url", "settings of their own");
}

#[test]
fn what_else_is_wrong_is_told_by_its_name() {
    let url = "sftp://example.com/in";
    assert_fault(Sftp::new(SftpSettings { user: String::new(), ..sftp(url) }), "user", "write the user");
    assert_fault(Sftp::new(SftpSettings { password: None, ..sftp(url) }), "password", "give one of them");
    let md5 = vec!["MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff".into()];
    assert_fault(Sftp::new(SftpSettings { host_keys: md5, ..sftp(url) }), "host_keys", "ssh-keygen -lf");
    let no_key = Some("-----BEGIN CERTIFICATE-----\nsecret words".into());
    let error = Sftp::new(SftpSettings { private_key: no_key, ..sftp(url) }).unwrap_err();
    assert!(error.setting == "private_key" && !error.to_string().contains("secret words"), "{error}");
    assert_fault(Sftp::new(SftpSettings { timeout: std::time::Duration::ZERO, ..sftp(url) }), "timeout", "30 s");

    let url = "s3://bucket/a";
    assert_fault(S3::new(S3Settings { region: String::new(), ..s3(url) }), "region", "empty");
    assert_fault(S3::new(S3Settings { access_key_id: "a b".into(), ..s3(url) }), "access_key_id", "white space");
    let clear = Some("http://minio.example.com:9000".parse().unwrap());
    let clear = S3Settings { endpoint: clear, ..s3(url) };
    assert_fault(S3::new(clear.clone()), "endpoint", "`allow_http = true`");
    S3::new(S3Settings { allow_http: true, ..clear }).unwrap();
    let clear = http("http://receiver.example.com/a");
    assert_fault(Http::new(clear.clone()), "url", "`allow_http = true`");
    Http::new(HttpSettings { allow_http: true, ..clear }).unwrap();
    for endpoint in ["ftp://example.com", "https://a:b@example.com", "https://example.com/?a=b"] {
        let endpoint = Some(endpoint.parse().unwrap());
        assert_fault(S3::new(S3Settings { endpoint, ..s3(url) }), "endpoint", "");
    }
    let headers = vec![("Content-Type".into(), "text/plain".into())];
    assert_fault(Http::new(HttpSettings { headers, ..http("https://example.com") }), "headers", "take it out");
}
