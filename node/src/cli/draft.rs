//! Transactions on their way to a second person: written by who will sign, approved by others, then signed and
//! submitted. And `zhulian approve`.
//!
//! An approval is a signature under the act, its expiry, its salt and the key that will sign. The signer's own signature
//! covers the approvals, so it comes last; until then nothing in the file can be recorded by anybody.

use std::path::{Path, PathBuf};

use clap::Args;
use consensus::Signer;
use ledger::crypto::{PublicKey, Signature, verify};
use ledger::id::{ChainId, Height};
use ledger::transaction::{Approval, MAX_APPROVALS, Payload, approval_bytes};
use serde::{Deserialize, Serialize};

use super::open::OpenArgs;
use super::output::{Console, Exit, Failure, words};
use crate::api::schema::{Action, InvalidField};

/// What the field `draft` of such a file says.
const FORMAT: &str = "zhulian/draft/1";

/// A transaction without its signature, as a file. It holds no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// [`FORMAT`].
    draft: String,
    /// The chain.
    chain: String,
    /// The key that will sign, in hexadecimal.
    signer: String,
    /// The last height at which the transaction may be recorded.
    expiry: u64,
    /// Sixteen bytes in hexadecimal.
    salt: String,
    /// The act.
    pub(crate) act: Action,
    /// What others have signed so far.
    #[serde(default)]
    approvals: Vec<DraftApproval>,
}

/// An approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftApproval {
    /// The key that approves, in hexadecimal.
    key: String,
    /// Its signature, in hexadecimal.
    signature: String,
}

/// A draft whose every field is read and whose approvals verify.
pub(crate) struct Opened {
    pub(crate) chain: ChainId,
    pub(crate) signer: PublicKey,
    pub(crate) payload: Payload,
}

fn wrong(path: &Path, reason: impl std::fmt::Display) -> Failure {
    Failure {
        exit: Exit::Usage,
        ..Failure::because(
            format!("{}: {reason}", path.display()),
            words("Nothing was signed; have it written anew.", "未签署任何内容，请重新生成。"),
        )
    }
}

impl Draft {
    /// Whether a text is meant as a draft, rather than as an act.
    pub(crate) fn is_in(text: &str) -> bool {
        let value: Result<serde_json::Value, _> = serde_json::from_str(text);
        value.is_ok_and(|value| value.get("draft").is_some())
    }

    /// A draft that nobody has approved yet.
    pub(crate) fn new(
        chain: &ChainId,
        signer: &PublicKey,
        expiry: Height,
        salt: [u8; 16],
        act: Action,
    ) -> Self {
        Self {
            draft: FORMAT.into(),
            chain: chain.to_string(),
            signer: signer.to_string(),
            expiry: expiry.get(),
            salt: hex::encode(salt),
            act,
            approvals: Vec::new(),
        }
    }

    /// Reads every field and verifies the approvals.
    pub(crate) fn open(&self, path: &Path) -> Result<Opened, Failure> {
        let wrong = |reason: String| wrong(path, reason);
        if self.draft != FORMAT {
            return Err(wrong(format!("is not of this program: expected draft = {FORMAT:?}")));
        }
        let chain: ChainId = self.chain.parse().map_err(|e| wrong(format!("chain: {e}")))?;
        let signer: PublicKey = self.signer.parse().map_err(|e| wrong(format!("signer: {e}")))?;
        let mut salt = [0; 16];
        hex::decode_to_slice(&self.salt, &mut salt)
            .map_err(|_| wrong("salt: expected 32 hexadecimal digits".into()))?;
        let action = self.act.clone().try_into().map_err(|e: InvalidField| wrong(e.to_string()))?;
        let mut payload = Payload { action, expiry: Height::new(self.expiry), salt, approvals: Vec::new() };
        payload.approvals =
            self.approvals(&approval_bytes(&chain, &signer, &payload), &signer).map_err(wrong)?;
        Ok(Opened { chain, signer, payload })
    }

