//! YAML as a tree, and the way back from a place in the tree to a line.
//!
//! `yaml_serde` tells line and column only with an error, never with a value. So [`read`] builds a tree
//! without places, and once something in it is found wrong, [`locate`] reads the text again and stops there.

use std::{cell::RefCell, collections::BTreeSet, convert::Infallible, fmt};

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_yaml::Error;

use super::error::{Aspect, Fault, KeyPath, Place, Problem, Step};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A value as YAML's core schema reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Bool(bool),
    /// Also integers that no `i64` holds.
    Float(f64),
    Integer(i64),
    List(Vec<Self>),
    /// In the order of the file; no key occurs twice.
    Map(Vec<(String, Self)>),
    Null,
    Text(String),
}

/// The one document of a text. An empty text is [`Node::Null`].
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    characters(text)?;
    let problem = RefCell::new(None);
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let first = documents.next().map_or(Ok(Node::Null), |document| {
        Tree { path: &KeyPath::default(), problem: &problem }.deserialize(document)
    });
    match (first, documents.next()) {
        (Ok(node), None) => Ok(node),
        (Ok(_), Some(second)) => Err(second_document(text, second)),
        (Err(error), _) => Err(in_text(text, &error, problem.into_inner())),
    }
}

/// Where the text holds what `path` leads to.
pub(super) fn locate(text: &str, path: &KeyPath, aspect: Aspect) -> Option<Place> {
    let document = serde_yaml::Deserializer::from_str(text).next()?;
    let error = Seek { steps: &path.0, aspect }.deserialize(document).err()?;
    place(text, &error)
}

/// The parser refuses the same characters, but tells their place in bytes.
fn characters(text: &str) -> Result<(), Fault> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    match text.char_indices().find(|(_, c)| !is_printable(*c)) {
        None => Ok(()),
        Some((index, found)) => {
            let place = Some(end(&text[..index]));
            Err(Fault::InText { place, path: KeyPath::default(), problem: Problem::Character(found) })
        }
    }
}

/// The place behind a text's last character, with the line breaks of YAML 1.1, by which the parser counts.
fn end(text: &str) -> Place {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).replace("\r\n", "\n");
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    let (number, last) = lines.enumerate().last().unwrap_or((0, ""));
    Place { line: number + 1, column: last.chars().count() + 1 }
}

/// `c-printable` of YAML 1.2 section 5.1, without a byte order mark in the middle of a text.
fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && c != BYTE_ORDER_MARK
}

fn second_document(text: &str, document: serde_yaml::Deserializer<'_>) -> Fault {
    let Err(error) = document.deserialize_any(Stop);
    Fault::InText { place: place(text, &error), path: KeyPath::default(), problem: Problem::SecondDocument }
}

/// A problem of ours that the parser carried out, or the parser's own.
fn in_text(text: &str, error: &Error, ours: Option<(KeyPath, Problem)>) -> Fault {
    let (path, problem) =
        ours.unwrap_or_else(|| (KeyPath::default(), Problem::NotYaml(without_place(error))));
    Fault::InText { place: place(text, error), path, problem }
}

/// Never behind the end of the text, although the parser ends every text with a line of its own making.
fn place(text: &str, error: &Error) -> Option<Place> {
    let location = error.location()?;
    let last = end(text);
    let place = Place { line: location.line(), column: location.column() };
    Some(if place.line > last.line { last } else { place })
}

/// The parser's message without its place, which we print in front.
fn without_place(error: &Error) -> String {
    let text = error.to_string();
    match error.location() {
        Some(at) => text.replacen(&format!(" at line {} column {}", at.line(), at.column()), "", 1),
        None => text,
    }
}

/// Builds the tree below `path`. A problem found on the way is left in `problem`, because an error of
/// `yaml_serde` carries only text; the error that goes with it brings the place.
#[derive(Clone, Copy)]
struct Tree<'a> {
    path: &'a KeyPath,
    problem: &'a RefCell<Option<(KeyPath, Problem)>>,
}

impl Tree<'_> {
    fn note(self, path: KeyPath, problem: Problem) {
        self.problem.replace(Some((path, problem)));
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number past i64 is only ever shown in a message")]
impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Integer))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(Node::Float(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        Ok(Node::Float(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Node, A::Error> {
        let (tag, _) = data.variant::<String>()?;
        let problem = Problem::Expected { expected: "a plain value", found: format!("the YAML tag !{tag}") };
        self.note(self.path.clone(), problem);
        Err(A::Error::custom("tag"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = items.next_element_seed(Tree { path: &self.path.index(list.len()), ..self })? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut seen = BTreeSet::new();
        let mut map = Vec::new();
        // The check runs while the key is being read, so that the error points at the key.
        while let Some(key) = entries.next_key_seed(Key(|key: &str| {
            let repeated = !seen.insert(key.to_owned());
            if repeated {
                self.note(self.path.key(key), Problem::DuplicateKey);
            }
            !repeated
        }))? {
            let node = entries.next_value_seed(Tree { path: &self.path.key(&key), ..self })?;
            map.push((key, node));
        }
        Ok(Node::Map(map))
    }
}

/// Reads a key as text, whatever type YAML gives it, unless the function refuses it.
struct Key<F>(F);

impl<'de, F: FnOnce(&str) -> bool> DeserializeSeed<'de> for Key<F> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<F: FnOnce(&str) -> bool> Visitor<'_> for Key<F> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word as key")
    }

    fn visit_str<R: serde::de::Error>(self, key: &str) -> Result<String, R> {
        if (self.0)(key) { Ok(key.to_owned()) } else { Err(R::custom("key")) }
    }
}

/// Walks along `steps` and fails at their end.
struct Seek<'a> {
    steps: &'a [Step],
    aspect: Aspect,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.steps.is_empty() {
            return deserializer.deserialize_any(Stop).map(|never| match never {});
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value that is looked for")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let [Step::Index(wanted), rest @ ..] = self.steps else { return Ok(()) };
        for _ in 0..*wanted {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Seek { steps: rest, ..self })?;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let [Step::Key(wanted), rest @ ..] = self.steps else { return Ok(()) };
        let stop_at_key = rest.is_empty() && self.aspect == Aspect::Key;
        while let Some(key) = entries.next_key_seed(Key(|key: &str| !(stop_at_key && key == wanted)))? {
            if key == *wanted {
                return entries.next_value_seed(Seek { steps: rest, ..self });
            }
            entries.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Accepts nothing, so whatever comes is an error with a place.
struct Stop;

impl Visitor<'_> for Stop {
    type Value = Infallible;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}
