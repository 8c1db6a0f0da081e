//! Encrypting and decrypting as the pieces come.

use zeroize::Zeroizing;

use super::{CHUNK, CIPHER_CHUNK, DocumentError, DocumentKey, LEN_MAX, cipher_len, padded_len};
use crate::suite::{Nonce, Ristretto255, Suite};

/// The nonce of a chunk: its number in 11 bytes, and whether it is the last.
fn nonce(chunk: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    if let Some(place) = nonce.get_mut(3..11) {
        place.copy_from_slice(&chunk.to_be_bytes());
    }
    let [.., flag] = &mut nonce;
    *flag = u8::from(last);
    nonce
}

/// Pieces of whatever size, given out in sizes that are asked for.
struct Source<I: Iterator> {
    pieces: I,
    piece: Option<I::Item>,
    /// Bytes of the piece that were given out.
    given: usize,
}

impl<I: Iterator> Source<I>
where
    I::Item: AsRef<[u8]>,
{
    const fn new(pieces: I) -> Self {
        Self { pieces, piece: None, given: 0 }
    }

    /// Appends at most `most` bytes and says how many; 0 when everything has come.
    fn read(&mut self, buffer: &mut Vec<u8>, most: usize) -> usize {
        loop {
            let rest =
                self.piece.as_ref().and_then(|piece| piece.as_ref().get(self.given..)).unwrap_or_default();
            if !rest.is_empty() {
                let taken = rest.get(..most.min(rest.len())).unwrap_or(rest);
                buffer.extend_from_slice(taken);
                self.given += taken.len();
                return taken.len();
            }
            self.piece = self.pieces.next();
            self.given = 0;
            if self.piece.is_none() {
                return 0;
            }
        }
    }
}

/// Turns the pieces of a document, of whatever size, into chunks of ciphertext. An iterator; it ends after an error.
pub struct Encryptor<I: Iterator, S: Suite = Ristretto255> {
    key: DocumentKey<S>,
    source: Source<I>,
    /// What came and was not yet encrypted.
    pending: Zeroizing<Vec<u8>>,
    announced: u64,
    read: u64,
    /// Padding still to be added after the document's own bytes.
    padding: u64,
    chunk: u64,
    done: bool,
}

impl<I, B, S> Encryptor<I, S>
where
    I: Iterator<Item = B>,
    B: AsRef<[u8]>,
    S: Suite,
{
    /// Encrypts a document of exactly `len` bytes.
    ///
    /// # Errors
    /// [`DocumentError::TooLong`].
    pub fn new(
        key: DocumentKey<S>,
        len: u64,
        pieces: impl IntoIterator<Item = B, IntoIter = I>,
    ) -> Result<Self, DocumentError> {
        if len > LEN_MAX {
            return Err(DocumentError::TooLong(len));
        }
        let (source, padding) = (Source::new(pieces.into_iter()), padded_len(len) - len);
        let pending = Zeroizing::new(Vec::with_capacity(2 * CHUNK));
        Ok(Self { key, source, pending, announced: len, read: 0, padding, chunk: 0, done: false })
    }

    /// Reads until more than one chunk waits or everything has come.
    fn fill(&mut self) -> Result<(), DocumentError> {
        while self.pending.len() <= CHUNK {
            let room = 2 * CHUNK - self.pending.len();
            let read = self.source.read(&mut self.pending, room) as u64;
            self.read = self.read.saturating_add(read);
            if self.read > self.announced || (read == 0 && self.read < self.announced) {
                return Err(DocumentError::Length { expected: self.announced, found: self.read });
            }
            if read == 0 {
                let zeros = usize::try_from(self.padding).unwrap_or(room).min(room);
                if zeros == 0 {
                    return Ok(());
                }
                self.padding -= zeros as u64;
                let len = self.pending.len() + zeros;
                self.pending.resize(len, 0);
            }
        }
        Ok(())
    }
}

