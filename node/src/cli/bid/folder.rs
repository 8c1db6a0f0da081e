//! The folder of a bid.
//!
//! `bid.json` has what is public or will be; `one-time.key` and `version-N/dealer.key` are keys, private and encrypted unless the
//! bidder did without; `version-N/sealed.json` is what goes to the ledger, `version-N/*.sealed` the encrypted documents.
//!
//! N counts what was sealed in this folder. It is not the number of the act on the ledger, which counts bids and withdrawals
//! under the one-time key; a sealed version says which act it can be, and nothing that was sealed is written over.

use std::fs;
use std::path::{Path, PathBuf};

use ledger::codec::Bytes;
use ledger::crypto::SigningKey;
use ledger::hash::DocumentHash;
use ledger::id::{ChainId, TenderId};
use ledger::procedure::epoch;
use ledger::record::bid::STAMP_BYTES;
use ledger::record::seat as s;
use ledger::time::BlockTime;
use sealing::committee::Committee;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::super::client::{Client, ClientError, Nodes};
use super::super::key::refuse;
use super::super::output::{Failure, words};
use super::super::show::segment;
use crate::api::schema::{Committee as CommitteeRecord, SealedBid, Tender};
use crate::durable::write_whole;
use crate::keys::{KeyFile, Opener, Passphrase, Secret};

/// First line of a file with a dealer's secret; the second is the scalar in hexadecimal.
const DEALER_HEADER: &str = "zhulian dealer secret v1";
/// The file of the one-time key.
const ONE_TIME_KEY: &str = "one-time.key";

/// What the folder says in the open.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Facts {
    /// The chain.
    pub(super) chain: String,
    /// The tender.
    pub(super) tender: String,
    /// The one-time key.
    pub(super) key: String,
    /// The admission stamp, in hexadecimal, once there is one.
    pub(super) stamp: Option<String>,
    /// What hides the one-time key in a letter of guarantee: `bind` and its opening, in hexadecimal.
    pub(super) bind: String,
    pub(super) opening: String,
    /// The tender and its committee, as a node showed them.
    pub(super) notice: Tender,
    pub(super) committee: CommitteeRecord,
    /// Number of the last act under the one-time key that is known to be on the ledger: what is sealed next is the act after it.
    #[serde(default)]
    pub(super) recorded: u32,
}

/// A version of the bid, as it was sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    /// The number that its act has under the one-time key: the dealing is bound to it.
    pub(super) sequence: u32,
    /// The bid's name, in hexadecimal.
    pub(super) bid: String,
    /// The dealing, in hexadecimal.
    pub(super) dealing: String,
    /// The envelope, in hexadecimal.
    pub(super) envelope: String,
    /// The encrypted documents: SHA-256 and length.
    pub(super) documents: Vec<(String, u64)>,
}

/// A folder.
pub(super) struct Folder {
    root: PathBuf,
    pub(super) facts: Facts,
}

/// What the folder or a node says does not make sense.
pub(super) fn broken(error: &dyn std::fmt::Display) -> Failure {
    Failure::because(
        error,
        words(
            "The folder of the bid or the node's answer is not what it should be; nothing was done.",
            "投标目录或节点应答异常，未执行任何操作。",
        ),
    )
}

fn no_file(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    let path = path.display();
    Failure::because(format!("{path}: {error}"), words("Look at the folder of the bid.", "请检查投标目录。"))
}

/// A tender and its committee, as the nodes show them, and the name of the committee checked against its keys.
pub(crate) async fn tender_and_committee(
    nodes: &Nodes,
    tender: &str,
) -> Result<(Tender, Committee), Failure> {
    let (chain, _) = nodes.chain().await?;
    let (tender, record) = fetch(nodes, tender).await?;
    let committee = committee_of(&record, &chain)?;
    Ok((tender, committee))
}

async fn fetch(nodes: &Nodes, tender: &str) -> Result<(Tender, CommitteeRecord), Failure> {
    let path = &format!("/v1/tenders/{}", segment(tender));
    let tender: Tender = nodes.ask(|client: Client| async move { client.record(path).await }).await?;
    let path = &format!("/v1/sealing/committees/{}", tender.committee);
    let committee = nodes.ask(|client: Client| async move { client.record(path).await }).await?;
    Ok((tender, committee))
}

