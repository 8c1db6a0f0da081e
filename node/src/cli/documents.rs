//! The encrypted documents of bids on their way to the centres and back.
//!
//! Uploads go on where they were, at whatever centre, after whatever interruption: a centre says how many bytes it has. What a
//! centre signs is verified before it counts, and what is fetched is decrypted and compared with the bid's list before it gets
//! its name.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use ledger::codec::Bytes;
use ledger::crypto::{PublicKey, Signature, SigningKey, verify};
use ledger::hash::DocumentHash;
use ledger::id::{ChainId, TenderId};
use ledger::procedure::attestation::Attestation;
use ledger::procedure::bid::StoredDocument;
use ledger::record::bid::{DocumentEntry, STAMP_BYTES, SealedDocument};
use sealing::document::{Decryptor, DocumentKey, Encryptor};
use sealing::message::{self, DocumentRef};
use sealing::suite::Ristretto255;
use sha2::{Digest as _, Sha256};

use super::client::{Client, ClientError, Nodes};
use super::output::{Console, Failure, words};
use crate::api::schema::DocumentReceipt;
use crate::tenders::admission::{Request, Ticket};

/// Bytes of a piece of an upload.
const PIECE: u64 = 2 << 20;
/// How often a piece is tried before another centre is.
const TRIES: u32 = 3;

/// An encrypted document in a file.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// The ciphertext.
    pub(crate) path: PathBuf,
    /// As the bid names it.
    pub(crate) document: SealedDocument,
}

/// Who uploads: a one-time key with its stamp.
pub(crate) struct Uploader<'a> {
    pub(crate) chain: &'a ChainId,
    pub(crate) tender: TenderId,
    pub(crate) key: &'a SigningKey,
    pub(crate) stamp: &'a Bytes<STAMP_BYTES>,
}

/// Encrypts a file into another and says what it is, plain and encrypted. Neither is ever whole in memory.
pub(crate) fn encrypt(
    key: DocumentKey,
    plain: &Path,
    name: &str,
    into: &Path,
) -> Result<(DocumentEntry, Local), Failure> {
    let because = |error: std::io::Error, path: &Path| {
        let path = path.display();
        Failure::because(error, words(format!("The file is {path}."), format!("文件：{path}。")))
    };
    let mut file = File::open(plain).map_err(|e| because(e, plain))?;
    let len = file.metadata().map_err(|e| because(e, plain))?.len();
    let (mut hasher, mut failed) = (Sha256::new(), None);
    let pieces = std::iter::from_fn(|| {
        let mut piece = Vec::new();
        match std::io::Read::by_ref(&mut file).take(1 << 20).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => {
                hasher.update(&piece);
                Some(zeroize::Zeroizing::new(piece))
            }
            Err(error) => {
                failed = Some(error);
                None
            }
        }
    });
    let (mut out, mut sealed, mut sealed_len) =
        (File::create(into).map_err(|e| because(e, into))?, Sha256::new(), 0_u64);
    let sealed_pieces = Encryptor::<_, Ristretto255>::new(key, len, pieces);
    for piece in sealed_pieces.map_err(|e| unreadable(&e))? {
        let piece = piece.map_err(|e| unreadable(&e))?;
        sealed.update(&piece);
        sealed_len = sealed_len.saturating_add(piece.len() as u64);
        out.write_all(&piece).map_err(|e| because(e, into))?;
    }
    if let Some(error) = failed {
        return Err(because(error, plain));
    }
    out.sync_all().map_err(|e| because(e, into))?;
    let name =
        name.parse().map_err(|e| Failure::because(e, words("Give it another name.", "请更换文件名。")))?;
    let entry = DocumentEntry { name, hash: DocumentHash::from_bytes(hasher.finalize().into()), len };
    let hash = DocumentHash::from_bytes(sealed.finalize().into());
    Ok((entry, Local { path: into.to_owned(), document: SealedDocument { hash, len: sealed_len } }))
}

fn unreadable(error: &dyn std::fmt::Display) -> Failure {
    Failure::because(
        error,
        words("The file changed while it was read; try again.", "文件在读取过程中发生变化，请重试。"),
    )
}

/// Uploads documents until more centres than can fail have signed for each of them.
pub(crate) async fn store(
    console: &Console,
    nodes: &Nodes,
    who: &Uploader<'_>,
    documents: &[Local],
    needed: usize,
) -> Result<Vec<StoredDocument>, Failure> {
    let mut stored = Vec::with_capacity(documents.len());
    for local in documents {
        stored.push(store_one(console, nodes, who, local, needed).await?);
    }
    Ok(stored)
}

