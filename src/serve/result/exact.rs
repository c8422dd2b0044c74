//! JSON as it was written elsewhere: nothing of it is taken for a reading that is missing.

use axum::response::Response;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::serve::answer::{Reply, with_type};

/// 200 with JSON that is left as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Reply for Exact<T> {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "application/json";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn respond(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => with_type(Self::STATUS, Self::MEDIA, bytes.into()),
            Err(error) => super::fault(error).respond(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn an_object_that_looks_like_a_missing_reading_is_told_as_it_is() {
        let value = serde_json::json!({ "custom": { "missing": "tooth" } });
        let response = Exact(value.clone()).respond();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), value);
    }
}
