//! Builds the plan out of the catalog.

use std::collections::HashMap;

use indexmap::IndexMap;
use tradewire_surface::{
    Answer, Body, Catalog, Effect, Field, Method, OperationRef, ParameterIn, Scalar, Surface, Type,
};

use super::nouns::{kebab, singular, singular_each};
use super::route::{Routes, Segment, segments};
use super::shape::{Shape, fields, same};
use super::{Collection, Endpoint, IdKind, Kind, Plan, Scope};

/// An operation with what its path says.
struct Draft {
    op: OperationRef<'static>,
    segments: Vec<Segment>,
    shape: Shape,
    key: String,
}

/// What is read of a collection, before views are told from collections.
struct Reads {
    surface: &'static Surface,
    /// Record types, those of lists first.
    records: Vec<(u8, Type)>,
    listed: bool,
}

pub(super) fn build(catalog: &'static Catalog) -> Plan {
    let drafts: Vec<Draft> = catalog.operations().map(draft).collect();
    let reads = reads(&drafts);
    let canonical = canonical(&reads);
    let mut collections: Vec<Collection> = Vec::new();
    let mut by_key: HashMap<String, usize> = HashMap::new();
    for key in reads.keys().filter(|key| canonical[*key] == **key) {
        by_key.insert(key.clone(), collections.len());
        collections.push(collection(key, &reads, &canonical, &drafts));
    }
    for (key, target) in &canonical {
        by_key.insert(key.clone(), by_key[target]);
    }
    let by_noun = by_noun(&collections, &reads);
    let mut plan = Plan { endpoints: Vec::new(), collections, routes: Routes::new(), by_key, by_noun };
    for (number, draft) in drafts.iter().enumerate() {
        plan.routes.add(draft.op.operation.method, &draft.segments, number);
        let endpoint = endpoint(&plan, draft, &reads);
        plan.endpoints.push(endpoint);
    }
    parents(&mut plan);
    plan
}

fn draft(op: OperationRef<'static>) -> Draft {
    let segments = segments(&op.operation.path);
    let words: Vec<&str> = after_tenant(&segments).iter().filter_map(word).collect();
    let words = words.strip_prefix(&["export"]).unwrap_or(&words);
    let words = words.strip_suffix(&["export"]).unwrap_or(words);
    let words = words.strip_suffix(&["paginated"]).unwrap_or(words);
    let key = format!("{}/{}", op.surface.name, words.join("/"));
    Draft { shape: Shape::of(op.surface, &op.operation.answer), op, segments, key }
}

fn after_tenant(segments: &[Segment]) -> &[Segment] {
    let tenant = segments.iter().position(|s| matches!(s, Segment::Param(name) if name == "tenant"));
    &segments[tenant.map_or(0, |at| at + 1)..]
}

fn word(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Word(word) => Some(word),
        Segment::Param(_) => None,
    }
}

fn ends_with_param(segments: &[Segment]) -> bool {
    matches!(segments.last(), Some(Segment::Param(_)))
}

fn reads(drafts: &[Draft]) -> IndexMap<String, Reads> {
    let mut reads: IndexMap<String, Reads> = IndexMap::new();
    for draft in drafts.iter().filter(|d| d.op.operation.method == Method::Get) {
        let surface = draft.op.surface;
        let (rank, listed) = match &draft.shape {
            Shape::Page(_) | Shape::Array(_) => (0, true),
            Shape::One(_) if ends_with_param(&draft.segments) => (1, true),
            Shape::Feed(_) => (2, true),
            Shape::One(_) => (3, false),
            Shape::Empty | Shape::File => continue,
        };
        let Some(record) = draft.shape.record().filter(|ty| !listed || fields(surface, ty).is_some()) else { continue };
        let entry =
            reads.entry(draft.key.clone()).or_insert_with(|| Reads { surface, records: Vec::new(), listed: false });
        entry.records.push((rank, record.clone()));
        entry.listed |= listed;
    }
    for entry in reads.values_mut() {
        entry.records.sort_by_key(|(rank, _)| *rank);
    }
    reads
}

