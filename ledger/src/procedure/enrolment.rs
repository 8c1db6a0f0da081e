//! The holder of a certificate delegates ledger keys, and its organisation trades in every region.

use minicbor::{Decode, Encode};

use super::change::members;
use super::revocation::{adds, revoke};
use super::revocation_list::stated;
use super::x509::{certificate_id, end_of, instant, seconds, serial, slices, with_authority};
use super::{Context, Procedure};
use crate::codec::{self, Bytes, Title, ascending};
use crate::crypto::{self, PublicKey, Signature};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::hash::sha256;
use crate::id::{
    AuthorityId, CertificateId, CertificateKeyId, ChainId, CreditCode, DelegationId, IssuerId, RegionCode,
};
use crate::record::authority::{Age, AuthorityStatus, CertificateDer, CertificationAuthority};
use crate::record::certificate::{AnyKey, Certificate, CertificateKeyHolder, PathStep};
use crate::record::mandate::{Mandate, Scope};
use crate::record::organisation::{FormerName, KeyHolder, MAX_FORMER_NAMES, Organisation, Role};
use crate::state::keys::{
    AuthorityKey, CertificateKey, CertificateKeyHolderKey, DelegationKey, KeyHolderKey, ListedRevocationKey,
    OrganisationKey, RevocationListKey, SerialKey,
};
use crate::state::{Overlay, StateError};
use crate::time::BlockTime;

/// Most keys of one delegation or appointment.
pub const MAX_DELEGATED_KEYS: usize = 8;
/// Most certificates of a chain.
pub const MAX_CHAIN: usize = 5;
/// Most bytes of all certificates of a chain together, so that an enrolment fits into a report about it.
pub const MAX_CHAIN_BYTES: usize = 24_576;

/// A signature by a certificate's key, in the form of its algorithm.
pub type StatementSignature = Bytes<1_024>;
/// An OCSP response (DER).
pub type OcspResponse = Bytes<16_384>;

/// A ledger key, and its own signature of [`delegated_key_bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DelegatedKey {
    /// The key.
    #[n(0)]
    pub key: PublicKey,
    /// What proves that somebody holds it who wants to speak for the organisation.
    #[n(1)]
    pub proof: Signature,
}

/// What the certificate's private key signs: which keys may act for the organisation, in what and how far.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Delegation {
    /// The unified social credit code; that of the certificate.
    #[n(0)]
    pub organisation: CreditCode,
    /// Where it is registered; counts when the ledger does not know the organisation yet.
    #[n(1)]
    pub region: RegionCode,
    /// The keys, ascending, 1 to [`MAX_DELEGATED_KEYS`]. One that the organisation has already moves over to this
    /// certificate: so a renewal orphans nothing.
    #[n(2)]
    pub keys: Vec<DelegatedKey>,
    /// Roles, ascending, at least one.
    #[n(3)]
    pub roles: Vec<Role>,
    /// Where and up to what amount.
    #[n(4)]
    pub scope: Scope,
    /// From this instant on the keys may do nothing.
    #[n(5)]
    pub expires: BlockTime,
    /// Sixteen bytes of the holder's choice that tell two equal delegations apart.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub salt: [u8; 16],
}

/// Enrolment. Signed by one of the keys that it delegates; that key may be unknown to the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrol {
    /// The entry of the trust list under which the certificate was issued.
    #[n(0)]
    pub authority: AuthorityId,
    /// The holder's certificate and the intermediates that the trust list does not have, each issued by the next.
    #[n(1)]
    pub chain: Vec<CertificateDer>,
    /// What is delegated.
    #[n(2)]
    pub delegation: Delegation,
    /// Signature of [`enrolment_bytes`] by the certificate's key.
    #[n(3)]
    pub signature: StatementSignature,
    /// What the authority answers about the certificate, stapled.
    #[n(4)]
    pub ocsp: Option<OcspResponse>,
}

/// The bytes by which a ledger key proves that somebody holds it: a CBOR array of the text
/// `zhulian/delegated-key/1`, the chain id, the organisation and the key.
pub fn delegated_key_bytes(chain: &ChainId, organisation: &CreditCode, key: &PublicKey) -> Vec<u8> {
    codec::encode(&("zhulian/delegated-key/1", chain.as_str(), organisation.as_str(), key))
}

