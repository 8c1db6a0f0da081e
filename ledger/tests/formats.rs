//! Signed and stored bytes: pinned, described in docs/formats.md, and only one encoding of each.

mod support;

use ledger::action::Action;
use ledger::block::{self, Block, Header};
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType, vote_sign_bytes};
use ledger::codec::{Bytes, CodecError, encode};
use ledger::crypto::Signature;
use ledger::event::{Event, Recorded};
use ledger::evidence::{Evidence, SigningKind};
use ledger::governance::Change;
use ledger::governance::{
    Approval as GivenApproval, ChangeStatus, Cosigner, DoubleSigning, Era, ProposedChange, possession_bytes,
};
use ledger::hash::{DocumentHash, StateRoot, TransactionRoot, ValidatorSetHash};
use ledger::id::{
    AuthorityId, BidId, CertificateId, CertificateKeyId, ChainId, ChangeId, DealCode, DealKind, DelegationId,
    Height, IssuerId, TenderId,
};
use ledger::procedure::enrolment::{delegated_key_bytes, enrolment_bytes};
use ledger::procedure::panel::NameExpert;
use ledger::procedure::revocation::revocation_bytes;
use ledger::procedure::scores::RevealScores;
use ledger::record::authority::{
    AuthorityStanding, AuthorityStatus, CertificationAuthority, KeyAlgorithm, RevocationList, SerialNumber,
};
use ledger::record::bid::*;
use ledger::record::certificate::{
    AnyKey, Certificate, CertificateKeyHolder, Involvement, ListedRevocation, PathStep, Revocation,
    RevocationReason, RevocationSource, SharedKey,
};
use ledger::record::evaluation::*;
use ledger::record::guarantee::{Guarantee, GuaranteeStatus, ReleaseGround};
use ledger::record::listing::*;
use ledger::record::organisation::{FormerName, KeyHolder, Organisation, Role, Staff};
use ledger::record::project::{Industry, Project};
use ledger::record::seat::*;
use ledger::record::tender::{Objection, Tender, TenderStage};
use ledger::record::{Clock, Due, DueAt, Parameters, SteppedClock};
use ledger::rule::{RulePack, TradeKind};
use ledger::state::StateKey;
use ledger::state::keys::*;
use ledger::time::{BlockTime, Span};
use ledger::transaction::{
    self, Approval, Payload, TransactionError, Unverified, Verified, approval_bytes, sign,
};
use support::network::{Options, code, genesis, key};
use support::words::{Names, Words, action, letter, yuan};
use support::{Seeded, compare_or_update};

fn chain_id() -> ChainId {
    "test/0123456789abcdef".parse().unwrap()
}

fn names() -> Names {
    let day_zero = BlockTime::parse("2026-03-02T00:00:00+08:00").unwrap();
    Names::new(chain_id(), day_zero)
}

fn act(line: &str) -> Action {
    let words: Vec<&str> = line.split(' ').collect();
    action(words[0], &Words::of(words[1..].iter().copied()), &names())
}

const ACTS: [&str; 41] = [
    "register new roles=seller,bidder keys=new",
    "publish L",
    "issue G1",
    "deposit bank:G1",
    "quote 1010",
    "confirm L",
    "publicise L",
    "contract L",
    "release bank:G1",
    "advance 1d",
    "propose admit new",
    "approve C",
    "report zs",
    "enrol new keys=new,new_2 regions=440400 ceiling=500 ocsp=answer",
    "admit-role a role=guarantor",
    "appoint new clerk regions=440400 above=300",
    "revoke-mandate clerk",
    "revoke-certificate new proof=new",
    "record-list ca1.sub with=ca1.sub",
    "record-ocsp new",
    "report-shared new",
    "cosign for=gz",
    "seat gz",
    "project P",
    "tender T method=5000,4000,1000",
    "clarify T",
    "extend T",
    "object T",
    "answer T 1",
    "stamp-key",
    "bid T docs=1 arrived=d30 number=G1",
    "withdraw T",
    "shares T",
    "open-own T",
    "experts e1,e2",
    "mend T e1",
    "commit T",
    "reveal T marks=80/10.5,x6 dissent=mine",
    "name T e1@a",
    "award T",
    "sign T 2",
];

/// One of every kind of change, and of every reason for a removal.
const CHANGES: [&str; 13] = [
    "propose centre new keys=new",
    "propose admit new",
    "propose remove zs",
    "propose remove zs reason=other",
    "propose remove zs reason=zs",
    "propose rotate zs votes=zs_v2",
    "propose rules without=LL05",
    "propose trust ca1 with=ca1.sub policy=1.2.3",
    "propose suspend ca1",
    "propose reinstate ca1",
    "propose distrust ca1",
    "propose revoke new",
    "propose revoke new date=d0",
];

fn payload(line: &str) -> Payload {
    Payload { action: act(line), expiry: Height::new(7), salt: [0xa5; 16], approvals: Vec::new() }
}

fn signed(line: &str) -> Vec<u8> {
    sign(&chain_id(), &key("a"), &payload(line))
}

fn header() -> Header {
    Header {
        version: 1,
        height: Height::new(300),
        time: names().time("d0T09:00"),
        previous: block::Id::from_bytes([1; 32]),
        proposer: key("gz votes").public_key(),
        transaction_root: TransactionRoot::from_bytes([2; 32]),
        state_root: StateRoot::from_bytes([3; 32]),
        validators: ValidatorSetHash::from_bytes([4; 32]),
    }
}

fn certificate() -> CommitCertificate {
    let message = vote_sign_bytes(&chain_id(), VoteType::Precommit, Height::new(300), 2, Some(header().id()));
    let signer = key("gz votes");
    let signature = CommitSignature { public_key: signer.public_key(), signature: signer.sign(&message) };
    CommitCertificate {
        height: Height::new(300),
        round: 2,
        block_id: header().id(),
        signatures: vec![signature],
    }
}

fn listing() -> Listing {
    let Action::PublishListing(notice) = act("publish L") else { panic!("a notice") };
    let time = |text| names().time(text);
    Listing {
        code: names().listing("L"),
        seller: code("seller"),
        centre: notice.centre,
        title: notice.title,
        region: notice.region,
        resource: notice.resource,
        prices: notice.prices,
        published_at: time("d0T09:00"),
        opens_at: notice.opens_at,
        closes_at: notice.closes_at,
        terms: Terms {
            pack_version: 1,
            timed_bidding: Span::from_millis(300_000),
            extension: Span::from_millis(300_000),
            letters_valid_until: time("d78"),
        },
        stage: Stage::Publicised,
        qualified: 3,
        quoting: 2,
        quotes: 4,
        best: Some(BestQuote { bidder: code("b"), price: yuan("1010"), number: 4 }),
        stage_ends_at: Some(time("d52")),
        confirmation: BothSides { seller: Some(time("d33")), winner: Some(time("d34")) },
        contract: Some(Contract {
            document: DocumentHash::of(b"contract"),
            signed: BothSides { seller: None, winner: Some(time("d45")) },
        }),
        ended: Some(EndReason::NoContract),
        questioned: Vec::new(),
    }
}

