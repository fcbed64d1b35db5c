//! What is known of a document, for the hub's API document: as exactly as it is read.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    Array, KnownFormat, ObjectBuilder, OneOf, Schema as Described, SchemaFormat, SchemaType, Type,
};

use super::read::{CODE_PATTERN, LARGEST};
use super::schema::{Is, Item, Member, Schema};

/// The members that are known. Others are taken too.
pub fn describe(schema: &Schema, description: &str) -> RefOr<Described> {
    object(schema.members, schema.partial)
        .description(Some(description))
        .into()
}

fn object(members: &[Member], partial: bool) -> ObjectBuilder {
    let members = members.iter().filter(|member| !matches!(member.is, Is::Ours));
    members.fold(ObjectBuilder::new(), |object, member| {
        let object = object.property(member.name, value(member, partial));
        if member.required && !partial {
            object.required(member.name)
        } else {
            object
        }
    })
}

fn value(member: &Member, partial: bool) -> RefOr<Described> {
    let types = |mut types: Vec<Type>| {
        if member.nullable {
            types.push(Type::Null);
        }
        match types.as_slice() {
            [only] => SchemaType::Type(only.clone()),
            _ => SchemaType::Array(types),
        }
    };
    let plain = |kind| ObjectBuilder::new().schema_type(types(vec![kind]));
    match member.is {
        Is::Text => plain(Type::String).into(),
        Is::Code => plain(Type::String).pattern(Some(CODE_PATTERN)).into(),
        Is::Flag => plain(Type::Boolean).into(),
        Is::Instant => plain(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into(),
        Is::Integer => number(types(vec![Type::Integer, Type::String]))
            .pattern(Some("^-?(0|[1-9][0-9]{0,14})$"))
            .into(),
        Is::Decimal => number(types(vec![Type::Number, Type::String]))
            .pattern(Some(r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?$"))
            .into(),
        Is::Object(members) => object(members, partial).schema_type(types(vec![Type::Object])).into(),
        Is::List(item) => list(items(&item), types(vec![Type::Array])),
        Is::Each(each) => {
            let one = value(&Member::new("", *each).solid(), partial);
            list(one, types(vec![Type::Array]))
        }
        Is::Ours => plain(Type::Object).into(),
    }
}

/// A number or its text.
fn number(types: SchemaType) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(types)
        .minimum(Some(-LARGEST))
        .maximum(Some(LARGEST))
}

fn list(items: RefOr<Described>, types: SchemaType) -> RefOr<Described> {
    let mut list = Array::new(items);
    list.schema_type = types;
    RefOr::T(Described::Array(list))
}

/// An item, once for each member of which it may have one.
fn items(item: &Item) -> RefOr<Described> {
    if item.one_of.is_empty() {
        return object(item.members, false).into();
    }
    let mut alternatives = OneOf::new();
    for chosen in item.one_of {
        let members = item
            .members
            .iter()
            .filter(|member| !item.one_of.contains(&member.name) || member.name == *chosen);
        let members: Vec<Member> = members
            .map(|member| {
                if member.name == *chosen {
                    member.required()
                } else {
                    *member
                }
            })
            .collect();
        let absent = item.one_of.iter().filter(|name| *name != chosen);
        let alternative = absent.fold(object(&members, false), |object, name| {
            object.property(*name, ObjectBuilder::new().schema_type(Type::Null))
        });
        alternatives.items.push(alternative.into());
    }
    RefOr::T(Described::OneOf(alternatives))
}
