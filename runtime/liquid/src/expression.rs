//! Expressions: literals, paths, ranges, filters and conditions, and how they are parsed.

use super::compare::Operator;
use super::error::Problem;
use super::filters::{self, Filter};
use super::lexer::{Fault, Token, Tokens};
use super::names::Names;
use super::number::Number;
use crate::limits::over;

/// What yields a value.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Nil,
    Bool(bool),
    Empty,
    Blank,
    Number(Number),
    Text(Box<str>),
    Path(Box<Path>),
    Range(Box<(Expr, Expr)>),
}

impl Expr {
    pub fn is_literal(&self) -> bool {
        !matches!(self, Self::Path(_) | Self::Range(_))
    }
}

/// A name and the way from it.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub root: Root,
    pub steps: Box<[Step]>,
    /// Where it is written; only those who ask what a template reads look at it.
    pub place: usize,
}

/// Where a path begins.
#[derive(Debug, Clone)]
pub(crate) enum Root {
    /// The slot of a name.
    Name(usize),
    /// `[expression]`: the name is the expression's value.
    Computed(Expr),
}

/// One step of a path.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// `.key`
    Key(Box<str>, Command),
    /// `[expression]`
    Index(Expr),
}

/// What a key asks of a value that has no such member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    None,
    Size,
    First,
    Last,
}

/// An expression and the filters it goes through.
#[derive(Debug, Clone)]
pub(crate) struct Filtered {
    pub expr: Expr,
    pub filters: Box<[Call]>,
    pub place: usize,
}

/// A filter with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub filter: &'static Filter,
    pub args: Box<[Expr]>,
    pub named: Option<Expr>,
    pub place: usize,
}

/// Comparisons joined by `and` and `or`, which Liquid reads from the right.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub first: Comparison,
    pub rest: Box<[(Join, Comparison)]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    And,
    Or,
}

#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub left: Expr,
    pub right: Option<(Operator, Expr)>,
    pub place: usize,
}

/// Brackets and parentheses inside each other.
const DEPTH: usize = 32;

/// Parses an expression without filters.
pub(crate) fn expression(tokens: &mut Tokens, names: &mut Names) -> Result<Expr, Fault> {
    nested(tokens, names, 0)
}

fn nested(tokens: &mut Tokens, names: &mut Names, depth: usize) -> Result<Expr, Fault> {
    let place = tokens.place();
    if depth > DEPTH {
        return Err((place, over("the nesting of an expression", DEPTH as u64, "nesting")));
    }
    match tokens.peek() {
        Token::Text(text) => {
            tokens.advance()?;
            Ok(Expr::Text(text.into()))
        }
        Token::Number(text) => {
            tokens.advance()?;
            Ok(Expr::Number(literal(text)))
        }
        Token::Mark('(') => {
            tokens.advance()?;
            let first = nested(tokens, names, depth + 1)?;
            if tokens.peek() != Token::DotDot {
                return Err(tokens.unexpected("`..` of a range"));
            }
            tokens.advance()?;
            let last = nested(tokens, names, depth + 1)?;
            tokens.expect(')')?;
            Ok(Expr::Range(Box::new((first, last))))
        }
        Token::Mark('[') => {
            tokens.advance()?;
            let name = nested(tokens, names, depth + 1)?;
            tokens.expect(']')?;
            let root = match name {
                Expr::Text(name) => Root::Name(names.slot(&name)),
                name => Root::Computed(name),
            };
            steps(tokens, names, depth, root, place)
        }
        Token::Name(name) => {
            tokens.advance()?;
            let word = match name {
                "nil" | "null" => Some(Expr::Nil),
                "true" => Some(Expr::Bool(true)),
                "false" => Some(Expr::Bool(false)),
                "empty" => Some(Expr::Empty),
                "blank" => Some(Expr::Blank),
                _ => None,
            };
            match word {
                Some(word) if !matches!(tokens.peek(), Token::Mark('.' | '[')) => Ok(word),
                _ => {
                    let root = Root::Name(names.slot(name));
                    steps(tokens, names, depth, root, place)
                }
            }
        }
        // A word elsewhere, `contains` names a variable here.
        Token::Compare("contains") => {
            tokens.advance()?;
            let root = Root::Name(names.slot("contains"));
            steps(tokens, names, depth, root, place)
        }
        _ => Err(tokens.unexpected("a value")),
    }
}

