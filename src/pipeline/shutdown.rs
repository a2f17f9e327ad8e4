//! Asking a pipeline to stop.

use std::future::Future;

use tokio::sync::watch;

/// The end of a pipeline's life that the pipeline holds: whether it has been asked to stop.
///
/// Clones hear the same request. Once made, a request is never taken back.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// The end that asks; may be used from any thread.
#[derive(Debug, Clone)]
pub struct ShutdownHandle(watch::Sender<bool>);

impl Shutdown {
    /// A handle that asks and a signal that hears it.
    #[must_use]
    pub fn channel() -> (ShutdownHandle, Self) {
        let (sender, receiver) = watch::channel(false);
        (ShutdownHandle(sender), Self(receiver))
    }

    /// Whether the pipeline has been asked to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// What `work` gives, or `None` once a stop is requested: `work` is dropped then.
    pub(super) async fn unless_requested<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.requested() => None,
        }
    }

    /// Waits until the pipeline is asked to stop; forever, if every handle is dropped without asking.
    ///
    /// Cancel safe: a request is heard by every later call.
    pub async fn requested(&mut self) {
        if self.0.wait_for(|requested| *requested).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl ShutdownHandle {
    /// Asks the pipeline to stop at the next batch boundary.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn heard(shutdown: &mut Shutdown) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        matches!(pin!(shutdown.requested()).poll(&mut context), Poll::Ready(()))
    }

    #[test]
    fn a_request_is_heard_by_all_and_a_dropped_handle_is_none() {
        let (handle, mut first) = Shutdown::channel();
        let mut second = first.clone();
        assert!(!heard(&mut first) && !first.is_requested());
        handle.request();
        assert!(heard(&mut first) && heard(&mut first) && heard(&mut second) && second.is_requested());
        let (handle, mut orphan) = Shutdown::channel();
        drop(handle);
        assert!(!heard(&mut orphan));
    }
}
