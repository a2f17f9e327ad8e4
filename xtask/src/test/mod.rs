//! Everything that must hold before a change goes in.

mod checks;
mod counts;
mod servers;
mod steps;

use self::counts::Counts;
use self::servers::Servers;
use self::steps::Steps;
use crate::{Result, USAGE, cargo};

/// What is to be run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    all_versions: bool,
    no_servers: bool,
    filters: Vec<String>,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for arg in args {
            match arg.as_str() {
                "--all-versions" => options.all_versions = true,
                "--no-servers" => options.no_servers = true,
                flag if flag.starts_with('-') => {
                    return Err(format!("unknown option {flag}\n\n{USAGE}").into());
                }
                filter => options.filters.push(filter.to_owned()),
            }
        }
        Ok(options)
    }

    fn versions(&self) -> Vec<u32> {
        if self.all_versions { (10..=18).collect() } else { vec![15, 18] }
    }
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::default();
    let mut counts = Counts::default();
    let outcome = run_steps(options, &mut steps, &mut counts).await;
    steps.summary();
    println!("{counts}");
    outcome
}

async fn run_steps(options: &Options, steps: &mut Steps, counts: &mut Counts) -> Result<()> {
    if options.filters.is_empty() {
        checks::run(steps).await?;
    }
    let runner = Runner::find(&options.filters).await;
    // Everything but the integration tests, which are those that need a server.
    steps
        .step("unit and property tests", runner.run(&["--lib", "--bins", "--examples"], &[], counts))
        .await?;
    steps.step("doc tests", runner.doc_tests(counts)).await?;
    if options.no_servers {
        return Ok(());
    }
    let servers = steps.step("servers", Servers::start(&options.versions())).await?;
    steps.step("server tests", runner.run(&["--test", "*"], servers.variables(), counts)).await
}

/// What runs tests: nextest where it is installed.
struct Runner<'a> {
    nextest: bool,
    filters: &'a [String],
}

impl<'a> Runner<'a> {
    async fn find(filters: &'a [String]) -> Self {
        let version = cargo::command().args(["nextest", "--version"]).output().await;
        Self { nextest: version.is_ok_and(|o| o.status.success()), filters }
    }

    async fn run(&self, targets: &[&str], variables: &[(String, String)], counts: &mut Counts) -> Result<()> {
        let mut command = cargo::command();
        if self.nextest {
            command.args(["nextest", "run", "--no-fail-fast", "--no-tests", "pass"]);
        } else {
            command.args(["test", "--no-fail-fast"]);
        }
        command.args(["--workspace", "--all-features"]).args(targets).arg("--").args(self.filters);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        // Each runner sums up on a stream of its own.
        counts.run(command, self.nextest).await
    }

    async fn doc_tests(&self, counts: &mut Counts) -> Result<()> {
        let mut command = cargo::command();
        command
            .args(["test", "--doc", "--no-fail-fast", "--workspace", "--all-features", "--"])
            .args(self.filters);
        counts.run(command, false).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_filters_are_told_apart() {
        let parse = |text: &str| Options::parse(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let options = parse("--all-versions slot lsn").unwrap();
        assert_eq!(options.versions().len(), 9);
        assert_eq!(options.filters, ["slot", "lsn"]);
        assert!(parse("--all-verisons").is_err());
    }
}
