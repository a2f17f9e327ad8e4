//! Where each message goes.

use pg_cdc_core::{Prepared, Route};
use pg_cdc_testkit::encode::pgoutput::{
    CommitPrepared, Prepare, RollbackPrepared, StreamAbort, StreamCommit,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const EPOCH: i64 = 946_684_800_000_000;

/// A route without what it borrows.
#[derive(Debug, PartialEq, Eq)]
enum To {
    Direct,
    Into(u32, u32, Vec<u8>),
    Start(u32, bool),
    Stop(u32),
    Commit(u32),
    Abort(u32, u32, Option<(Lsn, i64)>),
    Prepare(Prepared),
    Unclear(u32),
}

impl Bench {
    fn to(&mut self, bytes: &[u8]) -> Result<To, DecodeError> {
        let buffer = Bytes::copy_from_slice(bytes);
        Ok(match self.decoder.route(Frame::whole(Lsn::new(50), &buffer))? {
            Route::Direct => To::Direct,
            Route::Into(kept) => {
                assert_eq!(kept.lsn, Lsn::new(50));
                let mut message = Vec::new();
                kept.append_to(&mut message);
                assert_eq!(message.len(), kept.len());
                To::Into(kept.top, kept.sub, message)
            }
            Route::Start { xid, is_first } => To::Start(xid, is_first),
            Route::Stop { xid } => To::Stop(xid),
            Route::Commit(committed) => To::Commit(committed.xid),
            Route::Abort { top, sub, lsn, time } => To::Abort(top, sub, lsn.zip(time)),
            Route::Prepare(prepared) => To::Prepare(prepared),
            Route::Unclear { xid } => To::Unclear(xid),
        })
    }

    fn route(&mut self, message: &Message) -> Result<To, DecodeError> {
        self.to(&message.encode())
    }

    fn wrong(&mut self, message: &Message) -> String {
        self.route(message).unwrap_err().to_string()
    }

    /// One with a block of transaction 7 open.
    fn in_block() -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.route(&start(7, true)).unwrap(), To::Start(7, true));
        bench
    }

    fn in_stream(&mut self, sub: u32, message: &Message) -> To {
        self.to(&message.encode_in_stream(sub)).unwrap()
    }
}

fn start(xid: u32, is_first: bool) -> Message {
    Message::StreamStart { xid, is_first }
}

fn stream_commit(xid: u32) -> StreamCommit {
    StreamCommit { xid, commit_lsn: Lsn::new(100), end_lsn: Lsn::new(110), commit_time: 5 }
}

fn abort(top: u32, sub: u32) -> Message {
    Message::StreamAbort(StreamAbort { top, sub, at: None })
}

fn prepare(xid: u32) -> Prepare {
    let (prepare_lsn, end_lsn) = (Lsn::new(60), Lsn::new(70));
    Prepare { prepare_lsn, end_lsn, prepare_time: 4, xid, gid: "it's".to_owned() }
}

fn commit_prepared(xid: u32) -> Message {
    let (commit_lsn, end_lsn) = (Lsn::new(100), Lsn::new(110));
    Message::CommitPrepared(CommitPrepared {
        commit_lsn,
        end_lsn,
        commit_time: 5,
        xid,
        gid: "it's".to_owned(),
    })
}

fn rollback_prepared(xid: u32) -> Message {
    Message::RollbackPrepared(RollbackPrepared {
        prepare_end_lsn: Lsn::new(70),
        rollback_end_lsn: Lsn::new(90),
        prepare_time: 4,
        rollback_time: 6,
        xid,
        gid: "it's".to_owned(),
    })
}

/// One message of each kind that stands in a block with an xid.
fn in_blocks() -> Vec<Message> {
    let type_ = Message::Type { oid: 70_000, schema: "public".to_owned(), name: "mood".to_owned() };
    let update = Message::Update { relation: 1, old: None, new: texts(&["1", "y"]) };
    let delete = Message::Delete { relation: 1, old: Old::Key(texts(&["1", ""])) };
    vec![t(), type_, insert("1"), update, delete, truncate(&[1]), emit(true, 60)]
}

