//! The pricebook: what names the vendor, and its cost.

use std::collections::BTreeMap;

use tradewire_plugin::pricebook::equipment::{self, EquipmentRecord, EquipmentUpdateRequest};
use tradewire_plugin::pricebook::materials::{self, Material, MaterialUpdateRequest};
use tradewire_plugin::pricebook::types::{
    SkuVendor, SkuVendorRequestPatch, SkuVendorSubAccount, SkuVendorSubAccountRequestPatch,
};
use tradewire_plugin::{Decimal, Error, Failure, Result, decimal, pricebook};
use tradewire_purchasing::price_changes::{Item, Kind};
use tradewire_purchasing::servicetitan::PAGE;

use crate::options::Options;

/// An item that names the vendor, as it is compared and as it is in the pricebook.
pub struct Named {
    pub compared: Item,
    primary: Option<SkuVendor>,
    others: Vec<SkuVendor>,
}

/// Items by what they are and their numbers at ServiceTitan.
pub type Items = BTreeMap<(Kind, i64), Named>;

/// Every active item that names the vendor.
pub fn items(options: &Options) -> Result<Items> {
    let mut items = Items::new();
    if options.kinds.contains(&Kind::Material) {
        for material in pricebook::materials().page_size(PAGE).records() {
            let material = material?;
            keep(&mut items, (Kind::Material, material.id), of_material(material, options)?);
        }
    }
    if options.kinds.contains(&Kind::Equipment) {
        for record in pricebook::equipment().page_size(PAGE).records() {
            let record = record?;
            keep(&mut items, (Kind::Equipment, record.id), of_equipment(record, options)?);
        }
    }
    Ok(items)
}

/// An item that a walk meets twice, because it changed meanwhile, is what it was last.
fn keep(items: &mut Items, key: (Kind, i64), named: Option<Named>) {
    match named {
        Some(named) => items.insert(key, named),
        None => items.remove(&key),
    };
}

/// Whether an entry of an item is the vendor's, and not switched off.
fn is_of(entry: &SkuVendor, vendor: i64) -> bool {
    entry.vendor_id == Some(vendor) && entry.active != Some(false)
}

fn of_material(material: Material, options: &Options) -> Result<Option<Named>> {
    let named = Named {
        compared: Item {
            kind: Kind::Material,
            id: material.id,
            code: material.code.unwrap_or_default(),
            name: material.display_name.unwrap_or_default(),
            unit: material.unit_of_measure.unwrap_or_default(),
            part: String::new(),
            cost: None,
            is_locked: material.is_cost_locked == Some(true),
            entries: 0,
        },
        primary: material.primary_vendor,
        others: material.other_vendors.unwrap_or_default(),
    };
    named.of(options)
}

fn of_equipment(record: EquipmentRecord, options: &Options) -> Result<Option<Named>> {
    let named = Named {
        compared: Item {
            kind: Kind::Equipment,
            id: record.id,
            code: record.code.unwrap_or_default(),
            name: record.display_name.unwrap_or_default(),
            unit: record.unit_of_measure.unwrap_or_default(),
            part: String::new(),
            cost: None,
            is_locked: record.is_cost_locked == Some(true),
            entries: 0,
        },
        primary: record.primary_vendor,
        others: record.other_vendors.unwrap_or_default(),
    };
    named.of(options)
}

impl Named {
    /// With what it says of the vendor; none where it does not name it.
    fn of(mut self, options: &Options) -> Result<Option<Named>> {
        let vendor = options.account.vendor;
        let all = self.primary.iter().chain(&self.others);
        let entries: Vec<&SkuVendor> = all.filter(|entry| is_of(entry, vendor)).collect();
        let Some(entry) = entries.first() else { return Ok(None) };
        let cost = decimal(&entry.cost).map_err(|failure| {
            let Item { kind, id, .. } = self.compared;
            Failure::refused(format!("{kind} {id}: {}", failure.message))
        })?;
        let (part, entries) = (entry.vendor_part.clone().unwrap_or_default().trim().to_owned(), entries.len());
        self.compared = Item { part, cost, entries, ..self.compared };
        Ok(Some(self))
    }
}

