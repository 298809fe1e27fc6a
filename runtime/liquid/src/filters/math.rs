//! Exact arithmetic.

use super::{Given, Why};
use crate::number::Amount;
use crate::val::Val;

type Answer<'a> = Result<Val<'a>, Why>;

fn with<'a>(given: &Given<'a, '_>, function: fn(Amount, Amount) -> Result<Amount, String>) -> Answer<'a> {
    Ok(function(given.input.amount()?, given.arg(0).amount()?)?.into())
}

pub(super) fn plus<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    with(given, Amount::plus)
}

pub(super) fn minus<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    with(given, Amount::minus)
}

pub(super) fn times<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    with(given, Amount::times)
}

pub(super) fn divided_by<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    with(given, Amount::divided_by)
}

pub(super) fn modulo<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    with(given, Amount::modulo)
}

pub(super) fn at_least<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    with(given, |a, b| Ok(if a.compare(b).is_lt() { b } else { a }))
}

pub(super) fn at_most<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    with(given, |a, b| Ok(if a.compare(b).is_gt() { b } else { a }))
}

pub(super) fn abs<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    Ok(given.input.amount()?.abs().into())
}

pub(super) fn ceil<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    Ok(given.input.amount()?.ceil().into())
}

pub(super) fn floor<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    Ok(given.input.amount()?.floor().into())
}

pub(super) fn round<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let places = match given.arg(0).amount()?.floor() {
        Amount::Whole(places) => places,
        Amount::Exact(_) => return Err("that many places are out of range".into()),
    };
    Ok(given.input.amount()?.round(places.clamp(-100, 100)).into())
}
