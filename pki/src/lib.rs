//! X.509 judged as data: bytes and an instant in, a verdict out.
//!
//! An enterprise shows one certificate, issued by any authority on the ledger's trust list, and every node judges it
//! by itself. So this crate reads no clock, no file and no network, and has no list of trusted roots of its own: the
//! trust-list entry, the bytes and block time come in, and every node and auditor gets the same answer.
//!
//! - [`judge_chain`]: a certificate and its path to an authority's root (RFC 5280), and who it says its holder is;
//! - [`verify_statement`]: that its private key signed something;
//! - [`judge_crl`], [`judge_ocsp`]: what the authority says about revocation;
//! - [`read_authority`]: what a root and its intermediates say, before they come on the trust list.
//!
//! Paths are searched by rustls-webpki, certificates read by x509-cert; `docs/decisions/0011-x509-judged-as-data.md`
//! says what each leaves to the other and to this crate. SM2 with SM3 (GM/T 0003, GM/T 0015) stands beside the
//! algorithms of RFC 5280's world.
//!
//! # Bounds
//!
//! Every input is measured before it is read: see the `MAX_` constants. Work is bounded by them: a chain costs at most
//! 100 signatures, a list or answer at most a few.
//!
//! # Panics
//!
//! None, on any bytes.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod algorithm;
mod authority;
mod certificate;
mod chain;
mod crl;
mod fault;
#[cfg(feature = "issue")]
pub mod issue;
mod ocsp;
mod revocation;
mod signature;
mod subject;
#[cfg(feature = "issue")]
pub mod target;

pub use algorithm::{Algorithm, SubjectKey, read_subject_key, verify_statement};
pub use authority::{Authority, AuthorityFacts, CodeSource, is_object_identifier, read_authority};
pub use chain::{Issuer, Subscriber, judge_chain};
pub use crl::{RevocationList, judge_crl};
pub use fault::{Document, Fault, Place};
pub use ocsp::{OcspAnswer, OcspStatus, judge_ocsp};
pub use revocation::{Reason, Revocation};
pub use signature::SM2_DEFAULT_ID;

/// The longest certificate that is read, in bytes. Real ones have 1 to 3 KB.
pub const MAX_CERTIFICATE_BYTES: usize = 8 * 1024;
/// The most certificates of a chain, the subscriber's included and the root excluded.
pub const MAX_CHAIN: usize = 5;
/// The most intermediates of a trust-list entry.
pub const MAX_INTERMEDIATES: usize = 8;
/// The longest revocation list that is read, in bytes.
pub const MAX_CRL_BYTES: usize = 1024 * 1024;
/// The most entries of a revocation list.
pub const MAX_CRL_ENTRIES: usize = 30_000;
/// The longest OCSP response that is read, in bytes.
pub const MAX_OCSP_BYTES: usize = 16 * 1024;
/// How far the clocks of those who issue revocation lists and OCSP responses may be ahead of block time, in seconds.
pub const CLOCK_SKEW_SECONDS: u64 = 300;
/// For how long an OCSP response without nextUpdate holds after thisUpdate, in seconds.
pub const OCSP_LIFETIME_SECONDS: u64 = 24 * 60 * 60;
