//! `pkcs11:` URIs (RFC 7512): which key on which token.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{KeyError, SecretSource};

/// Longest URI, in bytes.
const URI_BYTES_MAX: usize = 1_024;

/// A key on a PKCS#11 token. What is absent matches anything; in the end exactly one token and one key must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pkcs11Uri {
    text: String,
    /// `token`: label of the token.
    pub token: Option<String>,
    /// `serial`: serial number of the token.
    pub serial: Option<String>,
    /// `manufacturer`: who made the token.
    pub manufacturer: Option<String>,
    /// `model`: model of the token.
    pub model: Option<String>,
    /// `slot-id`: number of the slot.
    pub slot: Option<u64>,
    /// `object`: label of the key.
    pub object: Option<String>,
    /// `id`: identifier of the key.
    pub id: Option<Vec<u8>>,
    /// `module-path`: the shared library that speaks to the token.
    pub module: Option<PathBuf>,
    /// `pin-source`: the file with the PIN.
    pub pin: Option<SecretSource>,
}

impl FromStr for Pkcs11Uri {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bad = |reason: String| KeyError::BadUri(reason);
        let rest = text.strip_prefix("pkcs11:").ok_or_else(|| bad("it begins with `pkcs11:`".into()))?;
        if text.len() > URI_BYTES_MAX {
            return Err(bad(format!("it has at most {URI_BYTES_MAX} bytes")));
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A PIN in a URI would stand in arguments, configuration and logs; so would whatever repeats it.
        if query.split('&').any(|part| part.starts_with("pin-value")) {
            return Err(bad("pin-value would show the PIN to others; give --pin-from or pin-source".into()));
        }
        let mut uri = Self { text: text.into(), ..Self::default() };
        for part in path.split(';').filter(|part| !part.is_empty()) {
            uri.take_path(part)?;
        }
        for part in query.split('&').filter(|part| !part.is_empty()) {
            uri.take_query(part)?;
        }
        Ok(uri)
    }
}

impl Pkcs11Uri {
    fn take_path(&mut self, part: &str) -> Result<(), KeyError> {
        let (name, value) = attribute(part)?;
        let slot = match name {
            "token" => &mut self.token,
            "serial" => &mut self.serial,
            "manufacturer" => &mut self.manufacturer,
            "model" => &mut self.model,
            "object" => &mut self.object,
            "id" => return set(&mut self.id, value, name),
            "slot-id" => {
                let number =
                    text_of(value)?.parse().map_err(|_| KeyError::BadUri("slot-id is a number".into()))?;
                return set(&mut self.slot, number, name);
            }
            "type" if value == b"private" => return Ok(()),
            "type" => return Err(KeyError::BadUri("its type is `private`: a key that signs".into())),
            // Of the library, not of the key: they would only narrow down which module it is.
            "library-manufacturer"
            | "library-description"
            | "library-version"
            | "slot-description"
            | "slot-manufacturer" => return Ok(()),
            other => return Err(KeyError::BadUri(format!("the attribute {other:?} is not known"))),
        };
        set(slot, text_of(value)?, name)
    }

    fn take_query(&mut self, part: &str) -> Result<(), KeyError> {
        let (name, value) = attribute(part)?;
        match name {
            "module-path" => set(&mut self.module, PathBuf::from(text_of(value)?), name),
            "pin-source" => {
                let source = text_of(value)?;
                let source =
                    if source.contains(':') { source.parse()? } else { SecretSource::File(source.into()) };
                set(&mut self.pin, source, name)
            }
            // RFC 7512, section 2.4: a query attribute that is not understood is passed over.
            _ => Ok(()),
        }
    }
}

fn set<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), KeyError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(KeyError::BadUri(format!("the attribute {name:?} occurs twice"))),
    }
}

/// A name and the bytes of its percent-encoded value.
fn attribute(part: &str) -> Result<(&str, Vec<u8>), KeyError> {
    let (name, value) =
        part.split_once('=').ok_or_else(|| KeyError::BadUri("attributes are written name=value".into()))?;
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(KeyError::BadUri(format!("the value of {name:?} has a % without two digits")));
        };
        bytes.push((high << 4 | low) as u8);
    }
    Ok((name, bytes))
}

fn text_of(bytes: Vec<u8>) -> Result<String, KeyError> {
    String::from_utf8(bytes).map_err(|_| KeyError::BadUri("a value is not UTF-8 text".into()))
}

impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
