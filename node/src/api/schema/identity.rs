//! Certificates, mandates and the trust list as clients write and read them.

use ledger::codec::Bytes;
use ledger::procedure as act;
use ledger::record::authority as a;
use ledger::record::certificate as c;
use ledger::record::mandate as m;
use ledger::rule as r;
use ledger::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names::mirror;
use super::{Amount, InvalidField, Role, TradeKind, parse, parse_amount, parse_list, parse_time};

mirror! {
    /// Why a certificate was revoked (RFC 5280, section 5.3.1).
    RevocationReason of c::RevocationReason {
        /// Not said.
        Unspecified,
        /// The private key is in other hands, or may be.
        KeyCompromise,
        /// The authority's key is in other hands, or may be.
        CaCompromise,
        /// Name or other particulars of the holder have changed.
        AffiliationChanged,
        /// Another certificate has taken its place.
        Superseded,
        /// It is no longer needed.
        CessationOfOperation,
        /// On hold.
        CertificateHold,
        /// A right that it certifies was withdrawn.
        PrivilegeWithdrawn,
        /// The key of an attribute authority is in other hands, or may be.
        AaCompromise,
    }
}

mirror! {
    /// Algorithm of a certificate's key.
    KeyAlgorithm of a::KeyAlgorithm {
        /// Ed25519.
        Ed25519,
        /// ECDSA on P-256.
        #[serde(rename = "ecdsa_p256")]
        EcdsaP256,
        /// ECDSA on P-384.
        #[serde(rename = "ecdsa_p384")]
        EcdsaP384,
        /// RSA of 2,048 to 4,096 bits.
        Rsa,
        /// SM2 with SM3.
        Sm2,
    }
}

mirror! {
    /// What happens to acts once revocation data is too old.
    WhenStale of a::WhenStale {
        /// They are refused.
        Refuse,
        /// They are recorded with an event that says so.
        Flag,
    }
}

/// Where and up to what amount a mandate holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Regions (GB/T 2260); a province or city covers what lies in it. None means all.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Kinds of trade. None means all.
    #[serde(default)]
    pub trades: Vec<TradeKind>,
    /// The largest amount of an act; null means any.
    #[serde(default)]
    pub ceiling: Option<Amount>,
}

/// What a key may do for its organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// Roles; none only if it may read only.
    pub roles: Vec<Role>,
    /// Where and up to what amount.
    #[serde(default)]
    pub scope: Scope,
    /// When it ends (RFC 3339).
    pub expires: String,
    /// Whether the key may read only.
    #[serde(default)]
    pub read_only: bool,
    /// Above this amount a second key must approve; null means never.
    #[serde(default)]
    pub second_approval_above: Option<Amount>,
}

/// A ledger key and its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegatedKey {
    /// The key, in hexadecimal.
    pub key: String,
    /// Its own signature that it is to speak for the organisation, in hexadecimal.
    pub proof: String,
}

/// What a certificate's key delegates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Unified social credit code; that of the certificate.
    pub organisation: String,
    /// Region of registration (GB/T 2260).
    pub region: String,
    /// The keys, ascending, 1 to 8. What is signed has an order, so it must be the ledger's.
    pub keys: Vec<DelegatedKey>,
    /// Roles, in the ledger's order.
    pub roles: Vec<Role>,
    /// Where and up to what amount.
    #[serde(default)]
    pub scope: Scope,
    /// When the keys end (RFC 3339).
    pub expires: String,
    /// Sixteen bytes of the holder's choice, in hexadecimal.
    pub salt: String,
}

/// Enrolment with a certificate. Certificates and answers are DER in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The entry of the trust list, in hexadecimal.
    pub authority: String,
    /// The holder's certificate first, then the intermediates.
    pub chain: Vec<String>,
    /// What is delegated.
    pub delegation: Delegation,
    /// Signature by the certificate's key, in hexadecimal.
    pub signature: String,
    /// The authority's answer about the certificate (OCSP), if there is one.
    #[serde(default)]
    pub ocsp: Option<String>,
}

