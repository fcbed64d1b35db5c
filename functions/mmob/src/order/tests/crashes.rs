//! Crashes at every step: one crash for each kind of product, and two crashes at every pair of steps.

use super::simulation::checked::simulate;
use super::simulation::{Plan, ProductKind};

/// More steps than any invocation has.
const STEPS: u32 = 60;

/// Simulates an order whose invocations crash after these numbers of steps. The number of crashes that came about.
async fn crashes(product: ProductKind, crashes: &[u32]) -> u32 {
    let plan = Plan {
        seed: 1,
        product,
        mutant: None,
        crashes: Some(crashes.to_vec()),
    };
    simulate(plan).await.unwrap_or_else(|what| panic!("{what}")).crashes
}

#[tokio::test(start_paused = true)]
async fn an_order_survives_one_crash_at_every_step() {
    for product in ProductKind::ALL {
        let mut crashed = [0; 3];
        for (invocation, crashed) in crashed.iter_mut().enumerate() {
            for step in 0..STEPS {
                let mut plan = vec![u32::MAX; invocation];
                plan.push(step);
                *crashed += crashes(product, &plan).await;
            }
        }
        // The webhook, the worker, and the worker that comes second or in the next round.
        assert!(
            crashed[0] >= 4 && crashed[1] >= 10 && crashed[2] >= 2,
            "{product:?}: {crashed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_survives_two_crashes_at_every_pair_of_steps() {
    for product in [ProductKind::Auto, ProductKind::Callback] {
        for first in 0..STEPS {
            if crashes(product, &[u32::MAX, first]).await == 0 {
                break;
            }
            for second in 0..STEPS {
                if crashes(product, &[u32::MAX, first, second]).await < 2 {
                    break;
                }
            }
        }
    }
}
