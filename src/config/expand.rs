//! Variables within scalars: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`.

use super::path::KeyPath;
use super::yaml::{self, Key, Node, Scalar, Style, Value};
use super::{ConfigError, Mark};

/// Where the environment's variables come from.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The keys whose values are URLs, in which a variable may hold `@`, `:` or `/` and mean them.
const URLS: [&str; 3] = ["source.url", "source.primary_url", "sink.url"];

/// Puts variables in their places, in keys and values.
///
/// A value that consists of one variable is then read as its key's type, a URL as a whole included; a variable that is
/// only a part of a URL is percent-encoded.
pub(super) fn expand(node: Node, path: &KeyPath<'_>, env: Env<'_>) -> Result<Node, ConfigError> {
    let mark = node.mark;
    let value = match node.value {
        Value::Scalar(scalar) => Value::Scalar(expand_scalar(scalar, mark, path, env)?),
        Value::List(items) => Value::List(
            items
                .into_iter()
                .enumerate()
                .map(|(index, item)| expand(item, &path.index(index), env))
                .collect::<Result<_, _>>()?,
        ),
        Value::Map(entries) => {
            let mut expanded = Vec::with_capacity(entries.len());
            for (key, node) in entries {
                let under = path.key(&key.text);
                let node = expand(node, &under, env)?;
                let text = Template::parse(&key.text).and_then(|t| t.fill(env, false));
                let text = text
                    .map_err(|message| ConfigError::new(Some(key.mark), message).at_key(under.to_string()))?;
                yaml::insert(&mut expanded, Key { text, mark: key.mark }, node)?;
            }
            Value::Map(expanded)
        }
    };
    Ok(Node { mark, value })
}

fn expand_scalar(
    scalar: Scalar,
    mark: Mark,
    path: &KeyPath<'_>,
    env: Env<'_>,
) -> Result<Scalar, ConfigError> {
    let wrong = |message| ConfigError::new(Some(mark), message).at_key(path.to_string());
    let template = Template::parse(&scalar.text).map_err(wrong)?;
    let whole = matches!(template.0.as_slice(), [Part::Variable { .. }]);
    let encode = !whole && URLS.contains(&path.to_string().as_str());
    let text = template.fill(env, encode).map_err(wrong)?;
    Ok(Scalar { text, style: if whole { Style::Variable } else { scalar.style } })
}

struct Template<'a>(Vec<Part<'a>>);

enum Part<'a> {
    Literal(&'a str),
    Variable { name: &'a str, default: Option<&'a str> },
}

impl<'a> Template<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(literal) = before.strip_suffix('$') {
                parts.extend([Part::Literal(literal), Part::Literal("${")]);
                rest = after;
                continue;
            }
            if !before.is_empty() {
                parts.push(Part::Literal(before));
            }
            let Some((inside, after)) = after.split_once('}') else {
                return Err("a ${ is not closed by }; write $${ where ${ itself is meant".to_owned());
            };
            parts.push(variable(inside)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest));
        }
        Ok(Self(parts))
    }

    fn fill(&self, env: Env<'_>, encode: bool) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable { name, default } => {
                    // As in a shell: with `:-`, a variable that is set to nothing counts as missing too.
                    let value = match (env(name), default) {
                        (Some(value), None) => value,
                        (Some(value), Some(_)) if !value.is_empty() => value,
                        (_, Some(default)) => (*default).to_owned(),
                        (None, None) => {
                            return Err(format!(
                                "the variable {name} is not set; set it, or write ${{{name}:-default}}"
                            ));
                        }
                    };
                    if encode {
                        percent_encode(&value, b"", &mut text);
                    } else {
                        text.push_str(&value);
                    }
                }
            }
        }
        Ok(text)
    }
}

fn variable(inside: &str) -> Result<Part<'_>, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name || default.is_some_and(|default| default.contains("${")) {
        return Err("expected ${NAME} or ${NAME:-default} with a NAME of letters, digits and _, and no variable in the \
                    default; write $${ where ${ itself is meant"
            .to_owned());
    }
    Ok(Part::Variable { name, default })
}

/// RFC 3986: everything but the unreserved characters and those of `keep`.
pub(super) fn percent_encode(value: &str, keep: &[u8], to: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            to.push(char::from(byte));
        } else {
            to.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn env(name: &str) -> Option<String> {
        let value = match name {
            "A" => "a@:/é",
            "N" => "4",
            "EMPTY" => "",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn at(path: &str, text: &str) -> Result<Scalar, String> {
        let root = expand(yaml::parse(text).unwrap(), &KeyPath::Root, &env)
            .map_err(|e| e.in_file("f").to_string())?;
        match &root.at(path).unwrap().value {
            Value::Scalar(scalar) => Ok(scalar.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn variables_stand_for_their_values() {
        for (text, value, style) in [
            ("a: ${N}", "4", Style::Variable),
            ("a: '${N}'", "4", Style::Variable),
            ("a: ${N}s", "4s", Style::Plain),
            ("a: x${N}y${A}", "x4ya@:/é", Style::Plain),
            ("a: ${NONE:-7}", "7", Style::Variable),
            ("a: ${EMPTY:-7}", "7", Style::Variable),
            ("a: ${EMPTY}", "", Style::Variable),
            ("a: ${NONE:-}", "", Style::Variable),
            ("a: $${N}", "${N}", Style::Plain),
            ("a: $$${N}", "$${N}", Style::Plain),
            ("a: $N $", "$N $", Style::Plain),
            ("${N}: 1\na: 2", "2", Style::Plain),
        ] {
            assert_eq!(at("a", text), Ok(Scalar { text: value.to_owned(), style }), "{text}");
        }
    }

    #[test]
    fn within_a_url_they_are_percent_encoded_but_a_whole_url_is_not() {
        let url = |text: &str| at("source.url", text).unwrap().text;
        assert_eq!(url("source: { url: 'postgres://u:${A}@h' }"), "postgres://u:a%40%3A%2F%C3%A9@h");
        assert_eq!(url("source: { url: '${A}' }"), "a@:/é");
    }

    #[test]
    fn a_missing_variable_is_named_with_its_place() {
        assert_eq!(
            at("a", "source:\n  password: ${SECRET}\n").unwrap_err(),
            "f:2:13: source.password: the variable SECRET is not set; set it, or write ${SECRET:-default}"
        );
        for text in ["a: ${N", "a: ${}", "a: ${1A}", "a: ${N:?x}", "a: ${X:-${N}}", "a: ${N-1}"] {
            assert!(at("a", text).unwrap_err().starts_with("f:1:4: a: "), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_without_variables_stays_as_it_is(text in "[^$]*") {
            let template = Template::parse(&text).unwrap();
            prop_assert_eq!(template.fill(&|_| None, true).unwrap(), text);
        }
    }
}
