//! Changes to a text, as the files of a recipe say them: `@after`, `@before` and `@replace` name a line that stands there
//! once, and what follows goes there. `@repeat Old New` repeats every entry of YAML that names Old, under the name of New.

use crate::failure::{Context, Result};

pub fn apply(text: &str, edits: &str) -> Result<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut edits = edits.lines().peekable();
    while let Some(edit) = edits.next() {
        let (verb, about) = edit.split_once(' ').context("an edit begins with its verb")?;
        let mut new = Vec::new();
        while let Some(line) = edits.next_if(|line| !line.starts_with('@')) {
            new.push(line.to_owned());
        }
        if verb == "@repeat" {
            let (old, new) = about.split_once(' ').context("@repeat takes two names")?;
            lines = repeat(&lines, old, new)?;
            continue;
        }
        let mut places = lines.iter().enumerate().filter(|(_, line)| *line == about);
        let (Some((place, _)), None) = (places.next(), places.next()) else {
            return Err(format!("there is not one line {about:?}").into());
        };
        let replaced = match verb {
            "@before" => place..place,
            "@after" => place + 1..place + 1,
            "@replace" => place..place + 1,
            _ => return Err(format!("{verb} is no edit").into()),
        };
        lines.splice(replaced, new);
    }
    Ok(lines.join("\n") + "\n")
}

/// After each run of entries that name `old`, the same for `new`. An entry is a line and what is indented below it.
fn repeat(lines: &[String], old: &str, new: &str) -> Result<Vec<String>> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let about_old = |line: &&String| line.to_lowercase().contains(&old.to_lowercase());
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
    let mut done: Vec<String> = Vec::new();
    let mut rest = lines.iter().peekable();
    let mut repeated = false;
    while let Some(line) = rest.next() {
        done.push(line.clone());
        if !about_old(&line) {
            continue;
        }
        let mut run = vec![line];
        let belongs = |next: &&String| {
            let deeper = !next.trim().is_empty() && indent(next) > indent(line);
            deeper || (about_old(next) && indent(next) == indent(line))
        };
        while let Some(next) = rest.next_if(belongs) {
            run.push(next);
        }
        let apart = done.len().checked_sub(2).and_then(|before| done.get(before));
        let apart = apart.filter(|before| before.is_empty()).cloned();
        done.extend(run.iter().skip(1).map(|line| (*line).clone()));
        done.extend(apart);
        done.extend(run.into_iter().map(renamed));
        repeated = true;
    }
    if repeated {
        Ok(done)
    } else {
        Err(format!("nothing names {old}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_where_they_are_told() {
        let edits = "@after a\nb\n@before d\nc\n@replace e\nf";
        assert_eq!(apply("a\nd\ne\n", edits).unwrap(), "a\nb\nc\nd\nf\n");
        for edits in ["@after x\ny", "@after a\ny", "@move a\nb", "nothing"] {
            assert!(apply("a\na\n", edits).is_err(), "{edits}");
        }
    }

    #[test]
    fn entries_are_repeated_with_what_belongs_to_them() {
        let text =
            "P:\n  OldUrl:\n    Default: x\n  OldKey:\n    Type: old\n  Z: 1\n\n  OldSecret:\n    A: OLD\n\n  Y: 2\n";
        let expected = "P:\n  OldUrl:\n    Default: x\n  OldKey:\n    Type: old\n  NewUrl:\n    Default: x\n  NewKey:\n    \
                        Type: new\n  Z: 1\n\n  OldSecret:\n    A: OLD\n\n  NewSecret:\n    A: NEW\n\n  Y: 2\n";
        assert_eq!(apply(text, "@repeat Old New").unwrap(), expected);
        assert!(apply("a\n", "@repeat Old New").is_err());
    }
}