fn guarantee() -> Guarantee {
    Guarantee {
        id: letter("bank:G1"),
        applicant: code("a"),
        beneficiary: code("seller"),
        listing: names().listing("L"),
        amount: yuan("200"),
        issued_at: names().time("d1"),
        expires_at: names().time("d90"),
        status: GuaranteeStatus::Released { ground: ReleaseGround::ReturnPeriod, at: names().time("d43") },
        certificate: None,
        questioned: None,
    }
}

/// One of every event, in the order of their numbers.
fn events() -> Vec<Event> {
    let (listing, bidder, price) = (names().listing("L"), code("b"), yuan("1010"));
    let (at, guarantee) = (names().time("d32"), letter("bank:G1"));
    let l = || listing.clone();
    vec![
        Event::OrganisationRegistered { organisation: code("new"), centre: code("gz") },
        Event::ListingPublished { listing: l(), seller: code("seller"), opens_at: at, closes_at: at },
        Event::ListingOpened { listing: l() },
        Event::GuaranteeIssued {
            guarantee: guarantee.clone(),
            listing: l(),
            applicant: code("a"),
            amount: price,
        },
        Event::BidderQualified { listing: l(), bidder: bidder.clone(), guarantee: guarantee.clone() },
        Event::QuoteRecorded { listing: l(), bidder: bidder.clone(), price, number: 4 },
        Event::TimedBiddingStarted { listing: l(), bidders: 2, ends_at: at },
        Event::TimedBiddingExtended { listing: l(), ends_at: at },
        Event::ListingConcluded { listing: l(), winner: bidder.clone(), price, confirm_by: at },
        Event::ListingEnded { listing: l(), reason: EndReason::BelowReserve },
        Event::DealConfirmed { listing: l(), by: bidder.clone(), complete: false },
        Event::ResultPublished { listing: l(), until: at },
        Event::PublicityEnded { listing: l(), contract_by: at },
        Event::ContractSigned { listing: l(), by: bidder, complete: true },
        Event::GuaranteeReleased { guarantee: guarantee.clone(), ground: ReleaseGround::Contract },
        Event::GuaranteeExpired { guarantee },
        Event::ClockAdvanced { by: Span::from_millis(86_400_000) },
        Event::ChangeProposed { change: change_id(), by: code("gz"), expires_at: at },
        Event::ChangeApproved { change: change_id(), by: code("sz") },
        Event::ChangeAdopted { change: change_id(), from: Height::new(301) },
        Event::ChangeExpired { change: change_id() },
        Event::MemberAdmitted { organisation: code("new"), from: Height::new(301) },
        Event::MemberRemoved { organisation: code("zs"), from: Height::new(301) },
        Event::KeysRotated { organisation: code("zs"), from: Height::new(301) },
        Event::RulesAdopted { version: 2, kind: TradeKind::LandListing },
        Event::DoubleSigningRecorded {
            double_signing: evidence("zs").id(),
            accused: key("zs votes").public_key(),
            organisation: code("zs"),
            height: Height::new(1),
            round: 0,
            kind: SigningKind::Prevote,
        },
        Event::ProjectRegistered { project: project().code, organiser: code("owner"), centre: code("zh") },
        Event::SeatKeyRegistered { epoch: 1, centre: code("gz") },
        Event::SealingEpochBegan { epoch: 1, ends_at: at },
        Event::CommitteeFormed { epoch: 1, seats: 4, needed: 3 },
        Event::TenderPublished {
            tender: tender().id,
            project: project().code,
            organiser: code("owner"),
            closes_at: at,
            committee: 1,
        },
        Event::TenderClarified { tender: tender().id, number: 1 },
        Event::DeadlineMoved { tender: tender().id, closes_at: at },
        Event::ObjectionRaised { tender: tender().id, number: 1, by: code("a"), answer_by: at },
        Event::ObjectionAnswered { tender: tender().id, number: 1, late: false },
        Event::StampKeyRegistered { centre: code("gz"), issuer: 1, period: 8104 },
        Event::BidSubmitted { tender: tender().id, bid: bid().id, replaces: None },
        Event::BidSubmitted {
            tender: tender().id,
            bid: bid().id,
            replaces: Some(BidId::from_bytes([4; 32])),
        },
        Event::BidWithdrawn { tender: tender().id, bid: bid().id },
        Event::TenderFailed { tender: tender().id, bids: 2 },
        Event::OpeningBegan { tender: tender().id, bids: 3, chunks: 1 },
        Event::SharesGiven { tender: tender().id, chunk: 0, seat: 1 },
        Event::BidOpened { tender: tender().id, bid: bid().id, status: BidStatus::Opened },
        Event::BidOpened {
            tender: tender().id,
            bid: bid().id,
            status: BidStatus::Rejected(BidFault::Superseded),
        },
        Event::TenderOpened { tender: tender().id, bids: 3, valid: 2, by_bidders: false },
        Event::SharesMissing { tender: tender().id, chunk: 0, centres: vec![code("gz")] },
        Event::OpeningStalled { tender: tender().id },
        Event::TenderAnnulled { tender: tender().id, unopened: 3 },
    ]
    .into_iter()
    .chain(events_of_evaluation(at))
    .chain(events_of_identity(at))
    .collect()
}

fn events_of_evaluation(at: BlockTime) -> Vec<Event> {
    let (tender, centre, price) = (tender().id, code("gz"), yuan("900000"));
    vec![
        Event::ExpertsEntered { centre, industry: Industry::Road, count: 2 },
        Event::PanelDrawn { tender, industry: Industry::Road, experts: vec![2, 1], missing: 3 },
        Event::ExpertExcused { tender, seat: 1, ground: ExcuseGround::Absence },
        Event::ScoresCommitted { tender, seat: 1 },
        Event::ScoresRevealed { tender, seat: 1 },
        Event::CandidatesOnDisplay { tender, lots: 1, rejected: 1, until: at },
        Event::AllBidsRejected { tender, rejected: 3 },
        Event::ExpertNamed { tender, seat: 1, name: "专家".parse().unwrap() },
        Event::EvaluationVoid { tender, seat: 1 },
        Event::DisplayEnded { tender },
        Event::LotAwarded { tender, lot: 1, winner: code("a"), price, contract_by: at },
        Event::AwardLapsed { tender, lot: 1, winner: code("a") },
        Event::LotContractSigned { tender, lot: 1, by: code("a"), complete: true },
        Event::TenderEnded { tender, stage: TenderStage::Contracted },
    ]
}

