// Documents: encrypted in chunks of 64 KiB as they come, so that neither side holds one whole.

import { sha256 } from "@noble/hashes/sha2.js";

import { type Bytes, integer } from "./bytes.js";
import { type DocumentRef } from "./message.js";
import { Refused } from "./refusal.js";
import { decrypt, encrypt, TAG_LENGTH } from "./suite.js";

export const CHUNK = 64 << 10;
export const CIPHER_CHUNK = CHUNK + TAG_LENGTH;
export const LENGTH_MAX = 4 * 1024 ** 3;

const NO_AAD = new Uint8Array(0);

/** Pieces of whatever size: an array, a generator, a stream of Node or of the browser. */
export type Pieces = Iterable<Bytes> | AsyncIterable<Bytes>;

/** The Padmé length: lower bits are rounded up, by at most 12 %. */
export function paddedLength(length: number): number {
  if (!Number.isSafeInteger(length) || length < 0 || length > LENGTH_MAX) {
    throw new Refused("document", `a document has at most ${LENGTH_MAX} bytes`);
  }
  if (length < 2) return length;
  const exponent = BigInt(length).toString(2).length - 1;
  const kept = exponent.toString(2).length;
  const unit = 2 ** Math.max(0, exponent - kept);
  return Math.ceil(length / unit) * unit;
}

/** Bytes of ciphertext for a document of so many bytes. */
export function cipherLength(length: number): number {
  const padded = paddedLength(length);
  return padded + Math.max(1, Math.ceil(padded / CHUNK)) * TAG_LENGTH;
}

function nonce(chunk: number, last: boolean): Bytes {
  const bytes = new Uint8Array(12);
  bytes.set(integer(chunk, 11));
  bytes[11] = last ? 1 : 0;
  return bytes;
}

/** Cuts pieces into blocks of one size; tells of each whether it is the last. There is always a last one. */
async function* blocks(pieces: Pieces, size: number): AsyncGenerator<[Bytes, boolean]> {
  let block = new Uint8Array(size);
  let filled = 0;
  for await (const piece of pieces) {
    let rest = piece;
    while (rest.length > 0) {
      // Full, and something follows: not the last.
      if (filled === size) {
        yield [block, false];
        block = new Uint8Array(size);
        filled = 0;
      }
      const taken = rest.subarray(0, size - filled);
      block.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  yield [block.subarray(0, filled), true];
}

function wrongLength(expected: number, found: number): Refused {
  return new Refused("document", `the document has ${found} bytes where ${expected} were announced`);
}

/** The pieces, then zeros to the padded length; refused when they are not as long as announced. */
async function* padded(pieces: Pieces, length: number): AsyncGenerator<Bytes> {
  let read = 0;
  for await (const piece of pieces) {
    read += piece.length;
    if (read > length) throw wrongLength(length, read);
    yield piece;
  }
  if (read < length) throw wrongLength(length, read);
  for (let rest = paddedLength(length) - length; rest > 0; rest -= CHUNK) yield new Uint8Array(Math.min(rest, CHUNK));
}

/** Encrypts a document of exactly `length` bytes. A key encrypts one document. */
export async function* encryptDocument(key: Bytes, length: number, pieces: Pieces): AsyncGenerator<Bytes> {
  let chunk = 0;
  for await (const [block, last] of blocks(padded(pieces, length), CHUNK)) {
    yield encrypt(key, nonce(chunk++, last), NO_AAD, block);
  }
}

/**
 * Decrypts a document whose manifest says `length` bytes. Each piece is authentic by itself; that none is missing is known
 * only when the generator has ended without an error.
 */
export async function* decryptDocument(key: Bytes, length: number, pieces: Pieces): AsyncGenerator<Bytes> {
  const expected = cipherLength(length);
  let [chunk, read, remaining] = [0, 0, length];
  for await (const [block, last] of blocks(pieces, CIPHER_CHUNK)) {
    read += block.length;
    if (read > expected || (last && read !== expected)) throw wrongLength(expected, read);
    const plaintext = decrypt(key, nonce(chunk, last), NO_AAD, block);
    if (plaintext === undefined) throw new Refused("document", `chunk ${chunk} does not decrypt with this key`);
    chunk++;
    const own = Math.min(remaining, plaintext.length);
    if (plaintext.subarray(own).some((byte) => byte !== 0)) throw new Refused("document", "the padding is not zeros");
    remaining -= own;
    yield plaintext.subarray(0, own);
  }
}

/** Passes chunks through and tells at the end how the chain cites them. */
export class Citation {
  readonly #hasher = sha256.create();
  #length = 0;

  async *through(chunks: Pieces): AsyncGenerator<Bytes> {
    for await (const chunk of chunks) {
      this.#hasher.update(chunk);
      this.#length += chunk.length;
      yield chunk;
    }
  }

  /** Once, when everything has passed. */
  finish(): DocumentRef {
    return { sha256: this.#hasher.digest(), length: this.#length };
  }
}
