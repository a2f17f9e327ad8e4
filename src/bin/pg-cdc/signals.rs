//! SIGINT and SIGTERM: the first asks the pipeline to stop, the second ends the program at once.

use std::io;
use std::thread;

use pg_cdc::pipeline::ShutdownHandle;
use tokio::runtime::Builder;
use tracing::info;

/// The exit status after a second signal.
const STOPPED_AT_ONCE: i32 = 130;

/// Listens from now on, on a thread of its own: a pipeline that keeps every worker busy must not delay the second signal.
pub(crate) fn listen(shutdown: ShutdownHandle) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            let first = signals.next().await;
            info!("{first}: stopping at the next batch boundary; once more to stop at once");
            shutdown.request();
            signals.next().await;
            std::process::exit(STOPPED_AT_ONCE);
        });
    })?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}
