//! The unit of flow.

mod pool;

pub use pool::{Buffer, BufferPool};
