//! The settings under which one workload is read.

use pg_cdc_testkit::Cluster;
use serde_json::{Value, json};

use crate::case::merge;
use crate::support::setting;
use crate::told::OfNow;

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

/// Who tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plugin {
    Pgoutput,
    TestDecoding,
    Wal2json2,
    Wal2json1,
    Decoderbufs,
}

/// Which plugins a workload is read through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    /// All that the server has.
    Plugins,
    /// All that the server has, those that ask the catalog of now with what comes of that. They read when the work is
    /// over, and at its pauses: what they are told depends on when they ask.
    PluginsOfNow(&'static OfNow),
    /// All that the server has, pgoutput in the plain way alone: what is small, or can't be had in binary.
    PluginsAlone,
    /// None but pgoutput: its point is what a publication says.
    Publications,
}

/// One way to read it.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) plugin: Plugin,
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
pub(crate) fn ways(cluster: &Cluster, through: Through) -> Vec<Way> {
    use Blocks::{All, Large, Whole};
    use When::{Late, Live, Paused};
    let major = cluster.major();
    let all = |blocks| if major >= 16 { All } else { blocks };
    let way = |name, since, pgoutput, blocks, when| Way {
        name,
        plugin: Plugin::Pgoutput,
        since,
        pgoutput,
        blocks,
        when,
        more: false,
    };
    let more = |name, since, pgoutput, blocks, when| Way {
        name,
        plugin: Plugin::Pgoutput,
        since,
        pgoutput,
        blocks,
        when,
        more: true,
    };
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
    let others = match through {
        Through::Plugins | Through::PluginsAlone => plugins(cluster),
        Through::PluginsOfNow(_) => plugins(cluster).into_iter().map(Way::while_nothing_is_written).collect(),
        Through::Publications => Vec::new(),
    };
    let wants_more = setting("PG_CDC_TEST_MORE_WAYS", 0) > 0;
    let named = std::env::var("PG_CDC_TEST_WAYS").ok();
    let is_wanted = |way: &Way| match &named {
        _ if through == Through::PluginsAlone && way.plugin == Plugin::Pgoutput => way.name == PLAIN,
        Some(names) => way.name == PLAIN || names.split(',').any(|name| name == way.name),
        None => wants_more || !way.more,
    };
    ways.into_iter().chain(others).filter(|way| way.since <= major && is_wanted(way)).collect()
}

/// The ways of the other plugins, each where the server has it.
fn plugins(cluster: &Cluster) -> Vec<Way> {
    use Plugin::{Decoderbufs, TestDecoding, Wal2json1, Wal2json2};
    use When::{Late, Live, Paused};
    let way = |name, plugin, when, more| {
        let (pgoutput, blocks) = (json!({}), Blocks::Whole);
        Way { name, plugin, since: 10, pgoutput, blocks, when, more }
    };
    let ways = [
        way("test_decoding", TestDecoding, Paused, false),
        way("test_decoding_live", TestDecoding, Live, true),
        way("test_decoding_late", TestDecoding, Late, true),
        way("wal2json", Wal2json2, Live, false),
        way("wal2json_late", Wal2json2, Late, true),
        way("wal2json_1", Wal2json1, Late, false),
        way("wal2json_1_paused", Wal2json1, Paused, true),
        way("decoderbufs", Decoderbufs, Late, false),
        way("decoderbufs_live", Decoderbufs, Live, true),
    ];
    let is_there = |way: &Way| {
        let library = way.plugin.library();
        let there = cluster.bin_dir().join(format!("../lib/{library}.so")).is_file();
        // Of a server that was built otherwise it lies elsewhere.
        let there = there || way.plugin == TestDecoding;
        if !there {
            println!("PostgreSQL {} has no {library}", cluster.major());
        }
        there
    };
    ways.into_iter().filter(is_there).collect()
}

impl Plugin {
    /// As the pipeline file has it.
    fn library(self) -> &'static str {
        match self {
            Self::Pgoutput => "pgoutput",
            Self::TestDecoding => "test_decoding",
            Self::Wal2json2 | Self::Wal2json1 => "wal2json",
            Self::Decoderbufs => "decoderbufs",
        }
    }
}

impl Way {
    fn while_nothing_is_written(mut self) -> Self {
        if self.when == When::Live {
            self.when = When::Paused;
        }
        self
    }

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
        merge(&mut settings, &json!({ "source": { "plugin": self.plugin.library(), "options": options } }));
        let keys = match self.plugin {
            Plugin::Pgoutput => json!({ "pgoutput": self.pgoutput }),
            Plugin::Wal2json1 => json!({ "wal2json": { "version": 1 } }),
            Plugin::Wal2json2 => json!({ "wal2json": { "version": 2 } }),
            Plugin::TestDecoding | Plugin::Decoderbufs => json!({}),
        };
        merge(&mut settings, &json!({ "source": keys }));
        settings
    }
}
