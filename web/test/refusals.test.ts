// What must be refused beyond the vectors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { type BidContext, decodeDealing, Draft, verify } from "../src/sealing/bid.js";
import { compare, fromHex, integer } from "../src/sealing/bytes.js";
import { committee, defaultThreshold } from "../src/sealing/committee.js";
import { CLASSES, openEnvelope, pad, unpad } from "../src/sealing/envelope.js";
import { combineShares, giveShares, liveRoot, openWithDealerSecret, verifyShares } from "../src/sealing/opening.js";
import { encodePoint, timesBase } from "../src/sealing/suite.js";
import { committeeOf, filled, laid, named, refusedBy, vectors } from "./common.js";

const vector = vectors()[0]!;
const ROOT = filled(0x33);
const context: BidContext = {
  committee: committeeOf(vector),
  tender: filled(0x11),
  oneTimeKey: filled(0x22),
  sequence: 1,
};
const good = fromHex(vector.pk_d + vector.c.join("") + vector.pi);
const envelope = fromHex(vector.env);
const ORDER = fromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

const put = (bytes: Uint8Array, at: number, part: Uint8Array) => {
  const changed = bytes.slice();
  changed.set(part, at);
  return changed;
};

test("numbers of a proof that are not canonical", () => {
  for (const at of [good.length - 64, good.length - 32]) {
    const number = good.slice(at, at + 32);
    let carry = 0;
    const above = number.map((byte, i) => {
      carry += byte + ORDER[i]!;
      const low = carry & 0xff;
      carry >>= 8;
      return low;
    });
    for (const wrong of [ORDER, above, filled(0xff)]) {
      assert.equal(refusedBy(() => decodeDealing(put(good, at, wrong), 4)), "E8");
    }
  }
});

test("every bit of a dealing counts", () => {
  for (let at = 0; at < good.length; at += 7) {
    const changed = put(good, at, Uint8Array.of(good[at]! ^ (1 << at % 8)));
    assert.match(refusedBy(() => verify(context, decodeDealing(changed, 4), envelope, ROOT)), /^E[89]$/);
  }
});

test("another context, envelope or root of documents", () => {
  const dealing = decodeDealing(good, 4);
  verify(context, dealing, envelope, ROOT);
  const wrong: [BidContext, Uint8Array, Uint8Array][] = [
    [{ ...context, tender: filled(9) }, envelope, ROOT],
    [{ ...context, oneTimeKey: filled(9) }, envelope, ROOT],
    [{ ...context, sequence: 2 }, envelope, ROOT],
    [context, envelope.slice(1), ROOT],
    [context, envelope, filled(0x34)],
    [{ ...context, committee: committee("chain-y", 7n, 3, context.committee.members) }, envelope, ROOT],
  ];
  for (const [other, sealed, root] of wrong) {
    assert.equal(refusedBy(() => verify(other, dealing, sealed, root)), "E9");
  }
  const seven = committeeOf(vectors()[1]!);
  assert.equal(refusedBy(() => verify({ ...context, committee: seven }, dealing, envelope, ROOT)), "E9");
});

test("committees that are none", () => {
  const members = context.committee.members;
  const form = (threshold: number, of = members) => refusedBy(() => committee("c", 1n, threshold, of));
  assert.equal(form(3, members.slice(1)), "committee");
  for (const threshold of [0, 1, 4, 2.5]) assert.equal(form(threshold), "committee");
  assert.equal(form(3, [...members.slice(1), { ...members[0]!, centre: members[1]!.centre }]), "committee");
  assert.equal(form(3, [...members.slice(1), { ...members[0]!, key: members[1]!.key }]), "committee");
  assert.equal(form(3, [...members.slice(1), { ...members[0]!, key: filled(0) }]), "committee");
  assert.deepEqual([4, 5, 6, 7, 10, 13, 16, 19, 21].map(defaultThreshold), [3, 3, 4, 4, 6, 7, 9, 10, 11]);
});

