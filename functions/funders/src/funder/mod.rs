//! The funders themselves: what they can do, and whether they answer.

pub mod list;
pub mod test;

#[cfg(test)]
mod tests;
