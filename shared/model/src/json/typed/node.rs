//! One value of a document, as serde reads it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::iter::Enumerate;
use std::vec::IntoIter;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::misread::{Misread, text_words};
use super::notes::{Notes, Patch};
use super::place::{NodePlace, NodeStep};
use super::source::{NamedSources, NodeSource, TWICE};

/// Reads values, with notes or without.
pub struct Pass {
    pub notes: Option<RefCell<Notes>>,
}

impl Pass {
    /// One pass over the document.
    pub fn pass<'de, T: Deserialize<'de>>(&self, source: NodeSource<'de>) -> Result<T, Misread> {
        self.read(&NodePlace::ROOT, source, std::marker::PhantomData)
    }

    pub fn read<'de, S: DeserializeSeed<'de>>(
        &self,
        place: &NodePlace,
        source: NodeSource<'de>,
        seed: S,
    ) -> Result<S::Value, Misread> {
        let source = match self.patch(place) {
            Some(Patch::StandIn(text)) => NodeSource::StandIn(text),
            _ => source,
        };
        let read = seed.deserialize(Node {
            reader: self,
            place,
            source,
        });
        read.map_err(|failure| {
            if let Some(notes) = &self.notes {
                notes.borrow_mut().failed(place, source.is_null(), failure);
            }
            Misread::Noted
        })
    }

    pub fn is_complete(&self) -> bool {
        self.notes.as_ref().is_none_or(|notes| notes.borrow().is_complete)
    }

    fn patch(&self, place: &NodePlace) -> Option<Patch> {
        self.notes.as_ref()?.borrow().patch(place)
    }
}

#[derive(Clone, Copy)]
pub struct Node<'a, 'de> {
    reader: &'a Pass,
    place: &'a NodePlace<'a>,
    source: NodeSource<'de>,
}

impl<'a, 'de> Node<'a, 'de> {
    pub fn root(reader: &'a Pass, source: NodeSource<'de>) -> Self {
        Self {
            reader,
            place: &NodePlace::ROOT,
            source,
        }
    }

    /// A value of the wrong type. If there are notes, the pass goes on with a stand-in.
    fn misfit(&self, message: impl FnOnce() -> String) -> Result<(), Misread> {
        let message = || match self.source {
            NodeSource::Twice => TWICE.to_owned(),
            _ => message(),
        };
        match &self.reader.notes {
            None => Err(Misread::Noted),
            // Nothing may be said of it yet: the member can be one that may be absent.
            Some(_) if self.source.is_null() && self.place.is_member() => Err(Misread::Unfit(message())),
            Some(notes) => notes.borrow_mut().misfit(self.place, &message()),
        }
    }

    fn unfit(&self) -> Misread {
        Misread::Unfit(match self.source {
            NodeSource::Twice => TWICE.to_owned(),
            _ => String::new(),
        })
    }

    fn whole(&self, least: i128, most: i128) -> Result<i128, Misread> {
        // The bounds are the type's and not the API's, which the rules of the type have.
        let why = match self.source.whole() {
            Some(number) if (least..=most).contains(&number) => return Ok(number),
            Some(number) if number > most => "must be a smaller number",
            Some(_) if least == 0 => "must not be negative",
            Some(_) => "must be a larger number",
            None => "must be a whole number",
        };
        self.misfit(|| why.to_owned()).map(|()| 0)
    }

