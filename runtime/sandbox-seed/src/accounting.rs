//! Invoices, payments and bills. Amounts here travel as texts.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given, dollars};
use super::{crm, inventory, jobs, pricebook};
use crate::clock::{self, DAY};

fn named(id: Value, name: String) -> Value {
    json!({ "id": id, "name": name })
}

pub fn invoice(dataset: &Dataset, place: usize) -> Given {
    let location = jobs::location(dataset, place);
    let customer = crm::customer_of_location(dataset, location);
    let total = jobs::total_cents(dataset, place);
    let tax = total * 7 / 107;
    let paid = place % 5 != 4;
    let (_, end) = jobs::window(dataset, place);
    let day = end - end.rem_euclid(DAY);
    let mut given = Given::new();
    given.insert("referenceNumber".into(), json!(jobs::number(place)));
    given.insert("invoiceDate".into(), json!(clock::write(day)));
    given.insert("dueDate".into(), json!(clock::write(day + 30 * DAY)));
    given.insert("subTotal".into(), dollars(total - tax));
    given.insert("salesTax".into(), dollars(tax));
    given.insert("total".into(), dollars(total));
    given.insert("balance".into(), dollars(if paid { 0 } else { total }));
    given.insert("paidOn".into(), if paid { json!(clock::write(end)) } else { Value::Null });
    let name = crm::customer_name(dataset, customer);
    given.insert("customer".into(), named(dataset.id_of("crm/customers", customer), name));
    given.insert("customerAddress".into(), crm::address(dataset, customer));
    given.insert(
        "location".into(),
        named(dataset.id_of("crm/locations", location), crm::location_name(dataset, location)),
    );
    given.insert("locationAddress".into(), crm::address(dataset, location));
    let job = json!({ "id": dataset.id_of("jpm/jobs", place), "number": jobs::number(place), "type": jobs::type_name(place) });
    given.insert("job".into(), job);
    given.insert("active".into(), json!(true));
    given.insert("adjustmentToId".into(), Value::Null);
    given.insert("customFields".into(), json!([]));
    let sku = dataset.rng("invoice's sku", place).below(dataset.count_of("pricebook/services"));
    given.insert(
        "items".into(),
        json!([{
            "description": "<p>As agreed</p>", "quantity": "1.00", "price": dollars(total - tax), "total": dollars(total - tax),
            "cost": dollars((total - tax) / 3), "totalCost": dollars((total - tax) / 3), "type": "Service",
            "skuId": dataset.id_of("pricebook/services", sku), "skuName": pricebook::service_code(sku), "taxable": true,
        }]),
    );
    given
}

pub fn payment(dataset: &Dataset, place: usize) -> Given {
    // Four of five invoices are paid: the place among them leads back to the invoice.
    let invoice = place / 4 * 5 + place % 4;
    let location = jobs::location(dataset, invoice);
    let customer = crm::customer_of_location(dataset, location);
    let total = jobs::total_cents(dataset, invoice);
    let (_, end) = jobs::window(dataset, invoice);
    let mut given = Given::new();
    given.insert(
        "customer".into(),
        named(dataset.id_of("crm/customers", customer), crm::customer_name(dataset, customer)),
    );
    given.insert("total".into(), dollars(total));
    given.insert("unappliedAmount".into(), json!("0.00"));
    given.insert("date".into(), json!(clock::write(end)));
    given.insert("referenceNumber".into(), json!(format!("PMT-{}", place + 1)));
    given.insert("active".into(), json!(true));
    given.insert(
        "appliedTo".into(),
        json!([{
            "appliedAmount": dollars(total), "appliedTo": dataset.id_of("accounting/invoices", invoice),
            "appliedToReferenceNumber": jobs::number(invoice), "appliedOn": clock::write(end),
        }]),
    );
    given.insert("customFields".into(), json!([]));
    given
}

/// A bill is for the order of its place and the receipt of its place; one in nine is dearer than what was received.
pub fn bill(dataset: &Dataset, place: usize) -> Given {
    let order = inventory::received_order(place);
    let lines = inventory::lines(dataset, order);
    let amount: i64 = lines.iter().map(inventory::Line::cents).sum();
    let amount = if place % 9 == 5 { amount + 1250 } else { amount };
    let tax = amount * 7 / 100;
    let (_, vendor) = inventory::vendor_of(dataset, order);
    let (created, _) = dataset
        .plan
        .collection("accounting/inventory-bills")
        .map_or((dataset.origin, 0), |c| dataset.moments(c, place.min(dataset.count(c).saturating_sub(1))));
    let day = created - created.rem_euclid(DAY);
    let mut given = Given::new();
    given.insert("purchaseOrderId".into(), dataset.id_of("inventory/purchase-orders", order));
    given.insert("referenceNumber".into(), json!(inventory::vendor_invoice(place)));
    given.insert("billDate".into(), json!(clock::write(day)));
    given.insert("dueDate".into(), json!(clock::write(day + 30 * DAY)));
    // The description says a moment; what arrives is a day without a zone.
    given.insert("postDate".into(), json!(format!("{}T00:00:00", clock::write_day(day))));
    given.insert("billAmount".into(), dollars(amount + tax));
    given.insert("vendorInvoiceTotal".into(), dollars(amount + tax));
    given.insert("taxAmount".into(), dollars(tax));
    given.insert("shippingAmount".into(), json!("0.00"));
    given.insert("otherAmount".into(), json!("0.00"));
    given.insert("vendor".into(), named(dataset.id_of("inventory/vendors", vendor), inventory::vendor_name(vendor)));
    let items: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            json!({
                "order": at + 1, "name": line.name(), "quantity": format!("{}.00", line.quantity), "cost": dollars(line.cost),
                "skuId": line.sku_id(dataset), "skuCode": line.code(), "skuType": "Material",
            })
        })
        .collect();
    given.insert("items".into(), json!(items));
    given.insert("syncStatus".into(), json!(if place.is_multiple_of(3) { "Exported" } else { "Pending" }));
    given.insert("customFields".into(), json!([]));
    given
}
