//! Every key of the state and the type of its value, in one list.
//!
//! A key is one byte for its kind followed by the parts given here; numbers are big-endian, so that
//! the order of keys is the order of what they name.

use super::StateKey;
use crate::codec::{self, Bytes};
use crate::crypto::PublicKey;
use crate::governance::{Cosigner, DoubleSigning, Era, ProposedChange};
use crate::id::{
    AuthorityId, BidId, CertificateId, CertificateKeyId, ChangeId, CreditCode, DealCode, DelegationId,
    DoubleSigningId, GuaranteeId, Height, IssuerId, LetterNumber, ProjectCode, SharedKeyId, TenderId,
};
use crate::record::authority::{AuthorityStanding, CertificationAuthority, RevocationList, SerialNumber};
use crate::record::bid::{
    Bid, BidTally, Chunk, DealerKey, LiveBid, MAX_ENVELOPE_BYTES, MAX_SHARE_BYTES, OpenedBid, Opening,
    StampKey,
};
use crate::record::certificate::{
    Certificate, CertificateKeyHolder, Involvement, ListedRevocation, SharedKey,
};
use crate::record::evaluation::{Evaluation, Expert, ExpertStanding, LotResult, PoolTally, Sheet};
use crate::record::guarantee::Guarantee;
use crate::record::listing::{Listing, Qualification, Quote};
use crate::record::organisation::{KeyHolder, Organisation};
use crate::record::project::{Industry, Project};
use crate::record::seat::{Committee, SealingEpoch, SeatKey, SeatPublicKey};
use crate::record::tender::{Objection, Tender};
use crate::record::{Due, DueAt, Parameters, SteppedClock};
use crate::rule::{RulePack, TradeKind};
use crate::time::BlockTime;
use crate::validators::ValidatorSet;

