//! Key files: read and written so that nobody else sees them, and encrypted with age.
//!
//! An encrypted key file is an armoured age file with a scrypt recipient (age-encryption.org/v1), which the stock
//! tools `age` and `rage` open and make. What it encrypts is the very text that stands in an unencrypted file.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::scrypt::{Identity, Recipient};
use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

use super::{KeyError, Passphrase};

/// Longest key file, in bytes: a chain and an RSA key of 4096 bits take a tenth of it.
pub const KEY_FILE_BYTES_MAX: usize = 64 * 1024;
/// Work of scrypt: 2^18, as the stock tools choose; a second and 256 MiB for each try.
const WORK_FACTOR: u8 = 18;
/// Most work that a file may ask of us: four seconds and 1 GiB.
const WORK_FACTOR_MAX: u8 = 20;

/// Reads a file that others cannot: `refused_mode` are the permission bits it must not have.
pub(super) fn read_private(
    path: &Path,
    bytes_max: usize,
    refused_mode: u32,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let io = |reason| KeyError::Io { path: path.into(), reason };
    let file = File::open(path).map_err(io)?;
    // Asked of the open file, so that it is the one that is read.
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
    if mode & refused_mode != 0 {
        return Err(KeyError::Exposed { path: path.into(), mode });
    }
    // All at once, so that no copy of the secret stays behind where a buffer grew.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max + 1));
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > bytes_max {
        return Err(KeyError::TooLong { path: path.into(), most: bytes_max });
    }
    Ok(bytes)
}

/// Writes a file that did not exist, readable by its owner alone, and makes it durable.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let io = |reason| KeyError::Io { path: path.into(), reason };
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(KeyError::Exists(path.into())),
        opened => opened.map_err(io)?,
    };
    // The mode asked for above is narrowed by the umask and never widened; this makes it exact.
    file.set_permissions(Permissions::from_mode(0o600)).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)
}

/// Puts other contents into a key file: whoever reads it sees the old or the new ones, also after a crash. Its owner
/// stays the same, so that root may do this for a service.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let io = |reason| KeyError::Io { path: path.into(), reason };
    // The file itself, if the path is a link to it.
    let path = path.canonicalize().map_err(io)?;
    let owner = path.metadata().map_err(io)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    create(&beside, bytes)?;
    let moved = chown(&beside, Some(owner.uid()), Some(owner.gid()))
        .and_then(|()| std::fs::rename(&beside, &path))
        .inspect_err(|_| {
            // What went wrong is told; the copy beside is ours to take away.
            let _ = std::fs::remove_file(&beside);
        });
    moved.map_err(io)?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    File::open(directory).and_then(|d| d.sync_all()).map_err(io)
}

/// Whether the bytes are a file of age, armoured or not.
pub(super) fn is_encrypted(bytes: &[u8]) -> bool {
    [&b"age-encryption.org/"[..], b"-----BEGIN AGE ENCRYPTED FILE-----"]
        .iter()
        .any(|mark| bytes.starts_with(mark))
}

/// Encrypts with a passphrase.
pub(super) fn encrypt(plain: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>, KeyError> {
    let failed = |e: &dyn std::fmt::Display| KeyError::Signing(format!("encryption failed: {e}"));
    let mut recipient = Recipient::new(passphrase.to_secret());
    recipient.set_work_factor(WORK_FACTOR);
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|e| failed(&e))?;
    let mut sealed = Vec::new();
    let armour = ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor).map_err(|e| failed(&e))?;
    let mut writer = encryptor.wrap_output(armour).map_err(|e| failed(&e))?;
    let written = writer.write_all(plain).and_then(|()| writer.finish()).and_then(ArmoredWriter::finish);
    written.map_err(|e| failed(&e))?;
    Ok(sealed)
}

/// Opens what [`encrypt`], `age --passphrase` or `rage --passphrase` made.
pub(super) fn decrypt(
    path: &Path,
    sealed: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let refuse =
        |e: &dyn std::fmt::Display| KeyError::NotDecryptable { path: path.into(), reason: e.to_string() };
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(sealed)).map_err(|e| refuse(&e))?;
    if !decryptor.is_scrypt() {
        return Err(refuse(&"it is encrypted to a key, not with a passphrase"));
    }
    let mut identity = Identity::new(passphrase.to_secret());
    identity.set_max_work_factor(WORK_FACTOR_MAX);
    let reader =
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(|e| match e {
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                KeyError::WrongPassphrase(path.into())
            }
            other => refuse(&other),
        })?;
    let mut plain = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX + 1));
    reader.take(KEY_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut plain).map_err(|e| refuse(&e))?;
    Ok(plain)
}
