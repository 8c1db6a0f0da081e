//! Labels: what a hash is for, so that none is taken for another.

/// The domain of a hash. Part of the specification; changing one changes every bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(&'static str);

impl Label {
    /// A label of 1 to 255 ASCII characters.
    ///
    /// # Panics
    /// When the text is none. The labels here are constants, so this happens while compiling or never.
    pub const fn new(text: &'static str) -> Self {
        assert!(
            text.is_ascii() && !text.is_empty() && text.len() < 256,
            "a label is 1 to 255 ASCII characters"
        );
        Self(text)
    }

    /// Its bytes.
    pub const fn as_bytes(self) -> &'static [u8] {
        self.0.as_bytes()
    }

    /// How many bytes: 1 to 255, as the hash writes it before the label.
    pub(crate) const fn len(self) -> u8 {
        self.0.len().to_le_bytes()[0]
    }
}

/// The labels of one kind of proof: its nonce and its challenge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProofLabels {
    /// For the hedged nonce.
    pub nonce: Label,
    /// For the challenge.
    pub challenge: Label,
}

/// Declares labels with the prefix that all of them have.
macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Label = Label::new(concat!("tender-seal/v1/", $text));)*

        /// Every label, in the order of this file.
        pub const ALL: &[Label] = &[$($name),*];
    };
}

labels! {
    /// A committee's name.
    COMMITTEE = "committee";
    /// Challenge of a seat key's proof of possession.
    SEAT_POP = "seat-pop";
    /// Nonce of that proof.
    SEAT_POP_NONCE = "seat-pop/nonce";
    /// A tender's name.
    TENDER = "tender";
    /// What the keys of a bid are bound to.
    KEM = "kem";
    /// An envelope's hash.
    ENVELOPE = "env";
    /// A dealing's hash, whose first 32 bytes name the bid.
    DEAL = "deal";
    /// Nonce of a dealing's proof.
    DEAL_NONCE = "deal/nonce";
    /// Challenge of a dealing's proof.
    DEAL_CHALLENGE = "deal/dleq-c";
    /// Coefficients of the random codeword that tests a dealing's degree.
    SCRAPE = "scrape";
    /// The documents of a bid.
    DOCS = "docs";
    /// A document key that only the organiser gets.
    DOCUMENT_KEY = "dockey";
    /// The payload that a bidder signs.
    PAYLOAD = "payload";
    /// What a bidder's certificate signs.
    BIDDER = "bidder";
    /// What a one-time key signs.
    TRANSACTION = "tx";
    /// A centre's promise to hold a document.
    RECEIPT = "receipt";
    /// A centre's word on when a transaction arrived.
    ARRIVAL = "arrival";
    /// What an admission stamp is issued on.
    STAMP = "stamp";
    /// Ties a letter of guarantee to a one-time key, which stays hidden.
    GUARANTEE_BIND = "guarantee-bind";
    /// What a bank signs.
    GUARANTEE = "guarantee";
    /// The bids that are opened.
    LIVE = "live";
    /// What the shares of one chunk are bound to.
    OPEN_CONTEXT = "open-ctx";
    /// Seed of a batch proof's weights.
    OPEN_SEED = "open/batch-seed";
    /// Weights of a batch proof.
    OPEN_WEIGHT = "open/batch-w";
    /// Nonce of a batch proof.
    OPEN_NONCE = "open/nonce";
    /// Challenge of a batch proof.
    OPEN_CHALLENGE = "open/dleq-c";
}

pub(crate) const DEAL_PROOF: ProofLabels = ProofLabels { nonce: DEAL_NONCE, challenge: DEAL_CHALLENGE };
pub(crate) const OPEN_PROOF: ProofLabels = ProofLabels { nonce: OPEN_NONCE, challenge: OPEN_CHALLENGE };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_prefixed_and_differ() {
        let mut all = ALL.to_vec();
        assert!(all.iter().all(|label| label.0.starts_with("tender-seal/v1/")));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 26);
    }
}
