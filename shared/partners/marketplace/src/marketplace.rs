//! What a marketplace adapter provides: requests that are not sent yet, and readers of answers.

use call::{Answer, Auth, Call, Loggable};
use model::Result;
use model::order::{Order, OrderOutcome, OrderUser};
use model::product::{NewPrice, NewProduct, Product, ProductPrice};

/// A page of a list of products.
#[derive(Debug)]
pub struct ProductPage {
    pub items: Vec<Product>,
    /// True only if the marketplace shows that no page follows. It may give neither a total nor a page size.
    pub last: bool,
}

/// A marketplace on which the hub is a provider.
///
/// A reader that answers an `Option` gives `None` only if the marketplace itself answers that the thing does not exist.
pub trait Marketplace: Send + Sync {
    /// The registry name; also the prefix of its settings.
    fn name(&self) -> &'static str;
    fn auth(&self) -> Auth;
    /// What of the bodies may stand in logs. Everything else is redacted.
    fn loggable(&self) -> &'static Loggable;

    fn order(&self, id: &str) -> Result<Call>;
    fn read_order(&self, id: &str, answer: &Answer) -> Result<Option<Order>>;
    /// Reads the order that the marketplace posts to its providers.
    fn posted(&self, body: &[u8]) -> Result<Order>;

    /// Reports the outcome of an order. Repeatable: a final outcome never changes.
    fn update(&self, id: &str, outcome: &OrderOutcome) -> Result<Call>;
    /// The status alone decides. `partner_code` is 404 if the marketplace does not have the order, and 409 if the order can no
    /// longer change.
    fn read_update(&self, answer: &Answer) -> Result<()>;

    fn user(&self, id: &str) -> Result<Call>;
    fn read_user(&self, id: &str, answer: &Answer) -> Result<Option<OrderUser>>;

    /// Never repeatable: a second request would create a second product. `external_key` finds the product again.
    fn create_product(&self, product: &NewProduct, external_key: &str) -> Result<Call>;
    fn read_created_product(&self, answer: &Answer) -> Result<Product>;
    fn product(&self, id: &str) -> Result<Call>;
    fn read_product(&self, id: &str, answer: &Answer) -> Result<Option<Product>>;
    /// One page of our products. The first page is 0.
    fn products(&self, page: u32) -> Result<Call>;
    fn read_products(&self, answer: &Answer) -> Result<ProductPage>;

    /// Never repeatable: a second request would create a second price.
    fn create_price(&self, product: &str, price: &NewPrice) -> Result<Call>;
    /// `None` if the marketplace does not have the product.
    fn read_created_price(&self, answer: &Answer) -> Result<Option<ProductPrice>>;
    /// `path` is the configured path of a price, with `{product}` and `{price}` in it.
    fn price(&self, path: &str, product: &str, price: &str) -> Result<Call>;
    fn read_price(&self, id: &str, answer: &Answer) -> Result<Option<ProductPrice>>;
}
