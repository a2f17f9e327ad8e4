//! The last line of a run that failed.

use std::error::Error;

/// `error: …; caused by …; hint: …` on one line, with the server's SQLSTATE behind the message where there is one.
///
/// A cause that only repeats what stands before it is left out.
pub(crate) fn error_line(error: &dyn Error, hint: Option<&str>, sqlstate: Option<&str>) -> String {
    let mut line = format!("error: {}", one_line(&error.to_string()));
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = one_line(&error.to_string());
        if !line.ends_with(&text) {
            line.push_str("; caused by ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    if let Some(code) = sqlstate.filter(|code| !line.contains(*code)) {
        line.push_str(&format!(" (SQLSTATE {code})"));
    }
    if let Some(hint) = hint {
        line.push_str("; hint: ");
        line.push_str(&one_line(hint));
    }
    line
}

/// Line breaks and other control characters become spaces, several in a row one.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Step(&'static str, #[source] Option<Box<Step>>);

    fn chain(messages: &[&'static str]) -> Step {
        let (first, rest) = messages.split_first().unwrap();
        Step(first, (!rest.is_empty()).then(|| Box::new(chain(rest))))
    }

    #[test]
    fn everything_stands_on_one_line() {
        let error = chain(&["can't make the slot", "server said\n\tno", "no"]);
        assert_eq!(
            error_line(&error, Some("free\r\none"), Some("53400")),
            "error: can't make the slot; caused by server said no (SQLSTATE 53400); hint: free one"
        );
        assert_eq!(error_line(&chain(&["a"]), None, None), "error: a");
    }
}
