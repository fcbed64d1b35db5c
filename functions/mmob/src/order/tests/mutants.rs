//! The simulation has to find each mutant.

use super::mutated_ports::Mutant;
use super::simulation::Plan;
use super::simulation::checked::simulate;

#[tokio::test(start_paused = true)]
async fn the_simulation_finds_every_mutant_within_a_thousand_seeds() {
    let mut unseen = Vec::new();
    for mutant in Mutant::ALL {
        let mut found = None;
        for seed in 0..1000 {
            if let Err(what) = simulate(Plan::chance(seed, Some(mutant))).await {
                found = Some((seed, what));
                break;
            }
        }
        match found {
            Some((seed, what)) => eprintln!("{mutant:?}: after {} orders: {what}", seed + 1),
            None => unseen.push(mutant),
        }
    }
    assert!(unseen.is_empty(), "not found: {unseen:?}");
}
