// Suite 0x01: ristretto255, SHA-512, HKDF-SHA-512, ChaCha20-Poly1305.
//
// Big integers of JavaScript are not constant in time. The sealer runs on the bidder's own machine, on secrets that serve one
// bid; docs/decisions/0013-sealed-bids.md says what that means.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ristretto255 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha512 } from "@noble/hashes/sha2.js";

import { type Bytes, concat, integer, text } from "./bytes.js";
import { type Check, Refused } from "./refusal.js";

export const SUITE = Uint8Array.of(0x01);
export const POINT_LENGTH = 32;
export const SCALAR_LENGTH = 32;
export const TAG_LENGTH = 16;

const Group = ristretto255.Point;
const Field = Group.Fn;

export type Point = InstanceType<typeof Group>;
export type Scalar = bigint;

/** Fills so many bytes with randomness. */
export type Random = (length: number) => Bytes;

/** The randomness of the browser or of Node. */
export const systemRandom: Random = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length));

/** TH: label and fields, each with its length. */
export function hash(label: string, ...fields: readonly Bytes[]): Bytes {
  const name = text(label);
  const hasher = sha512.create().update(integer(name.length, 1)).update(name);
  for (const field of fields) hasher.update(integer(field.length, 4)).update(field);
  return hasher.digest();
}

/** A wide integer, little-endian, modulo the order. */
function reduce(wide: Bytes): Scalar {
  return Field.create(wide.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
}

/** H2S: the same fields to a scalar. */
export function hashToScalar(label: string, ...fields: readonly Bytes[]): Scalar {
  return reduce(hash(label, ...fields));
}

/** A uniform scalar other than zero. */
export function randomScalar(random: Random): Scalar {
  for (;;) {
    const wide = random(64);
    const scalar = reduce(wide);
    wide.fill(0);
    if (scalar !== 0n) return scalar;
  }
}

export const add = (a: Scalar, b: Scalar): Scalar => Field.add(a, b);
export const subtract = (a: Scalar, b: Scalar): Scalar => Field.sub(a, b);
export const multiply = (a: Scalar, b: Scalar): Scalar => Field.mul(a, b);
export const invert = (a: Scalar): Scalar => Field.inv(a);
export const scalar = (value: number): Scalar => Field.create(BigInt(value));

export function encodeScalar(value: Scalar): Bytes {
  return Field.toBytes(value);
}

/** The scalar below the order that 32 bytes encode. */
export function decodeScalar(bytes: Bytes, check: Check, what: string): Scalar {
  const value = bytes.length === SCALAR_LENGTH ? bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) : -1n;
  if (value < 0n || value >= Field.ORDER) throw new Refused(check, `${what} is not a canonical scalar`);
  return value;
}

/** A point other than the identity from its canonical encoding. */
export function decodePoint(bytes: Bytes, check: Check, what: string): Point {
  let point: Point | undefined;
  if (bytes.length === POINT_LENGTH) {
    try {
      point = Group.fromBytes(bytes);
    } catch {
      point = undefined;
    }
  }
  if (point === undefined || point.is0()) {
    throw new Refused(check, `${what} is not the canonical encoding of a point other than the identity`);
  }
  return point;
}

export const encodePoint = (point: Point): Bytes => point.toBytes();

/** `value * G`. Of zero too, which the library's own multiplication refuses. */
export function timesBase(value: Scalar): Point {
  return value === 0n ? Group.ZERO : Group.BASE.multiply(value);
}

/** `value * point`, as constant in time as the library makes it. */
export function times(point: Point, value: Scalar): Point {
  return value === 0n ? Group.ZERO : point.multiply(value);
}

/** The sum of `scalars[i] * points[i]`; for public values only. */
export function combine(scalars: readonly Scalar[], points: readonly Point[]): Point {
  return points.reduce((sum, point, i) => sum.add(point.multiplyUnsafe(scalars[i]!)), Group.ZERO);
}

/** `a * G + b * point`; for public values only. */
export function combineBase(a: Scalar, b: Scalar, point: Point): Point {
  return Group.BASE.multiplyUnsafe(a).add(point.multiplyUnsafe(b));
}

/** HKDF to 32 bytes. */
export function derive(salt: Bytes, secret: Bytes, info: Bytes): Bytes {
  return hkdf(sha512, secret, salt, info, 32);
}

export function encrypt(key: Bytes, nonce: Bytes, aad: Bytes, plaintext: Bytes): Bytes {
  return chacha20poly1305(key, nonce, aad).encrypt(plaintext);
}

/** The plaintext, or nothing when the tag is wrong. */
export function decrypt(key: Bytes, nonce: Bytes, aad: Bytes, ciphertext: Bytes): Bytes | undefined {
  if (ciphertext.length < TAG_LENGTH) return undefined;
  try {
    return chacha20poly1305(key, nonce, aad).decrypt(ciphertext);
  } catch {
    return undefined;
  }
}

/** The encodings one after another, as they are hashed. */
export function encodePoints(points: readonly Point[]): Bytes {
  return concat(...points.map(encodePoint));
}