/// For each key the key whose records it shows: itself, or for a view another.
fn canonical(reads: &IndexMap<String, Reads>) -> IndexMap<String, String> {
    let mut shortest: Vec<&String> = reads.keys().collect();
    shortest.sort_by_key(|key| key.matches('/').count());
    let view_of = |key: &String| -> Option<String> {
        let entry = &reads[key];
        let record = &entry.records.first()?.1;
        let words: Vec<&str> = key.split('/').collect();
        let is_feed_only = entry.records.iter().all(|(rank, _)| *rank == 2);
        shortest.iter().find_map(|other| {
            let base = &reads[*other];
            if *other == key || base.surface.name != entry.surface.name || !base.listed {
                return None;
            }
            let base_words: Vec<&str> = other.split('/').collect();
            if is_feed_only && singular_each(key) == singular_each(other) && base.records[0].0 < 2 {
                return Some((*other).clone());
            }
            let shorter = base_words.len() < words.len()
                && base_words.last() == words.last()
                && is_subsequence(&base_words, &words)
                && same(entry.surface, record, &base.records[0].1);
            shorter.then(|| (*other).clone())
        })
    };
    let direct: IndexMap<String, String> =
        reads.keys().map(|key| (key.clone(), view_of(key).unwrap_or_else(|| key.clone()))).collect();
    direct
        .iter()
        .map(|(key, target)| {
            let mut target = target;
            while &direct[target] != target {
                target = &direct[target];
            }
            (key.clone(), target.clone())
        })
        .collect()
}

fn is_subsequence(part: &[&str], whole: &[&str]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|word| rest.any(|other| other == word))
}

fn collection(
    key: &str,
    reads: &IndexMap<String, Reads>,
    canonical: &IndexMap<String, String>,
    drafts: &[Draft],
) -> Collection {
    let surface = reads[key].surface;
    let mut types: Vec<&(u8, Type)> =
        reads.iter().filter(|(other, _)| canonical[*other] == key).flat_map(|(_, reads)| &reads.records).collect();
    types.sort_by_key(|(rank, _)| *rank);
    let mut union: IndexMap<&str, Field> = IndexMap::new();
    for (_, ty) in types {
        for field in fields(surface, ty).unwrap_or_default() {
            union.entry(field.wire.as_str()).or_insert_with(|| field.clone());
        }
    }
    let own = |draft: &&Draft| canonical.get(&draft.key).is_some_and(|target| target == key);
    let identity = identity(&union, drafts.iter().filter(own));
    let active_param = drafts.iter().filter(own).any(|d| {
        matches!(d.shape, Shape::Page(_) | Shape::Array(_)) && d.op.operation.params.iter().any(|p| p.wire == "active")
    });
    let fields = union.into_values().collect();
    Collection { key: key.to_owned(), surface, fields, identity, parent: None, active_param }
}

fn identity<'d>(union: &IndexMap<&str, Field>, drafts: impl Iterator<Item = &'d Draft>) -> Option<(String, IdKind)> {
    let last_param = drafts.filter_map(|draft| match draft.segments.last() {
        Some(Segment::Param(name)) => Some(name.as_str()),
        _ => None,
    });
    std::iter::once("id").chain(last_param).find_map(|name| {
        let kind = match &union.get(name)?.ty {
            Type::Scalar(Scalar::S32 | Scalar::S64) => IdKind::Number,
            Type::Scalar(Scalar::Guid) => IdKind::Guid,
            Type::Scalar(_) => IdKind::Word,
            _ => return None,
        };
        Some((name.to_owned(), kind))
    })
}

/// Collections by what one of their records is called; those with the shortest names win.
fn by_noun(collections: &[Collection], reads: &IndexMap<String, Reads>) -> HashMap<String, Vec<usize>> {
    let mut order: Vec<usize> = (0..collections.len()).filter(|c| reads[&collections[*c].key].listed).collect();
    order.sort_by_key(|c| collections[*c].key.matches('/').count());
    let mut nouns: HashMap<String, Vec<usize>> = HashMap::new();
    for number in order {
        let last = collections[number].key.rsplit('/').next().unwrap_or_default();
        nouns.entry(singular(last)).or_default().push(number);
    }
    nouns
}

fn endpoint(plan: &Plan, draft: &Draft, reads: &IndexMap<String, Reads>) -> Endpoint {
    let operation = draft.op.operation;
    let path = after_tenant(&draft.segments);
    let path_params: Vec<_> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Param(name) => operation.params.iter().find(|p| p.place == ParameterIn::Path && &p.wire == name),
            Segment::Word(_) => None,
        })
        .collect();
    let owners = owners(plan, draft, path);
    let kind = kind(plan, draft, reads, &owners);
    let ends_with_param = ends_with_param(path);
    let own_id = ends_with_param && matches!(kind, Kind::Get(_) | Kind::Replace(_) | Kind::Merge(_) | Kind::Delete(_));
    let last = path_params.len().checked_sub(1);
    let checks = match kind {
        Kind::Act(_) => owners.iter().take(1).copied().collect(),
        _ => owners.iter().filter(|(param, _)| !(own_id && Some(*param) == last)).copied().collect(),
    };
    let scope = match (own_id, path_params.len()) {
        (true, n) => n.checked_sub(2),
        (false, n) if ends_with_param => n.checked_sub(2),
        (false, n) => n.checked_sub(1),
    }
    .map(|param| scope(plan, kind.collection(), path, param));
    let last_word = path.iter().rev().find_map(word).unwrap_or_default().to_owned();
    Endpoint {
        id: draft.op.id(),
        surface: draft.op.surface,
        operation,
        segments: draft.segments.clone(),
        path_params,
        shape: draft.shape.clone(),
        kind,
        checks,
        scope,
        last_word,
    }
}

