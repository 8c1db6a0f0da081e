//! The time before a node has a ledger: joining by a snapshot, with an interface that says how far it is.

use std::pin::Pin;
use std::sync::Arc;

use ledger::genesis::Genesis;
use ledger::store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{DRAIN, RunError, initialise};
use crate::api;
use crate::config::Config;
use crate::descriptors;
use crate::network::{self, Events};
use crate::snapshots::join::{self, Progress};

/// What is up already.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a Config,
    pub(super) genesis: &'a Genesis,
    pub(super) genesis_bytes: &'a [u8],
    pub(super) store: &'a Arc<Store>,
    pub(super) network: &'a network::Handle,
    pub(super) listener: &'a TcpListener,
    pub(super) recorder: &'a PrometheusHandle,
}

/// Gives the store a beginning, by genesis or by a snapshot. False when the node was told to stop meanwhile.
pub(super) async fn begin(
    around: Surroundings<'_>,
    events: &mut Events,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<bool, RunError> {
    let dir = around.config.node.data_dir.join("joining");
    let system = |what| move |source| RunError::System { what, source };
    let wanted = around.config.snapshots.join && around.store.tip().is_none();
    if !wanted {
        if around.config.snapshots.join {
            tracing::info!("the data directory holds a ledger already; no snapshot is needed");
        }
        // What a finished or abandoned joining has left.
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(system("removing what was fetched of a snapshot"))?;
        }
        initialise(around.store, around.genesis, around.genesis_bytes)?;
        return Ok(true);
    }
    let (progress, watched) = watch::channel(Progress::default());
    let (over, is_over) = watch::channel(false);
    let server = serve(&around, watched, is_over).map_err(system("serving the interface while joining"))?;
    let server = tokio::spawn(server);
    let parts = join::Parts {
        genesis: around.genesis.clone(),
        genesis_bytes: around.genesis_bytes.to_vec(),
        store: around.store.clone(),
        network: around.network.clone(),
        trust: around.config.snapshots.trusted(),
        reserve: around.config.disk.reserve_bytes,
        progress,
    };
    let joined = tokio::select! {
        joined = join::join(&parts, &dir) => joined.map(|_| true).map_err(RunError::from),
        // Members that ask or tell something are not answered: there is nothing yet to answer from.
        () = async { while events.recv().await.is_some() {} } => Ok(false),
        () = stop => Ok(false),
    };
    // Connections must not stay with an interface that knows nothing of the ledger.
    over.send_replace(true);
    if tokio::time::timeout(DRAIN, server).await.is_err() {
        tracing::warn!("some HTTP answers were not finished in time");
    }
    joined
}

/// Serves on the address of the interface until it is over.
fn serve(
    around: &Surroundings<'_>,
    progress: watch::Receiver<Progress>,
    mut over: watch::Receiver<bool>,
) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use std::os::fd::AsFd as _;
    let socket = std::net::TcpListener::from(around.listener.as_fd().try_clone_to_owned()?);
    let listener = api::BoundedListener::new(TcpListener::from_std(socket)?, descriptors::CONNECTIONS);
    let joining = api::Joining {
        name: around.config.node.name.clone(),
        genesis: around.genesis.clone(),
        network: around.network.clone(),
        recorder: around.recorder.clone(),
        progress,
    };
    Ok(api::serve(listener, api::joining_router(joining), async move {
        let _ = over.wait_for(|over| *over).await;
    }))
}
