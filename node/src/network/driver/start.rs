//! Checks the configuration, opens the listeners and sets the driver going.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use libp2p::identity::Keypair;
use tokio::sync::{mpsc, oneshot, watch};
use zeroize::{Zeroize, Zeroizing};

use super::super::behaviour::Behaviour;
use super::super::channel::ProtocolNames;
use super::super::event::Events;
use super::super::handle::{Control, Directory, Handle, Roster};
use super::super::identity::{InvalidKey, public_key_of};
use super::super::inbound::Reporter;
use super::super::transport::new_swarm;
use super::super::{CHAIN_BYTES_MAX, Config, NetworkError};
use super::Driver;
use super::refusal::reason;

/// Reports from tasks that may wait for the driver.
const NOTES_MAX: usize = 256;

/// Time for the listeners to report their addresses.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);

/// See [`super::super::start`].
pub(in super::super) async fn start(
    mut seed: Zeroizing<[u8; 32]>,
    config: Config,
) -> Result<(Handle, Events), NetworkError> {
    let keypair = Keypair::ed25519_from_bytes(&mut seed[..]).map_err(|_| InvalidKey([0; 32]))?;
    seed.zeroize();
    let Config { listen, members, chain, limits } = config;
    let limits = Arc::new(limits);
    let local = public_key_of(&keypair.public().to_peer_id()).ok_or(InvalidKey([0; 32]))?;
    let roster = Roster::new(members, &local, &limits)?;

    let too_long = NetworkError::ChainTooLong(chain.len());
    let names = ProtocolNames::new(&chain).filter(|_| chain.len() <= CHAIN_BYTES_MAX).ok_or(too_long)?;
    let behaviour = Behaviour::new(&limits, names);
    let mut swarm = new_swarm(&keypair, behaviour, &limits).map_err(NetworkError::Transport)?;
    let mut silent_listeners = HashSet::new();
    for address in listen {
        let listener = swarm
            .listen_on(address.clone())
            .map_err(|error| NetworkError::Listen { address, reason: reason(&error) })?;
        silent_listeners.insert(listener);
    }

    let (sender, events) = Events::new(limits.events_max);
    let (notes_in, notes) = mpsc::channel(NOTES_MAX);
    let (control_in, control) = watch::channel(Control { roster, stop: false });
    let (listening_in, listening) = oneshot::channel();
    let directory = Arc::new(Directory::new(local, chain.into(), limits));
    let mut driver = Driver {
        swarm,
        directory: Arc::clone(&directory),
        control,
        notes,
        reporter: Reporter { notes: notes_in, events: sender },
        slots: BTreeMap::new(),
        waiting: VecDeque::new(),
        resolutions: 0,
        silent_listeners,
        listening: Some(listening_in),
    };
    driver.take_roster();
    driver.note_listening();
    tokio::spawn(driver.run());

    let handle = Handle::new(directory, control_in);
    match tokio::time::timeout(LISTEN_TIMEOUT, listening).await {
        Ok(Ok(())) => Ok((handle, events)),
        _ => Err(NetworkError::ListenTimeout(LISTEN_TIMEOUT)),
    }
}
