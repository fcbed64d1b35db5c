//! Cases on stand-ins, through their functions.

mod desk;
mod life;
mod meddling;
mod races;
mod random;
mod refused;
mod rights;