#[test]
fn ordinary_transactions_go_past() {
    let mut bench = Bench::new();
    let messages = [begin(100)].into_iter().chain(in_blocks()).chain([commit(100), emit(false, 200)]);
    for message in messages {
        assert_eq!(bench.route(&message).unwrap(), To::Direct, "{message:?}");
        bench.feed(&[message]);
    }
}

#[test]
fn what_stands_in_a_block_is_kept_as_protocol_1_has_it() {
    for message in in_blocks() {
        let mut bench = Bench::in_block();
        assert_eq!(bench.in_stream(9, &message), To::Into(7, 9, message.encode().to_vec()));
    }
    let mut bench = Bench::in_block();
    let origin = Message::Origin { lsn: Lsn::new(9), name: "elsewhere".to_owned() };
    assert_eq!(bench.route(&origin).unwrap(), To::Into(7, 7, origin.encode().to_vec()));
    assert_eq!(bench.route(&Message::StreamStop).unwrap(), To::Stop(7));
    assert_eq!(bench.route(&start(7, false)).unwrap(), To::Start(7, false));
}

#[test]
fn a_message_belongs_to_the_subtransaction_of_the_change_before_it() {
    let mut bench = Bench::in_block();
    let emitted = emit(true, 60);
    let of = |bench: &mut Bench| match bench.in_stream(7, &emitted) {
        To::Into(7, sub, _) => sub,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(&mut bench), 7);
    for sub in [8, 9] {
        bench.in_stream(sub, &insert("1"));
        assert_eq!(of(&mut bench), sub);
    }
    bench.route(&Message::StreamStop).unwrap();
    bench.route(&abort(7, 9)).unwrap();
    bench.route(&start(7, false)).unwrap();
    assert_eq!(of(&mut bench), 8);
    bench.in_stream(7, &insert("1"));
    assert_eq!(of(&mut bench), 7);
    // It may as well be of a savepoint that had changed nothing before it.
    bench.in_stream(10, &insert("1"));
    bench.route(&Message::StreamStop).unwrap();
    assert_eq!(bench.route(&abort(7, 10)).unwrap(), To::Unclear(7));
}

#[test]
fn a_commit_is_framed_as_protocol_1_has_it() {
    let mut bench = Bench::in_block();
    bench.route(&Message::StreamStop).unwrap();
    let message = Message::StreamCommit(stream_commit(7)).encode();
    let Route::Commit(committed) = bench.decoder.route(Frame::whole(Lsn::new(110), &message)).unwrap() else {
        panic!("no commit");
    };
    assert_eq!((committed.xid, committed.commit_time), (7, EPOCH + 5));
    assert_eq!((committed.commit_lsn, committed.end_lsn), (Lsn::new(100), Lsn::new(110)));
    assert_eq!((committed.begin().data(), committed.begin().lsn), (&begin(100).encode()[..], Lsn::new(100)));
    assert_eq!(
        (committed.commit().data(), committed.commit().lsn),
        (&commit(100).encode()[..], Lsn::new(110))
    );
}

#[test]
fn an_abort_says_where_and_when_it_was_if_the_server_does() {
    let mut bench = Bench::in_block();
    bench.route(&Message::StreamStop).unwrap();
    assert_eq!(bench.route(&abort(7, 8)).unwrap(), To::Abort(7, 8, None));
    let at = Some((Lsn::new(80), 6));
    let parallel = Message::StreamAbort(StreamAbort { top: 7, sub: 7, at });
    assert_eq!(bench.route(&parallel).unwrap(), To::Abort(7, 7, Some((Lsn::new(80), EPOCH + 6))));
    assert!(bench.wrong(&start(7, false)).contains("did not start"));
}

