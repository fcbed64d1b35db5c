//! Runs a simulation and then checks its invariants.

use super::{Coverage, Plan, Simulation};

pub async fn simulate(plan: Plan) -> Result<Coverage, String> {
    let (seed, product, crashes) = (plan.seed, plan.product, plan.crashes.clone());
    let mut simulation = Simulation::new(plan);
    let ended = simulation.run().await;
    let covered = ended.and_then(|()| simulation.check());
    covered.map_err(|what| format!("seed {seed}, {product:?}, crashes {crashes:?}: {what}"))
}
