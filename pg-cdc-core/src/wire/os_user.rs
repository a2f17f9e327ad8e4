//! The name of the operating system's user, libpq's default for the role.

/// The name that the password file has for the user this process runs as, else what `USER` or `LOGNAME` say.
pub(super) fn os_user() -> Option<String> {
    from_passwd().or_else(|| {
        ["USER", "LOGNAME", "USERNAME"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|name| !name.is_empty())
    })
}

#[cfg(unix)]
fn from_passwd() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    // The owner of /proc/self is the effective user, without a call that needs unsafe code.
    let uid = std::fs::metadata("/proc/self").ok()?.uid();
    name_in_passwd(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

#[cfg(not(unix))]
fn from_passwd() -> Option<String> {
    None
}

#[cfg(unix)]
fn name_in_passwd(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?;
        (id.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_by_the_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\npostgres:x:105:110::/var/lib:/bin/sh\n";
        assert_eq!(name_in_passwd(passwd, 105).as_deref(), Some("postgres"));
        assert_eq!(name_in_passwd(passwd, 7), None);
    }
}