/// Admission of an organisation in a further role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmitRole {
    /// Credit code of the organisation.
    pub organisation: String,
    /// The role; never centre or timekeeper.
    pub role: Role,
}

/// Appointment of a member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppointStaff {
    /// The keys, 1 to 8. Any order: they are signed in the ledger's.
    pub keys: Vec<DelegatedKey>,
    /// The person, by a salted SHA-256, in hexadecimal.
    pub person: String,
    /// What the person may do.
    pub mandate: Mandate,
}

/// The end of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeMandate {
    /// The key, in hexadecimal.
    pub key: String,
}

/// A signature by a certificate's own key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderProof {
    /// The certificate's SubjectPublicKeyInfo (DER), in hexadecimal.
    pub public_key: String,
    /// The signature, in hexadecimal.
    pub signature: String,
}

/// Revocation of a certificate by its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeCertificate {
    /// SHA-256 of the certificate, in hexadecimal.
    pub certificate: String,
    /// Why.
    pub reason: RevocationReason,
    /// Needed unless a principal key of the organisation signs the act.
    #[serde(default)]
    pub proof: Option<HolderProof>,
}

/// A revocation list (CRL).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRevocationList {
    /// The entry of the trust list, in hexadecimal.
    pub authority: String,
    /// The list (DER), in hexadecimal.
    pub list: String,
    /// Intermediates (DER) that the trust list does not have, in hexadecimal.
    #[serde(default)]
    pub intermediates: Vec<String>,
}

/// A status answer (OCSP).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordOcspResponse {
    /// The certificate first, then its issuer unless the trust list has it (DER), in hexadecimal.
    pub chain: Vec<String>,
    /// The answer (DER), in hexadecimal.
    pub response: String,
}

/// A report that two organisations share a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportSharedKey {
    /// The enrolment that was refused for it.
    pub enrolment: Enrol,
}

/// Where an authority writes the credit code; `kind` says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CodeSource {
    /// In an attribute of the subject.
    SubjectAttribute {
        /// Its object identifier.
        #[schema(example = "2.5.4.97")]
        oid: String,
    },
    /// In an extension.
    Extension {
        /// Its object identifier.
        oid: String,
    },
}

/// How old revocation data may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// Up to this age everything goes its way, in milliseconds.
    pub max_age_ms: u64,
    /// For so long after that acts are recorded, but nobody enrols, in milliseconds.
    pub grace_ms: u64,
    /// What happens then.
    pub when_stale: WhenStale,
}

/// What the members agree on about a certification authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorityTerms {
    /// Its name, 1 to 120 characters.
    pub name: String,
    /// Its root certificate (DER), in hexadecimal.
    pub root: String,
    /// Intermediate certificates (DER), in hexadecimal, at most 8.
    #[serde(default)]
    pub intermediates: Vec<String>,
    /// Algorithms that its subscribers' keys may have. Any order.
    pub algorithms: Vec<KeyAlgorithm>,
    /// Where it writes the credit code.
    pub code_source: CodeSource,
    /// The certificate policy that is demanded, as an object identifier; null for none.
    #[serde(default)]
    pub policy: Option<String>,
    /// Where revocation data can be fetched, at most 8 addresses.
    #[serde(default)]
    pub sources: Vec<String>,
    /// How old its revocation data may be; two days and five days of grace if absent, then refused.
    #[serde(default)]
    pub freshness: Option<Freshness>,
}

pub(super) fn bytes<const MAX: usize>(field: &str, text: &str) -> Result<Bytes<MAX>, InvalidField> {
    let bytes = hex::decode(text).map_err(|_| InvalidField::new(field, "expected hexadecimal digits"))?;
    Bytes::new(bytes).map_err(|e| InvalidField::new(field, e))
}

fn bytes_list<const MAX: usize>(field: &str, texts: &[String]) -> Result<Vec<Bytes<MAX>>, InvalidField> {
    texts.iter().enumerate().map(|(index, text)| bytes(&format!("{field}[{index}]"), text)).collect()
}

pub(super) fn show<const MAX: usize>(bytes: &Bytes<MAX>) -> String {
    hex::encode(bytes.as_slice())
}