fn events_of_identity(at: BlockTime) -> Vec<Event> {
    let (authority, change, certificate) = (authority_id(), change_id(), certificate_id());
    let (organisation, listing) = (code("new"), names().listing("L"));
    let (key, by) = (key("clerk").public_key(), key("new").public_key());
    let o = || organisation.clone();
    let (holder, applicant) = (o(), code("other"));
    let any = AnyKey::Certificate(CertificateKeyId::from_bytes([9; 32]));
    vec![
        Event::AuthorityTrusted { authority, change },
        Event::AuthoritySuspended { authority, change },
        Event::AuthorityReinstated { authority, change },
        Event::AuthorityRemoved { authority, change },
        Event::OrganisationEnrolled { organisation: o(), certificate, authority, first: true },
        Event::OrganisationRenamed {
            organisation: o(),
            name: "新名".parse().unwrap(),
            former: "旧名".parse().unwrap(),
        },
        Event::RoleAdmitted { organisation: o(), role: Role::Guarantor, centre: code("gz") },
        Event::StaffAppointed { organisation: o(), key, by },
        Event::MandateRevoked { organisation: o(), key },
        Event::CertificateRevoked {
            certificate,
            organisation: o(),
            date: at,
            reason: RevocationReason::KeyCompromise,
        },
        Event::CertificateReleased { certificate, organisation: o() },
        Event::RevocationListRecorded { authority, this_update: at, entries: 2 },
        Event::CertificateChecked { certificate, this_update: at },
        Event::QuoteStruck { listing: listing.clone(), bidder: o(), number: 4, certificate },
        Event::ListingQuestioned { listing, certificate },
        Event::GuaranteeQuestioned { guarantee: letter("bank:G1"), certificate },
        Event::SharedKeyRecorded {
            shared_key: SharedKey::id_of(&any, &holder, &applicant),
            holder,
            applicant,
        },
        Event::SignedWhileStale { organisation: o(), certificate },
        Event::CosignerRegistered { organisation: o(), log_key: key, cosigning_key: by },
    ]
}

fn authority_id() -> AuthorityId {
    support::certificates::authority_id("ca1", &names())
}

fn certificate_id() -> CertificateId {
    support::certificates::certificate_id(&Words::of(["new"].into_iter()), "new", &names())
}

fn enrolment() -> ledger::procedure::enrolment::Enrol {
    let Action::Enrol(enrolment) = act(ACTS[13]) else { panic!("an enrolment") };
    enrolment
}

fn project() -> Project {
    let Action::RegisterProject(act) = act("project P") else { panic!("a project") };
    Project {
        code: "A034404002603020001".parse().unwrap(),
        organiser: code("owner"),
        centre: act.centre,
        name: act.name,
        region: act.region,
        industry: act.industry,
        approval: act.approval,
        documents: act.documents,
        registered_at: names().time("d1"),
        tenders: 1,
    }
}

fn tender() -> Tender {
    let Action::PublishTender(act) = act("tender T") else { panic!("a tender") };
    let code_of_tender = project().code.tender(1).unwrap();
    Tender {
        id: act.id(&code("owner")),
        deal: DealCode::issue(DealKind::Road, &code("zh"), 20_514, 7).unwrap(),
        project: project().code,
        sections: vec![code_of_tender.section(1).unwrap()],
        code: code_of_tender,
        organiser: code("owner"),
        centre: code("zh"),
        title: act.title,
        lots: act.lots,
        method: act.method,
        documents: act.documents,
        sale_until: act.sale_until,
        closes_at: act.closes_at,
        grace: act.grace,
        validity_days: act.validity_days,
        envelope: act.envelope,
        committee: 1,
        pack_version: 1,
        published_at: names().time("d1"),
        stage: TenderStage::Suspended,
        clarifications: 0,
        objections: 1,
        open_objections: 1,
        suspended_at: Some(names().time("d2")),
    }
}

/// Pins keys and values of the state that tenders write.
fn pin_tenders(pin: &mut impl FnMut(String, Vec<u8>)) {
    let (project, tender, at) = (project(), tender(), names().time("d2"));
    pin_entry(pin, "project", &ProjectKey(&project.code), &project);
    pin_entry(pin, "project sequence", &ProjectSequenceKey("A03440400260302"), &1);
    pin_entry(pin, "tender", &TenderKey(&tender.id), &tender);
    let (by, text, answer) = (code("a"), DocumentHash::of(b"text"), DocumentHash::of(b"answer"));
    let (answer_by, answered_at) = (names().time("d5"), Some(names().time("d3")));
    let objection = Objection { number: 1, by, text, at, answer_by, answer: Some(answer), answered_at };
    pin_entry(pin, "objection", &ObjectionKey(&tender.id, 1), &objection);
    pin_entry(pin, "objector", &ObjectorKey(&tender.id, &code("a")), &1);
    let epoch = SealingEpoch {
        number: 1,
        began_at: at,
        forms_at: names().time("d3"),
        ends_at: names().time("d92"),
        formed: true,
        chain: chain_id(),
    };
    pin_entry(pin, "sealing epoch", &SealingEpochKey, &epoch);
    let key = SeatPublicKey::from_bytes([9; 32]);
    let seat_key = SeatKey { epoch: 1, centre: code("gz"), key, at };
    pin_entry(pin, "seat key", &SeatKeyKey(1, &code("gz")), &seat_key);
    pin_entry(pin, "seat key holder", &SeatKeyHolderKey(&key), &code("gz"));
    let seats = ["gz", "sz", "zh", "zs"].map(|name| Seat { centre: code(name), key }).to_vec();
    let committee = Committee { id: CommitteeId([8; 64]), epoch: 1, k: 3, seats, formed_at: at };
    pin_entry(pin, "committee", &CommitteeKey(1), &committee);
    pin_bids(pin, &tender);
}

fn bid() -> Bid {
    let Action::SubmitBid(act) = act("bid T docs=1 number=G1") else { panic!("a bid") };
    Bid {
        tender: tender().id,
        key: key("k1").public_key(),
        sequence: 1,
        version: 1,
        id: BidId::from_bytes([3; 32]),
        order: 1,
        dealing: act.dealing,
        documents: act.documents.into_iter().map(|stored| stored.document).collect(),
        at: names().time("d2"),
        status: BidStatus::Live,
        secret: None,
    }
}

/// An offer with everything in it.
fn offer() -> Offer {
    let bytes = |byte, count| vec![byte; count];
    let letter = BondLetter {
        chain: chain_id(),
        tender: tender().id,
        guarantor: code("bank"),
        number: "G1".parse().unwrap(),
        principal: code("a"),
        amount: yuan("20000"),
        valid_until: names().time("d92"),
        bind: Bytes::new(bytes(5, 64)).unwrap(),
    };
    let (bank, signature) = (key("bank").public_key(), Signature::from_bytes([6; 64]));
    let opening = Bytes::new(bytes(7, 32)).unwrap();
    let entry =
        DocumentEntry { name: "投标函".parse().unwrap(), hash: DocumentHash::of(b"plain"), len: 900 };
    Offer {
        bidder: code("a"),
        key: key("a").public_key(),
        prices: vec![LotPrice { lot: 1, price: yuan("900000") }],
        documents: vec![entry],
        bond: Some(BidBond { letter, key: bank, signature, opening }),
    }
}

