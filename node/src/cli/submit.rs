//! `zhulian submit`: sign and submit acts from files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::de::DeserializeOwned;

use super::draft::Draft;
use super::output::{Console, Exit, Failure, words};
use super::sign::SignArgs;
use crate::api::schema::Action;

/// Longest file of an act, in bytes: more than fits a transaction.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Sign and submit acts from TOML or JSON files.
#[derive(Args)]
#[command(
    after_help = "Examples 示例:\n  zhulian submit --key seller.key --node http://127.0.0.1:8101 action.toml\n  \
    echo '{\"act\":\"confirm_deal\",\"listing\":\"B01-...\"}' | zhulian submit --key seller.key -\n\n\
    Several files are one batch: recorded in their order, each on its own merits.\n\
    A file that `--write` wrote is signed with the approvals that it has by then, by the key that wrote it:\n  \
    zhulian submit --key staff.key quote.json"
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
        let mut acts = Vec::with_capacity(self.files.len());
        for file in &self.files {
            match given(file)? {
                Given::Act(act) => acts.push(act),
                Given::Draft(draft) if self.files.len() == 1 => {
                    return self.sign.submit_draft(draft, file, console).await;
                }
                Given::Draft(_) => {
                    return Err(Failure::usage(words(
                        format!("{} awaited approvals and is submitted by itself.", file.display()),
                        format!("{}为待审批文件，须单独提交。", file.display()),
                    )));
                }
            }
        }
        self.sign.submit(acts, console).await
    }
}

/// What a file for `submit` may hold.
enum Given {
    Act(Action),
    Draft(Draft),
}

fn given(path: &Path) -> Result<Given, Failure> {
    let text = read_text(path).map_err(|e| wrong(path, e.to_string()))?;
    if Draft::is_in(&text) {
        parse(path, &text).map(Given::Draft)
    } else {
        parse(path, &text).map(Given::Act)
    }
}

/// Reads TOML, or JSON when the text begins with a brace.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    parse(path, &read_text(path).map_err(|e| wrong(path, e.to_string()))?)
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Failure> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|e| wrong(path, e.to_string()))
    } else {
        toml::from_str(text).map_err(|e| wrong(path, e.to_string()))
    }
}

fn wrong(path: &Path, reason: String) -> Failure {
    Failure {
        exit: Exit::Usage,
        ..Failure::because(
            format!("{}: {reason}", path.display()),
            words("Nothing was signed; correct the file.", "未签署任何内容，请修改文件。"),
        )
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
