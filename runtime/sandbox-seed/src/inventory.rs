//! Vendors, and the way of an order: purchase order, receipt, bill, so that a three-way match has all three.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given, dollars};
use super::{names, pricebook};
use crate::clock::{self, DAY};

const VENDORS: [&str; 12] = [
    "Ferguson Supply",
    "Johnstone Parts",
    "O'Malley & Sons Plumbing",
    "Desert \"Cool\" HVAC Wholesale",
    "Winsupply Phoenix",
    "Électro-Québec Import",
    "Graybar",
    "Công ty Điện Lạnh",
    "Reece",
    "Baker Distributing",
    "Hajoca",
    "RE Michel",
];

/// The vendor's name.
pub fn vendor_name(place: usize) -> String {
    let name = VENDORS[place % VENDORS.len()];
    if place < VENDORS.len() { name.to_owned() } else { format!("{name} #{}", place / VENDORS.len() + 1) }
}

/// A line of an order.
pub struct Line {
    sku: usize,
    /// Pieces.
    pub quantity: i64,
    /// Cents a piece.
    pub cost: i64,
}

impl Line {
    pub fn cents(&self) -> i64 {
        self.quantity * self.cost
    }

    pub fn name(&self) -> String {
        pricebook::material_name(self.sku)
    }

    pub fn code(&self) -> String {
        pricebook::material_code(self.sku)
    }

    pub fn sku_id(&self, dataset: &Dataset) -> Value {
        dataset.id_of("pricebook/materials", self.sku)
    }
}

/// The lines of an order. Some cost more than the pricebook says: prices change.
pub fn lines(dataset: &Dataset, order: usize) -> Vec<Line> {
    let mut rng = dataset.rng("purchase order's lines", order);
    let skus = dataset.count_of("pricebook/materials").max(1);
    (0..rng.between(1, 5))
        .map(|_| {
            let sku = rng.below(skus);
            let cost = pricebook::cost_cents(dataset, sku);
            Line { sku, quantity: rng.between(1, 12), cost: if rng.chance(150) { cost * 106 / 100 } else { cost } }
        })
        .collect()
}

/// The vendor of an order: its place twice, as number among vendors and for names.
pub fn vendor_of(dataset: &Dataset, order: usize) -> (Value, usize) {
    let vendor = dataset.rng("purchase order's vendor", order).below(dataset.count_of("inventory/vendors"));
    (dataset.id_of("inventory/vendors", vendor), vendor)
}

/// The order that a receipt and a bill belong to: four of five orders have been received, at least in part.
pub fn received_order(receipt: usize) -> usize {
    receipt / 4 * 5 + receipt % 4
}

/// The number that the vendor printed on the invoice.
pub fn vendor_invoice(receipt: usize) -> String {
    format!("VI-{:06}", receipt + 1)
}

fn is_received(order: usize) -> bool {
    order % 5 != 4
}

/// One in seven received orders still misses pieces.
fn is_partial(order: usize) -> bool {
    is_received(order) && order % 7 == 2
}

pub fn vendor(dataset: &Dataset, place: usize) -> Given {
    let mut rng = dataset.rng("vendor", place);
    let (first, last) = names::person(&mut rng);
    let mut given = Given::new();
    given.insert("name".into(), json!(vendor_name(place)));
    given.insert("active".into(), json!(place % 12 != 9));
    let reach = json!({ "firstName": first, "lastName": last, "phone": names::phone(&mut rng), "email": names::email(&mut rng), "fax": "" });
    given.insert("contactInfo".into(), reach);
    given.insert("address".into(), super::crm::address(dataset, place));
    given.insert("defaultTaxRate".into(), json!("0.07"));
    given.insert("externalData".into(), json!([]));
    given
}

pub fn warehouse(dataset: &Dataset, place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(["Main warehouse", "West yard", "Tucson annex"][place % 3]));
    given.insert("address".into(), super::crm::address(dataset, place));
    given.insert("externalData".into(), json!([]));
    given
}

pub fn truck(dataset: &Dataset, place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(format!("Truck {}", place + 1)));
    given.insert("warehouseId".into(), dataset.id_of("inventory/warehouses", place));
    given.insert("technicianIds".into(), json!([dataset.id_of("settings/technicians", place)]));
    given.insert("externalData".into(), json!([]));
    given
}

