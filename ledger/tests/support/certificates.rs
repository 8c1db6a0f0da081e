//! The verbs of identity in the table language: authorities, certificates, revocation lists, staff.
//!
//! Keys and serial numbers follow from names, so that the same words make the same bytes. A name `file:p256-inner` stands
//! for what openssl made: a file of `pki/tests/openssl`.

use ledger::codec::{Bytes, Title};
use ledger::crypto::{PublicKey, Signature, SigningKey};
use ledger::governance::Change;
use ledger::hash::sha256;
use ledger::id::{AuthorityId, CertificateId, Oid};
use ledger::procedure::admission::AdmitRole;
use ledger::procedure::enrolment::{DelegatedKey, Delegation, Enrol, delegated_key_bytes, enrolment_bytes};
use ledger::procedure::ocsp_response::RecordOcspResponse;
use ledger::procedure::revocation::{HolderProof, RevokeCertificate, revocation_bytes};
use ledger::procedure::revocation_list::RecordRevocationList;
use ledger::procedure::staff::{AppointStaff, RevokeMandate};
use ledger::record::authority::{
    AuthorityTerms, CertificateDer, CodeSource, Freshness, KeyAlgorithm, WhenStale,
};
use ledger::record::certificate::RevocationReason;
use ledger::record::mandate::{Mandate, Scope};
use ledger::record::organisation::Role;
use ledger::rule::TradeKind;
use ledger::time::{BlockTime, DAY_MS, Span};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName,
    DnType, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ED25519, RevokedCertParams, SerialNumber,
};
use time::OffsetDateTime;

use super::network::{code, key};
use super::words::{Names, Words, keys, yuan};

/// organizationIdentifier (X.520), where the authorities of the tests write the credit code.
const CODE_AT: [u64; 4] = [2, 5, 4, 97];

/// The X.509 key pair of a name, and the same key as the ledger's tests hold keys.
fn pair(name: &str) -> (KeyPair, SigningKey) {
    let seed = secret(name);
    let prefix =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let der = [&prefix[..], &seed].concat();
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der.as_slice().into(), &PKCS_ED25519).unwrap();
    (pair, key(&format!("x509 {name}")))
}

fn secret(name: &str) -> [u8; 32] {
    sha256(format!("zhulian test key x509 {name}").as_bytes())
}

fn moment(time: BlockTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp((time.as_millis() / 1_000) as i64).unwrap()
}

fn serial(name: &str) -> SerialNumber {
    let mut bytes = sha256(name.as_bytes())[..8].to_vec();
    bytes[0] &= 0x7f;
    bytes[0] |= 0x01;
    SerialNumber::from_slice(&bytes)
}

/// What openssl made, if the name is that of a file.
fn file(name: &str) -> Option<Vec<u8>> {
    let name = name.strip_prefix("file:")?;
    let path = format!("{}/../pki/tests/openssl/{name}.der", env!("CARGO_MANIFEST_DIR"));
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// The root `ca1`, or the intermediate `ca1.sub` under it. One called `ca1.short…` ends on day 100, and one called
/// `ca1.twin…` has the name of its root.
fn authority(name: &str, names: &Names) -> rcgen::Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let called = if name.contains(".twin") { root_of(name) } else { name };
    params.distinguished_name.push(DnType::OrganizationName, format!("Test authority {called}"));
    params.not_before = moment(names.day_zero) - time::Duration::days(400);
    let days = if name.contains(".short") { 100 } else { 4_000 };
    params.not_after = moment(names.day_zero) + time::Duration::days(days);
    params.serial_number = Some(serial(name));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = name.contains('.');
    let (own, _) = pair(name);
    match name.rsplit_once('.') {
        Some((parent, _)) => params.signed_by(&own, &authority(parent, names), &pair(parent).0).unwrap(),
        None => params.self_signed(&own).unwrap(),
    }
}

