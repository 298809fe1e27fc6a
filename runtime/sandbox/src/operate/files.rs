//! Files: uploads, downloads, and the address that images and attachments redirect to.

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use tradewire_sandbox_seed::json::quoted;
use tradewire_sandbox_seed::number_of;

use super::Call;
use super::answer::written;
use crate::problem::Problem;
use crate::store::StoredFile;
use crate::wire::{self, Response};

/// Files whose names end so are there although nobody sent them: seeded records refer to such.
const SEEDED: [(&str, &str); 5] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
];

/// Keeps a file that was sent.
pub(crate) fn upload(call: &Call<'_>, name: &str, file: StoredFile) -> Response {
    let folder = call.endpoint.segments.iter().rev().find_map(|segment| match segment {
        tradewire_sandbox_seed::plan::route::Segment::Word(word) => Some(word.as_str()),
        tradewire_sandbox_seed::plan::route::Segment::Param(_) => None,
    });
    let number = call.store.files.lock().len() + 1;
    let path = format!("{}/{number}/{name}", folder.unwrap_or("files"));
    if !call.trouble.lost_write {
        call.store.files.lock().insert(path.clone(), file);
    }
    let text = format!(r#"{{"path":{0},"fileName":{1},"id":{number}}}"#, quoted(&path), quoted(name));
    written(call, &text, &number.to_string())
}

/// Gives a file: straight, as recordings are, or by a redirect to where it lies.
pub(super) fn download(call: &Call<'_>, straight: bool) -> Result<Response, Problem> {
    if straight {
        let seed = number_of(&call.path.join("/"));
        return Ok(wire::typed(StatusCode::OK, "audio/wav", tone(seed)));
    }
    let path = call.asked.get("path").map(str::to_owned).or_else(|| call.path.last().cloned()).unwrap_or_default();
    find(call.store, &path).ok_or_else(|| Problem::missing(&path))?;
    let encoded: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("path", &path).finish();
    let address = format!("/_sandbox/files/{}?{encoded}", call.tenant);
    let mut response = wire::empty(StatusCode::FOUND);
    if let Ok(value) = HeaderValue::from_str(&address) {
        response.headers_mut().insert(LOCATION, value);
    }
    Ok(response)
}

/// The file that a redirect led to. Its address is all it takes, as with the real storage.
pub(crate) fn serve(store: &crate::store::Store, path: &str) -> Option<Response> {
    let file = find(store, path)?;
    Some(wire::typed(StatusCode::OK, &file.media_type, file.bytes))
}

fn find(store: &crate::store::Store, path: &str) -> Option<StoredFile> {
    if let Some(file) = store.files.lock().get(path) {
        return Some(file.clone());
    }
    let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
    let (_, media_type) = SEEDED.iter().find(|(known, _)| *known == ending)?;
    let text = format!("The sandbox's file {path}\n");
    Some(StoredFile { media_type: (*media_type).to_owned(), bytes: text.into() })
}

/// A second of sound: a WAV of 8 bits at 8 kHz.
fn tone(seed: u64) -> Vec<u8> {
    const RATE: u32 = 8000;
    let mut wav = Vec::with_capacity(44 + RATE as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + RATE).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(b"\x01\0\x08\0data");
    wav.extend_from_slice(&RATE.to_le_bytes());
    let period = 10 + u32::try_from(seed % 30).unwrap_or(0);
    wav.extend((0..RATE).map(|at| if at % (2 * period) < period { 96 } else { 160 }));
    wav
}
