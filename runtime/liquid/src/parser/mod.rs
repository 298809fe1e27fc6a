//! From source to tree. Nesting is bounded here, so that neither parsing nor rendering can overflow the stack.

mod markup;
mod tags;

use std::sync::Arc;

use tradewire_text::nearest;

use super::error::{Problem, quoted};
use super::expression::filtered;
use super::lexer::{Fault, Lexer, Part, Tokens};
use super::limits::over;
use super::names::Names;
use super::structure::Literal;
use super::tree::{Block, Kind, Node};
use crate::call::Tag;

/// Everything that one parse of a template and its partials shares.
pub(crate) struct Shared<'t> {
    pub names: Names,
    /// The names of `for` loops.
    pub loops: Names,
    pub nesting: usize,
    /// Bytes of a partial where `raw` is used, see [`Location`](super::Location).
    pub raws: Vec<usize>,
    /// The tags that call.
    pub tags: &'t [Arc<dyn Tag>],
    /// Bytes of a source where something is called, and what.
    pub calls: Vec<(usize, String)>,
}

/// Parses one source.
pub(crate) fn parse(source: &str, shared: &mut Shared<'_>) -> Result<Block, Fault> {
    let mut parser = Parser { lexer: Lexer::template(source), shared, depth: 0 };
    let (block, _, end) = parser.block(&[], None)?;
    debug_assert!(end.is_none());
    Ok(block)
}

pub(super) struct Parser<'s, 'n, 't> {
    lexer: Lexer<'s>,
    shared: &'n mut Shared<'t>,
    depth: usize,
}

/// The tag that ended a block: its name, markup and place.
pub(super) type Ended<'s> = (&'s str, &'s str, usize);

/// A block, whether it writes nothing but white space, and what ended it.
type Parsed<E> = Result<(Block, bool, E), Fault>;

impl<'s> Parser<'s, '_, '_> {
    /// Parses up to one of the tags `ends`. Tells whether the block writes nothing but white space.
    fn block(&mut self, ends: &[&str], open: Option<(&str, usize)>) -> Parsed<Option<Ended<'s>>> {
        if self.depth > self.shared.nesting {
            let place = open.map_or(0, |(_, place)| place);
            return Err((place, over("the nesting of blocks", self.shared.nesting as u64, "nesting")));
        }
        let mut block = Block::default();
        let mut blank = true;
        while let Some((place, part)) = self.lexer.next()? {
            match part {
                Part::Text(text) => {
                    blank &= text.trim().is_empty();
                    block.nodes.push(Node { kind: Kind::Author(Literal::new(text)), place });
                }
                Part::Output(markup) => {
                    blank = false;
                    let kind = self.output(markup)?;
                    block.nodes.push(Node { kind, place });
                }
                Part::Tag(name, markup) if ends.contains(&name) => {
                    return Ok((block, blank, Some((name, markup, place))));
                }
                Part::Tag(name, markup) => blank &= self.tag(name, markup, place, &mut block, open)?,
            }
        }
        match open {
            Some((name, place)) if !ends.is_empty() => {
                let what = format!("`{name}` is not closed; add `{{% end{name} %}}`");
                Err((place, Problem::Syntax(what)))
            }
            _ => Ok((block, blank, None)),
        }
    }

    /// Parses a block that is inside the tag `name`.
    fn inner(&mut self, ends: &[&str], name: &str, place: usize) -> Parsed<Ended<'s>> {
        self.depth += 1;
        let (block, blank, ended) = self.block(ends, Some((name, place)))?;
        self.depth -= 1;
        let ended = ended.ok_or_else(|| (place, Problem::Syntax(format!("`{name}` is not closed"))))?;
        Ok((block, blank, ended))
    }

    fn output(&mut self, markup: &str) -> Result<Kind, Fault> {
        Ok(Kind::Output(self.filtered(markup)?))
    }

    fn filtered(&mut self, markup: &str) -> Result<super::expression::Filtered, Fault> {
        let mut tokens = self.tokens(markup)?;
        let filtered = filtered(&mut tokens, &mut self.shared.names)?;
        let raws = filtered.filters.iter().filter(|call| call.filter.name == "raw").map(|call| call.place);
        self.shared.raws.extend(raws);
        Ok(filtered)
    }

    fn tokens<'t>(&self, markup: &'t str) -> Result<Tokens<'t>, Fault> {
        Tokens::new(markup, self.lexer.offset(markup))
    }

    /// Skips what `comment` holds: comments in it nest, `raw` in it hides tags.
    fn comment(&mut self, place: usize) -> Result<(), Fault> {
        let mut depth = 1;
        while let Some((_, part)) = self.lexer.next()? {
            match part {
                Part::Tag("comment", _) => depth += 1,
                Part::Tag("endcomment", _) => depth -= 1,
                Part::Tag("raw", _) if !self.lexer.is_lines() && self.lexer.verbatim("endraw").is_none() => {
                    break;
                }
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err((place, Problem::syntax("`comment` is not closed; add `{% endcomment %}`")))
    }
}

/// Removes white space from a block that writes nothing else, as Liquid does.
pub(super) fn without_space(block: &mut Block) {
    block.nodes.retain(|node| !matches!(&node.kind, Kind::Author(literal) if literal.text.trim().is_empty()));
}

pub(super) fn unknown_tag(name: &str, place: usize, open: Option<(&str, usize)>, tags: &[Arc<dyn Tag>]) -> Fault {
    const TAGS: [&str; 24] = [
        "assign",
        "break",
        "capture",
        "case",
        "comment",
        "continue",
        "cycle",
        "decrement",
        "doc",
        "echo",
        "for",
        "forloop_delimiter",
        "if",
        "ifchanged",
        "include",
        "increment",
        "liquid",
        "raw",
        "render",
        "tablerow",
        "unless",
        "else",
        "elsif",
        "when",
    ];
    if name.is_empty() {
        return (place, Problem::syntax("a tag has no name"));
    }
    let mut what = match (name.starts_with("end") || matches!(name, "else" | "elsif" | "when"), open) {
        (true, Some((open, _))) => format!("`{name}` does not belong into `{open}`"),
        (true, None) => format!("`{name}` closes nothing"),
        (false, _) => format!("there is no tag {}", quoted(name)),
    };
    if let Some(near) = nearest(name, TAGS.into_iter().chain(tags.iter().map(|tag| tag.word())))
        && near != name
        && !name.starts_with("end")
    {
        what.push_str(&format!("; did you mean `{near}`?"));
    }
    (place, Problem::Syntax(what))
}
