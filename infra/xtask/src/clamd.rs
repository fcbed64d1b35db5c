//! clamd for a local stack, where it is installed. Its database has one signature: of the file with which scanners are tested.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files;
use crate::health::Health;
use crate::services::{CLAMD, Service};

/// `PATH` of a person often lacks the folders of daemons.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/opt/homebrew/sbin"];
/// EICAR's test string in halves: a scanner must not take this file for it.
const EICAR: [&str; 2] = [
    "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD",
    "-ANTIVIRUS-TEST-FILE!$H+H*",
];

/// The installed clamd.
pub fn installed() -> Option<PathBuf> {
    let files = FOLDERS.iter().map(|folder| Path::new(folder).join("clamd"));
    files.into_iter().find(|file| file.is_file())
}

/// How to start it for the stack of this folder.
pub fn service(program: &Path, dir: &Path) -> Service<'static> {
    let (program, dir) = (program.to_owned(), dir.join("clamd"));
    Service {
        name: CLAMD,
        default_port: 4710,
        health: Health::Clamd,
        fingerprint: files::sha256([configuration(&dir, 0), database()].concat().as_bytes()),
        command: Box::new(move |port| {
            let databases = dir.join("database");
            files::make_dir(&databases)?;
            files::write(&databases.join("eicar.ndb"), &database())?;
            let file = dir.join("clamd.conf");
            files::write(&file, &configuration(&dir, port))?;
            let mut clamd = Command::new(&program);
            clamd
                .arg("--foreground")
                .arg(format!("--config-file={}", file.display()));
            Ok(clamd)
        }),
    }
}

fn configuration(dir: &Path, port: u16) -> String {
    let database = dir.join("database");
    format!(
        "TCPAddr 127.0.0.1\nTCPSocket {port}\nDatabaseDirectory {}\nStreamMaxLength 25M\nAlertExceedsMax yes\nBytecode no\n",
        database.display()
    )
}

/// Name, any type of file, any offset, and the bytes in hex.
fn database() -> String {
    let bytes: String = EICAR.concat().bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("Eicar-Test-Signature:0:*:{bytes}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash that EICAR's file has everywhere.
    #[test]
    fn the_halves_make_eicars_file() {
        let hash = files::sha256(EICAR.concat().as_bytes());
        assert_eq!(hash, "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f");
        assert!(database().starts_with("Eicar-Test-Signature:0:*:58354f2150"));
    }
}