/// The bytes that a certificate's key signs: a CBOR array of the text `zhulian/enrolment/1`, the chain id and the
/// delegation.
pub fn enrolment_bytes(chain: &ChainId, delegation: &Delegation) -> Vec<u8> {
    codec::encode(&("zhulian/enrolment/1", chain.as_str(), delegation))
}

/// What is known of an enrolment whose every statement holds.
pub struct Judged {
    /// Whose it is, as far as the ledger knows the organisation.
    known: Option<Organisation>,
    name: Title,
    pub(super) certificate: Certificate,
    delegation: DelegationId,
    /// A key in it that another organisation holds, and which one.
    pub(super) shared: Option<(AnyKey, CreditCode)>,
}

impl Enrol {
    /// Whether the delegation names the key.
    pub fn names(&self, key: &PublicKey) -> bool {
        self.delegation.keys.iter().any(|delegated| delegated.key == *key)
    }

    /// Judges everything but whether a key is shared, in the order of [`Rejection`]: the cheap questions come first.
    pub(super) fn judge(&self, context: &Context<'_, '_>) -> Result<Judged, Failure> {
        let (delegation, organisation) = (&self.delegation, &self.delegation.organisation);
        let known = context.organisation(organisation)?;
        self.check_keys_free(context)?;
        let bytes = self.chain.iter().fold(0usize, |sum, one| sum.saturating_add(one.as_slice().len()));
        if !(1..=MAX_CHAIN).contains(&self.chain.len()) || bytes > MAX_CHAIN_BYTES {
            return Err(Rejection::ChainInvalid.into());
        }
        check_delegated(&delegation.keys)?;
        if !delegation.mandate().is_well_formed(context.time) {
            return Err(Rejection::InvalidMandate.into());
        }
        check_proofs(&delegation.keys, organisation, context.chain)?;
        let authority = trusted(context.state, &self.authority)?;
        let statement = enrolment_bytes(context.chain, delegation);
        let id = DelegationId::from_bytes(sha256(&statement));
        if context.state.read(&DelegationKey(&id))?.is_some() {
            return Err(Rejection::EnrolmentReplayed.into());
        }
        if !delegation.roles.iter().all(|role| may_have(known.as_ref(), *role)) {
            return Err(Rejection::RoleNotAdmitted.into());
        }
        let chain = slices(&self.chain);
        let at = seconds(context.time);
        let subscriber = with_authority(&authority.terms, |entry| pki::judge_chain(entry, &chain, at))
            .map_err(Rejection::from)?;
        let (name, answer) = self.judge_statements(&subscriber, &statement, &authority, context)?;
        let certificate = self.certificate(&subscriber, answer.as_ref(), context)?;
        self.check_status(&certificate, answer.as_ref(), &authority, context)?;
        let shared = self.shared(&certificate, context)?;
        Ok(Judged { known, name, certificate, delegation: id, shared })
    }

    /// Judges what the certificate says of its holder, what its key has signed, and what its authority answers. They do
    /// not depend on one another, so that the first in the order of [`Rejection`] is looked for among them.
    fn judge_statements(
        &self,
        subscriber: &pki::Subscriber,
        statement: &[u8],
        authority: &CertificationAuthority,
        context: &Context<'_, '_>,
    ) -> Result<(Title, Option<pki::OcspAnswer>), Rejection> {
        let code = subscriber.credit_code.parse::<CreditCode>().map_err(|_| Rejection::CreditCodeInvalid);
        let name = subscriber.name().ok().and_then(|name| name.parse::<Title>().ok());
        let name = name.ok_or(Rejection::NameMissing);
        let same = subscriber.credit_code == self.delegation.organisation.as_str();
        let same = if same { Ok(()) } else { Err(Rejection::CreditCodeDiffers) };
        let signed = pki::verify_statement(&subscriber.spki, statement, self.signature.as_slice())
            .map_err(|_| Rejection::EnrolmentNotSigned);
        let answer = self.answer(authority, context);
        let broken = [code.err(), name.clone().err(), same.err(), signed.err(), answer.clone().err()];
        match broken.into_iter().flatten().min() {
            Some(first) => Err(first),
            None => Ok((name?, answer?)),
        }
    }

