//! pg-cdc at work on a throw-away shop: what a newcomer sees first.

mod pipeline;
mod show;
mod summary;
mod terminal;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pg_cdc_testkit::replay::{Op, Replay, Rules};
use pg_cdc_testkit::workload::{Live, Shop};
use pg_cdc_testkit::{Cluster, Version};

use self::pipeline::Pipeline;
use self::show::Show;
use self::summary::Summary;
use self::terminal::Terminal;
use crate::{Result, USAGE, cargo};

/// How long, how fast, how much.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    seconds: u64,
    rate: f64,
    rows: u64,
    program: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { seconds: 10, rate: 200.0, rows: 20_000, program: None };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value =
                args.next().ok_or_else(|| format!("{arg}: unknown, or without its value\n\n{USAGE}"))?;
            let wrong = || format!("{arg}: {value} is no number above zero");
            match arg.as_str() {
                "--seconds" => options.seconds = value.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?,
                "--rows" => options.rows = value.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?,
                "--rate" => options.rate = value.parse().ok().filter(|r| *r > 0.0).ok_or_else(wrong)?,
                "--program" => options.program = Some(std::path::absolute(value)?),
                _ => return Err(format!("unknown option {arg}\n\n{USAGE}").into()),
            }
        }
        Ok(options)
    }
}

/// No line for so long after the workload has ended: everything is here.
const QUIET: Duration = Duration::from_secs(1);

pub(crate) async fn run(options: &Options) -> Result<()> {
    let terminal = Terminal::of_stdout();
    let program = match &options.program {
        Some(program) if !program.is_file() => {
            return Err(format!("--program: {} is no file", program.display()).into());
        }
        Some(program) => program.clone(),
        None => {
            println!("Building pg-cdc for release; the first time takes some minutes …");
            cargo::build_program("pg-cdc").await?
        }
    };
    println!("Looking for a PostgreSQL; without one on this machine, one is installed …");
    let cluster = Cluster::builder().version(Version::Any).start().await?;
    println!(
        "PostgreSQL {}.{} of {} serves at {}.",
        cluster.major(),
        cluster.version_num() % 10_000,
        cluster.bin_dir().display(),
        cluster.url("shop")
    );
    cluster.create_database("shop").await?;
    let client = cluster.connect("shop").await?;
    Shop.create(&client).await?;
    Shop.fill(&client, options.rows).await?;
    println!(
        "A shop of about {} rows is in it, and sees {} transactions a second from now on, for {} s.",
        options.rows, options.rate, options.seconds
    );

    let url = cluster.url("shop");
    terminal.heading("pg-cdc run demo.yaml");
    for line in pipeline::pipeline_file(&url).lines() {
        println!("    {line}");
    }
    terminal.heading("The rows that are there (two of each table)");
    let folder = cluster.socket_dir().join("demo");
    let mut pipeline = Pipeline::start(&program, &folder, &url)?;
    let live = Live::start(&cluster.config("shop"), Shop.workers(4, 1), Some(options.rate));
    // Lines on standard output may come again after a reconnection.
    let mut rules = Rules::default();
    rules.repeats = true;
    let mut seen =
        Seen { replay: Replay::with_rules(rules), show: Show::new(terminal), summary: Summary::default() };
    seen.follow(&mut pipeline, Instant::now() + Duration::from_secs(options.seconds), None).await?;
    let done = live.stop().await?;
    seen.follow(&mut pipeline, Instant::now() + Duration::from_secs(60), Some(QUIET)).await?;
    pipeline.interrupt().await?;
    seen.follow(&mut pipeline, Instant::now() + Duration::from_secs(60), None).await?;
    pipeline.ended().await?;

    let differences = seen.replay.compare(&client, Shop.tables()).await?;
    terminal.heading("Summary");
    seen.summary.print(&seen.replay, done.committed, terminal);
    let wrong: Vec<&String> = seen.replay.problems().iter().chain(&differences).collect();
    if wrong.is_empty() {
        let verdict = "What came out, replayed, is what the shop holds: every row of every table.";
        println!("{}", terminal.paint("32", verdict));
        return Ok(());
    }
    for problem in wrong.iter().take(10) {
        println!("  {problem}");
    }
    Err(format!("what came out, replayed, is not what the shop holds: {} differences", wrong.len()).into())
}

/// All that has come out of the pipeline so far.
struct Seen {
    replay: Replay,
    show: Show,
    summary: Summary,
}

impl Seen {
    /// Reads lines until the deadline, the end of the pipeline's output, or so long a silence.
    async fn follow(
        &mut self,
        pipeline: &mut Pipeline,
        deadline: Instant,
        quiet: Option<Duration>,
    ) -> Result<()> {
        loop {
            let mut wait = deadline.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return Ok(());
            }
            if let Some(quiet) = quiet {
                wait = wait.min(quiet);
            }
            // Cancel safe: what was read of a line stays in the pipeline's buffer.
            match tokio::time::timeout(wait, pipeline.line()).await {
                Ok(line) => match line? {
                    Some(line) => self.line(&line)?,
                    None => return Ok(()),
                },
                Err(_) if quiet.is_some() => return Ok(()),
                Err(_) => {}
            }
        }
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if let Some(applied) = self.replay.apply_line(line)? {
            self.summary.add(applied.op == Op::Read, applied.ts, line.len());
            self.show.line(line, applied.op, &self.summary);
        }
        Ok(())
    }
}
