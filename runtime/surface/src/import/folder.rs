//! Reads the importer's input from disk.

use std::fs;
use std::path::{Path, PathBuf};

use super::{ContractSource, Source, Sources};

/// Input that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct ReadError {
    path: PathBuf,
    source: std::io::Error,
}

impl Sources {
    /// Reads a folder of OpenAPI documents (`*.json`), the file of webhook events, and a folder that holds a folder
    /// for each middleware endpoint with its `request.json` and `response.json`.
    pub fn read(openapi: &Path, events: Option<&Path>, contracts: Option<&Path>) -> Result<Sources, ReadError> {
        let mut sources = Sources::default();
        for path in entries(openapi)? {
            if path.extension().is_some_and(|e| e == "json") {
                sources.documents.push(source(&path)?);
            }
        }
        sources.events = events.map(source).transpose()?;
        for path in contracts.map(entries).transpose()?.unwrap_or_default() {
            if path.join("request.json").is_file() {
                sources.contracts.push(ContractSource {
                    endpoint: name(&path),
                    request: source(&path.join("request.json"))?,
                    response: source(&path.join("response.json"))?,
                });
            }
        }
        Ok(sources)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let read = || -> std::io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect() };
    let mut paths = read().map_err(|source| ReadError { path: folder.to_owned(), source })?;
    paths.sort();
    Ok(paths)
}

fn source(path: &Path) -> Result<Source, ReadError> {
    let text = fs::read_to_string(path).map_err(|source| ReadError { path: path.to_owned(), source })?;
    Ok(Source { name: name(path), text })
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
