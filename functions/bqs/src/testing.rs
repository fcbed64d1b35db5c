//! What this domain's tests share: the deployed functions on fakes, channels with keys, and a slow store.

mod interleave;
mod slow_store;

use std::sync::Arc;

use runtime::port::Ports;
use runtime::port::store::{Store, Write, Written};
use runtime::testing::Harness;
use runtime::work::row::{Revised, Version};

pub use interleave::interleave;
use slow_store::SlowStore;

use crate::channel::{ApiKey, ChannelRow, Permissions, Role, directory};
use crate::{Api, Env, entry};

pub fn harness() -> Harness<Env> {
    let settings = [
        ("CHANNELS_TABLE", "channels"),
        ("CASES_TABLE", "cases"),
        ("BQS_FORWARD_QUEUE_URL", "forward"),
        ("DOCUMENTS_BUCKET", "documents"),
    ];
    Harness::new(entry::functions(), &<Api as utoipa::OpenApi>::openapi()).with(&settings)
}

/// On a store whose operations take time, so that concurrent requests interleave.
pub fn slow_harness(seed: u64) -> Harness<Env> {
    harness().ports(move |ports| Ports {
        store: Arc::new(SlowStore::new(ports.store, seed)),
        ..ports
    })
}

/// Creates a channel for these dealers and for every brand and agreement of the spec's samples. Returns its key.
pub async fn channel(hub: &Harness<Env>, name: &str, roles: &[Role], dealers: &[i64]) -> String {
    let key = ApiKey::generate(name).unwrap();
    let mut row = ChannelRow {
        name: name.to_owned(),
        permissions: Permissions {
            roles: roles.to_vec(),
            allowed_dealer_codes: dealers.to_vec(),
            allowed_brand_codes: [1, 4, 10, 11].into(),
            allowed_agreements: [2700, 3600, 3700, 3701].into(),
        },
        key_hash: key.hash(),
        version: Version::first(hub.now()),
        created_at: hub.now(),
    };
    let writes = directory::bootstrap(hub.env().channels().unwrap(), &mut row, hub.now())
        .await
        .unwrap();
    assert_eq!(hub.fakes.store.write(writes).await.unwrap(), Written::Done);
    key.reveal().to_owned()
}

/// The write with which an admin would change a channel.
pub async fn permission(hub: &Harness<Env>, name: &str, change: impl FnOnce(&mut ChannelRow)) -> Write {
    let mut row = ChannelRow::named(&hub.env(), name).await.unwrap().unwrap();
    change(&mut row);
    row.replace(hub.env().channels().unwrap(), hub.now()).unwrap()
}

pub async fn permit(hub: &Harness<Env>, name: &str, change: impl FnOnce(&mut ChannelRow)) {
    let write = permission(hub, name, change).await;
    assert_eq!(hub.fakes.store.write(vec![write]).await.unwrap(), Written::Done);
}
