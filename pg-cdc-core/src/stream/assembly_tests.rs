use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::batch::{Op, Transaction};
use crate::{Column, ColumnType, Committed, ReplicaIdentity, Sequence, ServerId, Table};

const COMMIT: Lsn = Lsn::new(100);

/// One transaction: `B`, any number of `I`, `C`. With `true` the end of its commit is all that is told.
#[derive(Default)]
struct Toy(Sequence, bool);

impl Decoder for Toy {
    fn plugin(&self) -> &'static str {
        "toy"
    }

    fn restart(&mut self, after: Option<&Position>) {
        self.0.restart(after);
    }

    fn tells_commit_ends(&self) -> bool {
        self.1
    }

    fn pass_over(&mut self) {
        self.0.pass_over();
    }

    /// `P`: a transaction is prepared; `K`: it commits.
    fn route<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, DecodeError> {
        let (prepare_lsn, end_lsn) = (Lsn::new(60), Lsn::new(70));
        let ends = (COMMIT, Lsn::new(110));
        Ok(match frame.data() {
            b"P" => {
                Route::Prepare(Prepared { prepare_lsn, end_lsn, prepare_time: 0, xid: 1, gid: String::new() })
            }
            b"K" => {
                Route::Commit(Committed::new(1, ends, 0, Bytes::from_static(b"B"), Bytes::from_static(b"C")))
            }
            _ => Route::Direct,
        })
    }

    fn decode(
        &mut self,
        frame: Frame<'_>,
        _: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError> {
        match frame.data() {
            b"B" => {
                self.0.begin(COMMIT);
                return Ok(Outcome::Begin { commit_lsn: COMMIT });
            }
            b"C" => return Ok(Outcome::Commit { commit_lsn: COMMIT, end_lsn: Lsn::new(110) }),
            _ => {}
        }
        if let Some(seq) = self.0.admit() {
            let columns = vec![Column::new("id", ColumnType::new(25, -1, "text"))];
            let table = Table::new(1, TableName::new("s", "t"), columns, ReplicaIdentity::Default);
            batch.enter(&Transaction::new(None, COMMIT, 0));
            let (buffer, table) = (batch.attach(frame.buffer()), batch.table(&Arc::new(table), None));
            let mut row = batch.write(buffer);
            row.null();
            row.finish(Op::Insert, table, Lsn::new(90), seq, 1).unwrap();
        }
        Ok(Outcome::Taken)
    }
}

/// Decodes messages, one a letter, that came in one block.
fn advance(assembly: &mut Assembly<Toy>, messages: &str) -> Step {
    let mut bytes = Vec::new();
    for letter in messages.bytes() {
        bytes.extend_from_slice(b"d\0\0\0\x1ew");
        bytes.extend_from_slice(&[0; 24]);
        bytes.push(letter);
    }
    assembly.put(Block::new(Bytes::from(bytes), messages.len()));
    assembly.advance(&mut Heard::default()).unwrap()
}

fn read(assembly: &mut Assembly<Toy>, messages: &str) {
    assert!(matches!(advance(assembly, messages), Step::Done));
}

fn assembly() -> Assembly<Toy> {
    let server = ServerId { system_id: 1, timeline: 1 };
    Assembly::new(Toy::default(), Position::at("s".into(), server, Lsn::new(50)), BatchLimits::default())
}

fn at(position: &Position) -> (Lsn, Option<u64>, Lsn) {
    (position.commit_lsn, position.seq, position.confirmed)
}

#[test]
fn what_was_handed_out_of_an_open_transaction_does_not_come_again_after_a_reconnect() {
    let mut assembly = assembly();
    read(&mut assembly, "BII");
    let first = assembly.take();
    assert_eq!(at(first.position().unwrap()), (COMMIT, Some(1), Lsn::new(50)));
    // Nothing more has come when the connection is lost; twice.
    for _ in 0..2 {
        assert_eq!(assembly.restart(), Lsn::new(50));
        read(&mut assembly, "BI");
        assert!(!assembly.has_content());
    }
    read(&mut assembly, "IIC");
    let second = assembly.take();
    assert_eq!(second.changes().map(|change| change.seq()).collect::<Vec<_>>(), [2]);
    assert_eq!(at(second.position().unwrap()), (COMMIT, None, Lsn::new(110)));
}

#[test]
fn a_batch_without_changes_does_not_lead_back() {
    let mut assembly = assembly();
    read(&mut assembly, "BII");
    let first = assembly.take();
    // As when only a schema change has come.
    let second = assembly.take();
    assert_eq!(at(second.position().unwrap()), at(first.position().unwrap()));
}

#[test]
fn a_prepared_transaction_that_commits_behind_the_end_is_not_confirmed() {
    for until in [80, 100] {
        let mut assembly = assembly();
        assembly.end_at(Lsn::new(until));
        read(&mut assembly, "P");
        assert!(matches!(advance(&mut assembly, "K"), Step::End));
        assert!(!assembly.has_content());
        assert_eq!(assembly.take().position().unwrap().confirmed, Lsn::new(60));
    }
}

#[test]
fn a_kept_transaction_whose_commit_is_told_by_its_end_comes_where_that_is_the_end() {
    // Where it starts, 100 would be the first that is too late.
    for (until, comes) in [(99, false), (100, true)] {
        let mut assembly = assembly();
        assembly.decoder.1 = true;
        let pool = crate::batch::BufferPool::new(1 << 20);
        assembly.keep_in(Spool::open(crate::stream::spool::SpoolOptions::default(), pool).unwrap());
        assembly.end_at(Lsn::new(until));
        assert!(matches!(advance(&mut assembly, "K"), Step::End));
        assert_eq!(assembly.take().position().unwrap().commit_lsn == COMMIT, comes);
    }
}
