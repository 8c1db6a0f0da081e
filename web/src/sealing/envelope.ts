// Envelopes: the padded payload under a key that follows from the secret.

import { type Bytes, concat, integer, text } from "./bytes.js";
import { Refused } from "./refusal.js";
import { decrypt, derive, encrypt, TAG_LENGTH } from "./suite.js";

/** KiB that payloads are padded to. */
export const CLASSES = [1, 2, 4, 8, 16] as const;
export type SizeClass = (typeof CLASSES)[number];

const MARK = 0x80;
// Each key encrypts one envelope.
const NONCE = new Uint8Array(12);

export const envelopeLength = (size: SizeClass): number => (size << 10) + TAG_LENGTH;

/** Pads a payload to its class: 0x80, then zeros. */
export function pad(payload: Bytes, size: SizeClass): Bytes {
  const padded = new Uint8Array(size << 10);
  if (payload.length >= padded.length) {
    throw new Refused("payload", `the payload has ${payload.length} bytes; the class takes at most ${padded.length - 1}`);
  }
  padded.set(payload);
  padded[payload.length] = MARK;
  return padded;
}

export function unpad(padded: Bytes): Bytes {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  if (end < 0 || padded[end] !== MARK) throw new Refused("M2", "the padding is not 0x80 and zeros");
  return padded.slice(0, end);
}

const envelopeKey = (keyContext: Bytes, secret: Bytes): Bytes => derive(keyContext, secret, text("envelope"));

/** The key of the document of this index, from 0. */
export function documentKey(keyContext: Bytes, secret: Bytes, index: number): Bytes {
  return derive(keyContext, secret, concat(text("document"), integer(index, 2)));
}

export function encryptEnvelope(keyContext: Bytes, secret: Bytes, padded: Bytes): Bytes {
  return encrypt(envelopeKey(keyContext, secret), NONCE, keyContext, padded);
}

/** Decrypts an envelope and leaves the padding on. */
export function decryptEnvelope(keyContext: Bytes, secret: Bytes, envelope: Bytes): Bytes {
  const padded = decrypt(envelopeKey(keyContext, secret), NONCE, keyContext, envelope);
  if (padded === undefined) throw new Refused("M1", "the envelope does not open with the key of its dealing");
  return padded;
}

/** The payload without its padding. */
export function openEnvelope(keyContext: Bytes, secret: Bytes, envelope: Bytes): Bytes {
  return unpad(decryptEnvelope(keyContext, secret, envelope));
}