/// Pins keys and values of the state that sealed bids write, and what an envelope holds.
fn pin_bids(pin: &mut impl FnMut(String, Vec<u8>), tender: &Tender) {
    let (bid, id) = (bid(), tender.id);
    let secret = Some(BidSecret::from_bytes([8; 32]));
    let statuses = [
        BidStatus::Live,
        BidStatus::Withdrawn,
        BidStatus::Opened,
        BidStatus::Malformed,
        BidStatus::Rejected(BidFault::Guarantee),
    ];
    for status in statuses {
        let secret = secret.filter(|_| !matches!(status, BidStatus::Live | BidStatus::Withdrawn));
        pin_entry(pin, "bid", &BidKey(&bid.key), &Bid { status, secret, ..bid.clone() });
    }
    let dealer = DealerKey::from_bytes([9; 32]);
    let live = LiveBid { id: bid.id, key: bid.key, dealer };
    pin_entry(pin, "live bid", &LiveBidKey(&id, &bid.id), &live);
    pin_entry(pin, "envelope", &EnvelopeKey(&bid.id), &Bytes::new(vec![1; 17]).unwrap());
    pin_entry(pin, "bid tally", &BidTallyKey(&id), &BidTally { taken: 3, live: 2 });
    let root = Bytes::new(vec![2; 64]).unwrap();
    let began_at = names().time("d32");
    let opening = Opening { root, began_at, bids: 3, chunks: 1, left: 2, valid: 1, by_bidders: true };
    pin_entry(pin, "opening", &OpeningKey(&id), &opening);
    let chunk = Chunk { bids: vec![live], seats: vec![1, 2], opened: false };
    pin_entry(pin, "chunk", &ChunkKey(&id, 0), &chunk);
    pin_entry(pin, "seat shares", &SharesKey(&id, 0, 1), &Bytes::new(vec![3; 32]).unwrap());
    let opened = OpenedBid { key: bid.key, order: 1, offer: offer() };
    pin_entry(pin, "opened bid", &OpenedBidKey(&id, &code("a")), &opened);
    pin_entry(pin, "bid bond", &BidBondKey(&letter("bank:G1")), &id);
    pin_entry(pin, "dealer key", &DealerKeyKey(1, &dealer), &bid.key);
    pin_entry(pin, "issuer count", &IssuerCountKey, &1);
    pin_entry(pin, "issuer number", &IssuerNumberKey(&code("gz")), &1);
    let (centre, modulus) = (code("gz"), Bytes::new(vec![4; 384]).unwrap());
    let stamp_key = StampKey { centre, issuer: 1, period: 8104, modulus, at: names().time("d2") };
    pin_entry(pin, "stamp key", &StampKeyKey(1, 8104), &stamp_key);
    let payload = BidPayload { offer: offer(), signature: Signature::from_bytes([6; 64]) };
    pin("bid-payload".to_owned(), encode(&payload));
    pin_evaluation(pin, &id);
}

fn pin_evaluation(pin: &mut impl FnMut(String, Vec<u8>), id: &TenderId) {
    let (industry, at, public) = (Industry::Road, names().time("d31"), key("e1").public_key());
    let Action::NameExpert(NameExpert { card, .. }) = act("name T e1@a") else { panic!("a name") };
    let Action::RevealScores(RevealScores { sheet, salt, .. }) = act("reveal T marks=80/10.5,x6") else {
        panic!("scores")
    };
    let expert = Expert { number: 1, centre: code("gz"), key: public, card: card.hash(), at };
    pin_entry(pin, "expert", &ExpertKey(industry, 1), &expert);
    let standing = ExpertStanding { industry, number: 1, panel: Some(*id) };
    pin_entry(pin, "expert standing", &ExpertStandingKey(&public), &standing);
    pin_entry(pin, "pool tally", &PoolTallyKey(industry), &PoolTally { entered: 2, free: 1 });
    let committed = Some(sheet.hash(id, &public, &salt));
    let named = PanelSeat { expert, excused: None, sheet: committed, revealed: true, card: Some(card) };
    let left = PanelSeat { excused: Some(ExcuseGround::Conflict), sheet: None, card: None, ..named.clone() };
    let evaluation = Evaluation {
        beacon: Beacon::from_bytes([5; 32]),
        opened_at: at,
        members: 5,
        seats: vec![named, left],
        ranked_at: Some(at),
        display_until: Some(at),
        lots_left: 1,
    };
    pin_entry(pin, "evaluation", &EvaluationKey(id), &evaluation);
    pin_entry(pin, "score sheet", &SheetKey(id, 1), &sheet);
    let (document, signed) = (DocumentHash::of(b"contract"), BothSides { seller: Some(at), winner: None });
    let result = LotResult {
        candidates: vec![Candidate { bidder: code("a"), price: yuan("900000"), score: 9_024 }],
        lapsed: 0,
        awarded_at: Some(at),
        contract_by: Some(at),
        contract: Some(Contract { document, signed }),
    };
    pin_entry(pin, "lot result", &LotResultKey(id, 1), &result);
}

fn change_id() -> ChangeId {
    ChangeId::from_bytes([6; 32])
}

fn evidence(line: &str) -> Evidence {
    support::governance::evidence(&Words::of(line.split(' ')), &names())
}

/// A change that two members have approved.
fn proposed_change(status: ChangeStatus) -> ProposedChange {
    let Action::ProposeChange(act) = act("propose remove zs") else { panic!("a proposal") };
    let approval = |who, at| GivenApproval { organisation: code(who), at: names().time(at) };
    ProposedChange {
        id: change_id(),
        change: act.change,
        proposer: code("gz"),
        proposed_at: names().time("d1"),
        expires_at: names().time("d31"),
        approvals: vec![approval("gz", "d1"), approval("sz", "d2")],
        status,
    }
}

fn dues() -> Vec<Due> {
    let listing = names().listing("L");
    vec![
        Due::ListingOpens(listing.clone()),
        Due::ListingCloses(listing.clone()),
        Due::TimedBiddingEnds(listing.clone()),
        Due::ConfirmationDue(listing.clone()),
        Due::PublicityEnds(listing.clone()),
        Due::ContractDue(listing.clone()),
        Due::ReleaseDue(listing),
        Due::GuaranteeExpires(letter("bank:G1")),
        Due::ChangeExpires(change_id()),
        Due::RevocationReachesListing(certificate_id(), None),
        Due::RevocationReachesListing(certificate_id(), Some(names().listing("L"))),
        Due::RevocationReachesLetters(certificate_id(), None),
        Due::RevocationReachesLetters(certificate_id(), Some("G1".parse().unwrap())),
        Due::CommitteeForms(1),
        Due::SealingEpochEnds(1),
        Due::TenderOpens(tender().id),
        Due::OpeningStalls(tender().id),
        Due::OpeningAnnulled(tender().id),
        Due::DisplayEnds(tender().id),
        Due::AwardLapses(tender().id, 2),
    ]
}

