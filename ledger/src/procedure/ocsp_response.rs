//! A centre records what a certification authority answers about one certificate.

use minicbor::{Decode, Encode};

use super::enrolment::{MAX_CHAIN, OcspResponse};
use super::revocation::{adds, known, release, revoke};
use super::revocation_list::stated;
use super::x509::{certificate_id, instant, revoked_from, seconds, slices, with_authority};
use super::{Context, Procedure};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::record::authority::{CertificateDer, RevocationList};
use crate::record::certificate::{Certificate, ListedRevocation, Revocation, RevocationSource};
use crate::state::StateError;
use crate::state::keys::{AuthorityKey, CertificateKey, ListedRevocationKey, RevocationListKey};
use crate::time::BlockTime;

/// An OCSP response (RFC 6960), as its authority signed it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RecordOcspResponse {
    /// The certificate that it is about, and its issuer unless the trust list has it.
    #[n(0)]
    pub chain: Vec<CertificateDer>,
    /// The response (DER).
    #[n(1)]
    pub response: OcspResponse,
}

impl Procedure for RecordOcspResponse {
    type Checked = (Certificate, Option<Revocation>);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let shown = self.chain.first().filter(|_| self.chain.len() <= MAX_CHAIN);
        let id = shown.map(certificate_id).ok_or(Rejection::ChainInvalid)?;
        let mut certificate = known(&id, context)?;
        let authority = context.state.read(&AuthorityKey(&certificate.authority))?;
        let terms = authority.ok_or(Rejection::AuthorityUnknown)?.terms;
        let (chain, at) = (slices(&self.chain), seconds(context.time));
        let response = self.response.as_slice();
        let answer = with_authority(&terms, |entry| pki::judge_ocsp(entry, &chain, response, at))
            .map_err(Rejection::from)?;
        let as_of = instant(answer.this_update);
        let revocation = match &answer.status {
            pki::OcspStatus::Unknown => return Err(Rejection::OcspNoAnswer.into()),
            pki::OcspStatus::Good => None,
            pki::OcspStatus::Revoked(revocation) => Some(Revocation {
                date: revoked_from(revocation),
                reason: revocation.reason.into(),
                source: RevocationSource::Ocsp,
                as_of,
                recorded_at: context.time,
            }),
        };
        if revocation.is_some_and(|revocation| !adds(&certificate, &revocation, context.time)) {
            return Err(Rejection::CertificateRevokedAlready.into());
        }
        let holds = revocation.is_some_and(|revocation| revocation.is_hold());
        if certificate.checked_at.is_some_and(|checked| checked >= as_of)
            || (holds && is_superseded(&certificate, as_of, context)?)
        {
            return Err(Rejection::OcspNotNewer.into());
        }
        certificate.checked_at = Some(as_of);
        Ok((certificate, revocation))
    }

    fn apply(
        &self,
        (certificate, revocation): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        if let Some(revocation) = revocation {
            revoke(certificate, revocation, context);
            return Ok(());
        }
        let as_of = certificate.checked_at.unwrap_or(context.time);
        context.events.push(Event::CertificateChecked { certificate: certificate.id, this_update: as_of });
        let Some(hold) = certificate.hold else {
            context.state.write(&CertificateKey(&certificate.id), &certificate);
            return Ok(());
        };
        match listed(&certificate, context)? {
            // The hold of the list in force stands against any answer, and takes the place of an answer's.
            (Some(list), Some(entry)) => {
                let stands = stated(&entry, &list, context.time);
                if stands.is_hold() && hold.source != RevocationSource::List {
                    revoke(certificate, stands, context);
                } else {
                    context.state.write(&CertificateKey(&certificate.id), &certificate);
                }
            }
            _ if hold.as_of < as_of => release(certificate, context),
            _ => context.state.write(&CertificateKey(&certificate.id), &certificate),
        }
        Ok(())
    }
}

/// The newest list of a certificate's issuer, and its entry for the certificate.
fn listed(
    certificate: &Certificate,
    context: &Context<'_, '_>,
) -> Result<(Option<RevocationList>, Option<ListedRevocation>), StateError> {
    let Certificate { authority, issuer, serial, .. } = certificate;
    let list = context.state.read(&RevocationListKey(authority, issuer))?;
    Ok((list, context.state.read(&ListedRevocationKey(authority, issuer, serial))?))
}

/// Whether the newest list is of a later instant than an answer, and does not have the certificate.
fn is_superseded(
    certificate: &Certificate,
    as_of: BlockTime,
    context: &Context<'_, '_>,
) -> Result<bool, StateError> {
    let (list, entry) = listed(certificate, context)?;
    Ok(entry.is_none() && list.is_some_and(|list| list.this_update > as_of))
}