fn bytes(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![kind];
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// `01`: the bounds that genesis set.
pub struct ParametersKey;
/// `02`: the rules of land-use right listings; `07 ‖ kind`: those of another kind of trade.
pub struct RulesKey(pub TradeKind);
/// `03`: the validator set of the next block.
pub struct ValidatorsKey;
/// `04`: what a stepped clock reads.
pub struct SteppedClockKey;
/// `05 ‖ 2⁶⁴ - 1 - height`: the validator set from that height on. Later eras sort first, so that the
/// first key at or after a height's own is the era that the height belongs to.
pub struct EraKey(pub Height);
/// `06 ‖ version`: rules of land-use right listings that were in force earlier; `08 ‖ kind ‖ version`: those of
/// another kind of trade.
pub struct FormerRulesKey(pub TradeKind, pub u32);
/// `10 ‖ credit code`: an organisation.
pub struct OrganisationKey<'a>(pub &'a CreditCode);
/// `11 ‖ public key`: whom a key speaks for.
pub struct KeyHolderKey<'a>(pub &'a PublicKey);
/// `12 ‖ authority`: an entry of the trust list.
pub struct AuthorityKey<'a>(pub &'a AuthorityId);
/// `13 ‖ authority`: as much of the entry as every act asks for.
pub struct AuthorityStandingKey<'a>(pub &'a AuthorityId);
/// `14`: how many entries the trust list has.
pub struct AuthorityCountKey;
/// `15 ‖ authority ‖ issuer`: the newest revocation list of an issuer.
pub struct RevocationListKey<'a>(pub &'a AuthorityId, pub &'a IssuerId);
/// `16 ‖ authority ‖ issuer ‖ serial`: a certificate on that list.
pub struct ListedRevocationKey<'a>(pub &'a AuthorityId, pub &'a IssuerId, pub &'a SerialNumber);
/// `17 ‖ certificate`: a certificate that an organisation has enrolled with.
pub struct CertificateKey<'a>(pub &'a CertificateId);
/// `18 ‖ authority ‖ issuer ‖ serial`: the enrolled certificate with this number.
pub struct SerialKey<'a>(pub &'a AuthorityId, pub &'a IssuerId, pub &'a SerialNumber);
/// `19 ‖ certificate key`: whose a certificate's key is.
pub struct CertificateKeyHolderKey<'a>(pub &'a CertificateKeyId);
/// `1a ‖ delegation`: the certificate that made a delegation.
pub struct DelegationKey<'a>(pub &'a DelegationId);
/// `1b ‖ certificate ‖ deal code`: what keys of a certificate have signed in a listing.
pub struct InvolvementKey<'a>(pub &'a CertificateId, pub &'a DealCode);
/// `20 ‖ deal code`: a listing.
pub struct ListingKey<'a>(pub &'a DealCode);
/// `21 ‖ deal code ‖ credit code`: a bidder's standing.
pub struct QualificationKey<'a>(pub &'a DealCode, pub &'a CreditCode);
/// `22 ‖ deal code ‖ number`: a quote.
pub struct QuoteKey<'a>(pub &'a DealCode, pub u32);
/// `23 ‖ credit code ‖ day`: deals a platform has numbered on a day.
pub struct DealSequenceKey<'a>(pub &'a CreditCode, pub u64);
/// `30 ‖ guarantor ‖ number`: a letter of guarantee.
pub struct GuaranteeKey<'a>(pub &'a GuaranteeId);
/// `70 ‖ project code`: a project.
pub struct ProjectKey<'a>(pub &'a ProjectCode);
/// `71 ‖ first 15 characters of a project code`: projects numbered so on that day.
pub struct ProjectSequenceKey<'a>(pub &'a str);
/// `72 ‖ tender id`: a tender.
pub struct TenderKey<'a>(pub &'a TenderId);
/// `73 ‖ tender id ‖ number`: an objection to its documents.
pub struct ObjectionKey<'a>(pub &'a TenderId, pub u32);
/// `74 ‖ tender id ‖ credit code`: number of an organisation's objection that awaits an answer.
pub struct ObjectorKey<'a>(pub &'a TenderId, pub &'a CreditCode);
/// `75 ‖ one-time key`: a sealed bid.
pub struct BidKey<'a>(pub &'a PublicKey);
/// `76 ‖ tender ‖ bid`: a live bid.
pub struct LiveBidKey<'a>(pub &'a TenderId, pub &'a BidId);
/// `77 ‖ bid`: the envelope of a live bid.
pub struct EnvelopeKey<'a>(pub &'a BidId);
/// `78 ‖ tender`: how many envelopes a tender has.
pub struct BidTallyKey<'a>(pub &'a TenderId);
/// `79 ‖ tender`: the opening of its bids.
pub struct OpeningKey<'a>(pub &'a TenderId);
/// `7a ‖ tender ‖ number`: bids that are opened together.
pub struct ChunkKey<'a>(pub &'a TenderId, pub u32);
/// `7b ‖ tender ‖ number ‖ seat`: a seat's shares of them, until they are open.
pub struct SharesKey<'a>(pub &'a TenderId, pub u32, pub u8);
/// `7c ‖ tender ‖ credit code`: the bid of a bidder that counts.
pub struct OpenedBidKey<'a>(pub &'a TenderId, pub &'a CreditCode);
/// `7d ‖ guarantor ‖ number`: for which tender a letter in an envelope was used.
pub struct BidBondKey<'a>(pub &'a GuaranteeId);
/// `80`: the sealing epoch.
pub struct SealingEpochKey;
/// `81 ‖ epoch ‖ credit code`: a centre's seat key.
pub struct SeatKeyKey<'a>(pub u64, pub &'a CreditCode);
/// `82 ‖ key`: who has registered a seat key, in whichever epoch.
pub struct SeatKeyHolderKey<'a>(pub &'a SeatPublicKey);
/// `83 ‖ epoch`: a committee.
pub struct CommitteeKey(pub u64);
/// `84 ‖ epoch ‖ dealer's key`: the one-time key of the bid that it dealt.
pub struct DealerKeyKey<'a>(pub u64, pub &'a DealerKey);
/// `85`: how many centres issue admission stamps.
pub struct IssuerCountKey;
/// `86 ‖ credit code`: a centre's number among the issuers.
pub struct IssuerNumberKey<'a>(pub &'a CreditCode);
/// `87 ‖ issuer ‖ quarter`: a key for admission stamps.
pub struct StampKeyKey(pub u16, pub u16);
/// `90 ‖ industry ‖ number`: an expert who is free.
pub struct ExpertKey(pub Industry, pub u32);
/// `91 ‖ key`: whose a key is that signs scores.
pub struct ExpertStandingKey<'a>(pub &'a PublicKey);
/// `92 ‖ industry`: how many experts there are.
pub struct PoolTallyKey(pub Industry);
/// `93 ‖ tender`: the evaluation of its bids.
pub struct EvaluationKey<'a>(pub &'a TenderId);
/// `94 ‖ tender ‖ seat`: the scores of a member of its panel.
pub struct SheetKey<'a>(pub &'a TenderId, pub u32);
/// `95 ‖ tender ‖ lot`: what has come of a lot.
pub struct LotResultKey<'a>(pub &'a TenderId, pub u32);
/// `40 ‖ time ‖ what`: something that falls due.
pub struct DueKey<'a>(pub &'a DueAt);
/// `50 ‖ change id`: a proposed change.
pub struct ChangeKey<'a>(pub &'a ChangeId);
/// `51 ‖ credit code`: how many changes a member has open; absent for none.
pub struct OpenChangesKey<'a>(pub &'a CreditCode);
/// `60 ‖ id`: a double signing.
pub struct DoubleSigningKey<'a>(pub &'a DoubleSigningId);
/// `61 ‖ id`: a key that two organisations share.
pub struct SharedKeyKey<'a>(pub &'a SharedKeyId);
/// `62 ‖ organisation`: the keys with which a member signs checkpoints.
pub struct CosignerKey<'a>(pub &'a CreditCode);
/// `63 ‖ key`: whose a key is, or was, that signs checkpoints.
pub struct CosignerHolderKey<'a>(pub &'a PublicKey);