    /// What the authority answers about the certificate, if that is stapled.
    fn answer(
        &self,
        authority: &CertificationAuthority,
        context: &Context<'_, '_>,
    ) -> Result<Option<pki::OcspAnswer>, Rejection> {
        let Some(response) = &self.ocsp else { return Ok(None) };
        let (chain, at) = (slices(&self.chain), seconds(context.time));
        let answer = with_authority(&authority.terms, |entry| {
            pki::judge_ocsp(entry, &chain, response.as_slice(), at)
        })?;
        if answer.status == pki::OcspStatus::Unknown {
            Err(Rejection::OcspNoAnswer)
        } else {
            Ok(Some(answer))
        }
    }

    /// Whether no key votes for a member or was taken out of use: no key of all that are named, so that a list which is
    /// too long is refused for this first. A transaction has room for some six hundred. One of another organisation is a
    /// matter of its own, and comes last.
    fn check_keys_free(&self, context: &Context<'_, '_>) -> Result<(), Failure> {
        let members = members(context.state)?;
        for DelegatedKey { key, .. } in &self.delegation.keys {
            let own = context.state.read(&KeyHolderKey(key))?;
            let own = own.filter(|holder| holder.organisation == self.delegation.organisation);
            let taken = own.is_some_and(|holder| holder.revoked.is_some() || !holder.is_principal());
            if taken || members.get(key).is_some() {
                return Err(Rejection::KeyInUse.into());
            }
        }
        Ok(())
    }

    /// The record of the certificate, with what the ledger knows of it already and what the answer adds.
    fn certificate(
        &self,
        subscriber: &pki::Subscriber,
        answer: Option<&pki::OcspAnswer>,
        context: &Context<'_, '_>,
    ) -> Result<Certificate, Failure> {
        let id = CertificateId::from_bytes(subscriber.fingerprint);
        let known = context.state.read(&CertificateKey(&id))?;
        let step = |issuer: &pki::Issuer| {
            Ok(PathStep {
                issuer: IssuerId::from_bytes(issuer.issuer_key_fingerprint),
                serial: serial(&issuer.serial)?,
            })
        };
        // An intermediate that has ended may be left out of lists, revoked or not, so nothing under it outlives it.
        let ends = subscriber.path.iter().map(|issuer| issuer.not_after);
        let not_after = ends.fold(subscriber.not_after, u64::min);
        let checked_at = known.as_ref().and_then(|known| known.checked_at);
        Ok(Certificate {
            id,
            authority: self.authority,
            issuer: IssuerId::from_bytes(subscriber.issuer_key_fingerprint),
            serial: serial(&subscriber.serial)?,
            organisation: self.delegation.organisation.clone(),
            algorithm: subscriber.algorithm.into(),
            key: CertificateKeyId::from_bytes(subscriber.key_fingerprint),
            not_before: instant(subscriber.not_before),
            not_after: end_of(not_after),
            enrolled_at: known.as_ref().map_or(context.time, |known| known.enrolled_at),
            revocation: known.as_ref().and_then(|known| known.revocation),
            checked_at: checked_at.max(answer.map(|answer| instant(answer.this_update))),
            path: subscriber.path.iter().map(step).collect::<Result<_, Rejection>>()?,
            hold: known.and_then(|known| known.hold),
        })
    }

    /// Whether nothing says that the certificate is revoked, and what says so is fresh.
    fn check_status(
        &self,
        certificate: &Certificate,
        answer: Option<&pki::OcspAnswer>,
        authority: &CertificationAuthority,
        context: &Context<'_, '_>,
    ) -> Result<(), Failure> {
        let own = PathStep { issuer: certificate.issuer, serial: certificate.serial.clone() };
        if answer.is_some_and(|answer| answer.status != pki::OcspStatus::Good)
            || certificate.is_revoked(context.time)
            || is_listed(context.state, &certificate.authority, &own, context.time)?
            || path_is_revoked(context.state, certificate, context.time)?
        {
            return Err(Rejection::CertificateRevoked.into());
        }
        let age = age_of_data(context.state, certificate, context.time)?;
        if authority.terms.freshness.judge(age) != Age::Fresh {
            return Err(Rejection::EnrolmentNeedsFreshData.into());
        }
        let numbered = SerialKey(&certificate.authority, &certificate.issuer, &certificate.serial);
        if context.state.read(&numbered)?.is_some_and(|other| other != certificate.id) {
            return Err(Rejection::SerialTaken.into());
        }
        Ok(())
    }

