//! One cluster for many tests, in one process or in many.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Cluster;
use super::server::Server;
use crate::error::{Error, Result};
use crate::install::Installation;
use crate::install::user::ServerUser;
use crate::version::Version;

#[derive(Serialize, Deserialize)]
struct Handle {
    bin_dir: PathBuf,
    base: PathBuf,
    port: u16,
}

pub(super) fn handle(server: &Server) -> String {
    let bin_dir = server.installation.bin_dir();
    serde_json::json!({ "bin_dir": bin_dir, "base": server.base, "port": server.port }).to_string()
}

pub(super) fn parse_handle(text: &str) -> Result<Server> {
    let Handle { bin_dir, base, port } =
        serde_json::from_str(text).map_err(|e| Error::Invalid(format!("not a cluster's handle: {e}")))?;
    Ok(Server { base, port, installation: Installation::at(&bin_dir)?, user: ServerUser::find()? })
}

pub(super) async fn shared(version: Version) -> Result<&'static Cluster> {
    static CLUSTERS: Mutex<Option<HashMap<Version, &'static Cluster>>> = Mutex::const_new(None);
    // Held while the cluster is made: a second test waits for the first one's.
    let mut clusters = CLUSTERS.lock().await;
    let clusters = clusters.get_or_insert_default();
    if let Some(cluster) = clusters.get(&version) {
        return Ok(cluster);
    }
    let given = match version {
        Version::Any => None,
        Version::Major(major) => std::env::var(format!("PG_CDC_TEST_CLUSTER_{major}")).ok(),
    };
    let cluster = match given {
        Some(handle) => tokio::task::spawn_blocking(move || Cluster::attach(&handle)).await??,
        None => Cluster::builder().version(version).for_many_tests().start().await?,
    };
    // Statics are never dropped; the watcher removes the cluster when the process ends.
    let cluster: &'static Cluster = Box::leak(Box::new(cluster));
    clusters.insert(version, cluster);
    Ok(cluster)
}
