//! Sealing an offer.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger::codec::Bytes;
use ledger::id::CreditCode;
use ledger::record::bid::{BidBond, BidPayload, LotPrice, MAX_BID_DOCUMENTS, MAX_SEQUENCE, SealedDocument};
use serde::Deserialize;

use super::super::documents::encrypt;
use super::super::open::OpenArgs;
use super::super::output::{Console, Exit, Failure, words};
use super::super::submit::read;
use super::bond;
use super::class_of;
use super::folder::{Folder, Version, broken};
use crate::api::schema::Amount;
use crate::bidding::{SealError, Target, Terms};
use crate::keys::Opener;

/// An offer to seal.
#[derive(Args)]
pub(crate) struct Seal {
    /// The bid's folder 投标目录
    folder: PathBuf,
    /// The offer; see examples/offer.toml 投标内容
    offer: PathBuf,
    /// Credit code of the bidder 投标人
    #[arg(long)]
    bidder: String,
    /// The key that signs the offer inside the envelope 投标人密钥
    #[arg(long, value_name = "KEY", env = "ZHULIAN_KEY")]
    key: String,
    #[command(flatten)]
    open: OpenArgs,
}

/// An offer as people write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfferFile {
    prices: Vec<Price>,
    /// Files, relative to the offer's own folder.
    #[serde(default)]
    documents: Vec<PathBuf>,
    /// What the guarantor signed, relative to the offer's own folder.
    bond: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    lot: u32,
    price: Amount,
}

impl Seal {
    pub(super) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let folder = Folder::open(&self.folder)?;
        let opener = self.open.opener()?;
        let offer: OfferFile = read(&self.offer)?;
        let version = folder.versions().last().copied().unwrap_or(0).saturating_add(1);
        let sequence = folder.facts.recorded.saturating_add(1);
        if sequence > MAX_SEQUENCE {
            return Err(Failure::usage(words(
                format!("Under one key at most {MAX_SEQUENCE} acts can be recorded; prepare another bid."),
                format!("同一密钥至多 {MAX_SEQUENCE} 次操作，请另行准备投标。"),
            )));
        }
        let beside = self.offer.parent().unwrap_or(Path::new("."));
        let terms = offer.terms(&self.bidder, beside, &folder)?;
        let key = super::super::device::ledger_key(&opener, &self.key)?;
        let sealed = seal(&folder, &opener, (version, sequence), terms, &key, &offer.paths(beside))?;
        console.fields(&serde_json::json!({
            "version": version, "sequence": sealed.sequence, "bid": sealed.bid,
            "documents": sealed.documents.len(),
        }));
        console.say(&words(
            "Sealed, and its opening was rehearsed. Submit it with `zhulian bid submit`.",
            "已封装并通过开标预演，请用 zhulian bid submit 递交。",
        ));
        Ok(Exit::Done)
    }
}

impl OfferFile {
    fn paths(&self, beside: &Path) -> Vec<PathBuf> {
        self.documents.iter().map(|path| beside.join(path)).collect()
    }

    fn terms(&self, bidder: &str, beside: &Path, folder: &Folder) -> Result<Terms, Failure> {
        let usage = |e: &dyn std::fmt::Display| Failure {
            exit: Exit::Usage,
            ..Failure::because(e, words("Nothing was sealed; correct the offer.", "未封装，请修改投标内容。"))
        };
        let bidder: CreditCode = bidder.parse().map_err(|e| usage(&e))?;
        if self.documents.len() > MAX_BID_DOCUMENTS {
            return Err(usage(&format!("a bid has at most {MAX_BID_DOCUMENTS} documents")));
        }
        let price = |one: &Price| -> Result<LotPrice, Failure> {
            let amount = crate::api::schema::parse_amount("price", one.price.clone());
            Ok(LotPrice { lot: one.lot, price: amount.map_err(|e| usage(&e))? })
        };
        let prices = self.prices.iter().map(price).collect::<Result<Vec<_>, _>>()?;
        let lots = folder.facts.notice.lots.len() as u32;
        let sound = prices.windows(2).all(|pair| matches!(pair, [a, b] if a.lot < b.lot))
            && prices.iter().all(|one| (1..=lots).contains(&one.lot) && one.price.minor() > 0)
            && !prices.is_empty();
        if !sound {
            return Err(usage(&format!("prices are for lots 1 to {lots}, ascending, each above zero")));
        }
        let bond: Option<BidBond> = self
            .bond
            .as_ref()
            .map(|path| bond::read_signed(&beside.join(path), folder, &bidder))
            .transpose()?;
        Ok(Terms { bidder, prices, bond })
    }
}