/// Whose ids the path's parameters are: the place of each that is known, and its collection.
fn owners(plan: &Plan, draft: &Draft, path: &[Segment]) -> Vec<(usize, usize)> {
    let surface = &draft.op.surface.name;
    let mut owners = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut place = 0;
    for segment in path {
        match segment {
            Segment::Word(word) => words.push(word),
            Segment::Param(name) => {
                let key = format!("{surface}/{}", words.join("/"));
                let noun = words.last().copied().unwrap_or_default();
                let by_name = || plan.noun(surface, &kebab(name)).filter(|_| words.len() < 2);
                let owner = plan.by_key.get(&key).copied().or_else(|| plan.noun(surface, noun)).or_else(by_name);
                let param = draft.op.operation.params.iter().find(|p| p.place == ParameterIn::Path && p.wire == *name);
                if let Some(owner) = owner.filter(|c| param.is_some_and(|p| identifies(&p.ty, &plan.collections[*c]))) {
                    owners.push((place, owner));
                }
                place += 1;
            }
        }
    }
    owners
}

/// Whether a value of that type can be the id of a record.
fn identifies(ty: &Type, collection: &Collection) -> bool {
    let is_number = matches!(ty, Type::Scalar(Scalar::S32 | Scalar::S64));
    collection.identity.as_ref().is_some_and(|(_, kind)| (*kind == IdKind::Number) == is_number)
}

fn kind(plan: &Plan, draft: &Draft, reads: &IndexMap<String, Reads>, owners: &[(usize, usize)]) -> Kind {
    let operation = draft.op.operation;
    let ends_with_param = ends_with_param(&draft.segments);
    let known = plan.by_key.get(&draft.key).copied();
    let listed = reads.get(&draft.key).is_some_and(|reads| reads.listed);
    let is_view = known.is_some_and(|c| plan.collections[c].key != draft.key);
    let on = owners.first().map(|(_, collection)| *collection);
    match (operation.method, known) {
        (_, _) if matches!(operation.body, Some(Body::File(_))) => Kind::Upload,
        (Method::Get, _) if operation.answer == Answer::File => {
            Kind::Download(operation.params.iter().all(|p| p.place == ParameterIn::Path) && draft.segments.len() > 5)
        }
        (Method::Get, Some(collection)) => match draft.shape {
            Shape::Page(_) | Shape::Array(_) if listed => Kind::List(collection),
            Shape::Feed(_) => Kind::Feed(collection),
            _ if ends_with_param && listed => Kind::Get(collection),
            _ if is_view => Kind::Pick(collection),
            _ => Kind::Single(collection),
        },
        (Method::Get, None) => Kind::Read,
        (Method::Post, _) if ends_with_param => Kind::Act(on),
        (Method::Post, _) if operation.effect == Effect::Read => Kind::Read,
        (Method::Post, Some(collection)) if listed => Kind::Create(collection),
        (Method::Put, Some(collection)) if listed && ends_with_param => Kind::Replace(collection),
        (Method::Patch, Some(collection)) if listed && ends_with_param => Kind::Merge(collection),
        (Method::Delete, Some(collection)) if listed && ends_with_param => Kind::Delete(collection),
        (Method::Post | Method::Put | Method::Patch, Some(collection)) if !listed && !ends_with_param => {
            if is_view {
                Kind::MergePick(collection)
            } else {
                Kind::MergeSingle(collection)
            }
        }
        _ => Kind::Act(on),
    }
}

