//! Recorded messages, a few transactions an input; and what a model of a server is told to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pg_cdc_fuzz::pgoutput::Setting;
use pg_cdc_fuzz::{Framed, MODEL};

use crate::{Corpus, Random, Result, recordings, unhex};

/// So long an input may be; the transaction that it ends with counts whole.
const LONG: usize = 1500;

pub(crate) fn write(corpus: &Corpus, recorded: &Path) -> Result<()> {
    let mut random = Random(1);
    for (stem, lines) in recordings(recorded, "frames")? {
        let mut stream = Stream::default();
        for (number, window) in stream.windows(&lines)?.into_iter().enumerate() {
            for (asks, cuts) in [(false, false), (true, false), (true, true)] {
                // Told, as a composite or an array of them; and what of the table is as announced.
                let answers = (0..24).map(|at| if at % 3 == 0 { 1 } else { random.byte() & 0x3f });
                let answers: Vec<u8> = answers.take(if cuts { 24 } else { 0 }).collect();
                let setting = Setting { routes: stem != "pgoutput-1", asks, cuts, passes: number % 4 == 3 };
                let mut input = Framed::new(setting.to_byte(), &answers);
                window.iter().for_each(|message| input.push(message));
                let name = format!("{stem}-{number}-{}", u8::from(asks) + u8::from(cuts));
                corpus.add("pgoutput", &name, input.as_bytes())?;
            }
        }
    }
    for number in 0..100 {
        let mut input = vec![random.byte() | MODEL];
        input.extend((0..40 + number * 4).map(|_| random.byte()));
        corpus.add("pgoutput", &format!("model-{number}"), &input)?;
    }
    Ok(())
}

/// What is open, and what was announced.
#[derive(Debug, Default)]
struct Stream {
    is_within: bool,
    in_block: bool,
    kept: BTreeSet<[u8; 4]>,
    relations: BTreeMap<Vec<u8>, Vec<u8>>,
    types: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Stream {
    /// Runs of messages that begin and end where nothing is open, each behind what was announced before.
    fn windows(&mut self, lines: &[String]) -> Result<Vec<Vec<Vec<u8>>>> {
        let (mut windows, mut window) = (Vec::new(), Vec::new());
        for line in lines {
            let (_, message) = line.split_once('\t').ok_or("no LSN")?;
            let message = unhex(message)?;
            if window.is_empty() {
                window.extend(self.types.values().chain(self.relations.values()).cloned());
            }
            self.pass(&message);
            window.push(message);
            let is_open = self.is_within || !self.kept.is_empty();
            if !is_open && window.iter().map(Vec::len).sum::<usize>() > LONG {
                windows.push(std::mem::take(&mut window));
            }
        }
        windows.push(window);
        Ok(windows)
    }

    fn pass(&mut self, message: &[u8]) {
        let xid =
            |at: usize| message.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        match message.first() {
            Some(b'B') => self.is_within = true,
            Some(b'C') => self.is_within = false,
            Some(b'S') => {
                (self.is_within, self.in_block) = (true, true);
                self.kept.insert(xid(1));
            }
            Some(b'E') => (self.is_within, self.in_block) = (false, false),
            Some(b'b') => {
                self.is_within = true;
                self.kept.insert(xid(25));
            }
            Some(b'P') => self.is_within = false,
            Some(b'c') => _ = self.kept.remove(&xid(1)),
            Some(b'A') if xid(1) == xid(5) => _ = self.kept.remove(&xid(1)),
            Some(b'K') => _ = self.kept.remove(&xid(26)),
            Some(b'r') => _ = self.kept.remove(&xid(34)),
            Some(tag @ (b'R' | b'Y')) => {
                let body = message.get(if self.in_block { 5 } else { 1 }..).unwrap_or_default();
                let plain = [&[*tag], body].concat();
                let of = if *tag == b'R' { &mut self.relations } else { &mut self.types };
                of.insert(body.get(..4).unwrap_or_default().to_vec(), plain);
            }
            _ => {}
        }
    }
}
