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

#[cfg(test)]
mod tests {
    use vsss_rs::{DefaultShare, IdentifierPrimeField, ReadableShareSet};

    use super::*;
    use crate::suite::Ristretto255;

    type S = Ristretto255;
    type Scalar = <S as Suite>::Scalar;
    type Share = DefaultShare<IdentifierPrimeField<Scalar>, IdentifierPrimeField<Scalar>>;

    fn coefficients(count: u64) -> Vec<Scalar> {
        (0..count).map(|j| Scalar::from(j * j + 0xface)).collect()
    }

    /// Interpolation against another library's.
    #[test]
    fn shares_combine_as_in_another_library() {
        for places in [&[1u8, 2][..], &[2, 3, 5, 7], &[255, 1, 17, 4, 21, 250]] {
            let coefficients = coefficients(places.len() as u64);
            let value = |place: &u8| evaluate::<S>(&coefficients, u64::from(*place));
            let share = |place: &u8| Share {
                identifier: IdentifierPrimeField(scalar::<S>(*place)),
                value: IdentifierPrimeField(value(place)),
            };
            let theirs = places.iter().map(share).collect::<Vec<Share>>().combine().unwrap().0;
            let weights = at_zero::<S>(places);
            let ours =
                weights.iter().zip(places).fold(Scalar::ZERO, |sum, (w, place)| sum + w * value(place));
            assert_eq!((ours, ours), (theirs, coefficients[0]));
        }
    }

    /// Words of the dual code are orthogonal to values of low degree, and to no others.
    #[test]
    fn the_dual_code_tells_degrees() {
        let places: Vec<u8> = (1..=7).collect();
        let weights = dual_weights::<S>(&places);
        let test = coefficients(3);
        for terms in 1..=7 {
            let values = coefficients(terms);
            let sum = weights.iter().zip(1u64..).fold(Scalar::ZERO, |sum, (weight, place)| {
                sum + weight * evaluate::<S>(&test, place) * evaluate::<S>(&values, place)
            });
            assert_eq!(sum == Scalar::ZERO, terms <= 4, "{terms}");
        }
    }
}
