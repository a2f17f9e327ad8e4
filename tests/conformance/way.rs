//! The settings under which one workload is read.

use serde_json::{Value, json};

use crate::case::merge;
use crate::support::setting;

/// When a pipeline reads what the workload does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Once it is over.
    Late,
    /// While it is at it.
    Live,
    /// In a run of its own at each of its pauses.
    Paused,
}

/// How transactions come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocks {
    /// Whole, when they commit.
    Whole,
    /// The large ones in blocks.
    Large,
    /// All of them in blocks, however small: for debugging, servers have that since 16.
    All,
}

/// One way to read it.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// The first version that has it.
    pub(crate) since: u32,
    pub(crate) pgoutput: Value,
    pub(crate) blocks: Blocks,
    pub(crate) when: When,
    /// Whether it is left to longer runs.
    more: bool,
}

/// What all others are compared with.
pub(crate) const PLAIN: &str = "plain";

/// The ways that a server of this version has, the plain one first. `PG_CDC_TEST_MORE_WAYS=1` adds those that tell little
/// beyond the others; `PG_CDC_TEST_WAYS` names the ones to go, beside the plain one.
pub(crate) fn ways(major: u32) -> Vec<Way> {
    use Blocks::{All, Large, Whole};
    use When::{Late, Live, Paused};
    let all = |blocks| if major >= 16 { All } else { blocks };
    let way = |name, since, pgoutput, blocks, when| Way { name, since, pgoutput, blocks, when, more: false };
    let more = |name, since, pgoutput, blocks, when| Way { name, since, pgoutput, blocks, when, more: true };
    let ways = [
        way(PLAIN, 10, json!({ "protocol": 1, "binary": false }), Whole, Late),
        way("auto", 10, json!({}), Large, Paused),
        more("plain_live", 10, json!({ "protocol": 1, "binary": false }), Whole, Live),
        way("binary", 14, json!({ "protocol": 1, "binary": true }), Whole, Live),
        way("on", 14, json!({ "protocol": 2, "streaming": "on", "binary": false }), Large, Live),
        way("on_binary", 14, json!({ "protocol": 2, "streaming": "on", "binary": true }), all(Large), Late),
        more("on_paused", 14, json!({ "protocol": 2, "streaming": "on" }), all(Large), Paused),
        way(
            "prepared",
            15,
            json!({ "protocol": 3, "streaming": "off", "two_phase": true, "binary": false }),
            Whole,
            Paused,
        ),
        way("prepared_on", 15, json!({ "protocol": 3, "streaming": "on", "two_phase": true }), Large, Live),
        more(
            "prepared_late",
            15,
            json!({ "protocol": 3, "streaming": "on", "two_phase": true }),
            all(Large),
            Late,
        ),
        way("parallel", 16, json!({ "protocol": 4, "streaming": "parallel", "binary": true }), All, Live),
        more(
            "parallel_late",
            16,
            json!({ "protocol": 4, "streaming": "parallel", "binary": false }),
            Large,
            Late,
        ),
        way("all", 16, json!({ "protocol": 4, "streaming": "parallel", "two_phase": true }), All, Paused),
        more(
            "all_live",
            16,
            json!({ "protocol": 4, "streaming": "parallel", "two_phase": true, "binary": false }),
            All,
            Live,
        ),
    ];
    let wants_more = setting("PG_CDC_TEST_MORE_WAYS", 0) > 0;
    let named = std::env::var("PG_CDC_TEST_WAYS").ok();
    let is_wanted = |way: &Way| match &named {
        Some(names) => way.name == PLAIN || names.split(',').any(|name| name == way.name),
        None => wants_more || !way.more,
    };
    ways.into_iter().filter(|way| way.since <= major && is_wanted(way)).collect()
}

impl Way {
    /// The pipeline file's keys: those of `others`, and this way's.
    pub(crate) fn settings(&self, major: u32, others: &Value) -> Value {
        let mut settings = others.clone();
        let mut options = json!({});
        if self.blocks != Blocks::Whole && major >= 14 {
            options["logical_decoding_work_mem"] = "64kB".into();
        }
        if self.blocks == Blocks::All {
            options["debug_logical_replication_streaming"] = "immediate".into();
        }
        merge(&mut settings, &json!({ "source": { "pgoutput": self.pgoutput, "options": options } }));
        settings
    }
}