fn der(certificate: &rcgen::Certificate) -> CertificateDer {
    Bytes::new(certificate.der().to_vec()).unwrap()
}

fn authority_der(name: &str, names: &Names) -> CertificateDer {
    file(name).map_or_else(|| der(&authority(name, names)), |bytes| Bytes::new(bytes).unwrap())
}

/// The authorities of a list `ca1.sub+ca1.other`.
fn authorities(list: Option<&&str>, names: &Names) -> Vec<CertificateDer> {
    list.map_or(Vec::new(), |list| list.split('+').map(|name| authority_der(name, names)).collect())
}

/// The name of the authority called `name`.
pub fn authority_id(name: &str, names: &Names) -> AuthorityId {
    AuthorityId::from_bytes(sha256(authority_der(root_of(name), names).as_slice()))
}

fn root_of(name: &str) -> &str {
    name.split('.').next().unwrap()
}

/// The holder's certificate of a line: `ca=ca1` issued it to `org=`, with `from=` and `until=`, `called=` the
/// organisation, `x509=` its key, `cert=` its name, which decides its serial number.
fn holder(words: &Words<'_>, who: &str, names: &Names) -> rcgen::Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let called = words.take("called", who);
    if called != "nobody" {
        params.distinguished_name.push(DnType::OrganizationName, called);
    }
    match words.take("code", who) {
        "none" => {}
        "wrong" => {
            params.distinguished_name.push(DnType::CustomDnType(CODE_AT.to_vec()), "91350100M000100Y44")
        }
        other => params.distinguished_name.push(DnType::CustomDnType(CODE_AT.to_vec()), code(other).as_str()),
    }
    params.not_before = moment(names.time(words.take("from", "d0")));
    params.not_after = moment(names.time(words.take("until", "d365")));
    params.serial_number = Some(serial(words.take("serial", words.take("cert", who))));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = match words.take("usage", "sign") {
        "sign" => vec![KeyUsagePurpose::DigitalSignature],
        "encrypt" => vec![KeyUsagePurpose::KeyEncipherment],
        usage => panic!("no key usage is called {usage}"),
    };
    if words.plain.contains(&"as-ca") {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if words.plain.contains(&"critical") {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    }
    let issuer = words.take("ca", "ca1");
    let (own, _) = pair(words.take("x509", words.take("cert", who)));
    params.signed_by(&own, &authority(issuer, names), &pair(words.take("forged", issuer)).0).unwrap()
}

/// The certificate that the words of an enrolment show.
pub fn certificate_id(words: &Words<'_>, who: &str, names: &Names) -> CertificateId {
    CertificateId::from_bytes(sha256(holder(words, who, names).der()))
}

fn roles(text: &str) -> Vec<Role> {
    match text {
        "" => Vec::new(),
        roles => roles.split(',').map(|role| Role::parse(role).unwrap()).collect(),
    }
}

fn scope(words: &Words<'_>) -> Scope {
    let (regions, trades) = (words.named.get("regions"), words.named.get("trades"));
    Scope {
        regions: regions.map_or(Vec::new(), |list| list.split(',').map(|r| r.parse().unwrap()).collect()),
        trades: trades
            .map_or(Vec::new(), |list| list.split(',').map(|t| TradeKind::parse(t).unwrap()).collect()),
        ceiling: words.named.get("ceiling").map(|amount| yuan(amount)),
    }
}

/// Keys with their proofs; `unproven` spoils the last one.
fn delegated(list: &str, organisation: &str, words: &Words<'_>, names: &Names) -> Vec<DelegatedKey> {
    let proof = |name: &str, key_of: PublicKey| {
        let message = delegated_key_bytes(&names.chain, &code(organisation), &key_of);
        key(&name.replace('_', " ")).sign(&message)
    };
    let mut all: Vec<DelegatedKey> = list
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| (name, keys(name, false)[0]))
        .map(|(name, key)| DelegatedKey { key, proof: proof(name, key) })
        .collect();
    if words.take("order", "ascending") == "ascending" {
        all.sort_by_key(|one| one.key);
    }
    if words.plain.contains(&"unproven") {
        all.last_mut().unwrap().proof = Signature::from_bytes([7; 64]);
    }
    all
}