/// The committee of a record. Its name commits to its keys: a node that showed others is found out.
fn committee_of(record: &CommitteeRecord, chain: &ChainId) -> Result<Committee, Failure> {
    let seat = |seat: &crate::api::schema::Seat| -> Result<s::Seat, Failure> {
        Ok(s::Seat {
            centre: seat.centre.parse().map_err(|e| broken(&e))?,
            key: seat.key.parse().map_err(|e| broken(&e))?,
        })
    };
    let mut id = [0; 64];
    hex::decode_to_slice(&record.id, &mut id).map_err(|e| broken(&e))?;
    let committee = s::Committee {
        id: s::CommitteeId(id),
        epoch: record.epoch,
        k: record.needed,
        seats: record.seats.iter().map(seat).collect::<Result<_, _>>()?,
        formed_at: BlockTime::parse(&record.formed_at).map_err(|e| broken(&e))?,
    };
    let sealed = epoch::sealed(&committee, chain).map_err(|e| broken(&e))?;
    if sealed.id().as_bytes() != id {
        return Err(broken(&"the committee's name is not that of its keys"));
    }
    Ok(sealed)
}

impl Folder {
    /// The folder of a bid in this tender, when it is there already.
    pub(super) fn existing(root: &Path, tender: &str) -> Result<Option<Self>, Failure> {
        if !root.join("bid.json").exists() {
            return Ok(None);
        }
        let folder = Self::open(root)?;
        if folder.facts.tender == tender {
            return Ok(Some(folder));
        }
        Err(Failure::usage(words(
            format!("{} is the folder of another bid.", root.display()),
            format!("{} 是另一份投标的目录。", root.display()),
        )))
    }

    /// Makes the folder, with its one-time key encrypted as asked; a key that an interrupted run left is taken up.
    pub(super) async fn create(
        root: &Path,
        nodes: &Nodes,
        tender: &str,
        opener: &Opener,
        protection: impl FnOnce() -> Result<Option<Passphrase>, Failure>,
    ) -> Result<(Self, SigningKey), Failure> {
        let (chain, _) = nodes.chain().await?;
        let (notice, committee) = fetch(nodes, tender).await?;
        committee_of(&committee, &chain)?;
        fs::create_dir_all(root).map_err(|e| no_file(root, &e))?;
        restrict(root)?;
        let path = root.join(ONE_TIME_KEY);
        let one_time = if path.exists() {
            opener.secret(&path).map_err(|e| refuse(&e))?.signing_key()
        } else {
            let secret = Secret::generate().map_err(|e| refuse(&e))?;
            let one_time = secret.signing_key();
            let protection = protection()?;
            KeyFile::Ledger(secret).create(&path, protection.as_ref()).map_err(|e| refuse(&e))?;
            one_time
        };
        let key = one_time.public_key();
        let (bind, opening) = crate::bidding::hide(&key);
        let facts = Facts {
            chain: chain.to_string(),
            tender: notice.id.clone(),
            key: key.to_string(),
            stamp: None,
            bind: hex::encode(bind),
            opening: hex::encode(opening),
            notice,
            committee,
            recorded: 0,
        };
        let folder = Self { root: root.to_owned(), facts };
        folder.write_facts(&folder.facts)?;
        Ok((folder, one_time))
    }

    /// Opens a folder.
    pub(super) fn open(root: &Path) -> Result<Self, Failure> {
        let path = root.join("bid.json");
        let text = fs::read_to_string(&path).map_err(|e| {
            Failure::because(
                format!("{}: {e}", path.display()),
                words("Make it with `zhulian bid prepare`.", "请先执行 zhulian bid prepare。"),
            )
        })?;
        let facts = serde_json::from_str(&text).map_err(|e| no_file(&path, &e))?;
        Ok(Self { root: root.to_owned(), facts })
    }

