//! What every function is built on: triggers, ports, HTTP, calls to partners, and recurring mechanics.
//!
//! `port` reaches the outside. `http` is what callers send and get. `transport` calls partners. `work` has idempotency keys,
//! quotas, rows, leases, shares of workers, due rows, sealed members and an inbox. `trigger` joins them around a handler:
//! [`http`](trigger::http::http), [`webhook`], [`queue`] and [`schedule`] make a [`Function`].

pub mod http;
pub mod port;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod transport;
pub mod trigger;
pub mod work;

pub use http::document::{Input, Media, Parts, Raw};
pub use http::envelope::{Listed, Success};
pub use http::form::{Form, FormField};
pub use http::reply::{EmptyObject, NoContent, Render, Reply, StaticFile};
pub use model::{Error, Kind, Result};
pub use trigger::Exit;
pub use trigger::cx::Cx;
pub use trigger::domain::Domain;
pub use trigger::function::Function;
pub use trigger::http::{Permit, http, permitted, webhook};
pub use trigger::queue::queue;
pub use trigger::schedule::schedule;