/// Seals a version of the folder as the act of this number.
fn seal(
    folder: &Folder,
    opener: &Opener,
    (number, sequence): (u32, u32),
    terms: Terms,
    key: &crate::keys::LedgerKey,
    files: &[PathBuf],
) -> Result<Version, Failure> {
    let (chain, tender, committee) = (folder.chain()?, folder.tender()?, folder.committee()?);
    let one_time_key = folder.one_time_key(opener)?;
    let target = Target {
        chain: &chain,
        tender,
        envelope: class_of(folder.facts.notice.envelope_kib)?,
        committee: &committee,
        one_time_key: &one_time_key,
        sequence,
    };
    let into = folder.begin(number)?;
    let count = u16::try_from(files.len()).map_err(|e| broken(&e))?;
    let sealed = target.seal(terms, key, count, |index, key| -> Result<_, Failure> {
        let path = files.get(usize::from(index)).ok_or_else(|| broken(&"a document is missing"))?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("document");
        let part = into.join(format!("{index}.part"));
        let (entry, local) = encrypt(key, path, name, &part)?;
        let place = into.join(format!("{}.sealed", local.document.hash));
        std::fs::rename(&part, &place).map_err(|e| broken(&e))?;
        Ok((entry, local.document))
    });
    let sealed = sealed.map_err(|error| match error {
        SealError::Document(failure) => failure,
        SealError::TooLong(error) => {
            Failure::because(error, words("Shorten the names of the documents.", "请缩短文件名。"))
        }
        SealError::Signing(error) => broken(&error),
        SealError::Rehearsal(what) => broken(&format!("the sealed bid does not open again ({what})")),
    })?;
    let documents = sealed.documents.iter().map(|one| (one.hash.to_string(), one.len)).collect();
    let version = Version {
        sequence,
        bid: hex::encode(sealed.bid.as_bytes()),
        dealing: hex::encode(&sealed.dealing),
        envelope: hex::encode(&sealed.envelope),
        documents,
    };
    folder.finish(number, &version, &sealed.dealer_secret.encode(), opener)?;
    Ok(version)
}

/// The documents of a version, as the ledger names them.
pub(super) fn documents_of(version: &Version) -> Result<Vec<SealedDocument>, Failure> {
    let one = |(hash, len): &(String, u64)| -> Result<SealedDocument, Failure> {
        Ok(SealedDocument { hash: hash.parse().map_err(|e| broken(&e))?, len: *len })
    };
    version.documents.iter().map(one).collect()
}

/// Opens a version as the chain will.
pub(super) fn rehearse(folder: &Folder, opener: &Opener, number: u32) -> Result<BidPayload, Failure> {
    let (chain, tender, committee) = (folder.chain()?, folder.tender()?, folder.committee()?);
    let (version, one_time_key) = (folder.version(number)?, folder.one_time_key(opener)?);
    let target = Target {
        chain: &chain,
        tender,
        envelope: class_of(folder.facts.notice.envelope_kib)?,
        committee: &committee,
        one_time_key: &one_time_key,
        sequence: version.sequence,
    };
    let bytes = |text: &str| hex::decode(text).map_err(|e| broken(&e));
    let secret = folder.dealer_secret(opener, number)?;
    let opened = target.rehearse::<std::convert::Infallible>(
        &bytes(&version.dealing)?,
        &bytes(&version.envelope)?,
        &documents_of(&version)?,
        &secret,
    );
    opened.map_err(|e| broken(&e))
}

/// Bytes from hexadecimal, of at most `MAX`.
pub(super) fn bytes_of<const MAX: usize>(text: &str) -> Result<Bytes<MAX>, Failure> {
    Bytes::new(hex::decode(text).map_err(|e| broken(&e))?).map_err(|e| broken(&e))
}