    fn write_facts(&self, facts: &Facts) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(facts).map_err(|e| broken(&e))?;
        let path = self.root.join("bid.json");
        write_whole(&path, text.as_bytes()).map_err(|e| no_file(&path, &e))
    }

    /// Notes the stamp.
    pub(super) fn with_stamp(&self, stamp: &[u8]) -> Result<(), Failure> {
        self.write_facts(&Facts { stamp: Some(hex::encode(stamp)), ..self.facts.clone() })
    }

    /// Notes that the ledger has this many acts under the one-time key; what was noted never goes back.
    pub(super) fn note_recorded(&mut self, recorded: u32) -> Result<(), Failure> {
        if recorded > self.facts.recorded {
            self.facts.recorded = recorded;
            self.write_facts(&self.facts)?;
        }
        Ok(())
    }

    pub(super) fn chain(&self) -> Result<ChainId, Failure> {
        self.facts.chain.parse().map_err(|e| broken(&e))
    }

    pub(super) fn tender(&self) -> Result<TenderId, Failure> {
        self.facts.tender.parse().map_err(|e| broken(&e))
    }

    pub(super) fn stamp(&self) -> Result<Bytes<STAMP_BYTES>, Failure> {
        let stamp = self.facts.stamp.as_deref().ok_or_else(|| {
            Failure::failed(words(
                "There is no admission stamp yet; run `zhulian bid prepare` again.",
                "尚无准入凭证，请再次执行 zhulian bid prepare。",
            ))
        })?;
        Bytes::new(hex::decode(stamp).map_err(|e| broken(&e))?).map_err(|e| broken(&e))
    }

    /// The committee to which the bid is sealed.
    pub(super) fn committee(&self) -> Result<Committee, Failure> {
        committee_of(&self.facts.committee, &self.chain()?)
    }

    /// The one-time key.
    pub(super) fn one_time_key(&self, opener: &Opener) -> Result<SigningKey, Failure> {
        let secret = opener.secret(&self.root.join(ONE_TIME_KEY)).map_err(|e| refuse(&e))?;
        Ok(secret.signing_key())
    }

    fn of_version(&self, version: u32) -> PathBuf {
        self.root.join(format!("version-{version}"))
    }

    /// The versions that are sealed.
    pub(super) fn versions(&self) -> Vec<u32> {
        let Ok(files) = fs::read_dir(&self.root) else { return Vec::new() };
        let number = |name: &str| name.strip_prefix("version-")?.parse().ok();
        let mut versions: Vec<u32> = files
            .flatten()
            .filter(|file| file.path().join("sealed.json").exists())
            .filter_map(|file| number(file.file_name().to_str()?))
            .collect();
        versions.sort_unstable();
        versions
    }

    /// The newest version.
    pub(super) fn newest(&self) -> Result<u32, Failure> {
        self.versions().last().copied().ok_or_else(|| {
            Failure::failed(words(
                "Nothing is sealed yet; run `zhulian bid seal`.",
                "尚未封装投标文件，请执行 zhulian bid seal。",
            ))
        })
    }

    /// The folder in which a version is being made.
    pub(super) fn begin(&self, version: u32) -> Result<PathBuf, Failure> {
        let path = self.of_version(version);
        // What an interrupted run left was never sealed: its keys serve nothing.
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|e| no_file(&path, &e))?;
        }
        fs::create_dir_all(&path).map_err(|e| no_file(&path, &e))?;
        Ok(path)
    }

    /// Writes a version; the secret first, so that nothing is submitted that could not be opened.
    pub(super) fn finish(
        &self,
        number: u32,
        version: &Version,
        dealer: &Zeroizing<[u8; 32]>,
        opener: &Opener,
    ) -> Result<(), Failure> {
        let path = self.of_version(number);
        let like = self.root.join(ONE_TIME_KEY);
        opener
            .create_secret_like(&path.join("dealer.key"), &like, DEALER_HEADER, dealer.as_slice())
            .map_err(|e| refuse(&e))?;
        let text = serde_json::to_string_pretty(version).map_err(|e| broken(&e))?;
        let path = path.join("sealed.json");
        write_whole(&path, text.as_bytes()).map_err(|e| no_file(&path, &e))
    }

    /// A version that was sealed.
    pub(super) fn version(&self, version: u32) -> Result<Version, Failure> {
        let path = self.of_version(version).join("sealed.json");
        let text = fs::read_to_string(&path).map_err(|e| no_file(&path, &e))?;
        serde_json::from_str(&text).map_err(|e| no_file(&path, &e))
    }

    /// The dealer's secret of a version.
    pub(super) fn dealer_secret(
        &self,
        opener: &Opener,
        version: u32,
    ) -> Result<Zeroizing<[u8; 32]>, Failure> {
        let path = self.of_version(version).join("dealer.key");
        let bytes = opener.secret_bytes(&path, DEALER_HEADER).map_err(|e| refuse(&e))?;
        let secret = <[u8; 32]>::try_from(bytes.as_slice());
        secret.map(Zeroizing::new).map_err(|_| no_file(&path, &"not a dealer's secret"))
    }

    /// The sealed version that a bid on the ledger is; nothing when it was sealed elsewhere.
    pub(super) fn version_of(&self, bid: &str) -> Option<u32> {
        self.versions()
            .into_iter()
            .find(|number| self.version(*number).is_ok_and(|version| version.bid == bid))
    }

    /// The file of an encrypted document of a version.
    pub(super) fn document(&self, version: u32, hash: &DocumentHash) -> PathBuf {
        self.of_version(version).join(format!("{hash}.sealed"))
    }

    /// What the ledger has of this bid.
    pub(super) async fn recorded(&self, nodes: &Nodes) -> Result<Option<SealedBid>, Failure> {
        let path = &format!("/v1/bids/{}", self.facts.key);
        let asked = nodes.ask(|client: Client| async move {
            match client.record::<SealedBid>(path).await {
                Ok(bid) => Ok(Some(bid)),
                Err(ClientError::Refused(problem)) if problem.status == 404 => Ok(None),
                Err(error) => Err(error),
            }
        });
        asked.await
    }
}

/// Nobody else reads the folder.
fn restrict(root: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(root, fs::Permissions::from_mode(0o700)).map_err(|e| no_file(root, &e))
}