test("shares for something else, wrong shares, and counts", () => {
  const dealers = [0, 1, 2].map((i) => timesBase(named("dealer", i)));
  const chunk = {
    committee: context.committee,
    tender: context.tender,
    liveRoot: liveRoot(context.tender, [filled(1)]),
    chunk: 0,
  };
  const given = giveShares(chunk, 2, named("seat", 1), dealers, laid(filled(1)));
  const judge = (of = chunk, seat = 2, keys = dealers, bytes = given) =>
    refusedBy(() => verifyShares(of, seat, keys, bytes));
  verifyShares(chunk, 2, dealers, given);
  assert.equal(judge({ ...chunk, liveRoot: liveRoot(context.tender, []) }), "O5");
  assert.equal(judge({ ...chunk, chunk: 1 }), "O5");
  assert.equal(judge({ ...chunk, tender: filled(9) }), "O5");
  assert.equal(judge(chunk, 3), "O5");
  assert.equal(judge(chunk, 5), "O2");
  assert.equal(judge(chunk, 2, [...dealers].reverse()), "O5");
  assert.equal(judge(chunk, 2, dealers.slice(1)), "O3");
  assert.equal(judge(chunk, 2, dealers, given.slice(1)), "O3");
  assert.equal(judge(chunk, 2, dealers, put(given, 32, filled(0))), "O4");
  assert.equal(judge(chunk, 2, dealers, put(given, 32, encodePoint(timesBase(named("wrong", 0))))), "O5");
  assert.equal(judge(chunk, 2, dealers, put(given, 96, ORDER)), "O5");
  const count = (bids: number) => refusedBy(() => giveShares(chunk, 1, 1n, Array(bids).fill(dealers[0]), laid(filled(1))));
  assert.equal(count(0), "O3");
  assert.equal(count(257), "O3");
});

test("quorums and dealers' secrets that are none", () => {
  const dealing = decodeDealing(good, 4);
  const shares = [1, 2, 3].map((seat) => ({ seat, shares: [dealing.dealer] }));
  const join = (of: typeof shares, index = 0) =>
    refusedBy(() => combineShares(context.committee, of, index, dealing));
  assert.equal(join(shares.slice(1)), "quorum");
  assert.equal(join([shares[0]!, shares[1]!, shares[0]!]), "quorum");
  assert.equal(join(shares, 1), "quorum");
  assert.equal(join([shares[0]!, shares[1]!, { seat: 9, shares: [dealing.dealer] }]), "quorum");
  for (const wrong of [filled(1), filled(0), filled(0xff), filled(1, 31)]) {
    assert.equal(refusedBy(() => openWithDealerSecret(context.committee, dealing, wrong)), "dealer");
  }
});

test("paddings and envelopes", () => {
  for (const size of CLASSES) {
    const most = (size << 10) - 1;
    for (const length of [0, 1, most]) assert.deepEqual(unpad(pad(filled(0x80, length), size)), filled(0x80, length));
    assert.equal(refusedBy(() => pad(filled(0, most + 1), size)), "payload");
  }
  for (const wrong of [[], [0, 0], [1, 2, 3], [0x80, 0, 1]]) {
    assert.equal(refusedBy(() => unpad(Uint8Array.from(wrong))), "M2");
  }
  assert.equal(refusedBy(() => openEnvelope(filled(1, 64), filled(2), filled(3, 40))), "M1");
  assert.equal(refusedBy(() => openEnvelope(filled(1, 64), filled(2), filled(3, 4))), "M1");
  const draft = new Draft(context);
  assert.notDeepEqual(draft.documentKey(0), draft.documentKey(1));
  assert.notDeepEqual(draft.dealer, new Draft(context).dealer);
});

test("names sort as bytes, numbers fit or are refused", () => {
  assert.ok(compare(Uint8Array.of(1), Uint8Array.of(2)) < 0 && compare(Uint8Array.of(255), Uint8Array.of(2, 0)) > 0);
  assert.throws(() => integer(256, 1), RangeError);
  assert.throws(() => integer(-1, 1), RangeError);
  assert.throws(() => fromHex("0g"), RangeError);
});
