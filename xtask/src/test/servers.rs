//! One cluster a version for the whole run, handed to the tests through the environment.

use std::time::Instant;

use pg_cdc_testkit::{Cluster, Version};

use crate::Result;

pub(super) struct Servers {
    variables: Vec<(String, String)>,
    /// Removed when dropped.
    _clusters: Vec<Cluster>,
}

impl Servers {
    pub(super) async fn start(majors: &[u32]) -> Result<Self> {
        let mut clusters = Vec::new();
        let list = majors.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let mut variables = vec![("PG_CDC_TEST_VERSIONS".to_owned(), list)];
        for major in majors {
            let begun = Instant::now();
            let cluster = Cluster::builder().version(Version::Major(*major)).for_many_tests().start().await?;
            println!(
                "PostgreSQL {} from {} in {:.1?}",
                cluster.version_num(),
                cluster.bin_dir().display(),
                begun.elapsed()
            );
            variables.push((format!("PG_CDC_TEST_CLUSTER_{major}"), cluster.handle()));
            clusters.push(cluster);
        }
        Ok(Self { variables, _clusters: clusters })
    }

    pub(super) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }
}
