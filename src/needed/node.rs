//! Node: a manifest's value, of which only texts, lists and maps are kept.
//!
//! Read by a visitor of our own, because nothing else bounds what aliases make of a small file, and because a key that
//! stands twice is to be named where it stands.

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use std::{cell::Cell, collections::HashSet, fmt};

/// The key that takes the entries of other maps in (YAML 1.1, "Merge Key Language-Independent Type").
const MERGE: &str = "<<";

/// A value. Numbers, booleans and nothing at all name no image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Other,
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        let Self::Text(text) = self else { return None };
        Some(text)
    }

    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Text(_) | Self::Map(_) | Self::Other => &[],
        }
    }
}

/// Reads a node and everything below it, as long as that does not grow past what is left.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// What may still be read: one for each value, one for each byte of a text.
    pub(super) left: &'a Cell<usize>,
}

impl Reader<'_> {
    fn spend<E: de::Error>(self, cost: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(cost);
        self.left.set(left.ok_or_else(|| E::custom("its aliases make it far larger than it is written"))?);
        Ok(())
    }

    fn other<E: de::Error>(self) -> Result<Node, E> {
        self.spend(1).map(|()| Node::Other)
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        self.spend(1 + text.len())?;
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        self.other()
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Node, E> {
        self.other()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Node, E> {
        self.other()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Node, E> {
        self.other()
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Node, E> {
        self.other()
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Node, E> {
        self.other()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        self.other()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        self.spend(1)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        self.spend(1)?;
        let mut seen = HashSet::new();
        let (mut map, mut merged) = (Vec::new(), Vec::new());
        while let Some(key) = entries.next_key_seed(Key { reader: self, seen: &seen })? {
            let value = entries.next_value_seed(self)?;
            let Some(key) = key else { continue };
            match value {
                Node::Map(more) if key == MERGE => merged.extend(more),
                Node::List(items) if key == MERGE => {
                    merged.extend(items.into_iter().flat_map(|item| match item {
                        Node::Map(more) => more,
                        Node::Text(_) | Node::List(_) | Node::Other => Vec::new(),
                    }));
                }
                value => map.push((key.clone(), value)),
            }
            seen.insert(key);
        }
        // What the map has itself counts, then the map that is named first.
        for (key, value) in merged {
            if seen.insert(key.clone()) {
                map.push((key, value));
            }
        }
        Ok(Node::Map(map))
    }

    /// A value with a tag of its own, `!name value`.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (_, value) = tagged.variant::<IgnoredAny>()?;
        value.newtype_variant_seed(self)
    }
}

/// Reads a key; one that is a list is none.
struct Key<'a, 'seen> {
    reader: Reader<'a>,
    seen: &'seen HashSet<String>,
}

impl Key<'_, '_> {
    fn take<E: de::Error>(self, key: String) -> Result<Option<String>, E> {
        self.reader.spend(1 + key.len())?;
        if self.seen.contains(&key) {
            Err(E::custom(format_args!("the key `{key}` stands twice")))
        } else {
            Ok(Some(key))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key<'_, '_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        self.take(key.to_owned())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        self.take("null".to_owned())
    }

    fn visit_bool<E: de::Error>(self, key: bool) -> Result<Self::Value, E> {
        self.take(key.to_string())
    }

    fn visit_i64<E: de::Error>(self, key: i64) -> Result<Self::Value, E> {
        self.take(key.to_string())
    }

    fn visit_u64<E: de::Error>(self, key: u64) -> Result<Self::Value, E> {
        self.take(key.to_string())
    }

    fn visit_f64<E: de::Error>(self, key: f64) -> Result<Self::Value, E> {
        self.take(key.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        self.reader.visit_seq(items).map(|_| None)
    }

    /// No manifest has such a key, and `{{ .Values.image }}` without quotes is one.
    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(de::Error::custom("a key that is a map"))
    }
}
