// Bids: sealing one, and judging a sealed one.

import { type Bytes, concat, integer, text } from "./bytes.js";
import { type Committee } from "./committee.js";
import { decodeProof, encodeProof, holds, type Proof, PROOF_LENGTH, prove } from "./dleq.js";
import { documentKey, encryptEnvelope } from "./envelope.js";
import { DEAL, DEAL_PROOF, ENVELOPE, KEM, SCRAPE } from "./label.js";
import { evaluate, upTo } from "./polynomial.js";
import { Refused } from "./refusal.js";
import {
  combine,
  decodePoint,
  encodePoint,
  encodePoints,
  encodeScalar,
  hash,
  hashToScalar,
  multiply,
  type Point,
  POINT_LENGTH,
  type Random,
  randomScalar,
  type Scalar,
  SUITE,
  systemRandom,
  times,
  timesBase,
} from "./suite.js";

/** What a bid is bound to. */
export interface BidContext {
  readonly committee: Committee;
  /** The tender's name, 32 bytes. */
  readonly tender: Bytes;
  /** The Ed25519 key that signs the bid, 32 bytes. */
  readonly oneTimeKey: Bytes;
  /** The version of the bid, from 1. */
  readonly sequence: number;
}

/** A decoded dealing; whether its shares are consistent, `verify` says. */
export interface Dealing {
  readonly dealer: Point;
  readonly shares: readonly Point[];
  readonly proof: Proof;
}

export interface Accepted {
  /** The bid's name, 32 bytes. */
  readonly bid: Bytes;
  /** What its keys are derived with. */
  readonly keyContext: Bytes;
}

export interface Sealed extends Accepted {
  /** What the committee opens it with, as it travels. */
  readonly dealing: Bytes;
  readonly envelope: Bytes;
  /** Opens the bid without any seat. Kept secret, for the case that the committee fails. */
  readonly dealerSecret: Bytes;
}

export const dealingLength = (seats: number): number => POINT_LENGTH * (seats + 1) + PROOF_LENGTH;

/** Checks E1 and E8. */
export function decodeDealing(bytes: Bytes, seats: number): Dealing {
  if (bytes.length !== dealingLength(seats)) {
    throw new Refused("E1", `a dealing for ${seats} seats has ${dealingLength(seats)} bytes, not ${bytes.length}`);
  }
  const point = (place: number) => bytes.subarray(POINT_LENGTH * place, POINT_LENGTH * (place + 1));
  return {
    dealer: decodePoint(point(0), "E8", "the dealer's key"),
    shares: upTo(seats).map((seat) => decodePoint(point(seat), "E8", `the share of seat ${seat}`)),
    proof: decodeProof(bytes.subarray(POINT_LENGTH * (seats + 1)), "E8"),
  };
}

export function encodeDealing(dealing: Dealing): Bytes {
  return concat(encodePoint(dealing.dealer), encodePoints(dealing.shares), encodeProof(dealing.proof));
}

/** What the keys of a bid are derived with. */
export function keyContext(context: BidContext, dealer: Point, shares: readonly Point[]): Bytes {
  const { committee, tender, oneTimeKey, sequence } = context;
  return hash(
    KEM,
    SUITE,
    text(committee.chainId),
    tender,
    committee.id,
    oneTimeKey,
    integer(sequence, 4),
    encodePoint(dealer),
    encodePoints(shares),
  );
}

/** Everything that the bid consists of: what its proof is bound to, and its name. */
function dealContext(keys: Bytes, envelope: Bytes, docsRoot: Bytes): Bytes {
  return hash(DEAL, keys, hash(ENVELOPE, envelope), docsRoot);
}

/** A random word of the dual code. */
function codeWord(committee: Committee, deal: Bytes): Scalar[] {
  const degree = committee.members.length - committee.threshold;
  const coefficients = Array.from({ length: degree }, (_, j) => hashToScalar(SCRAPE, deal, integer(j, 2)));
  return committee.dualWeights.map((weight, i) => multiply(evaluate(coefficients, i + 1), weight));
}

/** Check E9: every k seats find the same secret, and everything is bound together. */
export function verify(context: BidContext, dealing: Dealing, envelope: Bytes, docsRoot: Bytes): Accepted {
  const { committee } = context;
  if (dealing.shares.length !== committee.members.length) {
    throw new Refused("E9", "the dealing is for another number of seats");
  }
  const keys = keyContext(context, dealing.dealer, dealing.shares);
  const deal = dealContext(keys, envelope, docsRoot);
  const word = codeWord(committee, deal);
  const statement = {
    key: dealing.dealer,
    base: combine(word, committee.keys),
    product: combine(word, dealing.shares),
  };
  if (!holds(DEAL_PROOF, deal, dealing.proof, statement)) {
    throw new Refused("E9", "dealing, envelope, documents and context do not belong together");
  }
  return { bid: deal.slice(0, 32), keyContext: keys };
}

/**
 * A bid before its envelope is closed: documents can be encrypted and the payload signed. It serves one bid; another version
 * needs another draft.
 */
export class Draft {
  readonly #context: BidContext;
  readonly #random: Random;
  readonly #dealerSecret: Scalar;
  readonly #secret: Bytes;
  readonly #dealer: Point;
  readonly #shares: readonly Point[];
  #finished = false;
  readonly keyContext: Bytes;

  /** Deals a fresh secret to the committee. Takes its own randomness in tests only. */
  constructor(context: BidContext, random: Random = systemRandom) {
    const { committee, tender, oneTimeKey } = context;
    if (tender.length !== 32 || oneTimeKey.length !== 32) throw new RangeError("names and keys have 32 bytes");
    this.#context = context;
    this.#random = random;
    this.#dealerSecret = randomScalar(random);
    const coefficients = Array.from({ length: committee.threshold }, () => randomScalar(random));
    this.#dealer = timesBase(this.#dealerSecret);
    this.#shares = committee.keys.map((key, i) =>
      times(key, this.#dealerSecret).add(timesBase(evaluate(coefficients, i + 1))),
    );
    this.#secret = encodePoint(timesBase(coefficients[0]!));
    this.keyContext = keyContext(context, this.#dealer, this.#shares);
  }

  /** The dealer's public key, which the bidder's certificate signs. */
  get dealer(): Bytes {
    return encodePoint(this.#dealer);
  }

  /** The key of the document of this index, from 0. */
  documentKey(index: number): Bytes {
    return documentKey(this.keyContext, this.#secret, index);
  }

  /** Closes the envelope over a padded payload and proves that the dealing is consistent. */
  finish(padded: Bytes, docsRoot: Bytes): Sealed {
    // A second envelope under the same key and nonce would give both away.
    if (this.#finished) throw new Error("a draft serves one bid; make another");
    this.#finished = true;
    const envelope = encryptEnvelope(this.keyContext, this.#secret, padded);
    const deal = dealContext(this.keyContext, envelope, docsRoot);
    const base = combine(codeWord(this.#context.committee, deal), this.#context.committee.keys);
    const statement = { key: this.#dealer, base, product: times(base, this.#dealerSecret) };
    const proof = prove(DEAL_PROOF, deal, this.#dealerSecret, statement, this.#random);
    this.#secret.fill(0);
    return {
      bid: deal.slice(0, 32),
      keyContext: this.keyContext,
      dealing: encodeDealing({ dealer: this.#dealer, shares: this.#shares, proof }),
      envelope,
      dealerSecret: encodeScalar(this.#dealerSecret),
    };
  }
}
