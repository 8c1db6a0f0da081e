// What sealing costs in Node: a bid to 21 seats, and a document of 50 MB that is never held whole.

import { type BidContext, Draft, verify, decodeDealing } from "../src/sealing/bid.js";
import { type Bytes } from "../src/sealing/bytes.js";
import { Citation, encryptDocument } from "../src/sealing/document.js";
import { pad } from "../src/sealing/envelope.js";
import { docsRoot } from "../src/sealing/message.js";
import { encodePoint, timesBase } from "../src/sealing/suite.js";
import { committeeOf, filled, named, vectors } from "./common.js";

const SIZE = 50_000_000;
const PIECE = 1 << 20;

function* pieces(): Generator<Bytes> {
  const piece = new Uint8Array(PIECE).fill(7);
  for (let rest = SIZE; rest > 0; rest -= PIECE) yield piece.subarray(0, Math.min(rest, PIECE));
}

function seconds(begin: number): string {
  return ((performance.now() - begin) / 1000).toFixed(3);
}

const context: BidContext = {
  committee: committeeOf(vectors()[2]!),
  tender: filled(1),
  oneTimeKey: filled(2),
  sequence: 1,
};

const point = timesBase(named("skd", 0));
let begin = performance.now();
for (let i = 0; i < 100; i++) encodePoint(point.multiply(named("seat", i)));
console.log(`multiplication of a point: ${(Number(seconds(begin)) * 10).toFixed(2)} ms`);

const payload = pad(filled(3, 900), 1);
begin = performance.now();
for (let i = 0; i < 10; i++) new Draft(context).finish(payload, docsRoot([]));
console.log(`sealing a bid to 21 seats: ${(Number(seconds(begin)) * 100).toFixed(1)} ms`);

const sealed = new Draft(context).finish(payload, docsRoot([]));
begin = performance.now();
for (let i = 0; i < 10; i++) verify(context, decodeDealing(sealed.dealing, 21), sealed.envelope, docsRoot([]));
console.log(`verifying it: ${(Number(seconds(begin)) * 100).toFixed(1)} ms`);

const draft = new Draft(context);
const citation = new Citation();
let most = 0;
begin = performance.now();
for await (const chunk of citation.through(encryptDocument(draft.documentKey(0), SIZE, pieces()))) {
  most = Math.max(most, process.memoryUsage.rss());
  void chunk;
}
const cited = citation.finish();
console.log(
  `encrypting and hashing ${SIZE} bytes to ${cited.length}: ${seconds(begin)} s, resident memory at most ${(most / 1e6).toFixed(0)} MB`,
);
