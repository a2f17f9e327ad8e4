//! Writes one buffer on a blocking thread while the next is being filled.

use std::fs::File;
use std::io::{self, Write};

use tokio::task::JoinHandle;

/// A buffer larger than this is freed, not filled again: one huge row leaves nothing behind.
const LARGEST_KEPT: usize = 4 << 20;

/// What bytes go to.
pub(super) enum Target {
    /// A file whose bytes can be made durable.
    File(File),
    /// A pipe, a device, or any writer: durable means taken over by it.
    Writer(Box<dyn Write + Send>),
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Writer(writer) => writer.write_all(bytes),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match self {
            // The length is all of the metadata that matters, and fdatasync takes that along.
            Self::File(file) => file.sync_data(),
            Self::Writer(writer) => writer.flush(),
        }
    }
}

/// A target and the write that is under way.
pub(super) struct Output {
    state: State,
    spare: Vec<u8>,
}

enum State {
    Idle(Target),
    Busy(JoinHandle<Done>),
    /// A write failed or was given up: what the target holds behind the last sync is not known.
    Broken,
}

struct Done {
    target: Target,
    buffer: Vec<u8>,
    result: io::Result<()>,
}

impl Output {
    pub(super) fn new(target: Target) -> Self {
        Self { state: State::Idle(target), spare: Vec::new() }
    }

    /// Starts writing `buffer` and leaves an empty one in its place; waits for the write before.
    pub(super) async fn write(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let mut target = self.settle().await?;
        let full = std::mem::replace(buffer, std::mem::take(&mut self.spare));
        self.state = State::Busy(tokio::task::spawn_blocking(move || {
            let result = target.write(&full);
            Done { target, buffer: full, result }
        }));
        Ok(())
    }

    /// Makes all that was written durable.
    pub(super) async fn sync(&mut self) -> io::Result<()> {
        let mut target = self.settle().await?;
        self.state = State::Busy(tokio::task::spawn_blocking(move || {
            let result = target.sync();
            Done { target, buffer: Vec::new(), result }
        }));
        let target = self.settle().await?;
        self.state = State::Idle(target);
        Ok(())
    }

    /// Waits for what is under way and takes the target out.
    pub(super) async fn settle(&mut self) -> io::Result<Target> {
        let done = match &mut self.state {
            State::Busy(handle) => handle.await.map_err(io::Error::other),
            State::Idle(_) | State::Broken => {
                return match std::mem::replace(&mut self.state, State::Broken) {
                    State::Idle(target) => Ok(target),
                    _ => Err(io::Error::other("an earlier write failed")),
                };
            }
        };
        self.state = State::Broken;
        let Done { target, mut buffer, result } = done?;
        result?;
        if buffer.capacity() <= LARGEST_KEPT && buffer.capacity() > self.spare.capacity() {
            buffer.clear();
            self.spare = buffer;
        }
        Ok(target)
    }
}
