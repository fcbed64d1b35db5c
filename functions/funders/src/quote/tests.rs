//! Quotes through the real triggers, on stand-ins for every port, in virtual time.

mod case;
mod dry_run;
mod follow_up;
mod generate;
mod life;
mod list;
mod pages;
mod random;
mod retry;
mod table;

use crate::house;
