//! One behaviour suite for the store. The fake in memory and DynamoDB, as the emulator plays it, pass it.

use std::collections::BTreeSet;

use runtime::port::store::{Index, Item, Key, Memory, Query, Store, When, Write, Written, item as item_of, typed};
use serde::{Deserialize, Serialize};

use crate::lock::Domain::Funders;
use crate::stack::Stack;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    revision: i64,
}

fn row(name: &str, revision: i64) -> Row {
    Row {
        name: name.into(),
        revision,
    }
}

fn put(key: &Key, row: &Row, when: When) -> Write {
    Write::put(key.clone(), row, when).unwrap()
}

async fn read(store: &dyn Store, key: &Key) -> Option<Row> {
    store.get(key, true).await.unwrap().map(|item| typed(item).unwrap())
}

/// `table` has `pk` and `sk`, and the index `due`.
async fn behaves(store: &dyn Store, table: &str) {
    let run = uuid::Uuid::new_v4();
    let key = |name: &str| Key::new(table, format!("TEST#{run}#{name}"), Some("ROW"));
    conditions(store, &key("a")).await;
    transactions(store, &key("b"), &key("c")).await;
    only_one_wins(store, &key("d")).await;
    each_number_is_counted_one_time(store, &key("e"), Some(4_000_000_000)).await;
    each_number_is_counted_one_time(store, &key("f"), None).await;
    checks(store, &key("g"), &key("h")).await;
    an_expired_row_is_absent(store, table, &format!("TEST#{run}#ttl")).await;
    conditions_take_an_expired_row_as_absent(store, table, &format!("TEST#{run}#conditions")).await;
    an_expired_counter_begins_again(store, table, &format!("TEST#{run}#counter")).await;
    a_page_begins_after_the_row_before(store, table, &format!("TEST#{run}#pages")).await;
    let pk = format!("TEST#{run}#log");
    let rows = (0..30).map(|n| {
        let key = Key::new(table, pk.clone(), Some(&format!("{n:02}")));
        Write::put(key, &row("log", n), When::Absent).unwrap().item.unwrap()
    });
    store.append(table, rows.collect()).await.unwrap();
    let query = |limit| Query::new(table, pk.clone(), limit);
    assert_eq!(names(store, query(3)).await, [29, 28, 27]);
    assert_eq!(names(store, query(100)).await.len(), 30);
    let between = query(3).from(Some("05".into())).to(Some("07".into()));
    assert_eq!(names(store, between.clone()).await, [7, 6, 5]);
    assert_eq!(names(store, between.clone().oldest_first()).await, [5, 6, 7]);
    assert_eq!(names(store, between.consistent()).await, [7, 6, 5]);
    assert_eq!(names(store, query(2).to(Some("07".into()))).await, [7, 6]);
    assert_eq!(
        names(store, query(2).oldest_first().from(Some("28x".into()))).await,
        [29]
    );
    let members = query(2).members(&["revision", "absent"]);
    let found = store.query(&members).await.unwrap().into_iter();
    let found: Vec<serde_json::Value> = found.map(|item| typed(item).unwrap()).collect();
    assert_eq!(
        found,
        [29, 28].map(|revision| serde_json::json!({"revision": revision}))
    );
    let keys = ["07", "absent", "03"].map(|sk| Key::new(table, pk.clone(), Some(sk)));
    let found: Vec<Option<Row>> = store
        .get_all(&keys)
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.map(|item| typed(item).unwrap()))
        .collect();
    assert_eq!(found, [Some(row("log", 7)), None, Some(row("log", 3))]);
}

async fn names(store: &dyn Store, query: Query) -> Vec<i64> {
    let found = store.query(&query).await.unwrap().into_iter();
    found.map(|item| typed::<Row>(item).unwrap().revision).collect()
}

