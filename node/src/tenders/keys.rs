//! Keys of seats and of stamps at rest, in the home's folder of keys: private, encrypted as the network key is, durable
//! before they are registered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_core::{CryptoRng, UnwrapErr};
use sealing::seat::SeatSecret;
use sealing::stamp::issue::IssuerSecret;
use zeroize::Zeroizing;

use crate::keys::{KeyError, Opener};

/// First line of the file of a seat key; the second is the scalar in hexadecimal.
const SEAT_HEADER: &str = "zhulian seat private key v1";
/// First line of the file of a key for stamps; the second is the PKCS #8 encoding in hexadecimal.
const STAMP_HEADER: &str = "zhulian stamp private key v1";

/// The keys that are here.
pub struct Keys {
    folder: PathBuf,
    opener: Arc<Opener>,
    /// New files are encrypted as this one is.
    like: PathBuf,
    seats: Mutex<BTreeMap<u64, Arc<SeatSecret>>>,
    stamps: Mutex<BTreeMap<u16, Arc<IssuerSecret>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The system's random source; without it nothing that needs it can go on.
pub fn system_random() -> impl CryptoRng {
    UnwrapErr(getrandom::SysRng)
}

impl Keys {
    /// The keys in a folder.
    #[must_use]
    pub fn new(folder: PathBuf, opener: Arc<Opener>, like: PathBuf) -> Self {
        Self { folder, opener, like, seats: Mutex::default(), stamps: Mutex::default() }
    }

    /// Where the seat key of an epoch is.
    #[must_use]
    pub fn seat_path(&self, epoch: u64) -> PathBuf {
        self.folder.join(format!("seat-{epoch}.key"))
    }

    /// Where the key for stamps of a quarter is.
    #[must_use]
    pub fn stamp_path(&self, quarter: u16) -> PathBuf {
        self.folder.join(format!("stamp-{quarter}.key"))
    }

    /// The seat key of an epoch; nothing if there is no file.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be opened.
    pub fn seat(&self, epoch: u64) -> Result<Option<Arc<SeatSecret>>, KeyError> {
        if let Some(known) = lock(&self.seats).get(&epoch) {
            return Ok(Some(known.clone()));
        }
        let path = self.seat_path(epoch);
        let Some(bytes) = self.read(&path, SEAT_HEADER)? else { return Ok(None) };
        let wrong = || KeyError::NotAKey(path.clone());
        let scalar = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| wrong())?;
        let secret = Arc::new(SeatSecret::decode(&scalar).map_err(|_| wrong())?);
        lock(&self.seats).insert(epoch, secret.clone());
        Ok(Some(secret))
    }

    /// The seat key of an epoch, made if there is none. It is on the disk.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn make_seat(&self, epoch: u64) -> Result<Arc<SeatSecret>, KeyError> {
        if let Some(secret) = self.seat(epoch)? {
            return Ok(secret);
        }
        let secret = SeatSecret::generate(&mut system_random());
        self.write(&self.seat_path(epoch), SEAT_HEADER, secret.encode().as_ref())?;
        let secret = Arc::new(secret);
        lock(&self.seats).insert(epoch, secret.clone());
        Ok(secret)
    }

    /// Destroys the seat key of an epoch: what was withdrawn or replaced in it can be opened by nobody then.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn destroy_seat(&self, epoch: u64) -> std::io::Result<()> {
        lock(&self.seats).remove(&epoch);
        std::fs::remove_file(self.seat_path(epoch))
    }

    /// The epochs of which there is a file.
    #[must_use]
    pub fn seat_epochs(&self) -> Vec<u64> {
        let Ok(files) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let number = |name: &str| name.strip_prefix("seat-")?.strip_suffix(".key")?.parse().ok();
        files.flatten().filter_map(|file| number(file.file_name().to_str()?)).collect()
    }

    /// The key for stamps of a quarter; nothing if there is no file.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be opened.
    pub fn stamp(&self, quarter: u16) -> Result<Option<Arc<IssuerSecret>>, KeyError> {
        if let Some(known) = lock(&self.stamps).get(&quarter) {
            return Ok(Some(known.clone()));
        }
        let path = self.stamp_path(quarter);
        let Some(der) = self.read(&path, STAMP_HEADER)? else { return Ok(None) };
        let secret = IssuerSecret::from_der(&der).map_err(|_| KeyError::NotAKey(path))?;
        let secret = Arc::new(secret);
        lock(&self.stamps).insert(quarter, secret.clone());
        Ok(Some(secret))
    }

    /// The key for stamps of a quarter, made if there is none, which takes seconds. It is on the disk.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn make_stamp(&self, quarter: u16) -> Result<Arc<IssuerSecret>, KeyError> {
        if let Some(secret) = self.stamp(quarter)? {
            return Ok(secret);
        }
        let made = IssuerSecret::generate(&mut system_random()).and_then(|key| Ok((key.to_der()?, key)));
        let (der, secret) = made.map_err(|error| KeyError::Signing(error.to_string()))?;
        self.write(&self.stamp_path(quarter), STAMP_HEADER, &der)?;
        let secret = Arc::new(secret);
        lock(&self.stamps).insert(quarter, secret.clone());
        Ok(secret)
    }

    fn read(&self, path: &Path, header: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
        path.exists().then(|| self.opener.secret_bytes(path, header)).transpose()
    }

    fn write(&self, path: &Path, header: &str, secret: &[u8]) -> Result<(), KeyError> {
        self.opener.create_secret_like(path, &self.like, header, secret)?;
        tracing::info!(path = %path.display(), "a key was made: back it up, nobody else has it");
        Ok(())
    }
}
