//! The arguments of tags.

use super::super::error::Problem;
use super::super::expression::{Expr, Root, expression};
use super::super::lexer::{Fault, Token, Tokens};
use super::super::tree::{CallTag, Cycle, Offset, Partial};
use super::Parser;
use crate::call::{Parameter, Tag};

/// What stands behind `in` of a loop.
pub(super) struct Loop {
    pub slot: usize,
    pub collection: Expr,
    pub name: String,
    pub reversed: bool,
    pub limit: Option<Expr>,
    pub offset: Offset,
    pub columns: Option<Expr>,
}

impl<'s> Parser<'s, '_, '_> {
    pub(super) fn loop_markup(&mut self, markup: &'s str, is_table: bool) -> Result<Loop, Fault> {
        let mut tokens = self.tokens(markup)?;
        let names = &mut self.shared.names;
        let variable = tokens.name("the name of the loop's variable")?;
        let slot = names.slot(variable);
        match tokens.peek() {
            Token::Name("in") => tokens.advance()?,
            _ => return Err(tokens.unexpected("`in`")),
        };
        let before = tokens.rest();
        let collection = expression(&mut tokens, names)?;
        let written = before[..before.len() - tokens.rest().len()].trim();
        let name = format!("{variable}-{written}");
        let mut found =
            Loop { slot, collection, name, reversed: false, limit: None, offset: Offset::None, columns: None };
        loop {
            tokens.eat(',')?;
            let Token::Name(word) = tokens.peek() else { break };
            match word {
                "reversed" if !is_table => {
                    tokens.advance()?;
                    found.reversed = true;
                    continue;
                }
                "limit" | "offset" => {}
                "cols" if is_table => {}
                _ if is_table => return Err(tokens.unexpected("`cols`, `limit` or `offset`")),
                _ => return Err(tokens.unexpected("`limit`, `offset` or `reversed`")),
            }
            tokens.advance()?;
            tokens.expect(':')?;
            let is_continue = tokens.peek() == Token::Name("continue");
            let value = expression(&mut tokens, names)?;
            match word {
                "limit" => found.limit = Some(value),
                "cols" => found.columns = Some(value),
                _ if is_continue && !is_table => found.offset = Offset::Continue,
                _ => found.offset = Offset::Of(value),
            }
        }
        tokens.end()?;
        Ok(found)
    }

    pub(super) fn cycle_markup(&mut self, markup: &'s str) -> Result<Cycle, Fault> {
        let mut tokens = self.tokens(markup)?;
        let names = &mut self.shared.names;
        let mut values = vec![expression(&mut tokens, names)?];
        let mut name = None;
        if tokens.eat(':')? {
            name = values.pop();
            values.push(expression(&mut tokens, names)?);
        }
        while tokens.eat(',')? {
            if tokens.peek() == Token::End {
                break;
            }
            values.push(expression(&mut tokens, names)?);
        }
        tokens.end()?;
        Ok(Cycle { name, key: markup.trim().into(), values: values.into() })
    }

    /// `'name' with|for value as alias, key: value, …`
    pub(super) fn partial_markup(&mut self, markup: &'s str, is_render: bool) -> Result<Partial, Fault> {
        let mut tokens = self.tokens(markup)?;
        let names = &mut self.shared.names;
        let template = match tokens.peek() {
            Token::Text(_) => expression(&mut tokens, names)?,
            _ if is_render => return Err(tokens.unexpected("the name of a partial in quotes")),
            _ => expression(&mut tokens, names)?,
        };
        let mut partial = Partial { template, with: None, each: false, alias: None, args: Box::default() };
        if let Token::Name(word @ ("with" | "for")) = tokens.peek() {
            // `with: 1` is an argument of that name.
            if !tokens.rest()[word.len()..].trim_start().starts_with(':') {
                tokens.advance()?;
                partial.each = word == "for";
                partial.with = Some(expression(&mut tokens, names)?);
            }
        }
        if tokens.peek() == Token::Name("as") && partial.with.is_some() {
            tokens.advance()?;
            partial.alias = Some(names.slot(tokens.name("a name behind `as`")?));
        }
        let mut args = Vec::new();
        loop {
            tokens.eat(',')?;
            let Token::Name(key) = tokens.peek() else { break };
            tokens.advance()?;
            tokens.expect(':')?;
            args.push((names.slot(key), expression(&mut tokens, names)?));
        }
        tokens.end()?;
        partial.args = args.into();
        Ok(partial)
    }

