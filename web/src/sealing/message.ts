// What is signed or hashed around a bid. As in sealing/src/message.rs.

import { type Bytes, concat, integer, text } from "./bytes.js";
import * as label from "./label.js";
import { hash } from "./suite.js";

/** An encrypted document as the chain cites it. */
export interface DocumentRef {
  readonly sha256: Bytes;
  readonly length: number;
}

export const tenderId = (body: Bytes): Bytes => hash(label.TENDER, body).slice(0, 32);

export function docsRoot(documents: readonly DocumentRef[]): Bytes {
  return hash(label.DOCS, ...documents.map((document) => concat(document.sha256, integer(document.length, 8))));
}

export const receipt = (chainId: string, tender: Bytes, document: DocumentRef): Bytes =>
  hash(label.RECEIPT, text(chainId), tender, document.sha256, integer(document.length, 8));

export const arrival = (chainId: string, transaction: Bytes, arrivedMs: bigint): Bytes =>
  hash(label.ARRIVAL, text(chainId), transaction, integer(arrivedMs, 8));

export const stamp = (chainId: string, oneTimeKey: Bytes): Bytes => hash(label.STAMP, text(chainId), oneTimeKey);

export const guaranteeBind = (oneTimeKey: Bytes, opening: Bytes): Bytes =>
  hash(label.GUARANTEE_BIND, oneTimeKey, opening);

export const guarantee = (letter: Bytes): Bytes => hash(label.GUARANTEE, letter);

export const documentKey = (key: Bytes): Bytes => hash(label.DOCUMENT_KEY, key);

export const payload = (unsigned: Bytes): Bytes => hash(label.PAYLOAD, unsigned);

/** What a bidder's certificate signs inside the envelope. */
export interface BidderStatement {
  readonly chainId: string;
  readonly tender: Bytes;
  readonly oneTimeKey: Bytes;
  readonly sequence: number;
  readonly dealer: Bytes;
  readonly docsRoot: Bytes;
  readonly payload: Bytes;
}

export const bidder = (statement: BidderStatement): Bytes =>
  hash(
    label.BIDDER,
    text(statement.chainId),
    statement.tender,
    statement.oneTimeKey,
    integer(statement.sequence, 4),
    statement.dealer,
    statement.docsRoot,
    statement.payload,
  );
