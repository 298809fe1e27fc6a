//! Where a pack may send anything: where the operator says.

use tradewire_outbound::Origin;

use super::stand_in::{StandIn, json};
use super::{Draft, failure, order};

fn origin(of: &str) -> Origin {
    Origin::of(&of.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn a_packs_own_address_is_refused_with_the_line_that_consents() {
    let vendor = StandIn::answering(vec![json("{}")]).await;
    let mut draft = Draft::of(&vendor);
    draft.settings.hosts.clear();
    let told = draft.load().unwrap_err().to_string();
    assert!(told.contains(&format!("`baseUrl` is `{}`", vendor.url)), "{told}");
    assert!(told.contains(&format!("write `base_url = \"{}\"`", vendor.url)), "{told}");
    // And the line is all that it takes.
    let mut draft = Draft::of(&vendor);
    draft.settings.hosts.clear();
    draft.settings.base_url = Some(vendor.url.parse().unwrap());
    assert_eq!(order(&draft.serve()).await.status, 200);
}

#[tokio::test]
async fn tokens_come_from_where_the_operator_says_and_nobody_else_is_asked() {
    let vendor = StandIn::answering(vec![json("{}")]).await;
    let other = StandIn::answering(vec![json(r#"{ "access_token": "t" }"#)]).await;
    let asking = |token_url: &str| {
        let kind = format!(r#"{{ "kind": "OAuth2", "tokenUrl": "{token_url}" }}"#);
        Draft::of(&vendor).authentication(&vendor, &kind).secret("ClientId", "c").secret("ClientSecret", "s3cr3t-value")
    };
    let token_url = format!("{}/token", other.url);
    let told = asking(&token_url).load().unwrap_err().to_string();
    let (own, theirs) = (origin(&vendor.url), origin(&other.url));
    assert!(
        told.contains(&format!(
            "`tokenUrl` is at `{theirs}`, which would get the secrets `ClientId` and `ClientSecret`"
        )),
        "{told}"
    );
    assert!(told.contains(&format!("write `hosts = [\"{own}\", \"{theirs}\"]`")), "{told}");
    for (elsewhere, line) in [
        ("https://auth.example/t", "auth.example\"]`"),
        ("http://auth.example/t", "http://auth.example\"]` and `allow_http = true`"),
        ("https://127.0.0.1.example:8443/t", "127.0.0.1.example:8443\"]`"),
        ("http://169.254.169.254/latest", "http://169.254.169.254\"]` and `allow_http = true`"),
    ] {
        let told = asking(elsewhere).load().unwrap_err().to_string();
        assert!(told.contains(line) && !told.contains("s3cr3t"), "{told}");
    }
    assert!(other.asked().is_empty());
    let mut draft = asking(&token_url);
    draft.settings.hosts.push(theirs);
    assert_eq!(order(&draft.serve()).await.status, 200);
    assert_eq!(other.asked().len(), 1);
}

#[tokio::test]
async fn a_token_that_is_elsewhere_is_not_followed() {
    let other = StandIn::answering(vec![json(r#"{ "access_token": "t" }"#)]).await;
    for status in [302, 303, 307] {
        let vendor = StandIn::answering(vec![super::stand_in::redirect(status, &other.url)]).await;
        let kind = format!(r#"{{ "kind": "OAuth2", "tokenUrl": "{}/token" }}"#, vendor.url);
        let draft =
            Draft::of(&vendor).authentication(&vendor, &kind).secret("ClientId", "c").secret("ClientSecret", "s");
        let (_, _, message) = failure(&order(&draft.serve()).await);
        assert!(message.contains("gives no token but another address"), "{message}");
    }
    assert!(other.asked().is_empty());
}
