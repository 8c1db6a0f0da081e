//! Genesis on disk: centres' entries, assembly of the file, and the members' sign-offs.
//!
//! A genesis binds by its hash. Each centre compares the hash over another channel, then signs it with
//! its consensus key; a node starts only from a file that all of its centres have signed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use consensus::Signer;
use ledger::crypto::{self, PublicKey, Signature};
use ledger::genesis::{Genesis, GenesisError, MAX_GENESIS_BYTES};
use ledger::hash::GenesisHash;
use ledger::id::{ChainId, CreditCode, RegionCode};
use ledger::{codec, codec::Title};
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Why a genesis cannot be made, signed or accepted.
#[derive(Debug, thiserror::Error)]
pub enum GenesisFileError {
    /// A file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file that accompanies a genesis is not of its shape.
    #[error("{}: {reason}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The text is not a genesis.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The file is not the one that was agreed to.
    #[error("the genesis file has hash {found}, this node agreed to {agreed}")]
    OtherHash {
        /// What the configuration says.
        agreed: GenesisHash,
        /// What the file has.
        found: GenesisHash,
    },
    /// The sign-offs are for another genesis.
    #[error("the sign-offs are for {signed}, the genesis file has hash {found}")]
    OtherSignOffs {
        /// What was signed.
        signed: GenesisHash,
        /// What the file has.
        found: GenesisHash,
    },
    /// A signature by somebody who is no centre of this genesis.
    #[error("{0} is not a centre of this genesis")]
    Stranger(CreditCode),
    /// A signature that does not verify.
    #[error("the sign-off of {0} does not verify")]
    BadSignature(CreditCode),
    /// Centres that have not signed yet.
    #[error("not signed off yet by: {}", .0.iter().map(CreditCode::as_str).collect::<Vec<_>>().join(", "))]
    Unsigned(Vec<CreditCode>),
}

/// A centre's entry in a genesis file; `zhulian init` writes it to `centre.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centre {
    /// Its unified social credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: Title,
    /// Where it is (GB/T 2260).
    pub region: RegionCode,
    /// The public key that votes.
    pub consensus_key: String,
    /// The public key of its node's network identity.
    pub network_key: String,
    /// Public keys that sign its transactions.
    pub keys: Vec<String>,
}

/// An organisation known from the beginning.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its unified social credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: Title,
    /// Where it is registered (GB/T 2260).
    pub region: RegionCode,
    /// Its roles.
    pub roles: Vec<String>,
    /// Public keys that sign its transactions.
    pub keys: Vec<String>,
}

/// What a genesis file is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Name of the network, 1 to 40 of `a-z 0-9 -`.
    pub name: String,
    /// Block time of height 0 (RFC 3339).
    pub time: String,
    /// The only key that moves the clock; `None` on a network that runs on real time.
    pub timekeeper: Option<PublicKey>,
    /// Whether keys of organisations come from certificates only; a centre then registers organisations without keys.
    pub certificates_required: bool,
    /// The centres.
    pub centres: Vec<Centre>,
    /// Other organisations.
    pub organisations: Vec<Organisation>,
    /// The rule packs: TOML with the table `rules` and perhaps `construction`, taken over as it stands, with its comments.
    pub rules: String,
}

#[derive(Serialize)]
struct Members<'a> {
    centre: &'a [Centre],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    organisation: &'a [Organisation],
}

impl Draft {
    /// Writes the file and reads it back as a genesis.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn render(&self) -> Result<(String, Genesis), GenesisError> {
        let members = Members { centre: &self.centres, organisation: &self.organisations };
        let members = toml::to_string(&members).map_err(|e| GenesisError::Toml(e.to_string()))?;
        let clock = match self.timekeeper {
            None => "# Block time is real time.\nkind = \"real\"".to_owned(),
            Some(key) => format!(
                "# Time stands still but for the timekeeper's steps: for demonstrations only.\n\
                 kind = \"stepped\"\ntimekeeper = \"{key}\""
            ),
        };
        let text = format!(
            "# Genesis of a Zhulian network. All members hold these very bytes and sign their SHA-256:\n\
             # compare `zhulian genesis hash` over another channel, then `zhulian genesis sign`.\n\
             # 珠联网络创世文件。各成员须持有逐字节相同的文件，核对哈希后签署。\n\n\
             name = {:?}\ntime = {:?}\n\n\
             [parameters]\n\
             # A transaction may name an expiry at most this many heights ahead.\n\
             expiry_window = 100000\n\
             # Most transaction bytes, and most transactions, of a block.\n\
             block_bytes = 2097152\nblock_transactions = 10000\n\
             # Whether the keys of organisations that trade come from certificates only.\n\
             certificates_required = {}\n\n\
             [clock]\n{clock}\n\n{members}\n{}",
            self.name, self.time, self.certificates_required, self.rules
        );
        let genesis = Genesis::parse(text.as_bytes())?;
        Ok((text, genesis))
    }
}

/// The centres' signatures under a genesis hash, in a file of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOffs {
    genesis: String,
    #[serde(default)]
    signoff: Vec<SignOff>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOff {
    centre: CreditCode,
    signature: String,
}

/// Largest file of sign-offs, in bytes: some 300 for each of 128 centres.
const MAX_SIGNOFFS_BYTES: usize = 1 << 17;

/// The bytes a centre signs: a CBOR array of the text `zhulian/genesis-signoff/1`, the chain id and the
/// genesis hash. No vote begins like this.
fn sign_bytes(chain: &ChainId, hash: &GenesisHash) -> Vec<u8> {
    codec::encode(&("zhulian/genesis-signoff/1", chain.as_str(), hash))
}