    fn shared(
        &self,
        certificate: &Certificate,
        context: &Context<'_, '_>,
    ) -> Result<Option<(AnyKey, CreditCode)>, StateError> {
        let other = |holder: &CreditCode| *holder != self.delegation.organisation;
        if let Some(holder) = context.state.read(&CertificateKeyHolderKey(&certificate.key))?
            && other(&holder.organisation)
        {
            return Ok(Some((AnyKey::Certificate(certificate.key), holder.organisation)));
        }
        for DelegatedKey { key, .. } in &self.delegation.keys {
            if let Some(holder) = context.state.read(&KeyHolderKey(key))?
                && other(&holder.organisation)
            {
                return Ok(Some((AnyKey::Ledger(*key), holder.organisation)));
            }
        }
        Ok(None)
    }
}

impl Delegation {
    /// The mandate of its keys.
    pub fn mandate(&self) -> Mandate {
        Mandate {
            roles: self.roles.clone(),
            scope: self.scope.clone(),
            expires: self.expires,
            read_only: false,
            second_approval_above: None,
        }
    }
}

impl Procedure for Enrol {
    type Checked = Judged;

    fn check(&self, context: &Context<'_, '_>) -> Result<Judged, Failure> {
        let judged = self.judge(context)?;
        if judged.shared.is_some() { Err(Rejection::KeyShared.into()) } else { Ok(judged) }
    }

    fn apply(&self, judged: Judged, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let Judged { known, name, certificate, delegation, .. } = judged;
        let first = known.is_none();
        let organisation = known.unwrap_or_else(|| Organisation {
            code: self.delegation.organisation.clone(),
            name: name.clone(),
            region: self.delegation.region.clone(),
            roles: Vec::new(),
            admitted_by: self.delegation.organisation.clone(),
            admitted_at: context.time,
            named_from: Some(certificate.not_before),
            former_names: Vec::new(),
        });
        let (code, id, authority) = (organisation.code.clone(), certificate.id, certificate.authority);
        context.events.push(Event::OrganisationEnrolled {
            organisation: code.clone(),
            certificate: id,
            authority,
            first,
        });
        let organisation = self.renamed(organisation, name, certificate.not_before, context);
        context.state.write(&OrganisationKey(&code), &organisation);
        let numbered = SerialKey(&certificate.authority, &certificate.issuer, &certificate.serial);
        context.state.write(&numbered, &id);
        let key_holder = CertificateKeyHolder { organisation: code.clone(), certificate: id };
        context.state.write(&CertificateKeyHolderKey(&certificate.key), &key_holder);
        context.state.write(&DelegationKey(&delegation), &id);
        context.state.write(&CertificateKey(&id), &certificate);
        learn_from_list(certificate, context)?;
        let holder = KeyHolder {
            mandate: Some(self.delegation.mandate()),
            certificate: Some(id),
            ..KeyHolder::registered(code)
        };
        for DelegatedKey { key, .. } in &self.delegation.keys {
            context.state.write(&KeyHolderKey(key), &holder);
        }
        Ok(())
    }
}

impl Enrol {
    /// The organisation with the roles that come with a certificate, under the name of the newest one.
    fn renamed(
        &self,
        mut organisation: Organisation,
        name: Title,
        valid_from: BlockTime,
        context: &mut Context<'_, '_>,
    ) -> Organisation {
        organisation.roles.extend(self.delegation.roles.iter().copied());
        organisation.roles.sort_unstable();
        organisation.roles.dedup();
        if organisation.named_from.is_some_and(|named| named >= valid_from) {
            return organisation;
        }
        organisation.named_from = Some(valid_from);
        if organisation.name == name {
            return organisation;
        }
        let former = core::mem::replace(&mut organisation.name, name.clone());
        organisation.former_names.push(FormerName { name: former.clone(), until: context.time });
        let surplus = organisation.former_names.len().saturating_sub(MAX_FORMER_NAMES);
        organisation.former_names.drain(..surplus);
        let code = organisation.code.clone();
        context.events.push(Event::OrganisationRenamed { organisation: code, name, former });
        organisation
    }
}

