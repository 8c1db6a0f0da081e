// The sealer: everything a bidder's program needs to seal a bid, judge one, and open one with the shares of the seats.

export * from "./bid.js";
export * from "./bytes.js";
export * from "./committee.js";
export { decodeProof, encodeProof, type Proof } from "./dleq.js";
export * as document from "./document.js";
export * from "./envelope.js";
export * as message from "./message.js";
export * from "./opening.js";
export { type Check, Refused } from "./refusal.js";
export { decodePoint, encodePoint, type Point, type Random, systemRandom } from "./suite.js";