macro_rules! state_keys {
    ($($name:ty => $value:ty, |$key:ident| $bytes:expr;)*) => {$(
        impl StateKey for $name {
            type Value = $value;

            fn key(&self) -> Vec<u8> {
                let $key = self;
                $bytes
            }
        }
    )*};
}

state_keys! {
    ParametersKey => Parameters, |_k| bytes(0x01, &[]);
    RulesKey => RulePack, |k| match k.0 {
        TradeKind::LandListing => bytes(0x02, &[]),
        kind => bytes(0x07, &[&[kind as u8]]),
    };
    ValidatorsKey => ValidatorSet, |_k| bytes(0x03, &[]);
    SteppedClockKey => SteppedClock, |_k| bytes(0x04, &[]);
    EraKey => Era, |k| bytes(0x05, &[&era_order(k.0).to_be_bytes()]);
    FormerRulesKey => RulePack, |k| match k.0 {
        TradeKind::LandListing => bytes(0x06, &[&k.1.to_be_bytes()]),
        kind => bytes(0x08, &[&[kind as u8], &k.1.to_be_bytes()]),
    };
    OrganisationKey<'_> => Organisation, |k| bytes(0x10, &[k.0.as_str().as_bytes()]);
    KeyHolderKey<'_> => KeyHolder, |k| bytes(0x11, &[k.0.as_bytes()]);
    AuthorityKey<'_> => CertificationAuthority, |k| bytes(0x12, &[k.0.as_bytes()]);
    AuthorityStandingKey<'_> => AuthorityStanding, |k| bytes(0x13, &[k.0.as_bytes()]);
    AuthorityCountKey => u32, |_k| bytes(0x14, &[]);
    RevocationListKey<'_> => RevocationList, |k| bytes(0x15, &[k.0.as_bytes(), k.1.as_bytes()]);
    ListedRevocationKey<'_> => ListedRevocation, |k| bytes(0x16, &[k.0.as_bytes(), k.1.as_bytes(), k.2.as_slice()]);
    CertificateKey<'_> => Certificate, |k| bytes(0x17, &[k.0.as_bytes()]);
    SerialKey<'_> => CertificateId, |k| bytes(0x18, &[k.0.as_bytes(), k.1.as_bytes(), k.2.as_slice()]);
    CertificateKeyHolderKey<'_> => CertificateKeyHolder, |k| bytes(0x19, &[k.0.as_bytes()]);
    DelegationKey<'_> => CertificateId, |k| bytes(0x1a, &[k.0.as_bytes()]);
    InvolvementKey<'_> => Involvement, |k| bytes(0x1b, &[k.0.as_bytes(), k.1.as_str().as_bytes()]);
    ListingKey<'_> => Listing, |k| bytes(0x20, &[k.0.as_str().as_bytes()]);
    QualificationKey<'_> => Qualification, |k| bytes(0x21, &[k.0.as_str().as_bytes(), k.1.as_str().as_bytes()]);
    QuoteKey<'_> => Quote, |k| bytes(0x22, &[k.0.as_str().as_bytes(), &k.1.to_be_bytes()]);
    DealSequenceKey<'_> => u32, |k| bytes(0x23, &[k.0.as_str().as_bytes(), &k.1.to_be_bytes()]);
    GuaranteeKey<'_> => Guarantee, |k| bytes(0x30, &[k.0.guarantor.as_str().as_bytes(), k.0.number.as_str().as_bytes()]);
    ProjectKey<'_> => Project, |k| bytes(0x70, &[k.0.as_str().as_bytes()]);
    ProjectSequenceKey<'_> => u32, |k| bytes(0x71, &[k.0.as_bytes()]);
    TenderKey<'_> => Tender, |k| bytes(0x72, &[k.0.as_bytes()]);
    ObjectionKey<'_> => Objection, |k| bytes(0x73, &[k.0.as_bytes(), &k.1.to_be_bytes()]);
    ObjectorKey<'_> => u32, |k| bytes(0x74, &[k.0.as_bytes(), k.1.as_str().as_bytes()]);
    SealingEpochKey => SealingEpoch, |_k| bytes(0x80, &[]);
    SeatKeyKey<'_> => SeatKey, |k| bytes(0x81, &[&k.0.to_be_bytes(), k.1.as_str().as_bytes()]);
    SeatKeyHolderKey<'_> => CreditCode, |k| bytes(0x82, &[k.0.as_bytes()]);
    CommitteeKey => Committee, |k| bytes(0x83, &[&k.0.to_be_bytes()]);
    BidKey<'_> => Bid, |k| bytes(0x75, &[k.0.as_bytes()]);
    LiveBidKey<'_> => LiveBid, |k| bytes(0x76, &[k.0.as_bytes(), k.1.as_bytes()]);
    EnvelopeKey<'_> => Bytes<MAX_ENVELOPE_BYTES>, |k| bytes(0x77, &[k.0.as_bytes()]);
    BidTallyKey<'_> => BidTally, |k| bytes(0x78, &[k.0.as_bytes()]);
    OpeningKey<'_> => Opening, |k| bytes(0x79, &[k.0.as_bytes()]);
    ChunkKey<'_> => Chunk, |k| bytes(0x7a, &[k.0.as_bytes(), &k.1.to_be_bytes()]);
    SharesKey<'_> => Bytes<MAX_SHARE_BYTES>, |k| bytes(0x7b, &[k.0.as_bytes(), &k.1.to_be_bytes(), &[k.2]]);
    OpenedBidKey<'_> => OpenedBid, |k| bytes(0x7c, &[k.0.as_bytes(), k.1.as_str().as_bytes()]);
    BidBondKey<'_> => TenderId, |k| bytes(0x7d, &[k.0.guarantor.as_str().as_bytes(), k.0.number.as_str().as_bytes()]);
    DealerKeyKey<'_> => PublicKey, |k| bytes(0x84, &[&k.0.to_be_bytes(), k.1.as_bytes()]);
    IssuerCountKey => u16, |_k| bytes(0x85, &[]);
    IssuerNumberKey<'_> => u16, |k| bytes(0x86, &[k.0.as_str().as_bytes()]);
    StampKeyKey => StampKey, |k| bytes(0x87, &[&k.0.to_be_bytes(), &k.1.to_be_bytes()]);
    ExpertKey => Expert, |k| bytes(0x90, &[&[k.0 as u8], &k.1.to_be_bytes()]);
    ExpertStandingKey<'_> => ExpertStanding, |k| bytes(0x91, &[k.0.as_bytes()]);
    PoolTallyKey => PoolTally, |k| bytes(0x92, &[&[k.0 as u8]]);
    EvaluationKey<'_> => Evaluation, |k| bytes(0x93, &[k.0.as_bytes()]);
    SheetKey<'_> => Sheet, |k| bytes(0x94, &[k.0.as_bytes(), &k.1.to_be_bytes()]);
    LotResultKey<'_> => LotResult, |k| bytes(0x95, &[k.0.as_bytes(), &k.1.to_be_bytes()]);
    DueKey<'_> => Due, |k| bytes(0x40, &[&k.0.time.as_millis().to_be_bytes(), &codec::encode(&k.0.due)]);
    ChangeKey<'_> => ProposedChange, |k| bytes(0x50, &[k.0.as_bytes()]);
    OpenChangesKey<'_> => u32, |k| bytes(0x51, &[k.0.as_str().as_bytes()]);
    DoubleSigningKey<'_> => DoubleSigning, |k| bytes(0x60, &[k.0.as_bytes()]);
    SharedKeyKey<'_> => SharedKey, |k| bytes(0x61, &[k.0.as_bytes()]);
    CosignerKey<'_> => Cosigner, |k| bytes(0x62, &[k.0.as_str().as_bytes()]);
    CosignerHolderKey<'_> => CreditCode, |k| bytes(0x63, &[k.0.as_bytes()]);
}