    fn unsigned<V: Visitor<'de>>(&self, most: u64, visitor: V) -> Result<V::Value, Misread> {
        let number = self.whole(0, most.into())?;
        visitor.visit_u64(u64::try_from(number).unwrap_or_default())
    }

    fn signed<V: Visitor<'de>>(&self, least: i64, most: i64, visitor: V) -> Result<V::Value, Misread> {
        let number = self.whole(least.into(), most.into())?;
        visitor.visit_i64(i64::try_from(number).unwrap_or_default())
    }

    fn text<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Misread> {
        let misfit = || self.misfit(|| "must be text".to_owned());
        let text = self.source.text();
        let text = text.map_or_else(|| misfit().map(|()| Cow::Borrowed("")), Ok)?;
        let wanted: &dyn Expected = &visitor;
        let noted = self.reader.notes.as_ref();
        let expected = noted.map(|_| wanted.to_string());
        let read = match text {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        };
        read.map_err(|failure: Misread| failure.or(|| text_words(&expected.unwrap_or_default())))
    }

    /// The members, or those that a type knows.
    fn members<V: Visitor<'de>>(
        &self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        let members = self.source.members(known);
        let misfit = || self.misfit(|| "must be an object".to_owned());
        let mut members = members.map_or_else(|| misfit().map(|()| Vec::new()), Ok)?;
        if let (Some(known), Some(_)) = (known, &self.reader.notes) {
            self.patch(known, &mut members);
        }
        visitor.visit_map(Members {
            reader: self.reader,
            place: self.place,
            rest: members.into_iter(),
            next: None,
            are_known: known.is_some(),
        })
    }

    /// Takes out what is left out, and puts in what stands in for a missing member.
    fn patch(&self, known: &[&'static str], members: &mut NamedSources<'de>) {
        for name in known {
            match self.reader.patch(&self.place.enter(NodeStep::Member(name))) {
                Some(Patch::LeftOut) => members.retain(|(other, _)| other != name),
                Some(Patch::StandIn(text)) if members.iter().all(|(other, _)| other != name) => {
                    members.push((Cow::Borrowed(*name), NodeSource::StandIn(text)));
                }
                _ => {}
            }
        }
    }

    fn items<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Misread> {
        let misfit = || self.misfit(|| "must be a list".to_owned());
        let items = self.source.items().map_or_else(|| misfit().map(|()| Vec::new()), Ok)?;
        visitor.visit_seq(Items {
            reader: self.reader,
            place: self.place,
            rest: items.into_iter().enumerate(),
        })
    }

    fn variant(&self, known: &'static [&'static str]) -> Result<&'static str, Misread> {
        let misfit = || self.misfit(|| format!("must be one of {}", known.join(", ")));
        let stand_in = known.first().copied().unwrap_or_default();
        self.source.word(known).map_or_else(|| misfit().map(|()| stand_in), Ok)
    }
}

/// A type of another crate failed, with a message that may quote the value.
fn unfit(_: serde_json::Error) -> Misread {
    Misread::Unfit(String::new())
}

impl<'de> Deserializer<'de> for Node<'_, 'de> {
    type Error = Misread;

    /// For types that take any JSON. The rules for objects and numbers do not hold inside.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.source {
            NodeSource::Json(raw) => raw.deserialize_any(visitor).map_err(unfit),
            NodeSource::Text(_) => self.text(visitor),
            NodeSource::Members(_) => self.members(None, visitor),
            NodeSource::StandIn(_) => visitor.visit_unit(),
            NodeSource::Twice => Err(self.unfit()),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let misfit = || self.misfit(|| "must be true or false".to_owned());
        visitor.visit_bool(self.source.flag().map_or_else(|| misfit().map(|()| false), Ok)?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.unsigned(u8::MAX.into(), visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.unsigned(u16::MAX.into(), visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.unsigned(u32::MAX.into(), visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.unsigned(u64::MAX, visitor)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.signed(i8::MIN.into(), i8::MAX.into(), visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.signed(i16::MIN.into(), i16::MAX.into(), visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.signed(i32::MIN.into(), i32::MAX.into(), visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.signed(i64::MIN, i64::MAX, visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let misfit = || self.misfit(|| "must be a number".to_owned());
        visitor.visit_f64(self.source.float().map_or_else(|| misfit().map(|()| 0.0), Ok)?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.source {
            NodeSource::StandIn(_) => visitor.visit_none(),
            source if source.is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Misread> {
        // No type of Rust has such a name: serde_json asks for the text of a value.
        if !name.starts_with('$') {
            return visitor.visit_newtype_struct(self);
        }
        let raw = self.source.raw().ok_or_else(|| self.unfit())?;
        raw.deserialize_newtype_struct(name, visitor).map_err(unfit)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.items(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misread> {
        self.items(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.members(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.members(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.variant(variants)?))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple_struct identifier
    }
}

/// The members of an object, as serde takes them.
struct Members<'a, 'de> {
    reader: &'a Pass,
    place: &'a NodePlace<'a>,
    rest: IntoIter<(Cow<'de, str>, NodeSource<'de>)>,
    /// The value of the name that was taken last.
    next: Option<(Cow<'de, str>, NodeSource<'de>)>,
    /// The type knows the names.
    are_known: bool,
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Misread;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misread> {
        self.next = self.rest.next();
        let Some((name, _)) = &self.next else { return Ok(None) };
        seed.deserialize(CowStrDeserializer::new(name.clone())).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misread> {
        let Some((name, source)) = self.next.take() else {
            return Err(Misread::Noted);
        };
        let step = if self.are_known {
            NodeStep::Member(&name)
        } else {
            NodeStep::Key(&name)
        };
        self.reader.read(&self.place.enter(step), source, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Items<'a, 'de> {
    reader: &'a Pass,
    place: &'a NodePlace<'a>,
    rest: Enumerate<IntoIter<&'de RawValue>>,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Misread;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Misread> {
        let Some((index, raw)) = self.rest.next() else {
            return Ok(None);
        };
        let place = self.place.enter(NodeStep::Item(index));
        self.reader.read(&place, NodeSource::Json(raw), seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
