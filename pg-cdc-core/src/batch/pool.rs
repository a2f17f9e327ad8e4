//! Buffers that are counted while anyone holds them, and used again afterwards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// Buffers above this capacity are freed when they come back, not kept.
const LARGEST_KEPT: usize = 1 << 20;
/// Buffers below this capacity are cheap to make, and would crowd out the others.
const SMALLEST_KEPT: usize = 4 << 10;
/// How many bytes of free buffers are kept for the next reader.
const MOST_KEPT: usize = 4 << 20;

/// Hands out read buffers and counts the capacity of those that are still held by someone, batches included.
///
/// This is what `memory_limit` bounds: a reader asks [`poll_ready`](Self::poll_ready) before it takes another
/// buffer. Clones share one count.
#[derive(Clone)]
pub struct BufferPool {
    shared: Arc<Shared>,
}

struct Shared {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    retained: usize,
    free: Vec<Vec<u8>>,
    waiting: Vec<Waker>,
}

impl BufferPool {
    /// A pool whose buffers in use should stay below `limit` bytes of capacity.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { shared: Arc::new(Shared { limit, state: Mutex::default() }) }
    }

    /// Bytes of capacity that are in use.
    #[must_use]
    pub fn retained(&self) -> usize {
        self.shared.lock().retained
    }

    /// Bytes of capacity that may be in use before readers wait.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// Ready when less than the limit is in use; else the task is woken when something comes back.
    ///
    /// One buffer beyond the limit may follow a ready answer: a single frame that is larger than the limit passes.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        if state.retained < self.shared.limit {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// An empty buffer of at least `capacity` bytes. Never waits.
    #[must_use]
    pub fn take(&self, capacity: usize) -> Buffer {
        let mut state = self.shared.lock();
        // Not one that is much larger: its whole capacity would count, for little.
        let fits = capacity..=capacity.saturating_mul(4);
        let fit = state.free.iter().rposition(|free| fits.contains(&free.capacity()));
        let bytes = match fit {
            Some(index) => state.free.swap_remove(index),
            None => Vec::with_capacity(capacity),
        };
        let counted = bytes.capacity();
        state.retained += counted;
        Buffer { bytes, counted, pool: self.clone() }
    }
}

impl Shared {
    /// The state is a few numbers and vectors, whole at every step: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BufferPool")
            .field("limit", &self.shared.limit)
            .field("retained", &self.retained())
            .finish()
    }
}

/// A buffer from a [`BufferPool`]; its capacity counts as in use until it, and every `Bytes` made of it, is dropped.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    counted: usize,
    pool: BufferPool,
}

impl Buffer {
    /// The bytes in it, to read into. Growing it is allowed and counted when it is [frozen](Self::freeze).
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes room for `additional` more bytes, and counts it.
    pub fn reserve(&mut self, additional: usize) {
        self.bytes.reserve_exact(additional);
        self.recount();
    }

    /// The bytes, to be shared. The buffer goes back to the pool with the last of them.
    #[must_use]
    pub fn freeze(mut self) -> Bytes {
        self.recount();
        Bytes::from_owner(self)
    }

    fn recount(&mut self) {
        let capacity = self.bytes.capacity();
        if capacity != self.counted {
            let mut state = self.pool.shared.lock();
            state.retained = state.retained + capacity - self.counted;
            self.counted = capacity;
        }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let wake = {
            let mut state = self.pool.shared.lock();
            state.retained -= self.counted;
            let kept: usize = state.free.iter().map(Vec::capacity).sum();
            if (SMALLEST_KEPT..=LARGEST_KEPT).contains(&bytes.capacity()) && kept < MOST_KEPT {
                bytes.clear();
                state.free.push(bytes);
            }
            if state.retained < self.pool.shared.limit {
                std::mem::take(&mut state.waiting)
            } else {
                Vec::new()
            }
        };
        wake.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_capacity_until_the_last_holder_is_gone() {
        let pool = BufferPool::new(100);
        let mut buffer = pool.take(64);
        buffer.bytes_mut().extend_from_slice(b"abc");
        let whole = buffer.freeze();
        let part = whole.slice(1..2);
        drop(whole);
        assert_eq!(pool.retained(), 64);
        assert_eq!(&part[..], b"b");
        drop(part);
        assert_eq!(pool.retained(), 0);
    }

    #[test]
    fn uses_a_buffer_again() {
        let pool = BufferPool::new(100_000);
        let mut buffer = pool.take(8 << 10);
        buffer.bytes_mut().push(1);
        let address = buffer.as_ref().as_ptr();
        drop(buffer.freeze());
        assert_eq!(pool.take(10).bytes.capacity(), 10);
        let again = pool.take(5 << 10);
        assert_eq!(again.bytes.as_ptr(), address);
        assert!(again.bytes.is_empty());
    }

    #[test]
    fn a_reader_waits_at_the_limit_and_is_woken() {
        let pool = BufferPool::new(100);
        let mut cx = Context::from_waker(Waker::noop());
        let held = pool.take(100);
        assert!(pool.poll_ready(&mut cx).is_pending());
        drop(held);
        assert!(pool.poll_ready(&mut cx).is_ready());
    }
}
