//! A value of a front matter, whatever its format: what a key holds is for `fields.rs` to say.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// Under this key, the TOML reader gives a date.
const TOML_DATE: &str = "$__toml_private_datetime";

#[derive(Debug, Clone, PartialEq)]
pub(super) enum FieldValue {
    Nothing,
    Flag(bool),
    /// Also a number and a date.
    Text(String),
    List(Vec<FieldValue>),
    Map(Vec<(String, FieldValue)>),
}

impl FieldValue {
    /// Its text, if it is one and not blank.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// Its text, or those of its list, in order.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::List(values) => values.iter().flat_map(Self::texts).collect(),
            other => other.text().into_iter().collect(),
        }
    }

    /// The first of these keys of a map that holds a text.
    pub(super) fn entry(&self, names: &[&str]) -> Option<&str> {
        let Self::Map(entries) = self else { return None };
        let of = |name: &&str| entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.text();
        names.iter().find_map(of)
    }

    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(values) => values.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Flag(_) => false,
        }
    }

    /// What it is, for who wrote it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Flag(_) => "yes or no",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a table",
        }
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = FieldValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list or a table")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<FieldValue, E> {
        Ok(FieldValue::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(number.to_string()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(number.to_string()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(text))
    }

    fn visit_unit<E>(self) -> Result<FieldValue, E> {
        Ok(FieldValue::Nothing)
    }

    fn visit_none<E>(self) -> Result<FieldValue, E> {
        Ok(FieldValue::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<FieldValue, D::Error> {
        FieldValue::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FieldValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(FieldValue::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<FieldValue>()? {
            let value: FieldValue = map.next_value()?;
            match key {
                FieldValue::Text(key) if key == TOML_DATE => return Ok(value),
                FieldValue::Text(key) => entries.push((key, value)),
                FieldValue::Flag(key) => entries.push((key.to_string(), value)),
                // Nothing that anybody would ask for.
                _ => {}
            }
        }
        Ok(FieldValue::Map(entries))
    }
}
