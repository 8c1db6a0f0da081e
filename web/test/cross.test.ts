// What is sealed here opens there, and back, with fresh keys and fresh randomness. The other side is the example `cross` of the
// crate `sealing`; CROSS names the built program.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { type BidContext, decodeDealing, Draft, verify } from "../src/sealing/bid.js";
import { type Bytes, concat, fromHex, toHex } from "../src/sealing/bytes.js";
import { committee, faults } from "../src/sealing/committee.js";
import { Citation, decryptDocument, encryptDocument } from "../src/sealing/document.js";
import { documentKey, openEnvelope, pad } from "../src/sealing/envelope.js";
import { docsRoot } from "../src/sealing/message.js";
import { combineShares, liveRoot, openWithDealerSecret, verifyShares } from "../src/sealing/opening.js";

const ROUNDS = Number(process.env["ROUNDS"] ?? 8);

interface Bid {
  one_time_key: string;
  sequence: number;
  dealing: string;
  envelope: string;
  docs_root: string;
  bid: string;
  dealer_secret: string;
  document: string;
  document_len: number;
  seats: number[];
}

interface Round {
  chain_id: string;
  epoch: string;
  tender: string;
  centres: string[];
  keys: string[];
  bid: Bid;
  payload: string;
  plaintext_sha256: string;
  live_root: string;
  shares: string[];
}

interface Opened {
  bid?: string;
  payload?: string;
  plaintext_sha256?: string;
  refused?: string;
}

const sha256 = (bytes: Bytes) => createHash("sha256").update(bytes).digest("hex");

async function whole(pieces: AsyncIterable<Bytes>): Promise<Bytes> {
  const parts: Bytes[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concat(...parts);
}

/** Different seats, in any order. */
function draw(n: number, k: number): number[] {
  const seats = Array.from({ length: n }, (_, i) => i + 1);
  for (let i = n - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [seats[i], seats[j]] = [seats[j]!, seats[i]!];
  }
  return seats.slice(0, k);
}

/** Opens what the other side sealed. */
async function openTheirs(round: Round, context: BidContext, k: number): Promise<void> {
  const { bid } = round;
  const theirs = { ...context, oneTimeKey: fromHex(bid.one_time_key), sequence: bid.sequence };
  const dealing = decodeDealing(fromHex(bid.dealing), round.keys.length);
  const accepted = verify(theirs, dealing, fromHex(bid.envelope), fromHex(bid.docs_root));
  assert.equal(toHex(accepted.bid), bid.bid);
  const root = liveRoot(context.tender, [accepted.bid]);
  assert.equal(toHex(root), round.live_root);
  const chunk = { committee: context.committee, tender: context.tender, liveRoot: root, chunk: 0 };
  const shares = draw(round.keys.length, k).map((seat) =>
    verifyShares(chunk, seat, [dealing.dealer], fromHex(round.shares[seat - 1]!)),
  );
  const secret = combineShares(context.committee, shares, 0, dealing);
  assert.deepEqual(openWithDealerSecret(context.committee, dealing, fromHex(bid.dealer_secret)), secret);
  assert.equal(toHex(openEnvelope(accepted.keyContext, secret, fromHex(bid.envelope))), round.payload);
  const key = documentKey(accepted.keyContext, secret, 0);
  const plaintext = await whole(decryptDocument(key, bid.document_len, [fromHex(bid.document)]));
  assert.equal(sha256(plaintext), round.plaintext_sha256);
}

/** Seals a bid with one document, for the other side to open with so many seats. */
async function sealOurs(context: BidContext, k: number): Promise<[Bid, Bytes, string]> {
  const draft = new Draft(context);
  const plaintext = new Uint8Array(randomBytes(randomInt(200_000)));
  const citation = new Citation();
  const document = await whole(citation.through(encryptDocument(draft.documentKey(0), plaintext.length, [plaintext])));
  const root = docsRoot([citation.finish()]);
  const payload = new Uint8Array(randomBytes(randomInt(1024)));
  const sealed = draft.finish(pad(payload, 1), root);
  const bid = {
    one_time_key: toHex(context.oneTimeKey),
    sequence: context.sequence,
    dealing: toHex(sealed.dealing),
    envelope: toHex(sealed.envelope),
    docs_root: toHex(root),
    bid: toHex(sealed.bid),
    dealer_secret: toHex(sealed.dealerSecret),
    document: toHex(document),
    document_len: plaintext.length,
    seats: draw(context.committee.members.length, k),
  };
  return [bid, payload, sha256(plaintext)];
}

test("what is sealed here opens there, and back", async () => {
  const program = process.env["CROSS"];
  assert.ok(program, "CROSS names the example `cross`; run `make web`, which builds it");
  const other = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: other.stdout })[Symbol.asyncIterator]();
  const ask = async <T>(value: unknown): Promise<T> => {
    other.stdin.write(`${JSON.stringify(value)}\n`);
    const { value: line, done } = await lines.next();
    assert.ok(!done, "the other side has stopped");
    return JSON.parse(line as string) as T;
  };
  try {
    for (let count = 0; count < ROUNDS; count++) {
      const n = randomInt(4, 22);
      const k = randomInt(faults(n) + 1, n - faults(n) + 1);
      const round = await ask<Round>({ n, k });
      const members = round.centres.map((centre, i) => ({ centre: fromHex(centre), key: fromHex(round.keys[i]!) }));
      const context: BidContext = {
        committee: committee(round.chain_id, BigInt(round.epoch), k, members),
        tender: fromHex(round.tender),
        oneTimeKey: new Uint8Array(randomBytes(32)),
        sequence: randomInt(1, 17),
      };
      await openTheirs(round, context, k);
      const [bid, payload, plaintext] = await sealOurs(context, k);
      // Every other round something is wrong with it.
      if (count % 2 === 1) bid.sequence += 1;
      const opened = await ask<Opened>(bid);
      if (count % 2 === 1) {
        assert.match(opened.refused ?? "", /does not hold/);
      } else {
        assert.deepEqual(opened, { bid: bid.bid, payload: toHex(payload), plaintext_sha256: plaintext });
      }
    }
  } finally {
    other.stdin.end();
    other.kill();
  }
});
