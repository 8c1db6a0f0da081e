// What is refused, and by which check of the specification.

export type Check =
  | "committee"
  | "E1"
  | "E8"
  | "E9"
  | "possession"
  | "O2"
  | "O3"
  | "O4"
  | "O5"
  | "quorum"
  | "dealer"
  | "M1"
  | "M2"
  | "payload"
  | "document";

/** Bytes that do not hold. The check says which rule they break; the message says what to do. */
export class Refused extends Error {
  constructor(
    readonly check: Check,
    message: string,
  ) {
    super(`${check}: ${message}`);
    this.name = "Refused";
  }
}