impl SignOffs {
    /// No signatures yet.
    pub fn empty(genesis: &Genesis) -> Self {
        Self { genesis: genesis.hash.to_string(), signoff: Vec::new() }
    }

    /// Reads a file of sign-offs; nothing is verified by this.
    ///
    /// # Errors
    /// [`GenesisFileError`].
    pub fn read(path: &Path) -> Result<Self, GenesisFileError> {
        let bytes = read_bounded(path, MAX_SIGNOFFS_BYTES)?;
        Self::parse(&bytes).map_err(|reason| GenesisFileError::Shape { path: path.into(), reason })
    }

    /// The same for bytes already read.
    ///
    /// # Errors
    /// What is wrong with the bytes, as a sentence.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = core::str::from_utf8(bytes).map_err(|e| e.to_string())?;
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// The file's text.
    pub fn render(&self) -> String {
        let body = toml::to_string(self).unwrap_or_default();
        format!(
            "# Signatures of the centres' consensus keys under the genesis hash. 各交易中心对创世哈希的签署\n{body}"
        )
    }

    /// Adds the signature of the centre whose consensus key this is, in place of an earlier one.
    ///
    /// # Errors
    /// [`GenesisFileError::OtherSignOffs`], or [`GenesisFileError::Shape`] when the key is no centre's.
    pub fn sign(&mut self, genesis: &Genesis, key: &dyn Signer) -> Result<CreditCode, GenesisFileError> {
        self.check_hash(genesis)?;
        let validator = genesis.validators.get(&key.public_key()).ok_or_else(|| GenesisFileError::Shape {
            path: "genesis".into(),
            reason: format!("consensus key {} belongs to no centre of this genesis", key.public_key()),
        })?;
        let centre = validator.organisation.clone();
        let signature = key
            .sign(&sign_bytes(&genesis.chain_id, &genesis.hash))
            .map_err(|e| GenesisFileError::Shape { path: "genesis".into(), reason: e.to_string() })?;
        self.signoff.retain(|s| s.centre != centre);
        self.signoff.push(SignOff { centre: centre.clone(), signature: hex::encode(signature.as_bytes()) });
        self.signoff.sort_by(|a, b| a.centre.cmp(&b.centre));
        Ok(centre)
    }

    /// Who has signed, of all centres.
    ///
    /// # Errors
    /// [`GenesisFileError`] for a sign-off that is wrong; missing ones are in the answer.
    pub fn signed(&self, genesis: &Genesis) -> Result<BTreeMap<CreditCode, bool>, GenesisFileError> {
        self.check_hash(genesis)?;
        let mut all: BTreeMap<CreditCode, bool> =
            genesis.validators.iter().map(|v| (v.organisation.clone(), false)).collect();
        let message = sign_bytes(&genesis.chain_id, &genesis.hash);
        for signoff in &self.signoff {
            let centre = &signoff.centre;
            let validator = genesis.validators.iter().find(|v| v.organisation == *centre);
            let validator = validator.ok_or_else(|| GenesisFileError::Stranger(centre.clone()))?;
            let mut signature = [0; 64];
            let good = hex::decode_to_slice(&signoff.signature, &mut signature).is_ok()
                && crypto::verify(&validator.public_key, &message, &Signature::from_bytes(signature)).is_ok();
            if !good {
                return Err(GenesisFileError::BadSignature(centre.clone()));
            }
            all.insert(centre.clone(), true);
        }
        Ok(all)
    }

    fn check_hash(&self, genesis: &Genesis) -> Result<(), GenesisFileError> {
        if self.genesis == genesis.hash.to_string() {
            return Ok(());
        }
        let signed = self.genesis.parse().map_err(|e: ledger::hash::NotAHash| GenesisFileError::Shape {
            path: "signoffs".into(),
            reason: format!("genesis: {e}"),
        })?;
        Err(GenesisFileError::OtherSignOffs { signed, found: genesis.hash })
    }
}

/// Reads a genesis file.
///
/// # Errors
/// [`GenesisFileError`].
pub fn read(path: &Path) -> Result<(Genesis, Vec<u8>), GenesisFileError> {
    let bytes = read_bounded(path, MAX_GENESIS_BYTES)?;
    Ok((Genesis::parse(&bytes)?, bytes))
}

/// Reads the genesis a node is configured with and insists that its operator agreed to it, and that all
/// centres signed it off.
///
/// # Errors
/// [`GenesisFileError`].
pub fn load(config: &Config) -> Result<(Genesis, Vec<u8>), GenesisFileError> {
    let (genesis, bytes) = read(&config.node.genesis)?;
    if genesis.hash != config.node.genesis_hash {
        return Err(GenesisFileError::OtherHash { agreed: config.node.genesis_hash, found: genesis.hash });
    }
    let signed = SignOffs::read(&config.node.signoffs)?.signed(&genesis)?;
    let unsigned: Vec<CreditCode> =
        signed.into_iter().filter(|(_, has)| !has).map(|(centre, _)| centre).collect();
    if unsigned.is_empty() { Ok((genesis, bytes)) } else { Err(GenesisFileError::Unsigned(unsigned)) }
}

/// Reads a file of at most `max` bytes.
pub(crate) fn read_bounded(path: &Path, max: usize) -> Result<Vec<u8>, GenesisFileError> {
    use std::io::Read as _;
    let unreadable = |reason: String| GenesisFileError::Unreadable { path: path.into(), reason };
    let file = std::fs::File::open(path).map_err(|e| unreadable(e.to_string()))?;
    let mut bytes = Vec::new();
    file.take(max as u64 + 1).read_to_end(&mut bytes).map_err(|e| unreadable(e.to_string()))?;
    if bytes.len() > max { Err(unreadable(format!("has more than {max} bytes"))) } else { Ok(bytes) }
}
