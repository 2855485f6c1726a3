//! Requests in JSON 1.1, and all pages of their answers.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::{Map, Value};

use crate::aws::direct::{Call, Common, Requests as Direct, Service};
use crate::aws::error::Error;

/// Sends requests.
#[derive(Clone, Debug)]
pub(super) struct Requests(Direct);

/// An object of a request or an answer.
pub(super) type Object = Map<String, Value>;

pub(super) const SERVICE: &str = "dms";

static DMS: Service = Service { name: SERVICE, id: "Database Migration Service" };

/// What comes before the operation in the header that names it.
const TARGET: &str = "AmazonDMSv20160101";

impl Requests {
    pub(super) fn new(common: Common<'_>) -> Self {
        Self(Direct::new(&DMS, common))
    }

    /// The answer to one request.
    pub(super) async fn send(&self, operation: &'static str, input: &Value) -> Result<Object, Error> {
        let call = Call {
            operation,
            content_type: "application/x-amz-json-1.1",
            headers: vec![("x-amz-target", format!("{TARGET}.{operation}"))],
            body: input.to_string(),
            refusal,
        };
        let answer = self.0.send(call).await?;
        serde_json::from_str(&answer).map_err(|error| Error::unreadable(SERVICE, operation, &error))
    }

    /// What is read of each item of a list, on all of its pages of so many items.
    pub(super) async fn all<T>(
        &self,
        operation: &'static str,
        mut input: Object,
        (list, page): (&str, u32),
        item: impl Fn(&Object) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        input.insert("MaxRecords".to_owned(), page.into());
        let mut found = Vec::new();
        loop {
            let answer = self.send(operation, &Value::Object(input.clone())).await?;
            let items = answer.get(list).and_then(Value::as_array);
            for one in items.ok_or_else(|| Error::incomplete(SERVICE, operation, list))? {
                let read = one.as_object().and_then(&item);
                found.push(read.ok_or_else(|| Error::incomplete(SERVICE, operation, "identifier of each item"))?);
            }
            match text(&answer, "Marker").filter(|marker| !marker.is_empty()) {
                Some(marker) => _ = input.insert("Marker".to_owned(), marker.into()),
                None => return Ok(found),
            }
        }
    }
}

/// A request for what has one of some values.
pub(super) fn filtered(by: &[(&str, &[&str])]) -> Object {
    let filters = by.iter().map(|(name, values)| serde_json::json!({ "Name": name, "Values": values }));
    Object::from_iter([("Filters".to_owned(), Value::Array(filters.collect()))])
}

pub(super) fn text(of: &Object, name: &str) -> Option<String> {
    of.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A number that is zero if it is not told.
pub(super) fn number(of: &Object, name: &str) -> i64 {
    of.get(name).and_then(Value::as_i64).unwrap_or_default()
}

/// `{"__type":"…#ResourceNotFoundFault:…","message":"…"}`. The header is preferred where a proxy has changed the body.
fn refusal(response: &HttpResponse, body: &str) -> ErrorMetadata {
    let body: Object = serde_json::from_str(body).unwrap_or_default();
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let code = header.or_else(|| text(&body, "__type")).or_else(|| text(&body, "code"));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = &code {
        let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
        metadata = metadata.code(code);
    }
    metadata.message(text(&body, "message").or_else(|| text(&body, "Message")).unwrap_or_default()).build()
}
