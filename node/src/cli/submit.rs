//! `zhulian submit`: sign and submit acts from files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::de::DeserializeOwned;

use super::output::{Console, Exit, Failure, words};
use super::sign::SignArgs;

/// Longest file of an act, in bytes: more than fits a transaction.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Sign and submit acts from TOML or JSON files.
#[derive(Args)]
#[command(
    after_help = "Examples 示例:\n  zhulian submit --key seller.key --node http://127.0.0.1:8101 action.toml\n  \
    echo '{\"act\":\"confirm_deal\",\"listing\":\"B01-...\"}' | zhulian submit --key seller.key -\n\n\
    Several files are one batch: recorded in their order, each on its own merits."
)]
pub(crate) struct Submit {
    #[command(flatten)]
    sign: SignArgs,
    /// Files with one act each; `-` reads standard input 操作文件
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Submit {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let acts = self.files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
        self.sign.submit(acts, console).await
    }
}

/// Reads TOML, or JSON when the text begins with a brace.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let wrong = |reason: String| Failure {
        exit: Exit::Usage,
        ..Failure::because(
            format!("{}: {reason}", path.display()),
            words("Nothing was signed; correct the file.", "未签署任何内容，请修改文件。"),
        )
    };
    let text = read_text(path).map_err(|e| wrong(e.to_string()))?;
    if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))
    } else {
        toml::from_str(&text).map_err(|e| wrong(e.to_string()))
    }
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    }
    if text.len() as u64 == FILE_BYTES_MAX {
        return Err(std::io::Error::other("is longer than any act"));
    }
    Ok(text)
}