/// Every format with one value of it, by name.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let genesis = genesis(&Options { stepped: true, ..Options::default() });
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut pin = |name: String, bytes: Vec<u8>| all.push((name, bytes));
    for line in ACTS {
        pin(format!("payload {}", act(line).name()), encode(&payload(line)));
    }
    for line in CHANGES {
        let Action::ProposeChange(proposal) = act(line) else { panic!("a proposal") };
        pin(format!("change {}", proposal.change.name()), encode(&proposal.change));
    }
    for line in ["zs", "zs kind=precommit", "zs kind=proposal"] {
        pin(format!("evidence {}", evidence(line).kind().name()), evidence(line).encode());
    }
    let member = genesis.validators.at(0).unwrap();
    pin("possession".into(), possession_bytes(&chain_id(), member));
    let (chain, delegation) = (chain_id(), enrolment().delegation);
    pin("delegated-key".into(), delegated_key_bytes(&chain, &code("new"), &key("new").public_key()));
    pin("enrolment".into(), enrolment_bytes(&chain, &delegation));
    pin("revocation-statement".into(), revocation_bytes(&chain, &certificate_id()));
    let approving = Approval { key: key("a.2").public_key(), signature: key("a.2").sign(b"") };
    let approved = Payload { approvals: vec![approving], ..payload("quote 1010") };
    pin("approval-structure".into(), approval_bytes(&chain, &key("a").public_key(), &approved));
    pin("payload approved".into(), encode(&approved));
    pin("transaction".into(), signed("quote 1010"));
    pin("header".into(), header().encode());
    let block = Block { header: header(), transactions: vec![signed("quote 1010"), signed("confirm L")] };
    pin("block".into(), block.encode());
    let vote = |vote, block| vote_sign_bytes(&chain_id(), vote, Height::new(300), 2, block);
    pin("vote prevote".into(), vote(VoteType::Prevote, Some(header().id())));
    pin("vote precommit nil".into(), vote(VoteType::Precommit, None));
    pin("certificate".into(), certificate().encode());
    let id = transaction::Id::from_bytes([5; 32]);
    for event in events() {
        let name = format!("event {}", support::table::event_name(&event));
        pin(name, encode(&Recorded { transaction: Some(id), event }));
    }
    let due = Event::ListingOpened { listing: names().listing("L") };
    pin("event without a transaction".into(), encode(&Recorded { transaction: None, event: due }));
    pin_state(&mut pin, &genesis);
    all
}

/// Pins a key and its value.
fn pin_entry<K: StateKey>(pin: &mut impl FnMut(String, Vec<u8>), name: &str, key: &K, value: &K::Value) {
    pin(format!("key {name}"), key.key());
    pin(format!("value {name}"), encode(value));
}

/// Pins keys and values of the state.
fn pin_state(pin: &mut impl FnMut(String, Vec<u8>), genesis: &ledger::genesis::Genesis) {
    let (listing_code, day) = (names().listing("L"), genesis.time.china_day());
    pin_entry(pin, "parameters", &ParametersKey, &genesis.parameters);
    let real = Parameters { clock: Clock::Real, ..genesis.parameters.clone() };
    pin_entry(pin, "parameters with a real clock", &ParametersKey, &real);
    pin_entry(pin, "rules", &RulesKey(TradeKind::LandListing), &genesis.rules);
    pin_entry(pin, "validators", &ValidatorsKey, &genesis.validators);
    pin_entry(pin, "stepped clock", &SteppedClockKey, &SteppedClock { reads: genesis.time });
    let organisation = Organisation {
        code: code("trader"),
        name: "珠海贸易".parse().unwrap(),
        region: "440400".parse().unwrap(),
        roles: vec![Role::Seller, Role::Bidder],
        admitted_by: code("gz"),
        admitted_at: genesis.time,
        named_from: None,
        former_names: Vec::new(),
    };
    pin_entry(pin, "organisation", &OrganisationKey(&code("trader")), &organisation);
    let holder = KeyHolder::registered(code("trader"));
    pin_entry(pin, "key holder", &KeyHolderKey(&key("trader").public_key()), &holder);
    pin_entry(pin, "listing", &ListingKey(&listing_code), &listing());
    let guarantee_id = letter("bank:G1");
    let (bidder, at) = (code("a"), names().time("d22"));
    let qualification = Qualification {
        bidder: bidder.clone(),
        guarantee: guarantee_id.clone(),
        at,
        quotes: 2,
        certificates: vec![],
    };
    pin_entry(pin, "qualification", &QualificationKey(&listing_code, &bidder), &qualification);
    let quote = Quote { number: 4, bidder, price: yuan("1010"), at, certificate: None, struck: None };
    pin_entry(pin, "quote", &QuoteKey(&listing_code, 4), &quote);
    pin_entry(pin, "deal sequence", &DealSequenceKey(&code("gz"), day), &7);
    pin_entry(pin, "guarantee", &GuaranteeKey(&guarantee_id), &guarantee());
    for status in [GuaranteeStatus::Issued, GuaranteeStatus::Deposited, GuaranteeStatus::Expired] {
        pin_entry(pin, "guarantee", &GuaranteeKey(&guarantee_id), &Guarantee { status, ..guarantee() });
    }
    pin_governance(pin, genesis);
    pin_identity(pin, genesis);
    pin_tenders(pin);
    for due in dues() {
        let at = DueAt { time: names().time("d32"), due };
        pin_entry(pin, "due", &DueKey(&at), &at.due);
    }
}