/// Writes the vendor's price into the item; the item's own cost follows where it is the primary vendor's.
pub fn set_cost(named: &Named, price: Decimal, options: &Options) -> Result<(), Error> {
    let vendor = options.account.vendor;
    let is_primary = named.primary.as_ref().is_some_and(|entry| is_of(entry, vendor));
    let cost = Some(price.to_string()).filter(|_| is_primary && options.item_cost);
    let primary = named.primary.as_ref().filter(|_| is_primary).map(|entry| patch(entry, vendor, price));
    // A list is replaced as a whole: the other vendors are sent as they are.
    let others = (!is_primary).then(|| named.others.iter().map(|entry| patch(entry, vendor, price)).collect());
    let id = named.compared.id;
    match named.compared.kind {
        Kind::Material => {
            let body =
                MaterialUpdateRequest { cost, primary_vendor: primary, other_vendors: others, ..Default::default() };
            materials::update(id, &body).map(drop)
        }
        Kind::Equipment => {
            let body =
                EquipmentUpdateRequest { cost, primary_vendor: primary, other_vendors: others, ..Default::default() };
            equipment::update(id, &body).map(drop)
        }
    }
}

/// An entry as it is, with the new price where it is the vendor's.
fn patch(entry: &SkuVendor, vendor: i64, price: Decimal) -> SkuVendorRequestPatch {
    let cost =
        if is_of(entry, vendor) { price.to_string() } else { entry.cost.clone().unwrap_or_else(|| "0".to_owned()) };
    let sub_account = |account: &SkuVendorSubAccount| SkuVendorSubAccountRequestPatch {
        cost: account.cost.clone().unwrap_or_else(|| "0".to_owned()),
        account_name: account.account_name.clone().unwrap_or_default(),
    };
    SkuVendorRequestPatch {
        vendor_id: entry.vendor_id.unwrap_or_default(),
        memo: entry.memo.clone().map(Some),
        vendor_part: entry.vendor_part.clone().map(Some),
        cost,
        active: entry.active.unwrap_or(true),
        primary_sub_account: entry.primary_sub_account.as_ref().map(|account| Some(sub_account(account))),
        other_sub_accounts: entry.other_sub_accounts.as_ref().map(|all| Some(all.iter().map(sub_account).collect())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(vendor: i64, active: bool) -> SkuVendor {
        SkuVendor {
            id: 1,
            vendor_name: None,
            vendor_id: Some(vendor),
            memo: None,
            vendor_part: Some("HL-1".into()),
            cost: Some("3.20".into()),
            active: Some(active),
            primary_sub_account: None,
            other_sub_accounts: None,
        }
    }

    #[test]
    fn an_entry_that_is_switched_off_keeps_its_cost() {
        let price = "3.42".parse().unwrap();
        let costs = [entry(41, true), entry(41, false), entry(42, true)].map(|entry| patch(&entry, 41, price).cost);
        assert_eq!(costs, ["3.42", "3.20", "3.20"]);
    }

    #[test]
    fn an_item_that_is_met_twice_is_what_it_was_last() {
        let named = |cost: &str| Named {
            compared: Item {
                kind: Kind::Material,
                id: 7,
                code: String::new(),
                name: String::new(),
                unit: String::new(),
                part: "HL-1".into(),
                cost: cost.parse().ok(),
                is_locked: false,
                entries: 1,
            },
            primary: None,
            others: Vec::new(),
        };
        let (mut items, key) = (Items::new(), (Kind::Material, 7));
        keep(&mut items, key, Some(named("1")));
        keep(&mut items, key, Some(named("2")));
        assert_eq!((items.len(), items[&key].compared.cost), (1, "2".parse().ok()));
        keep(&mut items, key, None);
        assert!(items.is_empty());
    }
}
