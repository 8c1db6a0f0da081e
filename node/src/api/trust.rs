//! The trust list, enrolled certificates, keys with their mandates, and keys that two organisations share.

use axum::Json;
use axum::extract::State;
use ledger::crypto::PublicKey;
use ledger::id::{AuthorityId, CertificateId, CreditCode, SharedKeyId};
use ledger::procedure::enrolment::{age_of_data, path_is_revoked};
use ledger::record::authority::{Age, AuthorityStatus, CertificationAuthority, RevocationList as LedgerList};
use ledger::record::certificate::{AnyKey, Certificate as LedgerCertificate, SharedKey as LedgerSharedKey};
use ledger::record::organisation::KeyHolder;
use ledger::state::keys::{
    AuthorityKey, AuthorityStandingKey, CertificateKey, KeyHolderKey, OrganisationKey as OrganisationRow,
    SharedKeyKey, all_authorities, all_certificates, all_key_holders, all_shared_keys, held_key,
    listed_issuer, revocation_lists_of,
};
use ledger::state::{Overlay, StateKey, decode_value};
use ledger::time::BlockTime;

use super::App;
use super::problem::{Code, Fault, damaged};
use super::query::{NoQuery, Query, Segment};
use super::records::{PageAnswer, Paging, PagingQuery, RecordAnswer};
use super::schema::{
    Authority, CertificateStatus, EnrolledCertificate, IssuerList, OrganisationKey, Page, Problem, Record,
    SharedKey,
};
use super::view::View;

