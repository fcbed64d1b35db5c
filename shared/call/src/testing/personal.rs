//! Which members are personal data.

use serde_json::Value;

/// Names of personal members, in lower case and without `_` and `-`.
const NAMES: [&str; 52] = [
    "accountnumber",
    "address",
    "address1",
    "address2",
    "address3",
    "birthdate",
    "buildingnumber",
    "businessemail",
    "city",
    "content",
    "county",
    "customername",
    "dateofbirth",
    "dob",
    "email",
    "emailaddress",
    "employername",
    "firstname",
    "forename",
    "fullname",
    "gender",
    "givenname",
    "housenumber",
    "iban",
    "income",
    "ipaddress",
    "jobtitle",
    "lastname",
    "line1",
    "line2",
    "line3",
    "middlename",
    "mobile",
    "monthlyincome",
    "nationalid",
    "nationalinsurancenumber",
    "organizationnumber",
    "passportnumber",
    "personalnumber",
    "phone",
    "phonenumber",
    "postalcode",
    "postcode",
    "salary",
    "socialsecuritynumber",
    "sortcode",
    "street",
    "surname",
    "telephone",
    "town",
    "towncity",
    "zip",
];

pub fn is_name(member: &str) -> bool {
    let plain: String = member.chars().filter(|letter| !matches!(letter, '_' | '-')).collect();
    NAMES.contains(&plain.to_ascii_lowercase().as_str())
}

/// The texts and numbers in a document that have one of these names, or stand in a list of this name.
pub fn named<'a>(document: &'a Value, names: &[&str], found: &mut Vec<(&'a str, String)>) {
    collect(document, "", names, found);
}

fn collect<'a>(value: &'a Value, name: &'a str, names: &[&str], found: &mut Vec<(&'a str, String)>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| collect(member, name, names, found)),
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, name, names, found)),
        Value::String(text) if names.contains(&name) => found.push((name, text.clone())),
        Value::Number(number) if names.contains(&name) => found.push((name, number.to_string())),
        _ => {}
    }
}
