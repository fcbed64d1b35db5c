//! A restore on tables in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::json;

use super::tables::{RestoredPage, is_refusal};
use super::*;

const PAGE_ROWS: usize = 3;
const PAST: &str = "1000";
const FUTURE: &str = "99999999999";

#[derive(Default)]
struct FakeTables {
    restored: Vec<Value>,
    stage: RefCell<BTreeMap<String, Value>>,
    /// The key of a row that the hub writes after it was compared.
    meanwhile: Cell<Option<&'static str>>,
    /// Writes after which the run is interrupted.
    writes_left: Cell<Option<usize>>,
    transactions: RefCell<Vec<usize>>,
}

fn row(pk: &str, ttl: &str, text: &str) -> Value {
    json!({ "pk": { "S": pk }, "sk": { "S": "ROW" }, "text": { "S": text }, "ttl": { "N": ttl } })
}

fn pk(row: &Value) -> String {
    row["pk"]["S"].as_str().unwrap().to_owned()
}

impl FakeTables {
    fn of(restored: &[Value], stage: &[Value]) -> Self {
        Self {
            restored: restored.to_vec(),
            stage: RefCell::new(stage.iter().map(|row| (pk(row), row.clone())).collect()),
            ..Self::default()
        }
    }

    fn text(&self, pk: &str) -> Option<String> {
        let stage = self.stage.borrow();
        stage.get(pk).map(|row| row["text"]["S"].as_str().unwrap().to_owned())
    }
}

impl Tables for FakeTables {
    fn page(&self, after: Option<&Value>) -> Result<RestoredPage> {
        let from = after.map_or(0, |after| usize::try_from(after.as_u64().unwrap()).unwrap());
        let rows: Vec<Value> = self.restored.iter().skip(from).take(PAGE_ROWS).cloned().collect();
        let next = from + rows.len();
        let last = (next < self.restored.len()).then(|| json!(next));
        Ok(RestoredPage { rows, last })
    }

    fn current(&self, rows: &[Value]) -> Result<Vec<Option<Value>>> {
        let stage = self.stage.borrow();
        Ok(rows.iter().map(|row| stage.get(&pk(row)).cloned()).collect())
    }

    fn write(&self, writes: &[RowWrite]) -> Result<bool> {
        if let Some(left) = self.writes_left.get() {
            self.writes_left.set(Some(left.checked_sub(1).context("killed")?));
        }
        self.transactions.borrow_mut().push(writes.len());
        if let Some(raced) = self.meanwhile.take_if_among(writes) {
            self.stage
                .borrow_mut()
                .insert(raced.to_owned(), row(raced, FUTURE, "the hub's"));
        }
        let mut stage = self.stage.borrow_mut();
        // The condition names what was compared: nothing, or all members of a row.
        let holds = |write: &RowWrite| {
            let put = write.put("stage");
            let condition = put["Put"]["ConditionExpression"].as_str().unwrap();
            let found = stage.get(&pk(&write.row));
            if condition == "attribute_not_exists(pk)" {
                return found.is_none();
            }
            let (names, values) = (
                &put["Put"]["ExpressionAttributeNames"],
                &put["Put"]["ExpressionAttributeValues"],
            );
            let same = |part: &str| {
                let (name, value) = part.split_once(" = ").unwrap();
                found.is_some_and(|found| found[names[name].as_str().unwrap()] == values[value])
            };
            condition.split(" AND ").all(same)
        };
        if !writes.iter().all(holds) {
            return Ok(false);
        }
        stage.extend(writes.iter().map(|write| (pk(&write.row), write.row.clone())));
        Ok(true)
    }

    fn record(&self, _: &Counts, _: bool) -> Result<()> {
        Ok(())
    }
}

trait TakeIfAmong {
    fn take_if_among(&self, writes: &[RowWrite]) -> Option<&'static str>;
}

impl TakeIfAmong for Cell<Option<&'static str>> {
    fn take_if_among(&self, writes: &[RowWrite]) -> Option<&'static str> {
        let raced = self
            .get()
            .filter(|raced| writes.iter().any(|write| pk(&write.row) == *raced));
        raced.inspect(|_| self.set(None))
    }
}

/// Missing: a, e and g, of which the stage has an expired row. Equal: b. Differs: c. Expired: d and f.
fn tables() -> FakeTables {
    let old = |pk| row(pk, FUTURE, "old");
    let restored = [
        old("a"),
        old("b"),
        old("c"),
        row("d", PAST, "old"),
        old("e"),
        row("f", PAST, "old"),
        old("g"),
    ];
    let stage = [
        old("b"),
        row("c", FUTURE, "new"),
        row("f", FUTURE, "new"),
        row("g", PAST, "expired"),
        row("z", FUTURE, "new"),
    ];
    FakeTables::of(&restored, &stage)
}

