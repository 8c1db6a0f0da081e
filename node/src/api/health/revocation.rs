//! How old the revocation data of each trusted authority is, for operators: the network refuses its holders once it is too
//! old, so whoever looks after a node should hear of it before.

use ledger::record::authority::{
    Age, AuthorityStatus, CertificationAuthority, Freshness, RevocationList, WhenStale,
};
use ledger::state::decode_value;
use ledger::state::keys::{all_authorities, listed_issuer, revocation_lists_of};
use ledger::store::Snapshot;
use ledger::time::{BlockTime, Span};

use super::super::problem::{Fault, damaged};
use super::super::schema::ReadinessPart;

/// Name of the parts.
pub(super) const NAME: &str = "revocation_data";

/// A list that is stale, or will be soon.
struct Old {
    /// SHA-256 of the issuer's key.
    issuer: String,
    age: Span,
    judged: Judged,
}

/// How old revocation data is, for whoever has to renew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Judged {
    /// More than three quarters of the time are over within which everything goes its way.
    Soon,
    /// Nobody can enrol by it.
    Grace,
    /// Too old for anything.
    Stale,
}

/// `None` while it is fresh, and not about to be otherwise.
fn judge(freshness: &Freshness, age: Span) -> Option<Judged> {
    match freshness.judge(Some(age)) {
        Age::Stale => Some(Judged::Stale),
        Age::Grace => Some(Judged::Grace),
        Age::Fresh => (age.as_millis() > freshness.max_age.as_millis() / 4 * 3).then_some(Judged::Soon),
    }
}

/// A part for each trusted authority with a list that at `time` is stale or nearly so, by id; one part that all is well if
/// there is none. An authority without lists is served by answers about single certificates, or by nothing yet.
pub(crate) fn revocation_data(
    snapshot: &Snapshot<'_>,
    time: BlockTime,
    required: bool,
) -> Result<Vec<ReadinessPart>, Fault> {
    let (from, before) = all_authorities();
    let (mut parts, mut trusted) = (Vec::new(), 0usize);
    for row in snapshot.state_range(&from, Some(&before))? {
        let (key, bytes) = row?;
        let entry: CertificationAuthority = decode_value(&key, &bytes)?;
        if entry.status == AuthorityStatus::Trusted {
            trusted += 1;
            parts.extend(describe(&entry, &old_lists(snapshot, time, &entry)?, required));
        }
    }
    if parts.is_empty() {
        let detail = format!("the lists of {trusted} trusted authorities are fresh");
        let name = NAME.to_owned();
        parts.push(ReadinessPart { name, ready: true, degraded: false, subject: None, detail });
    }
    Ok(parts)
}

fn old_lists(
    snapshot: &Snapshot<'_>,
    time: BlockTime,
    entry: &CertificationAuthority,
) -> Result<Vec<Old>, Fault> {
    let (from, before) = revocation_lists_of(&entry.id);
    let mut old = Vec::new();
    for row in snapshot.state_range(&from, Some(&before))? {
        let (key, bytes) = row?;
        let list: RevocationList = decode_value(&key, &bytes)?;
        let issuer = listed_issuer(&key);
        let issuer = issuer.ok_or_else(|| damaged("a key of the state", &"it names no issuer"))?.to_string();
        let age = time.since(list.this_update);
        old.extend(judge(&entry.terms.freshness, age).map(|judged| Old { issuer, age, judged }));
    }
    Ok(old)
}

fn describe(entry: &CertificationAuthority, old: &[Old], required: bool) -> Option<ReadinessPart> {
    let worst = old.iter().map(|one| one.judged).max()?;
    let freshness = &entry.terms.freshness;
    let (fresh, grace) = (hours(freshness.max_age), hours(freshness.grace));
    let lists: Vec<String> = old
        .iter()
        .map(|one| {
            format!("of issuer {} {} hours old", one.issuer.get(..12).unwrap_or_default(), hours(one.age))
        })
        .collect();
    let follows = match (worst, freshness.when_stale) {
        (Judged::Soon, _) => format!("nobody enrols by it after {fresh} hours"),
        (Judged::Grace, WhenStale::Refuse) => {
            format!("nobody enrols by it, and after {grace} more hours than {fresh} acts are refused")
        }
        (Judged::Grace, WhenStale::Flag) => {
            format!("nobody enrols by it, and after {grace} more hours than {fresh} acts are flagged")
        }
        (Judged::Stale, WhenStale::Refuse) => "its holders can neither enrol nor act".to_owned(),
        (Judged::Stale, WhenStale::Flag) => "its holders cannot enrol, and their acts are flagged".to_owned(),
    };
    let detail = format!(
        "{}: list {}; {follows}. Fetch its newest list and record it with `zhulian ca crl`",
        entry.terms.name,
        lists.join(", "),
    );
    Some(ReadinessPart {
        name: NAME.to_owned(),
        ready: !(required && worst == Judged::Stale),
        degraded: true,
        subject: Some(entry.id.to_string()),
        detail,
    })
}

fn hours(span: Span) -> u64 {
    span.as_millis() / 3_600_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_told_to_be_old_before_it_is_too_old() {
        let hour = |n: u64| Span::from_millis(n * 3_600_000);
        let freshness = Freshness { max_age: hour(48), grace: hour(24), when_stale: WhenStale::Refuse };
        for (age, expected) in [
            (0, None),
            (36, None),
            (37, Some(Judged::Soon)),
            (48, Some(Judged::Soon)),
            (49, Some(Judged::Grace)),
            (72, Some(Judged::Grace)),
            (73, Some(Judged::Stale)),
        ] {
            assert_eq!(judge(&freshness, hour(age)), expected, "{age} hours");
        }
    }
}
