//! `wasi:keyvalue`: what a plugin keeps from run to run.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::Resource;

use super::RunState;
use super::contract::wasi::keyvalue::{atomics, store};
use crate::middleware::is_name;
use crate::state::State;
use tradewire_workers::off_worker;

/// The bucket that has no name of its own.
const DEFAULT: &str = "default";
/// What the export hands over after which this one runs: the one bucket of the runtime's that plugins may read.
const FOLLOWED: &str = "_followed";

/// A bucket, as a plugin's resource. Cheap to clone.
#[derive(Clone)]
pub struct Bucket {
    name: Arc<str>,
    state: Arc<dyn State>,
}

/// A value as it was when the plugin looked at it, as its resource. By its hash: a plugin may look as often as it likes,
/// and is not to make the host keep a copy each time.
pub struct Cas {
    bucket: Bucket,
    key: String,
    value: Option<[u8; 32]>,
}

impl Bucket {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, store::Error> {
        self.state.get(&self.name, key).await.map_err(store::Error::Other)
    }

    async fn set(&self, key: &str, value: Option<Vec<u8>>) -> Result<(), store::Error> {
        self.state.set(&self.name, key, value).await.map_err(store::Error::Other)
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, store::Error> {
        let other =
            |problem: &str| store::Error::Other(format!("`{}` cannot be added to: {problem}", key.escape_debug()));
        let number = match self.get(key).await? {
            Some(value) => {
                let number = std::str::from_utf8(&value).ok().and_then(|text| text.parse::<i64>().ok());
                number.ok_or_else(|| other("it is not a number"))?
            }
            None => 0,
        };
        let sum = number.checked_add(delta).ok_or_else(|| other("the sum does not fit into 64 bits"))?;
        self.set(key, Some(sum.to_string().into_bytes())).await?;
        Ok(sum)
    }

    async fn look(self, key: String) -> Result<Cas, store::Error> {
        let value = self.get(&key).await?;
        let value = value.map(|value| off_worker(value.len(), || Sha256::digest(&value).into()));
        Ok(Cas { bucket: self, key, value })
    }
}

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;

impl RunState {
    fn bucket(&self, bucket: &Resource<Bucket>) -> wasmtime::Result<Bucket> {
        Ok(self.table.get(bucket)?.clone())
    }
}

impl store::Host for RunState {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        let name = if identifier.is_empty() { DEFAULT } else { &identifier };
        let Some(state) = &self.state else { return Ok(Err(store::Error::AccessDenied)) };
        if !is_name(name) {
            return Ok(Err(store::Error::NoSuchStore));
        }
        // Those are the runtime's own.
        if name.starts_with('_') && name != FOLLOWED {
            return Ok(Err(store::Error::AccessDenied));
        }
        Ok(Ok(self.table.push(Bucket { name: name.into(), state: state.clone() })?))
    }
}

impl store::HostBucket for RunState {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        Ok(self.bucket(&bucket)?.get(&key).await)
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        Ok(self.bucket(&bucket)?.set(&key, Some(value)).await)
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<()> {
        Ok(self.bucket(&bucket)?.set(&key, None).await)
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<bool> {
        Ok(self.bucket(&bucket)?.get(&key).await.map(|value| value.is_some()))
    }

    async fn list_keys(&mut self, bucket: Resource<Bucket>, cursor: Option<String>) -> Answer<store::KeyResponse> {
        let bucket = self.bucket(&bucket)?;
        let found = bucket.state.keys(&bucket.name, cursor.as_deref()).await.map_err(store::Error::Other);
        Ok(found.map(|found| {
            let cursor = found.keys.last().filter(|_| found.more).cloned();
            store::KeyResponse { keys: found.keys, cursor }
        }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for RunState {
    async fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: i64) -> Answer<i64> {
        Ok(self.bucket(&bucket)?.increment(&key, delta).await)
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let Cas { bucket, key, value: expected } = self.table.delete(cas)?;
        let now = match bucket.clone().look(key).await {
            Ok(now) => now,
            Err(error) => return Ok(Err(atomics::CasError::StoreError(error))),
        };
        if now.value != expected {
            return Ok(Err(atomics::CasError::CasFailed(self.table.push(now)?)));
        }
        Ok(bucket.set(&now.key, Some(value)).await.map_err(atomics::CasError::StoreError))
    }
}

impl atomics::HostCas for RunState {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        match self.bucket(&bucket)?.look(key).await {
            Ok(cas) => Ok(Ok(self.table.push(cas)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        let Cas { bucket, key, .. } = self.table.get(&cas)?;
        let (bucket, key) = (bucket.clone(), key.clone());
        Ok(bucket.get(&key).await)
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}
