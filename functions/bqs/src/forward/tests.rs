//! Cases through the deployed worker, on fakes, in virtual time.

mod crash;
mod document;
mod expiry;
mod failing_store;
mod fake_upstream;
mod held;
mod lifecycle;
mod link;
mod operator;
mod random;
mod scan;
mod simulation;

use runtime::port::bus::Event;

use self::fake_upstream::Failure::Answers;
use self::fake_upstream::Handling::{Fails, Makes};
use self::simulation::Simulation;

/// The events of a change that upstream refuses and an operator decides, as subscribers get them.
pub async fn events_of_a_held_change() -> Vec<Event> {
    let simulation = Simulation::new(true);
    let case = simulation.case(1, 3);
    let refusal = r#"{"title":"Bad request","status":400,"errors":{"$.dealer":["unknown"]}}"#;
    simulation.upstream.script([Makes, Fails(Answers(400, refusal))]);
    assert_eq!(simulation.wake(case).await, Some(true));
    let decision = r#"{"sequence":1,"decision":{"n":2,"does":"send","by":"op"}}"#;
    assert_eq!(simulation.deliver(decision, 1).await, Some(true));
    simulation.hub.fakes.bus.published()
}