const fn era_order(height: Height) -> u64 {
    u64::MAX.saturating_sub(height.get())
}

/// The range whose first key is the era that decides `height`.
pub fn era_of(height: Height) -> (Vec<u8>, Vec<u8>) {
    (EraKey(height).key(), bytes(0x06, &[]))
}

/// The range of all eras, the latest first.
pub fn all_eras() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x05, &[]), bytes(0x06, &[]))
}

/// The range of all proposed changes.
pub fn all_changes() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x50, &[]), bytes(0x51, &[]))
}

/// The range of all double signings.
pub fn all_double_signings() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x60, &[]), bytes(0x61, &[]))
}

/// The range of everything that is due at or before `time`.
pub fn due_until(time: BlockTime) -> (Vec<u8>, Vec<u8>) {
    (bytes(0x40, &[]), bytes(0x40, &[&time.as_millis().saturating_add(1).to_be_bytes()]))
}

/// The range of everything that will ever fall due.
pub fn all_due() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x40, &[]), bytes(0x41, &[]))
}

/// The instant in a due key.
pub fn due_time(key: &[u8]) -> Option<BlockTime> {
    let millis = key.get(1..9)?.try_into().ok().map(u64::from_be_bytes)?;
    BlockTime::from_millis(millis).ok()
}