/// Whether an organisation may act in a role by its certificate alone, or has it. Who oversees trades does not come to
/// take part in them by itself.
fn may_have(known: Option<&Organisation>, role: Role) -> bool {
    let trades = matches!(role, Role::Bidder | Role::Seller);
    let Some(organisation) = known else { return trades };
    let oversees = [Role::Centre, Role::Supervisor, Role::Timekeeper].iter().any(|o| organisation.has(*o));
    organisation.has(role) || (trades && !oversees)
}

/// Whether keys can be delegated: their number, order and strength.
pub(super) fn check_delegated(keys: &[DelegatedKey]) -> Result<(), Rejection> {
    let keys: Vec<PublicKey> = keys.iter().map(|delegated| delegated.key).collect();
    let counted = (1..=MAX_DELEGATED_KEYS).contains(&keys.len()) && ascending(&keys);
    if counted && keys.iter().all(PublicKey::is_strong) { Ok(()) } else { Err(Rejection::InvalidMandate) }
}

/// Whether each key wants to speak for the organisation.
pub(super) fn check_proofs(
    keys: &[DelegatedKey],
    organisation: &CreditCode,
    chain: &ChainId,
) -> Result<(), Rejection> {
    let proven = |DelegatedKey { key, proof }: &DelegatedKey| {
        crypto::verify(key, &delegated_key_bytes(chain, organisation, key), proof).is_ok()
    };
    if keys.iter().all(proven) { Ok(()) } else { Err(Rejection::KeyNotProven) }
}

/// An entry of the trust list whose certificates count now.
fn trusted(state: &Overlay<'_>, authority: &AuthorityId) -> Result<CertificationAuthority, Failure> {
    let found = state.read(&AuthorityKey(authority))?.ok_or(Rejection::AuthorityUnknown)?;
    match found.status {
        AuthorityStatus::Trusted => Ok(found),
        AuthorityStatus::Suspended => Err(Rejection::AuthoritySuspended.into()),
        AuthorityStatus::Removed => Err(Rejection::AuthorityRemoved.into()),
    }
}

/// Whether the newest list of the issuer has a certificate as revoked at `time`.
fn is_listed(
    state: &Overlay<'_>,
    authority: &AuthorityId,
    step: &PathStep,
    time: BlockTime,
) -> Result<bool, StateError> {
    let listed = state.read(&ListedRevocationKey(authority, &step.issuer, &step.serial))?;
    Ok(listed.is_some_and(|listed| listed.date <= time))
}

/// Lets a certificate be revoked or held from the day on that the newest list of its issuer names for it, if that lies
/// ahead: whoever enrols before that day is no better off than who had enrolled before the list.
fn learn_from_list(certificate: Certificate, context: &mut Context<'_, '_>) -> Result<(), StateError> {
    let Certificate { authority, issuer, serial, .. } = &certificate;
    let list = context.state.read(&RevocationListKey(authority, issuer))?;
    let listed = context.state.read(&ListedRevocationKey(authority, issuer, serial))?;
    if let (Some(list), Some(listed)) = (list, listed) {
        let revocation = stated(&listed, &list, context.time);
        if adds(&certificate, &revocation, context.time) {
            revoke(certificate, revocation, context);
        }
    }
    Ok(())
}

/// Whether one of the authorities between the certificate and its root is revoked.
pub fn path_is_revoked(
    state: &Overlay<'_>,
    certificate: &Certificate,
    time: BlockTime,
) -> Result<bool, StateError> {
    for step in &certificate.path {
        if is_listed(state, &certificate.authority, step, time)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How old the newest statement of the authority is that would say if the certificate were revoked; `None` if the
/// ledger has none.
pub fn age_of_data(
    state: &Overlay<'_>,
    certificate: &Certificate,
    time: BlockTime,
) -> Result<Option<crate::time::Span>, StateError> {
    let list = state.read(&RevocationListKey(&certificate.authority, &certificate.issuer))?;
    let newest = list.map(|list| list.this_update).max(certificate.checked_at);
    Ok(newest.map(|newest| time.since(newest)))
}

/// The name of the certificate that an enrolment shows, before anything is judged.
pub fn shown_certificate(enrolment: &Enrol) -> Option<CertificateId> {
    enrolment.chain.first().map(certificate_id)
}
