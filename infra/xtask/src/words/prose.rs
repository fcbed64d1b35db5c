//! What is refused in running text: the phrases of the list, and other uses of the name of a funder's test environment.

use super::list::List;

/// The words of a text with their lines; None ends a sentence.
#[derive(Default)]
pub struct Phrases(Vec<Option<(String, usize)>>);

impl Phrases {
    pub fn add(&mut self, text: &str, first_line: usize) {
        for (line, content) in (first_line..).zip(text.lines()) {
            let parts = content.split_inclusive(|letter: char| !is_word(letter));
            for part in parts {
                let word = part.trim_end_matches(|letter| !is_word(letter));
                if !word.is_empty() {
                    self.0.push(Some((word.to_lowercase(), line)));
                }
                // A comment's marks stand in the middle of its sentences.
                let goes_on = |letter: char| is_word(letter) || letter.is_whitespace() || "/!#*".contains(letter);
                if !part.ends_with(goes_on) {
                    self.end_sentence();
                }
            }
        }
    }

    pub fn end_sentence(&mut self) {
        self.0.push(None);
    }

    pub fn refused(&self, list: &List) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (phrase, instead) in &list.phrases {
            let wanted: Vec<&str> = phrase.split(' ').collect();
            for words in self.0.windows(wanted.len()) {
                let same = |(word, wanted): (&Option<(String, usize)>, &&str)| {
                    word.as_ref().is_some_and(|(word, _)| word == wanted)
                };
                if let Some(Some((_, line))) = words.first().filter(|_| words.iter().zip(&wanted).all(same)) {
                    found.push((*line, format!("\"{phrase}\" is refused: name {instead}")));
                }
            }
        }
        found
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The text with blanks in place of code spans: what stands in them is quoted. Lines stay where they are.
pub fn unquoted(text: &str) -> String {
    let line = |line: &str| {
        let spans = line.split('`').enumerate();
        let kept = spans.map(|(at, span)| if at % 2 == 0 { span } else { " " });
        kept.collect::<String>()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

const VARIANT: &str = "Environment::Sandbox";

/// The name of a funder's test environment, which is to mean nothing else.
pub struct EnvironmentWord {
    word: String,
    funders: Vec<String>,
}

impl EnvironmentWord {
    pub fn of_funders<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self {
            word: "SANDBOX".to_lowercase(),
            funders: names.map(str::to_lowercase).collect(),
        }
    }

    pub fn advice(&self) -> String {
        let word = &self.word;
        format!("`{word}` means a funder's environment only: say instance, simulators or staging (docs/writing.md)")
    }

    /// A variant may have the word for its name; a type may not.
    pub fn refuses_name(&self, name: &str, defined: bool) -> bool {
        let variant = !defined && VARIANT.ends_with(&format!("::{name}"));
        !variant && !self.other_uses(name).is_empty()
    }

    /// The lines of the text, counted from 1, in which the word means something else.
    pub fn other_uses(&self, text: &str) -> Vec<usize> {
        let in_line = |line: &str| {
            let lower = line.to_ascii_lowercase();
            let mut places = lower.match_indices(&self.word).map(|(at, _)| at);
            places.any(|at| !self.means_environment(line, at))
        };
        let lines = (1..).zip(text.lines());
        lines
            .filter(|(_, line)| in_line(line))
            .map(|(number, _)| number)
            .collect()
    }

    fn means_environment(&self, line: &str, at: usize) -> bool {
        let (before, rest) = line.split_at_checked(at).unwrap_or_default();
        let (word, after) = rest.split_at_checked(self.word.len()).unwrap_or_default();
        let joins = |letter: char| is_word(letter) || letter == '-';
        // `LEX_SANDBOX_URL`, `LexSandboxUrl`, `lex-sandbox`, `lex/sandbox`
        let owner = before.trim_end_matches(['-', '_', '/']).to_lowercase();
        let of_funder = self.funders.iter().any(|funder| owner.ends_with(funder));
        // `AllowSandbox`, `ALLOW_SANDBOX`, `SandboxIsOpen`
        let opens = (owner.ends_with("allow") && !after.starts_with(joins)) || after.starts_with("IsOpen");
        let in_requests = word == "SANDBOX" && !before.ends_with(joins) && !after.starts_with(joins);
        let variant = format!("{before}{word}").ends_with(VARIANT) && !after.starts_with(joins);
        // `sandboxUrl`, a member of stack.json
        let member =
            *word == self.word && !before.ends_with(joins) && (after.starts_with("Url") || after.starts_with("_url"));
        of_funder || opens || in_requests || variant || member
    }
}