fn show_list<const MAX: usize>(list: &[Bytes<MAX>]) -> Vec<String> {
    list.iter().map(show).collect()
}

pub(super) fn fixed<const N: usize>(field: &str, text: &str) -> Result<[u8; N], InvalidField> {
    let mut out = [0; N];
    let wrong = |_| InvalidField::new(field, format!("expected {} hexadecimal digits", 2 * N));
    hex::decode_to_slice(text, &mut out).map_err(wrong)?;
    Ok(out)
}

fn keys(list: &[DelegatedKey]) -> Result<Vec<act::enrolment::DelegatedKey>, InvalidField> {
    let key = |(index, one): (usize, &DelegatedKey)| {
        Ok(act::enrolment::DelegatedKey {
            key: parse(&format!("keys[{index}].key"), &one.key)?,
            proof: ledger::crypto::Signature::from_bytes(fixed(&format!("keys[{index}].proof"), &one.proof)?),
        })
    };
    list.iter().enumerate().map(key).collect()
}

/// Keys with their proofs as clients write them.
pub(crate) fn show_keys(list: Vec<act::enrolment::DelegatedKey>) -> Vec<DelegatedKey> {
    let show = |one: act::enrolment::DelegatedKey| DelegatedKey {
        key: one.key.to_string(),
        proof: hex::encode(one.proof.as_bytes()),
    };
    list.into_iter().map(show).collect()
}

impl TryFrom<Scope> for m::Scope {
    type Error = InvalidField;

    fn try_from(scope: Scope) -> Result<Self, InvalidField> {
        let mut regions = parse_list("scope.regions", &scope.regions)?;
        regions.sort_unstable();
        let mut trades: Vec<_> = scope.trades.into_iter().map(r::TradeKind::from).collect();
        trades.sort_unstable();
        let ceiling = scope.ceiling.map(|amount| parse_amount("scope.ceiling", amount)).transpose()?;
        Ok(Self { regions, trades, ceiling })
    }
}

impl From<m::Scope> for Scope {
    fn from(scope: m::Scope) -> Self {
        Self {
            regions: scope.regions.iter().map(ToString::to_string).collect(),
            trades: scope.trades.into_iter().map(TradeKind::from).collect(),
            ceiling: scope.ceiling.map(Amount::from),
        }
    }
}

fn roles(roles: Vec<Role>) -> Vec<ledger::record::organisation::Role> {
    let mut roles: Vec<_> = roles.into_iter().map(ledger::record::organisation::Role::from).collect();
    roles.sort_unstable();
    roles
}

impl TryFrom<Mandate> for m::Mandate {
    type Error = InvalidField;

    fn try_from(mandate: Mandate) -> Result<Self, InvalidField> {
        let above = mandate.second_approval_above;
        Ok(Self {
            roles: roles(mandate.roles),
            scope: mandate.scope.try_into()?,
            expires: parse_time("expires", &mandate.expires)?,
            read_only: mandate.read_only,
            second_approval_above: above.map(|a| parse_amount("second_approval_above", a)).transpose()?,
        })
    }
}

impl From<m::Mandate> for Mandate {
    fn from(mandate: m::Mandate) -> Self {
        Self {
            roles: mandate.roles.into_iter().map(Role::from).collect(),
            scope: mandate.scope.into(),
            expires: mandate.expires.to_string(),
            read_only: mandate.read_only,
            second_approval_above: mandate.second_approval_above.map(Amount::from),
        }
    }
}

impl TryFrom<Enrol> for act::enrolment::Enrol {
    type Error = InvalidField;

