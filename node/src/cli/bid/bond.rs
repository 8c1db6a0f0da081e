//! Letters of guarantee inside envelopes: asked for without showing the bid, signed by the guarantor on its own machine.

use std::path::{Path, PathBuf};

use clap::Args;
use consensus::Signer as _;
use ledger::codec;
use ledger::crypto::verify;
use ledger::id::CreditCode;
use ledger::record::bid::{BidBond, BondLetter};
use ledger::time::BlockTime;
use sealing::message;
use sealing::suite::Ristretto255;
use serde::{Deserialize, Serialize};

use super::super::open::OpenArgs;
use super::super::output::{Console, Exit, Failure, words};
use super::super::submit::read;
use super::super::trade::yuan;
use super::folder::{Folder, broken};
use super::seal::bytes_of;
use crate::api::schema::Amount;

/// What a bidder gives its guarantor. It names the tender and the bidder, and hides the bid.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    chain: String,
    tender: String,
    principal: String,
    /// Hides the one-time key, in hexadecimal.
    bind: String,
    /// What the notice demands for all its lots together.
    bonds: Vec<Amount>,
    /// Until when bids bind.
    validity_days: u32,
    closes_at: String,
}

/// What the guarantor gives back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedLetter {
    chain: String,
    tender: String,
    guarantor: String,
    number: String,
    principal: String,
    amount: Amount,
    valid_until: String,
    bind: String,
    key: String,
    signature: String,
}

/// Sign a letter of guarantee that goes inside an envelope. 签发密封投标保函
#[derive(Args)]
#[command(
    after_help = "Example 示例:\n  zhulian guarantee sign-bond request.json --guarantor CODE --number LG-7 --amount 500000.00 \\\n    \
    --valid-until 2026-09-01T18:00:00+08:00 --key bank.key --out bond.json\n\n\
    Nothing goes to the ledger: the letter becomes public when the bid is opened. The guarantor learns its client, the tender and\n\
    the amount, and neither the price nor which of the sealed bids it is. 保函随投标文件密封，开标前不入账。"
)]
pub(crate) struct SignBond {
    /// The bidder's request 申请文件
    request: PathBuf,
    /// Credit code of the guarantor 担保机构
    #[arg(long)]
    guarantor: String,
    /// The guarantor's number for the letter 保函编号
    #[arg(long)]
    number: String,
    /// Amount in yuan 金额（元）
    #[arg(long)]
    amount: String,
    /// Until when, inclusive (RFC 3339) 有效期至
    #[arg(long)]
    valid_until: String,
    /// Key of the guarantor 担保机构密钥
    #[arg(long, value_name = "KEY", env = "ZHULIAN_KEY")]
    key: String,
    /// Where to write the signed letter 输出文件
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    open: OpenArgs,
}

/// Writes a request.
pub(super) fn request(console: &Console, folder: &Path, bidder: &str, out: &Path) -> Result<Exit, Failure> {
    let folder = Folder::open(folder)?;
    let notice = &folder.facts.notice;
    let request = Request {
        chain: folder.facts.chain.clone(),
        tender: folder.facts.tender.clone(),
        principal: bidder.to_owned(),
        bind: folder.facts.bind.clone(),
        bonds: notice.lots.iter().map(|lot| lot.bond.clone()).collect(),
        validity_days: notice.validity_days,
        closes_at: notice.closes_at.clone(),
    };
    write(out, &request)?;
    console.fields(&request);
    Ok(Exit::Done)
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|e| broken(&e))? + "\n";
    std::fs::write(path, text).map_err(|e| {
        let path = path.display();
        Failure::because(format!("{path}: {e}"), words("Nothing was written.", "未写入任何内容。"))
    })
}

impl SignBond {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        let request: Request = read(&self.request)?;
        let key = super::super::device::ledger_key(&self.open.opener()?, &self.key)?;
        let signed = SignedLetter {
            chain: request.chain,
            tender: request.tender,
            guarantor: self.guarantor,
            number: self.number,
            principal: request.principal,
            amount: yuan(self.amount),
            valid_until: self.valid_until,
            bind: request.bind,
            key: key.public_key().to_string(),
            signature: String::new(),
        };
        let bytes = signed_bytes(&signed.letter()?);
        let signature = key.sign(&bytes).map_err(|e| broken(&e))?;
        let signed = SignedLetter { signature: hex::encode(signature.as_bytes()), ..signed };
        write(&self.out, &signed)?;
        console.fields(&signed);
        Ok(Exit::Done)
    }
}

/// What a guarantor signs.
pub(crate) fn signed_bytes(letter: &BondLetter) -> Vec<u8> {
    message::guarantee::<Ristretto255>(&codec::encode(letter)).as_bytes().to_vec()
}

impl SignedLetter {
    fn letter(&self) -> Result<BondLetter, Failure> {
        let usage = |e: &dyn std::fmt::Display| Failure {
            exit: Exit::Usage,
            ..Failure::because(
                e,
                words("Nothing was signed; correct the letter.", "未签署，请修改保函内容。"),
            )
        };
        Ok(BondLetter {
            chain: self.chain.parse().map_err(|e| usage(&e))?,
            tender: self.tender.parse().map_err(|e| usage(&e))?,
            guarantor: self.guarantor.parse().map_err(|e| usage(&e))?,
            number: self.number.parse().map_err(|e| usage(&e))?,
            principal: self.principal.parse().map_err(|e| usage(&e))?,
            amount: crate::api::schema::parse_amount("amount", self.amount.clone()).map_err(|e| usage(&e))?,
            valid_until: BlockTime::parse(&self.valid_until).map_err(|e| usage(&e))?,
            bind: bytes_of(&self.bind)?,
        })
    }
}

/// Reads what a guarantor signed, and sees that it is good for this bid: a letter that is not would cost the bid.
pub(super) fn read_signed(path: &Path, folder: &Folder, bidder: &CreditCode) -> Result<BidBond, Failure> {
    let signed: SignedLetter = read(path)?;
    let letter = signed.letter()?;
    let mut signature = [0; 64];
    hex::decode_to_slice(&signed.signature, &mut signature).map_err(|e| broken(&e))?;
    let bond = BidBond {
        key: signed.key.parse().map_err(|e| broken(&e))?,
        signature: ledger::crypto::Signature::from_bytes(signature),
        opening: bytes_of(&folder.facts.opening)?,
        letter,
    };
    let fault = if bond.letter.tender != folder.tender()? || bond.letter.chain != folder.chain()? {
        Some("it is for another tender")
    } else if bond.letter.principal != *bidder {
        Some("it is for another bidder")
    } else if hex::encode(bond.letter.bind.as_slice()) != folder.facts.bind {
        Some("it is for another bid")
    } else if verify(&bond.key, &signed_bytes(&bond.letter), &bond.signature).is_err() {
        Some("its signature is not the guarantor's")
    } else {
        None
    };
    match fault {
        None => Ok(bond),
        Some(fault) => Err(Failure::because(
            format!("{}: {fault}", path.display()),
            words(
                "Nothing was sealed; ask the guarantor for a letter to this request.",
                "未封装，请向担保机构重新申请。",
            ),
        )),
    }
}
