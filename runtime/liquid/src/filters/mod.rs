//! The filters: a table from which parsing takes names and counts of arguments, and rendering the functions.

mod dates;
mod encode;
mod lists;
mod math;
mod own;
mod search;
mod text;

use std::borrow::Cow;

use tradewire_text::nearest;

use super::error::{Problem, quoted};
use super::limits::Meter;
use super::text::{Origin, Text};
use super::val::Val;
pub(crate) use lists::{edge, length};

/// One filter.
pub(crate) struct Filter {
    pub name: &'static str,
    /// How many arguments it takes.
    pub least: usize,
    pub most: usize,
    /// The one argument it takes by name.
    pub named: Option<&'static str>,
    pub run: Run,
}

type Run = for<'a, 'm> fn(&mut Given<'a, 'm>) -> Result<Val<'a>, Why>;

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What a filter is given.
pub(crate) struct Given<'a, 'm> {
    pub input: Val<'a>,
    pub args: &'m [Val<'a>],
    pub named: Option<Val<'a>>,
    /// Whether every argument was written by the author.
    pub authored: bool,
    /// Whether origins matter, which they do in JSON.
    pub json: bool,
    pub meter: &'m mut Meter,
}

/// Why a filter refuses.
pub(crate) enum Why {
    Text(String),
    Problem(Problem),
}

impl From<String> for Why {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Why {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Problem> for Why {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Why {
    pub fn problem(self, filter: &'static str) -> Problem {
        match self {
            Self::Text(why) => Problem::Filter { filter, why },
            Self::Problem(problem) => problem,
        }
    }
}

impl<'a> Given<'a, '_> {
    pub fn arg(&self, index: usize) -> Val<'a> {
        self.args.get(index).cloned().unwrap_or(Val::Nil)
    }

    /// An argument that must be a whole number.
    pub fn whole(&self, index: usize) -> Result<i64, Why> {
        let arg = self.arg(index);
        arg.whole().ok_or_else(|| {
            format!(
                "here should be a whole number, not {}",
                if arg.is_nil() { "nothing".into() } else { quoted(&arg.plain()) }
            )
            .into()
        })
    }

    /// The input as text.
    pub fn text(&mut self) -> Result<Cow<'_, str>, Why> {
        self.meter.text(self.input.weight())?;
        Ok(self.input.plain())
    }

    /// Makes a text of the whole input. It is the author's only if input and arguments are.
    pub fn map_whole(&mut self, function: impl FnOnce(&str) -> String) -> Result<Val<'a>, Why> {
        let made = {
            let text = self.text()?;
            function(&text)
        };
        self.meter.text(made.len())?;
        let author = self.authored && matches!(&self.input, Val::Text(text) if text.is_author());
        let origin = if author { Origin::Author } else { Origin::Data };
        Ok(Val::Text(Text::of(Cow::Owned(made), origin)))
    }

    /// Makes a text of each segment, which keeps the author's the author's.
    pub fn map_segments(&mut self, mut function: impl FnMut(&str) -> String) -> Result<Val<'a>, Why> {
        match &self.input {
            Val::Text(text) if self.authored && (text.is_author() || matches!(text, Text::Built(_))) => {
                // Twice: for what is read and for what is made of it.
                self.meter.text(text.len())?;
                let made = text.map(&mut function);
                self.meter.text(made.len())?;
                Ok(Val::Text(made))
            }
            _ => self.map_whole(function),
        }
    }
}

macro_rules! filters {
    ($($name:literal $least:literal..$most:literal $($named:literal)? => $run:path;)*) => {
        static FILTERS: &[Filter] = &[$(
            Filter { name: $name, least: $least, most: $most, named: filters!(@ $($named)?), run: $run },
        )*];
    };
    (@) => { None };
    (@ $named:literal) => { Some($named) };
}

filters! {
    "abs" 0..0 => math::abs;
    "append" 1..1 => text::append;
    "append_url" 1..1 => own::append_url;
    "as_header" 0..0 => own::as_header;
    "at_least" 1..1 => math::at_least;
    "at_most" 1..1 => math::at_most;
    "base64_decode" 0..0 => encode::base64_decode;
    "base64_encode" 0..0 => encode::base64_encode;
    "base64_url_safe_decode" 0..0 => encode::base64_url_safe_decode;
    "base64_url_safe_encode" 0..0 => encode::base64_url_safe_encode;
    "capitalize" 0..0 => text::capitalize;
    "ceil" 0..0 => math::ceil;
    "compact" 0..1 => lists::compact;
    "concat" 1..1 => lists::concat;
    "date" 1..1 "timezone" => dates::date;
    "default" 0..1 "allow_false" => own::default;
    "divided_by" 1..1 => math::divided_by;
    "downcase" 0..0 => text::downcase;
    "escape" 0..0 => encode::escape;
    "escape_once" 0..0 => encode::escape_once;
    "find" 1..2 => search::find;
    "find_index" 1..2 => search::find_index;
    "first" 0..0 => lists::first;
    "floor" 0..0 => math::floor;
    "h" 0..0 => encode::escape;
    "has" 1..2 => search::has;
    "join" 0..1 => lists::join;
    "json" 0..0 => own::json;
    "last" 0..0 => lists::last;
    "lstrip" 0..0 => text::lstrip;
    "map" 1..1 => lists::map;
    "minus" 1..1 => math::minus;
    "modulo" 1..1 => math::modulo;
    "newline_to_br" 0..0 => encode::newline_to_br;
    "plus" 1..1 => math::plus;
    "prepend" 1..1 => text::prepend;
    "raw" 0..0 => own::raw;
    "reject" 1..2 => search::reject;
    "remove" 1..1 => text::remove;
    "remove_first" 1..1 => text::remove_first;
    "remove_last" 1..1 => text::remove_last;
    "replace" 1..2 => text::replace;
    "replace_first" 1..2 => text::replace_first;
    "replace_last" 2..2 => text::replace_last;
    "reverse" 0..0 => lists::reverse;
    "round" 0..1 => math::round;
    "rstrip" 0..0 => text::rstrip;
    "size" 0..0 => lists::size;
    "slice" 1..2 => text::slice;
    "sort" 0..1 => lists::sort;
    "sort_natural" 0..1 => lists::sort_natural;
    "split" 1..1 => lists::split;
    "strip" 0..0 => text::strip;
    "strip_html" 0..0 => encode::strip_html;
    "strip_newlines" 0..0 => text::strip_newlines;
    "sum" 0..1 => lists::sum;
    "times" 1..1 => math::times;
    "truncate" 0..2 => text::truncate;
    "truncatewords" 0..2 => text::truncatewords;
    "uniq" 0..1 => lists::uniq;
    "upcase" 0..0 => text::upcase;
    "url_decode" 0..0 => encode::url_decode;
    "url_encode" 0..0 => encode::url_encode;
    "where" 1..2 => search::filter;
}

/// The filter of a name.
pub(crate) fn find(name: &str) -> Result<&'static Filter, String> {
    if let Some(filter) = FILTERS.iter().find(|filter| filter.name == name) {
        return Ok(filter);
    }
    let mut what = format!("there is no filter {}", quoted(name));
    if let Some(near) = nearest(name, FILTERS.iter().map(|filter| filter.name)) {
        what.push_str(&format!("; did you mean `{near}`?"));
    }
    Err(what)
}