/// List the certification authorities of the trust list, by id.
#[utoipa::path(
    get,
    path = "/v1/authorities",
    operation_id = "list_authorities",
    tag = "certificates",
    params(PagingQuery),
    responses(
        (status = 200, description = "Authorities, suspended and removed ones included", body = Page<Authority>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn authorities(
    State(app): State<App>,
    Query(paging): Query<Paging<AuthorityId>>,
) -> PageAnswer<Authority> {
    app.read(move |view| {
        let after = paging.cursor.as_ref().map(|id| AuthorityKey(id).key());
        let name = |entry: &CertificationAuthority| entry.id.to_string();
        let listed = view.list(all_authorities(), after, paging.limit, |_| true, name)?;
        let data = listed.values.into_iter().map(|entry| view.authority(entry)).collect::<Result<_, _>>()?;
        Ok(Json(Page { data, next: listed.next, at: view.at() }))
    })
    .await
}

/// Look up a certification authority with its newest revocation lists.
#[utoipa::path(
    get,
    path = "/v1/authorities/{id}",
    operation_id = "get_authority",
    tag = "certificates",
    params(("id" = String, Path, description = "SHA-256 of its root certificate (DER), in hexadecimal")),
    responses(
        (status = 200, description = "The authority", body = Record<Authority>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn authority(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Authority> {
    let id: AuthorityId = segment.parse("id")?;
    app.read(move |view| {
        let entry = view.get(&AuthorityKey(&id))?.ok_or_else(|| Fault::new(Code::NotFound))?;
        Ok(Json(Record { data: view.authority(entry)?, at: view.at() }))
    })
    .await
}

/// Look up an enrolled certificate.
#[utoipa::path(
    get,
    path = "/v1/certificates/{fingerprint}",
    operation_id = "get_certificate",
    tag = "certificates",
    params(("fingerprint" = String, Path, description = "SHA-256 of the certificate (DER), in hexadecimal")),
    responses(
        (status = 200, description = "The certificate and whether its keys can act", body = Record<EnrolledCertificate>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn certificate(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<EnrolledCertificate> {
    let id: CertificateId = segment.parse("fingerprint")?;
    app.read(move |view| {
        let certificate = view.get(&CertificateKey(&id))?.ok_or_else(|| Fault::new(Code::NotFound))?;
        Ok(Json(Record { data: view.certificate(certificate, &view.reports()?)?, at: view.at() }))
    })
    .await
}

/// List the certificates that an organisation has enrolled with, by fingerprint. Pages may be empty before the end.
#[utoipa::path(
    get,
    path = "/v1/organisations/{code}/certificates",
    operation_id = "list_certificates",
    tag = "certificates",
    params(("code" = String, Path, description = "Unified social credit code"), PagingQuery),
    responses(
        (status = 200, description = "Certificates", body = Page<EnrolledCertificate>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn certificates(
    State(app): State<App>,
    segment: Segment,
    Query(paging): Query<Paging<CertificateId>>,
) -> PageAnswer<EnrolledCertificate> {
    let code: CreditCode = segment.parse("code")?;
    app.read(move |view| {
        view.organisation_exists(&code)?;
        let after = paging.cursor.as_ref().map(|id| CertificateKey(id).key());
        let keep = |certificate: &LedgerCertificate| certificate.organisation == code;
        let name = |certificate: &LedgerCertificate| certificate.id.to_string();
        let listed = view.list(all_certificates(), after, paging.limit, keep, name)?;
        let reports = view.reports()?;
        let data =
            listed.values.into_iter().map(|one| view.certificate(one, &reports)).collect::<Result<_, _>>()?;
        Ok(Json(Page { data, next: listed.next, at: view.at() }))
    })
    .await
}

/// List the keys of an organisation with their mandates, by key. Pages may be empty before the end.
#[utoipa::path(
    get,
    path = "/v1/organisations/{code}/keys",
    operation_id = "list_keys",
    tag = "certificates",
    params(("code" = String, Path, description = "Unified social credit code"), PagingQuery),
    responses(
        (status = 200, description = "Keys, those out of use included", body = Page<OrganisationKey>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn keys(
    State(app): State<App>,
    segment: Segment,
    Query(paging): Query<Paging<PublicKey>>,
) -> PageAnswer<OrganisationKey> {
    let code: CreditCode = segment.parse("code")?;
    app.read(move |view| {
        view.organisation_exists(&code)?;
        let after = paging.cursor.as_ref().map(|key| KeyHolderKey(key).key());
        let keep = |_: &[u8], holder: &KeyHolder| holder.organisation == code;
        let name = |key: &[u8], _: &KeyHolder| held_key(key).map(|key| key.to_string()).unwrap_or_default();
        let listed = view.list_rows(all_key_holders(), after, paging.limit, keep, name)?;
        let (time, reports) = (view.time()?, view.reports()?);
        let read = |(row, holder): (Vec<u8>, KeyHolder)| {
            let key = key_in(&row)?;
            Ok(OrganisationKey::new(&key, holder, time, reports.of(&AnyKey::Ledger(key))))
        };
        let data = listed.values.into_iter().map(read).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Json(Page { data, next: listed.next, at: view.at() }))
    })
    .await
}

/// Look up whom a key speaks for, and how far.
#[utoipa::path(
    get,
    path = "/v1/keys/{key}",
    operation_id = "get_key",
    tag = "certificates",
    params(("key" = String, Path, description = "The ledger key, in hexadecimal")),
    responses(
        (status = 200, description = "The key with its mandate", body = Record<OrganisationKey>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn key(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<OrganisationKey> {
    let key: PublicKey = segment.parse("key")?;
    app.read(move |view| {
        let holder = view.get(&KeyHolderKey(&key))?.ok_or_else(|| Fault::new(Code::NotFound))?;
        let reported = view.reports()?.of(&AnyKey::Ledger(key));
        let data = OrganisationKey::new(&key, holder, view.time()?, reported);
        Ok(Json(Record { data, at: view.at() }))
    })
    .await
}

/// List keys that two organisations share, by id.
#[utoipa::path(
    get,
    path = "/v1/shared-keys",
    operation_id = "list_shared_keys",
    tag = "certificates",
    params(PagingQuery),
    responses(
        (status = 200, description = "Shared keys", body = Page<SharedKey>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn shared_keys(
    State(app): State<App>,
    Query(paging): Query<Paging<SharedKeyId>>,
) -> PageAnswer<SharedKey> {
    app.read(move |view| {
        let after = paging.cursor.as_ref().map(|id| SharedKeyKey(id).key());
        let name = |shared: &LedgerSharedKey| shared.id.to_string();
        Ok(Json(view.page(view.list(all_shared_keys(), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// Most reports about shared keys that are looked through for one answer. Each takes a valid certificate and the private
/// key of another organisation, so there are few; `/v1/shared-keys` lists all.
const REPORTS_MAX: usize = 10_000;

/// Keys that were reported as shared, with the ids of the reports.
struct Reports(Vec<(AnyKey, SharedKeyId)>);

impl Reports {
    fn of(&self, key: &AnyKey) -> Vec<String> {
        self.0.iter().filter(|(shared, _)| shared == key).map(|(_, id)| id.to_string()).collect()
    }
}

fn key_in(row: &[u8]) -> Result<PublicKey, Fault> {
    held_key(row).ok_or_else(|| damaged("a key of the state", &"it names no public key"))
}

impl View<'_> {
    fn organisation_exists(&self, code: &CreditCode) -> Result<(), Fault> {
        self.get(&OrganisationRow(code))?.map(|_| ()).ok_or_else(|| Fault::new(Code::NotFound))
    }

    /// Block time of the tip. Before the first block there is none, and no certificate either.
    pub(crate) fn time(&self) -> Result<BlockTime, Fault> {
        Ok(self.header(self.snapshot.tip().height)?.map(|header| header.time).unwrap_or_default())
    }

    fn authority(&self, entry: CertificationAuthority) -> Result<Authority, Fault> {
        let time = self.time()?;
        let (from, before) = revocation_lists_of(&entry.id);
        let mut lists = Vec::new();
        for row in self.snapshot.state_range(&from, Some(&before))? {
            let (key, bytes) = row?;
            let list: LedgerList = decode_value(&key, &bytes)?;
            let issuer = listed_issuer(&key);
            let issuer = issuer.ok_or_else(|| damaged("a key of the state", &"it names no issuer"))?;
            let age = entry.terms.freshness.judge(Some(time.since(list.this_update)));
            lists.push(IssuerList::new(&issuer, &list, age));
        }
        Ok(Authority::new(entry, lists))
    }

    /// The reports about shared keys, the first [`REPORTS_MAX`] by id.
    fn reports(&self) -> Result<Reports, Fault> {
        let (from, before) = all_shared_keys();
        let mut reports = Vec::new();
        for row in self.snapshot.state_range(&from, Some(&before))?.take(REPORTS_MAX) {
            let (key, bytes) = row?;
            let shared: LedgerSharedKey = decode_value(&key, &bytes)?;
            reports.push((shared.key, shared.id));
        }
        Ok(Reports(reports))
    }

    fn certificate(
        &self,
        certificate: LedgerCertificate,
        reports: &Reports,
    ) -> Result<EnrolledCertificate, Fault> {
        let (time, state) = (self.time()?, Overlay::new(&self.snapshot));
        let standing = self.get(&AuthorityStandingKey(&certificate.authority))?;
        let age = age_of_data(&state, &certificate, time)?;
        let age = standing.map_or(Age::Stale, |standing| standing.freshness.judge(age));
        let trusted = standing.is_some_and(|standing| standing.status == AuthorityStatus::Trusted);
        let against = certificate.against(time);
        let status = match against {
            Some(revocation) if revocation.date <= time && revocation.is_hold() => CertificateStatus::OnHold,
            Some(revocation) if revocation.date <= time => CertificateStatus::Revoked,
            _ if path_is_revoked(&state, &certificate, time)? => CertificateStatus::IssuerRevoked,
            _ if time < certificate.not_before => CertificateStatus::NotYetValid,
            _ if time > certificate.not_after => CertificateStatus::Expired,
            _ if !trusted => CertificateStatus::AuthorityNotTrusted,
            _ if age == Age::Stale => CertificateStatus::RevocationDataStale,
            _ => CertificateStatus::Valid,
        };
        let organisation = self.get(&OrganisationRow(&certificate.organisation))?;
        let reported = reports.of(&AnyKey::Certificate(certificate.key));
        Ok(EnrolledCertificate::new(certificate, status, age, against, organisation, reported))
    }
}