    /// The approvals in the ledger's order.
    fn approvals(&self, message: &[u8], signer: &PublicKey) -> Result<Vec<Approval>, String> {
        if self.approvals.len() > MAX_APPROVALS {
            return Err(format!("has more than {MAX_APPROVALS} approvals"));
        }
        let mut approvals = Vec::with_capacity(self.approvals.len());
        for DraftApproval { key, signature } in &self.approvals {
            let read: PublicKey = key.parse().map_err(|e| format!("approvals.key: {e}"))?;
            let mut bytes = [0; 64];
            hex::decode_to_slice(signature, &mut bytes)
                .map_err(|_| "approvals.signature: expected 128 hexadecimal digits".to_owned())?;
            let signature = Signature::from_bytes(bytes);
            if read == *signer || verify(&read, message, &signature).is_err() {
                return Err(format!(
                    "the approval of {key} does not verify: something was changed after it was given"
                ));
            }
            approvals.push(Approval { key: read, signature });
        }
        approvals.sort_unstable_by_key(|approval| approval.key);
        if approvals.windows(2).any(|pair| matches!(pair, [a, b] if a.key == b.key)) {
            return Err("has two approvals of one key".into());
        }
        Ok(approvals)
    }

    /// Adds an approval.
    fn approve(&mut self, path: &Path, key: &dyn Signer) -> Result<(), Failure> {
        let opened = self.open(path)?;
        let public = key.public_key();
        if public == opened.signer {
            return Err(Failure::usage(words(
                "This key is the one that signs the act; a second approval is another person's.",
                "该密钥即为签署密钥，第二人审批须由他人作出。",
            )));
        }
        if opened.payload.approvals.iter().any(|approval| approval.key == public) {
            return Err(Failure::usage(words("This key has approved it already.", "该密钥已审批。")));
        }
        if opened.payload.approvals.len() >= MAX_APPROVALS {
            return Err(Failure::usage(words(
                format!("It has {MAX_APPROVALS} approvals, which is the most that a transaction carries."),
                format!("审批已达上限（{MAX_APPROVALS}个）。"),
            )));
        }
        let signature = key
            .sign(&approval_bytes(&opened.chain, &opened.signer, &opened.payload))
            .map_err(|e| Failure::because(e, words("Nothing was signed.", "未签署任何内容。")))?;
        let signature = hex::encode(signature.as_bytes());
        self.approvals.push(DraftApproval { key: public.to_string(), signature });
        Ok(())
    }

    /// Writes a file that did not exist.
    pub(crate) fn create(&self, path: &Path) -> Result<(), Failure> {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, self.text().as_bytes()));
        written.map_err(|e| wrong(path, e))
    }

    /// Puts this in place of a file, whole or not at all.
    fn replace(&self, path: &Path) -> Result<(), Failure> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        self.create(&beside)?;
        std::fs::rename(&beside, path).map_err(|e| {
            // What could not be put in place is of no use; that it may stay behind is said by the next try.
            let _ = std::fs::remove_file(&beside);
            wrong(path, e)
        })
    }

    fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// What is shown of it.
    pub(crate) fn summary(&self, path: &Path) -> serde_json::Value {
        let approvals: Vec<&str> = self.approvals.iter().map(|approval| approval.key.as_str()).collect();
        serde_json::json!({
            "draft": path,
            "chain": self.chain,
            "signer": self.signer,
            "expiry": self.expiry,
            "act": self.act,
            "approved_by": approvals,
        })
    }
}

/// Approve another person's act.
#[derive(Args)]
#[command(
    after_help = "Examples 示例:\n  zhulian quote B01-...-000001-7 102000000.00 --key staff.key --write quote.json\n  \
    zhulian approve quote.json --key principal.key\n  \
    zhulian submit quote.json --key staff.key\n\n\
    Shows what is approved and adds the approval to the file; no node is asked, so it works offline.\n\
    An approval holds for this act, this expiry and this signer alone."
)]
pub(crate) struct Approve {
    /// What `--write` wrote 待审批文件
    file: PathBuf,
    /// Key of the person who approves: a key file, or a pkcs11: URI 审批人密钥
    #[arg(long, value_name = "KEY", env = "ZHULIAN_KEY", required_unless_present = "show")]
    key: Option<String>,
    #[command(flatten)]
    open: OpenArgs,
    /// Only show what is to be approved, and by whom it is already 仅查看
    #[arg(long)]
    show: bool,
}

impl Approve {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        let mut draft: Draft = super::submit::read(&self.file)?;
        match self.key.filter(|_| !self.show) {
            None => drop(draft.open(&self.file)?),
            Some(key) => {
                let key = super::device::ledger_key(&self.open.opener()?, &key)?;
                draft.approve(&self.file, &key)?;
                draft.replace(&self.file)?;
            }
        }
        console.fields(&draft.summary(&self.file));
        Ok(Exit::Done)
    }
}
