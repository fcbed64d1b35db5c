//! The operations of the API document.

use serde_json::{Map, Value};

/// Path, method and description of every operation.
pub fn operations_mut(document: &mut Value) -> impl Iterator<Item = (&String, &String, &mut Map<String, Value>)> {
    let paths = document["paths"].as_object_mut().unwrap().iter_mut();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object_mut().unwrap().iter_mut();
        methods.map(move |(method, operation)| (path, method, operation.as_object_mut().unwrap()))
    })
}

/// The operation with this id.
pub fn operation_mut<'a>(document: &'a mut Value, id: &str) -> Option<&'a mut Value> {
    let paths = document["paths"].as_object_mut().unwrap().values_mut();
    let mut all = paths.flat_map(|methods| methods.as_object_mut().unwrap().values_mut());
    all.find(|operation| operation["operationId"] == id)
}
