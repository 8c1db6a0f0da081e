// Documents in pieces of every size, and what can be done to a ciphertext.

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Bytes, concat } from "../src/sealing/bytes.js";
import {
  CHUNK,
  CIPHER_CHUNK,
  cipherLength,
  Citation,
  decryptDocument,
  encryptDocument,
  LENGTH_MAX,
  paddedLength,
} from "../src/sealing/document.js";
import { filled, refusedBy, refusedLater } from "./common.js";

const KEY = filled(7);

const sample = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => ((i * 31) % 251) + 1);

function* cut(bytes: Bytes, size: number): Generator<Bytes> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function whole(pieces: AsyncIterable<Bytes>): Promise<Bytes> {
  const parts: Bytes[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concat(...parts);
}

test("lengths are those of the Rust crate", () => {
  const cases = [
    [0, 0], [1, 1], [2, 2], [3, 3], [8, 8], [9, 10], [100, 104], [1000, 1024], [1025, 1088],
    [65_536, 65_536], [65_537, 67_584], [50_000_000, 50_331_648], [LENGTH_MAX, LENGTH_MAX],
  ] as const;
  for (const [length, padded] of cases) assert.equal(paddedLength(length), padded);
  for (const wrong of [-1, 1.5, LENGTH_MAX + 1, Number.NaN]) {
    assert.equal(refusedBy(() => paddedLength(wrong)), "document");
  }
});

test("documents of every edge come back", async () => {
  for (const length of [0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 77]) {
    const plaintext = sample(length);
    const cipher = await whole(encryptDocument(KEY, length, [plaintext]));
    assert.equal(cipher.length, cipherLength(length));
    for (const size of [1000, CHUNK, 100_000]) {
      assert.deepEqual(await whole(encryptDocument(KEY, length, cut(plaintext, size))), cipher);
      assert.deepEqual(await whole(decryptDocument(KEY, length, cut(cipher, size))), plaintext);
    }
  }
});

test("what was done to a ciphertext is noticed", async () => {
  const length = 3 * CHUNK + 100;
  const good = await whole(encryptDocument(KEY, length, [sample(length)]));
  const open = (cipher: Bytes, of = length, key = KEY) =>
    refusedLater(() => whole(decryptDocument(key, of, [cipher])));
  const flipped = good.slice();
  flipped[CIPHER_CHUNK + 5]! ^= 1;
  const chunk = (i: number) => good.subarray(i * CIPHER_CHUNK, (i + 1) * CIPHER_CHUNK);
  const swapped = concat(chunk(1), chunk(0), good.subarray(2 * CIPHER_CHUNK));
  const wrong = [flipped, swapped, good.subarray(0, CIPHER_CHUNK), good.subarray(1), concat(good, filled(0, 1))];
  for (const cipher of wrong) assert.equal(await open(cipher), "document");
  assert.equal(await open(good.subarray(0, 2 * CIPHER_CHUNK), 2 * CHUNK), "document");
  assert.equal(await open(good, length, filled(8)), "document");
  assert.equal(await open(good, length - 1), "document");
  for (const announced of [length - 1, length + 1]) {
    assert.equal(await refusedLater(() => whole(encryptDocument(KEY, announced, [sample(length)]))), "document");
  }
});

test("a document is cited by the hash of its ciphertext", async () => {
  const citation = new Citation();
  const cipher = await whole(citation.through(encryptDocument(KEY, 1000, [sample(1000)])));
  const cited = citation.finish();
  const { createHash } = await import("node:crypto");
  assert.deepEqual(Buffer.from(cited.sha256), createHash("sha256").update(cipher).digest());
  assert.equal(cited.length, cipher.length);
});