/// The range of all listings.
pub fn all_listings() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x20, &[]), bytes(0x21, &[]))
}

/// The range of all organisations.
pub fn all_organisations() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x10, &[]), bytes(0x11, &[]))
}

/// The range of all letters of guarantee.
pub fn all_guarantees() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x30, &[]), bytes(0x31, &[]))
}

/// The range of a listing's bidders.
pub fn qualifications_of(code: &DealCode) -> (Vec<u8>, Vec<u8>) {
    // Credit codes are upper-case letters and digits, all of which sort before 0x7f.
    (bytes(0x21, &[code.as_str().as_bytes()]), bytes(0x21, &[code.as_str().as_bytes(), &[0x7f]]))
}

/// The range of a listing's quotes from number `from` on.
pub fn quotes_of(code: &DealCode, from: u32) -> (Vec<u8>, Vec<u8>) {
    let code = code.as_str().as_bytes();
    (bytes(0x22, &[code, &from.to_be_bytes()]), bytes(0x22, &[code, &[0xff; 5]]))
}

/// The range of all letters of a guarantor after the one numbered `after`.
pub fn letters_of(guarantor: &CreditCode, after: Option<&LetterNumber>) -> (Vec<u8>, Vec<u8>) {
    let own = guarantor.as_str().as_bytes();
    let from = match after {
        Some(number) => bytes(0x30, &[own, number.as_str().as_bytes(), &[0]]),
        None => bytes(0x30, &[own]),
    };
    (from, bytes(0x30, &[own, &[0x7f]]))
}

