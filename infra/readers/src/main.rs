//! Runs a reader of untrusted input. The guard of infra/bench counts its instructions for an input and for one twice as large.
//!
//! Without arguments it lists the readers, each with the size to begin with. With a name and a size it makes the input and reads
//! it; with `make` behind them it only makes it, so that the difference is the reader's.

mod body;
mod list;
mod reader;

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

use crate::reader::Reader;

fn readers() -> Vec<Reader> {
    [body::readers(), list::readers()].into_iter().flatten().collect()
}

#[expect(clippy::print_stdout, reason = "the guard reads the list from here")]
fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(name) = arguments.next() else {
        for reader in readers() {
            println!("{} {}", reader.name, reader.size);
        }
        return ExitCode::SUCCESS;
    };
    let size = arguments.next().and_then(|size| size.parse().ok());
    let only_make = arguments.next().is_some_and(|what| what == "make");
    let reader = readers().into_iter().find(|reader| reader.name == name);
    let Some((reader, size)) = reader.zip(size) else {
        return ExitCode::FAILURE;
    };
    let input = black_box((reader.make)(size));
    if only_make || black_box((reader.read)(&input)).is_err() == reader.refused {
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_is_read_or_refused_as_its_reader_has_it() {
        for reader in readers() {
            let input = (reader.make)(reader.size);
            let outcome = (reader.read)(&input);
            assert_eq!(outcome.is_err(), reader.refused, "{}: {outcome:?}", reader.name);
        }
    }
}
