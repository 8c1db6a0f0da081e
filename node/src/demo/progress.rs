//! Progress that a person can follow: a line for every act, and a bar of days on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::{Console, Lang, Words, words};

/// How long a day takes at least when a person watches.
const PACE: Duration = Duration::from_millis(300);

/// Where progress is written: standard output, or standard error when a program reads the former.
pub(super) struct Progress {
    /// How long a day takes at least, so that a person can follow.
    pace: Duration,
    lang: Lang,
    to_stderr: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Progress over so many days, each of which takes `pace` at least; unless given, nobody is waited for but
    /// a person at a terminal.
    pub(super) fn new(console: &Console, days: u64, pace: Option<Duration>) -> Self {
        let pace = pace.unwrap_or(if console.is_terminal() { PACE } else { Duration::ZERO });
        let bar = console.is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(days), ProgressDrawTarget::stdout());
            let label = words("day {pos} of {len}", "第 {pos}/{len} 天").pick(console.lang());
            let template = format!("{{spinner}} [{{bar:30}}] {label} {{msg}}");
            if let Ok(style) = ProgressStyle::with_template(&template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { pace, lang: console.lang(), to_stderr: console.is_json(), bar }
    }

    /// A new part of the trade.
    pub(super) fn heading(&self, text: &Words) {
        self.line(&format!("\n== {}", text.pick(self.lang)));
    }

    /// Something that was done.
    pub(super) fn done(&self, text: &Words) {
        self.line(&format!("  + {}", text.pick(self.lang)));
    }

    /// Something that was refused, as it should be.
    pub(super) fn refused(&self, text: &Words) {
        self.line(&format!("  x {}", text.pick(self.lang)));
    }

    /// Something that happened.
    pub(super) fn note(&self, text: &Words) {
        self.line(&format!("  * {}", text.pick(self.lang)));
    }

    /// Leaves time to read what was done.
    pub(super) async fn pause(&self) {
        tokio::time::sleep(self.pace).await;
    }

    /// A day that has come.
    pub(super) async fn day(&self, number: u64, date: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(number);
                bar.set_message(date.to_owned());
            }
            None => self.line(&format!(
                "  . {}",
                words(format!("day {number}, {date}"), format!("第 {number} 天 {date}")).pick(self.lang)
            )),
        }
        self.pause().await;
    }

    /// No more progress follows.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        use std::io::Write as _;
        match &self.bar {
            Some(bar) => bar.println(text),
            None if self.to_stderr => {
                let _ = writeln!(std::io::stderr(), "{text}");
            }
            None => {
                let _ = writeln!(std::io::stdout(), "{text}");
            }
        }
    }
}