/// `enrol new`: the organisation, with the words of [`holder`] for the certificate, `keys=`, `roles=`, `regions=`,
/// `ceiling=`, `expires=`, `salt=`; `by=` another certificate's key signs; `chain=none`, or other certificates; `ocsp=`
/// an answer as of [`answer`].
pub fn enrol(words: &Words<'_>, names: &Names) -> Enrol {
    let who = words.plain[0];
    let certificate = holder(words, who, names);
    let delegation = Delegation {
        organisation: code(words.take("org", who)),
        region: "440500".parse().unwrap(),
        keys: delegated(words.take("keys", who), words.take("org", who), words, names),
        roles: roles(words.take("roles", "bidder")),
        scope: scope(words),
        expires: names.time(words.take("expires", "d300")),
        salt: [words.take("salt", "1").parse().unwrap(); 16],
    };
    let own = words.take("x509", words.take("cert", who));
    let (_, signer) = pair(words.take("by", own));
    let message = enrolment_bytes(&names.chain, &delegation);
    let issuer = words.take("ca", "ca1");
    let mut chain = vec![der(&certificate)];
    if issuer.contains('.') && !words.plain.contains(&"alone") {
        chain.push(der(&authority(issuer, names)));
    }
    match words.take("chain", "good") {
        "good" => {}
        "none" => chain.clear(),
        "long" => chain = vec![chain[0].clone(); 6],
        "broken" => chain.push(der(&authority("ca9", names))),
        "garbage" => chain[0] = Bytes::new(vec![0x30, 0x03, 1, 2]).unwrap(),
        list => chain = authorities(Some(&list), names),
    }
    Enrol {
        authority: authority_id(words.take("under", root_of(issuer)), names),
        chain,
        signature: Bytes::new(signer.sign(&message).as_bytes().to_vec()).unwrap(),
        ocsp: words.named.get("ocsp").map(|status| Bytes::new(answer(status, who, words, names)).unwrap()),
        delegation,
    }
}

/// `admit-role new role=guarantor`.
pub fn admit(words: &Words<'_>) -> AdmitRole {
    AdmitRole {
        organisation: code(words.plain[0]),
        role: Role::parse(words.take("role", "guarantor")).unwrap(),
    }
}

/// `appoint new clerk1,clerk2`: staff of `new`, with `roles=`, `regions=`, `ceiling=`, `expires=`, `above=`,
/// `read-only`, `person=`.
pub fn appoint(words: &Words<'_>, names: &Names) -> AppointStaff {
    let (organisation, list) = (words.plain[0], words.plain.get(1).copied().unwrap_or(""));
    let read_only = words.plain.contains(&"read-only");
    AppointStaff {
        keys: delegated(list, organisation, words, names),
        person: ledger::id::PersonHash::from_bytes(sha256(words.take("person", list).as_bytes())),
        mandate: Mandate {
            roles: roles(words.take("roles", if read_only { "" } else { "bidder" })),
            scope: scope(words),
            expires: names.time(words.take("expires", "d200")),
            read_only,
            second_approval_above: words.named.get("above").map(|amount| yuan(amount)),
        },
    }
}

/// `revoke-mandate clerk`.
pub fn revoke_mandate(words: &Words<'_>) -> RevokeMandate {
    RevokeMandate { key: keys(words.plain[0], false)[0] }
}