fn literal(text: &str) -> Number {
    let digits = text.trim_start_matches('-').trim_start_matches('0');
    let sign = if text.starts_with('-') { "-" } else { "" };
    let digits = if digits.is_empty() || digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    match digits.as_str() {
        "0" => Number::Whole(0),
        digits => Number::from_json(&format!("{sign}{digits}")),
    }
}

fn steps(tokens: &mut Tokens, names: &mut Names, depth: usize, root: Root, place: usize) -> Result<Expr, Fault> {
    let mut steps = Vec::new();
    loop {
        if tokens.eat('[')? {
            steps.push(Step::Index(nested(tokens, names, depth + 1)?));
            tokens.expect(']')?;
        } else if tokens.eat('.')? {
            let key = match tokens.peek() {
                Token::Compare("contains") => {
                    tokens.advance()?;
                    "contains"
                }
                _ => tokens.name("a name behind `.`")?,
            };
            let command = match key {
                "size" => Command::Size,
                "first" => Command::First,
                "last" => Command::Last,
                _ => Command::None,
            };
            steps.push(Step::Key(key.into(), command));
        } else {
            break;
        }
    }
    Ok(Expr::Path(Box::new(Path { root, steps: steps.into(), place })))
}

/// Parses an expression with filters, up to the end.
pub(crate) fn filtered(tokens: &mut Tokens, names: &mut Names) -> Result<Filtered, Fault> {
    let place = tokens.place();
    if tokens.peek() == Token::End {
        return Ok(Filtered { expr: Expr::Nil, filters: Box::default(), place });
    }
    let expr = expression(tokens, names)?;
    let mut calls = Vec::new();
    while tokens.eat('|')? {
        calls.push(call(tokens, names)?);
    }
    tokens.end()?;
    Ok(Filtered { expr, filters: calls.into(), place })
}

fn call(tokens: &mut Tokens, names: &mut Names) -> Result<Call, Fault> {
    let place = tokens.place();
    let name = tokens.name("the name of a filter")?;
    let filter = filters::find(name).map_err(|why| (place, Problem::Syntax(why)))?;
    let mut args = Vec::new();
    let mut named = None;
    if tokens.eat(':')? {
        loop {
            let at = tokens.place();
            let arg = expression(tokens, names)?;
            let key = match &arg {
                Expr::Path(path) if path.steps.is_empty() && tokens.peek() == Token::Mark(':') => match path.root {
                    Root::Name(slot) => Some(slot),
                    Root::Computed(_) => None,
                },
                _ => None,
            };
            if let Some(slot) = key {
                tokens.advance()?;
                let key = names.name(slot);
                if filter.named != Some(key) {
                    return Err((at, Problem::syntax(format!("`{name}` takes no argument named `{key}`"))));
                }
                named = Some(expression(tokens, names)?);
            } else {
                args.push(arg);
            }
            if !tokens.eat(',')? {
                break;
            }
        }
    }
    if args.len() < filter.least || args.len() > filter.most {
        let wanted = match (filter.least, filter.most) {
            (least, most) if least == most => format!("{least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let what = format!("`{name}` takes {wanted} arguments, and has {}", args.len());
        return Err((place, Problem::Syntax(what)));
    }
    Ok(Call { filter, args: args.into(), named, place })
}

/// Parses a condition up to the end.
pub(crate) fn condition(tokens: &mut Tokens, names: &mut Names) -> Result<Condition, Fault> {
    let first = comparison(tokens, names)?;
    let mut rest = Vec::new();
    loop {
        let join = match tokens.peek() {
            Token::Name("and") => Join::And,
            Token::Name("or") => Join::Or,
            _ => break,
        };
        tokens.advance()?;
        rest.push((join, comparison(tokens, names)?));
    }
    tokens.end()?;
    Ok(Condition { first, rest: rest.into() })
}

fn comparison(tokens: &mut Tokens, names: &mut Names) -> Result<Comparison, Fault> {
    let left = expression(tokens, names)?;
    let place = tokens.place();
    let Token::Compare(operator) = tokens.peek() else { return Ok(Comparison { left, right: None, place }) };
    let operator = match operator {
        "==" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        _ => Operator::Contains,
    };
    tokens.advance()?;
    Ok(Comparison { left, right: Some((operator, expression(tokens, names)?)), place })
}
