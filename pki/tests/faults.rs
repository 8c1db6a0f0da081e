//! Every reason for refusing has a code of its own and a sentence in both languages.

use std::collections::BTreeSet;

use pki::{Document, Fault, Place, Reason};

fn all() -> Vec<Fault> {
    let place = Place::Subscriber;
    let mut all = vec![
        Fault::Version,
        Fault::WeakDigest { place: Some(place) },
        Fault::ShortKey { place, bits: 1024 },
        Fault::LongKey { place, bits: 8192 },
        Fault::AlgorithmUnknown,
        Fault::AlgorithmNotAllowed,
        Fault::CriticalExtension { oid: "1.2.3".into() },
        Fault::NotForSigning,
        Fault::WrongPurpose,
        Fault::SubscriberIsCa,
        Fault::NotACa,
        Fault::KeyUsage,
        Fault::UnknownAuthority,
        Fault::BrokenPath,
        Fault::BadSignature,
        Fault::PathLength,
        Fault::NameConstraints,
        Fault::TooComplex,
        Fault::NotYetValid { place, not_before: 1_781_481_600 },
        Fault::Expired { place, not_after: 1_781_481_600 },
        Fault::PolicyMissing,
        Fault::CreditCodeMissing,
        Fault::CreditCodeInvalid,
        Fault::NameMissing,
        Fault::AuthorityEntry,
        Fault::NotSelfSigned,
        Fault::StatementSignature,
        Fault::CrlSigner,
        Fault::CrlSignature,
        Fault::CrlNotYetValid { this_update: 1_781_481_600 },
        Fault::CrlStale { next_update: 1_781_481_600 },
        Fault::CrlDelta,
        Fault::CrlUnsupported,
        Fault::OcspSigner,
        Fault::OcspSignature,
        Fault::OcspNotYetValid { this_update: 1_781_481_600 },
        Fault::OcspStale { until: 1_781_481_600 },
        Fault::OcspOtherCertificate,
        Fault::OcspNoAnswer { status: 3 },
        Fault::OcspUnsupported,
    ];
    let documents = [
        Document::Certificate,
        Document::Chain,
        Document::Intermediates,
        Document::RevocationList,
        Document::OcspResponse,
    ];
    all.extend([Fault::TooLong { what: documents[0], limit: 1 }, Fault::Malformed { what: documents[0] }]);
    all.push(Fault::Revoked { date: 1_781_481_600, reason: Reason::KeyCompromise });
    // A fault that is added and not listed here does not compile past this match.
    for fault in &all {
        match fault {
            Fault::TooLong { .. } | Fault::Malformed { .. } | Fault::Version | Fault::WeakDigest { .. } => {}
            Fault::ShortKey { .. } | Fault::LongKey { .. } | Fault::AlgorithmUnknown => {}
            Fault::AlgorithmNotAllowed | Fault::CriticalExtension { .. } | Fault::NotForSigning => {}
            Fault::WrongPurpose | Fault::SubscriberIsCa | Fault::NotACa | Fault::KeyUsage => {}
            Fault::UnknownAuthority | Fault::BrokenPath | Fault::BadSignature | Fault::PathLength => {}
            Fault::NameConstraints | Fault::TooComplex | Fault::NotYetValid { .. } => {}
            Fault::Expired { .. } | Fault::PolicyMissing | Fault::CreditCodeMissing => {}
            Fault::CreditCodeInvalid | Fault::NameMissing | Fault::AuthorityEntry => {}
            Fault::NotSelfSigned | Fault::StatementSignature | Fault::CrlSigner | Fault::CrlSignature => {}
            Fault::CrlNotYetValid { .. } | Fault::CrlStale { .. } | Fault::CrlDelta => {}
            Fault::CrlUnsupported | Fault::OcspSigner | Fault::OcspSignature => {}
            Fault::OcspNotYetValid { .. } | Fault::OcspStale { .. } | Fault::OcspOtherCertificate => {}
            Fault::OcspNoAnswer { .. } | Fault::OcspUnsupported | Fault::Revoked { .. } => {}
        }
    }
    all
}

#[test]
fn codes_and_sentences() {
    let all = all();
    let codes: BTreeSet<&str> = all.iter().map(Fault::code).collect();
    let english: BTreeSet<String> = all.iter().map(Fault::english).collect();
    let chinese: BTreeSet<String> = all.iter().map(Fault::chinese).collect();
    assert_eq!((codes.len(), english.len(), chinese.len()), (43, 43, 43), "each has its own");
    for fault in &all {
        assert!(fault.code().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", fault.code());
        assert!(fault.english().ends_with('.') && fault.english().is_ascii(), "{}", fault.english());
        assert!(fault.chinese().ends_with('。'), "{}", fault.chinese());
        assert_eq!(fault.to_string(), format!("{}: {}", fault.code(), fault.english()));
    }
    let expired = Fault::Expired { place: Place::Subscriber, not_after: 1_781_481_600 };
    let sentence = "The enterprise's certificate expired at 2026-06-15 00:00:00 UTC; use its renewal.";
    assert_eq!(expired.english(), sentence);
    assert_eq!(expired.chinese(), "企业证书已于 2026-06-15 00:00:00 UTC 过期；请使用更新后的证书。");
}
