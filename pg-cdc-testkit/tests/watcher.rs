//! A cluster does not outlive the process that made it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pg_cdc_testkit::{Cluster, Version};

/// The process to be killed: this same program, run for this one test.
#[tokio::test]
async fn holds_a_cluster_until_killed() {
    if std::env::var_os("PG_CDC_TESTKIT_HOLD").is_none() {
        return;
    }
    let cluster = Cluster::builder().version(Version::under_test()[0]).start().await.unwrap();
    println!("\nfolder={}", cluster.socket_dir().display());
    println!("port={}", cluster.port());
    tokio::time::sleep(Duration::from_secs(120)).await;
}

#[test]
fn a_killed_process_leaves_neither_server_nor_folder() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_a_cluster_until_killed", "--nocapture"])
        .env("PG_CDC_TESTKIT_HOLD", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let folder = said.find_map(|l| l.strip_prefix("folder=").map(std::path::PathBuf::from)).unwrap();
    let port: u16 = said.find_map(|l| l.strip_prefix("port=").map(|p| p.parse().unwrap())).unwrap();
    assert!(folder.exists());
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while folder.exists() || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(Instant::now() < deadline, "{} is still there", folder.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}
