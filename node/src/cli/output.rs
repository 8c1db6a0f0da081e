//! How answers and failures are written: as a table or JSON, in Chinese or English.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, TableComponent, presets};
use serde::Serialize;
use serde_json::Value;

use crate::api::schema::Problem;

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: one JSON document on standard output, failures on standard error.
    Json,
}

/// Language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
    /// Both, side by side.
    #[value(skip)]
    Both,
}

/// A message in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A message in both languages.
pub fn words(en: impl Into<String>, zh: impl Into<String>) -> Words {
    Words { en: en.into(), zh: zh.into() }
}

impl Words {
    /// The message in a language.
    pub fn pick(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.zh.clone(),
            Lang::En => self.en.clone(),
            Lang::Both if self.zh == self.en => self.en.clone(),
            Lang::Both => format!("{} {}", self.zh, self.en),
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is done.
    Done = 0,
    /// Refused, or failed.
    Failed = 1,
    /// Not finished, or not known to be.
    Incomplete = 2,
    /// Asked wrongly.
    Usage = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what was asked: what happened, what follows, and what to do next.
#[derive(Clone, Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What happened, what follows, what to do.
    pub message: Words,
    /// The refusal's stable code, if there is one.
    pub code: Option<String>,
    /// The number of the ledger's rule that refused.
    pub rule: Option<u16>,
}

impl Failure {
    fn new(exit: Exit, message: Words) -> Self {
        Self { exit, message, code: None, rule: None }
    }

    /// Something failed.
    pub fn failed(message: Words) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// It is not finished, or not known to be.
    pub fn incomplete(message: Words) -> Self {
        Self::new(Exit::Incomplete, message)
    }

    /// It was asked wrongly.
    pub fn usage(message: Words) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A library's error, with what follows from it and what to do.
    pub fn because(error: impl std::fmt::Display, advice: Words) -> Self {
        let error = error.to_string();
        let error = error.trim_end().trim_end_matches('.');
        Self::failed(words(format!("{error}. {}", advice.en), format!("{error}。{}", advice.zh)))
    }

    /// A node's refusal.
    pub fn refused(problem: &Problem) -> Self {
        let code = &problem.code;
        let message = match problem.rule {
            Some(rule) => words(
                format!("Refused by rule {rule} ({code}): {}", problem.detail),
                format!("被规则{rule}（{code}）拒绝：{}", problem.detail_zh),
            ),
            None => words(
                format!("Refused ({code}): {}", problem.detail),
                format!("被拒绝（{code}）：{}", problem.detail_zh),
            ),
        };
        Self { code: Some(code.clone()), rule: problem.rule, ..Self::failed(message) }
    }
}

/// Where and how the program writes.
#[derive(Clone, Debug)]
pub struct Console {
    format: Format,
    lang: Lang,
    /// Tables hold one language: two would not fit a screen.
    table_lang: Lang,
}

impl Console {
    /// A console in the language given, or the one of LC_ALL, LC_MESSAGES or LANG.
    pub fn new(format: Format, lang: Option<Lang>) -> Self {
        let lang = lang.unwrap_or_else(lang_of_environment);
        Self { format, lang, table_lang: lang }
    }

    /// The same, with messages in both languages.
    pub fn bilingual(&self) -> Self {
        Self { lang: Lang::Both, ..self.clone() }
    }

    /// The language of tables.
    pub fn table_lang(&self) -> Lang {
        self.table_lang
    }

    /// The language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Whether a program reads what is written.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether a person watches.
    pub fn is_terminal(&self) -> bool {
        !self.is_json() && std::io::stdout().is_terminal()
    }

