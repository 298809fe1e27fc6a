//! Numbers without floating point: money keeps its cents, and a number of an input keeps its text.
//!
//! A whole number of 64 bits is an [`Number::Whole`]; anything that 28 digits hold exactly is a [`Number::Exact`],
//! which remembers its trailing zeros; the rest (`1e400`, a hundred digits) stays the text it came as, is compared and
//! calculated with only if 28 digits can hold it, and is refused by arithmetic otherwise.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromStr, ToPrimitive};

/// A number of an input.
#[derive(Debug, Clone)]
pub enum Number {
    /// A whole number.
    Whole(i64),
    /// A decimal with its places.
    Exact(Decimal),
    /// A number that neither holds, as it was written.
    Written(Box<str>),
}

impl Number {
    /// Takes a number in JSON's grammar; the caller has checked the grammar.
    pub(crate) fn from_json(text: &str) -> Self {
        let bytes = text.as_bytes();
        // 18 digits fit; reading them here is several times faster than in general.
        if bytes.len() <= 18 {
            let (mut whole, mut places) = (0_i64, None);
            let is_short = bytes.iter().enumerate().all(|(at, byte)| match byte {
                b'0'..=b'9' => {
                    whole = whole * 10 + i64::from(byte - b'0');
                    places = places.map(|places| places + 1);
                    true
                }
                b'.' => places.replace(0).is_none(),
                _ => *byte == b'-' && at == 0,
            });
            let is_negative = bytes.first() == Some(&b'-');
            if is_short && !(is_negative && whole == 0) {
                let whole = if is_negative { -whole } else { whole };
                return places.map_or(Self::Whole(whole), |places| Self::Exact(Decimal::new(whole, places)));
            }
        }
        let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
        let plain = !bytes.iter().any(|b| matches!(b, b'e' | b'E'));
        if plain
            && digits <= 28
            && let Ok(exact) = Decimal::from_str(text)
            && !(exact.is_zero() && text.starts_with('-'))
        {
            return Self::Exact(exact);
        }
        Self::Written(text.into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(f),
            Self::Exact(exact) => exact.fmt(f),
            Self::Written(text) => f.write_str(text),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a == b,
            (Self::Written(a), Self::Written(b)) => a == b,
            _ => self.decimal().is_some_and(|a| other.decimal() == Some(a)),
        }
    }
}

impl Number {
    /// Whether it is a whole number, however it is written; none of which that is unknown, past 28 digits.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Exact(exact) => exact.is_integer(),
            Self::Written(text) => written(text).is_some_and(|number| number.is_integer()),
        }
    }

    fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Whole(whole) => Some(Decimal::from(*whole)),
            Self::Exact(exact) => Some(*exact),
            Self::Written(text) => written(text),
        }
    }
}

/// The value of a number kept as text, if 28 digits hold it.
pub(crate) fn written(text: &str) -> Option<Decimal> {
    Decimal::from_scientific(text).or_else(|_| Decimal::from_str_exact(text)).ok()
}

/// A number that arithmetic works with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    Whole(i64),
    Exact(Decimal),
}

const RANGE: &str = "the result needs more than 28 digits, which exact arithmetic does not have";

impl Amount {
    pub const ZERO: Self = Self::Whole(0);

