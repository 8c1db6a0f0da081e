//! What a node reads from files that others wrote: the genesis with its rule pack, sign-offs, the configuration.

use ledger::genesis::{Genesis, MAX_GENESIS_BYTES};
use ledger::hash::sha256;
use ledger::rule::RulePack;
use ledger::state::StateKey as _;
use ledger::state::keys::{ParametersKey, RulesKey, ValidatorsKey};
use ledger::time::BlockTime;
use ledger::{block, codec};
use node::config::{Config, Home};
use node::genesis::SignOffs;

/// A genesis names itself by its bytes, its values keep their bounds, and its rules can be counted with.
///
/// After the first zero byte stand sign-offs: what they say of this genesis is right.
pub fn genesis(bytes: &[u8]) {
    let (file, signoffs) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[][..]),
    };
    let signoffs = SignOffs::parse(signoffs);
    let Ok(genesis) = Genesis::parse(file) else { return };
    assert!(file.len() <= MAX_GENESIS_BYTES);
    assert_eq!(genesis.hash.as_bytes(), &sha256(file));
    assert!(genesis.chain_id.as_str().ends_with(&genesis.hash.to_string()[..16]));
    assert_eq!(Genesis::parse(file).as_ref(), Ok(&genesis));
    assert!(genesis.parameters.block_bytes <= block::MAX_BLOCK_BYTES as u64);

    let state = genesis.state();
    let holds = |key: Vec<u8>, value: Vec<u8>| assert_eq!(state.get(&key), Some(&Some(value)));
    holds(ParametersKey.key(), codec::encode(&genesis.parameters));
    for pack in genesis.construction.iter().chain([&genesis.rules]) {
        holds(RulesKey(pack.kind).key(), codec::encode(pack));
    }
    holds(ValidatorsKey.key(), codec::encode(&genesis.validators));
    for value in state.values().flatten() {
        super::ledger::record(value);
    }
    genesis.construction.iter().chain([&genesis.rules]).for_each(|pack| rules(pack, genesis.time));
    if let Ok(signoffs) = signoffs
        && let Ok(signed) = signoffs.signed(&genesis)
    {
        assert_eq!(signed.len(), genesis.validators.len());
        assert!(!signed.values().any(|has| *has), "nobody of ours signs a genesis");
    }
}

/// Every rule in effect gives an end that lies at or after its beginning, or says why it cannot.
fn rules(rules: &RulePack, start: BlockTime) {
    for id in rules.kind.rules().iter().copied() {
        let rule = rules.rule(id, start).expect("a genesis lacks no rule");
        assert!((1..=100_000).contains(&rule.value));
        assert!(rules.kind.units(id).contains(&rule.unit));
        for end in [rules.deadline(id, start), rules.earliest(id, start)].into_iter().flatten() {
            assert!(end >= start, "{id} ends before it begins");
        }
        let _ = (rules.minutes(id, start), rules.permille(id, start));
    }
    let calendar = &rules.calendar;
    assert!(calendar.holidays.is_sorted() && calendar.workdays.is_sorted());
    assert!(calendar.holidays.iter().all(|day| calendar.workdays.binary_search(day).is_err()));
}

/// A configuration that is taken keeps its bounds and survives being written and read.
///
/// After the first zero byte stand environment variables, `NAME=VALUE`, separated by zero bytes.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parts = text.split('\0');
    let file = parts.next().unwrap_or_default();
    let environment: Vec<(String, String)> =
        parts.filter_map(|part| part.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let home = Home::new("/home");
    match Config::parse(file, &home, environment.clone(), &[]) {
        Ok(loaded) => {
            let config = &loaded.config;
            assert!((10..=60_000).contains(&config.consensus.propose_ms));
            assert!(config.mempool.per_organisation <= config.mempool.transactions);
            assert!(!config.network.listen.is_empty() && config.network.peer.len() <= 127);
            let written = serde_json::to_string(config).expect("a configuration can be written");
            assert_eq!(serde_json::from_str::<Config>(&written).ok().as_ref(), Some(config));
            let again = Config::parse(file, &home, environment, &[]).expect("the same again");
            assert_eq!(again.config, *config);
        }
        Err(error) => assert!(!error.to_string().is_empty(), "a refusal says what is wrong"),
    }
}
