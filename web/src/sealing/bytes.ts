// Byte strings: joining, numbers, hexadecimal.

export type Bytes = Uint8Array;

/** The parts one after another. */
export function concat(...parts: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A whole number, big-endian, in so many bytes (I2OSP of RFC 8017). */
export function integer(value: number | bigint, length: number): Bytes {
  let rest = BigInt(value);
  if (rest < 0n || rest >> BigInt(8 * length) !== 0n) throw new RangeError(`${value} does not fit into ${length} bytes`);
  const bytes = new Uint8Array(length);
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** ASCII and other text as UTF-8. */
export function text(value: string): Bytes {
  return new TextEncoder().encode(value);
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(hex: string): Bytes {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) throw new RangeError("not hexadecimal");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Whether two byte strings, both public, are equal. */
export function equal(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Compares byte strings as the chain sorts names. */
export function compare(a: Bytes, b: Bytes): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
