// Opening: the shares of the seats, and the secret that k of them give.

import { type Bytes, compare, concat, equal, integer, text } from "./bytes.js";
import { type Dealing } from "./bid.js";
import { type Committee } from "./committee.js";
import { batchHolds, decodeProof, encodeProof, PROOF_LENGTH, type Proof, proveBatch } from "./dleq.js";
import { LIVE, OPEN_CONTEXT } from "./label.js";
import { atZero, upTo } from "./polynomial.js";
import { Refused } from "./refusal.js";
import {
  combine,
  decodePoint,
  decodeScalar,
  encodePoint,
  encodePoints,
  hash,
  type Point,
  POINT_LENGTH,
  type Random,
  type Scalar,
  SUITE,
  times,
  timesBase,
} from "./suite.js";

/** Bids whose shares stand in one transaction. */
export const CHUNK = 256;

/** The root of the bids that are opened: sorted by name. */
export function liveRoot(tender: Bytes, bids: readonly Bytes[]): Bytes {
  return hash(LIVE, tender, concat(...[...bids].sort(compare)));
}

/** What the shares of a chunk are bound to. */
export interface ChunkContext {
  readonly committee: Committee;
  readonly tender: Bytes;
  readonly liveRoot: Bytes;
  readonly chunk: number;
}

export function chunkHash(context: ChunkContext): Bytes {
  const { committee, tender, liveRoot, chunk } = context;
  return hash(OPEN_CONTEXT, SUITE, text(committee.chainId), tender, committee.id, liveRoot, integer(chunk, 4));
}

/** Shares of one seat whose proof holds. */
export interface Shares {
  readonly seat: number;
  readonly shares: readonly Point[];
}

function seatKey(context: ChunkContext, seat: number): Point {
  const key = context.committee.keys[seat - 1];
  if (key === undefined) throw new Refused("O2", `the committee has no seat ${seat}`);
  return key;
}

function checkCount(expected: number, found: number): void {
  if (expected !== found || expected < 1 || expected > CHUNK) {
    throw new Refused("O3", `the chunk has ${expected} bids, 1 to ${CHUNK}; there are ${found} shares`);
  }
}

/** Gives a seat's shares. Browsers never do; it stands here so that the vectors can be made. */
export function giveShares(
  context: ChunkContext,
  seat: number,
  secret: Scalar,
  dealers: readonly Point[],
  random: Random,
): Bytes {
  checkCount(dealers.length, dealers.length);
  const shares = dealers.map((dealer) => times(dealer, secret));
  const proof = proveBatch(chunkHash(context), seatKey(context, seat), secret, dealers, shares, random);
  return concat(encodePoints(shares), encodeProof(proof));
}

/** Decodes and judges a seat's shares (checks O2 to O5). */
export function verifyShares(context: ChunkContext, seat: number, dealers: readonly Point[], given: Bytes): Shares {
  const key = seatKey(context, seat);
  const found = (given.length - PROOF_LENGTH) / POINT_LENGTH;
  checkCount(dealers.length, found);
  const shares = upTo(found).map((place) =>
    decodePoint(given.subarray(POINT_LENGTH * (place - 1), POINT_LENGTH * place), "O4", `share ${place}`),
  );
  const proof: Proof = decodeProof(given.subarray(POINT_LENGTH * found), "O5");
  if (!batchHolds(chunkHash(context), key, dealers, shares, proof)) {
    throw new Refused("O5", "the proof does not hold for these shares, this list and this seat");
  }
  return { seat, shares };
}

/** The secret of the bid at this place of the chunk, from the shares of exactly k seats. */
export function combineShares(committee: Committee, shares: readonly Shares[], index: number, dealing: Dealing): Bytes {
  const places = shares.map((given) => given.seat);
  if (places.length !== committee.threshold || new Set(places).size !== places.length) {
    throw new Refused("quorum", `${committee.threshold} different seats open a bid`);
  }
  const values = shares.map((given) => {
    const [share, dealt] = [given.shares[index], dealing.shares[given.seat - 1]];
    if (share === undefined || dealt === undefined) throw new Refused("quorum", `seat ${given.seat} gave no such share`);
    return dealt.subtract(share);
  });
  return encodePoint(combine(atZero(places), values));
}

/** Opens a bid with its dealer's secret, when the committee fails. */
export function openWithDealerSecret(committee: Committee, dealing: Dealing, dealerSecret: Bytes): Bytes {
  const secret = decodeScalar(dealerSecret, "dealer", "the dealer's secret");
  if (!equal(encodePoint(timesBase(secret)), encodePoint(dealing.dealer))) {
    throw new Refused("dealer", "the secret is not that of the bid's dealer");
  }
  const seats = upTo(committee.threshold);
  const values = seats.map((seat) => dealing.shares[seat - 1]!.subtract(times(committee.keys[seat - 1]!, secret)));
  return encodePoint(combine(atZero(seats), values));
}