#[test]
fn rows_are_counted_and_none_is_written() {
    let tables = tables();
    let before = tables.stage.borrow().clone();
    let counts = count(&tables).unwrap();
    let expected = Counts {
        missing: 3,
        equal: 1,
        differs: 1,
        expired: 2,
    };
    assert_eq!(counts, expected);
    assert_eq!(counts.line(), "3 missing, 1 differ, 1 equal, 2 expired");
    assert_eq!(*tables.stage.borrow(), before);
}

#[test]
fn missing_rows_come_back_and_those_that_differ_stay() {
    let tables = tables();
    let written = copy(&tables, false, 1000).unwrap();
    assert_eq!((written.put, written.replaced, written.raced), (3, 0, 0));
    let expected = [
        ("a", "old"),
        ("b", "old"),
        ("c", "new"),
        ("e", "old"),
        ("f", "new"),
        ("g", "old"),
        ("z", "new"),
    ];
    for (pk, text) in expected {
        assert_eq!(tables.text(pk).as_deref(), Some(text), "{pk}");
    }
    assert_eq!(tables.text("d"), None, "a row that has expired does not come back");
    assert_eq!(
        copy(&tables, false, 1000).unwrap(),
        Written::default(),
        "a second run writes nothing"
    );
}

#[test]
fn rows_that_differ_are_replaced_if_the_operator_says_so() {
    let tables = tables();
    let written = copy(&tables, true, 1000).unwrap();
    assert_eq!((written.put, written.replaced, written.raced), (3, 1, 0));
    assert_eq!(tables.text("c").as_deref(), Some("old"));
    assert_eq!(
        tables.text("f").as_deref(),
        Some("new"),
        "an expired row replaces nothing"
    );
    assert_eq!(tables.text("z").as_deref(), Some("new"));
}

#[test]
fn a_row_that_the_hub_writes_meanwhile_is_left_and_the_others_come_back() {
    for (raced, replace) in [("a", false), ("c", true), ("g", false)] {
        let tables = tables();
        tables.meanwhile.set(Some(raced));
        let written = copy(&tables, replace, 1000).unwrap();
        assert_eq!(written.raced, 1, "{raced}");
        assert_eq!(written.put + written.replaced, if replace { 3 } else { 2 });
        assert_eq!(tables.text(raced).as_deref(), Some("the hub's"));
    }
}

#[test]
fn an_interrupted_run_is_run_again() {
    let tables = tables();
    tables.writes_left.set(Some(1));
    copy(&tables, false, 1000).unwrap_err();
    assert!(tables.text("a").is_some() && tables.text("g").as_deref() == Some("expired"));
    tables.writes_left.set(None);
    let written = copy(&tables, false, 1000).unwrap();
    assert_eq!(written.put, 2);
    assert_eq!(count(&tables).unwrap().missing, 0);
}

#[test]
fn the_rate_is_a_maximum() {
    let tables = tables();
    let begun = Instant::now();
    copy(&tables, false, 10).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    let tables = self::tables();
    copy(&tables, false, 1000).unwrap();
    assert!(tables.transactions.borrow().iter().all(|rows| *rows <= PAGE_ROWS));
}

#[test]
fn a_transaction_has_few_rows_and_few_bytes() {
    let write = |text: &str| compare(row("a", FUTURE, text), None, 0).into_write(false).unwrap();
    let small: Vec<RowWrite> = (0..60).map(|_| write("x")).collect();
    let lengths = |writes: &[RowWrite], rate| chunks(writes, rate).iter().map(|some| some.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&small, 1000), [25, 25, 10]);
    assert_eq!(lengths(&small[..7], 3), [3, 3, 1]);
    let large: Vec<RowWrite> = (0..4).map(|_| write(&"x".repeat(700_000))).collect();
    assert_eq!(lengths(&large, 1000), [2, 2]);
    let huge = [write(&"x".repeat(2_000_000))];
    assert_eq!(lengths(&huge, 1000), [1]);
}

#[test]
fn a_table_is_found_by_name() {
    let known = json!({ "cases": "trunkline-Cases-1", "funders": "trunkline-Funders-1" });
    let known = known.as_object().unwrap();
    assert_eq!(find(known, "cases").unwrap(), "trunkline-Cases-1");
    let failure = find(known, "case").unwrap_err().to_string();
    assert!(failure.ends_with("there are cases, funders"), "{failure}");
}

#[test]
fn a_refusal_is_no_failure() {
    let refused =
        "An error occurred (TransactionCanceledException): Transaction cancelled [ConditionalCheckFailed, None]";
    assert!(is_refusal(refused));
    assert!(!is_refusal("An error occurred (AccessDeniedException)"));
}
