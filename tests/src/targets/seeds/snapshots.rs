//! A small state in chunks, and what leads to it.

use ledger::codec;
use node::wire::Answer;

use super::super::snapshots::World;
use super::{Seed, seed};

pub(super) fn manifests() -> Vec<Seed> {
    vec![seed("genuine", World::get().manifest.clone())]
}

pub(super) fn chunks() -> Vec<Seed> {
    let parts = World::get().parts.iter().enumerate();
    parts.map(|(number, (_, bytes))| seed(&format!("{number:02}"), bytes.clone())).collect()
}

pub(super) fn eras() -> Vec<Seed> {
    vec![seed("genuine", codec::encode(&World::get().era))]
}

pub(super) fn links() -> Vec<Seed> {
    vec![seed("genuine", codec::encode(&World::get().link))]
}

/// What a node answers to whoever joins.
pub(super) fn answers() -> Vec<(&'static str, Answer)> {
    let world = World::get();
    vec![
        ("manifest", Answer::Snapshot(world.manifest.clone().into())),
        ("chunk", Answer::Chunk(world.parts[0].1.clone().into())),
        ("links", Answer::Links(vec![world.link.clone()])),
        ("eras", Answer::Eras(vec![world.era.clone()])),
        ("piece of a document", Answer::Document(vec![7; 100].into())),
    ]
}