/// How the records of a collection are told by a parameter: by a field named after it or after the word before it.
fn scope(plan: &Plan, collection: Option<usize>, path: &[Segment], param: usize) -> Scope {
    let mut seen = 0;
    let mut before = "";
    let mut name = "";
    for segment in path {
        match segment {
            Segment::Word(word) => before = word,
            Segment::Param(wire) => {
                if seen == param {
                    name = wire;
                    break;
                }
                seen += 1;
            }
        }
    }
    let has = |field: &str| collection.is_some_and(|c| plan.collections[c].field(field).is_some());
    let noun = camel(&singular(before));
    let candidates = [name.to_owned(), format!("{name}Id"), format!("{noun}Id")];
    let field = candidates.into_iter().find(|candidate| candidate != "id" && has(candidate));
    let person = match singular(before).as_str() {
        "technician" => Some("Technician"),
        "employee" => Some("Employee"),
        _ => None,
    };
    if person.is_some() && field.as_deref() != Some("technicianId") && has("employeeId") && has("employeeType") {
        return Scope { param, field: Some("employeeId".to_owned()), employee_type: person };
    }
    Scope { param, field, employee_type: None }
}

fn camel(kebab: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for letter in kebab.chars() {
        match letter {
            '-' => upper = true,
            _ if std::mem::take(&mut upper) => out.push(letter.to_ascii_uppercase()),
            _ => out.push(letter),
        }
    }
    out
}

/// Records of `customers/notes` belong to customers: so say the endpoints that walk them.
fn parents(plan: &mut Plan) {
    let mut found = Vec::new();
    for endpoint in &plan.endpoints {
        let (Some(collection), Some(scope)) = (endpoint.kind.collection(), &endpoint.scope) else { continue };
        if matches!(endpoint.kind, Kind::Act(_)) || scope.employee_type.is_some() {
            continue;
        }
        let owner = endpoint.checks.iter().find(|(param, _)| *param == scope.param).map(|(_, owner)| *owner);
        if let Some(owner) = owner.filter(|owner| *owner != collection) {
            found.push((collection, owner, scope.field.clone()));
        }
    }
    for (collection, owner, field) in found {
        plan.collections[collection].parent.get_or_insert((owner, field));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kind_of(id: &str) -> (Kind, String) {
        let plan = Plan::get();
        let endpoint = plan.endpoint(id).unwrap_or_else(|| panic!("{id} is not in the catalog"));
        let key = endpoint.kind.collection().map(|c| plan.collections[c].key.clone()).unwrap_or_default();
        (endpoint.kind, key)
    }

    #[test]
    fn every_operation_has_an_endpoint_that_its_own_path_finds() {
        use super::super::route::Found;
        let plan = Plan::get();
        assert_eq!(plan.endpoints.len(), Catalog::get().operations().count());
        for (number, endpoint) in plan.endpoints.iter().enumerate() {
            let path = endpoint.operation.path.replace(['{', '}'], "~");
            let Found::Operation(found, _) = plan.routes.find(Some(endpoint.operation.method), &path) else {
                panic!("{} is not found", endpoint.id)
            };
            assert_eq!(found, number, "{}", endpoint.id);
        }
    }

    #[test]
    fn the_same_collection_is_listed_read_changed_and_exported() {
        for id in ["get-list", "create", "update", "delete"] {
            assert_eq!(kind_of(&format!("payroll/gross-pay-items.{id}")).1, "payroll/gross-pay-items");
        }
        assert_eq!(kind_of("payroll/export.gross-pay-items").1, "payroll/gross-pay-items");
    }

    #[test]
    fn longer_paths_to_records_of_the_same_type_are_views() {
        let plan = Plan::get();
        let views: Vec<_> = plan
            .endpoints
            .iter()
            .filter(|e| e.operation.path.ends_with("/technicians/{technician}/payrolls"))
            .collect();
        assert_eq!(views.len(), 1);
        assert_eq!(plan.collections[views[0].kind.collection().unwrap()].key, "payroll/payrolls");
        let scope = views[0].scope.as_ref().unwrap();
        assert_eq!(scope.field.as_deref(), Some("employeeId"));
        assert_eq!(scope.employee_type, Some("Technician"));
    }

    #[test]
    fn fields_refer_to_the_collection_they_mean() {
        let plan = Plan::get();
        let key = |surface: &str, field: &str| {
            plan.referent(surface, None, field).map(|c| plan.collections[c].key.as_str()).unwrap_or("nothing")
        };
        assert_eq!(key("accounting", "jobId"), "jpm/jobs");
        assert_eq!(key("payroll", "activityCodeId"), "payroll/activity-codes");
        assert_eq!(key("crm", "tagTypeIds"), "settings/tag-types");
        assert_eq!(key("inventory", "createdById"), "settings/employees");
        assert_eq!(key("accounting", "payoutBusinessUnitId"), "settings/business-units");
    }
}
