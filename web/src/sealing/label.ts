// Labels: what a hash is for. As in sealing/src/label.rs.

const prefixed = <T extends string>(name: T) => `tender-seal/v1/${name}` as const;

export const COMMITTEE = prefixed("committee");
export const SEAT_POP = prefixed("seat-pop");
export const SEAT_POP_NONCE = prefixed("seat-pop/nonce");
export const TENDER = prefixed("tender");
export const KEM = prefixed("kem");
export const ENVELOPE = prefixed("env");
export const DEAL = prefixed("deal");
export const SCRAPE = prefixed("scrape");
export const DOCS = prefixed("docs");
export const DOCUMENT_KEY = prefixed("dockey");
export const PAYLOAD = prefixed("payload");
export const BIDDER = prefixed("bidder");
export const RECEIPT = prefixed("receipt");
export const ARRIVAL = prefixed("arrival");
export const STAMP = prefixed("stamp");
export const GUARANTEE_BIND = prefixed("guarantee-bind");
export const GUARANTEE = prefixed("guarantee");
export const LIVE = prefixed("live");
export const OPEN_CONTEXT = prefixed("open-ctx");
export const OPEN_SEED = prefixed("open/batch-seed");
export const OPEN_WEIGHT = prefixed("open/batch-w");

/** The two labels of one kind of proof. */
export interface ProofLabels {
  readonly nonce: string;
  readonly challenge: string;
}

export const DEAL_PROOF: ProofLabels = { nonce: prefixed("deal/nonce"), challenge: prefixed("deal/dleq-c") };
export const OPEN_PROOF: ProofLabels = { nonce: prefixed("open/nonce"), challenge: prefixed("open/dleq-c") };
