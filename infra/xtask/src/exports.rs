//! `env`: the running stack's addresses, tokens and keys as variables of a shell, so that examples are short.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::channel::{ADMIN_CHANNEL, DEALER_CHANNEL, UPSTREAM_CHANNEL};
use crate::failure::{Context, Result};
use crate::names;
use crate::progress::print;
use crate::stack::{self, Stack, TOKEN_HOURS};

/// The variables of the sample channels' keys.
const CHANNELS: [(&str, &str); 3] = [
    ("DEALER", DEALER_CHANNEL),
    ("UPSTREAM", UPSTREAM_CHANNEL),
    ("CHANNEL_ADMIN", ADMIN_CHANNEL),
];

pub fn env(stack_dir: Option<PathBuf>) -> Result<()> {
    let dir = stack::folder(stack_dir)?;
    stack::must_run(&dir)?;
    let stack = Stack::read(&dir)?;
    let until = Timestamp::now()
        .checked_add(SignedDuration::from_hours(TOKEN_HOURS.into()))
        .context("the end of the tokens")?;
    print(script(&stack));
    // Not in the script, so that a person sees it after `eval`.
    eprintln!(
        "New tokens until {until:.0} ({TOKEN_HOURS} hours). After that they get 401: run eval \"$(cargo xtask env)\" again."
    );
    Ok(())
}

/// The commands that set the variables. Tokens and keys are whole headers: `curl -H "$STAFF" "$HUB/..."`.
fn script(stack: &Stack) -> String {
    let tokens = stack
        .tokens
        .iter()
        .map(|(role, token)| (role.to_uppercase(), format!("Authorization: Bearer {token}")));
    let urls = stack
        .function_urls
        .iter()
        .map(|(name, url)| (format!("{}_URL", names::constant(name)), url.clone()));
    let addresses = [("HUB", &stack.base_url), ("SIMULATORS", &stack.simulators_url)];
    let addresses = addresses.map(|(name, url)| (name.to_owned(), url.clone()));
    let set = addresses
        .into_iter()
        .chain(tokens)
        .chain(urls)
        .map(|(name, value)| format!("export {name}={}", quoted(&value)));
    let keys = CHANNELS
        .iter()
        .map(|(name, channel)| match stack.api_keys.get(*channel) {
            Some(key) => format!("export {name}={}", quoted(&format!("x-api-key: {key}"))),
            // Another value may be left of an earlier stack.
            None => format!("unset {name}"),
        });
    set.chain(keys).collect::<Vec<_>>().join("\n")
}

/// A value as one word of the shell: base URLs have a `$`.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn stack() -> Stack {
        let one = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
        Stack {
            base_url: "http://127.0.0.1:4666/_aws/execute-api/1a/$default".into(),
            simulators_url: "http://127.0.0.1:4700".into(),
            tokens: [("customer", "c.c.c".to_owned()), ("staff", "s.s.s".to_owned())].into(),
            function_urls: one("mmobOrderWebhook", "http://127.0.0.1:4666/_aws/lambda-url/2b"),
            api_keys: one(DEALER_CHANNEL, "dealer.it's"),
        }
    }

    /// What a shell prints after it has read the script.
    fn shell(command: &str) -> String {
        let mut shell = Command::new("sh");
        shell.args([
            "-euc",
            &format!("UPSTREAM=old; eval \"$1\"; {command}"),
            "sh",
            &script(&stack()),
        ]);
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_shell_reads_every_value_as_it_is() {
        let values = shell("printf '%s\\n' \"$HUB\" \"$STAFF\" \"$DEALER\" \"$MMOB_ORDER_WEBHOOK_URL\"");
        assert_eq!(
            values.lines().collect::<Vec<_>>(),
            [
                "http://127.0.0.1:4666/_aws/execute-api/1a/$default",
                "Authorization: Bearer s.s.s",
                "x-api-key: dealer.it's",
                "http://127.0.0.1:4666/_aws/lambda-url/2b",
            ]
        );
        assert_eq!(shell("sh -c 'echo $SIMULATORS'"), "http://127.0.0.1:4700\n");
    }

    #[test]
    fn a_key_that_the_stack_does_not_know_is_unset() {
        assert_eq!(shell("echo \"${UPSTREAM-none}\""), "none\n");
    }
}
