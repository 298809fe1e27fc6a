//! `servicetitan:api/files`: uploads and downloads, in pieces.

use std::sync::Arc;

use tradewire_client::CallError;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut, bail};

use super::{Download, Upload, error_json};
use crate::direct::{Answer, AnswerPlan, Outcome};
use crate::run::RunState;

/// The plans of the two functions that can fail, where the plugin imports them.
#[derive(Default)]
pub(crate) struct FilePlans {
    pub write: Option<Arc<AnswerPlan>>,
    pub read: Option<Arc<AnswerPlan>>,
}

/// Uploads are held in memory until they are sent whole; this is the most that those of a run may hold together.
const UPLOAD_BYTES: usize = 64 << 20;
/// The most bytes of an upload's name, and of its media type.
const LONGEST_NAME: usize = 255;

/// Defines the interface.
pub(crate) fn link_files(instance: &mut LinkerInstance<'_, RunState>, plans: FilePlans) -> Result<()> {
    instance.resource("upload", ResourceType::host::<Upload>(), |mut store, rep| {
        let state = store.data_mut();
        let upload = state.table.delete(Resource::<Upload>::new_own(rep))?;
        state.uploading -= upload.content.len();
        Ok(())
    })?;
    instance.resource("download", ResourceType::host::<Download>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Download>::new_own(rep))?;
        Ok(())
    })?;
    instance.func_wrap(
        "[constructor]upload",
        |mut store: StoreContextMut<'_, RunState>, (name, content_type): (String, String)| {
            // A constructor has no error to give.
            if name.len().max(content_type.len()) > LONGEST_NAME {
                bail!("the name or the media type of an upload has more than {LONGEST_NAME} bytes");
            }
            Ok((store.data_mut().table.push(Upload { name, content_type, content: Vec::new() })?,))
        },
    )?;
    instance.func_wrap(
        "[method]download.content-type",
        |store: StoreContextMut<'_, RunState>, (file,): (Resource<Download>,)| {
            Ok((store.data().table.get(&file)?.content_type.clone(),))
        },
    )?;
    instance.func_wrap(
        "[method]download.length",
        |store: StoreContextMut<'_, RunState>, (file,): (Resource<Download>,)| {
            Ok((store.data().table.get(&file)?.length,))
        },
    )?;
    if let Some(plan) = plans.write {
        instance.func_wrap(
            "[method]upload.write",
            move |mut store: StoreContextMut<'_, RunState>, (file, bytes): (Resource<Upload>, Vec<u8>)| {
                let state = store.data_mut();
                let file = state.table.get_mut(&file)?;
                let outcome = if state.uploading + bytes.len() > UPLOAD_BYTES {
                    let message =
                        format!("the uploads of a run hold at most {} MiB until they are sent", UPLOAD_BYTES >> 20);
                    Outcome::Error(error_json(&CallError::new("too-large", message), "upload"))
                } else {
                    file.content.extend_from_slice(&bytes);
                    state.uploading += bytes.len();
                    Outcome::Done
                };
                Ok(Answer { plan: plan.clone(), outcome, budget: store.data().budget() })
            },
        )?;
    }
    if let Some(plan) = plans.read {
        instance.func_wrap_async(
            "[method]download.read",
            move |mut store: StoreContextMut<'_, RunState>, (file, max): (Resource<Download>, u32)| {
                let plan = plan.clone();
                Box::new(async move {
                    let outcome = read(&mut store, &file, max).await?;
                    Ok(Answer { plan, outcome, budget: store.data().budget() })
                })
            },
        )?;
    }
    Ok(())
}

async fn read(store: &mut StoreContextMut<'_, RunState>, file: &Resource<Download>, max: u32) -> Result<Outcome> {
    let entry = store.data_mut().table.get_mut(file)?;
    if entry.rest.is_empty() {
        let operation = entry.operation.clone();
        if let Some(mut source) = entry.file.take() {
            let chunk = source.chunk().await;
            let entry = store.data_mut().table.get_mut(file)?;
            entry.file = Some(source);
            match chunk {
                Ok(Some(chunk)) => entry.rest = chunk,
                Ok(None) => return Ok(Outcome::Piece(None)),
                Err(error) => return Ok(Outcome::Error(super::error_json(&error, &operation))),
            }
        }
    }
    let rest = &mut store.data_mut().table.get_mut(file)?.rest;
    let piece = rest.split_to(rest.len().min(max.max(1) as usize));
    Ok(Outcome::Piece(Some(piece)))
}
