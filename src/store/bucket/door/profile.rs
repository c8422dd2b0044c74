//! What stands in the files `credentials` and `config` of `~/.aws`, for those who set no variables.
//!
//! The keys and the region of one profile, as the tools of AWS read them. A variable goes before a
//! file. What needs more (single sign-on, roles that are assumed) is for those tools to bring into the
//! environment.

use std::path::PathBuf;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

/// Longest file that is read.
const LONGEST: u64 = 1 << 20;

/// `builder` with what it lacks and a profile has.
pub(super) fn complete(builder: AmazonS3Builder) -> AmazonS3Builder {
    let profile = std::env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned());
    let keys = text("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials").unwrap_or_default();
    let config = text("AWS_CONFIG_FILE", ".aws/config").unwrap_or_default();
    let section = if profile == "default" { profile.clone() } else { format!("profile {profile}") };
    let lacks = |builder: &AmazonS3Builder, key| builder.get_config_value(&key).is_none();
    let mut builder = builder;
    let in_files = |key| value(&keys, &profile, key).or_else(|| value(&config, &section, key));
    if lacks(&builder, AmazonS3ConfigKey::AccessKeyId) {
        // A key goes with its own secret and no other.
        for (key, name) in [
            (AmazonS3ConfigKey::AccessKeyId, "aws_access_key_id"),
            (AmazonS3ConfigKey::SecretAccessKey, "aws_secret_access_key"),
            (AmazonS3ConfigKey::Token, "aws_session_token"),
        ] {
            if let Some(value) = in_files(name) {
                builder = builder.with_config(key, value);
            }
        }
    }
    if lacks(&builder, AmazonS3ConfigKey::Region)
        && let Some(region) = in_files("region")
    {
        builder = builder.with_region(region);
    }
    builder
}

/// The text of the file that `variable` names, or of `usual` below the home directory.
fn text(variable: &str, usual: &str) -> Option<String> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(usual)))?;
    let about = std::fs::metadata(&path).ok()?;
    (about.is_file() && about.len() <= LONGEST).then(|| std::fs::read_to_string(path).ok())?
}

/// The value of `key` in `[section]` of `text`.
fn value(text: &str, section: &str, key: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = name.trim() == section;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside)
            && name.trim() == key
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_its_own_keys() {
        let text =
            "[default]\naws_access_key_id = A\n# x\n[lab]\naws_access_key_id=B\nregion = r\n";
        assert_eq!(value(text, "default", "aws_access_key_id").as_deref(), Some("A"));
        assert_eq!(value(text, "lab", "aws_access_key_id").as_deref(), Some("B"));
        assert_eq!(value(text, "default", "region"), None);
        assert_eq!(value(text, "gone", "region"), None);
    }
}
