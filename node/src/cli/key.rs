//! `zhulian key`: make and inspect key files. Private halves are never printed.

use std::path::PathBuf;

use clap::Subcommand;

use super::output::{Console, Exit, Failure, Words, words};
use crate::keys::{KeyError, Secret};

/// Make and inspect key files.
#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a key in a new file, readable by its owner alone 新建密钥
    #[command(after_help = "Example 示例:\n  zhulian key new seller.key")]
    New {
        /// The file to make
        file: PathBuf,
    },
    /// Print the public halves of key files 显示公钥
    #[command(after_help = "Example 示例:\n  zhulian key show seller.key")]
    Show {
        /// Key files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List the key files (*.key) of a directory 列出目录中的密钥
    #[command(after_help = "Example 示例:\n  zhulian key list gz")]
    List {
        /// The directory, for example a node's home
        #[arg(default_value = ".")]
        directory: PathBuf,
    },
}

impl Key {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::New { file } => {
                let secret = Secret::generate().map_err(|e| refuse(&e))?;
                secret.create(&file).map_err(|e| refuse(&e))?;
                console.fields(
                    &serde_json::json!({ "file": file, "public_key": secret.public_key().to_string() }),
                );
                Ok(Exit::Done)
            }
            Self::Show { files } => show(console, files),
            Self::List { directory } => show(console, list(&directory)?),
        }
    }
}

fn show(console: &Console, files: Vec<PathBuf>) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut keys = Vec::new();
    for file in files {
        match Secret::read(&file) {
            Ok(secret) => keys.push((file, secret.public_key().to_string())),
            Err(error) => {
                console.failure(&refuse(&error));
                exit = Exit::Failed;
            }
        }
    }
    let headings: [Words; 2] = [words("file", "文件"), words("public key", "公钥")];
    let rows = keys.iter().map(|(file, key)| vec![file.display().to_string(), key.clone()]).collect();
    let value: Vec<_> =
        keys.iter().map(|(file, key)| serde_json::json!({ "file": file, "public_key": key })).collect();
    console.rows(&headings, rows, &value);
    Ok(exit)
}

fn list(directory: &std::path::Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(directory).map_err(|e| {
        Failure::because(format!("{}: {e}", directory.display()), words("Give a directory.", "请指定目录。"))
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "key"))
        .collect();
    files.sort();
    Ok(files)
}

/// What to say about a key that cannot be made or read.
pub(crate) fn refuse(error: &KeyError) -> Failure {
    Failure::because(error, words("The key was not used.", "未使用该密钥。"))
}
