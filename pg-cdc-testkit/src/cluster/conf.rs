//! postgresql.conf.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// Adds settings at the end of postgresql.conf, where they win over those before.
pub(super) fn append_conf(data: &Path, settings: &[(&str, String)]) -> Result<()> {
    let path = data.join("postgresql.conf");
    let mut text = String::from("\n");
    for (name, value) in settings {
        text += &format!("{name} = '{}'\n", value.replace('\'', "''"));
    }
    let file = fs::OpenOptions::new().append(true).open(&path);
    file.and_then(|mut f| f.write_all(text.as_bytes())).map_err(Error::file("writing", &path))
}
