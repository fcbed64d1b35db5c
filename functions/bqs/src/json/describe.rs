//! What is known of a document, for the hub's API document.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    Array, KnownFormat, Object, ObjectBuilder, Schema as Described, SchemaFormat, SchemaType, Type,
};

use super::schema::{Is, Member, Schema};

/// The members that are known. Others are taken too.
pub fn describe(schema: &Schema, description: &str) -> RefOr<Described> {
    let object = object(schema.members, schema.partial);
    RefOr::T(Described::Object(object.description(Some(description)).build()))
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
    let kind = |kind| {
        if member.nullable {
            SchemaType::Array(vec![kind, Type::Null])
        } else {
            SchemaType::Type(kind)
        }
    };
    let described = match member.is {
        Is::Text => Object::with_type(kind(Type::String)),
        Is::Flag => Object::with_type(kind(Type::Boolean)),
        Is::Instant => ObjectBuilder::new()
            .schema_type(kind(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .build(),
        Is::Integer => ObjectBuilder::new()
            .schema_type(kind(Type::Integer))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .build(),
        Is::Decimal => ObjectBuilder::new()
            .schema_type(kind(Type::Number))
            .description(Some("Also taken as text."))
            .build(),
        Is::Object(members) => object(members, partial).schema_type(kind(Type::Object)).build(),
        Is::List(item) => {
            let alternatives =
                (!item.one_of.is_empty()).then(|| format!("Exactly one of {}.", item.one_of.join(" and ")));
            let items = object(item.members, false).description(alternatives).build();
            let mut list = Array::new(RefOr::T(Described::Object(items)));
            list.schema_type = kind(Type::Array);
            return RefOr::T(Described::Array(list));
        }
        Is::Each(each) => {
            let mut list = Array::new(value(&Member::new("", *each).solid(), partial));
            list.schema_type = kind(Type::Array);
            return RefOr::T(Described::Array(list));
        }
        Is::Ours => Object::new(),
    };
    RefOr::T(Described::Object(described))
}
