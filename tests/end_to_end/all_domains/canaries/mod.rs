//! Canary values are sent through every route and every kind of failure. Then the test searches for them in all that the hub
//! left behind. [`homes`] lists the places where the hub keeps a value on purpose.

mod canary_values;
mod dealer;
mod funder;
mod homes;
mod malformed;
mod marketplace;
mod route;
mod search;
mod seen;