/// The range of all entries of the trust list.
pub fn all_authorities() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x12, &[]), bytes(0x13, &[]))
}

/// The range of the newest revocation lists of an authority's issuers.
pub fn revocation_lists_of(authority: &AuthorityId) -> (Vec<u8>, Vec<u8>) {
    after_prefix(bytes(0x15, &[authority.as_bytes()]))
}

/// The range of the certificates on an issuer's revocation list.
pub fn listed_revocations_of(authority: &AuthorityId, issuer: &IssuerId) -> (Vec<u8>, Vec<u8>) {
    after_prefix(bytes(0x16, &[authority.as_bytes(), issuer.as_bytes()]))
}

/// The serial number in a key of a listed revocation.
pub fn listed_serial(key: &[u8]) -> Option<SerialNumber> {
    SerialNumber::new(key.get(65..)?.to_vec()).ok()
}

/// The range of all enrolled certificates.
pub fn all_certificates() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x17, &[]), bytes(0x18, &[]))
}

/// The range of the listings in which keys of a certificate have signed, after the one given.
pub fn involvements_of(certificate: &CertificateId, after: Option<&DealCode>) -> (Vec<u8>, Vec<u8>) {
    let (first, before) = after_prefix(bytes(0x1b, &[certificate.as_bytes()]));
    match after {
        Some(code) => (bytes(0x1b, &[certificate.as_bytes(), code.as_str().as_bytes(), &[0]]), before),
        None => (first, before),
    }
}

/// The deal code in a key of an involvement.
pub fn involved_listing(key: &[u8]) -> Option<DealCode> {
    core::str::from_utf8(key.get(33..)?).ok()?.parse().ok()
}

/// The range of all shared keys.
pub fn all_shared_keys() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x61, &[]), bytes(0x62, &[]))
}

/// The range of all keys with which members sign checkpoints.
pub fn all_cosigners() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x62, &[]), bytes(0x63, &[]))
}

/// The range of all keys of organisations.
pub fn all_key_holders() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x11, &[]), bytes(0x12, &[]))
}

/// The range of all tenders.
pub fn all_tenders() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x72, &[]), bytes(0x73, &[]))
}

/// The range of all projects.
pub fn all_projects() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x70, &[]), bytes(0x71, &[]))
}

/// The range of the objections of a tender.
pub fn objections_of(tender: &TenderId) -> (Vec<u8>, Vec<u8>) {
    after_prefix(bytes(0x73, &[tender.as_bytes()]))
}

/// The range of all keys for admission stamps.
pub fn all_stamp_keys() -> (Vec<u8>, Vec<u8>) {
    (bytes(0x87, &[]), bytes(0x88, &[]))
}

/// The range of the live bids of a tender, ascending by name.
pub fn live_bids_of(tender: &TenderId) -> (Vec<u8>, Vec<u8>) {
    after_prefix(bytes(0x76, &[tender.as_bytes()]))
}

/// The range of the bids of a tender that count.
pub fn opened_bids_of(tender: &TenderId) -> (Vec<u8>, Vec<u8>) {
    after_prefix(bytes(0x7c, &[tender.as_bytes()]))
}

/// The range of the free experts of an industry.
pub fn experts_of(industry: Industry) -> (Vec<u8>, Vec<u8>) {
    after_prefix(bytes(0x90, &[&[industry as u8]]))
}

/// The range of everything that begins with a prefix of a fixed length: no continuation has 90 bytes.
fn after_prefix(prefix: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let mut before = prefix.clone();
    before.extend([0xff; 90]);
    (prefix, before)
}

/// The public key in a key of [`KeyHolderKey`].
pub fn held_key(key: &[u8]) -> Option<PublicKey> {
    key.get(1..33)?.try_into().ok().map(PublicKey::from_bytes)
}

/// The issuer in a key of [`RevocationListKey`].
pub fn listed_issuer(key: &[u8]) -> Option<IssuerId> {
    key.get(33..65)?.try_into().ok().map(IssuerId::from_bytes)
}
