//! Cases through the real queue trigger, on stand-ins for every port, in virtual time.

mod chance;
mod crash;
mod life;
mod operator;
mod post;
mod upstream;