    fn try_from(enrol: Enrol) -> Result<Self, InvalidField> {
        let d = enrol.delegation;
        let delegation = act::enrolment::Delegation {
            organisation: parse("delegation.organisation", &d.organisation)?,
            region: parse("delegation.region", &d.region)?,
            keys: keys(&d.keys).map_err(|e| e.within("delegation"))?,
            roles: d.roles.into_iter().map(ledger::record::organisation::Role::from).collect(),
            scope: d.scope.try_into().map_err(|e: InvalidField| e.within("delegation"))?,
            expires: parse_time("delegation.expires", &d.expires)?,
            salt: fixed("delegation.salt", &d.salt)?,
        };
        Ok(Self {
            authority: parse("authority", &enrol.authority)?,
            chain: bytes_list("chain", &enrol.chain)?,
            delegation,
            signature: bytes("signature", &enrol.signature)?,
            ocsp: enrol.ocsp.map(|text| bytes("ocsp", &text)).transpose()?,
        })
    }
}

impl From<act::enrolment::Enrol> for Enrol {
    fn from(enrol: act::enrolment::Enrol) -> Self {
        let d = enrol.delegation;
        Self {
            authority: enrol.authority.to_string(),
            chain: show_list(&enrol.chain),
            delegation: Delegation {
                organisation: d.organisation.to_string(),
                region: d.region.to_string(),
                keys: show_keys(d.keys),
                roles: d.roles.into_iter().map(Role::from).collect(),
                scope: d.scope.into(),
                expires: d.expires.to_string(),
                salt: hex::encode(d.salt),
            },
            signature: show(&enrol.signature),
            ocsp: enrol.ocsp.as_ref().map(show),
        }
    }
}

impl TryFrom<AdmitRole> for act::admission::AdmitRole {
    type Error = InvalidField;

    fn try_from(a: AdmitRole) -> Result<Self, InvalidField> {
        Ok(Self { organisation: parse("organisation", &a.organisation)?, role: a.role.into() })
    }
}

impl From<act::admission::AdmitRole> for AdmitRole {
    fn from(a: act::admission::AdmitRole) -> Self {
        Self { organisation: a.organisation.to_string(), role: a.role.into() }
    }
}

impl TryFrom<AppointStaff> for act::staff::AppointStaff {
    type Error = InvalidField;

    fn try_from(a: AppointStaff) -> Result<Self, InvalidField> {
        let mut keys = keys(&a.keys)?;
        keys.sort_unstable_by_key(|one| one.key);
        Ok(Self {
            keys,
            person: parse("person", &a.person)?,
            mandate: a.mandate.try_into().map_err(|e: InvalidField| e.within("mandate"))?,
        })
    }
}

impl From<act::staff::AppointStaff> for AppointStaff {
    fn from(a: act::staff::AppointStaff) -> Self {
        Self { keys: show_keys(a.keys), person: a.person.to_string(), mandate: a.mandate.into() }
    }
}

impl TryFrom<RevokeMandate> for act::staff::RevokeMandate {
    type Error = InvalidField;

    fn try_from(a: RevokeMandate) -> Result<Self, InvalidField> {
        Ok(Self { key: parse("key", &a.key)? })
    }
}

impl From<act::staff::RevokeMandate> for RevokeMandate {
    fn from(a: act::staff::RevokeMandate) -> Self {
        Self { key: a.key.to_string() }
    }
}

impl TryFrom<RevokeCertificate> for act::revocation::RevokeCertificate {
    type Error = InvalidField;

    fn try_from(a: RevokeCertificate) -> Result<Self, InvalidField> {
        let proof = |p: HolderProof| {
            Ok::<_, InvalidField>(act::revocation::HolderProof {
                public_key: bytes("proof.public_key", &p.public_key)?,
                signature: bytes("proof.signature", &p.signature)?,
            })
        };
        Ok(Self {
            certificate: parse("certificate", &a.certificate)?,
            reason: a.reason.into(),
            proof: a.proof.map(proof).transpose()?,
        })
    }
}

impl From<act::revocation::RevokeCertificate> for RevokeCertificate {
    fn from(a: act::revocation::RevokeCertificate) -> Self {
        let proof = |p: act::revocation::HolderProof| HolderProof {
            public_key: show(&p.public_key),
            signature: show(&p.signature),
        };
        Self { certificate: a.certificate.to_string(), reason: a.reason.into(), proof: a.proof.map(proof) }
    }
}

impl TryFrom<RecordRevocationList> for act::revocation_list::RecordRevocationList {
    type Error = InvalidField;

