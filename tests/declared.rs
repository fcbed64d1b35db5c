//! What each function declares about itself, read from the values that are deployed.

use std::time::Duration;

use runtime::http::caller::Identity;
use runtime::port::Clients;
use runtime::trigger::Access;
use runtime::{Domain, Function};

pub struct Declared {
    /// The name of its binary.
    pub name: &'static str,
    /// As logs and metrics name it.
    pub domain: &'static str,
    pub timeout: Duration,
    pub clients: Clients,
    /// Absent if no HTTP request starts the function.
    pub http: Option<DeclaredHttp>,
}

pub struct DeclaredHttp {
    /// The name of the credential among the API document's security schemes. A public function has none.
    pub scheme: Option<&'static str>,
    /// The role that callers need. Absent if any credential is enough.
    pub role: Option<&'static str>,
    pub is_idempotent: bool,
    /// The path parameters of which two spellings can be one value.
    pub path_types: Vec<&'static str>,
    /// Whether its callers have a quota.
    pub calls_partner: bool,
}

/// The functions of every domain.
pub fn functions() -> Vec<Declared> {
    let mut all = of(&funders::entry::functions());
    all.extend(of(&bqs::entry::functions()));
    all.extend(of(&mmob::entry::functions()));
    all.extend(of(&operations::entry::functions()));
    all
}

fn of<E: Domain>(functions: &[(&'static str, Function<E>)]) -> Vec<Declared> {
    let declared = functions.iter().map(|(name, function)| Declared {
        name,
        domain: E::NAME,
        timeout: function.timeout(),
        clients: function.clients(),
        http: function.route().map(|route| {
            let right = match route.access {
                Access::Public => None,
                Access::Callers(right) => Some(*right),
            };
            DeclaredHttp {
                scheme: right.map(|_| route.family.scheme),
                role: right.and_then(E::Caller::role),
                is_idempotent: route.idempotent,
                path_types: route.paths,
                calls_partner: route.calls_partner,
            }
        }),
    });
    declared.collect()
}