async fn store_one(
    console: &Console,
    nodes: &Nodes,
    who: &Uploader<'_>,
    local: &Local,
    needed: usize,
) -> Result<StoredDocument, Failure> {
    let SealedDocument { hash, len } = local.document;
    let asked = Request::Document { hash, len };
    let ticket = Ticket::sign(who.chain, who.key, who.tender, asked, who.stamp.clone());
    let (mut receipts, mut centres, mut last) = (Vec::new(), Vec::new(), None);
    for client in nodes.all() {
        if receipts.len() >= needed {
            break;
        }
        match upload(console, client, &ticket, local).await {
            Ok(receipt) if centres.contains(&receipt.centre) => {}
            Ok(receipt) => match judge(&receipt, who, &local.document) {
                Some(attestation) => {
                    centres.push(receipt.centre);
                    receipts.push(attestation);
                }
                None => last = Some(client.url().to_owned()),
            },
            // Another centre may take it.
            Err(Attempt::Client(error)) => {
                console.remark(&error.into_failure(client.url()).message);
                last = Some(client.url().to_owned());
            }
            Err(Attempt::Local(failure)) => return Err(failure),
        }
    }
    if receipts.len() >= needed {
        return Ok(StoredDocument { document: local.document.clone(), receipts });
    }
    let (held, last) = (receipts.len(), last.unwrap_or_default());
    Err(Failure::incomplete(words(
        format!(
            "{held} of {needed} centres hold document {hash}; name more with --node and run this again, it goes on where it was. {last}"
        ),
        format!(
            "文件 {hash} 目前由 {held} 家中心保管，需 {needed} 家；请用 --node 指定更多节点后重新执行，将自动续传。{last}"
        ),
    )))
}

/// Why a document did not get to a centre.
enum Attempt {
    /// The centre or the way to it.
    Client(ClientError),
    /// The own file.
    Local(Failure),
}

async fn upload(
    console: &Console,
    client: &Client,
    ticket: &Ticket,
    local: &Local,
) -> Result<DocumentReceipt, Attempt> {
    let mut stands = client.announce(ticket).await.map_err(Attempt::Client)?;
    let bar = bar(console, stands.len, client.url());
    let mut tries = 0;
    while !stands.held {
        bar.set_position(stands.offset);
        let piece = read_piece(&local.path, stands.offset).map_err(Attempt::Local)?;
        match client.upload_piece(&stands, piece).await {
            Ok(now) => (stands, tries) = (now, 0),
            // Where the upload stands after a broken connection only the centre knows.
            Err(_) if tries < TRIES => {
                tries += 1;
                stands = client.announce(ticket).await.map_err(Attempt::Client)?;
            }
            Err(error) => return Err(Attempt::Client(error)),
        }
    }
    bar.finish_and_clear();
    client.document_receipt(&local.document.hash, &ticket.tender).await.map_err(Attempt::Client)
}

fn read_piece(path: &Path, offset: u64) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut piece = Vec::new();
        file.take(PIECE).read_to_end(&mut piece)?;
        Ok(piece)
    };
    read().map_err(|e: std::io::Error| {
        let path = path.display();
        Failure::because(
            e,
            words(format!("Seal the bid again: {path}."), format!("请重新封装投标：{path}。")),
        )
    })
}

/// A receipt that says what it must and is signed.
fn judge(receipt: &DocumentReceipt, who: &Uploader<'_>, document: &SealedDocument) -> Option<Attestation> {
    let key: PublicKey = receipt.key.parse().ok()?;
    let mut signature = [0; 64];
    hex::decode_to_slice(&receipt.signature, &mut signature).ok()?;
    let signature = Signature::from_bytes(signature);
    let reference = DocumentRef { sha256: *document.hash.as_bytes(), len: document.len };
    let bytes = message::receipt::<Ristretto255>(who.chain.as_str(), &who.tender.sealed(), &reference);
    verify(&key, bytes.as_bytes(), &signature).ok()?;
    Some(Attestation { key, signature })
}