pub fn purchase_order(dataset: &Dataset, place: usize) -> Given {
    let lines = lines(dataset, place);
    let amount: i64 = lines.iter().map(Line::cents).sum();
    let collection = dataset.plan.collection("inventory/purchase-orders").unwrap_or(0);
    let (created, _) = dataset.moments(collection, place);
    let (received, partial) = (is_received(place), is_partial(place));
    let items: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let got = match (received, partial) {
                (false, _) => 0,
                (true, true) => line.quantity / 2,
                (true, false) => line.quantity,
            };
            json!({
                "id": item_id(dataset, place, at), "skuId": line.sku_id(dataset), "skuName": line.name(), "skuCode": line.code(),
                "skuType": "Material", "vendorPartNumber": pricebook::vendor_part(line.sku), "quantity": format!("{}.00", line.quantity),
                "quantityReceived": format!("{got}.00"), "cost": dollars(line.cost), "total": dollars(line.cents()),
                "serialNumbers": [], "status": if got == line.quantity { "Received" } else { "Pending" },
                "createdOn": clock::write(created), "modifiedOn": clock::write(created),
            })
        })
        .collect();
    let mut given = Given::new();
    given.insert("number".into(), json!(format!("{}-{:03}", 100_001 + place, 1)));
    let status = match (received, partial) {
        _ if place % 23 == 19 => "Canceled",
        (true, true) => "PartiallyReceived",
        (true, false) => "Received",
        (false, _) if place % 10 == 4 => "Pending",
        (false, _) => "Sent",
    };
    given.insert("status".into(), json!(status));
    given.insert("vendorId".into(), vendor_of(dataset, place).0);
    given.insert("date".into(), json!(clock::write(created)));
    given.insert("requiredOn".into(), json!(clock::write(created + 7 * DAY)));
    given.insert("sentOn".into(), if status == "Pending" { Value::Null } else { json!(clock::write(created)) });
    let received_on = if received { json!(clock::write((created + 4 * DAY).min(dataset.origin))) } else { Value::Null };
    given.insert("receivedOn".into(), received_on);
    given.insert("total".into(), dollars(amount + amount * 7 / 100));
    given.insert("tax".into(), dollars(amount * 7 / 100));
    given.insert("shipping".into(), json!("0.00"));
    given.insert("vendorDocumentNumber".into(), json!(format!("D{place:05}")));
    given.insert("items".into(), json!(items));
    given.insert("customFields".into(), json!([]));
    given
}

fn item_id(dataset: &Dataset, order: usize, at: usize) -> Value {
    let number = dataset.id_of("inventory/purchase-orders", order).as_i64().unwrap_or(0);
    json!(number * 8 + i64::try_from(at).unwrap_or(0) + 1)
}

pub fn receipt(dataset: &Dataset, place: usize) -> Given {
    let order = received_order(place);
    let partial = is_partial(order);
    let mut amount = 0;
    let items: Vec<Value> = lines(dataset, order)
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let got = if partial { line.quantity / 2 } else { line.quantity };
            amount += got * line.cost;
            json!({
                "skuId": line.sku_id(dataset), "name": line.name(), "code": line.code(), "quantity": format!("{got}.00"),
                "cost": dollars(line.cost), "purchaseOrderItemId": item_id(dataset, order, at),
            })
        })
        .collect();
    let mut given = Given::new();
    given.insert("number".into(), json!(format!("R-{:05}", place + 1)));
    given.insert("vendorInvoiceNumber".into(), json!(vendor_invoice(place)));
    given.insert("purchaseOrderId".into(), dataset.id_of("inventory/purchase-orders", order));
    given.insert("vendorId".into(), vendor_of(dataset, order).0);
    let bills = dataset.count_of("accounting/inventory-bills");
    given.insert(
        "billId".into(),
        if place < bills { dataset.id_of("accounting/inventory-bills", place) } else { Value::Null },
    );
    given.insert("receiptAmount".into(), dollars(amount));
    given.insert("taxAmount".into(), dollars(amount * 7 / 100));
    given.insert("shippingAmount".into(), json!("0.00"));
    given.insert("items".into(), json!(items));
    given.insert("customFields".into(), json!([]));
    given
}