#[test]
fn a_prepared_transaction_waits_for_its_outcome() {
    let prepared = || Prepared::new(7, "it's".to_owned(), (Lsn::new(60), Lsn::new(70)), EPOCH + 4);
    for (end, to) in [
        (commit_prepared(7), To::Commit(7)),
        (rollback_prepared(7), To::Abort(7, 7, Some((Lsn::new(90), EPOCH + 6)))),
    ] {
        let mut bench = Bench::new();
        assert_eq!(bench.route(&Message::BeginPrepare(prepare(7))).unwrap(), To::Start(7, true));
        for message in in_blocks() {
            assert_eq!(bench.route(&message).unwrap(), To::Into(7, 7, message.encode().to_vec()));
        }
        assert_eq!(bench.route(&Message::Prepare(prepare(7))).unwrap(), To::Prepare(prepared()));
        assert_eq!(bench.route(&end).unwrap(), to);

        let mut bench = Bench::in_block();
        bench.route(&Message::StreamStop).unwrap();
        assert_eq!(bench.route(&Message::StreamPrepare(prepare(7))).unwrap(), To::Prepare(prepared()));
        assert_eq!(bench.route(&end).unwrap(), to);
    }
}

#[test]
fn a_rollback_of_what_was_never_sent_is_no_error_and_a_commit_is() {
    let mut bench = Bench::new();
    assert!(matches!(bench.route(&rollback_prepared(7)).unwrap(), To::Abort(7, 7, Some(_))));
    assert!(bench.wrong(&commit_prepared(7)).contains("its changes are lost"));
    assert!(bench.wrong(&Message::StreamCommit(stream_commit(7))).contains("nothing came"));
    assert!(bench.wrong(&Message::StreamPrepare(prepare(7))).contains("nothing came"));
}

/// Another prepared transaction holds the acknowledged position back, to behind this one's PREPARE.
#[test]
fn a_commit_that_was_delivered_before_may_come_again_without_its_prepare() {
    for (delivered, seq, to) in
        [(100, None, true), (200, Some(0), true), (100, Some(0), false), (99, None, false)]
    {
        for in_blocks in [false, true] {
            let mut bench = Bench::new();
            let server = pg_cdc_core::ServerId { system_id: 7, timeline: 1 };
            let mut position = pg_cdc_core::Position::at("shop".into(), server, Lsn::ZERO);
            (position.commit_lsn, position.seq) = (Lsn::new(delivered), seq);
            bench.decoder.restart(Some(&position));
            if in_blocks {
                bench.route(&start(7, true)).unwrap();
                bench.route(&Message::StreamStop).unwrap();
            }
            let outcome = bench.route(&commit_prepared(7));
            assert_eq!(outcome.ok(), to.then_some(To::Abort(7, 7, None)), "{delivered} {seq:?}");
        }
    }
}

#[test]
fn messages_out_of_their_place_are_errors() {
    let mut bench = Bench::in_block();
    for message in [begin(100), start(8, true), commit(100), Message::StreamCommit(stream_commit(7))] {
        assert!(bench.wrong(&message).contains("expected one of the messages"), "{message:?}");
    }
    bench.route(&Message::StreamStop).unwrap();
    assert!(bench.wrong(&Message::StreamStop).contains("did not start"));
    assert!(bench.wrong(&start(7, true)).contains("has not ended"));
    assert!(bench.wrong(&Message::Prepare(prepare(7))).contains("did not start"));
    assert!(bench.wrong(&commit_prepared(7)).contains("did not come"));
    let mut bench = Bench::in_transaction();
    assert!(bench.wrong(&start(7, true)).contains("another transaction within one"));
    let mut bench = Bench::new();
    bench.route(&Message::BeginPrepare(prepare(7))).unwrap();
    assert!(bench.wrong(&Message::Prepare(prepare(8))).contains("another transaction than"));
}

#[test]
fn a_driver_that_does_not_route_is_told_so() {
    let mut bench = Bench::new();
    let error = bench.message(&start(7, true)).unwrap_err().to_string();
    assert!(error.contains("only where they were asked for), found 'S'"), "{error}");
}

#[test]
fn a_new_connection_knows_of_no_transaction() {
    let mut bench = Bench::in_block();
    bench.decoder.restart(None);
    assert_eq!(bench.route(&begin(100)).unwrap(), To::Direct);
    assert_eq!(bench.route(&start(7, true)).unwrap(), To::Start(7, true));
}

