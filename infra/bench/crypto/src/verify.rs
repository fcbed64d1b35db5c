//! RS256, as `runtime::crypto` verifies a token: the key is read from its DER each time.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::library::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// Between two looks at the clock.
const BATCH: u32 = 50;

pub fn per_second(milliseconds: u64, key: &Path, message: &Path, signature: &Path) -> Result<f64> {
    let (key, message, signature) = (fs::read(key)?, fs::read(message)?, fs::read(signature)?);
    let wanted = Duration::from_millis(milliseconds);
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < wanted {
        for _ in 0..BATCH {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key)
                .verify(&message, &signature)
                .map_err(|_| "the signature is not good")?;
        }
        done += BATCH;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}
