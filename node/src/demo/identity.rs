//! Certificates in the demonstration: three authorities come on the trust list, everybody enrols under one of them,
//! a member of staff is appointed, and a certificate is revoked.
//!
//! The authorities are made for this one run, with keys of fresh seeds, and end with it.

use ledger::action::Action;
use ledger::amount::{Amount, Currency};
use ledger::codec::Bytes;
use ledger::governance::Change;
use ledger::hash::sha256;
use ledger::id::{AuthorityId, ChangeId, CreditCode, PersonHash};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::enrolment::{DelegatedKey, Delegation, Enrol, delegated_key_bytes, enrolment_bytes};
use ledger::procedure::proposal::ProposeChange;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::procedure::revocation_list::RecordRevocationList;
use ledger::procedure::staff::AppointStaff;
use ledger::record::authority::{AuthorityTerms, CodeSource, Freshness, KeyAlgorithm, WhenStale};
use ledger::record::mandate::{Mandate, Scope};
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, DAY_MS, Span};
use pki::issue::{Issuer, ORGANISATION_IDENTIFIER, Request, SigningKey};
use pki::{Algorithm, Reason, Revocation};

use super::cast::{
    BANK, BIDDERS, CENTRES, GUANGZHOU, Party, SECOND_DEVICE, SELLER, SHENZHEN, STAFF, ZHONGSHAN, ZHUHAI,
};
use super::stage::{Actor, Stage, strange};
use crate::cli::output::{Failure, Words, words};
use crate::cli::sign::random_salt;

const DAY: u64 = DAY_MS / 1_000;
/// Serial number of the certificate that is revoked.
const REVOKED: u64 = 77;
/// What the member of staff may quote at most, in fen.
const CEILING: u64 = 9_000_000_000;

/// An authority of the demonstration.
struct Authority {
    title: Words,
    root: Issuer,
    /// Issues the certificates, where the root does not do so itself.
    intermediate: Option<Issuer>,
    algorithm: Algorithm,
    /// The centre that proposes it and records its lists.
    centre: usize,
}

/// The trust list as the demonstration fills it.
pub(super) struct Trust {
    authorities: [Authority; 3],
}

/// Under which authority a party has its certificate.
const fn authority_of(party: &Party) -> usize {
    match party.at {
        GUANGZHOU | ZHUHAI => 0,
        SHENZHEN => 1,
        _ => 2,
    }
}

impl Authority {
    fn new(
        title: Words,
        algorithm: Algorithm,
        with_intermediate: bool,
        centre: usize,
        now: u64,
    ) -> Result<Self, Failure> {
        let valid = (now.saturating_sub(400 * DAY), now.saturating_add(3_000 * DAY));
        let root = Issuer::root(&title.zh, fresh_key(algorithm)?, valid);
        let intermediate = if with_intermediate {
            let key = fresh_key(algorithm)?;
            let request = Request::authority(2, &format!("{}企业证书", title.zh), &key, valid, Some(0));
            Some(root.authority(&request, key))
        } else {
            None
        };
        Ok(Self { title, root, intermediate, algorithm, centre })
    }

    fn id(&self) -> AuthorityId {
        AuthorityId::from_bytes(sha256(&self.root.certificate))
    }

    fn issuer(&self) -> &Issuer {
        self.intermediate.as_ref().unwrap_or(&self.root)
    }

    fn intermediates(&self) -> impl Iterator<Item = &[u8]> {
        self.intermediate.iter().map(|one| one.certificate.as_slice())
    }

    fn terms(&self) -> Result<AuthorityTerms, Failure> {
        Ok(AuthorityTerms {
            name: self.title.zh.parse().map_err(|e| strange(&e))?,
            root: der(&self.root.certificate)?,
            intermediates: Vec::new(),
            algorithms: vec![kind(self.algorithm)],
            code_source: CodeSource::SubjectAttribute(
                ORGANISATION_IDENTIFIER.parse().map_err(|e| strange(&e))?,
            ),
            policy: None,
            sources: Vec::new(),
            // The trade takes 45 days of stepped time, in which nobody fetches a list.
            freshness: Freshness {
                max_age: Span::from_millis(60 * DAY_MS),
                grace: Span::from_millis(7 * DAY_MS),
                when_stale: WhenStale::Refuse,
            },
        })
    }

    /// The act that records a revocation list of this authority.
    fn list(&self, number: u64, now: u64, revoked: &[Revocation]) -> Result<Action, Failure> {
        let list = self.issuer().revocation_list(number, now, now.saturating_add(90 * DAY), revoked);
        Ok(Action::RecordRevocationList(RecordRevocationList {
            authority: self.id(),
            list: Bytes::new(list).map_err(|e| strange(&e))?,
            intermediates: self.intermediates().map(der).collect::<Result<_, _>>()?,
        }))
    }
}

