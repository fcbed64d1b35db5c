//! Quotes through the deployed functions, on stand-ins for every port, in virtual time.

mod case;
mod cost;
mod customer;
mod dry_run;
mod fairness;
mod follow_up;
mod generate;
mod idempotency;
mod list;
mod pages;
mod quota;
mod random;
mod read;
mod retry;
mod table;