    /// What Liquid reads in a text: a decimal if the whole text is one, otherwise the whole number it begins with.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let tail = &rest[whole..];
        if whole > 0 && tail.len() > 1 && tail.starts_with('.') && tail[1..].bytes().all(|b| b.is_ascii_digit()) {
            return Decimal::from_str(text).map(Self::Exact).map_err(|_| RANGE.to_owned());
        }
        if whole == 0 {
            return Ok(Self::ZERO);
        }
        let digits = &text[..sign.len() + whole];
        match digits.parse() {
            Ok(whole) => Ok(Self::Whole(whole)),
            Err(_) => Decimal::from_str_exact(digits).map(Self::Exact).map_err(|_| RANGE.to_owned()),
        }
    }

    pub fn decimal(self) -> Decimal {
        match self {
            Self::Whole(whole) => Decimal::from(whole),
            Self::Exact(exact) => exact,
        }
    }

    /// Whether it is written with a point, as Liquid's floats are.
    pub fn is_fraction(self) -> bool {
        matches!(self, Self::Exact(exact) if exact.scale() > 0)
    }

    pub fn is_zero(self) -> bool {
        self.decimal().is_zero()
    }

    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(&b),
            _ => self.decimal().cmp(&other.decimal()),
        }
    }

    pub fn plus(self, other: Self) -> Result<Self, String> {
        self.with(other, i64::checked_add, Decimal::checked_add)
    }

    pub fn minus(self, other: Self) -> Result<Self, String> {
        self.with(other, i64::checked_sub, Decimal::checked_sub)
    }

    pub fn times(self, other: Self) -> Result<Self, String> {
        self.with(other, i64::checked_mul, Decimal::checked_mul)
    }

    fn with(
        self,
        other: Self,
        whole: fn(i64, i64) -> Option<i64>,
        exact: fn(Decimal, Decimal) -> Option<Decimal>,
    ) -> Result<Self, String> {
        if let (Self::Whole(a), Self::Whole(b)) = (self, other)
            && let Some(result) = whole(a, b)
        {
            return Ok(Self::Whole(result));
        }
        let fraction = self.is_fraction() || other.is_fraction();
        exact(self.decimal(), other.decimal()).map(|sum| settle(sum, fraction)).ok_or_else(|| RANGE.to_owned())
    }

    /// Whole numbers divide to a whole number, downwards. A quotient that never ends is rounded to the digits that
    /// Liquid prints, which are those of a double.
    pub fn divided_by(self, other: Self) -> Result<Self, String> {
        if other.is_zero() {
            return Err("divided by 0".to_owned());
        }
        if !self.is_fraction() && !other.is_fraction() {
            let (a, b) = (self.decimal(), other.decimal());
            let quotient = a.checked_div(b).ok_or(RANGE)?.floor();
            return Ok(settle(quotient, false));
        }
        let (a, b) = (self.decimal(), other.decimal());
        let quotient = a.checked_div(b).ok_or(RANGE)?;
        if quotient.checked_mul(b).is_some_and(|product| product == a) && quotient.normalize().scale() < 20 {
            return Ok(settle(quotient, true));
        }
        let rounded = quotient.to_f64().and_then(|double| Decimal::from_str(&double.to_string()).ok());
        Ok(settle(rounded.unwrap_or(quotient), true))
    }

    /// The remainder with the sign of the divisor.
    pub fn modulo(self, other: Self) -> Result<Self, String> {
        if other.is_zero() {
            return Err("divided by 0".to_owned());
        }
        let (a, b) = (self.decimal(), other.decimal());
        let rest = a.checked_rem(b).ok_or(RANGE)?;
        let rest = if !rest.is_zero() && rest.is_sign_negative() != b.is_sign_negative() { rest + b } else { rest };
        Ok(settle(rest, self.is_fraction() || other.is_fraction()))
    }

    pub fn abs(self) -> Self {
        match self {
            Self::Whole(whole) => whole.checked_abs().map_or_else(|| Self::Exact(self.decimal().abs()), Self::Whole),
            Self::Exact(exact) => Self::Exact(exact.abs()),
        }
    }

    pub fn ceil(self) -> Self {
        settle(self.decimal().ceil(), false)
    }

    pub fn floor(self) -> Self {
        settle(self.decimal().floor(), false)
    }

    /// Half away from zero, to `places` behind the point or, if negative, before it.
    pub fn round(self, places: i64) -> Self {
        let away = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
        if places <= 0 {
            let shift = u32::try_from(-places).unwrap_or(u32::MAX);
            let Some(unit) = 10i64.checked_pow(shift.min(19)).map(Decimal::from) else { return Self::ZERO };
            let units = (self.decimal() / unit).round_dp_with_strategy(0, away);
            return units.checked_mul(unit).map_or(self, |rounded| settle(rounded, false));
        }
        match self {
            Self::Whole(_) => self,
            Self::Exact(exact) if exact.scale() == 0 => self,
            Self::Exact(exact) => {
                let places = u32::try_from(places).unwrap_or(28).min(28);
                settle(exact.round_dp_with_strategy(places, away), true)
            }
        }
    }
}

/// Gives a result the form Liquid prints: no trailing zeros, but a fraction keeps one place.
fn settle(exact: Decimal, fraction: bool) -> Amount {
    let exact = exact.normalize();
    if exact.scale() > 0 {
        return Amount::Exact(exact);
    }
    if fraction {
        let mut one_place = exact;
        one_place.rescale(1);
        return Amount::Exact(one_place);
    }
    exact.to_i64().map_or(Amount::Exact(exact), Amount::Whole)
}
