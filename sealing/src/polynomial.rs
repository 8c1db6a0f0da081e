//! Polynomials over the scalars, at the numbers of the seats.

use group::ff::Field;

use crate::suite::Suite;

/// The value at `x` of the polynomial with these coefficients, lowest first; the time tells their number only.
pub(crate) fn evaluate<S: Suite>(coefficients: &[S::Scalar], x: u64) -> S::Scalar {
    let x = S::Scalar::from(x);
    coefficients.iter().rev().fold(S::Scalar::ZERO, |sum, coefficient| sum * x + coefficient)
}

/// Lagrange's coefficients at 0: the value there is the sum of `coefficients[i] * value(places[i])`.
///
/// The places are distinct and above 0, so that there is nothing to divide by that is 0.
pub(crate) fn at_zero<S: Suite>(places: &[u8]) -> Vec<S::Scalar> {
    products::<S>(places, |i, j| (-scalar::<S>(j), scalar::<S>(i) - scalar::<S>(j)))
}

/// `1 / prod (i - j)` over the other places `j`: column weights of the code dual to Reed and Solomon's.
pub(crate) fn dual_weights<S: Suite>(places: &[u8]) -> Vec<S::Scalar> {
    products::<S>(places, |i, j| (S::Scalar::ONE, scalar::<S>(i) - scalar::<S>(j)))
}

/// For each place the product, over the other places, of the fractions that `term` names.
fn products<S: Suite>(places: &[u8], term: impl Fn(u8, u8) -> (S::Scalar, S::Scalar)) -> Vec<S::Scalar> {
    let one = (S::Scalar::ONE, S::Scalar::ONE);
    places
        .iter()
        .map(|&i| {
            let others = places.iter().filter(|&&j| j != i);
            let (over, under) = others.fold(one, |(over, under), &j| {
                let (above, below) = term(i, j);
                (over * above, under * below)
            });
            over * Option::from(under.invert()).unwrap_or(S::Scalar::ZERO)
        })
        .collect()
}

fn scalar<S: Suite>(place: u8) -> S::Scalar {
    S::Scalar::from(u64::from(place))
}
