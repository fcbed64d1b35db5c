//! Users who placed an order.

use call::{Answer, Call, segment};
use model::Result;
use model::order::OrderUser;
use serde::Deserialize;

use super::answer;

/// Assumed: `ids[]` takes the order's `tpp_user_id`.
pub fn get(id: &str) -> Result<Call> {
    Call::get(&format!("/users?ids%5B%5D={}", segment(id)?), "user")
}

/// `None` if MMOB lists no such user.
pub fn read(id: &str, answer: &Answer) -> Result<Option<OrderUser>> {
    let users: Users = call::read(answer::accepted(answer)?)?;
    Ok(users
        .items
        .into_iter()
        .find(|user| user.id == id)
        .map(WireUser::minimal))
}

#[derive(Deserialize)]
struct Users {
    items: Vec<WireUser>,
}

/// MMOB sends much more. The adapter does not read it.
#[derive(Deserialize)]
struct WireUser {
    id: String,
    title: Option<String>,
    first_name: Option<String>,
    surname: Option<String>,
    building_number: Option<String>,
    address_1: Option<String>,
    address_2: Option<String>,
    address_3: Option<String>,
    town_city: Option<String>,
    county: Option<String>,
    postcode: Option<String>,
}

impl WireUser {
    fn minimal(self) -> OrderUser {
        let address = [self.address_1, self.address_2, self.address_3].into_iter().flatten();
        OrderUser {
            id: self.id,
            title: self.title,
            first_name: self.first_name,
            surname: self.surname,
            building_number: self.building_number,
            address: address.filter(|line| !line.is_empty()).collect(),
            town_city: self.town_city,
            county: self.county,
            postcode: self.postcode,
        }
    }
}
