//! The first hour: the commands of README and of docs/local.md, as a reader's shell runs them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::lock::Domain;
use crate::stack::Stack;
use crate::template::root;

/// The commands use the stack of the test instead of that of `cargo xtask up`, and a failed request fails the block.
const PRELUDE: &str = r#"
cargo() { shift; "$TOOL" "$@" --stack-dir "$STACK_DIR"; }
curl() { command curl --fail-with-body --silent --show-error --max-time 60 "$@"; }
eval "$(cargo xtask env)"
"#;
/// What README leaves to its reader.
const PLACEHOLDER: &str = "THE-ID-OF-THE-QUOTE";
/// Blocks that start or stop a stack.
const LEFT_OUT: [&str; 2] = ["cargo xtask up", "cargo xtask test"];
/// Blocks that change what every caller of the partner sees.
const EXCLUSIVE: &str = "/_control/lex/quote";
/// What some commands must print.
const PRINTED: [(&str, &str); 10] = [
    (
        "curl -i -H \"$CUSTOMER\" -H 'Content-Type: application/json' \\\n  \"$HUB/api/integration/quotes",
        " 201 ",
    ),
    ("proposals/generate", " 202 "),
    ("bqs-case/case", " 201 "),
    ("/_receiver/", "/_receiver/"),
    ("sleep 10", "quote.generated"),
    ("cargo xtask order\n", "status   Succesful"),
    ("order --manual", "operator (by-hand)"),
    ("logs --correlation", "funders-quote-generate 201"),
    ("channel create", "my-dealer."),
    ("_control/webhooks", r#""status":204"#),
];
const TRIES: u32 = 5;

/// The shell examples of README and of docs/local.md.
fn blocks() -> Vec<String> {
    let read = |page: &str| fs::read_to_string(root().join(page)).unwrap();
    let (readme, local) = (read("README.md"), read("docs/local.md"));
    let blocks = [readme.as_str(), &local].map(|page| {
        let blocks = page.split("```sh\n").skip(1);
        blocks.map(|rest| rest.split("```").next().unwrap().to_owned())
    });
    let blocks = blocks.into_iter().flatten();
    blocks
        .filter(|block| !LEFT_OUT.iter().any(|command| block.contains(command)))
        .collect()
}

/// Runs a block in the root of the tree. Returns what it printed, or what went wrong.
fn run(stack: &Stack, block: &str) -> Result<String, String> {
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", &format!("{PRELUDE}{block}")])
        .current_dir(root())
        .env("TOOL", Stack::tool())
        .env("STACK_DIR", &stack.folder);
    let output = shell.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    let missing = PRINTED
        .iter()
        .filter(|(command, wanted)| block.contains(command) && !printed.contains(wanted));
    let missing: Vec<_> = missing.map(|(_, wanted)| wanted).collect();
    if output.status.success() && missing.is_empty() {
        return Ok(printed);
    }
    Err(format!(
        "{block}\n{printed}{errors}\n{}, without {missing:?}",
        output.status
    ))
}

/// The id in a response to a quote.
fn quote_id(printed: &str) -> Option<String> {
    let response = printed.lines().last()?;
    let response: Value = serde_json::from_str(response).ok()?;
    ["/data/id", "/data/quoteId"]
        .iter()
        .find_map(|pointer| response.pointer(pointer)?.as_str().map(str::to_owned))
}

#[tokio::test]
async fn every_command_of_the_pages_works() {
    let stack = Stack::shared(&Domain::ALL).await;
    let mut quote: Option<String> = None;
    for block in blocks().iter().filter(|block| !block.contains(EXCLUSIVE)) {
        let mut block = block.clone();
        if let Some(quote) = &quote {
            block = block.replace(PLACEHOLDER, quote);
        }
        let mut outcome = run(&stack, &block);
        // On a busy machine an event takes longer than the reader is asked to wait.
        for _ in 1..TRIES {
            if outcome.is_ok() || !block.contains("sleep") {
                break;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            outcome = run(&stack, &block);
        }
        let printed = outcome.unwrap_or_else(|problem| panic!("{problem}"));
        quote = quote.or_else(|| quote_id(&printed));
    }
}

#[tokio::test]
async fn partners_misbehave_as_the_page_says() {
    let stack = Stack::exclusive(&Domain::ALL).await;
    let blocks = blocks();
    let scripted: Vec<_> = blocks.iter().filter(|block| block.contains(EXCLUSIVE)).collect();
    assert_eq!(scripted.len(), 1, "{scripted:?}");
    for block in scripted {
        run(&stack, block).unwrap_or_else(|problem| panic!("{problem}"));
    }
}
