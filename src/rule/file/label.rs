//! Labels in a file of rules: what a rule says of its alerts, and by which of it a receiver sorts.

use std::collections::BTreeMap;

use serde_spanned::Spanned;

use super::Reading;
use crate::config::Mistake;
use crate::model::alert::{LABELS, Labels};
use crate::model::text::SafeText;
use crate::rule::judge::OWN;

/// Letters of a value.
const LONGEST: usize = 120;

/// Labels as they are written.
pub(super) type Written = BTreeMap<Spanned<String>, Spanned<String>>;

impl Reading<'_> {
    /// The labels in `written`.
    pub(super) fn labels(&self, written: Option<&Written>) -> Result<Labels, Mistake> {
        let mut labels = Labels::new();
        for (name, value) in written.into_iter().flatten() {
            let known = self.label(name)?;
            if OWN.contains(&known.as_str()) {
                let what = format!("every alert has a `{known}` of its own");
                return Err(self.mistake(&name.span(), &what, "name the label otherwise"));
            }
            if labels.len() >= LABELS {
                let what = format!("there are more than {LABELS} labels");
                return Err(self.mistake(&name.span(), &what, "take some away"));
            }
            labels.insert(known, SafeText::within(value.get_ref(), LONGEST));
        }
        Ok(labels)
    }

    /// The names by which messages are told apart: of labels, or of what every alert has.
    pub(super) fn group_by(
        &self,
        written: Option<&Vec<Spanned<String>>>,
    ) -> Result<Vec<SafeText>, Mistake> {
        written.into_iter().flatten().take(LABELS).map(|name| self.label(name)).collect()
    }

    fn label(&self, name: &Spanned<String>) -> Result<SafeText, Mistake> {
        let text = name.get_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || text.len() > 64 || !text.chars().all(fits) {
            let what = format!("`{}` is no name of a label", SafeText::within(text, 64));
            return Err(self.mistake(&name.span(), &what, "write letters, digits and _"));
        }
        Ok(SafeText::new(text))
    }
}
