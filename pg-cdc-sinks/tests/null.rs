//! The null sink keeps the promises that a sink without a store can keep.
#![cfg(feature = "null")]

use pg_cdc_core::Sink;
use pg_cdc_sinks::null::Null;
use pg_cdc_testkit::conformance::{Contents, Suite};

#[tokio::test]
async fn null_passes_the_conformance_suite() {
    let open = async || Ok(Box::new(Null::new()) as Box<dyn Sink>);
    let report = Suite::new().exactly_once().check(open, async || Ok(Contents::Dropped)).await;
    assert!(report.is_ok(), "{report}");
}
