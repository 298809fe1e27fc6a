//! ServiceTitan over the network: [`ServiceTitan`] by the client.

use bytes::Bytes;
use tradewire_client::{Answered, Arguments, Download, Error, Pages, Tenant};
use tradewire_surface::{Method, OperationRef};
use url::form_urlencoded::Serializer;

use crate::api::{CallError, FieldError, FileAnswer, Later, PageSource, ServiceTitan};

impl ServiceTitan for Tenant {
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async move { Ok(Tenant::call(self, operation, arguments).await?) })
    }

    fn pages(&self, operation: OperationRef<'static>, arguments: &Arguments) -> Box<dyn PageSource> {
        Box::new(Tenant::pages(self, operation, arguments))
    }

    fn download<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        Box::pin(async move {
            let file = Tenant::download(self, operation, arguments).await?;
            Ok(Box::new(file) as Box<dyn FileAnswer>)
        })
    }

    fn raw<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        params: &'a [(String, String)],
        body: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async move {
            let mut target = path.replace("{tenant}", &self.id().to_string());
            if !params.is_empty() {
                let separator = if target.contains('?') { '&' } else { '?' };
                target = format!("{target}{separator}{}", Serializer::new(String::new()).extend_pairs(params).finish());
            }
            Ok(Tenant::raw(self, http_method(method), &target, body).await?)
        })
    }
}

fn http_method(method: Method) -> tradewire_client::Method {
    match method {
        Method::Get => tradewire_client::Method::GET,
        Method::Post => tradewire_client::Method::POST,
        Method::Put => tradewire_client::Method::PUT,
        Method::Patch => tradewire_client::Method::PATCH,
        Method::Delete => tradewire_client::Method::DELETE,
    }
}

impl PageSource for Pages {
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>> {
        Box::pin(async move {
            let page = Pages::next(self).await?;
            Ok(page.map(|page| Answered { status: 200, body: page.body, attempts: page.attempts, waited: page.waited }))
        })
    }
}

impl FileAnswer for Download {
    fn content_type(&self) -> Option<String> {
        self.content_type.clone()
    }

    fn length(&self) -> Option<u64> {
        self.length
    }

    fn chunk(&mut self) -> Later<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(async move { Ok(Download::chunk(self).await?) })
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> CallError {
        CallError {
            kind: error.kind().word().into_owned(),
            message: error.message().to_owned(),
            status: error.status(),
            trace_id: error.trace_id().map(str::to_owned),
            fields: error
                .fields()
                .iter()
                .map(|f| FieldError { field: f.field.clone(), messages: f.messages.clone() })
                .collect(),
            in_doubt: error.in_doubt(),
            attempts: error.attempts(),
        }
    }
}
