//! Documents of proposals and a real scanner. `cargo xtask test` leaves these tests out where clamd is not installed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::proposals::{decided, id, propose_with, sample, searches};
use crate::lock::Domain::Funders;
use crate::stack::Stack;

/// What the sample proposal has as its document, in base64.
const CLEAN: &str = "JVBERi0xLjQKJSVFT0YK";

#[tokio::test]
async fn an_infected_document_fails_its_proposal_and_no_funder_gets_it() {
    let stack = Stack::shared(&[Funders]).await;
    stack.must_scan();
    for funder in ["LEX", "ALPHABET"] {
        let (body, quote) = sample(&stack, funder, "Accepted").await;
        let infected = body.replace(CLEAN, &BASE64_STANDARD.encode(Stack::infected_pdf()));
        assert_ne!(body, infected);
        let correlation = uuid::Uuid::new_v4().to_string();
        let proposal = id(&propose_with(&stack, &infected, &correlation).await);
        let got = decided(&stack, &proposal, "FAILED").await.json()["data"]["failure"].clone();
        assert_eq!(
            (&got["code"], &got["retryable"]),
            (&json!("document-refused"), &json!(false))
        );
        let named = got["errors"][0]["field"].as_str().unwrap();
        assert!(named.starts_with("additionalDocuments."), "{got}");
        let operation = format!("{}/proposal", funder.to_lowercase());
        assert_eq!(stack.calls_for(&correlation, &operation).await, 0, "{funder}");
        assert_eq!(searches(&stack, funder, &proposal).await, Value::Null);
        // The quote is free, and goes with a clean document.
        assert_eq!(stack.quote_status(&quote).await.json()["data"]["status"], "GENERATED");
        let again = id(&propose_with(&stack, &body, &correlation).await);
        decided(&stack, &again, "APPROVED").await;
        assert_eq!(searches(&stack, funder, &again).await, 1);
    }
}
