//! The records of the fake EC2 API as the directory that the AWS CLI would have written.

use serde_json::{Value, json};
use tempfile::TempDir;

/// One file for each call the CLI would make.
pub(crate) fn directory(mut records: Value) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: Value| {
        std::fs::write(directory.path().join(format!("{name}.json")), content.to_string()).unwrap();
    };
    let records = records.as_object_mut().unwrap();
    for (vpc, attributes) in records.remove("Attributes").unwrap().as_object().unwrap() {
        for (key, value) in attributes.as_object().unwrap() {
            write(&format!("{vpc}-{key}"), json!({"VpcId": vpc, key: {"Value": value}}));
        }
    }
    for (list, cidrs) in records.remove("Entries").unwrap().as_object().unwrap() {
        let entries: Vec<Value> =
            cidrs.as_array().unwrap().iter().map(|cidr| json!({"Cidr": cidr})).collect();
        write(&format!("entries-{list}"), json!({"Entries": entries}));
    }
    let routes = records.remove("TransitGatewayRoutes").unwrap_or_default();
    for (table, routes) in routes.as_object().into_iter().flatten() {
        let answer = json!({"Routes": routes, "AdditionalRoutesAvailable": false});
        write(&format!("search-transit-gateway-routes-{table}"), answer);
    }
    for (key, list) in std::mem::take(records) {
        write(&key.clone(), json!({key: list}));
    }
    directory
}
