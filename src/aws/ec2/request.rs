//! Requests of the query protocol of EC2, and all pages of their answers.

use std::fmt::Write as _;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_xml::decode::XmlDecodeError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::aws::direct::{Call, Common, Requests as Direct, Service};
use crate::aws::ec2::xml::{self, Tag};
use crate::aws::error::Error;

/// Sends requests.
#[derive(Clone, Debug)]
pub(super) struct Requests(Direct);

/// A request without its page.
pub(super) struct Query<'a> {
    pub(super) operation: &'static str,
    /// The most that the operation gives at a time.
    pub(super) page: u32,
    pub(super) parameters: &'a [(String, String)],
}

const SERVICE: &str = "ec2";

static EC2: Service = Service { name: SERVICE, id: "EC2" };

const VERSION: &str = "2016-11-15";

/// All that is not encoded in a form.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The most values of a filter.
const MOST_VALUES: usize = 200;

impl Requests {
    pub(super) fn new(common: Common<'_>) -> Self {
        Self(Direct::new(&EC2, common))
    }

    /// What is read of each item of a list, on all of its pages.
    pub(super) async fn all<T>(
        &self,
        query: Query<'_>,
        list: &str,
        mut item: impl FnMut(Tag<'_, '_>) -> Result<T, XmlDecodeError>,
    ) -> Result<Vec<T>, Error> {
        let kind = format!("{}Response", query.operation);
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let answer = self.send(&query, token.as_deref()).await?;
            token = None;
            let mut has_list = false;
            let read = xml::each(&answer, &kind, |name, tag| {
                has_list |= name == list;
                match name {
                    "nextToken" => token = Some(xml::text(tag)?).filter(|token| !token.is_empty()),
                    _ if name == list => found.extend(xml::items(tag, &mut item)?),
                    _ => {}
                }
                Ok(())
            });
            read.map_err(|error| Error::unreadable(SERVICE, query.operation, &error))?;
            if !has_list {
                return Err(Error::incomplete(SERVICE, query.operation, list));
            }
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The body of the answer.
    async fn send(&self, query: &Query<'_>, page: Option<&str>) -> Result<String, Error> {
        let call = Call {
            operation: query.operation,
            content_type: "application/x-www-form-urlencoded",
            headers: Vec::new(),
            body: query.form(page),
            refusal,
        };
        self.0.send(call).await
    }
}

impl Query<'_> {
    fn form(&self, page: Option<&str>) -> String {
        let mut form = format!("Action={}&Version={VERSION}&MaxResults={}", self.operation, self.page);
        let own = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(page.map(|page| ("NextToken", page))) {
            let _ = write!(form, "&{name}={}", utf8_percent_encode(value, PLAIN));
        }
        form
    }
}

/// The parameters of requests for what has one of some values, as many requests as that takes.
pub(super) fn filtered(by: &str, values: impl IntoIterator<Item = String>) -> Vec<Vec<(String, String)>> {
    let values: Vec<String> = values.into_iter().collect();
    let parameters = |values: &[String]| {
        let name = ("Filter.1.Name".to_owned(), by.to_owned());
        let value = |(at, value): (usize, &String)| (format!("Filter.1.Value.{}", at + 1), value.clone());
        std::iter::once(name).chain(values.iter().enumerate().map(value)).collect()
    };
    values.chunks(MOST_VALUES).map(parameters).collect()
}

/// `<Response><Errors><Error><Code>…</Code><Message>…</Message></Error></Errors><RequestID>…</RequestID></Response>`.
fn refusal(_: &HttpResponse, body: &str) -> ErrorMetadata {
    let (mut code, mut message) = (None, None);
    // What cannot be parsed has no code, which is told.
    let _ = xml::each(body, "Response", |name, tag| match name {
        "Errors" => xml::each_in(tag, |_, tag| {
            xml::each_in(tag, |name, tag| {
                match name {
                    "Code" => code = Some(xml::text(tag)?),
                    "Message" => message = Some(xml::text(tag)?),
                    _ => {}
                }
                Ok(())
            })
        }),
        _ => Ok(()),
    });
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        metadata = metadata.code(code);
    }
    metadata.message(message.unwrap_or_default()).build()
}
