//! `order`: places an order at the simulated marketplace, which posts it to the webhook's function URL as MMOB does, and
//! waits until the hub has decided it or left it to an operator.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::failure::{Context, Failure, Result};
use crate::marketplace::{self, Marketplace};
use crate::progress::print;
use crate::signals;
use crate::stack::{self, Stack};

/// MMOB's user waits for a minute.
const DECISION_TIMEOUT: Duration = Duration::from_secs(70);
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// The member of stack.json's `functionUrls`.
const WEBHOOK: &str = "mmobOrderWebhook";
/// The input that a new product asks for.
const REQUIRED_INPUT: &str = "last_name";

#[derive(Args)]
pub struct Options {
    /// The id of a product of the hub; default: a new product that the hub fulfils at once
    #[arg(long)]
    product: Option<String>,
    /// Make a new product whose orders an operator decides
    #[arg(long, conflicts_with = "product")]
    manual: bool,
    /// The user who orders; the simulators invent their name and address
    #[arg(long, default_value = "tus_simulated01")]
    user: String,
    /// The price, in pence
    #[arg(long, default_value_t = 3999)]
    amount: u32,
    /// A member of the user's input, as NAME=VALUE; may be repeated. Default: last_name=Nichols
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// The folder of the stack; default `target/local`
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

fn pair(given: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = given.split_once('=').ok_or("it has the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub fn order(options: &Options) -> Result<()> {
    let dir = stack::folder(options.stack_dir.clone())?;
    stack::must_run(&dir)?;
    let stack = Stack::read(&dir)?;
    let market = Marketplace { stack: &stack };
    let product = match &options.product {
        Some(product) => product.clone(),
        None => marketplace::text(&market.create_product(&options.new_product())?, "id")?,
    };
    let price = market
        .create_price(&product, options.amount)
        .map_err(|failure| unpriced(&product, failure))?;
    let function = stack.function_urls.get(WEBHOOK);
    let function = function.context(format!("stack.json has no function URL {WEBHOOK}"))?;
    let url = format!("{function}{}", marketplace::webhook_path()?);
    let placed = market.place(&options.demand(&product, &price, &url))?;
    let id = placed.first().context("the simulators returned no order")?;
    print(format!("order    {id}\nproduct  {product}"));
    print(summary(id, &wait_until_settled(&market, id)?));
    Ok(())
}

/// A product that the hub did not create is 404.
fn unpriced(product: &str, failure: Failure) -> Failure {
    if failure.to_string().ends_with("http status: 404") {
        return format!("the hub has no product {product}; without --product the command makes one").into();
    }
    failure
}

impl Options {
    fn new_product(&self) -> Value {
        let fulfilment = if self.manual {
            json!({"kind": "manual"})
        } else {
            json!({"kind": "auto", "requiredInputs": [REQUIRED_INPUT]})
        };
        json!({
            "name": "Fast broadband", "description": "Ordered by cargo xtask order.", "enabled": true,
            "productType": "utilities_broadband", "fulfilment": fulfilment,
        })
    }

    /// The request to the simulators.
    fn demand(&self, product: &str, price: &str, url: &str) -> Value {
        let mut input: serde_json::Map<String, Value> = self
            .inputs
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        if input.is_empty() {
            input.insert(REQUIRED_INPUT.to_owned(), "Nichols".into());
        }
        json!({"product": product, "price": price, "user": self.user, "input": input, "url": url, "tries": 3})
    }
}

/// The hub's order, once it is decided and reported, or waits for an operator.
fn wait_until_settled(market: &Marketplace, id: &str) -> Result<Value> {
    let begun = Instant::now();
    loop {
        signals::fail_if_interrupted()?;
        let order = market.order(id)?;
        if let Some(order) = order.as_ref().filter(|order| is_settled(order)) {
            return Ok(order.clone());
        }
        if begun.elapsed() > DECISION_TIMEOUT {
            return Err(late(order, &market.report(id)?).into());
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn is_settled(order: &Value) -> bool {
    let waits = order.get("manual").is_some_and(|why| !why.is_null());
    waits || order.get("step").is_some_and(|step| step == "TOLD")
}

/// Why there is no decision: the hub works on the order still, or never took it.
fn late(order: Option<Value>, report: &Value) -> String {
    let seconds = DECISION_TIMEOUT.as_secs();
    match order {
        Some(order) => format!("not decided after {seconds} s: {order}"),
        None => {
            let webhooks = report.get("webhooks").cloned().unwrap_or_default();
            format!("the hub has no such order after {seconds} s. Its responses to the webhook: {webhooks}")
        }
    }
}

fn summary(id: &str, order: &Value) -> String {
    let member = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    let mut lines = vec![
        format!("status   {}", member("status")),
        format!("step     {}", member("step")),
    ];
    let decision = order.get("decision").filter(|decision| !decision.is_null());
    lines.extend(decision.map(|decision| format!("decision {decision}")));
    if order.get("manual").is_some_and(|why| !why.is_null()) {
        lines.push(format!(
            "It waits for an operator ({}). To decide it, after eval \"$(cargo xtask env)\":\n\
             curl -H \"$STAFF\" -H 'Content-Type: application/json' \"$HUB/api/mmob/orders/{id}\" --data '{{\"status\": \"Succesful\"}}'",
            member("manual")
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(arguments: &[&str]) -> Options {
        Line::try_parse_from([&["order"], arguments].concat()).unwrap().options
    }

    #[test]
    fn an_order_has_the_given_product_price_user_and_input() {
        let given = options(&[
            "--product",
            "prod_1",
            "--user",
            "tus_2",
            "--input",
            "last_name=Doe",
            "--input",
            "a=b=c",
        ]);
        assert_eq!(
            given.demand("prod_1", "price_1", "http://hub/webhook"),
            json!({
                "product": "prod_1", "price": "price_1", "user": "tus_2", "url": "http://hub/webhook", "tries": 3,
                "input": {"last_name": "Doe", "a": "b=c"},
            })
        );
        let usual = options(&[]);
        assert_eq!(usual.demand("p", "q", "u")["input"], json!({"last_name": "Nichols"}));
        assert_eq!((usual.user.as_str(), usual.amount), ("tus_simulated01", 3999));
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        for arguments in [
            &["--product", "prod_1", "--manual"][..],
            &["--input", "x"],
            &["--amount", "-1"],
        ] {
            assert!(
                Line::try_parse_from([&["order"], arguments].concat()).is_err(),
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn an_unknown_product_is_named() {
        let unknown = unpriced("prod_1", "http://hub/prod_1/pricing: http status: 404".into());
        assert!(unknown.to_string().starts_with("the hub has no product prod_1"));
        let other = unpriced("prod_1", "http://hub/prod_1/pricing: http status: 502".into());
        assert!(other.to_string().ends_with("502"));
    }

    #[test]
    fn a_new_product_is_fulfilled_at_once_or_by_an_operator() {
        assert_eq!(options(&[]).new_product()["fulfilment"]["kind"], "auto");
        assert_eq!(options(&["--manual"]).new_product()["fulfilment"]["kind"], "manual");
    }

    #[test]
    fn an_order_is_settled_when_mmob_has_the_decision_or_an_operator_has_the_order() {
        let done = json!({"status": "Succesful", "step": "TOLD", "decision": {"status": "Succesful"}});
        let waits = json!({"status": "Pending", "step": "RECEIVED", "manual": "by-hand"});
        assert!(is_settled(&done) && is_settled(&waits));
        assert!(!is_settled(
            &json!({"status": "Pending", "step": "CALLING", "manual": null})
        ));
        assert_eq!(
            summary("po_1", &done),
            "status   Succesful\nstep     TOLD\ndecision {\"status\":\"Succesful\"}"
        );
        assert!(summary("po_1", &waits).contains("operator (by-hand)"));
        assert!(summary("po_1", &waits).contains("$HUB/api/mmob/orders/po_1"));
    }

    #[test]
    fn an_order_that_the_hub_refused_is_reported_with_its_answers() {
        let report = json!({"webhooks": [{"after": 1, "status": 401, "body": ""}]});
        assert!(late(None, &report).contains("401"));
    }
}
