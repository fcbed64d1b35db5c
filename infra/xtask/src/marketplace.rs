//! The hub's products at the simulated marketplace, and orders of them.

use serde_json::{Value, json};

use crate::credentials;
use crate::failure::{Context, Result};
use crate::http;
use crate::signals;
use crate::stack::Stack;

pub struct Marketplace<'a> {
    pub stack: &'a Stack,
}

impl Marketplace<'_> {
    /// Creates a product of the hub, as an admin. Returns the response's `data`.
    pub fn create_product(&self, product: &Value) -> Result<Value> {
        self.hub("/api/mmob/products", product)
    }

    /// Gives a product a price. Returns the price's id.
    pub fn create_price(&self, product: &str, pence: u32) -> Result<String> {
        let price = json!({"name": "Monthly payment", "currency": "GBP", "amount": pence});
        let price = self.hub(&format!("/api/mmob/products/{product}/pricing"), &price)?;
        text(&price, "id")
    }

    /// Lets the marketplace place orders. Returns their ids.
    pub fn place(&self, orders: &Value) -> Result<Vec<String>> {
        let url = format!("{}/_control/mmob/orders", self.stack.simulators_url);
        let placed = http::post(&url, &[], orders)?;
        let ids = placed.get("orders").and_then(Value::as_array);
        let ids = ids.context("the simulators returned no orders")?;
        Ok(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
    }

    /// An order as the marketplace has it, with the hub's answers to its webhooks.
    pub fn report(&self, id: &str) -> Result<Value> {
        http::json(&format!("{}/_control/mmob/orders/{id}", self.stack.simulators_url))
    }

    /// An order as the hub has it, if it has it.
    pub fn order(&self, id: &str) -> Result<Option<Value>> {
        let bearer = self.bearer()?;
        let url = format!("{}/api/mmob/orders/{id}", self.stack.base_url);
        let order = http::find(&url, &[("authorization", &bearer)])?;
        Ok(order.and_then(|order| order.get("data").cloned()))
    }

    /// All orders as the hub has them. To read one by one would count for the caller's quota.
    pub fn orders(&self) -> Result<Vec<Value>> {
        let bearer = self.bearer()?;
        let mut orders = Vec::new();
        let mut cursor = String::new();
        loop {
            signals::fail_if_interrupted()?;
            let url = format!("{}/api/mmob/orders?limit=100{cursor}", self.stack.base_url);
            let page = http::get(&url, &[("authorization", &bearer)])?;
            orders.extend(
                page.get("data")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            match page.get("nextCursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(orders),
            }
        }
    }

    fn hub(&self, path: &str, body: &Value) -> Result<Value> {
        let bearer = self.bearer()?;
        let url = format!("{}{path}", self.stack.base_url);
        let made = http::post(&url, &[("authorization", &bearer)], body)?;
        made.get("data")
            .cloned()
            .context(format!("the answer of {path} has no data"))
    }

    fn bearer(&self) -> Result<String> {
        let token = self.stack.tokens.get("admin").context("stack.json has no admin")?;
        Ok(format!("Bearer {token}"))
    }
}

/// The path to which MMOB posts orders. MMOB signs nothing, so the path has a token.
pub fn webhook_path() -> Result<String> {
    let token = credentials::variables().find(|(name, _)| *name == "MMOB_WEBHOOK_TOKEN");
    let (_, token) = token.context("the credentials have no MMOB_WEBHOOK_TOKEN")?;
    Ok(format!("/webhooks/mmob/{token}"))
}

pub fn text(document: &Value, name: &str) -> Result<String> {
    let found = document.get(name).and_then(Value::as_str).map(str::to_owned);
    found.context(format!("the answer has no {name}"))
}