#[test]
fn every_message_cut_short_or_too_long_is_refused() {
    let at = Some((Lsn::new(80), 6));
    let messages = [
        start(7, true),
        Message::StreamCommit(stream_commit(7)),
        Message::StreamAbort(StreamAbort { top: 7, sub: 7, at }),
        Message::StreamPrepare(prepare(7)),
        Message::BeginPrepare(prepare(7)),
        commit_prepared(7),
        rollback_prepared(7),
    ];
    for message in messages {
        let whole = message.encode();
        // An abort without its place is whole too.
        let lengths = (1..whole.len()).filter(|length| (whole[0], *length) != (b'A', 9));
        for length in lengths {
            let error = Bench::new().to(&whole[..length]).unwrap_err();
            assert!(error.offset() <= length && error.to_string().contains("ends within"), "{error}");
        }
        let longer = [&whole[..], b"x"].concat();
        assert!(Bench::new().to(&longer).unwrap_err().to_string().contains("1 bytes follow"), "{message:?}");
    }
}

proptest! {
    #[test]
    fn any_messages_are_routed_or_refused(
        messages in vec((proptest::sample::select(b"SEcAbPpKrRYIUDTMOBC".to_vec()), vec(0..3_u8, 0..40)), 0..20),
    ) {
        let mut bench = Bench::new();
        for (tag, rest) in messages {
            let bytes = [&[tag][..], &rest].concat();
            match bench.to(&bytes) {
                Ok(To::Direct) => _ = bench.bytes(&bytes),
                Ok(To::Into(_, _, message)) => prop_assert!(message.len() <= bytes.len()),
                Ok(_) => {}
                Err(error) => prop_assert!(error.offset() <= bytes.len()),
            }
        }
    }

    #[test]
    fn what_ends_a_transaction_comes_back_as_it_was_sent(
        xid: u32, sub: u32, lsns in any::<(u64, u64)>(), time in -1_000_000_000_000_000..1_000_000_000_000_000_i64, gid in "[a-zé' ]{0,30}",
    ) {
        let (start_lsn, end_lsn) = (Lsn::new(lsns.0), Lsn::new(lsns.1));
        let prepare = Prepare { prepare_lsn: start_lsn, end_lsn, prepare_time: time, xid, gid: gid.clone() };
        let prepared = Prepared::new(xid, gid.clone(), (start_lsn, end_lsn), EPOCH + time);
        let commits = [
            Message::StreamCommit(StreamCommit { xid, commit_lsn: start_lsn, end_lsn, commit_time: time }),
            Message::CommitPrepared(CommitPrepared { commit_lsn: start_lsn, end_lsn, commit_time: time, xid, gid }),
        ];
        for (commit, is_prepared) in commits.iter().zip([false, true]) {
            let mut bench = Bench::new();
            bench.route(&start(xid, true)).unwrap();
            bench.route(&Message::StreamStop).unwrap();
            if is_prepared {
                let stream_prepare = Message::StreamPrepare(prepare.clone());
                prop_assert_eq!(bench.route(&stream_prepare).unwrap(), To::Prepare(prepared.clone()));
            }
            let buffer = commit.encode();
            let Ok(Route::Commit(committed)) = bench.decoder.route(Frame::whole(end_lsn, &buffer)) else {
                panic!("no commit");
            };
            prop_assert_eq!((committed.xid, committed.commit_lsn, committed.end_lsn), (xid, start_lsn, end_lsn));
            prop_assert_eq!(committed.commit_time, EPOCH + time);
            let begin = Message::Begin { commit_lsn: start_lsn, commit_time: time, xid };
            prop_assert_eq!(committed.begin().data(), &begin.encode()[..]);
        }
        let mut bench = Bench::new();
        let abort = Message::StreamAbort(StreamAbort { top: xid, sub, at: Some((end_lsn, time)) });
        let at = (end_lsn != Lsn::ZERO).then_some((end_lsn, EPOCH + time));
        prop_assert_eq!(bench.route(&abort).unwrap(), To::Abort(xid, sub, at));
    }
}
