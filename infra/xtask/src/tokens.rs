//! The tokens of a Rust file, as far as the checks need them: words, marks, string literals and comments.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// One character of punctuation.
    Mark,
    /// A string literal, with its quotes and prefix.
    Text,
    Comment,
}

#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Counted from 1.
    pub line: usize,
}

impl Token<'_> {
    pub fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }
}

pub fn read(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = measure(rest, first);
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.extend(kind.map(|kind| Token { kind, text, line }));
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// What begins here and how many bytes it has. Blanks, numbers, characters and lifetimes are no tokens.
fn measure(rest: &str, first: char) -> (Option<Kind>, usize) {
    if rest.starts_with("//") {
        (Some(Kind::Comment), run(rest, |letter| letter != '\n'))
    } else if rest.starts_with("/*") {
        (Some(Kind::Comment), block_comment(rest))
    } else if let Some(length) = string(rest) {
        (Some(Kind::Text), length)
    } else if first == '\'' || rest.starts_with("b'") {
        (None, character(rest))
    } else if first.is_ascii_digit() {
        (None, run(rest, is_word))
    } else if is_word(first) {
        (Some(Kind::Word), run(rest, is_word))
    } else if first.is_whitespace() {
        (None, first.len_utf8())
    } else {
        (Some(Kind::Mark), first.len_utf8())
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// How many bytes at the beginning belong together.
fn run(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|letter| !belongs(letter)).unwrap_or(rest.len())
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(after) = rest.get(at..) {
        if after.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if after.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            match after.chars().next() {
                Some(letter) => at += letter.len_utf8(),
                None => break,
            }
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'c', 'r']);
    let prefix = rest.len() - body.len();
    if !["", "b", "c", "r", "br", "cr"].contains(&rest.get(..prefix)?) {
        return None;
    }
    if rest.get(..prefix)?.ends_with('r') {
        let hashes = run(body, |letter| letter == '#');
        let inside = body.get(hashes..)?.strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(prefix + hashes + 1 + length);
    }
    let inside = body.strip_prefix('"')?;
    Some(prefix + 1 + quoted(inside, '"'))
}

/// The bytes up to and with the closing quote.
fn quoted(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = inside.char_indices().find(|(_, letter)| {
        let closes = *letter == quote && !escaped;
        escaped = *letter == '\\' && !escaped;
        closes
    });
    end.map_or(inside.len(), |(at, _)| at + 1)
}

/// A character literal, or a lifetime.
fn character(rest: &str) -> usize {
    let prefix = run(rest, |letter| letter != '\'') + 1;
    let inside = rest.get(prefix..).unwrap_or_default();
    let mut letters = inside.chars();
    match (letters.next(), letters.next()) {
        (Some('\\'), _) | (_, Some('\'')) => prefix + quoted(inside, '\''),
        _ => prefix + run(inside, is_word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_falls_into_its_tokens() {
        let source = r##"// one
fn two<'a>(x: &'a str) -> char { let r = b'"'; /* three /* four */ */ '\'' } // five
let six = br#"a " b"# + "seven \" eight" + 'x';"##;
        let of = |kind| -> Vec<(&str, usize)> {
            let tokens = read(source).into_iter().filter(|token| token.kind == kind);
            tokens.map(|token| (token.text, token.line)).collect()
        };
        assert_eq!(
            of(Kind::Comment),
            [("// one", 1), ("/* three /* four */ */", 2), ("// five", 2)]
        );
        assert_eq!(of(Kind::Text), [(r##"br#"a " b"#"##, 3), (r#""seven \" eight""#, 3)]);
        let words: Vec<_> = of(Kind::Word).into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["fn", "two", "x", "str", "char", "let", "r", "let", "six"]);
        assert!(of(Kind::Mark).contains(&("{", 2)));
    }

    #[test]
    fn an_unfinished_file_ends() {
        for source in ["\"", "/* ", "r#\"x", "'", "b'", "é'"] {
            read(source);
        }
    }
}
