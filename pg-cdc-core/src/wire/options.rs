//! The start-up parameter `options`: the words of a server's command line.
//!
//! Follows `pg_split_opts` and `process_postgres_switches` of PostgreSQL's source: words end at white space, a
//! backslash takes the next character as it is.

/// A value as one word, or part of one.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_ascii_whitespace() || character == '\x0b' || character == '\\' {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The names of the settings that these options set.
pub(super) fn settings(options: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut words = split(options).into_iter();
    while let Some(word) = words.next() {
        let assignment = if let Some(long) = word.strip_prefix("--") {
            Some(long.to_owned())
        } else if word == "-c" {
            words.next()
        } else if word == "-e" {
            // European dates.
            Some("DateStyle=euro".to_owned())
        } else {
            word.strip_prefix("-c").map(str::to_owned)
        };
        let name = assignment.as_deref().and_then(|assignment| assignment.split('=').next());
        names.extend(name.map(|name| name.replace('-', "_")));
    }
    names
}

fn split(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = options.chars();
    while let Some(character) = characters.next() {
        if character.is_ascii_whitespace() || character == '\x0b' {
            words.extend(word.take());
        } else {
            let taken = if character == '\\' { characters.next() } else { Some(character) };
            word.get_or_insert_default().extend(taken);
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_to_set_a_setting_is_seen() {
        let names = settings(r"-c a=1 -cb=2 --c-d=x\ --e=5  -e -S 100 --f");
        assert_eq!(names, ["a", "b", "c_d", "DateStyle", "f"]);
        assert!(settings("-c").is_empty());
    }

    proptest! {
        #[test]
        fn an_escaped_value_stays_one_word(value in ".+") {
            prop_assert_eq!(split(&format!("x {}", escape(&value))), ["x".to_owned(), value]);
        }
    }
}
