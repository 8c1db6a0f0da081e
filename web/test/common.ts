// What the tests share: the vectors, laid-out randomness, and the scalars that have names.

import { readFileSync } from "node:fs";

import { type Bytes, concat, fromHex, integer, text } from "../src/sealing/bytes.js";
import { type Committee, committee } from "../src/sealing/committee.js";
import { type Check, Refused } from "../src/sealing/refusal.js";
import { hash, hashToScalar, type Random, type Scalar } from "../src/sealing/suite.js";

export interface Negative {
  c: string[];
  env: string;
  pi: string;
  pk_d: string;
  pk_ot: string;
  reason: string;
}

export interface Vector extends Omit<Negative, "pk_ot" | "reason"> {
  S: string;
  bid_id: string;
  chain_id: string;
  coeffs: string[];
  committee_id: string;
  e: string[];
  epoch: number;
  k: number;
  live_root: string;
  n: number;
  negative: Negative[];
  open_D: string;
  open_ctx: string;
  open_pi: string;
  open_seat: number;
  seat1_pop: string;
  sk_d: string;
}

const FILE = new URL("../../../sealing/tests/data/vectors.json", import.meta.url);

export const vectors = (): Vector[] => JSON.parse(readFileSync(FILE, "utf8")) as Vector[];

const LABEL = "tender-seal/v1/test-vector";

/** The bytes from which the scalar of a name is reduced. */
export const wide = (name: string, index: number): Bytes => hash(LABEL, text(name), integer(index, 4));

export const named = (name: string, index: number): Scalar => hashToScalar(LABEL, text(name), integer(index, 4));

/** Gives out exactly these bytes. */
export function laid(...parts: Bytes[]): Random {
  let rest = concat(...parts);
  return (length) => {
    if (rest.length < length) throw new Error("more randomness was asked for than laid out");
    const given = rest.slice(0, length);
    rest = rest.slice(length);
    return given;
  };
}

export const filled = (byte: number, length = 32): Bytes => new Uint8Array(length).fill(byte);

export function committeeOf(vector: Vector): Committee {
  const members = vector.e.map((key, i) => ({ centre: filled(i + 1), key: fromHex(key) }));
  return committee(vector.chain_id, BigInt(vector.epoch), vector.k, members);
}

/** By which check something is refused. */
export function refusedBy(act: () => unknown): Check {
  try {
    act();
  } catch (error) {
    if (error instanceof Refused) return error.check;
    throw error;
  }
  throw new Error("not refused");
}

export async function refusedLater(act: () => Promise<unknown>): Promise<Check> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Refused) return error.check;
    throw error;
  }
  throw new Error("not refused");
}
