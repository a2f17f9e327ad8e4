//! YAML (and so JSON) as a small tree of nodes that know where they stand.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{ConfigError, Mark};

/// The longest file that is read, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// How deep lists and mappings may stand in each other; the contract's file needs six.
const MAX_DEPTH: usize = 32;
/// How many values a file may have once its aliases are written out.
const MAX_NODES: usize = 20_000;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) mark: Mark,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order of the file; keys are unique.
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) style: Style,
}

/// How a scalar was written, which says what its text may be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes: a number, a truth value, nothing, or text.
    Plain,
    /// In quotes or a block: text.
    Quoted,
    /// One variable: whatever its key takes.
    Variable,
}

/// A key of a mapping and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) mark: Mark,
}

impl Scalar {
    /// Whether this is YAML's nothing: `~`, `null`, or no text at all.
    pub(super) fn is_null(&self) -> bool {
        self.style == Style::Plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    /// The value of `key`, where this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(have, _)| have.text == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The value at a path of plain keys, as `source.slot.name`.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    /// Whether anything is said: not nothing, not an empty list or mapping.
    pub(super) fn says_something(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => !scalar.is_null(),
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
        }
    }

    /// Nodes in all, and the deepest nesting below this one.
    fn extent(&self) -> (usize, usize) {
        let sum = |(count, depth): (usize, usize), node: &Self| {
            let (nodes, below) = node.extent();
            (count + nodes, depth.max(below + 1))
        };
        match &self.value {
            Value::Scalar(_) => (1, 0),
            Value::List(items) => items.iter().fold((1, 0), sum),
            Value::Map(entries) => entries.iter().map(|(_, node)| node).fold((1, 0), sum),
        }
    }
}

/// Appends an entry, unless its key is there already.
pub(super) fn insert(entries: &mut Vec<(Key, Node)>, key: Key, node: Node) -> Result<(), ConfigError> {
    match entries.iter().find(|(have, _)| have.text == key.text) {
        Some((first, _)) => Err(ConfigError::new(
            Some(key.mark),
            format!("the key {} stands here twice, first on line {}", shown(&key.text), first.mark.line),
        )),
        None => {
            entries.push((key, node));
            Ok(())
        }
    }
}

/// A key or word as an error shows it: bare where it is simple, quoted and cut short where it is not, and not at all
/// where it may hold a password or a private key that stands in the wrong place.
pub(super) fn shown(text: &str) -> String {
    if text.contains("://") || text.contains("-----BEGIN") {
        return "a url or a PEM text".to_owned();
    }
    let simple = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !text.is_empty() && text.len() <= 64 && text.chars().all(simple) {
        return text.to_owned();
    }
    let short: String = text.chars().take(64).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{:?}{more}", short)
}

/// Reads one document.
///
/// Refused, with the place: what is not YAML, a second document, a key that stands twice or is not a scalar, tags
/// other than `!!str`, more than [`MAX_BYTES`], nesting or aliases beyond any honest file's.
pub(super) fn parse(text: &str) -> Result<Node, ConfigError> {
    let start = Mark { line: 1, column: 1 };
    if text.len() > MAX_BYTES {
        return Err(too_large());
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| syntax_error(text, &error))?;
        builder.event(event, mark(&span))?;
    }
    Ok(builder.root.unwrap_or(Node { mark: start, value: nothing() }))
}

pub(super) fn too_large() -> ConfigError {
    ConfigError::new(None, format!("larger than {} MiB: not a pipeline file", MAX_BYTES >> 20))
}

fn mark(span: &Span) -> Mark {
    Mark { line: span.start.line(), column: span.start.col() + 1 }
}

fn nothing() -> Value {
    Value::Scalar(Scalar { text: String::new(), style: Style::Plain })
}

fn syntax_error(text: &str, error: &ScanError) -> ConfigError {
    let mark = Mark { line: error.marker().line(), column: error.marker().col() + 1 };
    // What breaks is mostly seen on the line behind the one that broke it.
    let suspect = text.lines().take(mark.line).skip(mark.line.saturating_sub(2));
    let hint = if suspect.clone().any(bare_variable_in_flow) {
        "; within { } and [ ] a variable needs quotes: \"${NAME}\""
    } else if error.info().contains("unknown anchor") {
        "; a text that begins with * needs quotes, as in \"*.orders\""
    } else if suspect.clone().any(|line| line.trim_start_matches(' ').starts_with('\t')) {
        "; indent with spaces, not tabs"
    } else {
        ""
    };
    ConfigError::new(Some(mark), format!("not valid YAML: {}{hint}", error.info()))
}