    fn try_from(a: RecordRevocationList) -> Result<Self, InvalidField> {
        Ok(Self {
            authority: parse("authority", &a.authority)?,
            list: bytes("list", &a.list)?,
            intermediates: bytes_list("intermediates", &a.intermediates)?,
        })
    }
}

impl From<act::revocation_list::RecordRevocationList> for RecordRevocationList {
    fn from(a: act::revocation_list::RecordRevocationList) -> Self {
        let intermediates = show_list(&a.intermediates);
        Self { authority: a.authority.to_string(), list: show(&a.list), intermediates }
    }
}

impl TryFrom<RecordOcspResponse> for act::ocsp_response::RecordOcspResponse {
    type Error = InvalidField;

    fn try_from(a: RecordOcspResponse) -> Result<Self, InvalidField> {
        Ok(Self { chain: bytes_list("chain", &a.chain)?, response: bytes("response", &a.response)? })
    }
}

impl From<act::ocsp_response::RecordOcspResponse> for RecordOcspResponse {
    fn from(a: act::ocsp_response::RecordOcspResponse) -> Self {
        Self { chain: show_list(&a.chain), response: show(&a.response) }
    }
}

impl TryFrom<ReportSharedKey> for act::shared_key::ReportSharedKey {
    type Error = InvalidField;

    fn try_from(a: ReportSharedKey) -> Result<Self, InvalidField> {
        let enrolment = a.enrolment.try_into().map_err(|e: InvalidField| e.within("enrolment"))?;
        Ok(Self { enrolment })
    }
}

impl From<act::shared_key::ReportSharedKey> for ReportSharedKey {
    fn from(a: act::shared_key::ReportSharedKey) -> Self {
        Self { enrolment: a.enrolment.into() }
    }
}

impl TryFrom<AuthorityTerms> for a::AuthorityTerms {
    type Error = InvalidField;

    fn try_from(terms: AuthorityTerms) -> Result<Self, InvalidField> {
        let mut algorithms: Vec<_> = terms.algorithms.into_iter().map(a::KeyAlgorithm::from).collect();
        algorithms.sort_unstable();
        let freshness = terms.freshness.map_or_else(a::Freshness::default, |f| a::Freshness {
            max_age: Span::from_millis(f.max_age_ms),
            grace: Span::from_millis(f.grace_ms),
            when_stale: f.when_stale.into(),
        });
        Ok(Self {
            name: parse("name", &terms.name)?,
            root: bytes("root", &terms.root)?,
            intermediates: bytes_list("intermediates", &terms.intermediates)?,
            algorithms,
            code_source: match terms.code_source {
                CodeSource::SubjectAttribute { oid } => {
                    a::CodeSource::SubjectAttribute(parse("code_source.oid", &oid)?)
                }
                CodeSource::Extension { oid } => a::CodeSource::Extension(parse("code_source.oid", &oid)?),
            },
            policy: terms.policy.map(|oid| parse("policy", &oid)).transpose()?,
            sources: parse_list("sources", &terms.sources)?,
            freshness,
        })
    }
}

impl From<a::AuthorityTerms> for AuthorityTerms {
    fn from(terms: a::AuthorityTerms) -> Self {
        Self {
            name: terms.name.to_string(),
            root: show(&terms.root),
            intermediates: show_list(&terms.intermediates),
            algorithms: terms.algorithms.into_iter().map(KeyAlgorithm::from).collect(),
            code_source: match terms.code_source {
                a::CodeSource::SubjectAttribute(oid) => CodeSource::SubjectAttribute { oid: oid.to_string() },
                a::CodeSource::Extension(oid) => CodeSource::Extension { oid: oid.to_string() },
            },
            policy: terms.policy.map(|oid| oid.to_string()),
            sources: terms.sources.iter().map(ToString::to_string).collect(),
            freshness: Some(Freshness {
                max_age_ms: terms.freshness.max_age.as_millis(),
                grace_ms: terms.freshness.grace.as_millis(),
                when_stale: terms.freshness.when_stale.into(),
            }),
        }
    }
}
