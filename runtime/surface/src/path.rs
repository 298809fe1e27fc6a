//! Paths beside the catalog, as plugins ask for them and grants allow them: parsed once into segments, compared as
//! segments, and written from the segments that were compared. What was allowed is what is sent.
//!
//! A segment is percent-decoded once and is then data. What a server might take for anything but data is refused, in
//! whichever spelling it comes: `?` and `#`, which end a path; `.` and `..`, which climb; empty segments; `/` and `\`
//! within a segment; control characters; and percent signs that are still encoding after they were decoded, which
//! somebody on the way may decode again.
//!
//! ```
//! use tradewire_surface::path::{Path, Pattern};
//!
//! let granted: Pattern = "/crm/v2/tenant/{tenant}/customers/{id}/tags/{tag}".parse()?;
//! let asked: Path = "/crm/v2/tenant/{tenant}/customers/5/tags/caf%C3%A9".parse()?;
//! assert!(granted.covers(&asked));
//! assert_eq!(asked.written(7), "/crm/v2/tenant/7/customers/5/tags/caf%C3%A9");
//! assert!("/crm/v2/tenant/{tenant}/customers/5?/tags/x".parse::<Path>().is_err());
//! # Ok::<(), tradewire_surface::path::PathError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 are encoded: also `+`, which a query would read as a space.
pub const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The most bytes of a path: what servers take.
const MOST_BYTES: usize = 8 * 1024;
/// How many characters of what is refused are told.
const SHOWN: usize = 120;

/// A path that a plugin asks for: `/crm/v2/tenant/{tenant}/news/7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path(Vec<Segment>);

/// Paths that a grant allows: `/crm/v2/tenant/{tenant}/news/{id}`, where `{id}` stands for any one segment but the
/// tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Vec<Part>);

/// A segment of a path, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    /// `{tenant}`: the number of the tenant that the run is for.
    Tenant,
    Data(String),
}

/// A segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    One(Segment),
    /// The name between the braces.
    Any(String),
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path `{shown}` {fault}")]
pub struct PathError {
    shown: String,
    fault: String,
}

impl PathError {
    fn new(path: &str, fault: impl Into<String>) -> PathError {
        let mut characters = path.chars();
        let mut shown: String = characters.by_ref().take(SHOWN).flat_map(char::escape_debug).collect();
        if characters.next().is_some() {
            shown.push('…');
        }
        PathError { shown, fault: fault.into() }
    }
}

impl Path {
    /// The path as it is sent for a tenant: each segment encoded, so that every reader of addresses finds the segments
    /// that were compared.
    pub fn written(&self, tenant: i64) -> String {
        self.write(&tenant.to_string())
    }

    /// Whether it holds `/tenant/{tenant}`, or the number of this tenant in that place.
    pub fn is_of(&self, tenant: i64) -> bool {
        let mut segments = self.0.iter().skip_while(|segment| **segment != Segment::Data("tenant".to_owned()));
        segments.next();
        match segments.next() {
            Some(Segment::Tenant) => true,
            Some(Segment::Data(number)) => *number == tenant.to_string(),
            None => false,
        }
    }

    fn write(&self, tenant: &str) -> String {
        let mut path = String::new();
        for segment in &self.0 {
            path.push('/');
            match segment {
                Segment::Tenant => path.push_str(tenant),
                Segment::Data(data) => path.extend(utf8_percent_encode(data, ENCODED)),
            }
        }
        path
    }
}

impl Pattern {
    /// Whether it allows a path.
    pub fn covers(&self, path: &Path) -> bool {
        self.0.len() == path.0.len()
            && self.0.iter().zip(&path.0).all(|(part, segment)| match part {
                Part::One(one) => one == segment,
                Part::Any(_) => *segment != Segment::Tenant,
            })
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Path, PathError> {
        let read = |segment| match segment {
            "{tenant}" => Ok(Segment::Tenant),
            _ => match name(segment) {
                Some(_) => Err(PathError::new(path, format!("has `{segment}` still to be filled in"))),
                None => data(segment).map(Segment::Data).map_err(|fault| PathError::new(path, fault)),
            },
        };
        segments(path)?.map(read).collect::<Result<_, _>>().map(Path)
    }
}

impl FromStr for Pattern {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Pattern, PathError> {
        let read = |segment| match (segment, name(segment)) {
            ("{tenant}", _) => Ok(Part::One(Segment::Tenant)),
            (_, Some(name)) => Ok(Part::Any(name.to_owned())),
            (_, None) => {
                data(segment).map(|data| Part::One(Segment::Data(data))).map_err(|fault| PathError::new(path, fault))
            }
        };
        segments(path)?.map(read).collect::<Result<_, _>>().map(Pattern)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write("{tenant}"))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::One(Segment::Tenant) => f.write_str("/{tenant}"),
            Part::One(Segment::Data(data)) => write!(f, "/{}", utf8_percent_encode(data, ENCODED)),
            Part::Any(name) => write!(f, "/{{{name}}}"),
        })
    }
}

fn segments(path: &str) -> Result<std::str::Split<'_, char>, PathError> {
    if path.len() > MOST_BYTES {
        return Err(PathError::new(path, format!("has more than {MOST_BYTES} bytes")));
    }
    match path.strip_prefix('/') {
        Some(rest) => Ok(rest.split('/')),
        None => Err(PathError::new(path, "does not begin with `/`")),
    }
}

/// The name of a segment that is one pair of braces.
fn name(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    is_name.then_some(name)
}

/// A segment's data, decoded once.
fn data(segment: &str) -> Result<String, String> {
    if let Some(mark) = segment.chars().find(|c| matches!(c, '?' | '#')) {
        return Err(format!("holds `{mark}`: give what follows `?` as parameters, and write `{mark}` as data encoded"));
    }
    if segment.contains(['{', '}']) {
        return Err(
            "holds a brace that names nothing: `{name}` is a whole segment, and a brace as data is encoded".into()
        );
    }
    if segment.split('%').skip(1).any(|after| !is_hexadecimal(after)) {
        return Err("holds `%` that encodes nothing: write `%25`".into());
    }
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| "holds encoded bytes that are not UTF-8")?;
    check(&decoded)?;
    Ok(decoded.into_owned())
}

fn is_hexadecimal(after: &str) -> bool {
    after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text can be one segment of a path, as data: what it says is wrong follows `the path` or the like.
///
/// # Errors
/// What every or some reader of addresses takes for something else than data, encoded or not.
pub fn check(data: &str) -> Result<(), String> {
    match data {
        "" => return Err("has an empty segment: leave out `//` and a `/` at its end".into()),
        "." | ".." => return Err(format!("has the segment `{data}`, which readers of addresses climb by")),
        _ => {}
    }
    if let Some(separator) = data.chars().find(|c| matches!(c, '/' | '\\')) {
        return Err(format!("holds `{separator}` within a segment, which many servers take for a separator"));
    }
    if data.chars().any(char::is_control) {
        return Err("holds a control character".into());
    }
    if data.split('%').skip(1).any(is_hexadecimal) {
        return Err("is encoded twice: somebody on the way may decode it again".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
