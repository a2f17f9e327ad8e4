//! From a file to a pipeline.

use std::io::Read;
use std::path::Path;

use super::expand::{Env, expand};
use super::path::KeyPath;
use super::yaml::{self, MAX_BYTES, Node};
use super::{ConfigError, Mark, PipelineFile, check, not_yet, read};

/// Reads the pipeline file `path`, or standard input for `-`, with the variables that `env` gives.
///
/// Relative paths in it become relative to the file's folder (the working folder for `-`).
///
/// # Errors
///
/// A file that can't be read or is not UTF-8 or YAML; keys and values it can't have; variables that are not set; and
/// what pg-cdc does not do yet.
///
/// ```no_run
/// let file = pg_cdc::config::load("pipeline.yaml", &|name| std::env::var(name).ok())?;
/// println!("slot {}", file.slot_name());
/// # Ok::<(), pg_cdc::config::ConfigError>(())
/// ```
pub fn load(path: &str, env: Env<'_>) -> Result<PipelineFile, ConfigError> {
    let (name, folder) = match path {
        "-" => ("<stdin>", Path::new("")),
        path => (path, Path::new(path).parent().unwrap_or(Path::new(""))),
    };
    let bytes = if path == "-" { limited(std::io::stdin().lock()) } else { read_file(path) }
        .map_err(|error| ConfigError::new(None, format!("can't be read: {error}")).in_file(name))?;
    let text = utf8(&bytes).map_err(|error| error.in_file(name))?;
    parse(text, name, folder, env)
}

/// As [`load()`], from a text: `name` stands in errors, relative paths become relative to `folder`.
///
/// # Errors
///
/// As [`load()`].
pub fn parse(text: &str, name: &str, folder: &Path, env: Env<'_>) -> Result<PipelineFile, ConfigError> {
    let read = || {
        let (mut file, root) = read_whole(text, env)?;
        not_yet::refuse(&file, &root)?;
        file.resolve(folder);
        check::check_server(&file.source, &root)?;
        Ok(file)
    };
    read().map_err(|error: ConfigError| error.in_file(name))
}

/// Everything that the contract allows, whether it works yet or not.
pub(super) fn read_whole(text: &str, env: Env<'_>) -> Result<(PipelineFile, Node), ConfigError> {
    let root = expand(yaml::parse(text)?, &KeyPath::Root, env)?;
    if !root.says_something() {
        return Err(ConfigError::new(
            Some(root.mark),
            "the file is empty; expected at least source and sink",
        ));
    }
    let file = read::read(&root)?;
    check::check(&file, &root)?;
    Ok((file, root))
}

fn read_file(path: &str) -> std::io::Result<Vec<u8>> {
    limited(std::fs::File::open(path)?)
}

/// Not more than one byte over the limit, which the parser then refuses: `FILE` may be a device that never ends.
fn limited(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn utf8(bytes: &[u8]) -> Result<&str, ConfigError> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(_) if bytes.len() > MAX_BYTES => return Err(yaml::too_large()),
        Err(error) => error,
    };
    let before = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
    let last = before.rsplit('\n').next().unwrap_or_default();
    let mark = Mark { line: before.matches('\n').count() + 1, column: last.chars().count() + 1 };
    Err(ConfigError::new(Some(mark), "not UTF-8"))
}
