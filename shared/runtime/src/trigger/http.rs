//! Functions that answer HTTP requests, from API Gateway or a function URL.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Kind, Result};

use super::cx::Cx;
use super::domain::Domain;
use super::function::Function;
use super::route::Access;
use crate::http::caller::Identity;
use crate::http::document::{self, Input, Media, Parts};
use crate::http::problem::Family;
use crate::http::reply::{Render, Rendered};

/// The handler with its input read, still to be run.
type Run<E> = Box<dyn FnOnce(Cx<E>) -> BoxFuture<'static, Result<Rendered>> + Send>;

struct Prepared<E: Domain> {
    permit: Permit,
    run: Run<E>,
}

/// What a request is admitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    Run,
    /// It has no effect, so an `Idempotency-Key` is neither claimed nor replayed.
    DryRun,
}

impl Permit {
    pub fn dry_if(is_dry_run: bool) -> Self {
        if is_dry_run { Self::DryRun } else { Self::Run }
    }
}

/// A path parameter as its type writes it.
type Canonical = fn(&str) -> Option<String>;

/// Reads a handler's input and checks that its caller may send it. It runs before anything is claimed, the handler after. An
/// input may be a body that the handler still has to parse.
type Prepare<E> = Box<dyn Fn(&Parts, &<E as Domain>::Caller) -> Result<Prepared<E>> + Send + Sync>;

/// Checks the caller of a request whose response is stored.
type Recheck<E> = Box<dyn Fn(&Parts, Cx<E>) -> Result<BoxFuture<'static, Result<()>>> + Send + Sync>;

/// A handler whose callers are still to be declared. Without them it is no function.
pub struct Undeclared<E: Domain> {
    prepare: Prepare<E>,
    media: Media,
    pattern: Option<&'static str>,
}

/// An HTTP function: a handler and what goes around it.
pub struct Http<E: Domain> {
    prepare: Prepare<E>,
    media: Media,
    access: Access<E>,
    idempotent: bool,
    recheck: Option<Recheck<E>>,
    paths: Vec<(&'static str, Canonical)>,
    calls_partner: bool,
    limit: usize,
    statuses: &'static [(Kind, u16)],
    pattern: Option<&'static str>,
}

/// A function that answers HTTP requests.
pub fn http<E, H, I, F, A>(handler: H) -> Undeclared<E>
where
    E: Domain,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
    A: Render + 'static,
{
    permitted(|_: &E::Caller, _: &I| Ok(Permit::Run), handler)
}

/// A function whose callers may send only what `permit` admits. It refuses before the key is claimed, so that a caller that
/// lost a role gets no replay either. It also says whether the request is a dry run.
pub fn permitted<E, P, H, I, F, A>(permit: P, handler: H) -> Undeclared<E>
where
    E: Domain,
    P: Fn(&E::Caller, &I) -> Result<Permit> + Send + Sync + 'static,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
    A: Render + 'static,
{
    let handler = Arc::new(handler);
    Undeclared {
        prepare: Box::new(move |parts: &Parts, caller: &E::Caller| {
            let (handler, input) = (Arc::clone(&handler), I::read(parts)?);
            let permit = permit(caller, &input)?;
            let run = move |cx| -> BoxFuture<'static, Result<Rendered>> {
                let answer = handler(cx, input);
                Box::pin(async move { answer.await?.render() })
            };
            Ok(Prepared {
                permit,
                run: Box::new(run),
            })
        }),
        media: I::MEDIA,
        pattern: None,
    }
}

/// A function that takes a partner's webhooks. Its handler verifies the signature over the raw bytes. Function URLs have no
/// path parameters, so the pattern is given here too.
pub fn webhook<E, H, I, F, A>(pattern: &'static str, handler: H) -> Undeclared<E>
where
    E: Domain,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
    A: Render + 'static,
{
    Undeclared {
        pattern: Some(pattern),
        ..http(handler)
    }
}

impl<E: Domain> Undeclared<E> {
    /// Admits callers that hold this right.
    pub fn callers(self, right: <E::Caller as Identity>::Right) -> Http<E> {
        self.declared(Access::Callers(right))
    }

    /// Admits callers without credentials.
    pub fn public(self) -> Http<E> {
        self.declared(Access::Public)
    }

    fn declared(self, access: Access<E>) -> Http<E> {
        Http {
            prepare: self.prepare,
            media: self.media,
            access,
            idempotent: false,
            recheck: None,
            paths: Vec::new(),
            calls_partner: false,
            limit: document::LIMIT,
            statuses: &[],
            pattern: self.pattern,
        }
    }
}

impl<E: Domain> Http<E> {
    /// Honours `Idempotency-Key`.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self {
            idempotent: true,
            ..self
        }
    }

    /// Two spellings of this path parameter are one if `T` reads the same value: an idempotency key belongs to the value.
    #[must_use]
    pub fn path_type<T: FromStr + Display>(mut self, name: &'static str) -> Self {
        self.paths
            .push((name, |text| Some(text.parse::<T>().ok()?.to_string())));
        self
    }

    /// Repeats a stored response only to a caller that `check` still admits: for rights that the handler reads from the store.
    #[must_use]
    pub fn repeated_if<C, I, F>(self, check: C) -> Self
    where
        C: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
        I: Input,
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let recheck = move |parts: &Parts, cx| -> Result<BoxFuture<'static, Result<()>>> {
            let checked = check(cx, I::read(parts)?);
            Ok(Box::pin(checked))
        };
        Self {
            recheck: Some(Box::new(recheck)),
            ..self
        }
    }

    /// Its requests become requests to a partner, at once or by a worker, so each caller has a quota of them. The handler counts
    /// them with [`Cx::counted`].
    #[must_use]
    pub fn calls_partner(self) -> Self {
        Self {
            calls_partner: true,
            ..self
        }
    }

    /// Takes bodies of up to this many bytes instead of 1 MiB.
    #[must_use]
    pub fn limit(self, bytes: usize) -> Self {
        Self { limit: bytes, ..self }
    }

    /// Answers these failures with other statuses than the table in `model::error` has.
    #[must_use]
    pub fn statuses(self, statuses: &'static [(Kind, u16)]) -> Self {
        Self { statuses, ..self }
    }

    /// The domain's problems with this route's own statuses.
    fn family(&self) -> Family {
        E::FAMILY.with(self.statuses)
    }
}

impl<E: Domain> From<Http<E>> for Function<E> {
    fn from(http: Http<E>) -> Self {
        Self::new(http)
    }
}

mod serve;
#[cfg(test)]
mod tests;
