//! What happens at the made-up source.

use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, TooLarge};
use pg_cdc_core::types::Kind;
use pg_cdc_core::{Column, Position, ReplicaIdentity, Table};

use super::random::Random;
use crate::batches::{BatchMaker, Cell, TableMaker};

pub(super) type Cells = Arc<[Cell<'static>]>;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Step {
    SnapshotBegun,
    Read(Arc<Table>, Cells),
    TableDone(Arc<Table>, u64),
    TableRestarted(Arc<Table>),
    SnapshotEnded,
    Begin,
    Insert(Arc<Table>, Cells),
    Update(Arc<Table>, Option<Cells>, Cells),
    Delete(Arc<Table>, Cells),
    Truncate(Arc<Table>),
    Message(bool),
    Schema(Arc<Table>, Arc<Table>),
    Commit,
    Idle,
}

impl Step {
    pub(super) fn make(&self, maker: &mut BatchMaker) {
        match self {
            Self::SnapshotBegun => maker.snapshot_begun(),
            Self::Read(table, row) => maker.read(table, row),
            Self::TableDone(table, rows) => maker.table_done(table, *rows),
            Self::TableRestarted(table) => maker.table_restarted(table),
            Self::SnapshotEnded => maker.snapshot_ended(),
            Self::Begin => maker.begin(),
            Self::Insert(table, row) => maker.insert(table, row),
            Self::Update(table, None, row) => maker.update(table, row),
            Self::Update(table, Some(old), row) => maker.update_from(table, old, row),
            Self::Delete(table, old) => maker.delete(table, old),
            Self::Truncate(table) => maker.truncate(table),
            Self::Message(transactional) => maker.message(*transactional, "suite", b"a message\n\0"),
            Self::Schema(old, new) => maker.schema_change(Some(old), new),
            Self::Commit => maker.commit(),
            Self::Idle => maker.idle(),
        };
    }

    /// Whether a source's position tells what comes next after this step, so that a batch may end here.
    fn may_end_a_batch(&self) -> bool {
        !matches!(self, Self::Begin | Self::Schema(..) | Self::Message(false) | Self::TableRestarted(_))
    }
}

/// Everything that happens, with the source's position after each step.
pub(super) struct History {
    pub(super) steps: Vec<Step>,
    /// One more than steps: where the source stands before the step at the same index.
    positions: Vec<Position>,
}

impl History {
    pub(super) fn new(seed: u64, transactions: usize) -> Result<Self, TooLarge> {
        let steps = write(seed, transactions);
        let mut maker = BatchMaker::new();
        // A source that begins with a snapshot stands in it from the start.
        maker.snapshot_begun();
        let mut positions = vec![maker.position().clone()];
        for step in &steps {
            step.make(&mut maker);
            positions.push(maker.position().clone());
        }
        maker.finish()?;
        Ok(Self { steps, positions })
    }

    /// Where the source stands before anything happened.
    pub(super) fn start(&self) -> Option<&Position> {
        self.positions.first()
    }

    /// How many steps lead to the position of the end.
    pub(super) fn end(&self) -> usize {
        self.positions.last().and_then(|last| self.index_of(last)).unwrap_or(0)
    }

    /// How many steps lead to `position`; `None` for one that the source never had.
    pub(super) fn index_of(&self, position: &Position) -> Option<usize> {
        self.positions.iter().position(|known| known == position)
    }

    /// What the source gives from `index` on: in a snapshot, the tables that are not done from their start.
    pub(super) fn resume(&self, index: usize, first: bool) -> Result<Feed, TooLarge> {
        let mut maker = BatchMaker::new();
        maker.snapshot_begun();
        for step in self.steps.iter().take(index) {
            step.make(&mut maker);
        }
        maker.finish()?;
        let stream = self.steps.iter().position(|step| matches!(step, Step::SnapshotEnded)).unwrap_or(0);
        let mut steps = Vec::new();
        if index <= stream && !first {
            let done = self.positions.get(index).and_then(|position| position.snapshot.clone());
            let is_done =
                |table: &Table| done.as_ref().is_some_and(|done| done.tables_done.contains(&table.name));
            steps.push(Step::SnapshotBegun);
            let ends = self.steps.iter().take(stream);
            let open = ends.filter_map(|step| match step {
                Step::TableDone(table, _) if !is_done(table) => Some(table),
                _ => None,
            });
            for table in open {
                let rows = self.steps.iter().take(stream).filter(
                    |step| matches!(step, Step::Read(of, _) | Step::TableDone(of, _) if Arc::ptr_eq(of, table)),
                );
                steps.push(Step::TableRestarted(Arc::clone(table)));
                steps.extend(rows.cloned());
            }
            steps.extend(self.steps.iter().skip(stream).cloned());
        } else {
            steps.extend(self.steps.iter().skip(index).cloned());
        }
        Ok(Feed { maker, steps: steps.into_iter().peekable() })
    }
}

