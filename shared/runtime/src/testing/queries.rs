//! One suite for every domain whose lists refuse unknown parameters.

use http::Method;

use super::access::Callers;
use super::harness::Harness;
use crate::trigger::Access;
use crate::trigger::domain::Domain;

/// Sends an unknown parameter to every GET route that takes parameters in its query, as a caller that holds the route's right.
/// Each is refused, and the refusal names all parameters that the API document has. Returns how many routes there are.
pub async fn refuses_unknown_parameters<E: Domain>(harness: &Harness<E>, callers: &impl Callers<E>) -> usize {
    let routes = harness.routes().iter();
    let routes: Vec<_> = routes
        .filter(|route| route.method == Method::GET && !route.query.is_empty())
        .collect();
    for route in &routes {
        let (name, function) = (route.function, harness.function(route.function));
        let caller = match function.route().map(|declared| declared.access) {
            Some(Access::Callers(right)) => callers.holder(*right),
            _ => harness.anonymous(),
        };
        let path = route.pattern.replace(['{', '}'], "");
        let got = caller.get(&format!("{path}?unknownParameter=1")).await;
        assert_eq!((got.status, got.field()), (422, "query".into()), "{name}: {}", got.text);
        for parameter in &route.query {
            assert!(got.text.contains(parameter), "{name}: {}", got.text);
        }
        assert!(!got.text.contains("unknownParameter"), "{name}: {}", got.text);
    }
    routes.len()
}
