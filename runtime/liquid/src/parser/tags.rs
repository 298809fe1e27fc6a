//! The tags, each parsed by a function of its name.

use super::super::error::{Problem, quoted};
use super::super::expression::{condition, expression};
use super::super::lexer::{Fault, Lexer};
use super::super::structure::Literal;
use super::super::tree::{Block, For, Kind, Node, Offset, TableRow, Test};
use super::{Parser, unknown_tag, without_space};

impl<'s> Parser<'s, '_, '_> {
    /// Parses a tag into the block. Tells whether it writes nothing.
    pub(super) fn tag(
        &mut self,
        name: &'s str,
        markup: &'s str,
        place: usize,
        block: &mut Block,
        open: Option<(&str, usize)>,
    ) -> Result<bool, Fault> {
        let (kind, blank) = match name {
            "#" => {
                let bare = markup.lines().skip(1).any(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
                if bare {
                    return Err((place, Problem::syntax("each line of an inline comment begins with `#`")));
                }
                return Ok(true);
            }
            "comment" => return self.comment(place).map(|()| true),
            "doc" => return self.doc(markup, place).map(|()| true),
            "raw" => return self.raw(place, block),
            "liquid" => return self.liquid(markup, place, block, open),
            "echo" => (self.output(markup)?, false),
            "assign" => (self.assign(markup, place)?, true),
            "capture" => {
                let slot = self.target(markup)?;
                let (body, _, _) = self.inner(&["endcapture"], name, place)?;
                (Kind::Capture { slot, body }, true)
            }
            "if" | "unless" => self.branches(name, markup, place)?,
            "case" => self.case(markup, place)?,
            "for" => self.for_loop(markup, place)?,
            "tablerow" => self.table_row(markup, place)?,
            "ifchanged" => {
                let (body, blank, _) = self.inner(&["endifchanged"], name, place)?;
                (Kind::IfChanged(body), blank)
            }
            "cycle" => (Kind::Cycle(Box::new(self.cycle_markup(markup)?)), false),
            "increment" | "decrement" => (Kind::Count { slot: self.target(markup)?, up: name == "increment" }, false),
            "include" => (Kind::Include(Box::new(self.partial_markup(markup, false)?)), false),
            "render" => (Kind::Render(Box::new(self.partial_markup(markup, true)?)), false),
            "forloop_delimiter" => (Kind::Delimiter, false),
            "break" => (Kind::Break, false),
            "continue" => (Kind::Continue, false),
            _ => match self.shared.tags.iter().find(|tag| tag.word() == name) {
                Some(tag) => (Kind::Call(Box::new(self.call_markup(&**tag, markup)?)), true),
                None => return Err(unknown_tag(name, place, open, self.shared.tags)),
            },
        };
        block.nodes.push(Node { kind, place });
        Ok(blank)
    }

    fn assign(&mut self, markup: &'s str, place: usize) -> Result<Kind, Fault> {
        let Some((target, value)) = markup.split_once('=') else {
            let what = format!("{} assigns nothing; write `{{% assign name = value %}}`", quoted(markup));
            return Err((place, Problem::Syntax(what)));
        };
        let target = target.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-.[]?".contains(c);
        if target.is_empty() || target.starts_with('-') || !target.chars().all(fits) {
            return Err((place, Problem::Syntax(format!("{} is not a name to assign to", quoted(target)))));
        }
        let slot = self.shared.names.slot(target);
        Ok(Kind::Assign { slot, value: self.filtered(value)? })
    }

    fn branches(&mut self, name: &'s str, markup: &'s str, place: usize) -> Result<(Kind, bool), Fault> {
        let ends: &[&str] = if name == "if" { &["elsif", "else", "endif"] } else { &["elsif", "else", "endunless"] };
        let first = self.condition(markup)?;
        let mut test = if name == "if" { Test::If(first) } else { Test::Unless(first) };
        let mut branches = Vec::new();
        let mut all_blank = true;
        loop {
            let (body, blank, (end, markup, _)) = self.inner(ends, name, place)?;
            all_blank &= blank;
            branches.push((test, body));
            test = match end {
                "elsif" => Test::If(self.condition(markup)?),
                "else" => Test::Else,
                _ => break,
            };
        }
        if all_blank {
            branches.iter_mut().for_each(|(_, body)| without_space(body));
        }
        Ok((Kind::If(branches.into()), all_blank))
    }

    fn condition(&mut self, markup: &'s str) -> Result<super::super::expression::Condition, Fault> {
        let mut tokens = self.tokens(markup)?;
        condition(&mut tokens, &mut self.shared.names)
    }

    fn case(&mut self, markup: &'s str, place: usize) -> Result<(Kind, bool), Fault> {
        const ENDS: [&str; 3] = ["when", "else", "endcase"];
        let mut tokens = self.tokens(markup)?;
        let subject = expression(&mut tokens, &mut self.shared.names)?;
        tokens.end()?;
        let mut branches = Vec::new();
        let mut all_blank = true;
        // What stands before the first `when` is never written.
        let (_, _, mut ended) = self.inner(&ENDS, "case", place)?;
        loop {
            let values = match ended.0 {
                "when" => Some(self.when_markup(ended.1)?),
                "else" => None,
                _ => break,
            };
            let (body, blank, next) = self.inner(&ENDS, "case", place)?;
            all_blank &= blank;
            branches.push((values, body));
            ended = next;
        }
        if all_blank {
            branches.iter_mut().for_each(|(_, body)| without_space(body));
        }
        Ok((Kind::Case { subject, branches: branches.into() }, all_blank))
    }

    fn for_loop(&mut self, markup: &'s str, place: usize) -> Result<(Kind, bool), Fault> {
        let found = self.loop_markup(markup, false)?;
        let (mut body, mut blank, (end, _, _)) = self.inner(&["else", "endfor"], "for", place)?;
        let mut otherwise = Block::default();
        if end == "else" {
            let (block, also_blank, _) = self.inner(&["endfor"], "for", place)?;
            otherwise = block;
            blank &= also_blank;
        }
        if blank {
            without_space(&mut body);
            without_space(&mut otherwise);
        }
        let id = self.shared.loops.slot(&found.name);
        let tag = For {
            slot: found.slot,
            collection: found.collection,
            name: found.name.into(),
            id,
            reversed: found.reversed,
            limit: found.limit,
            offset: found.offset,
            body,
            otherwise,
        };
        Ok((Kind::For(Box::new(tag)), blank))
    }

    fn table_row(&mut self, markup: &'s str, place: usize) -> Result<(Kind, bool), Fault> {
        let found = self.loop_markup(markup, true)?;
        let (body, _, _) = self.inner(&["endtablerow"], "tablerow", place)?;
        let tag = TableRow {
            slot: found.slot,
            collection: found.collection,
            name: found.name.into(),
            columns: found.columns,
            limit: found.limit,
            offset: match found.offset {
                Offset::Of(offset) => Some(offset),
                _ => None,
            },
            body,
        };
        Ok((Kind::TableRow(Box::new(tag)), false))
    }

    fn raw(&mut self, place: usize, block: &mut Block) -> Result<bool, Fault> {
        if self.lexer.is_lines() {
            return Err((place, Problem::syntax("`raw` cannot be a line of `liquid`; write it as a tag of its own")));
        }
        let from = self.lexer.at;
        let Some(text) = self.lexer.verbatim("endraw") else {
            return Err((place, Problem::syntax("`raw` is not closed; add `{% endraw %}`")));
        };
        if !text.is_empty() {
            block.nodes.push(Node { kind: Kind::Author(Literal::new(text)), place: from });
        }
        Ok(text.is_empty())
    }

    fn doc(&mut self, markup: &str, place: usize) -> Result<(), Fault> {
        if !markup.is_empty() {
            return Err((place, Problem::syntax("`doc` takes no arguments")));
        }
        let text = if self.lexer.is_lines() { None } else { self.lexer.verbatim("enddoc") };
        match text {
            Some(text) if has_tag(text, "doc") => Err((place, Problem::syntax("`doc` cannot be inside `doc`"))),
            Some(_) => Ok(()),
            None => Err((place, Problem::syntax("`doc` is not closed; add `{% enddoc %}`"))),
        }
    }

    /// Parses the lines of a `liquid` tag into the block that holds it.
    fn liquid(
        &mut self,
        markup: &'s str,
        place: usize,
        block: &mut Block,
        open: Option<(&str, usize)>,
    ) -> Result<bool, Fault> {
        let from = self.lexer.offset(markup);
        let lines = Lexer::lines(self.lexer.source, from, from + markup.len());
        let outer = std::mem::replace(&mut self.lexer, lines);
        self.depth += 1;
        let parsed = self.block(&[], open.or(Some(("liquid", place))));
        self.depth -= 1;
        self.lexer = outer;
        let (inner, blank, _) = parsed?;
        block.nodes.extend(inner.nodes);
        Ok(blank)
    }
}

fn has_tag(text: &str, name: &str) -> bool {
    text.match_indices("{%").any(|(at, _)| {
        let inside = text[at + 2..].trim_start_matches('-').trim_start();
        inside.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    })
}
