//! Revocation of certificates: by their holder, and what every revocation does.

use minicbor::{Decode, Encode};

use super::enrolment::StatementSignature;
use super::staff::principal;
use super::{Context, Procedure, schedule};
use crate::codec::{self, Bytes};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::hash::sha256;
use crate::id::{CertificateId, ChainId};
use crate::record::Due;
use crate::record::certificate::{Certificate, Revocation, RevocationReason, RevocationSource};
use crate::state::StateError;
use crate::state::keys::CertificateKey;
use crate::time::BlockTime;

/// Revocation by the holder, from now on: a holder that could date it back could take back its quotes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevokeCertificate {
    /// The certificate.
    #[n(0)]
    pub certificate: CertificateId,
    /// Why; never a hold.
    #[n(1)]
    pub reason: RevocationReason,
    /// The certificate's own signature, where no principal key of its organisation signs the act.
    #[n(2)]
    pub proof: Option<HolderProof>,
}

/// A signature by a certificate's own key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HolderProof {
    /// The certificate's SubjectPublicKeyInfo (DER), whose hash the ledger knows.
    #[n(0)]
    pub public_key: Bytes<1_024>,
    /// Signature of [`revocation_bytes`].
    #[n(1)]
    pub signature: StatementSignature,
}

/// The bytes by which a certificate's key revokes the certificate: a CBOR array of the text `zhulian/revocation/1`,
/// the chain id and the certificate.
pub fn revocation_bytes(chain: &ChainId, certificate: &CertificateId) -> Vec<u8> {
    codec::encode(&("zhulian/revocation/1", chain.as_str(), certificate))
}

impl RevokeCertificate {
    fn is_by_holder(&self, certificate: &Certificate, context: &Context<'_, '_>) -> bool {
        let Some(HolderProof { public_key, signature }) = &self.proof else {
            let organisation = context.signer.code == certificate.organisation;
            return organisation && principal(context).is_some();
        };
        let message = revocation_bytes(context.chain, &self.certificate);
        sha256(public_key.as_slice()) == *certificate.key.as_bytes()
            && pki::verify_statement(public_key.as_slice(), &message, signature.as_slice()).is_ok()
    }
}

impl Procedure for RevokeCertificate {
    type Checked = (Certificate, Revocation);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let certificate = known(&self.certificate, context)?;
        if self.reason == RevocationReason::CertificateHold || !self.is_by_holder(&certificate, context) {
            return Err(Rejection::NotTheHolder.into());
        }
        let revocation = Revocation {
            date: context.time,
            reason: self.reason,
            source: RevocationSource::Holder,
            as_of: context.time,
            recorded_at: context.time,
        };
        if !adds(&certificate, &revocation, context.time) {
            return Err(Rejection::CertificateRevokedAlready.into());
        }
        Ok((certificate, revocation))
    }

    fn apply(
        &self,
        (certificate, revocation): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        revoke(certificate, revocation, context);
        Ok(())
    }
}

/// A certificate that somebody has enrolled with.
pub(super) fn known(id: &CertificateId, context: &Context<'_, '_>) -> Result<Certificate, Failure> {
    Ok(context.state.read(&CertificateKey(id))?.ok_or(Rejection::CertificateUnknown)?)
}

/// Whether a revocation says more than what is known: for good, if from an earlier instant on; a hold, if it is another
/// one and not of an older statement, and nothing for good counts yet.
pub(super) fn adds(certificate: &Certificate, new: &Revocation, now: BlockTime) -> bool {
    if !new.is_hold() {
        return certificate.revocation.is_none_or(|old| new.date < old.date);
    }
    let other = |old: Revocation| old.as_of <= new.as_of && (old.source, old.date) != (new.source, new.date);
    !certificate.is_over(now) && certificate.hold.is_none_or(other)
}

/// Revokes a certificate or puts it on hold: its keys may do nothing from the date on. If that lies back, what they have
/// signed since is struck or questioned before the next block's acts. A hold reaches nothing back, for it may be lifted.
pub(super) fn revoke(mut certificate: Certificate, revocation: Revocation, context: &mut Context<'_, '_>) {
    if revocation.is_hold() {
        certificate.hold = Some(revocation);
    } else {
        certificate.revocation = Some(revocation);
    }
    if certificate.is_over(context.time) {
        certificate.hold = None;
    }
    context.state.write(&CertificateKey(&certificate.id), &certificate);
    if !revocation.is_hold() && revocation.date < context.time {
        schedule(context.state, context.time, Due::RevocationReachesListing(certificate.id, None));
        schedule(context.state, context.time, Due::RevocationReachesLetters(certificate.id, None));
    }
    context.events.push(Event::CertificateRevoked {
        certificate: certificate.id,
        organisation: certificate.organisation,
        date: revocation.date,
        reason: revocation.reason,
    });
}

/// Lifts the hold of a certificate.
pub(super) fn release(mut certificate: Certificate, context: &mut Context<'_, '_>) {
    certificate.hold = None;
    context.state.write(&CertificateKey(&certificate.id), &certificate);
    if !certificate.is_over(context.time) {
        let Certificate { id: certificate, organisation, .. } = certificate;
        context.events.push(Event::CertificateReleased { certificate, organisation });
    }
}