    /// `name = a.dotted.name argument: value, …`
    pub(super) fn call_markup(&mut self, tag: &dyn Tag, markup: &'s str) -> Result<CallTag, Fault> {
        let mut tokens = self.tokens(markup)?;
        let slot = self.shared.names.slot(tokens.name("a name for the answer")?);
        tokens.expect('=')?;
        let place = tokens.place();
        let mut path = Vec::new();
        for (part, wanted) in tag.path().iter().enumerate() {
            if part > 0 {
                tokens.expect('.')?;
            }
            path.push(tokens.name(wanted)?);
        }
        let callee = tag.find(&path).map_err(|why| (place, Problem::Syntax(why)))?;
        let name = callee.name();
        self.shared.calls.push((place, name.clone()));
        let mut args = Vec::new();
        let mut given: Vec<Parameter> = Vec::new();
        loop {
            tokens.eat(',')?;
            let Token::Name(key) = tokens.peek() else { break };
            let at = tokens.place();
            let parameter = callee.parameter(key).map_err(|why| (at, Problem::Syntax(why)))?;
            if given.contains(&parameter) {
                return Err((at, Problem::Syntax(format!("`{key}` is given twice"))));
            }
            tokens.advance()?;
            tokens.expect(':')?;
            let at = tokens.place();
            args.push((parameter.clone(), expression(&mut tokens, &mut self.shared.names)?, at));
            given.push(parameter);
        }
        tokens.end()?;
        if let Some(missing) = callee.missing(&given) {
            return Err((place, Problem::Syntax(format!("`{name}` needs `{missing}: …`"))));
        }
        Ok(CallTag { slot, callee: name.into(), args: args.into() })
    }

    /// The values of `when`, between commas or `or`.
    pub(super) fn when_markup(&mut self, markup: &'s str) -> Result<Box<[Expr]>, Fault> {
        let mut tokens = self.tokens(markup)?;
        let names = &mut self.shared.names;
        let mut values = vec![expression(&mut tokens, names)?];
        loop {
            match tokens.peek() {
                Token::Mark(',') | Token::Name("or") => {
                    tokens.advance()?;
                    values.push(expression(&mut tokens, names)?);
                }
                Token::End => return Ok(values.into()),
                _ => return Err(tokens.unexpected("`,` or `or`")),
            }
        }
    }

    /// The name in `capture name` or `capture 'name'`.
    pub(super) fn target(&mut self, markup: &'s str) -> Result<usize, Fault> {
        let mut tokens = self.tokens(markup)?;
        let slot = match tokens.peek() {
            Token::Text(name) => {
                tokens.advance()?;
                self.shared.names.slot(name)
            }
            Token::Name(_) => self.name_only(&mut tokens)?,
            _ => return Err(tokens.unexpected("the name of a variable")),
        };
        tokens.end()?;
        Ok(slot)
    }

    fn name_only(&mut self, tokens: &mut Tokens) -> Result<usize, Fault> {
        let place = tokens.place();
        match expression(tokens, &mut self.shared.names)? {
            Expr::Path(path) if path.steps.is_empty() => match path.root {
                Root::Name(slot) => Ok(slot),
                Root::Computed(_) => Err((place, Problem::syntax("here should be the name of a variable"))),
            },
            _ => Err((place, Problem::syntax("here should be the name of a variable"))),
        }
    }
}
