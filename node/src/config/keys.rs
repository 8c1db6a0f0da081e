//! `[keys]`: where the node's own keys are, and how they are opened.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ConfigError, Home};
use crate::keys::{KeyError, KeyReference, Opener, SecretSource};

/// Where the node's own keys are, and how they are opened. Never a passphrase or PIN itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// The voting key: a file, relative to the home, or a `pkcs11:` URI.
    pub consensus: String,
    /// The network key: a file, relative to the home. It is used in every handshake and stays in memory.
    pub network: String,
    /// Where the passphrase of encrypted key files comes from.
    pub passphrase_from: String,
    /// Where the PIN of a token comes from.
    pub pin_from: String,
    /// The shared library that speaks to tokens; empty when the URI names one or there are none.
    pub pkcs11_module: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            consensus: "consensus.key".into(),
            network: "network.key".into(),
            passphrase_from: "prompt".into(),
            pin_from: "prompt".into(),
            pkcs11_module: String::new(),
        }
    }
}

impl Keys {
    /// The `[keys]` of a home whose configuration may not be complete yet; the defaults when it says nothing.
    pub fn of_home(home: &Home) -> Self {
        let table =
            super::read_bounded(&home.config_file()).ok().and_then(|text| text.parse::<toml::Table>().ok());
        let keys = table.and_then(|mut table| table.remove("keys"));
        keys.and_then(|keys| keys.try_into().ok()).unwrap_or_default()
    }

    /// What opens the keys.
    ///
    /// # Errors
    /// [`KeyError::BadSource`].
    pub fn opener(&self) -> Result<Opener, KeyError> {
        let module = Some(PathBuf::from(&self.pkcs11_module)).filter(|path| !path.as_os_str().is_empty());
        Ok(Opener::new(self.passphrase_from.parse()?, self.pin_from.parse()?, module))
    }

    /// The voting key.
    ///
    /// # Errors
    /// [`KeyError::BadUri`].
    pub fn consensus_reference(&self, home: &Home) -> Result<KeyReference, KeyError> {
        Ok(match self.consensus.parse()? {
            KeyReference::File(path) => KeyReference::File(home.root().join(path)),
            token => token,
        })
    }

    /// The network key.
    pub fn network_path(&self, home: &Home) -> PathBuf {
        home.root().join(Path::new(&self.network))
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, e: KeyError| ConfigError::Value { key: key.into(), reason: e.to_string() };
        // Not read by serde: its message would repeat the value, which may be the secret by mistake.
        self.passphrase_from.parse::<SecretSource>().map_err(|e| refuse("keys.passphrase_from", e))?;
        self.pin_from.parse::<SecretSource>().map_err(|e| refuse("keys.pin_from", e))?;
        self.consensus.parse::<KeyReference>().map_err(|e| refuse("keys.consensus", e))?;
        if self.network.starts_with("pkcs11:") {
            let reason = "the network key is used in every handshake and must be a file".into();
            return Err(ConfigError::Value { key: "keys.network".into(), reason });
        }
        Ok(())
    }
}
