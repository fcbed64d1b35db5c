//! What a function does with TLS and tokens, on the crypto library that a feature chooses. `cargo xtask bench crypto`
//! builds it three times and compares. It has no argument parser and no runtime, which would hide what is measured.

mod handshake;
mod library;
mod verify;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "crypto [handshake COUNT CA.pem PORT | verify MILLISECONDS KEY.der MESSAGE SIGNATURE]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match perform(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("crypto: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn perform(words: &[&str]) -> Result<()> {
    match words {
        // What any process of this binary costs.
        [] => Ok(()),
        ["handshake", count, ca, port] => {
            let times = handshake::run(count.parse()?, ca.as_ref(), port.parse()?)?;
            let times: Vec<_> = times.iter().map(|time| time.as_nanos().to_string()).collect();
            say(times.join(" "))
        }
        ["verify", milliseconds, key, message, signature] => say(verify::per_second(
            milliseconds.parse()?,
            key.as_ref(),
            message.as_ref(),
            signature.as_ref(),
        )?),
        _ => Err(USAGE.into()),
    }
}

fn say(line: impl Display) -> Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