/// Pins keys and values of the state that certificates write, and what they add to other records.
fn pin_identity(pin: &mut impl FnMut(String, Vec<u8>), genesis: &ledger::genesis::Genesis) {
    let (at, time) = (names().time("d1"), genesis.time);
    let required = Parameters { certificates_required: true, ..genesis.parameters.clone() };
    pin_entry(pin, "parameters with certificates required", &ParametersKey, &required);
    let Action::ProposeChange(proposal) = act(CHANGES[7]) else { panic!("a proposal") };
    let Change::TrustAuthority { terms } = proposal.change else { panic!("an authority") };
    let (id, change) = (authority_id(), change_id());
    let standing = AuthorityStanding { status: AuthorityStatus::Suspended, freshness: terms.freshness };
    let entry = CertificationAuthority {
        id,
        terms,
        first_trusted_at: time,
        status: AuthorityStatus::Trusted,
        since: at,
        change,
    };
    pin_entry(pin, "authority", &AuthorityKey(&id), &entry);
    pin_entry(pin, "authority standing", &AuthorityStandingKey(&id), &standing);
    pin_entry(pin, "authority count", &AuthorityCountKey, &2);
    let (issuer, serial) = (IssuerId::from_bytes([8; 32]), SerialNumber::new(vec![1, 2]).unwrap());
    let list = RevocationList {
        number: serial.clone(),
        this_update: time,
        next_update: at,
        entries: 2,
        recorded_by: code("gz"),
        recorded_at: at,
    };
    pin_entry(pin, "revocation list", &RevocationListKey(&id, &issuer), &list);
    let listed = ListedRevocation { date: at, reason: RevocationReason::Superseded };
    pin_entry(pin, "listed revocation", &ListedRevocationKey(&id, &issuer, &serial), &listed);
    let certificate = Certificate {
        id: certificate_id(),
        authority: id,
        issuer,
        serial: serial.clone(),
        organisation: code("new"),
        algorithm: KeyAlgorithm::Sm2,
        key: CertificateKeyId::from_bytes([9; 32]),
        not_before: time,
        not_after: at,
        enrolled_at: at,
        revocation: Some(Revocation {
            date: at,
            reason: RevocationReason::KeyCompromise,
            source: RevocationSource::Members(change),
            as_of: at,
            recorded_at: at,
        }),
        checked_at: Some(at),
        path: vec![PathStep { issuer, serial: serial.clone() }],
        hold: None,
    };
    pin_entry(pin, "certificate", &CertificateKey(&certificate.id), &certificate);
    let (reason, source) = (RevocationReason::CertificateHold, RevocationSource::Ocsp);
    let hold = certificate.revocation.map(|revocation| Revocation { reason, source, ..revocation });
    let held = Certificate { id: CertificateId::from_bytes([6; 32]), hold, ..certificate.clone() };
    pin_entry(pin, "certificate on hold", &CertificateKey(&held.id), &held);
    pin_entry(pin, "serial", &SerialKey(&id, &issuer, &serial), &certificate.id);
    let holder = CertificateKeyHolder { organisation: code("new"), certificate: certificate.id };
    pin_entry(pin, "certificate key holder", &CertificateKeyHolderKey(&certificate.key), &holder);
    let delegation = DelegationId::from_bytes([7; 32]);
    pin_entry(pin, "delegation", &DelegationKey(&delegation), &certificate.id);
    let involved = Involvement { first_quote: Some(4), other_act: Some(at) };
    pin_entry(pin, "involvement", &InvolvementKey(&certificate.id, &names().listing("L")), &involved);
    let (any, other) = (AnyKey::Ledger(key("new").public_key()), code("other"));
    let shared = SharedKey {
        id: SharedKey::id_of(&any, &holder.organisation, &other),
        key: any,
        holder: holder.organisation,
        applicant: other,
        certificate: certificate.id,
        reported_by: code("gz"),
        reported_at: at,
    };
    pin_entry(pin, "shared key", &SharedKeyKey(&shared.id), &shared);
    let Action::AppointStaff(appointment) = act(ACTS[15]) else { panic!("an appointment") };
    let clerk = KeyHolder {
        mandate: Some(appointment.mandate),
        certificate: Some(certificate.id),
        staff: Some(Staff {
            person: appointment.person,
            appointed_by: key("new").public_key(),
            appointed_at: at,
        }),
        revoked: Some(at),
        ..KeyHolder::registered(code("new"))
    };
    pin_entry(pin, "key holder", &KeyHolderKey(&key("clerk").public_key()), &clerk);
    let questioned = vec![certificate.id];
    pin_entry(pin, "listing", &ListingKey(&names().listing("L")), &Listing { questioned, ..listing() });
    let letter = Guarantee { certificate: Some(certificate.id), questioned: Some(at), ..guarantee() };
    pin_entry(pin, "guarantee", &GuaranteeKey(&letter.id), &letter);
    let quote = Quote {
        number: 4,
        bidder: code("new"),
        price: yuan("1010"),
        at,
        certificate: Some(certificate.id),
        struck: Some(at),
    };
    pin_entry(pin, "quote", &QuoteKey(&names().listing("L"), 4), &quote);
    let qualification = Qualification {
        bidder: code("new"),
        guarantee: letter.id,
        at,
        quotes: 2,
        certificates: vec![certificate.id],
    };
    let (listing, bidder) = (names().listing("L"), code("new"));
    pin_entry(pin, "qualification", &QualificationKey(&listing, &bidder), &qualification);
    let former = FormerName { name: "旧名".parse().unwrap(), until: at };
    let renamed = Organisation {
        code: code("new"),
        name: "新名".parse().unwrap(),
        region: "440400".parse().unwrap(),
        roles: vec![Role::Bidder],
        admitted_by: code("new"),
        admitted_at: at,
        named_from: Some(time),
        former_names: vec![former],
    };
    pin_entry(pin, "organisation", &OrganisationKey(&code("new")), &renamed);
}

/// Pins keys and values of the state that governance writes.
fn pin_governance(pin: &mut impl FnMut(String, Vec<u8>), genesis: &ledger::genesis::Genesis) {
    let era = Era { from: Height::new(300), validators: genesis.validators.clone() };
    pin_entry(pin, "era", &EraKey(era.from), &era);
    pin_entry(pin, "former rules", &FormerRulesKey(TradeKind::LandListing, 1), &genesis.rules);
    let small = RulePack {
        rules: genesis.rules.rules[..1].to_vec(),
        kind: TradeKind::ConstructionTender,
        ..genesis.rules.clone()
    };
    pin_entry(pin, "rules", &RulesKey(small.kind), &small);
    pin_entry(pin, "former rules", &FormerRulesKey(small.kind, 1), &small);
    for status in [ChangeStatus::Open, ChangeStatus::Adopted(Height::new(301)), ChangeStatus::Expired] {
        pin_entry(pin, "proposed change", &ChangeKey(&change_id()), &proposed_change(status));
    }
    pin_entry(pin, "open changes", &OpenChangesKey(&code("gz")), &2);
    let evidence = evidence("zs");
    let record = DoubleSigning {
        id: evidence.id(),
        evidence,
        organisation: code("zs"),
        reported_by: code("gz"),
        reported_at: names().time("d1"),
    };
    pin_entry(pin, "double signing", &DoubleSigningKey(&record.id), &record);
    let (log_key, cosigning_key) = (key("gz log").public_key(), key("gz cosigns").public_key());
    let record = Cosigner { organisation: code("gz"), log_key, cosigning_key, since: Height::new(300) };
    pin_entry(pin, "cosigner", &CosignerKey(&record.organisation), &record);
    pin_entry(pin, "cosigner holder", &CosignerHolderKey(&log_key), &record.organisation);
}

/// Formats are promises: a change of this file is a decision, and needs a new version.
#[test]
fn encodings_are_pinned() {
    let now: String =
        fixtures().iter().map(|(name, bytes)| format!("{name}\n  {}\n", hex::encode(bytes))).collect();
    compare_or_update(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats.hex"), &now);
}

#[test]
fn signed_values_come_back_from_their_bytes() {
    for line in ACTS {
        let bytes = signed(line);
        let read = Verified::decode(&chain_id(), &bytes).unwrap();
        assert_eq!(
            (read.payload(), read.bytes(), read.key()),
            (&payload(line), &bytes[..], key("a").public_key())
        );
    }
    assert_eq!(Header::decode(&header().encode()), Ok(header()));
    assert_eq!(CommitCertificate::decode(&certificate().encode()), Ok(certificate()));
    let block = Block { header: header(), transactions: vec![signed("quote 1"), vec![]] };
    assert_eq!(Block::decode(&block.encode()), Ok(block));
}

fn unverified(bytes: &[u8]) -> Result<Unverified, TransactionError> {
    Unverified::decode(&chain_id(), bytes)
}

/// Flips bits of every byte: the result is not a transaction, or another one that nobody signed.
#[test]
fn every_corruption_of_a_transaction_shows() {
    for line in ACTS {
        let good = signed(line);
        let id = unverified(&good).unwrap().id();
        for index in 0..good.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[index] ^= mask;
                let Ok(read) = unverified(&bad) else { continue };
                let same_content = read.id() == id;
                assert!(read.verify().is_err(), "{line}: byte {index} ^ {mask:#x} verifies");
                // What is left the same is the content; then the signature was hit, at the end.
                assert!(!same_content || index >= good.len() - 64, "{line}: byte {index} ^ {mask:#x}");
            }
        }
    }
}

