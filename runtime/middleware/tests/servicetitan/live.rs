//! Templates that ask a sandbox of ServiceTitan, on their way to the stand-in vendor and back.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tradewire_client::{Client, Credentials, Environment, Options, ServiceTitan};
use tradewire_liquid::Value;
use tradewire_middleware::exchange::{Incoming, Middleware, Outgoing, Settings};
use tradewire_middleware::pack::{self, Pack};
use tradewire_outbound::Origin;
use tradewire_sandbox::{
    Act, DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_TENANT, DEMO_VENDOR_KEY, Fault, Faults, Running,
    Sandbox,
};
use tradewire_surface::grants::Grants;

const ANSWER: &str = r#"{ "statusCode": 200, "headers": {}, "body": { "success": true, "branches": [] } }"#;
const AUTHENTICATION: &str = r#"{ "kind": "ApiKey", "valueMappings": [
    { "authenticationKey": "ApiKey", "outputType": "Header", "outputKey": "X-Api-Key" }] }"#;

struct World {
    sandbox: Running,
    api: Arc<dyn ServiceTitan>,
}

impl World {
    async fn start() -> World {
        let sandbox = Sandbox::start(tradewire_sandbox::Options::default(), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let environment: Environment = sandbox.url().parse().unwrap();
        let client = Client::new(Options::new(environment, DEMO_APP_KEY.into())).unwrap();
        let (client_id, client_secret) = (DEMO_CLIENT_ID.to_owned(), DEMO_CLIENT_SECRET.into());
        let tenant = client.tenant(Credentials { tenant: DEMO_TENANT, client_id, client_secret });
        World { sandbox, api: Arc::new(tenant) }
    }

    /// A pack of one endpoint whose answers are those of the request template's `url`.
    fn serve(&self, request: &str, response: &str, grants: &[&str]) -> Result<Middleware, pack::Faults> {
        let folder = tempfile::tempdir().unwrap();
        let url = self.sandbox.vendor_url();
        for (file, text) in [
            ("Configuration/vendor.json", &*format!(r#"{{ "baseUrl": "{url}", "authentication": {AUTHENTICATION} }}"#)),
            ("Templates/branches/endpoint.json", r#"{ "url": "branches" }"#),
            ("Templates/branches/Request.liquid", request),
            ("Templates/branches/Response.liquid", response),
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let settings = Settings {
            grants: Grants::parse(grants).unwrap(),
            deadline: Duration::from_secs(5),
            hosts: Origin::of(&url.parse().unwrap()).into_iter().collect(),
            ..Settings::default()
        };
        let secrets = HashMap::from([("ApiKey".to_owned(), DEMO_VENDOR_KEY.into())]);
        Middleware::new(Pack::load(folder.path())?.pack, settings, secrets)
    }

    async fn answer(&self, middleware: &Middleware, body: &str) -> Outgoing {
        let incoming = Incoming { headers: Vec::new(), body: body.into() };
        middleware.answer("branches", incoming, Some(self.api.clone())).await
    }

    /// How many calls of names that begin so have arrived.
    fn of(&self, name: &str) -> usize {
        let is = |operation: &Option<String>| operation.as_ref().is_some_and(|operation| operation.starts_with(name));
        self.sandbox.calls().iter().filter(|call| is(&call.operation)).count()
    }

    fn vendors(&self) -> Vec<String> {
        self.sandbox.example("inventory/vendors.get-by-id", DEMO_TENANT).unwrap()
    }
}

fn message(outgoing: &Outgoing) -> (u16, String, String) {
    let text = |name| outgoing.body.get(name).and_then(Value::as_text).unwrap_or_default().to_owned();
    (outgoing.status, text("errorKind"), text("errorMessage"))
}

const GET: &str = r#"{ "method": "GET", "url": "branches" }"#;

#[tokio::test]
async fn requests_and_responses_ask_for_records_and_for_all_pages() {
    let world = World::start().await;
    let request = r#"{% servicetitan vendor = inventory.vendors.get-by-id id: source.body.vendorId %}
        { "method": "GET", "url": "branches", "parameters": { "zip": "{{ vendor.name }}" } }"#;
    let response = r#"{% servicetitan orders = inventory.purchase-orders.get-list-pages pageSize: 50 %}
        { "statusCode": 200, "headers": {}, "body": { "success": true, "branches": [], "orders": {{ orders.size }} } }"#;
    let grants = ["inventory/vendors:view", "inventory/purchase-orders.get-list"];
    let middleware = world.serve(request, response, &grants).unwrap();
    let outgoing = world.answer(&middleware, &format!(r#"{{ "vendorId": {} }}"#, world.vendors()[0])).await;
    assert_eq!(outgoing.status, 200, "{outgoing:?}");
    let count: usize = outgoing.body.get("orders").unwrap_or_else(|| panic!("{outgoing:?}")).to_text().parse().unwrap();
    assert_eq!(world.of("inventory/vendors.get-by-id"), 1);
    assert!(count > 50, "{count}");
    assert_eq!(world.of("inventory/purchase-orders.get-list"), count.div_ceil(50));
    assert_eq!(world.of("_vendor/branches.list"), 1);
}

#[tokio::test]
async fn what_servicetitan_refuses_is_told_as_its_own_and_the_vendor_is_not_asked() {
    let world = World::start().await;
    let request = format!("\n{{% servicetitan v = inventory.vendors.get-by-id id: 1 %}}{GET}");
    let middleware = world.serve(&request, ANSWER, &["inventory/vendors:view"]).unwrap();
    let (status, kind, message) = message(&world.answer(&middleware, "{}").await);
    assert_eq!((status, kind.as_str()), (502, "ServiceTitan"), "{message}");
    assert!(message.starts_with("Templates/branches/Request.liquid:2:1: inventory.vendors.get-by-id: "), "{message}");
    assert_eq!(world.of("_vendor/"), 0);
}

#[tokio::test]
async fn what_is_not_granted_is_refused_when_the_pack_is_set_up_with_the_line_that_grants_it() {
    let world = World::start().await;
    let request = format!("{{% servicetitan v = inventory.vendors.get-by-id id: 1 %}}{GET}");
    let response = format!("{{% servicetitan v = inventory.vendors.create body: source.body %}}{ANSWER}");
    let pack::Faults(faults) = world.serve(&request, &response, &["payroll:view"]).unwrap_err();
    let help = r#"write `grant = ["payroll:view", "inventory/vendors.get-by-id", "inventory/vendors.create"]`"#;
    let told: Vec<_> = faults.iter().map(|f| (f.place, f.message.as_str(), f.help.as_deref())).collect();
    let granted = |name: &str| format!("`inventory/vendors.{name}` is not granted to the pack");
    assert_eq!(
        told,
        [(Some((1, 21)), &*granted("get-by-id"), Some(help)), (Some((1, 21)), &*granted("create"), Some(help)),]
    );
}

#[tokio::test]
async fn without_a_tenant_a_template_that_asks_is_refused_and_others_are_not() {
    let world = World::start().await;
    let asks = format!("{{% servicetitan v = inventory.vendors.get-by-id id: 1 %}}{GET}");
    let asks = world.serve(&asks, ANSWER, &["inventory/vendors:view"]).unwrap();
    let incoming = || Incoming { headers: Vec::new(), body: "{}".into() };
    let (status, _, told) = message(&asks.answer("branches", incoming(), None).await);
    assert!(status == 502 && told.contains("rendered without a tenant"), "{told}");
    let others = world.serve(GET, ANSWER, &[]).unwrap();
    assert_eq!(others.answer("branches", incoming(), None).await.status, 200);
}

#[tokio::test]
async fn a_servicetitan_that_does_not_answer_ends_with_the_deadline_and_the_vendor_is_not_asked() {
    let world = World::start().await;
    world.sandbox.set_faults(Faults(vec![Fault::new(Act::Latency { ms: 60_000 }).on("inventory/vendors")]));
    let request = format!("{{% servicetitan v = inventory.vendors.get-list %}}{GET}");
    let middleware = world.serve(&request, ANSWER, &["inventory/vendors:view"]).unwrap();
    let (status, _, told) = message(&world.answer(&middleware, "{}").await);
    assert!(status == 504 || status == 502, "{status} {told}");
    assert_eq!(world.of("_vendor/"), 0);
}
