// The vectors of the Rust crate, byte for byte.

import assert from "node:assert/strict";
import { test } from "node:test";

import { type BidContext, decodeDealing, Draft, verify } from "../src/sealing/bid.js";
import { fromHex, text, toHex } from "../src/sealing/bytes.js";
import { possessionHolds } from "../src/sealing/committee.js";
import { decodeProof } from "../src/sealing/dleq.js";
import { decryptEnvelope } from "../src/sealing/envelope.js";
import {
  chunkHash,
  combineShares,
  giveShares,
  liveRoot,
  openWithDealerSecret,
  verifyShares,
} from "../src/sealing/opening.js";
import { encodeScalar } from "../src/sealing/suite.js";
import { committeeOf, filled, laid, named, refusedBy, type Vector, vectors, wide } from "./common.js";

const PAYLOAD = "price=123456.78 CUR";
const ROOT = filled(0x33);

function contextOf(vector: Vector): BidContext {
  return { committee: committeeOf(vector), tender: filled(0x11), oneTimeKey: filled(0x22), sequence: 1 };
}

for (const vector of vectors()) {
  const name = `${vector.k} of ${vector.n}`;
  const context = contextOf(vector);
  const chunk = {
    committee: context.committee,
    tender: context.tender,
    liveRoot: fromHex(vector.live_root),
    chunk: 0,
  };
  const dealing = fromHex(vector.pk_d + vector.c.join("") + vector.pi);

  test(`${name}: sealing gives the same bytes`, () => {
    assert.equal(toHex(context.committee.id), vector.committee_id);
    const coins = vector.coeffs.map((_, j) => wide("coef", j));
    const draft = new Draft(context, laid(wide("skd", 0), ...coins, filled(0x44)));
    const sealed = draft.finish(text(PAYLOAD), ROOT);
    assert.equal(toHex(sealed.dealing), toHex(dealing));
    assert.equal(toHex(sealed.envelope), vector.env);
    assert.equal(toHex(sealed.bid), vector.bid_id);
    assert.equal(toHex(sealed.dealerSecret), vector.sk_d);
    assert.deepEqual(vector.coeffs, vector.coeffs.map((_, j) => toHex(encodeScalar(named("coef", j)))));
    assert.throws(() => draft.finish(text(PAYLOAD), ROOT), /serves one bid/);
  });

  test(`${name}: the bid verifies and opens`, () => {
    const decoded = decodeDealing(dealing, vector.n);
    const accepted = verify(context, decoded, fromHex(vector.env), ROOT);
    assert.equal(toHex(accepted.bid), vector.bid_id);
    assert.equal(toHex(liveRoot(context.tender, [accepted.bid])), vector.live_root);
    assert.equal(toHex(chunkHash(chunk)), vector.open_ctx);

    const given = giveShares(chunk, 2, named("seat", 1), [decoded.dealer], laid(filled(0x55)));
    assert.equal(toHex(given), vector.open_D + vector.open_pi);
    const seats = Array.from({ length: vector.n }, (_, i) => i + 1).slice(-vector.k);
    const shares = seats.map((seat) => {
      const given = giveShares(chunk, seat, named("seat", seat - 1), [decoded.dealer], laid(filled(seat)));
      return verifyShares(chunk, seat, [decoded.dealer], given);
    });
    const secret = combineShares(context.committee, shares, 0, decoded);
    assert.equal(toHex(secret), vector.S);
    assert.equal(toHex(openWithDealerSecret(context.committee, decoded, fromHex(vector.sk_d))), vector.S);
    const payload = decryptEnvelope(accepted.keyContext, secret, fromHex(vector.env));
    assert.equal(new TextDecoder().decode(payload), PAYLOAD);
  });

  test(`${name}: possession of the first seat's key is proved`, () => {
    const member = context.committee.members[0]!;
    const proof = decodeProof(fromHex(vector.seat1_pop), "possession");
    assert.ok(possessionHolds(vector.chain_id, BigInt(vector.epoch), member, proof));
    assert.ok(!possessionHolds(vector.chain_id, BigInt(vector.epoch) + 1n, member, proof));
  });

  for (const negative of vector.negative) {
    test(`${name}: refused: ${negative.reason}`, () => {
      const wrong = { ...context, oneTimeKey: fromHex(negative.pk_ot) };
      const bytes = fromHex(negative.pk_d + negative.c.join("") + negative.pi);
      const check = refusedBy(() =>
        verify(wrong, decodeDealing(bytes, vector.n), fromHex(negative.env), ROOT),
      );
      const expected = { "n-1 shares": "E1", "identity pk_d": "E8", "non-canonical point": "E8" };
      assert.equal(check, expected[negative.reason as keyof typeof expected] ?? "E9");
    });
  }
}