/// `revoke-certificate new`, with the words of the enrolment that showed it; `proof=` a certificate's key.
pub fn revoke_certificate(words: &Words<'_>, names: &Names) -> RevokeCertificate {
    let certificate = certificate_id(words, words.plain[0], names);
    let proof = words.named.get("proof").map(|name| {
        let (public, signer) = pair(name);
        let signature = signer.sign(&revocation_bytes(&names.chain, &certificate));
        HolderProof {
            public_key: Bytes::new(public.public_key_der()).unwrap(),
            signature: Bytes::new(signature.as_bytes().to_vec()).unwrap(),
        }
    });
    let reason = RevocationReason::parse(words.take("reason", "key_compromise")).unwrap();
    RevokeCertificate { certificate, reason, proof }
}

/// `record-list ca1 number=2 this=d1 next=d8 revoked=new@d1:key_compromise,other@d0`, signed by `signer=`, of the
/// issuer `ca1` or `ca1.sub`.
pub fn list(words: &Words<'_>, names: &Names) -> RecordRevocationList {
    let issuer = words.plain[0];
    let revoked = words.take("revoked", "");
    let entry = |text: &str| {
        let (name, rest) = text.split_once('@').unwrap();
        let (date, reason) = rest.split_once('!').unwrap_or((rest, "unspecified"));
        RevokedCertParams {
            serial_number: serial(name),
            revocation_time: moment(names.time(date)),
            reason_code: match reason {
                "unspecified" => None,
                "hold" => Some(rcgen::RevocationReason::CertificateHold),
                "compromise" => Some(rcgen::RevocationReason::KeyCompromise),
                reason => panic!("no reason is called {reason}"),
            },
            invalidity_date: None,
        }
    };
    let params = CertificateRevocationListParams {
        this_update: moment(names.time(words.take("this", "d0"))),
        next_update: moment(names.time(words.take("next", "d300"))),
        crl_number: SerialNumber::from(words.take("number", "1").parse::<u64>().unwrap()),
        issuing_distribution_point: None,
        revoked_certs: revoked.split(',').filter(|text| !text.is_empty()).map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let signer = pair(words.take("signer", issuer)).0;
    let list = params.signed_by(&authority(words.take("as-issuer", issuer), names), &signer).unwrap();
    let bytes = match words.take("bytes", "good") {
        "good" => list.der().to_vec(),
        "garbage" => vec![0x30, 0x01],
        bytes => file(bytes).unwrap_or_else(|| panic!("no bytes are called {bytes}")),
    };
    RecordRevocationList {
        authority: authority_id(words.take("under", root_of(issuer)), names),
        list: Bytes::new(bytes).unwrap(),
        intermediates: authorities(words.named.get("with"), names),
    }
}

/// `record-ocsp new status=good`: an answer as of [`answer`], with the words of the enrolment that showed the
/// certificate; without a status, bytes that are no answer.
pub fn ocsp(words: &Words<'_>, names: &Names) -> RecordOcspResponse {
    let who = words.plain[0];
    let mut chain = vec![der(&holder(words, who, names))];
    if words.plain.contains(&"nothing") {
        chain.clear();
    }
    // A sequence that ends before its content.
    let status = words.take("status", "0\u{1}");
    RecordOcspResponse { chain, response: Bytes::new(answer(status, who, words, names)).unwrap() }
}

/// What the authority answers about a certificate: `good`, `unknown`, `hold@d1` or `compromise@d1`, of `this=` and until
/// `next=`; `about=` the certificate of another organisation, by `responder=` another authority, changed as `spoilt=`
/// says. Another word stands for itself, and is no answer.
fn answer(status: &str, who: &str, words: &Words<'_>, names: &Names) -> Vec<u8> {
    let seconds = |text: &str| names.time(text).as_millis() / 1_000;
    let revoked = |date: &str, reason| {
        let date = seconds(date);
        pki::OcspStatus::Revoked(pki::Revocation { serial: Vec::new(), date, invalid_since: None, reason })
    };
    let status = match status.split_once('@') {
        None if status == "good" => pki::OcspStatus::Good,
        None if status == "unknown" => pki::OcspStatus::Unknown,
        None => return status.as_bytes().to_vec(),
        Some(("hold", date)) => revoked(date, pki::Reason::CertificateHold),
        Some(("compromise", date)) => revoked(date, pki::Reason::KeyCompromise),
        _ => panic!("no status is called {status}"),
    };
    let issuer = words.take("responder", words.take("ca", "ca1"));
    let key = pki::issue::SigningKey::ed25519(&secret(issuer));
    let certificate = authority_der(issuer, names).as_slice().to_vec();
    let issuer = pki::issue::Issuer::with_certificate(certificate, key).unwrap();
    let about = der(&match words.named.get("about") {
        Some(other) => holder(&Words::of([].into_iter()), other, names),
        None => holder(words, who, names),
    });
    let (from, until) = (seconds(words.take("this", "d0")), seconds(words.take("next", "d300")));
    let mut bytes = issuer.status_answer(about.as_slice(), &status, from, until);
    let mut spoil = |what: &[u8], last: u8| {
        let at = bytes.windows(what.len()).position(|part| part == what).unwrap();
        bytes[at + what.len() - 1] = last;
    };
    match words.take("spoilt", "no") {
        "no" => {}
        // Somebody else answers, of whom nobody has heard.
        "responder" => spoil(b"Test authority", b'Y'),
        // id-pkix-ocsp-nonce in the place of id-pkix-ocsp-basic.
        "kind" => spoil(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01], 0x02),
        "signature" => *bytes.last_mut().unwrap() ^= 1,
        what => panic!("nothing is called {what}"),
    }
    bytes
}