/// A holder: a certificate's private key, and what it was issued for.
struct Holder {
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Holder {
    fn new(authority: &Authority, party: &Party, serial: u64, valid: (u64, u64)) -> Result<Self, Failure> {
        let key = fresh_key(authority.algorithm)?;
        let request = Request::enterprise(serial, party.name, party.code, &key, valid);
        Ok(Self { certificate: authority.issuer().issue(&request), key })
    }

    /// An enrolment of `party` under `authority`, delegating to one ledger key.
    fn enrolment(
        &self,
        stage: &Stage<'_>,
        authority: &Authority,
        party: &Party,
        actor: &Actor,
    ) -> Result<Enrol, Failure> {
        let (chain, organisation) = (stage.chain(), credit_code(party)?);
        let key = actor.key.public_key();
        let proof = actor.key.sign(&delegated_key_bytes(chain, &organisation, &key));
        let delegation = Delegation {
            organisation,
            region: CENTRES[party.at].region.parse().map_err(|e| strange(&e))?,
            keys: vec![DelegatedKey { key, proof }],
            roles: vec![party.role.into()],
            scope: Scope::default(),
            expires: stage.clock().plus(Span::from_millis(300 * DAY_MS)),
            salt: random_salt()?,
        };
        let signature = self.key.sign(&enrolment_bytes(chain, &delegation));
        let certificates = std::iter::once(self.certificate.as_slice()).chain(authority.intermediates());
        Ok(Enrol {
            authority: authority.id(),
            chain: certificates.map(der).collect::<Result<_, _>>()?,
            delegation,
            signature: Bytes::new(signature).map_err(|e| strange(&e))?,
            ocsp: None,
        })
    }
}

impl Trust {
    /// Makes the authorities, and has three of the four centres put each on the trust list.
    pub(super) async fn establish(stage: &mut Stage<'_>) -> Result<Self, Failure> {
        stage.progress.heading(&words(
            "Trust list: more than two thirds of the centres approve each authority",
            "信任列表：每家证书颁发机构须经三分之二以上交易中心批准",
        ));
        let now = seconds(stage.clock());
        let authorities = [
            Authority::new(
                words("Guangzhou CA (P-256)", "广州示例电子认证"),
                Algorithm::EcdsaP256,
                true,
                GUANGZHOU,
                now,
            )?,
            Authority::new(
                words("Shenzhen CA (P-384)", "深圳示例电子认证"),
                Algorithm::EcdsaP384,
                false,
                SHENZHEN,
                now,
            )?,
            Authority::new(
                words("Zhongshan CA (SM2)", "中山示例电子认证"),
                Algorithm::Sm2,
                false,
                ZHONGSHAN,
                now,
            )?,
        ];
        for authority in &authorities {
            trust(stage, authority).await?;
        }
        Ok(Self { authorities })
    }

    /// Everybody enrols with a certificate, each through the node of another city; what does not hold is refused.
    pub(super) async fn enrol_all(&self, stage: &mut Stage<'_>) -> Result<(), Failure> {
        stage
            .progress
            .heading(&words("Enrolment: one certificate opens every region", "证书登记：一证通行各地区"));
        self.admit(stage, &BANK).await?;
        self.refusals(stage).await?;
        for (serial, party, via) in [
            (20, &SELLER, ZHUHAI),
            (21, &BANK, SHENZHEN),
            (22, &BIDDERS[0], ZHUHAI),
            (23, &BIDDERS[1], GUANGZHOU),
            (24, &BIDDERS[2], ZHONGSHAN),
        ] {
            let authority = &self.authorities[authority_of(party)];
            let holder = Holder::new(authority, party, serial, valid(stage))?;
            let actor = Actor { node: via, ..stage.actor(party)? };
            let act = holder.enrolment(stage, authority, party, &actor)?;
            let what = enrolled(party, authority);
            stage.act(&actor, Action::Enrol(act.clone()), what).await?;
            if party.key == SELLER.key {
                let what = words("the same enrolment a second time", "同一证书登记重复提交");
                stage.refused(&actor, Action::Enrol(act), "enrolment_replayed", what).await?;
            }
        }
        self.second_certificate(stage).await
    }

    /// Whether somebody is a bank or invites tenders is for a centre to say, not for a certificate.
    pub(super) async fn admit(&self, stage: &mut Stage<'_>, party: &Party) -> Result<(), Failure> {
        let act = Action::RegisterOrganisation(RegisterOrganisation {
            code: credit_code(party)?,
            name: party.name.parse().map_err(|e| strange(&e))?,
            region: CENTRES[party.at].region.parse().map_err(|e| strange(&e))?,
            roles: vec![party.role.into()],
            keys: Vec::new(),
        });
        let centre = stage.centre(party.at)?;
        let what = words(
            format!("admitted the {}, without keys", party.english),
            format!("准入{}（不含密钥）", party.name),
        );
        stage.act(&centre, act, what).await?;
        Ok(())
    }

