//! Reads the request of complete. No public source shows one: all of it is our assumption.

use crate::answer::ErrorEntry;
use crate::customer::{self, DocumentNames};
use crate::form::{self, Form, MONEY};

pub struct CompleteRequest {
    pub reference: String,
    pub surname: String,
}

const DOCUMENT: DocumentNames = DocumentNames {
    list: "documents",
    kind: "type",
    content_type: "content_type",
    content: "content",
};

pub fn read(body: &[u8]) -> Result<CompleteRequest, Vec<ErrorEntry>> {
    form::read(body, |root| {
        root.only(&["cust_reference", "customer", "documents"]);
        let request = CompleteRequest {
            reference: root.required_text("cust_reference"),
            surname: customer(&mut root.form("customer")),
        };
        customer::check_documents(root, &DOCUMENT);
        request
    })
}

fn customer(form: &mut Form<'_, '_>) -> String {
    form.only(&[
        "first_name",
        "last_name",
        "email",
        "phone",
        "date_of_birth",
        "address",
        "employment",
    ]);
    form.required_text("first_name");
    let surname = form.required_text("last_name");
    form.matching("email", customer::is_email, "must be an e-mail address");
    form.text("phone");
    form.date("date_of_birth");
    if let Some(mut address) = form.optional_form("address") {
        address.only(&["line1", "line2", "city", "postcode", "country"]);
        address.required_text("line1");
        address.text("line2");
        address.required_text("city");
        address.matching("postcode", customer::is_postcode, "must be a UK postcode");
        address.choice("country", &["GB"]);
    }
    if let Some(mut employment) = form.optional_form("employment") {
        employment.only(&["employer_name", "job_title", "employment_type", "monthly_income"]);
        employment.text("employer_name");
        employment.text("job_title");
        employment.text("employment_type");
        employment.money("monthly_income", MONEY);
    }
    surname
}
