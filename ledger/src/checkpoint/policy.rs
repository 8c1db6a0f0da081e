//! Whose signatures make a checkpoint final, as a C2SP tlog-policy file.

use std::collections::BTreeMap;

use super::note::is_name;
use super::{CheckpointError, KeyKind, NoteKey, Signed, SignedCheckpoint};

/// Largest policy that is read, in bytes.
const MAX_POLICY_BYTES: usize = 256 * 1024;
/// Most keys and groups of a policy that is read.
const MAX_ENTRIES: usize = 512;
/// The witness group of a policy that this program writes.
const CENTRES: &str = "centres";

/// Keys of the log, witnesses, groups of them, and the group that is to be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<NoteKey>,
    /// Under the name that groups use.
    witnesses: BTreeMap<String, NoteKey>,
    groups: BTreeMap<String, Group>,
    /// The name of a witness or group; `None` for "quorum none".
    quorum: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    needed: usize,
    members: Vec<String>,
}

/// A checkpoint that a policy takes as final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finality {
    /// Whose keys of the log have signed.
    pub logs: Vec<NoteKey>,
    /// The witnesses that have cosigned, in the order of their names, with what they signed.
    pub witnesses: Vec<(String, Signed)>,
    /// Witnesses that the policy names.
    pub of: usize,
}

impl Policy {
    /// The policy of a network: each centre signs for the log and cosigns, and more than two thirds of them make it final.
    /// Each entry is a centre's name as a cosigner with its two keys.
    pub fn of_centres(origin: &str, members: usize, centres: &[(String, NoteKey, NoteKey)]) -> Self {
        let needed = members.saturating_sub(members.saturating_sub(1) / 3);
        let names = centres.iter().map(|(name, ..)| name.clone()).collect();
        Self {
            logs: centres.iter().map(|(_, log, _)| log.clone()).filter(|log| log.name == origin).collect(),
            witnesses: centres.iter().map(|(name, _, key)| (name.clone(), key.clone())).collect(),
            groups: BTreeMap::from([(CENTRES.to_owned(), Group { needed, members: names })]),
            quorum: Some(CENTRES.to_owned()),
        }
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        self.logs.first().map_or("", |log| &log.name)
    }

    /// Every key that it names: those of the log, then those of the witnesses.
    pub fn keys(&self) -> impl Iterator<Item = &NoteKey> {
        self.logs.iter().chain(self.witnesses.values())
    }

    /// How many witnesses it names.
    pub fn witnesses(&self) -> usize {
        self.witnesses.len()
    }

    /// Whether good signatures of these keys are enough.
    pub fn is_met_by(&self, has_signed: impl Fn(&NoteKey) -> bool) -> bool {
        let by_name = |name: &str| self.witnesses.get(name).is_some_and(&has_signed);
        let met = self.quorum.as_ref().is_none_or(|quorum| self.is_met(quorum, &by_name, 0));
        met && self.logs.iter().any(has_signed)
    }

    /// Whether so many good cosignatures can meet it at all.
    pub fn can_be_met(&self) -> bool {
        self.is_met_by(|_| true)
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for log in &self.logs {
            text.push_str(&format!("log {}\n", log.vkey()));
        }
        for (name, witness) in &self.witnesses {
            text.push_str(&format!("witness {name} {}\n", witness.vkey()));
        }
        for (name, group) in &self.groups {
            text.push_str(&format!("group {name} {} {}\n", group.needed, group.members.join(" ")));
        }
        text.push_str(&format!("quorum {}\n", self.quorum.as_deref().unwrap_or("none")));
        text
    }