impl<I, B, S> Iterator for Encryptor<I, S>
where
    I: Iterator<Item = B>,
    B: AsRef<[u8]>,
    S: Suite,
{
    type Item = Result<Vec<u8>, DocumentError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        if let Err(error) = self.fill() {
            self.done = true;
            return Some(Err(error));
        }
        // Something waits behind a chunk that is not the last.
        let last = self.pending.len() <= CHUNK;
        let mut chunk: Vec<u8> = Vec::with_capacity(CIPHER_CHUNK);
        let end = self.pending.len().min(CHUNK);
        chunk.extend(self.pending.drain(..end));
        S::encrypt(self.key.as_bytes(), &nonce(self.chunk, last), &[], &mut chunk);
        self.chunk += 1;
        self.done = last;
        Some(Ok(chunk))
    }
}

/// Turns the pieces of a ciphertext, of whatever size, into the document without its padding. An iterator; it ends after an
/// error.
///
/// Each piece it gives is authentic by itself. That none is missing is known only when the iterator has ended without an
/// error, so nothing is believed before that.
pub struct Decryptor<I: Iterator, S: Suite = Ristretto255> {
    key: DocumentKey<S>,
    source: Source<I>,
    pending: Vec<u8>,
    len: u64,
    /// Bytes of the document still to come; what comes after them is padding.
    remaining: u64,
    expected: u64,
    read: u64,
    chunk: u64,
    done: bool,
}

impl<I, B, S> Decryptor<I, S>
where
    I: Iterator<Item = B>,
    B: AsRef<[u8]>,
    S: Suite,
{
    /// Decrypts a document whose manifest says `len` bytes.
    ///
    /// # Errors
    /// [`DocumentError::TooLong`].
    pub fn new(
        key: DocumentKey<S>,
        len: u64,
        pieces: impl IntoIterator<Item = B, IntoIter = I>,
    ) -> Result<Self, DocumentError> {
        if len > LEN_MAX {
            return Err(DocumentError::TooLong(len));
        }
        Ok(Self {
            key,
            source: Source::new(pieces.into_iter()),
            pending: Vec::with_capacity(2 * CIPHER_CHUNK),
            len,
            remaining: len,
            expected: cipher_len(len),
            read: 0,
            chunk: 0,
            done: false,
        })
    }

    fn fill(&mut self) -> Result<(), DocumentError> {
        while self.pending.len() <= CIPHER_CHUNK {
            let room = 2 * CIPHER_CHUNK - self.pending.len();
            let read = self.source.read(&mut self.pending, room);
            if read == 0 {
                break;
            }
            self.read = self.read.saturating_add(read as u64);
            if self.read > self.expected {
                return Err(DocumentError::Length { expected: self.expected, found: self.read });
            }
        }
        let complete = self.pending.len() > CIPHER_CHUNK || self.read == self.expected;
        if complete {
            Ok(())
        } else {
            Err(DocumentError::Length { expected: self.expected, found: self.read })
        }
    }

    fn open(&mut self) -> Result<Vec<u8>, DocumentError> {
        self.fill()?;
        let last = self.pending.len() <= CIPHER_CHUNK;
        let end = self.pending.len().min(CIPHER_CHUNK);
        let mut chunk: Vec<u8> = self.pending.drain(..end).collect();
        if !S::decrypt(self.key.as_bytes(), &nonce(self.chunk, last), &[], &mut chunk) {
            return Err(DocumentError::Chunk(self.chunk));
        }
        self.chunk += 1;
        self.done = last;
        let own = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(chunk.len());
        if chunk.iter().skip(own).any(|byte| *byte != 0) {
            return Err(DocumentError::Padding);
        }
        chunk.truncate(own);
        self.remaining -= own as u64;
        if last && self.remaining > 0 {
            return Err(DocumentError::Length { expected: self.len, found: self.len - self.remaining });
        }
        Ok(chunk)
    }
}

impl<I, B, S> Iterator for Decryptor<I, S>
where
    I: Iterator<Item = B>,
    B: AsRef<[u8]>,
    S: Suite,
{
    type Item = Result<Vec<u8>, DocumentError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let opened = self.open();
        self.done |= opened.is_err();
        Some(opened)
    }
}