#[test]
fn truncations_and_trailing_bytes_are_refused() {
    let good = signed("publish L");
    for length in 0..good.len() {
        assert!(matches!(unverified(&good[..length]), Err(TransactionError::Codec(_))), "{length}");
    }
    for tail in [&[0x00][..], &[0xf6], &good] {
        let long = [&good[..], tail].concat();
        assert_eq!(unverified(&long).err(), Some(CodecError::NotDeterministic.into()));
    }
    let huge = vec![0; block::MAX_LEAF_BYTES + 1];
    let too_long = CodecError::TooLong { max: block::MAX_LEAF_BYTES, found: huge.len() };
    assert_eq!(unverified(&huge).err(), Some(too_long.into()));
}

/// Bytes of a COSE_Sign1 with this payload, rightly signed: what a careless client would send.
fn envelope(payload: &[u8], protected: &[u8]) -> Vec<u8> {
    let text = b"Signature1";
    let mut structure = vec![0x84, 0x60 | text.len() as u8];
    structure.extend_from_slice(text);
    for part in [protected, chain_id().as_bytes(), payload] {
        structure.extend(encode(&minicbor::bytes::ByteVec::from(part.to_vec())));
    }
    let signature = key("a").sign(&structure);
    let mut out = vec![0xd2, 0x84];
    out.extend(encode(&minicbor::bytes::ByteVec::from(protected.to_vec())));
    out.push(0xa0);
    out.extend(encode(&minicbor::bytes::ByteVec::from(payload.to_vec())));
    out.extend(encode(&minicbor::bytes::ByteVec::from(signature.as_bytes().to_vec())));
    out
}

fn protected() -> Vec<u8> {
    let mut protected = vec![0xa2, 0x01, 0x27, 0x04, 0x58, 0x20];
    protected.extend_from_slice(key("a").public_key().as_bytes());
    protected
}

/// Replaces bytes once.
fn with(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at =
        bytes.windows(from.len()).position(|window| window == from).expect("the bytes to replace are there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// The same value in other encodings: RFC 8949 allows them, section 4.2.1 names one.
#[test]
fn other_encodings_of_a_payload_are_refused() {
    let good = encode(&payload("quote 1010"));
    // Map of 3: 0 action, 1 expiry 7, 2 salt.
    let (expiry, salt) = ([0x01, 0x07], [&[0x02, 0x50][..], &[0xa5; 16]].concat());
    let action = good[2..good.len() - expiry.len() - salt.len()].to_vec();
    let map = |parts: &[&[u8]]| [&[0xa0 | parts.len() as u8][..], &parts.concat()].concat();
    let action_field = [&[0x00][..], &action].concat();
    assert_eq!(map(&[&action_field, &expiry, &salt]), good);
    assert!(unverified(&envelope(&good, &protected())).unwrap().verify().is_ok());
    assert_eq!(envelope(&good, &protected()), signed("quote 1010"));

    let longer_text = with(&good, &[0x78, 0x28], &[0x79, 0x00, 0x28]);
    let indefinite = [&[0xbf][..], &good[1..], &[0xff]].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("keys in another order", map(&[&expiry, &action_field, &salt])),
        ("a key twice", map(&[&action_field, &expiry, &expiry, &salt])),
        ("an unknown key", map(&[&action_field, &expiry, &salt, &[0x03, 0x00]])),
        ("a missing key", map(&[&action_field, &salt])),
        ("a longer integer", map(&[&action_field, &[0x01, 0x18, 0x07], &salt])),
        ("a much longer integer", map(&[&action_field, &[0x01, 0x1b, 0, 0, 0, 0, 0, 0, 0, 0x07], &salt])),
        ("a float", map(&[&action_field, &[0x01, 0xf9, 0x47, 0x00], &salt])),
        ("a negative height", map(&[&action_field, &[0x01, 0x26], &salt])),
        ("a tagged integer", map(&[&action_field, &[0x01, 0xc2, 0x41, 0x07], &salt])),
        ("a longer text length", longer_text),
        ("an indefinite map", indefinite),
        ("an indefinite byte string", with(&good, &[0x02, 0x50], &[0x02, 0x5f, 0x50])),
        ("a salt of 15 bytes", map(&[&action_field, &expiry, &salt[..1], &[0x4f], &[0xa5; 15]])),
        ("a text for a byte string", with(&good, &[0x02, 0x50], &[0x02, 0x70])),
        ("an unknown act", with(&good, &[0x82, 0x05], &[0x82, 0x18, 0x63])),
        ("a tail", [&good[..], &[0x00]].concat()),
        ("nothing", vec![]),
        ("nesting without end", vec![0x81; 60_000]),
        ("a promise of much", vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (name, bytes) in cases {
        assert_ne!(bytes, good, "{name}");
        let found = unverified(&envelope(&bytes, &protected())).err();
        assert!(matches!(found, Some(TransactionError::Codec(_))), "{name}: {found:?}");
    }
}

#[test]
fn the_envelope_has_one_form() {
    let payload = encode(&payload("quote 1010"));
    let good = envelope(&payload, &protected());
    let refused = |bytes: &[u8]| unverified(bytes).err();
    let codec = |bytes: Vec<u8>| matches!(refused(&bytes), Some(TransactionError::Codec(_)));
    assert!(codec(good[1..].to_vec()), "no tag");
    assert!(codec(with(&good, &[0xd2], &[0xd8, 0x12])), "a longer tag");
    assert!(codec(with(&good, &[0xd2], &[0xd8, 0x62])), "the tag of COSE_Sign");
    assert!(codec(with(&good, &[0x84], &[0x9f])), "an indefinite array");
    assert!(codec(with(&good, &[0xd2, 0x84], &[0xd2, 0x85])), "an array of five");
    let unprotected = [&good[..3 + protected().len() + 1], &[0xa1, 0x01, 0x01]].concat();
    assert!(codec(unprotected), "an unprotected header");

    let key = key("a").public_key();
    let with_key = |head: &[u8], tail: &[u8]| [head, key.as_bytes(), tail].concat();
    let headers: Vec<(&str, Vec<u8>)> = vec![
        ("Ed25519 of RFC 9864", with_key(&[0xa2, 0x01, 0x32, 0x04, 0x58, 0x20], &[])),
        ("ES256", with_key(&[0xa2, 0x01, 0x26, 0x04, 0x58, 0x20], &[])),
        ("another order", with_key(&[0xa2, 0x04, 0x58, 0x20], &[0x01, 0x27])),
        ("no algorithm", with_key(&[0xa1, 0x04, 0x58, 0x20], &[])),
        ("a third parameter", with_key(&[0xa3, 0x01, 0x27, 0x03, 0x00, 0x04, 0x58, 0x20], &[])),
        ("a longer length", with_key(&[0xa2, 0x01, 0x27, 0x04, 0x59, 0x00, 0x20], &[])),
        ("nothing", vec![]),
    ];
    for (name, header) in headers {
        assert_eq!(refused(&envelope(&payload, &header)), Some(TransactionError::Header), "{name}");
    }
}

#[test]
fn a_signature_means_nothing_on_another_chain() {
    let bytes = signed("quote 1010");
    let other: ChainId = "test/0123456789abcdee".parse().unwrap();
    let there = Unverified::decode(&other, &bytes).unwrap();
    assert_ne!(there.id(), unverified(&bytes).unwrap().id());
    assert!(there.verify().is_err());
}

#[test]
fn the_same_content_is_the_same_transaction() {
    let id = |payload: &Payload, who: &str| {
        Verified::decode(&chain_id(), &sign(&chain_id(), &key(who), payload)).unwrap().id()
    };
    let one = payload("quote 1010");
    assert_eq!(id(&one, "a"), id(&one, "a"));
    let salted = Payload { salt: [0; 16], ..one.clone() };
    let later = Payload { expiry: Height::new(8), ..one.clone() };
    for other in [salted, later, payload("quote 1020")] {
        assert_ne!(id(&one, "a"), id(&other, "a"));
    }
    assert_ne!(id(&one, "a"), id(&one, "b"));
    // The id does not cover the signature: another one under the same content is the same transaction.
    let mut bytes = sign(&chain_id(), &key("a"), &one);
    *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(unverified(&bytes).unwrap().id(), id(&one, "a"));
}

/// Bytes without meaning, and meaning with random damage, into every decoder that faces the outside.
#[test]
fn no_bytes_upset_a_decoder() {
    let mut random = Seeded(99);
    let originals: Vec<Vec<u8>> = fixtures().into_iter().map(|(_, bytes)| bytes).collect();
    for _ in 0..20_000 {
        let mut bytes = random.pick(&originals).clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() as u64 + 1) as usize;
            match random.below(3) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, random.next() as u8),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.next() as u8),
            }
        }
        let _ = unverified(&bytes);
        let _ = ledger::codec::decode::<Payload>(&bytes, 65_535);
        if let Ok(block) = Block::decode(&bytes) {
            assert_eq!(block.encode(), bytes);
        }
        if let Ok(header) = Header::decode(&bytes) {
            assert_eq!(header.encode(), bytes);
        }
        if let Ok(certificate) = CommitCertificate::decode(&bytes) {
            assert_eq!(certificate.encode(), bytes);
        }
        if let Ok(listing) = ledger::codec::decode::<Listing>(&bytes, 65_535) {
            assert_eq!(encode(&listing), bytes);
        }
    }
}

