//! What the servers of other systems have in common.
//!
//! Each is asked a few questions, each question at its own pace ([`survey`]); what they answer is
//! read field by field ([`value`]), so that one that is missing or of another type is missing and
//! nothing more; and rates are made from totals ([`rate`]). It knows none of these systems.

pub(super) mod rate;
pub(super) mod survey;
pub(super) mod value;

pub(super) use rate::Rate;
pub(super) use survey::Survey;
