//! One order of each kind, dying at every step there is: once, and a second time at every step of what comes after.

use super::life::{Plan, Product, live};

/// More steps than any invocation makes.
const STEPS: u32 = 60;

/// Lives a life in which the invocations die after so many steps, and says how many did.
async fn deaths(product: Product, deaths: &[u32]) -> u32 {
    let plan = Plan {
        seed: 1,
        product,
        bug: None,
        deaths: Some(deaths.to_vec()),
    };
    live(plan).await.unwrap_or_else(|what| panic!("{what}")).crashes
}

#[tokio::test(start_paused = true)]
async fn an_order_survives_one_death_at_every_step() {
    for product in Product::ALL {
        let mut died = [0; 3];
        for (invocation, died) in died.iter_mut().enumerate() {
            for step in 0..STEPS {
                let mut plan = vec![u32::MAX; invocation];
                plan.push(step);
                *died += deaths(product, &plan).await;
            }
        }
        // The webhook, the worker, and the worker that comes second or in the next round.
        assert!(died[0] >= 4 && died[1] >= 10 && died[2] >= 2, "{product:?}: {died:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_survives_two_deaths_at_every_pair_of_steps() {
    for product in [Product::Auto, Product::Callback] {
        for first in 0..STEPS {
            if deaths(product, &[u32::MAX, first]).await == 0 {
                break;
            }
            for second in 0..STEPS {
                if deaths(product, &[u32::MAX, first, second]).await < 2 {
                    break;
                }
            }
        }
    }
}