/// Gives batches of what comes next.
pub(super) struct Feed {
    maker: BatchMaker,
    steps: std::iter::Peekable<std::vec::IntoIter<Step>>,
}

impl Feed {
    pub(super) fn is_over(&mut self) -> bool {
        self.steps.peek().is_none()
    }

    /// The next `steps` steps, and more where a batch can't end there.
    pub(super) fn batch(&mut self, steps: usize) -> Result<ChangeBatch, TooLarge> {
        let mut taken = 0;
        let mut may_end = true;
        while taken < steps || !may_end {
            let Some(step) = self.steps.next() else { break };
            step.make(&mut self.maker);
            may_end = step.may_end_a_batch();
            taken += 1;
        }
        self.maker.finish()
    }
}

/// The tables of the history.
struct Shop {
    accounts: Arc<Table>,
    weird: Arc<Table>,
    /// Without a key, with the identity FULL.
    log: Arc<Table>,
}

fn cells<const N: usize>(cells: [Cell<'static>; N]) -> Cells {
    Arc::new(cells)
}

fn id(number: usize) -> Cell<'static> {
    Cell::from(number.to_string())
}

fn write(seed: u64, transactions: usize) -> Vec<Step> {
    let shop = Shop {
        accounts: TableMaker::new("public", "accounts")
            .key("id", "int4")
            .column("name", "text")
            .column("note", "text")
            .column("balance", "numeric")
            .column("data", "jsonb")
            .build(),
        weird: TableMaker::new("we\"ird\nschema", "ta\"ble \u{2615}\r\n\\")
            .oid(16_400)
            .key("k\"1", "text")
            .key("k 2", "int8")
            .column("v\n\u{1f600}", "text")
            .column("not published", "text")
            .build(),
        log: TableMaker::new("public", "log")
            .oid(16_410)
            .column("at", "timestamptz")
            .column("what", "text")
            .identity(ReplicaIdentity::Full)
            .build(),
    };
    let mut steps = Vec::new();
    snapshot(&shop, &mut steps);
    always(&shop, &mut steps);
    random(&shop, seed, transactions, &mut steps);
    steps.push(Step::Idle);
    steps
}

