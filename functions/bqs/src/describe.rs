//! A document's schema as the API document shows it: as strict as the reader, save for plain texts beyond U+FFFF and in unknown
//! members.

mod members;

use model::email;
use model::json::{CODE_PATTERN, ListItem, MAX_NUMBER, Member, Schema, Type};
use model::text::hidden_class;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{
    Array, KnownFormat, ObjectBuilder, Schema as ApiSchema, SchemaFormat, SchemaType, Type as ApiType,
};

/// The known members. The reader accepts others too.
pub fn describe(schema: &Schema, description: &str) -> RefOr<ApiSchema> {
    let scope = Scope {
        partial: schema.partial,
        plain: false,
    };
    object(schema.members, scope).description(Some(description)).into()
}

/// What an outer member says of the inner ones.
#[derive(Clone, Copy)]
struct Scope {
    partial: bool,
    plain: bool,
}

fn object(members: &[Member], scope: Scope) -> ObjectBuilder {
    let members = members.iter().filter(|member| !matches!(member.ty, Type::ServerSet));
    members.fold(ObjectBuilder::new(), |object, member| {
        let object = object.property(member.name, explained(value(member, scope), member.name));
        if member.required && !scope.partial {
            object.required(member.name)
        } else {
            object
        }
    })
}

/// The schema with what the member means.
fn explained(mut schema: RefOr<ApiSchema>, member: &str) -> RefOr<ApiSchema> {
    let meaning = members::about(member).map(str::to_owned);
    match &mut schema {
        RefOr::T(ApiSchema::Object(object)) => object.description = meaning,
        RefOr::T(ApiSchema::Array(array)) => array.description = meaning,
        _ => {}
    }
    schema
}

fn value(member: &Member, outer: Scope) -> RefOr<ApiSchema> {
    let scope = Scope {
        plain: outer.plain || member.plain,
        ..outer
    };
    let types = |mut types: Vec<ApiType>| {
        if member.nullable {
            types.push(ApiType::Null);
        }
        match types.as_slice() {
            [only] => SchemaType::Type(only.clone()),
            _ => SchemaType::Array(types),
        }
    };
    let plain = |kind| ObjectBuilder::new().schema_type(types(vec![kind]));
    match member.ty {
        Type::Text => {
            let hidden = scope.plain.then(hidden_class);
            let pattern = hidden.map(|hidden| format!("^[^{hidden}]*$"));
            plain(ApiType::String).pattern(pattern).into()
        }
        Type::Email => plain(ApiType::String)
            .pattern(Some(email::PATTERN))
            .max_length(Some(email::MAX_LENGTH))
            .into(),
        Type::Code => plain(ApiType::String).pattern(Some(CODE_PATTERN)).into(),
        Type::Bool => plain(ApiType::Boolean).into(),
        Type::Instant => plain(ApiType::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into(),
        Type::Integer => number(types(vec![ApiType::Integer, ApiType::String]))
            .pattern(Some("^-?(0|[1-9][0-9]{0,14})$"))
            .into(),
        Type::Decimal => number(types(vec![ApiType::Number, ApiType::String]))
            .pattern(Some(r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?$"))
            .into(),
        Type::Object(members) => object(members, scope).schema_type(types(vec![ApiType::Object])).into(),
        Type::List(item) => list(items(&item, scope), types(vec![ApiType::Array])),
        Type::ListOf(each) => {
            let one = value(&Member::new("", *each).not_null(), scope);
            list(one, types(vec![ApiType::Array]))
        }
        Type::ServerSet => plain(ApiType::Object).into(),
    }
}

/// A number or its text.
fn number(types: SchemaType) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(types)
        .minimum(Some(-MAX_NUMBER))
        .maximum(Some(MAX_NUMBER))
}

fn list(items: RefOr<ApiSchema>, types: SchemaType) -> RefOr<ApiSchema> {
    let mut list = Array::new(items);
    list.schema_type = types;
    RefOr::T(ApiSchema::Array(list))
}

/// An item. `x-one-of` names the members of which it has exactly one.
fn items(item: &ListItem, outer: Scope) -> RefOr<ApiSchema> {
    // A list is replaced as a whole.
    let scope = Scope {
        partial: false,
        ..outer
    };
    let item_object = object(item.members, scope);
    if item.one_of.is_empty() {
        return item_object.into();
    }
    let one_of = ExtensionsBuilder::new().add("x-one-of", item.one_of.to_vec()).build();
    item_object.extensions(Some(one_of)).into()
}