async fn conditions(store: &dyn Store, key: &Key) {
    assert_eq!(read(store, key).await, None);
    assert_eq!(
        store.write(vec![put(key, &row("a", 1), When::Absent)]).await.unwrap(),
        Written::Done
    );
    let again = store.write(vec![put(key, &row("b", 1), When::Absent)]).await.unwrap();
    let Written::Refused(stood) = again else {
        panic!("{again:?}")
    };
    assert_eq!(
        typed::<Row>(stood[0].clone().unwrap()).unwrap(),
        row("a", 1),
        "a refusal returns the row"
    );
    let refused = [
        When::number("revision", 2),
        When::text("name", "b"),
        When::text("absent", "x"),
        When::Below("revision", 1),
        When::Below("absent", 9),
        When::All(vec![When::text("name", "a"), When::number("revision", 2)]),
        When::Any(vec![When::Absent, When::Below("revision", 0)]),
    ];
    for when in refused {
        let outcome = store.write(vec![put(key, &row("x", 9), when.clone())]).await.unwrap();
        assert!(matches!(outcome, Written::Refused(_)), "{when:?}");
        assert_eq!(read(store, key).await, Some(row("a", 1)));
    }
    let held = [
        When::number("revision", 1),
        When::Below("revision", 3),
        When::All(vec![When::text("name", "a"), When::number("revision", 3)]),
        When::Any(vec![When::Absent, When::number("revision", 4)]),
    ];
    for (when, revision) in held.into_iter().zip(2..) {
        assert_eq!(
            store.write(vec![put(key, &row("a", revision), when)]).await.unwrap(),
            Written::Done
        );
    }
    assert_eq!(store.write(Vec::new()).await.unwrap(), Written::Done);
}

async fn transactions(store: &dyn Store, one: &Key, two: &Key) {
    let both = |revision, when: When| {
        vec![
            put(one, &row("one", revision), When::Absent),
            put(two, &row("two", revision), when),
        ]
    };
    let refused = store.write(both(1, When::number("revision", 7))).await.unwrap();
    assert!(matches!(refused, Written::Refused(_)));
    assert_eq!(
        (read(store, one).await, read(store, two).await),
        (None, None),
        "all or nothing"
    );
    assert_eq!(store.write(both(2, When::Absent)).await.unwrap(), Written::Done);
    assert_eq!(
        (read(store, one).await, read(store, two).await),
        (Some(row("one", 2)), Some(row("two", 2)))
    );
}

