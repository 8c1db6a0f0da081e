// Polynomials over the scalars, at the numbers of the seats.

import { type Scalar, add, invert, multiply, scalar, subtract } from "./suite.js";

/** The value at `x` of the polynomial with these coefficients, lowest first. */
export function evaluate(coefficients: readonly Scalar[], x: number): Scalar {
  return coefficients.reduceRight((sum, coefficient) => add(multiply(sum, scalar(x)), coefficient), 0n);
}

/** For each place, the product over the other places of what `term` gives, over the product of the differences. */
function products(places: readonly number[], term: (other: number) => Scalar): Scalar[] {
  return places.map((i) => {
    const others = places.filter((j) => j !== i);
    const over = others.reduce((product, j) => multiply(product, term(j)), 1n);
    const under = others.reduce((product, j) => multiply(product, subtract(scalar(i), scalar(j))), 1n);
    return multiply(over, invert(under));
  });
}

/** Lagrange's coefficients at 0. */
export function atZero(places: readonly number[]): Scalar[] {
  return products(places, (j) => subtract(0n, scalar(j)));
}

/** Column weights of the code dual to Reed and Solomon's. */
export function dualWeights(places: readonly number[]): Scalar[] {
  return products(places, () => 1n);
}

/** The numbers from 1 to `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}