    /// A party enrols with a certificate through the node of some city.
    pub(super) async fn enrol(
        &self,
        stage: &mut Stage<'_>,
        serial: u64,
        party: &Party,
        via: usize,
    ) -> Result<(), Failure> {
        let authority = &self.authorities[authority_of(party)];
        let holder = Holder::new(authority, party, serial, valid(stage))?;
        let actor = Actor { node: via, ..stage.actor(party)? };
        let act = holder.enrolment(stage, authority, party, &actor)?;
        stage.act(&actor, Action::Enrol(act), enrolled(party, authority)).await?;
        Ok(())
    }

    /// The authorities' next lists come in: what the ledger knows of revocations must not grow too old.
    pub(super) async fn renew_lists(&self, stage: &mut Stage<'_>) -> Result<(), Failure> {
        for authority in &self.authorities {
            let now = seconds(stage.clock());
            let serial = vec![u8::try_from(REVOKED).map_err(|e| strange(&e))?];
            let revoked =
                Revocation { serial, date: now, invalid_since: None, reason: Reason::KeyCompromise };
            let revoked = if authority.algorithm == Algorithm::Sm2 { vec![revoked] } else { Vec::new() };
            let act = authority.list(3, now, &revoked)?;
            let Words { en, zh } = &authority.title;
            let what = words(format!("recorded the next list of {en}"), format!("登记{zh}的新一期吊销列表"));
            let centre = stage.centre(authority.centre)?;
            stage.act(&centre, act, what).await?;
        }
        Ok(())
    }

    async fn refusals(&self, stage: &mut Stage<'_>) -> Result<(), Failure> {
        let (now, party) = (seconds(stage.clock()), &BIDDERS[0]);
        let (own, actor) = (&self.authorities[authority_of(party)], stage.actor(party)?);
        let old = Holder::new(own, party, 11, (now.saturating_sub(380 * DAY), now.saturating_sub(DAY)))?;
        let act = Action::Enrol(old.enrolment(stage, own, party, &actor)?);
        let what = words("enrolment with an expired certificate", "使用过期证书登记");
        stage.refused(&actor, act, "certificate_expired", what).await?;

        let other = Holder::new(own, &SELLER, 12, valid(stage))?;
        let act = Action::Enrol(other.enrolment(stage, own, party, &actor)?);
        let what = words("enrolment with another organisation's certificate", "使用其他主体的证书登记");
        stage.refused(&actor, act, "credit_code_differs", what).await?;

        let title = words("unknown CA", "未受信任的电子认证");
        let stranger = Authority::new(title, Algorithm::Ed25519, false, GUANGZHOU, now)?;
        let holder = Holder::new(&stranger, party, 13, valid(stage))?;
        let act = Action::Enrol(holder.enrolment(stage, &stranger, party, &actor)?);
        let what = words("enrolment under an authority that is not trusted", "使用未受信任机构的证书登记");
        stage.refused(&actor, act, "authority_unknown", what).await
    }

    /// A second certificate, of another authority, attaches to the same organisation.
    async fn second_certificate(&self, stage: &mut Stage<'_>) -> Result<(), Failure> {
        let (party, authority) = (&BIDDERS[1], &self.authorities[2]);
        let holder = Holder::new(authority, party, REVOKED, valid(stage))?;
        let actor = second_device(stage)?;
        let act = holder.enrolment(stage, authority, party, &actor)?;
        let what = words(
            format!("{} attached a second certificate, of {}", party.english, authority.title.en),
            format!("{}加挂第二张证书（{}）", party.name, authority.title.zh),
        );
        stage.act(&actor, Action::Enrol(act), what).await?;
        Ok(())
    }

