//! Converts a name between its spellings: a binary, a logical id of the template, a member of stack.json.

/// `FundersQuoteGenerate` -> `funders-quote-generate`.
pub fn kebab(logical_id: &str) -> String {
    let mut name = String::new();
    for letter in logical_id.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// `funders-quote-generate` -> `FundersQuoteGenerate`.
pub fn pascal(binary: &str) -> String {
    let mut upper = true;
    let mut name = String::new();
    for letter in binary.chars() {
        if letter == '-' {
            upper = true;
        } else {
            name.push(if upper { letter.to_ascii_uppercase() } else { letter });
            upper = false;
        }
    }
    name
}

/// `QuoteRetryDlq` -> `quoteRetryDlq`.
pub fn member(logical_id: &str) -> String {
    let mut letters = logical_id.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_lowercase().to_string() + letters.as_str()
    })
}

/// `mmobOrderWebhook` -> `MMOB_ORDER_WEBHOOK`.
pub fn constant(member: &str) -> String {
    kebab(member).replace('-', "_").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_after_its_binary() {
        for (logical_id, binary) in [("FundersQuoteGenerate", "funders-quote-generate"), ("Health", "health")] {
            assert_eq!(kebab(logical_id), binary);
            assert_eq!(pascal(binary), logical_id);
        }
    }

    #[test]
    fn a_variable_is_named_after_its_member() {
        assert_eq!(constant("mmobOrderWebhook"), "MMOB_ORDER_WEBHOOK");
    }
}
