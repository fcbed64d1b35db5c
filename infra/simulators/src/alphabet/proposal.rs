//! Reads the request of a proposal. No public source shows one: all of it is our assumption.

use crate::answer::ErrorEntry;
use crate::customer::{self, DocumentNames};
use crate::form::{self, Form, MONEY};

pub struct ProposalRequest {
    pub reference: String,
    pub quotation: String,
    pub surname: String,
}

const DOCUMENT: DocumentNames = DocumentNames {
    list: "Documents",
    kind: "Type",
    content_type: "ContentType",
    content: "Content",
};

pub fn read(body: &[u8]) -> Result<ProposalRequest, Vec<ErrorEntry>> {
    form::read(body, |root| {
        root.only(&["Reference", "QuoteReference", "Customer", "Documents"]);
        let request = ProposalRequest {
            reference: root.required_text("Reference"),
            quotation: root.required_text("QuoteReference"),
            surname: customer(&mut root.form("Customer")),
        };
        customer::check_documents(root, &DOCUMENT);
        request
    })
}

fn customer(form: &mut Form<'_, '_>) -> String {
    form.only(&[
        "Forename",
        "Surname",
        "EmailAddress",
        "Telephone",
        "DateOfBirth",
        "Address",
        "Employment",
    ]);
    form.required_text("Forename");
    let surname = form.required_text("Surname");
    form.matching("EmailAddress", customer::is_email, "must be an e-mail address");
    form.text("Telephone");
    form.date("DateOfBirth");
    if let Some(mut address) = form.optional_form("Address") {
        address.only(&["Line1", "Line2", "Town", "Postcode", "CountryCode"]);
        address.required_text("Line1");
        address.text("Line2");
        address.required_text("Town");
        address.matching("Postcode", customer::is_postcode, "must be a UK postcode");
        address.choice("CountryCode", &["GB"]);
    }
    if let Some(mut employment) = form.optional_form("Employment") {
        employment.only(&["EmployerName", "JobTitle", "Type", "MonthlyIncome"]);
        employment.text("EmployerName");
        employment.text("JobTitle");
        employment.text("Type");
        employment.money("MonthlyIncome", MONEY);
    }
    surname
}
