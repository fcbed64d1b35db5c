//! Applies the `.edit` file of a recipe or a mutant to a text. `@after`, `@before` and `@replace` name a line that occurs
//! once, and the lines below them are inserted there. `@repeat Old New` repeats every YAML entry that names Old, with New in
//! its place.

use crate::failure::{Context, Result};

pub fn apply(text: &str, edits: &str) -> Result<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut edits = edits.lines().peekable();
    while let Some(edit) = edits.next() {
        let (verb, argument) = edit.split_once(' ').context("an edit begins with its verb")?;
        let mut new = Vec::new();
        while let Some(line) = edits.next_if(|line| !line.starts_with('@')) {
            new.push(line.to_owned());
        }
        if verb == "@repeat" {
            let (old, new) = argument.split_once(' ').context("@repeat takes two names")?;
            lines = repeat(&lines, old, new)?;
            continue;
        }
        let mut matches = lines.iter().enumerate().filter(|(_, line)| *line == argument);
        let (Some((index, _)), None) = (matches.next(), matches.next()) else {
            return Err(format!("the line {argument:?} is missing or occurs more than once").into());
        };
        let replaced = match verb {
            "@before" => index..index,
            "@after" => index + 1..index + 1,
            "@replace" => index..index + 1,
            _ => return Err(format!("{verb} is not an edit").into()),
        };
        lines.splice(replaced, new);
    }
    Ok(lines.join("\n") + "\n")
}

/// Copies each run of entries that name `old` and renames the copy to `new`. An entry is a line and the lines indented
/// below it.
fn repeat(lines: &[String], old: &str, new: &str) -> Result<Vec<String>> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let names_old = |line: &&String| line.to_lowercase().contains(&old.to_lowercase());
    let forms = [
        (old.to_owned(), new.to_owned()),
        (old.to_uppercase(), new.to_uppercase()),
        (old.to_lowercase(), new.to_lowercase()),
    ];
    let renamed = |line: &String| {
        forms
            .iter()
            .fold(line.clone(), |line, (old, new)| line.replace(old, new))
    };
    let mut output: Vec<String> = Vec::new();
    let mut rest = lines.iter().peekable();
    let mut repeated = false;
    while let Some(line) = rest.next() {
        output.push(line.clone());
        if !names_old(&line) {
            continue;
        }
        let mut run = vec![line];
        let belongs = |next: &&String| {
            let deeper = !next.trim().is_empty() && indent(next) > indent(line);
            deeper || (names_old(next) && indent(next) == indent(line))
        };
        while let Some(next) = rest.next_if(belongs) {
            run.push(next);
        }
        let blank = output.len().checked_sub(2).and_then(|before| output.get(before));
        let blank = blank.filter(|before| before.is_empty()).cloned();
        output.extend(run.iter().skip(1).map(|line| (*line).clone()));
        output.extend(blank);
        output.extend(run.into_iter().map(renamed));
        repeated = true;
    }
    if repeated {
        Ok(output)
    } else {
        Err(format!("no line names {old}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_inserts_at_its_line() {
        let edits = "@after a\nb\n@before d\nc\n@replace e\nf";
        assert_eq!(apply("a\nd\ne\n", edits).unwrap(), "a\nb\nc\nd\nf\n");
        for edits in ["@after x\ny", "@after a\ny", "@move a\nb", "nothing"] {
            assert!(apply("a\na\n", edits).is_err(), "{edits}");
        }
    }

    #[test]
    fn entries_are_repeated_with_their_indented_lines() {
        let text =
            "P:\n  OldUrl:\n    Default: x\n  OldKey:\n    Type: old\n  Z: 1\n\n  OldSecret:\n    A: OLD\n\n  Y: 2\n";
        let expected = "P:\n  OldUrl:\n    Default: x\n  OldKey:\n    Type: old\n  NewUrl:\n    Default: x\n  NewKey:\n    \
                        Type: new\n  Z: 1\n\n  OldSecret:\n    A: OLD\n\n  NewSecret:\n    A: NEW\n\n  Y: 2\n";
        assert_eq!(apply(text, "@repeat Old New").unwrap(), expected);
        assert!(apply("a\n", "@repeat Old New").is_err());
    }
}
