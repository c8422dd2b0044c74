//! A reading as it is read from the wire: in one go, for there are hundreds in a sample and hundreds of
//! samples in a second.
//!
//! To try whether it is a gap and then whether it is a value would keep each aside and make an error of each
//! that is known. Its first key tells both apart.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::Reading;

/// The key of a gap.
const MISSING: &str = "missing";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Reading<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

fn known<'de, T: Deserialize<'de>, E: Error>(
    value: impl IntoDeserializer<'de, E>,
) -> Result<Reading<T>, E> {
    T::deserialize(Whole(value.into_deserializer())).map(Reading::Known)
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Reading<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or why it is missing")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        known(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        known(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        known(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        known(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        known(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Self::Value, E> {
        known(value)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        known(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<Self::Value, A::Error> {
        T::deserialize(Whole(SeqAccessDeserializer::new(values))).map(Reading::Known)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rest: A) -> Result<Self::Value, A::Error> {
        let key = rest.next_key::<String>()?;
        if key.as_deref() == Some(MISSING) {
            let why = rest.next_value()?;
            while rest.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Reading::Missing(why));
        }
        let whole = Whole(MapAccessDeserializer::new(Begun { key, rest }));
        T::deserialize(whole).map(Reading::Known)
    }
}

/// A map whose first key has been read.
struct Begun<A> {
    key: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Begun<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.key.take() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

/// A value that is taken for what it is asked to be, also where that is a wrapper around it.
struct Whole<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Whole<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{from_str, to_string};

    use super::*;
    use crate::model::reading::Why;
    use crate::model::text::SafeText;
    use crate::model::unit::{Bytes, Ratio};

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Plain,
        Wide(f64),
        Named { of: SafeText },
    }

    #[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Outer {
        first: Reading<f64>,
        #[serde(default)]
        more: Vec<Reading<Bytes>>,
    }

    fn crosses<T>(reading: &Reading<T>)
    where
        T: fmt::Debug + PartialEq + serde::Serialize + for<'de> Deserialize<'de>,
    {
        let line = to_string(reading).unwrap();
        assert_eq!(from_str::<Reading<T>>(&line).unwrap(), *reading, "{line}");
        let inside = format!("{{\"first\":1,\"more\":[],\"x\":{line}}}");
        let map: BTreeMap<String, serde_json::Value> = from_str(&inside).unwrap();
        let again: Reading<T> = serde_json::from_value(map["x"].clone()).unwrap();
        assert_eq!(again, *reading, "{line}");
    }

    #[test]
    fn every_kind_of_value_crosses_the_wire() {
        crosses(&Reading::Known(3.5));
        crosses(&Reading::Known(-3_i64));
        crosses(&Reading::Known(u64::MAX));
        crosses(&Reading::Known(true));
        crosses(&Reading::Known(SafeText::from("words")));
        crosses(&Reading::Known(Bytes(7)));
        crosses(&Reading::Known(Ratio::new(0.5).unwrap()));
        crosses(&Reading::Known(vec![Bytes(1), Bytes(2)]));
        crosses(&Reading::Known([1.0, 2.0, 3.0]));
        crosses(&Reading::Known((1_u8, SafeText::from("two"))));
        crosses(&Reading::Known(BTreeMap::from([("a".to_owned(), 1)])));
        crosses(&Reading::Known(BTreeMap::<String, u8>::new()));
        crosses(&Reading::Known(Some(4_u32)));
        for shape in [Shape::Plain, Shape::Wide(1.0), Shape::Named { of: "it".into() }] {
            crosses(&Reading::Known(shape));
        }
        let first = Reading::Missing(Why::Failed("broken".into()));
        crosses(&Reading::Known(Outer { first, more: vec![Reading::Known(Bytes(1))] }));
        crosses(&Reading::<Outer>::Missing(Why::NotYet));
    }

    #[test]
    fn a_whole_number_is_a_number() {
        assert_eq!(from_str::<Reading<f64>>("3").unwrap(), Reading::Known(3.0));
        let gap = r#"{"missing":"timed_out","since":[1,{"a":2}]}"#;
        assert_eq!(from_str::<Reading<f64>>(gap).unwrap(), Reading::Missing(Why::TimedOut));
    }

    #[test]
    fn what_is_neither_says_where() {
        for wrong in ["null", "\"3\"", "[1]", "{}", r#"{"missing":"lunch"}"#, r#"{"a":1}"#, "-"] {
            let error = from_str::<Reading<f64>>(wrong).unwrap_err();
            assert!(error.line() == 1, "{wrong}: {error}");
        }
        assert!(from_str::<Reading<u64>>("-1").is_err());
        assert!(from_str::<Reading<Bytes>>("1.5").is_err());
    }
}
