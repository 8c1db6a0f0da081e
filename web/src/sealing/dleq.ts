// Proofs that two points have the same logarithm, alone and for whole lists.

import { type Bytes, concat, equal, integer } from "./bytes.js";
import { OPEN_PROOF, OPEN_SEED, OPEN_WEIGHT, type ProofLabels } from "./label.js";
import { type Check, Refused } from "./refusal.js";
import {
  type Point,
  type Random,
  SCALAR_LENGTH,
  type Scalar,
  combine,
  combineBase,
  decodeScalar,
  encodePoint,
  encodePoints,
  encodeScalar,
  hash,
  hashToScalar,
  multiply,
  subtract,
  times,
  timesBase,
} from "./suite.js";

export const PROOF_LENGTH = 2 * SCALAR_LENGTH;

/** Challenge and response, both below the order. */
export interface Proof {
  readonly challenge: Scalar;
  readonly response: Scalar;
}

export function decodeProof(bytes: Bytes, check: Check): Proof {
  if (bytes.length !== PROOF_LENGTH) throw new Refused(check, `a proof has ${PROOF_LENGTH} bytes`);
  return {
    challenge: decodeScalar(bytes.subarray(0, SCALAR_LENGTH), check, "the challenge"),
    response: decodeScalar(bytes.subarray(SCALAR_LENGTH), check, "the response"),
  };
}

export function encodeProof(proof: Proof): Bytes {
  return concat(encodeScalar(proof.challenge), encodeScalar(proof.response));
}

/** `log_G(key) = log_base(product)`. */
export interface Statement {
  readonly key: Point;
  readonly base: Point;
  readonly product: Point;
}

function fields(statement: Statement): Bytes[] {
  return [statement.key, statement.base, statement.product].map(encodePoint);
}

/** Proves with the logarithm; the nonce is hashed from it and from fresh randomness. */
export function prove(labels: ProofLabels, context: Bytes, secret: Scalar, statement: Statement, random: Random): Proof {
  const said = fields(statement);
  const nonce = hashToScalar(labels.nonce, encodeScalar(secret), random(32), context, ...said);
  const commitments = [timesBase(nonce), times(statement.base, nonce)].map(encodePoint);
  const challenge = hashToScalar(labels.challenge, context, ...said, ...commitments);
  return { challenge, response: subtract(nonce, multiply(challenge, secret)) };
}

export function holds(labels: ProofLabels, context: Bytes, proof: Proof, statement: Statement): boolean {
  const { challenge, response } = proof;
  const r1 = combineBase(response, challenge, statement.key);
  const r2 = combine([response, challenge], [statement.base, statement.product]);
  const again = hashToScalar(labels.challenge, context, ...fields(statement), encodePoint(r1), encodePoint(r2));
  return equal(encodeScalar(again), encodeScalar(challenge));
}

interface Batch {
  readonly seed: Bytes;
  readonly base: Point;
  readonly weights: readonly Scalar[];
}

/** The weights come from a seed that binds both lists whole: weights of single pairs could be made to cancel out. */
function batch(context: Bytes, key: Point, bases: readonly Point[], products: readonly Point[]): Batch {
  const count = integer(bases.length, 4);
  const seed = hash(OPEN_SEED, context, encodePoint(key), count, encodePoints(bases), encodePoints(products));
  const weights = bases.map((_, i) => hashToScalar(OPEN_WEIGHT, seed, integer(i, 4)));
  return { seed, base: combine(weights, bases), weights };
}

/** Proves `products[i] = secret * bases[i]` for a whole list. */
export function proveBatch(
  context: Bytes,
  key: Point,
  secret: Scalar,
  bases: readonly Point[],
  products: readonly Point[],
  random: Random,
): Proof {
  const { seed, base } = batch(context, key, bases, products);
  return prove(OPEN_PROOF, seed, secret, { key, base, product: times(base, secret) }, random);
}

export function batchHolds(
  context: Bytes,
  key: Point,
  bases: readonly Point[],
  products: readonly Point[],
  proof: Proof,
): boolean {
  const { seed, base, weights } = batch(context, key, bases, products);
  return holds(OPEN_PROOF, seed, proof, { key, base, product: combine(weights, products) });
}