/// Fetches an encrypted document from whichever centre has it, decrypts it and gives it its name in a folder. Goes on where
/// an earlier run ended.
pub(crate) async fn fetch(
    console: &Console,
    nodes: &Nodes,
    key: DocumentKey,
    (entry, sealed): (&DocumentEntry, &SealedDocument),
    folder: &Path,
) -> Result<PathBuf, Failure> {
    let because = |error: std::io::Error| {
        let path = folder.display();
        Failure::because(error, words(format!("Look at the folder {path}."), format!("请检查目录 {path}。")))
    };
    fs::create_dir_all(folder).map_err(because)?;
    let cipher = folder.join(format!("{}.sealed", sealed.hash));
    download(console, nodes, sealed, &cipher).await?;
    let mut file = File::open(&cipher).map_err(because)?;
    let pieces = std::iter::from_fn(|| {
        let mut piece = Vec::new();
        std::io::Read::by_ref(&mut file)
            .take(1 << 20)
            .read_to_end(&mut piece)
            .ok()
            .filter(|read| *read > 0)
            .map(|_| piece)
    });
    let plain = folder.join(file_name(entry));
    let part = folder.join(format!("{}.part", sealed.hash));
    let (mut out, mut hasher) = (File::create(&part).map_err(because)?, Sha256::new());
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::because(
            error,
            words(
                "The document is not what the bid says of it: that is for the evaluation committee.",
                "文件与投标所载不符，须由评标委员会认定。",
            ),
        )
    };
    let decrypted = Decryptor::<_, Ristretto255>::new(key, entry.len, pieces).map_err(|e| wrong(&e))?;
    for piece in decrypted {
        let piece = piece.map_err(|e| wrong(&e))?;
        hasher.update(&piece);
        out.write_all(&piece).map_err(because)?;
    }
    if DocumentHash::from_bytes(hasher.finalize().into()) != entry.hash {
        return Err(wrong(&"The plain text has another hash than the bid's list names"));
    }
    out.sync_all().map_err(because)?;
    fs::rename(&part, &plain).map_err(because)?;
    fs::remove_file(&cipher).map_err(because)?;
    Ok(plain)
}

/// A name from a bid is a stranger's: nothing of it may lead out of the folder.
fn file_name(entry: &DocumentEntry) -> String {
    let safe = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let name: String = entry.name.as_str().chars().map(safe).collect();
    match name.trim_matches(['.', ' ']) {
        "" => entry.hash.to_string(),
        name => name.to_owned(),
    }
}

async fn download(
    console: &Console,
    nodes: &Nodes,
    sealed: &SealedDocument,
    into: &Path,
) -> Result<(), Failure> {
    let because = |error: std::io::Error| {
        let path = into.display();
        Failure::because(error, words(format!("Look at {path}."), format!("请检查 {path}。")))
    };
    let bar = bar(console, sealed.len, "");
    let mut file =
        File::options().create(true).truncate(false).read(true).write(true).open(into).map_err(because)?;
    loop {
        let offset = file.seek(SeekFrom::End(0)).map_err(because)?;
        bar.set_position(offset);
        if offset >= sealed.len {
            break;
        }
        let hash = &sealed.hash;
        let ask = |client: Client| async move {
            match client.document_piece(hash, offset, PIECE).await {
                // One that does not hold it is no reason to give up.
                Err(ClientError::Refused(problem)) if problem.code == "document_not_held_here" => {
                    Err(ClientError::Strange(problem.detail))
                }
                Ok(piece) if piece.is_empty() => Err(ClientError::Strange("no bytes".into())),
                other => other,
            }
        };
        let piece = nodes.ask(ask).await?;
        file.write_all(&piece).map_err(because)?;
    }
    bar.finish_and_clear();
    file.sync_all().map_err(because)?;
    file.seek(SeekFrom::Start(0)).map_err(because)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(because)? {
            0 => break,
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    if DocumentHash::from_bytes(hasher.finalize().into()) == sealed.hash {
        return Ok(());
    }
    fs::remove_file(into).map_err(because)?;
    Err(Failure::failed(words(
        "The centres gave other bytes than the bid names. Run this again, with other nodes first.",
        "节点给出的内容与投标所载哈希不符，请调整节点顺序后重试。",
    )))
}

fn bar(console: &Console, len: u64, what: &str) -> ProgressBar {
    if !console.is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(len);
    if let Ok(style) = ProgressStyle::with_template(
        "{spinner} [{bar:30}] {bytes} / {total_bytes} {bytes_per_sec} {eta} {msg}",
    ) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what.to_owned());
    bar
}
