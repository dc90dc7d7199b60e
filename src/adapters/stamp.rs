//! Notices that a file was replaced or changed, for one `stat`.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// Equal stamps mean equal content, as far as the file system tells. A file that cannot be read has a stamp
/// of its own, so that its appearance is noticed too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Option<[i128; 4]>);

impl Stamp {
    pub(super) fn of(file: &Path) -> Self {
        Self(fs::metadata(file).ok().map(|file| {
            // An editor that writes a new file and renames it changes the inode, one that writes in place the time.
            let (inode, size) = (i128::from(file.ino()), i128::from(file.size()));
            [inode, size, file.mtime().into(), file.mtime_nsec().into()]
        }))
    }
}