fn account(number: usize, name: &str, note: Cell<'static>) -> Cells {
    let balance = Cell::from(format!("{number}.50"));
    cells([id(number), Cell::from(name.to_owned()), note, balance, Cell::from(r#"{"a": [1, null, "x"]}"#)])
}

fn account_key(number: usize) -> Cells {
    let nothing = Cell::NotInIdentity;
    cells([id(number), nothing.clone(), nothing.clone(), nothing.clone(), nothing])
}

fn weird_row(key: &str, number: usize, value: Cell<'static>) -> Cells {
    cells([Cell::from(key.to_owned()), id(number), value, Cell::Absent])
}

fn weird_key(key: &str, number: usize) -> Cells {
    cells([Cell::from(key.to_owned()), id(number), Cell::NotInIdentity, Cell::Absent])
}

fn log_row(number: usize) -> Cells {
    let at = format!("2024-01-{:02} 12:{:02}:00.123456+00", number / 60 % 28 + 1, number % 60);
    cells([Cell::from(at), Cell::from(format!("entry {number}"))])
}

/// The same row as a snapshot reads it: in binary, while the stream's rows are text. A sink that compares bytes takes
/// one row for two.
fn in_binary(table: &Table, row: &Cells) -> Cells {
    let binary = |(column, cell): (&Column, &Cell<'static>)| {
        let Cell::Text(text) = cell else { return cell.clone() };
        let number = || std::str::from_utf8(text).ok()?.parse::<i64>().ok();
        let bytes = match column.type_.kind() {
            Kind::Int4 => {
                number().and_then(|number| i32::try_from(number).ok()).map(|n| n.to_be_bytes().to_vec())
            }
            Kind::Int8 => number().map(|number| number.to_be_bytes().to_vec()),
            Kind::Text => Some(text.to_vec()),
            Kind::Jsonb => Some([&[1][..], text].concat()),
            _ => None,
        };
        bytes.map_or_else(|| cell.clone(), |bytes| Cell::Binary(bytes.into()))
    };
    table.columns.iter().zip(row.iter()).map(binary).collect()
}

/// Two tables side by side, then an empty one.
fn snapshot(shop: &Shop, steps: &mut Vec<Step>) {
    steps.push(Step::SnapshotBegun);
    for number in 0..30 {
        let account = account(number, "read", Cell::from("as it was"));
        steps.push(Step::Read(Arc::clone(&shop.accounts), in_binary(&shop.accounts, &account)));
        if number < 10 {
            let value = if number % 2 == 0 { Cell::Null } else { Cell::from("line\none \"two\" \\ \u{1}") };
            let row = weird_row("a\nb", number, value);
            steps.push(Step::Read(Arc::clone(&shop.weird), in_binary(&shop.weird, &row)));
        }
    }
    steps.push(Step::TableDone(Arc::clone(&shop.weird), 10));
    steps.push(Step::TableDone(Arc::clone(&shop.accounts), 30));
    steps.push(Step::TableDone(Arc::clone(&shop.log), 0));
    steps.push(Step::SnapshotEnded);
}

/// What every sink meets some day, in this order.
fn always(shop: &Shop, steps: &mut Vec<Step>) {
    let Shop { accounts, weird, log } = shop;
    let table = |table: &Arc<Table>| Arc::clone(table);
    let large = Cell::from("0123456789abcde\n".repeat(1 << 16));
    let unchanged = || Cell::Unchanged;

    // One transaction over all tables.
    steps.push(Step::Begin);
    steps.push(Step::Insert(table(accounts), account(100, "large", large)));
    steps.push(Step::Insert(table(weird), weird_row("\u{1f600}\"\\", 1, Cell::from("\u{2028}\u{e9}"))));
    steps.push(Step::Insert(table(log), log_row(1)));
    steps.push(Step::Insert(table(log), log_row(2)));
    steps.push(Step::Commit);
    // The large value is not sent again: not with the same key, not with another.
    steps.push(Step::Begin);
    steps.push(Step::Update(table(accounts), None, account(100, "kept", unchanged())));
    steps.push(Step::Commit);
    steps.push(Step::Begin);
    steps.push(Step::Update(table(accounts), Some(account_key(100)), account(101, "moved", unchanged())));
    steps.push(Step::Message(true));
    steps.push(Step::Commit);
    steps.push(Step::Idle);
    // A key that two rows hold one after the other, within one transaction.
    steps.push(Step::Begin);
    steps.push(Step::Update(table(accounts), Some(account_key(1)), account(200, "away", Cell::Null)));
    steps.push(Step::Insert(table(accounts), account(1, "in its place", Cell::from("new"))));
    steps.push(Step::Delete(table(accounts), account_key(200)));
    steps.push(Step::Update(table(accounts), None, account(1, "", Cell::from(""))));
    steps.push(Step::Delete(table(log), log_row(1)));
    steps.push(Step::Delete(table(weird), weird_key("a\nb", 5)));
    steps.push(Step::Update(table(weird), Some(weird_key("a\nb", 3)), weird_row("a\nb", 5, unchanged())));
    steps.push(Step::Commit);
    steps.push(Step::Message(false));
    // A truncate, and rows after it in the same transaction.
    steps.push(Step::Begin);
    steps.push(Step::Truncate(table(log)));
    steps.push(Step::Insert(table(log), log_row(3)));
    steps.push(Step::Commit);
    // A large transaction, of which a batch holds a part.
    steps.push(Step::Begin);
    for number in 1000..1060 {
        steps.push(Step::Insert(table(accounts), account(number, "many", Cell::from("text"))));
    }
    for number in 1000..1050 {
        steps.push(Step::Delete(table(accounts), account_key(number)));
    }
    steps.push(Step::Commit);
    // The table gains a column.
    let wider = TableMaker::new("public", "log")
        .oid(16_410)
        .column("at", "timestamptz")
        .column("what", "text")
        .column("who", "text")
        .identity(ReplicaIdentity::Full)
        .build();
    steps.push(Step::Begin);
    steps.push(Step::Schema(table(log), table(&wider)));
    let row: Cells = log_row(4).iter().cloned().chain([Cell::from("me")]).collect();
    steps.push(Step::Insert(table(&wider), row));
    steps.push(Step::Commit);
}

/// Transactions of one to eight changes of accounts that are there, and of new ones.
fn random(shop: &Shop, seed: u64, transactions: usize, steps: &mut Vec<Step>) {
    let mut random = Random::new(seed);
    let mut there: Vec<usize> = (2..30).collect();
    let mut next = 5000;
    for _ in 0..transactions {
        steps.push(Step::Begin);
        for _ in 0..=random.below(8) {
            let accounts = Arc::clone(&shop.accounts);
            let chosen = random.below(there.len());
            let note = match random.below(4) {
                0 => Cell::Null,
                1 => Cell::from("n".repeat(random.below(4000))),
                _ => Cell::Unchanged,
            };
            next += 1;
            let step = match (random.below(4), there.get(chosen).copied()) {
                (0, Some(number)) if there.len() > 5 => {
                    there.swap_remove(chosen);
                    Step::Delete(accounts, account_key(number))
                }
                (1, Some(number)) => {
                    if let Some(key) = there.get_mut(chosen) {
                        *key = next;
                    }
                    Step::Update(accounts, Some(account_key(number)), account(next, "moved", note))
                }
                (2, Some(number)) => {
                    Step::Update(accounts, None, account(number, &format!("name {next}"), note))
                }
                _ => {
                    there.push(next);
                    let note = if note == Cell::Unchanged { Cell::from("sent") } else { note };
                    Step::Insert(accounts, account(next, "new", note))
                }
            };
            steps.push(step);
        }
        steps.push(Step::Commit);
        if random.chance(20) {
            steps.push(Step::Idle);
        }
    }
}
