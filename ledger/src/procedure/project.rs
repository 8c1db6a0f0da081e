//! An organiser registers a project at a centre (项目进场登记).

use minicbor::{Decode, Encode};

use super::listing::MAX_DOCUMENTS;
use super::{Context, Procedure};
use crate::codec::Title;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::hash::DocumentHash;
use crate::id::{CreditCode, ProjectCode, RegionCode};
use crate::record::organisation::Role;
use crate::record::project::{Industry, Project};
use crate::state::StateError;
use crate::state::keys::{ProjectKey, ProjectSequenceKey};

/// The registration of a project. The ledger numbers it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterProject {
    /// The centre that hosts its trades.
    #[n(0)]
    pub centre: CreditCode,
    /// Its name.
    #[n(1)]
    pub name: Title,
    /// Where it is built.
    #[n(2)]
    pub region: RegionCode,
    /// What is built.
    #[n(3)]
    pub industry: Industry,
    /// Number of the approval (批准文号).
    #[n(4)]
    pub approval: Title,
    /// Documents of the approval, by content; at most 16.
    #[n(5)]
    pub documents: Vec<DocumentHash>,
}

/// Whether there are `least` to `most` documents, none of them twice.
pub(super) fn are_documents(documents: &[DocumentHash], least: usize, most: usize) -> bool {
    let mut once = documents.to_vec();
    once.sort_unstable();
    once.dedup();
    (least..=most).contains(&documents.len()) && once.len() == documents.len()
}

impl Procedure for RegisterProject {
    type Checked = (String, u32, ProjectCode);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        if !context.organisation(&self.centre)?.is_some_and(|o| o.has(Role::Centre)) {
            return Err(Rejection::CentreUnknown.into());
        }
        if !are_documents(&self.documents, 0, MAX_DOCUMENTS) {
            return Err(Rejection::InvalidDocuments.into());
        }
        let day = context.time.china_day();
        let prefix = ProjectCode::prefix(self.industry.deal_kind(), &self.region, day);
        let used = context.state.read(&ProjectSequenceKey(&prefix))?.unwrap_or(0);
        let sequence = used.saturating_add(1);
        let code = ProjectCode::issue(&prefix, sequence).map_err(|_| Rejection::NumbersUsedUp)?;
        Ok((prefix, sequence, code))
    }

    fn apply(
        &self,
        (prefix, sequence, code): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        let organiser = context.signer.code.clone();
        let project = Project {
            code: code.clone(),
            organiser: organiser.clone(),
            centre: self.centre.clone(),
            name: self.name.clone(),
            region: self.region.clone(),
            industry: self.industry,
            approval: self.approval.clone(),
            documents: self.documents.clone(),
            registered_at: context.time,
            tenders: 0,
        };
        context.state.write(&ProjectSequenceKey(&prefix), &sequence);
        context.state.write(&ProjectKey(&code), &project);
        context.events.push(Event::ProjectRegistered {
            project: code,
            organiser,
            centre: self.centre.clone(),
        });
        Ok(())
    }
}