/// The change of a line about the trust list.
pub fn change(words: &Words<'_>, names: &Names) -> Option<Change> {
    let who = words.plain.get(1).copied().unwrap_or("");
    let reason = || "不再符合要求".parse().unwrap();
    Some(match words.plain[0] {
        "trust" => Change::TrustAuthority { terms: terms(who, words, names) },
        "suspend" => Change::SuspendAuthority { authority: authority_id(who, names), reason: reason() },
        "reinstate" => Change::ReinstateAuthority { authority: authority_id(who, names) },
        "distrust" => Change::RemoveAuthority { authority: authority_id(who, names), reason: reason() },
        "revoke" => Change::RevokeCertificate {
            certificate: certificate_id(words, who, names),
            reason: RevocationReason::parse(words.take("reason", "privilege_withdrawn")).unwrap(),
            date: words.named.get("date").map(|date| names.time(date)),
        },
        _ => return None,
    })
}

fn terms(name: &str, words: &Words<'_>, names: &Names) -> AuthorityTerms {
    let oid = |text: &str| text.parse::<Oid>().unwrap();
    let days = |name: &str, default: &str| {
        Span::from_millis(words.take(name, default).parse::<u64>().unwrap() * DAY_MS)
    };
    let mut algorithms = vec![KeyAlgorithm::Ed25519, KeyAlgorithm::EcdsaP256, KeyAlgorithm::Sm2];
    match words.take("algorithms", "good") {
        "good" => {}
        "none" => algorithms.clear(),
        "sm2" => algorithms = vec![KeyAlgorithm::Sm2],
        list => panic!("no algorithms are called {list}"),
    }
    let intermediates = authorities(words.named.get("with"), names);
    let root = match words.plain.contains(&"garbage") {
        true => Bytes::new(vec![0x30, 0x01]).unwrap(),
        false => authority_der(name, names),
    };
    AuthorityTerms {
        name: words.take("called", "Test").parse::<Title>().unwrap(),
        root,
        intermediates,
        algorithms,
        code_source: CodeSource::SubjectAttribute(oid(words.take("at", "2.5.4.97"))),
        policy: words.named.get("policy").map(|text| oid(text)),
        sources: Vec::new(),
        freshness: Freshness {
            max_age: days("age", "60"),
            grace: days("grace", "30"),
            when_stale: if words.plain.contains(&"flag") { WhenStale::Flag } else { WhenStale::Refuse },
        },
    }
}
