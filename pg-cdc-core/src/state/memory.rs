//! A store that forgets when the program ends.

use async_trait::async_trait;

use super::{State, StateStore};
use crate::Error;

/// Keeps the state in memory: for pipelines that are to start over with the program, and for tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Option<State>);

impl MemoryStore {
    /// A store with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn load(&mut self) -> Result<Option<State>, Error> {
        Ok(self.0.clone())
    }

    async fn save(&mut self, state: &State) -> Result<(), Error> {
        self.0 = Some(state.clone());
        Ok(())
    }

    async fn remove(&mut self) -> Result<(), Error> {
        self.0 = None;
        Ok(())
    }
}
