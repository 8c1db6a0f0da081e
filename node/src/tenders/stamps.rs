//! Admission stamps: signed blindly, counted for each organisation and quarter, on the disk before they leave.
//!
//! A file for each quarter has a line for each stamp: credit code and SHA-256 of the blinded message, which says nothing of
//! the one-time key. Asking for the same again gives the same answer and counts once, so that a broken connection costs
//! nobody a stamp.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use ledger::codec::{self, Bytes};
use ledger::crypto::{PublicKey, Signature, SigningKey, verify};
use ledger::execute::{Speaker, can_act, speaker};
use ledger::hash::{DocumentHash, sha256};
use ledger::id::{ChainId, CreditCode};
use ledger::record::bid::MODULUS_BYTES;
use ledger::record::organisation::Role;
use ledger::state::{Overlay, StateError, StateRead};
use ledger::time::BlockTime;
use minicbor::{Decode, Encode};

use super::lines::Lines;

/// Bytes of a request, at most.
pub const REQUEST_BYTES_MAX: usize = 1_024;
/// What the signed bytes begin with, so that they mean nothing else.
const DOMAIN: &str = "zhulian/stamp-request/v1";

/// A bidder's request for a stamp.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StampRequest {
    /// The centre that is asked.
    #[n(0)]
    pub centre: CreditCode,
    /// The quarter of its key.
    #[n(1)]
    pub quarter: u16,
    /// The blinded message.
    #[n(2)]
    pub blinded: Bytes<MODULUS_BYTES>,
    /// A key of the bidder.
    #[n(3)]
    pub key: PublicKey,
    /// Its signature over everything above and the chain.
    #[n(4)]
    pub signature: Signature,
}

/// Why a bidder gets no stamp.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Another centre's, or another quarter's.
    #[error("This centre has no key for stamps of that quarter yet, or another centre is meant")]
    Quarter,
    /// Not signed.
    #[error("The key has not signed this request for this chain and centre")]
    Signature,
    /// Nobody who may bid.
    #[error("The key is no bidder's, or may not act now")]
    Bidder,
    /// The quota is used up.
    #[error("The organisation has all the stamps of this quarter that one centre issues to it: {0}")]
    Quota(u32),
    /// Not a message for this key.
    #[error("What is to be signed does not fit the centre's key")]
    Blinded,
    /// The disk.
    #[error("the file of stamps cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

impl StampRequest {
    /// Signs a request.
    #[must_use]
    pub fn sign(
        chain: &ChainId,
        key: &SigningKey,
        centre: CreditCode,
        quarter: u16,
        blinded: Bytes<MODULUS_BYTES>,
    ) -> Self {
        let signature = key.sign(&Self::signed_bytes(chain, &centre, quarter, &blinded));
        Self { centre, quarter, blinded, key: key.public_key(), signature }
    }

    /// What the bidder's key signs.
    #[must_use]
    pub fn signed_bytes(
        chain: &ChainId,
        centre: &CreditCode,
        quarter: u16,
        blinded: &Bytes<MODULUS_BYTES>,
    ) -> Vec<u8> {
        codec::encode(&(DOMAIN, chain, centre, quarter, blinded))
    }

    /// Whose request it is: an organisation that may bid, by a key that may act for it as a bidder now.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn check(
        &self,
        state: &dyn StateRead,
        chain: &ChainId,
        now: BlockTime,
    ) -> Result<CreditCode, RequestError> {
        let signed = Self::signed_bytes(chain, &self.centre, self.quarter, &self.blinded);
        verify(&self.key, &signed, &self.signature).map_err(|_| RequestError::Signature)?;
        let state = Overlay::new(state);
        match speaker(&state, &self.key)? {
            Some(Speaker::Organisation(holder)) if can_act(&state, now, &holder, Role::Bidder)? => {
                Ok(holder.organisation)
            }
            _ => Err(RequestError::Bidder),
        }
    }
}

/// What was issued in a quarter.
struct Quarter {
    lines: Lines,
    issued: BTreeMap<CreditCode, BTreeSet<DocumentHash>>,
}

/// The stamps that this centre has issued.
pub struct Stamps {
    dir: PathBuf,
    per_quarter: u32,
    quarters: BTreeMap<u16, Quarter>,
}

impl Stamps {
    /// Opens the folder, which is made if it is not there; each organisation gets at most so many stamps in a quarter.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: &Path, per_quarter: u32) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned(), per_quarter, quarters: BTreeMap::new() })
    }

    /// Counts a stamp. It is on the disk when this returns; the same request counts once.
    ///
    /// # Errors
    /// [`RequestError::Quota`] and [`RequestError::Io`].
    pub fn count(&mut self, quarter: u16, of: &CreditCode, blinded: &[u8]) -> Result<(), RequestError> {
        let (most, name) = (self.per_quarter, DocumentHash::from_bytes(sha256(blinded)));
        let quarter = self.quarter(quarter)?;
        let issued = quarter.issued.get(of);
        if issued.is_some_and(|issued| issued.contains(&name)) {
            return Ok(());
        }
        if issued.map_or(0, BTreeSet::len) >= most as usize {
            return Err(RequestError::Quota(most));
        }
        quarter.lines.add(&format!("{of} {name}"))?;
        quarter.issued.entry(of.clone()).or_default().insert(name);
        Ok(())
    }

    fn quarter(&mut self, number: u16) -> io::Result<&mut Quarter> {
        use std::collections::btree_map::Entry;
        match self.quarters.entry(number) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(Quarter::read(&self.dir.join(format!("{number}.log")))?)),
        }
    }
}

impl Quarter {
    fn read(path: &Path) -> io::Result<Self> {
        let mut issued: BTreeMap<CreditCode, BTreeSet<DocumentHash>> = BTreeMap::new();
        let lines = Lines::open(path, |line| {
            let (code, name) = line.split_once(' ')?;
            issued.entry(code.parse().ok()?).or_default().insert(name.parse().ok()?);
            Some(())
        })?;
        Ok(Self { lines, issued })
    }
}
