// Committees: the seats of an epoch, and how many of them open a bid.

import { type Bytes, compare, concat, integer, text } from "./bytes.js";
import { combineBase, decodePoint, encodePoint, hash, hashToScalar, type Point, type Scalar, SUITE } from "./suite.js";
import { COMMITTEE, SEAT_POP } from "./label.js";
import { type Proof } from "./dleq.js";
import { dualWeights, upTo } from "./polynomial.js";
import { Refused } from "./refusal.js";

export const SEATS_MIN = 4;
export const SEATS_MAX = 255;

export interface Member {
  /** The centre's name, 32 bytes. */
  readonly centre: Bytes;
  /** Its key of this epoch, as it travels. */
  readonly key: Bytes;
}

export interface Committee {
  readonly chainId: string;
  readonly epoch: bigint;
  readonly threshold: number;
  /** In the order of the seats: seat 1 first. */
  readonly members: readonly Member[];
  readonly keys: readonly Point[];
  readonly id: Bytes;
  readonly dualWeights: readonly Scalar[];
}

/** How many faulty seats so many seats bear. */
export const faults = (seats: number): number => Math.floor((seats - 1) / 3);

/** The threshold unless governance sets another. */
export const defaultThreshold = (seats: number): number => Math.floor(seats / 2) + 1;

/** Forms a committee; the members may come in any order. */
export function committee(chainId: string, epoch: bigint, threshold: number, members: readonly Member[]): Committee {
  const seated = [...members].sort((a, b) => compare(a.centre, b.centre));
  const seats = seated.length;
  if (seats < SEATS_MIN || seats > SEATS_MAX) {
    throw new Refused("committee", `a committee has ${SEATS_MIN} to ${SEATS_MAX} seats, not ${seats}`);
  }
  const [least, most] = [faults(seats) + 1, seats - faults(seats)];
  if (!Number.isInteger(threshold) || threshold < least || threshold > most) {
    throw new Refused("committee", `a threshold of ${threshold} is not within ${least} to ${most}`);
  }
  if (seated.some((member) => member.centre.length !== 32)) {
    throw new Refused("committee", "a centre's name has 32 bytes");
  }
  const keys = seated.map((member) => decodePoint(member.key, "committee", "a seat's key"));
  const distinct = (parts: Bytes[]) =>
    parts.sort(compare).every((part, i, all) => i === 0 || compare(all[i - 1]!, part) !== 0);
  if (!distinct(seated.map((member) => member.centre)) || !distinct(seated.map((member) => member.key))) {
    throw new Refused("committee", "a centre or a key has two seats");
  }
  const id = hash(
    COMMITTEE,
    SUITE,
    text(chainId),
    integer(epoch, 8),
    integer(seats, 2),
    integer(threshold, 2),
    concat(...seated.map((member) => member.centre)),
    concat(...seated.map((member) => member.key)),
  );
  return { chainId, epoch, threshold, members: seated, keys, id, dualWeights: dualWeights(upTo(seats)) };
}

/** Whether a seat's key was registered by whoever holds it. */
export function possessionHolds(chainId: string, epoch: bigint, member: Member, proof: Proof): boolean {
  const key = decodePoint(member.key, "possession", "the seat's key");
  const commitment = encodePoint(combineBase(proof.response, proof.challenge, key));
  const fields = [SUITE, text(chainId), integer(epoch, 8), member.centre, member.key, commitment];
  return hashToScalar(SEAT_POP, ...fields) === proof.challenge;
}