    /// Reads a file. What a line refers to stands above it, so groups cannot contain themselves.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] or [`CheckpointError::TooLarge`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > MAX_POLICY_BYTES || text.lines().count() > MAX_ENTRIES {
            return Err(CheckpointError::TooLarge { what: "the policy" });
        }
        let mut policy =
            Self { logs: Vec::new(), witnesses: BTreeMap::new(), groups: BTreeMap::new(), quorum: None };
        let mut quorum = None;
        for (number, line) in (1usize..).zip(text.lines()) {
            let wrong = |what| CheckpointError::Malformed { line: number, what };
            let line = line.trim();
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                _ if line.is_empty() || line.starts_with('#') => {}
                ["log", vkey] | ["log", vkey, _] => {
                    let key = NoteKey::parse(vkey, number)?;
                    if key.kind != KeyKind::Log || policy.logs.first().is_some_and(|l| l.name != key.name) {
                        return Err(wrong("a key of type 1 of one and the same log"));
                    }
                    policy.logs.push(key);
                }
                ["witness", name, vkey] | ["witness", name, vkey, _] => {
                    let key = NoteKey::parse(vkey, number)?;
                    if key.kind != KeyKind::Cosigner || policy.is_taken(name) {
                        return Err(wrong("a witness of a new name with a key of type 4"));
                    }
                    policy.witnesses.insert((*name).to_owned(), key);
                }
                ["group", name, needed, members @ ..] => {
                    let group =
                        policy.group(needed, members).ok_or(wrong("a group of witnesses or groups above"))?;
                    if policy.is_taken(name) {
                        return Err(wrong("a new name"));
                    }
                    policy.groups.insert((*name).to_owned(), group);
                }
                ["quorum", name] if quorum.is_none() && (*name == "none" || policy.is_known(name)) => {
                    quorum = Some((*name != "none").then(|| (*name).to_owned()));
                }
                _ => return Err(wrong("log, witness, group or one quorum")),
            }
        }
        policy.quorum = quorum.ok_or(CheckpointError::Malformed { line: 1, what: "a quorum" })?;
        Ok(policy)
    }

    fn group(&self, needed: &str, members: &[&str]) -> Option<Group> {
        let different = (1..).zip(members).all(|(next, name)| !members.iter().skip(next).any(|m| m == name));
        if members.is_empty() || !different || !members.iter().all(|name| self.is_known(name)) {
            return None;
        }
        let needed = match needed {
            "any" => 1,
            "all" => members.len(),
            number => number.parse().ok().filter(|n| (1..=members.len()).contains(n))?,
        };
        Some(Group { needed, members: members.iter().map(|name| (*name).to_owned()).collect() })
    }

    fn is_known(&self, name: &str) -> bool {
        self.witnesses.contains_key(name) || self.groups.contains_key(name)
    }

    fn is_taken(&self, name: &str) -> bool {
        name == "none" || !is_name(name) || self.is_known(name)
    }

    /// Whether the witness or group is met. Groups refer to what stands above them, so this ends.
    fn is_met(&self, name: &str, signed: &dyn Fn(&str) -> bool, depth: usize) -> bool {
        match self.groups.get(name) {
            _ if depth > MAX_ENTRIES => false,
            None => signed(name),
            Some(group) => {
                let met =
                    group.members.iter().filter(|m| self.is_met(m, signed, depth.saturating_add(1))).count();
                met >= group.needed
            }
        }
    }

    /// Judges a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`]: of another log, without a good signature of the log, with a wrong signature of a known
    /// key, or without a quorum.
    pub fn judge(&self, signed: &SignedCheckpoint) -> Result<Finality, CheckpointError> {
        let origin = &signed.checkpoint.origin;
        if origin != self.origin() {
            let expected = self.origin().to_owned();
            return Err(CheckpointError::OtherLog { found: origin.clone(), expected });
        }
        let mut logs = Vec::new();
        for log in &self.logs {
            if signed.signed_by(log)?.is_some() {
                logs.push(log.clone());
            }
        }
        let mut witnesses = Vec::new();
        for (name, key) in &self.witnesses {
            if let Some(by) = signed.signed_by(key)? {
                witnesses.push((name.clone(), by));
            }
        }
        if logs.is_empty() {
            return Err(CheckpointError::NotSigned);
        }
        let has = |name: &str| witnesses.iter().any(|(by, _)| by == name);
        match &self.quorum {
            Some(quorum) if !self.is_met(quorum, &has, 0) => {
                Err(CheckpointError::NoQuorum { found: witnesses.len() })
            }
            _ => Ok(Finality { logs, witnesses, of: self.witnesses.len() }),
        }
    }
}
