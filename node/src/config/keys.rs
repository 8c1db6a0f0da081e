//! `[keys]`: where the node's own keys are, and how they are opened.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ConfigError, Home, layers};
use crate::keys::{KeyError, KeyReference, Opener, SecretSource};

/// Where the node's own keys are, and how they are opened. Never a passphrase or PIN itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// The voting key: a file, relative to the home, or a `pkcs11:` URI.
    pub consensus: String,
    /// The voting key that follows it when the members put it in place: a file, which need not exist, or a `pkcs11:` URI.
    pub consensus_next: String,
    /// The network key: a file, relative to the home. The library of the mesh holds it in memory.
    pub network: String,
    /// Where the passphrase of encrypted key files comes from; a path is relative to the home.
    pub passphrase_from: String,
    /// Where the PIN of a token comes from; a path is relative to the home.
    pub pin_from: String,
    /// The shared library that speaks to tokens; empty when the URI names one or there are none.
    pub pkcs11_module: String,
}

/// The section without the others, which may not be complete yet.
#[derive(Deserialize)]
struct Alone {
    #[serde(default)]
    keys: Keys,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            consensus: "consensus.key".into(),
            consensus_next: "consensus-next.key".into(),
            network: "network.key".into(),
            passphrase_from: "prompt".into(),
            pin_from: "prompt".into(),
            pkcs11_module: String::new(),
        }
    }
}

impl Keys {
    /// The `[keys]` of a home whose configuration may not be complete yet: its genesis may not be agreed on.
    ///
    /// # Errors
    /// [`ConfigError`] when the file is not read, or the section is not accepted.
    pub fn of_home(
        home: &Home,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let path = home.config_file();
        let text = if path.exists() { super::read_bounded(&path)? } else { String::new() };
        let (mut table, origins) = layers::overlay(&text, environment, &[])?;
        table.retain(|section, _| section == "keys");
        let Alone { keys } = table.try_into().map_err(|e| layers::place(&e, &origins))?;
        keys.check()?;
        Ok(keys)
    }

    /// What opens the keys of this home.
    ///
    /// # Errors
    /// [`KeyError::BadSource`].
    pub fn opener(&self, home: &Home) -> Result<Opener, KeyError> {
        let source = |text: &str| text.parse::<SecretSource>().map(|source| source.within(home.root()));
        // A name without a directory is looked for where the system keeps its libraries.
        let module = match self.pkcs11_module.as_str() {
            "" => None,
            name if name.contains('/') => Some(home.root().join(name)),
            name => Some(name.into()),
        };
        Ok(Opener::new(source(&self.passphrase_from)?, source(&self.pin_from)?, module))
    }

    /// The voting key.
    ///
    /// # Errors
    /// [`KeyError::BadUri`].
    pub fn consensus_reference(&self, home: &Home) -> Result<KeyReference, KeyError> {
        Ok(self.consensus.parse::<KeyReference>()?.within(home.root()))
    }

    /// The voting key that follows it; [`KeyReference::exists`] tells whether there is one.
    ///
    /// # Errors
    /// [`KeyError::BadUri`].
    pub fn next_consensus_reference(&self, home: &Home) -> Result<KeyReference, KeyError> {
        Ok(self.consensus_next.parse::<KeyReference>()?.within(home.root()))
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
        self.consensus_next.parse::<KeyReference>().map_err(|e| refuse("keys.consensus_next", e))?;
        if self.network.starts_with("pkcs11:") {
            let reason =
                "the network key cannot be on a token: the library of the mesh needs the key itself; name a file"
                    .into();
            return Err(ConfigError::Value { key: "keys.network".into(), reason });
        }
        Ok(())
    }
}
