//! JSON for people and their scripts: a missing value is `null`.
//!
//! On the wire a missing value carries its reason (`{"missing": …}`, see
//! [`crate::model::reading`]); here the reason goes, so that `jq .memory.total_bytes` is a number
//! or nothing.

use serde::Serialize;
use serde_json::Value;

/// `value` as JSON in which every missing reading is `null`.
pub fn plain(value: &impl Serialize) -> serde_json::Result<Value> {
    let mut json = serde_json::to_value(value)?;
    forget_reasons(&mut json);
    Ok(json)
}

/// Replaces every missing reading within `json` by `null`.
fn forget_reasons(json: &mut Value) {
    match json {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("missing") => {
            *json = Value::Null;
        }
        Value::Object(fields) => fields.values_mut().for_each(forget_reasons),
        Value::Array(items) => items.iter_mut().for_each(forget_reasons),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reading::{Reading, Why};

    #[test]
    fn a_missing_value_is_null_wherever_it_is() {
        let gap = || Reading::<f64>::Missing(Why::Absent("/proc/x".into()));
        let rows = vec![(Reading::Known(1.0), gap()), (gap(), Reading::Known(0.0))];
        let json = plain(&rows).unwrap().to_string();
        assert_eq!(json, "[[1.0,null],[null,0.0]]");
    }
}
