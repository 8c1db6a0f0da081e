//! placeholder
use super::output::*;
#[derive(clap::Args)]
pub(crate) struct Doctor {}
impl Doctor {
    pub(crate) async fn run(self, _c: &Console) -> Result<Exit, Failure> {
        Ok(Exit::Done)
    }
}
