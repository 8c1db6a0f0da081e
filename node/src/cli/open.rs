//! How the command line opens keys: where passphrases and PINs come from, and which library speaks to tokens.

use std::path::PathBuf;

use clap::Args;

use super::key::refuse;
use super::output::{Failure, words};
use crate::config::{Home, Keys};
use crate::keys::{LedgerKey, Opener, Passphrase, SecretSource};

/// How keys are opened. Secrets themselves are never arguments.
#[derive(Args, Clone, Default)]
pub(crate) struct OpenArgs {
    /// Where the passphrase of an encrypted key comes from: prompt, file:PATH, credential:NAME 口令来源
    #[arg(long, value_name = "SOURCE", env = "ZHULIAN_PASSPHRASE_FROM", hide_env_values = true)]
    passphrase_from: Option<String>,
    /// Where the PIN of a PKCS#11 token comes from: prompt, file:PATH, credential:NAME PIN 来源
    #[arg(long, value_name = "SOURCE", env = "ZHULIAN_PIN_FROM", hide_env_values = true)]
    pin_from: Option<String>,
    /// The library that speaks to the token PKCS#11 模块
    #[arg(long, value_name = "FILE", env = "ZHULIAN_PKCS11_MODULE")]
    pkcs11_module: Option<PathBuf>,
}

/// Not parsed by clap: its message would repeat the text, which may be the secret by mistake.
pub(crate) fn source(text: Option<&String>) -> Result<SecretSource, Failure> {
    text.map_or(Ok(SecretSource::Prompt), |text| text.parse().map_err(|e| refuse(&e)))
}

impl OpenArgs {
    /// What opens keys as these arguments say.
    pub(crate) fn opener(&self) -> Result<Opener, Failure> {
        Ok(Opener::new(
            source(self.passphrase_from.as_ref())?,
            source(self.pin_from.as_ref())?,
            self.pkcs11_module.clone(),
        ))
    }

    /// Where the keys of a home are, and what opens them: where these arguments say nothing, its configuration does.
    pub(crate) fn of_home(&self, home: &Home) -> Result<(Keys, Opener), Failure> {
        let keys = Keys::of_home(home, std::env::vars()).map_err(|e| super::start::refuse_config(&e))?;
        let configured = keys.opener(home).map_err(|e| refuse(&e))?;
        let own = self.opener()?;
        let passphrase = if self.passphrase_from.is_some() { own.passphrase } else { configured.passphrase };
        let pin = if self.pin_from.is_some() { own.pin } else { configured.pin };
        Ok((keys, Opener::new(passphrase, pin, own.module.or(configured.module))))
    }

    /// The voting key of a home.
    pub(crate) fn voting_key(&self, home: &Home) -> Result<LedgerKey, Failure> {
        let (keys, opener) = self.of_home(home)?;
        let reference = keys.consensus_reference(home).map_err(|e| refuse(&e))?;
        opener.ledger_key(&reference).map_err(|e| refuse(&e))
    }

    /// What the configuration of a new home says of its keys; files are named as they are found from anywhere.
    pub(crate) fn configured(&self, consensus: Option<String>) -> Result<Keys, Failure> {
        let here = std::env::current_dir()
            .map_err(|e| Failure::because(e, words("Nothing was made.", "未创建任何内容。")))?;
        let named = |text: Option<&String>| source(text).map(|source| source.within(&here).to_string());
        // A name without a directory is looked for where the system keeps its libraries.
        let module = self.pkcs11_module.as_ref().map(|path| match path.components().count() {
            1 => path.display().to_string(),
            _ => here.join(path).display().to_string(),
        });
        let default = Keys::default();
        Ok(Keys {
            consensus: consensus.unwrap_or(default.consensus),
            passphrase_from: named(self.passphrase_from.as_ref())?,
            pin_from: named(self.pin_from.as_ref())?,
            pkcs11_module: module.unwrap_or_default(),
            ..default
        })
    }

    /// A new passphrase, or none where the operator does without.
    pub(crate) fn protection(&self, unencrypted: bool) -> Result<Option<Passphrase>, Failure> {
        if unencrypted {
            return Ok(None);
        }
        let source = source(self.passphrase_from.as_ref())?;
        source.read_new("New passphrase 新口令").map(Some).map_err(|e| refuse(&e))
    }
}