/// A row is absent once its time has passed, although the store deletes it later.
async fn an_expired_row_is_absent(store: &dyn Store, table: &str, pk: &str) {
    let now = runtime::port::clock::Clock::System.now().as_second();
    let key = |sk: &str| Key::new(table, pk, Some(sk));
    let rows = [("1", now - 5), ("2", now + 500), ("3", now - 5), ("4", now + 500)];
    let rows = rows.map(|(sk, ttl)| expiring(&key(sk), ttl)).to_vec();
    store.append(table, rows).await.unwrap();
    assert_eq!(read(store, &key("1")).await, None);
    assert!(read(store, &key("2")).await.is_some());
    let both = store.get_all(&[key("3"), key("4")]).await.unwrap();
    assert_eq!(both.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
    let found = store.query(&Query::new(table, pk, 2)).await.unwrap();
    let names: Vec<String> = found.into_iter().map(|item| typed::<Row>(item).unwrap().name).collect();
    assert_eq!(names, ["4", "2"], "expired rows take no place of a page");
}

/// A row that is named after its key, has the revision 1 and expires at `ttl`.
fn expiring(key: &Key, ttl: i64) -> Item {
    let mut item = put(key, &row(key.sk.as_deref().unwrap(), 1), When::Absent)
        .item
        .unwrap();
    item.extend(item_of(&serde_json::json!({"ttl": ttl})).unwrap());
    item
}

/// Each condition, met by a row that has expired, by the same row before it expires, and by none.
async fn conditions_take_an_expired_row_as_absent(store: &dyn Store, table: &str, pk: &str) {
    let now = runtime::port::clock::Clock::System.now().as_second();
    let name = || When::text("name", "row");
    // Whether the condition holds for a row that has not expired, and for no row.
    let conditions = [
        (When::Absent, false, true),
        (name(), true, false),
        (When::number("revision", 1), true, false),
        (When::Below("revision", 2), true, false),
        (When::Below("ttl", now + 1000), true, false),
        (When::All(vec![name(), When::Below("revision", 2)]), true, false),
        (When::All(vec![When::Absent, name()]), false, false),
        (When::Any(vec![When::Absent, When::number("revision", 7)]), false, true),
        (When::Any(vec![name(), When::number("revision", 7)]), true, false),
        (When::Any(vec![When::Absent, name()]), true, true),
    ];
    for (number, (when, live, absent)) in conditions.into_iter().enumerate() {
        let states = [(Some(now - 5), absent), (Some(now + 500), live), (None, absent)];
        for (ttl, holds) in states {
            for kind in ["one", "transaction", "check"] {
                let at = format!("{pk}#{number}#{kind}#{ttl:?}");
                let (key, other) = (Key::new(table, &at, Some("row")), Key::new(table, &at, Some("other")));
                let stored = ttl.map(|ttl| expiring(&key, ttl));
                store.append(table, stored.into_iter().collect()).await.unwrap();
                let written = put(&key, &row("written", 9), when.clone());
                let beside = put(&other, &row("other", 1), When::Absent);
                let writes = match kind {
                    "one" => vec![written],
                    "transaction" => vec![written, beside],
                    _ => vec![beside, Write::check(key.clone(), when.clone())],
                };
                let at = format!("{when:?} in a {kind}, ttl {ttl:?}, now {now}");
                let before = read(store, &key).await;
                let after = match store.write(writes).await.unwrap() {
                    Written::Done => {
                        assert!(holds, "{at}");
                        let other = read(store, &other).await.map(|other| other.name);
                        assert_eq!(other.as_deref(), (kind != "one").then_some("other"), "{at}");
                        if kind == "check" {
                            before
                        } else {
                            Some(row("written", 9))
                        }
                    }
                    Written::Refused(stored) => {
                        assert!(!holds, "{at}");
                        let stored = stored.into_iter().flatten().next();
                        assert_eq!(stored.map(|row| typed::<Row>(row).unwrap()), before, "{at}");
                        assert_eq!(read(store, &other).await, None, "{at}");
                        before
                    }
                };
                assert_eq!(read(store, &key).await, after, "{at}");
            }
        }
    }
}

/// Of rows with the same sort key, none is read twice or left out, although the row before has left the index meanwhile.
async fn a_page_begins_after_the_row_before(store: &dyn Store, table: &str, pk: &str) {
    let waiting = |n: u32| {
        let at = if n < 7 { "000000000001" } else { "000000000002" };
        let key = Key::new(table, format!("{pk}#{n}"), Some("ROW"));
        let mut item = put(&key, &row("waiting", n.into()), When::Absent).item.unwrap();
        item.extend(item_of(&serde_json::json!({"dueIn": pk, "dueAt": at})).unwrap());
        item
    };
    store.append(table, (0..10).map(waiting).collect()).await.unwrap();
    let index = Index {
        name: "due",
        pk: "dueIn",
        sk: "dueAt",
    };
    let query = Query::new(table, pk, 3).index(index).to(Some("000000000002".into()));
    for query in [query.clone(), query.oldest_first()] {
        let (mut seen, mut last) = (Vec::new(), None);
        loop {
            let page = store.query(&query.clone().after(last)).await.unwrap();
            seen.extend(page.iter().map(|row| Key::of(table, row).pk));
            assert!(page.len() <= 3 && seen.len() <= 10, "{seen:?}");
            last = page.into_iter().last();
            if last.is_none() {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 10);
    }
    let all = |last| Query::new(table, pk, 100).index(index).oldest_first().after(last);
    let first = store.query(&all(None)).await.unwrap().remove(0);
    let mut moved = store.get(&Key::of(table, &first), true).await.unwrap().unwrap();
    moved.remove("dueIn");
    store.append(table, vec![moved]).await.unwrap();
    assert_eq!(store.query(&all(Some(first))).await.unwrap().len(), 9);
}

async fn an_expired_counter_begins_again(store: &dyn Store, table: &str, pk: &str) {
    let now = runtime::port::clock::Clock::System.now().as_second();
    let counts = async |key: &Key, ttl| {
        let counts = (0..20).map(|_| store.count(key, ttl));
        let counts = futures_util::future::join_all(counts).await.into_iter();
        counts.map(Result::unwrap).collect::<BTreeSet<_>>()
    };
    for (sk, ttl) in [("1", Some(now + 500)), ("2", None)] {
        let key = Key::new(table, pk, Some(sk));
        let mut counter = expiring(&key, now - 5);
        counter.extend(item_of(&serde_json::json!({"count": 7})).unwrap());
        store.append(table, vec![counter]).await.unwrap();
        assert_eq!(counts(&key, ttl).await, (1..=20).collect());
        assert!(store.get(&key, true).await.unwrap().is_some(), "it lives again");
    }
}

/// A condition on a row that is not written decides about the other rows.
async fn checks(store: &dyn Store, looked_at: &Key, written: &Key) {
    let seen = put(looked_at, &row("seen", 1), When::Absent);
    assert_eq!(store.write(vec![seen]).await.unwrap(), Written::Done);
    let under = |revision, name| {
        vec![
            Write::check(looked_at.clone(), When::number("revision", revision)),
            put(written, &row(name, 1), When::Absent),
        ]
    };
    let Written::Refused(stood) = store.write(under(2, "refused")).await.unwrap() else {
        panic!("the condition does not hold")
    };
    assert_eq!(typed::<Row>(stood[0].clone().unwrap()).unwrap(), row("seen", 1));
    assert_eq!(read(store, written).await, None);
    assert_eq!(store.write(under(1, "written")).await.unwrap(), Written::Done);
    assert_eq!(read(store, looked_at).await, Some(row("seen", 1)));
    assert_eq!(read(store, written).await, Some(row("written", 1)));
    let alone = |revision| vec![Write::check(looked_at.clone(), When::number("revision", revision))];
    assert_eq!(store.write(alone(1)).await.unwrap(), Written::Done);
    assert!(matches!(store.write(alone(2)).await.unwrap(), Written::Refused(_)));
}

async fn only_one_wins(store: &dyn Store, key: &Key) {
    let names: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let writes = names
        .iter()
        .map(|name| store.write(vec![put(key, &row(name, 1), When::Absent)]));
    let outcomes = futures_util::future::join_all(writes).await;
    let done: Vec<usize> = (0..20)
        .filter(|n| *outcomes[*n].as_ref().unwrap() == Written::Done)
        .collect();
    assert_eq!(done.len(), 1);
    assert_eq!(read(store, key).await, Some(row(&done[0].to_string(), 1)));
}

async fn each_number_is_counted_one_time(store: &dyn Store, key: &Key, ttl: Option<i64>) {
    let counts = futures_util::future::join_all((0..20).map(|_| store.count(key, ttl))).await;
    let mut counts: Vec<u64> = counts.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<u64>>());
    let row = store.get(key, true).await.unwrap().unwrap();
    let kept_until = row.get("ttl").map(|ttl| ttl.as_n().unwrap().parse().unwrap());
    assert_eq!(kept_until, ttl);
}

#[tokio::test]
async fn memory_behaves() {
    behaves(&Memory::at(runtime::port::clock::Clock::System), "table").await;
}

#[tokio::test]
async fn dynamodb_behaves() {
    let stack = Stack::shared(&[Funders]).await;
    behaves(stack.ports().store.as_ref(), &stack.table("funders")).await;
}
