//! Quotes through the real triggers, on stand-ins for every port, in virtual time.

mod generate;
mod house;
mod life;
mod retry;
mod table;