    /// Writes a failure to standard error.
    pub fn failure(&self, failure: &Failure) {
        let text = match self.format {
            Format::Json => serde_json::json!({ "error": {
                "message": failure.message.pick(self.lang),
                "code": failure.code,
                "rule": failure.rule,
                "exit": failure.exit as u8,
            }})
            .to_string(),
            Format::Table => format!("zhulian: {}", failure.message.pick(self.lang)),
        };
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// A remark for a person: nothing in JSON.
    pub fn say(&self, message: &Words) {
        if !self.is_json() {
            self.line(&message.pick(self.lang));
        }
    }

    /// A remark that must not be lost, on standard error whatever the format: what a program reads stays one document.
    pub fn remark(&self, message: &Words) {
        let _ = writeln!(std::io::stderr(), "{}", message.pick(self.lang));
    }

    /// Writes a line to standard output. A reader that has gone away ends nothing.
    pub fn line(&self, text: &str) {
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Writes JSON to standard output.
    pub fn json(&self, value: &impl Serialize) {
        self.line(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// Writes an object: as JSON, or as a table of its fields.
    pub fn fields(&self, value: &impl Serialize) {
        if self.is_json() {
            return self.json(value);
        }
        let mut table = new_table();
        let mut rows = Vec::new();
        flatten("", &serde_json::to_value(value).unwrap_or_default(), &mut rows);
        rows.into_iter().for_each(|row| {
            table.add_row([row.0, row.1]);
        });
        self.line(&table.to_string());
    }

    /// Writes rows under headings; the JSON is `value`.
    pub fn rows(&self, headings: &[Words], rows: Vec<Vec<String>>, value: &impl Serialize) {
        if self.is_json() {
            return self.json(value);
        }
        self.line(&self.table(headings, rows));
    }

    /// Rows under headings as text.
    pub fn table(&self, headings: &[Words], rows: Vec<Vec<String>>) -> String {
        let mut table = new_table();
        table.set_header(headings.iter().map(|h| h.pick(self.table_lang)));
        table.add_rows(rows);
        table.to_string()
    }
}

fn new_table() -> Table {
    let mut table = Table::new();
    // Widths count a Chinese character as two columns, so that columns stand straight.
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
    // Lines between rows would make a long table twice as long.
    for part in [
        TableComponent::HorizontalLines,
        TableComponent::MiddleIntersections,
        TableComponent::LeftBorderIntersections,
        TableComponent::RightBorderIntersections,
    ] {
        table.remove_style(part);
    }
    table
}

/// One row for each leaf, named by its path.
fn flatten(path: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(&join(key), value, rows)),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            list.iter().enumerate().for_each(|(i, value)| flatten(&format!("{path}[{i}]"), value, rows));
        }
        Value::Array(list) => rows.push((path.into(), list.iter().map(leaf).collect::<Vec<_>>().join(", "))),
        _ => rows.push((path.into(), leaf(value))),
    }
}

/// A value in a table; what is longer than a line is cut, and JSON has it whole.
fn leaf(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LEAF_MAX) {
        Some((at, _)) => format!("{}… ({})", text.get(..at).unwrap_or_default(), text.chars().count()),
        None => text,
    }
}

/// Most characters of a value in a table.
const LEAF_MAX: usize = 120;

fn lang_of_environment() -> Lang {
    let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    lang_of(&of("LC_ALL").or_else(|| of("LC_MESSAGES")).or_else(|| of("LANG")).unwrap_or_default())
}

fn lang_of(locale: &str) -> Lang {
    if locale.starts_with("zh") { Lang::Zh } else { Lang::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_chooses_the_language() {
        for (locale, lang) in [
            ("zh_CN.UTF-8", Lang::Zh),
            ("zh", Lang::Zh),
            ("en_GB", Lang::En),
            ("C", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(lang_of(locale), lang, "{locale}");
        }
    }

    #[test]
    fn columns_stand_straight_under_chinese() {
        let console = Console::new(Format::Table, Some(Lang::Zh));
        let rows = vec![vec!["广州".into(), "a".into()], vec!["abcd".into(), "a".into()]];
        let text = console.table(&[words("a", "节点"), words("b", "值")], rows);
        let columns: Vec<usize> = text
            .lines()
            .map(|line| line.replace("广州", "wide"))
            .filter_map(|line| line.trim_end().strip_suffix(" a").map(str::len))
            .collect();
        assert_eq!(columns.len(), 2, "{text}");
        assert_eq!(columns[0], columns[1], "{text}");
    }
}
