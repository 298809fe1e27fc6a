//! What filters read of their input, and what is left of it behind them.

use super::super::expression::{Call, Expr, Filtered};
use super::paths::{Stands, literal};
use super::walk::Walk;
use super::{Segment, Use};

/// What a filter reads its input for.
fn wanted(filter: &str) -> Option<Use> {
    match filter {
        "abs" | "at_least" | "at_most" | "ceil" | "divided_by" | "floor" | "minus" | "modulo" | "plus" | "round"
        | "times" => Some(Use::Number),
        "date" => Some(Use::Date),
        "compact" | "concat" | "find" | "find_index" | "has" | "join" | "map" | "reject" | "reverse" | "sort"
        | "sort_natural" | "sum" | "uniq" | "where" => Some(Use::List),
        _ => None,
    }
}

impl<'t> Walk<'t> {
    pub(super) fn filtered(&mut self, filtered: &'t Filtered) -> Stands {
        // `default` lets its input through to the next.
        let first = filtered.filters.iter().find(|call| call.filter.name != "default");
        let used = first.and_then(|call| wanted(call.filter.name)).unwrap_or(Use::Value);
        let mut stands = self.read(&filtered.expr, &used);
        for call in &filtered.filters {
            stands = self.behind(call, stands);
        }
        stands
    }

    /// What is left behind a filter.
    fn behind(&mut self, call: &'t Call, input: Stands) -> Stands {
        let args: Vec<Stands> = call.args.iter().map(|arg| self.read(arg, &Use::Value)).collect();
        if let Some(named) = &call.named {
            self.read(named, &Use::Value);
        }
        let first = || args.first().cloned().unwrap_or_default();
        match call.filter.name {
            "default" | "concat" => input.or(first()),
            "first" | "last" => input.then(&Segment::Item),
            "reverse" | "slice" => input,
            "where" | "reject" | "sort" | "sort_natural" | "uniq" | "compact" => {
                self.property(call, &input);
                input
            }
            "find" => {
                self.property(call, &input);
                input.then(&Segment::Item)
            }
            "map" | "sum" | "has" | "find_index" => {
                self.property(call, &input);
                Stands::default()
            }
            "as_header" => {
                for name in ["Key", "Value"] {
                    self.found(&input.then(&Segment::Member(name.into())), &Use::Value, call.place);
                }
                Stands::default()
            }
            _ => Stands::default(),
        }
    }

    /// `where: "active", true` reads the member `active` of each item.
    fn property(&mut self, call: &'t Call, input: &Stands) {
        let Some(Expr::Text(name)) = call.args.first() else { return };
        let used = match (call.filter.name, call.args.get(1)) {
            ("sum", _) => Use::Number,
            ("where" | "reject" | "find" | "find_index" | "has", None) => Use::Tested,
            ("where" | "reject" | "find" | "find_index" | "has", Some(value)) => {
                literal(value).map_or(Use::Value, Use::Compared)
            }
            _ => Use::Value,
        };
        let member = input.then(&Segment::Item).then(&Segment::Member(name.clone()));
        self.found(&member, &used, call.place);
    }
}
