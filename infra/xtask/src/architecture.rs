//! The processors that Lambda runs functions on.

use clap::ValueEnum;

use crate::failure::{Failure, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    pub fn of_this_machine() -> Result<Self> {
        match std::env::consts::ARCH {
            "aarch64" => Ok(Self::Arm64),
            "x86_64" => Ok(Self::X86_64),
            other => Err(Failure::from(format!("Lambda does not support {other}"))),
        }
    }

    /// Lambda's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// The option of cargo-lambda.
    pub fn option(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86_64 => "--x86-64",
        }
    }

    /// The processor that an ELF file names in its header, if it is one of these.
    pub fn of_binary(file: &[u8]) -> Option<Self> {
        let machine = file.strip_prefix(b"\x7fELF")?.get(14..16)?;
        match machine {
            [183, 0] => Some(Self::Arm64),
            [62, 0] => Some(Self::X86_64),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_names_its_processor() {
        let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(
            Architecture::of_binary(&this),
            Some(Architecture::of_this_machine().unwrap())
        );
        for other in [&b""[..], b"\x7fELF", b"#!/bin/sh\necho no binary\n"] {
            assert_eq!(Architecture::of_binary(other), None);
        }
    }
}
