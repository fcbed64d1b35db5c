//! The crypto library under its two faces: a rustls provider, and RS256 as the hub verifies it.

#[cfg(all(feature = "ring", feature = "aws-lc"))]
compile_error!("one of the features `ring` and `aws-lc`, not both");
#[cfg(not(any(feature = "ring", feature = "aws-lc")))]
compile_error!("one of the features `ring` and `aws-lc`");

#[cfg(feature = "aws-lc")]
pub use aws_lc_rs::signature;
#[cfg(feature = "ring")]
pub use ring::signature;
#[cfg(feature = "aws-lc")]
pub use rustls::crypto::aws_lc_rs::default_provider;
#[cfg(feature = "ring")]
pub use rustls::crypto::ring::default_provider;