/// Whether `line` has a `${` outside quotes behind an opening bracket.
fn bare_variable_in_flow(line: &str) -> bool {
    let (mut quote, mut flow, mut before) = (None, false, ' ');
    for c in line.chars() {
        match (quote, c) {
            (None, '{') if before == '$' => return flow,
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[' | ',') => flow = true,
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        before = c;
    }
    false
}

/// A list or mapping that is not closed yet.
struct Open {
    mark: Mark,
    anchor: usize,
    inner: Inner,
}

enum Inner {
    List(Vec<Node>),
    Map(Vec<(Key, Node)>, Option<Key>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, mark: Mark) -> Result<(), ConfigError> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(ConfigError::new(
                Some(mark),
                "a second document begins here; a pipeline file is one document",
            )),
            Event::Scalar(text, style, anchor, tag) => {
                let style = match (style, tag) {
                    (_, Some(tag)) => tagged(&tag, mark)?,
                    (ScalarStyle::Plain, None) => Style::Plain,
                    (_, None) => Style::Quoted,
                };
                let value = Value::Scalar(Scalar { text: text.into_owned(), style });
                self.add(anchor, Node { mark, value })
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(mark, anchor, tag.as_deref(), Inner::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(mark, anchor, tag.as_deref(), Inner::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { mark, anchor, inner }) => {
                    let value = match inner {
                        Inner::List(items) => Value::List(items),
                        Inner::Map(entries, _) => Value::Map(entries),
                    };
                    self.add(anchor, Node { mark, value })
                }
                None => Ok(()),
            },
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => {
                    let (nodes, depth) = node.extent();
                    if self.nodes + nodes > MAX_NODES {
                        return Err(ConfigError::new(
                            Some(mark),
                            "aliases grow this file beyond any pipeline's size",
                        ));
                    }
                    self.check_depth(mark, depth)?;
                    let node = node.clone();
                    self.nodes += nodes;
                    self.add(0, node)
                }
                None => Err(ConfigError::new(Some(mark), "this alias stands within what it names")),
            },
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        mark: Mark,
        anchor: usize,
        tag: Option<&Tag>,
        inner: Inner,
    ) -> Result<(), ConfigError> {
        if let Some(tag) = tag {
            return Err(unknown_tag(tag, mark));
        }
        self.check_depth(mark, 1)?;
        self.open.push(Open { mark, anchor, inner });
        Ok(())
    }

    fn check_depth(&self, mark: Mark, more: usize) -> Result<(), ConfigError> {
        if self.open.len() + more > MAX_DEPTH {
            return Err(ConfigError::new(Some(mark), format!("nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }

    fn add(&mut self, anchor: usize, node: Node) -> Result<(), ConfigError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(ConfigError::new(Some(node.mark), format!("more than {MAX_NODES} values")));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.inner) {
            None => self.root = Some(node),
            Some(Inner::List(items)) => items.push(node),
            Some(Inner::Map(entries, key)) => match key.take() {
                Some(key) => insert(entries, key, node)?,
                None => match node.value {
                    Value::Scalar(scalar) => *key = Some(Key { text: scalar.text, mark: node.mark }),
                    _ => return Err(ConfigError::new(Some(node.mark), "a key can't be a list or a mapping")),
                },
            },
        }
        Ok(())
    }
}

fn tagged(tag: &Tag, mark: Mark) -> Result<Style, ConfigError> {
    if tag.is_yaml_core_schema() && tag.suffix == "str" {
        Ok(Style::Quoted)
    } else {
        Err(unknown_tag(tag, mark))
    }
}

fn unknown_tag(tag: &Tag, mark: Mark) -> ConfigError {
    ConfigError::new(Some(mark), format!("the tag {} has no meaning here", shown(&tag.suffix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().in_file("f").to_string()
    }

    #[test]
    fn every_node_knows_its_place() {
        let root = parse("a: 1\nb:\n  - x\n  - { ü: \"y\" }\n").unwrap();
        let b = root.get("b").unwrap();
        let Value::List(items) = &b.value else { panic!("{b:?}") };
        assert_eq!(items[0].mark, Mark { line: 3, column: 5 });
        assert_eq!(items[1].get("ü").unwrap().mark, Mark { line: 4, column: 10 });
    }

    #[test]
    fn json_is_yaml() {
        let root = parse("{\n\t\"a\": {\"b\": [1, true, null, \"x\"]},\r\n\t\"c\":\"d\"}\n").unwrap();
        assert!(matches!(&root.at("a.b").unwrap().value, Value::List(items) if items.len() == 4));
        assert!(root.get("c").unwrap().says_something());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        assert_eq!(refused("a: 1\nb: 2\na: 3"), "f:3:1: the key a stands here twice, first on line 1");
        assert_eq!(refused("{\"a\":1,\"a\":1}"), "f:1:8: the key a stands here twice, first on line 1");
    }

    #[test]
    fn a_bare_variable_in_a_flow_mapping_says_what_to_do() {
        for text in ["s: { a: ${X} }", "s: [${X}]", "s: { a: ${X}, b: 1 }", "s: { a: ${X:-1} }\nb: 1"] {
            assert!(refused(text).ends_with("a variable needs quotes: \"${NAME}\""), "{}", refused(text));
        }
        assert!(parse("s: { a: \"${X}\" }\nb: ${X}\nc: a${X}").is_ok());
    }

    #[test]
    fn bombs_are_refused() {
        let mut laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (from, to) in ["ab", "bc", "cd", "de", "ef", "fg", "gh"].map(|pair| pair.split_at(1)) {
            let list = vec![format!("*{from}"); 10].join(",");
            laughs += &format!("{to}: &{to} [{list}]\n");
        }
        assert!(refused(&laughs).contains("aliases grow this file"));
        for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(40), "? ".repeat(100_000)] {
            assert!(parse(&deep).is_err());
        }
        assert!(refused(&"#".repeat(MAX_BYTES + 1)).contains("larger than 1 MiB"));
        assert!(refused("a: &a [*a]").contains("within what it names"));
    }

    #[test]
    fn one_document_without_tags() {
        assert!(refused("a: 1\n---\nb: 1").contains("second document"));
        assert!(refused("a: !x 1").contains("the tag"));
        assert!(refused("[a]: 1").contains("a key can't be"));
        assert!(!parse("").unwrap().says_something());
        assert!(!parse("# only a comment\n").unwrap().says_something());
    }
}
