//! A throw-away server for these tests: Debian's PostgreSQL 15, with roles for each way to log in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BIN: &str = "/usr/lib/postgresql/15/bin";

pub struct Cluster {
    folder: tempfile::TempDir,
    pub port: u16,
}

impl Cluster {
    /// Starts a server with `extra` at the end of its postgresql.conf.
    pub fn start(extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, port };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(cluster.path()));
        }
        let data = cluster.data();
        run(as_server("initdb").args(["-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "-D"]).arg(&data));
        let config = format!(
            "port = {port}\nunix_socket_directories = '{}'\nlisten_addresses = '127.0.0.1'\nwal_level = logical\n\
             fsync = off\nmax_wal_senders = 10\npassword_encryption = 'scram-sha-256'\n{extra}\n",
            cluster.path().display()
        );
        append(&data.join("postgresql.conf"), &config);
        std::fs::write(
            data.join("pg_hba.conf"),
            "local all clear password\nhostssl all clear all password\nhostnossl all clear all password\n\
             local all all trust\n\
             hostssl all only_ssl all trust\nhostnossl all only_plain all trust\n\
             host all only_ssl,only_plain all reject\n\
             host all md5user all md5\nhost all scram all scram-sha-256\nhost all all all trust\n",
        )
        .unwrap();
        cluster.ctl("start");
        cluster
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub fn tcp(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/postgres", self.port)
    }

    pub fn unix(&self, user: &str) -> String {
        format!("postgres://{user}@/postgres?host={}&port={}", self.path().display(), self.port)
    }

    pub fn ctl(&self, command: &str) {
        let log = self.path().join("log");
        run(as_server("pg_ctl")
            .args(["-w", "-m", "fast", "-D"])
            .arg(self.data())
            .arg("-l")
            .arg(log)
            .arg(command));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = as_server("pg_ctl").args(["-m", "immediate", "-D"]).arg(self.data()).arg("stop").output();
    }
}

pub fn append(path: &Path, text: &str) {
    use std::io::Write;
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A file that the server may read as a private key.
pub fn give_to_server(path: &Path) {
    run(Command::new("chmod").arg("600").arg(path));
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(path));
    }
}

fn as_server(program: &str) -> Command {
    let program = format!("{BIN}/{program}");
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", &program]);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/tmp");
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
