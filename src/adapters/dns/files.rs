//! The file that name resolution begins with: `/etc/hosts`.

use std::{
    collections::HashMap,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{adapters::stamp::Stamp, model::name::HostsEntry};

/// `hosts(5)`.
pub(super) enum HostsFile {
    /// Kept parsed until the file changes: some are as long as the blocklists they were made of.
    OnDisk {
        path: PathBuf,
        parsed: Mutex<Option<(Stamp, Arc<Table>)>>,
    },
    InMemory(Arc<Table>),
}

/// By name in lower case.
pub(super) type Table = HashMap<String, Vec<HostsEntry>>;

impl HostsFile {
    pub(super) fn on_disk(path: PathBuf) -> Self {
        Self::OnDisk { path, parsed: Mutex::new(None) }
    }

    pub(super) fn in_memory(file: &str, text: &str) -> Self {
        Self::InMemory(Arc::new(parse_hosts(file, text)))
    }

    /// Lines that name the host, first to last.
    pub(super) fn find(&self, host: &str) -> Vec<HostsEntry> {
        self.table().get(&normal(host)).cloned().unwrap_or_default()
    }

    fn table(&self) -> Arc<Table> {
        let (path, parsed) = match self {
            Self::InMemory(table) => return Arc::clone(table),
            Self::OnDisk { path, parsed } => (path, parsed),
        };
        let stamp = Stamp::of(path);
        let mut parsed = parsed.lock().unwrap_or_else(PoisonError::into_inner);
        match &*parsed {
            Some((then, table)) if *then == stamp => Arc::clone(table),
            _ => {
                let table = Arc::new(read_hosts(path));
                *parsed = Some((stamp, Arc::clone(&table)));
                table
            }
        }
    }
}

/// Without a hosts file no line names anything.
fn read_hosts(path: &Path) -> Table {
    let text = fs::read(path).unwrap_or_default();
    parse_hosts(&path.display().to_string(), &String::from_utf8_lossy(&text))
}

fn parse_hosts(file: &str, text: &str) -> Table {
    let mut table = Table::new();
    for (line, text) in (1..).zip(text.lines()) {
        let content = text.split('#').next().unwrap_or_default();
        let mut words = content.split_ascii_whitespace();
        let Some(ip) = words.next().and_then(parse_ip) else { continue };
        for name in words {
            let entry = HostsEntry { file: file.to_owned(), line, ip };
            let entries = table.entry(normal(name)).or_default();
            // A line may repeat a name in another spelling.
            if entries.last() != Some(&entry) {
                entries.push(entry);
            }
        }
    }
    table
}

/// Names are compared without regard to case (RFC 4343) or to the dot that makes them absolute.
fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A zone (`%eth0`) says which link, which no diagnosis here needs.
pub(super) fn parse_ip(word: &str) -> Option<IpAddr> {
    word.split('%').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &str = "# static\n127.0.0.1 localhost\n\n10.0.2.20\tDB.Example.Test db # vectors\nnonsense db\n\
        10.0.3.20 other\n::1 localhost DB.\nfe80::1%lo linklocal db DB\n10.0.9.9\n#10.0.9.9 db\n";

    fn lines(host: &str) -> Vec<(u32, String)> {
        let found = HostsFile::in_memory("/etc/hosts", HOSTS).find(host);
        found.into_iter().map(|entry| (entry.line, entry.ip.to_string())).collect()
    }

    #[test]
    fn every_line_that_names_the_host_is_found() {
        assert_eq!(lines("db.example.test."), [(4, "10.0.2.20".to_owned())]);
        let db = [(4, "10.0.2.20"), (7, "::1"), (8, "fe80::1")].map(|(line, ip)| (line, ip.to_owned()));
        assert_eq!(lines("dB"), db);
        assert_eq!(lines("example.test"), []);
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_missing_one_is_empty() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("hosts");
        let hosts = HostsFile::on_disk(path.clone());
        assert_eq!(hosts.find("db"), []);
        for (text, expected) in [("10.0.0.1 db", 1), ("10.0.0.1 db\n10.0.0.2 db\n", 2), ("", 0)] {
            fs::write(&path, text).unwrap();
            assert_eq!(hosts.find("db").len(), expected, "{text:?}");
        }
    }
}
