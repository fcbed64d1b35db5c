//! The parameters that a query may have, and the refusal of all others.
//!
//! A misspelt filter that is ignored makes a list answer with everybody's rows. So a list takes the parameters of its types and
//! no others. The names are those of the types' own members, as serde knows them: no second table can differ from them.

use model::error::both;
use model::{Error, Result};
use serde::de::value::Error as NameError;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{de::DeserializeOwned, forward_to_deserialize_any};

use crate::http::document::{Input, Media, Parts};

/// A type that is read from a query, and the names of its parameters.
pub trait QueryNames {
    fn names() -> Vec<&'static str>;
}

impl<T: DeserializeOwned> QueryNames for T {
    fn names() -> Vec<&'static str> {
        let mut names: &'static [&'static str] = &[];
        // It always fails: only the members' names are wanted.
        let _ = T::deserialize(Members(&mut names)).err();
        names.to_vec()
    }
}

/// Notes the names of a struct's members.
struct Members<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Members<'_> {
    type Error = NameError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NameError> {
        Err(NameError::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, NameError> {
        *self.0 = members;
        Err(NameError::custom("only the names are wanted"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Refuses a query with a parameter that is none of `known`. The error names those that are known: it repeats nothing of a request.
pub(super) fn refuse_unknown(parts: &Parts, known: &[&'static str]) -> Result<()> {
    // A parameter of the path is none of the query.
    let known = known.iter().filter(|name| !parts.path.contains_key(**name));
    let known: Vec<&str> = known.copied().collect();
    let mut given = form_urlencoded::parse(parts.query.as_bytes());
    if given.all(|(name, _)| known.contains(&name.as_ref())) {
        return Ok(());
    }
    let known = known.join(", ");
    Err(Error::invalid(
        "query",
        format!("may have these parameters only: {known}"),
    ))
}

/// The input of a route that is no list and takes parameters in its query.
pub struct QueryParams<T>(pub T);

impl<T: Input + QueryNames> Input for QueryParams<T> {
    const MEDIA: Media = T::MEDIA;

    fn read(parts: &Parts) -> Result<Self> {
        let ((), read) = both(refuse_unknown(parts, &T::names()), T::read(parts))?;
        Ok(Self(read))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only the names matter")]
    struct Filter {
        subject_id: Option<String>,
        #[serde(rename = "from_date")]
        from: Option<String>,
        email: String,
    }

    #[test]
    fn names_are_those_on_the_wire() {
        assert_eq!(Filter::names(), ["subjectId", "from_date", "email"]);
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_names_of_the_known_ones() {
        for query in ["subjectId=1&quoteId=2", "email=x", "subject_id=4", "from_date=1&a%20b"] {
            let parts = Parts {
                path: [("email".to_owned(), "a@b.example".to_owned())].into(),
                query,
                ..Parts::default()
            };
            let error = refuse_unknown(&parts, &Filter::names()).unwrap_err();
            let faults: Vec<_> = error
                .fields
                .iter()
                .map(|field| (field.path.as_str(), field.message.as_str()))
                .collect();
            assert_eq!(
                faults,
                [("query", "may have these parameters only: subjectId, from_date")],
                "{query}"
            );
        }
        let known = Parts {
            query: "subjectId=1&subjectId=1&from_date=",
            ..Parts::default()
        };
        assert!(refuse_unknown(&known, &Filter::names()).is_ok());
    }
}