const DOCUMENT: &str = include_str!("../../docs/formats.md");

/// The rule of the schema that a fixture belongs to.
fn rule_of(fixture: &str) -> Option<&str> {
    let words: Vec<&str> = fixture.split(' ').collect();
    match words.as_slice() {
        ["key", ..] => None,
        ["event", ..] => Some("recorded"),
        ["value", "parameters", ..] => Some("parameters"),
        ["value", "rules"] => Some("rule-pack"),
        ["value", "stepped", "clock"] => Some("stepped-clock"),
        ["value", "key", "holder"] => Some("key-holder"),
        ["value", "deal", "sequence"] => Some("deal-sequence"),
        ["value", "former", "rules"] => Some("rule-pack"),
        ["value", "proposed", "change"] => Some("proposed-change"),
        ["value", "open", "changes"] => Some("open-changes"),
        ["value", "double", "signing"] => Some("double-signing"),
        ["value", "cosigner", "holder"] => Some("credit-code"),
        ["value", "authority", "standing"] => Some("authority-standing"),
        ["value", "authority", "count"] => Some("authority-count"),
        ["value", "revocation", "list"] => Some("revocation-list"),
        ["value", "listed", "revocation"] => Some("listed-revocation"),
        ["value", "certificate", "key", "holder"] => Some("certificate-key-holder"),
        ["value", "certificate"] | ["value", "certificate", "on", "hold"] => Some("enrolled-certificate"),
        ["value", "shared", "key"] => Some("shared-key"),
        ["value", "serial" | "delegation"] => Some("certificate-id"),
        ["value", "project", "sequence"] => Some("project-sequence"),
        ["value", "objector"] => Some("objector"),
        ["value", "live", "bid"] => Some("live-bid"),
        ["value", "chunk"] => Some("bid-chunk"),
        ["value", "bid", "tally"] => Some("bid-tally"),
        ["value", "seat", "shares"] => Some("seat-shares"),
        ["value", "opened", "bid"] => Some("opened-bid"),
        ["value", "bid", "bond"] => Some("tender-id"),
        ["value", "dealer", "key"] => Some("public-key"),
        ["value", "issuer", "count" | "number"] => Some("issuer"),
        ["value", "stamp", "key"] => Some("stamp-key"),
        ["value", "sealing", "epoch"] => Some("sealing-epoch"),
        ["value", "expert", "standing"] => Some("expert-standing"),
        ["value", "pool", "tally"] => Some("pool-tally"),
        ["value", "score", "sheet"] => Some("score-sheet"),
        ["value", "lot", "result"] => Some("lot-result"),
        ["value", "seat", "key"] => Some("seat-key"),
        ["value", "seat", "key", "holder"] => Some("credit-code"),
        ["value", name] => Some(name),
        [first, ..] => Some(first),
        [] => None,
    }
}

/// The published schema describes every pinned encoding: all keys, all variants, all types.
#[test]
fn the_published_schema_is_what_is_encoded() {
    let document = support::cddl::Document::of_markdown(DOCUMENT);
    for (name, bytes) in fixtures() {
        let Some(rule) = rule_of(&name) else { continue };
        document.check(rule, &bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    // The checker tells things apart: no fixture passes for a header but the header.
    let headers = fixtures().into_iter().filter(|(_, bytes)| bytes[0] == 0xa8);
    let headers: Vec<String> =
        headers.filter(|(_, bytes)| document.check("header", bytes).is_ok()).map(|(name, _)| name).collect();
    assert_eq!(headers, ["header"]);
    assert!(document.names().count() > 50);
}

/// The number of a variant, as it is encoded.
fn codec_number(bytes: &[u8]) -> u8 {
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.array().unwrap();
    decoder.u8().unwrap()
}

/// A person who looks for an act, an event or a state key finds it on the page under its number.
#[test]
fn the_page_names_every_act_event_and_key() {
    let has = |line: &dyn Fn(&str) -> bool| DOCUMENT.lines().any(line);
    for line in ACTS {
        let (act, bytes) = (act(line), encode(&act(line)));
        let number: u8 = codec_number(&bytes);
        let number = format!("[{number}, [");
        assert!(has(&|l| l.contains(&number) && l.ends_with(&format!("; {}", act.name()))), "{}", act.name());
    }
    for event in &events() {
        let number = format!("[{}, [", codec_number(&encode(event)));
        let name = format!("; {}", support::table::event_name(event));
        assert!(has(&|l| l.contains(&number) && l.contains(&name)), "{name}");
    }
    for (name, key) in fixtures().iter().filter(|(name, _)| name.starts_with("key ")) {
        assert!(DOCUMENT.contains(&format!("| `{:#04x}` |", key[0])), "{name}");
    }
}

/// The table of columns stands in the code, where they are read and written, and in the document.
#[test]
fn the_document_has_the_columns_of_the_code() {
    const COLUMNS: &str = include_str!("../src/store/columns.rs");
    let rows: Vec<&str> = COLUMNS.lines().filter_map(|line| line.strip_prefix("//! |")).collect();
    assert!(rows.len() > 11, "a heading and a row for each column");
    for row in rows {
        assert!(DOCUMENT.contains(&format!("|{row}\n")), "docs/formats.md lacks the row |{row}");
    }
}
