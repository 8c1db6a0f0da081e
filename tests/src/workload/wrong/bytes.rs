//! Certificates, lists and answers whose bytes are at fault. What the workload's authorities cannot make, openssl has
//! made: it is refused for its form before anybody asks who issued it.

use ledger::action::Action;
use ledger::codec::Bytes;
use ledger::procedure::ocsp_response::RecordOcspResponse;
use ledger::time::DAY_MS;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene, after};
use super::super::identity;
use super::super::papers::{self, Flaw, Part, Word};
use super::enrolments::{changed, flawed};
use super::revocations::list;

/// An enrolment that shows a certificate of `pki/tests/openssl`.
macro_rules! shows {
    ($($name:ident $file:literal)*) => {
        $(
            pub(super) fn $name(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
                const DER: &[u8] = include_bytes!(concat!("../../../../pki/tests/openssl/", $file, ".der"));
                changed(hand, scene, |_, act| {
                    *act.chain.first_mut()? = Bytes::new(DER.to_vec()).ok()?;
                    Some(())
                })
            }
        )*
    };
}

shows! {
    version "bad-version1"
    weak_digest "bad-sha1"
    algorithm_unknown "bad-p521"
    short_key "bad-rsa1024"
    long_key "bad-rsa5120"
}

/// An enrolment with a certificate under intermediates that are at fault.
macro_rules! under {
    ($($name:ident $flaw:ident)*) => {
        $(
            pub(super) fn $name(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
                flawed(hand, scene, Flaw::$flaw)
            }
        )*
    };
}

under! {
    issuer_not_ca NotACa
    key_usage KeyUsage
    path_length PathLength
    name_constraints NameConstraints
    too_complex Tangled
}

/// More intermediates along with a list than an entry may have.
pub(super) fn too_long(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let mut draw = list(hand, scene, |_, _| {})?;
    let Action::RecordRevocationList(act) = &mut draw.action else { return None };
    let authority = papers::number_of(&act.authority)?;
    act.intermediates = vec![papers::terms(authority)?.root; 9];
    Some(draw)
}

pub(super) fn list_delta(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    list(hand, scene, |_, listing| listing.part = Some(Part::Changes))
}

pub(super) fn list_unsupported(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    list(hand, scene, |_, listing| listing.part = Some(Part::Subscribers))
}

/// An answer in which some bytes are others: the last one of the first place where `what` stands.
fn answer(hand: &mut Hand, scene: &Scene<'_>, what: &[u8], last: u8) -> Option<Draw> {
    let paper = identity::enrolled(hand, scene, |_| true)?;
    let times = (scene.time, after(scene.time, DAY_MS));
    let mut bytes = papers::answer(&paper, paper.authority, Word::Good, times)?.as_slice().to_vec();
    let at = bytes.windows(what.len()).position(|part| part == what)?;
    *bytes.get_mut(at + what.len() - 1)? = last;
    let act = RecordOcspResponse { chain: vec![paper.der], response: Bytes::new(bytes).ok()? };
    identity::by_centre(hand, scene, Action::RecordOcspResponse(act))
}

/// Somebody answers of whom nobody has heard.
pub(super) fn answer_signer(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    answer(hand, scene, b"Workload authority", b'Y')
}

/// id-pkix-ocsp-nonce stands in the place of id-pkix-ocsp-basic.
pub(super) fn answer_unsupported(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    answer(hand, scene, &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01], 0x02)
}