    /// The authority revokes the second certificate; its list comes in through one centre and counts at every node.
    pub(super) async fn revoke_second_certificate(&self, stage: &mut Stage<'_>) -> Result<Actor, Failure> {
        let (authority, now) = (&self.authorities[2], seconds(stage.clock()));
        let serial = vec![u8::try_from(REVOKED).map_err(|e| strange(&e))?];
        let revoked = Revocation { serial, date: now, invalid_since: None, reason: Reason::KeyCompromise };
        let act = authority.list(2, now, &[revoked])?;
        let what =
            words("recorded a revocation list with one certificate", "登记证书吊销列表（吊销一张证书）");
        let centre = stage.centre(authority.centre)?;
        stage.act(&centre, act, what).await?;
        second_device(stage)
    }
}

/// One centre proposes, two others approve, and the first revocation list comes in.
async fn trust(stage: &mut Stage<'_>, authority: &Authority) -> Result<(), Failure> {
    let change = Change::TrustAuthority { terms: authority.terms()? };
    let proposer = stage.centre(authority.centre)?;
    let Words { en, zh } = &authority.title;
    let what = words(format!("proposed {en}"), format!("提议信任{zh}"));
    let proposed = stage.act(&proposer, Action::ProposeChange(ProposeChange { change }), what).await?;
    let change: ChangeId = proposed.id.parse().map_err(|e| strange(&e))?;
    for other in (0..CENTRES.len()).filter(|centre| *centre != authority.centre).take(2) {
        let (centre, what) = (stage.centre(other)?, words(format!("approved {en}"), format!("批准信任{zh}")));
        stage.act(&centre, Action::ApproveChange(ApproveChange { change }), what).await?;
    }
    let act = authority.list(1, seconds(stage.clock()), &[])?;
    let what = words(format!("recorded the revocation list of {en}"), format!("登记{zh}的吊销列表"));
    stage.act(&proposer, act, what).await?;
    Ok(())
}

/// The second bidder appoints a member of staff, who may quote up to a ceiling.
pub(super) async fn appoint_staff(stage: &mut Stage<'_>) -> Result<Actor, Failure> {
    let (party, key) = (&BIDDERS[1], stage.network().key(STAFF)?);
    let staff =
        Actor {
            title: words("staff of the bidder (Shenzhen)", "深圳竞买人的经办人"), key, node: GUANGZHOU
        };
    let public = staff.key.public_key();
    let proof = staff.key.sign(&delegated_key_bytes(stage.chain(), &credit_code(party)?, &public));
    // The salt stays with the organisation; the ledger has the hash alone.
    let person = [random_salt()?.as_slice(), "经办人".as_bytes()].concat();
    let ceiling = Amount::new(CEILING, Currency::Cny).map_err(|e| strange(&e))?;
    let act = Action::AppointStaff(AppointStaff {
        keys: vec![DelegatedKey { key: public, proof }],
        person: PersonHash::from_bytes(sha256(&person)),
        mandate: Mandate {
            roles: vec![Role::Bidder],
            scope: Scope { ceiling: Some(ceiling), ..Scope::default() },
            expires: stage.clock().plus(Span::from_millis(90 * DAY_MS)),
            read_only: false,
            second_approval_above: None,
        },
    });
    let principal = stage.actor(party)?;
    let what =
        words("appointed staff who may quote up to 90,000,000.00", "授权经办人，报价上限90000000.00元");
    stage.act(&principal, act, what).await?;
    Ok(staff)
}

fn second_device(stage: &mut Stage<'_>) -> Result<Actor, Failure> {
    let title = words("bidder (Shenzhen), second certificate", "深圳竞买人（第二张证书）");
    Ok(Actor { title, key: stage.network().key(SECOND_DEVICE)?, node: GUANGZHOU })
}

fn enrolled(party: &Party, authority: &Authority) -> Words {
    words(
        format!("{} enrolled with a certificate of {}", party.english, authority.title.en),
        format!("{}以{}的证书登记", party.name, authority.title.zh),
    )
}

/// From a month ago for a year.
fn valid(stage: &Stage<'_>) -> (u64, u64) {
    let now = seconds(stage.clock());
    (now.saturating_sub(30 * DAY), now.saturating_add(335 * DAY))
}

fn seconds(time: BlockTime) -> u64 {
    time.as_millis() / 1_000
}

fn fresh_key(algorithm: Algorithm) -> Result<SigningKey, Failure> {
    let seed = [random_salt()?, random_salt()?].concat();
    SigningKey::from_seed(algorithm, &seed).ok_or_else(|| strange(&"no keys of this kind are made here"))
}

fn der<const MAX: usize>(bytes: impl AsRef<[u8]>) -> Result<Bytes<MAX>, Failure> {
    Bytes::new(bytes.as_ref().to_vec()).map_err(|e| strange(&e))
}

fn credit_code(party: &Party) -> Result<CreditCode, Failure> {
    party.code.parse().map_err(|e| strange(&e))
}

const fn kind(algorithm: Algorithm) -> KeyAlgorithm {
    match algorithm {
        Algorithm::Ed25519 => KeyAlgorithm::Ed25519,
        Algorithm::EcdsaP256 => KeyAlgorithm::EcdsaP256,
        Algorithm::EcdsaP384 => KeyAlgorithm::EcdsaP384,
        Algorithm::Rsa => KeyAlgorithm::Rsa,
        Algorithm::Sm2 => KeyAlgorithm::Sm2,
    }
}
