//! What templates read that nobody gives them.

use tradewire_liquid::Template;
use tradewire_liquid::reads::{Read, Segment, dotted};
use tradewire_surface::Catalog;

use super::{Report, records};
use crate::contract::{Contract, Side};
use crate::fault::Fault;
use crate::shape::{Kind, Member, Shape};

/// What a template is given.
pub(super) struct Given<'g> {
    /// The members of `source`.
    pub source: &'g [&'g str],
    /// What `source.body` is, where a contract says it.
    pub body: Option<(&'g str, &'g Side)>,
}

/// What the templates for responses are given.
pub(super) const ANSWER: Given<'static> = Given { source: &["statusCode", "headers", "body"], body: None };

/// What a template for requests is given.
pub(super) fn request<'g>(endpoint: &'g str, contract: Option<&'g Contract>) -> Given<'g> {
    Given { source: &["headers", "body"], body: contract.map(|contract| (endpoint, &contract.request)) }
}

/// Reports what a template reads beyond what it is given.
pub(super) fn check(template: &Template, given: &Given<'_>, report: &mut Report) {
    for read in template.reads() {
        if let Some(fault) = unknown(&read, given) {
            let file = read.name.to_string();
            report.add(Fault { file: file.into(), ..fault.at(read.line, read.column) });
        }
    }
}

fn unknown(read: &Read, given: &Given<'_>) -> Option<Fault> {
    let root = match read.path.first()? {
        Segment::Member(root) => root,
        Segment::Answer(operation) => return records::unknown(operation, &read.path),
        Segment::Item | Segment::Computed => return None,
    };
    let names: &[&str] = match &**root {
        "config" => &["baseUrl", "url"],
        "source" => given.source,
        _ => {
            return Some(lacking(&format!("nothing sets `{root}`"), root, ["config", "source"]));
        }
    };
    let member = match read.path.get(1)? {
        Segment::Member(member) => member,
        // A loop over `source` is odd, and not wrong.
        Segment::Item | Segment::Computed | Segment::Answer(_) => return None,
    };
    if !names.contains(&&**member) {
        let what = format!("`{root}` has no `{member}`, only `{}`", names.join("`, `"));
        return Some(lacking(&what, member, names.iter().copied()));
    }
    let (endpoint, side) = given.body.filter(|_| &**root == "source" && &**member == "body")?;
    walk(endpoint, side.shape(), read)
}

/// Follows a path through the contract, to where the contract ends.
fn walk(endpoint: &str, body: Shape<'static>, read: &Read) -> Option<Fault> {
    let mut shape = body;
    for (index, segment) in read.path.iter().enumerate().skip(2) {
        let name = match segment {
            Segment::Item | Segment::Computed | Segment::Answer(_) => match shape.item() {
                Some(item) => {
                    shape = item;
                    continue;
                }
                // A pair of a dictionary, or what a computed name yields.
                None => return None,
            },
            Segment::Member(name) => name,
        };
        match shape.member(name) {
            Member::Known(member) => shape = member,
            Member::Free => return None,
            Member::Unknown => {
                let is_end = matches!(&**name, "first" | "last");
                if let (Kind::List, true, Some(item)) = (shape.kind(), is_end, shape.item()) {
                    shape = item;
                    continue;
                }
                let way = dotted(&read.path[..index]);
                let what = match shape.kind() {
                    Kind::List => format!("`{way}` is a list in the contract, and has no `{name}`"),
                    Kind::Scalar => format!("`{way}` is no object in the contract, and has no `{name}`"),
                    _ => format!("the contract has no `{name}` in `{way}`"),
                };
                let names: Vec<&str> = shape.members().iter().map(|(name, _)| *name).collect();
                let fault = lacking(&what, name, names);
                return Some(fault.contract(format!("{endpoint}.request#{}", shape.pointer())));
            }
        }
    }
    None
}

pub(super) fn lacking<'n>(what: &str, wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Fault {
    let fault = Fault::warning("", what);
    match Catalog::nearest(wanted, names) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}
