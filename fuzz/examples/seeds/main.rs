//! Fills `corpus/` with what the fuzzers begin with: what real servers gave, as pg-cdc's tests have it, and for what a
//! server has no part in a few random inputs, always the same.

mod frames;
mod pgoutput;
mod plugins;
mod types;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.parent().ok_or("no parent")?;
    let corpus = Corpus { folder: own.join("corpus") };
    types::write(&corpus, root)?;
    let recorded = root.join("pg-cdc-decoders/testdata");
    pgoutput::write(&corpus, &recorded)?;
    plugins::write(&corpus, root)?;
    frames::write(&corpus, &recorded)?;
    let mut random = Random(3);
    for number in 0..100 {
        let length = 40 + number * 7;
        let input: Vec<u8> = (0..length).map(|_| random.byte()).collect();
        corpus.add("spool", &format!("random-{number}"), &input)?;
    }
    Ok(())
}

pub(crate) struct Corpus {
    folder: PathBuf,
}

impl Corpus {
    pub(crate) fn add(&self, target: &str, name: &str, input: &[u8]) -> std::io::Result<()> {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), input)
    }
}

/// Files of a folder that end in `extension`, in the order of their names, each with its stem and its lines, less comments.
pub(crate) fn recordings(folder: &Path, extension: &str) -> Result<Vec<(String, Vec<String>)>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    let mut recordings = Vec::new();
    for path in paths {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a name that is not UTF-8")?;
        let text = fs::read_to_string(&path)?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        recordings.push((stem.to_owned(), lines.map(str::to_owned).collect()));
    }
    Ok(recordings)
}

pub(crate) fn unhex(field: &str) -> Result<Vec<u8>> {
    let (pairs, _) = field.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}

/// An LCG: the same bytes each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }
}
