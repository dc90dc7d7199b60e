//! Which files, in which order, with what text.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::FilesError;

/// Every `*.json` below the directory, sorted, so that the same directory reads the same everywhere.
/// Links to files are followed, links to directories are not: they may lead in a circle.
pub(super) fn json_files(directory: &Path) -> Result<Vec<PathBuf>, FilesError> {
    let unreadable = |source| FilesError::Unreadable { path: directory.to_owned(), source };
    if !fs::metadata(directory).map_err(unreadable)?.is_dir() {
        return Err(FilesError::NotADirectory { path: directory.to_owned() });
    }
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        entries(&next, &mut files, &mut directories)
            .map_err(|source| FilesError::Unreadable { path: next, source })?;
    }
    files.sort();
    Ok(files)
}

fn entries(directory: &Path, files: &mut Vec<PathBuf>, directories: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            directories.push(path);
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
            && !path.is_dir()
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The file's text. A shell on Windows redirects output as UTF-16 or with a byte order mark.
pub(super) fn text(path: &Path) -> Result<String, FilesError> {
    let bytes = fs::read(path).map_err(|source| FilesError::Unreadable { path: path.to_owned(), source })?;
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => Ok(utf16(rest)),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(path, rest.to_vec()),
        _ => utf8(path, bytes),
    }
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, FilesError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default()).into_owned();
        FilesError::NotJson {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            problem: "not UTF-8 text".to_owned(),
        }
    })
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
