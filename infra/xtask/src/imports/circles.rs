//! Groups of files that reach each other.

use std::collections::BTreeSet;

use super::edges::Edges;

/// Every strongly connected component of more than one file, in order.
pub fn of(edges: &Edges) -> Vec<Vec<String>> {
    let mut circles: Vec<Vec<String>> = Vec::new();
    for file in edges.keys() {
        let reached = reached_from(file, edges);
        if !reached.contains(file) || circles.iter().any(|circle| circle.contains(file)) {
            continue;
        }
        let back = reached
            .into_iter()
            .filter(|other| reached_from(other, edges).contains(file));
        circles.push(back.collect());
    }
    circles
}

/// The files that this one imports, and those that they import; itself only in a circle.
fn reached_from(file: &str, edges: &Edges) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file.to_owned()];
    while let Some(next) = open.pop() {
        let imported = edges.get(&next).into_iter().flat_map(|imported| imported.keys());
        open.extend(imported.filter(|other| reached.insert((*other).clone())).cloned());
    }
    reached
}
