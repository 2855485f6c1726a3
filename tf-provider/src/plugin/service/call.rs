//! A call as the log has it, with the field names of Go's providers, so that the tools of their users work here too.
//!
//! What a user typed never gets here, except in the text of a diagnostic, which the user is shown anyway.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Span;
use tracing::field::Empty;

use crate::plugin::convert;
use crate::proto::tfplugin5 as wire;

/// The object of a call, by the full name of its type.
pub(crate) enum Subject {
    Provider,
    Resource(String),
    DataSource(String),
    Ephemeral(String),
    Function(String),
    List(String),
    Action(String),
}

/// The version of the protocol that is served.
const PROTOCOL: &str = "5.10";

/// The span of a call: whatever is logged inside has its fields.
pub(crate) fn span(rpc: &'static str, subject: &Subject) -> Span {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    // Core writes the lines of many processes into one log.
    let (process, call) = (std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed));
    // Of the most severe level, so that it is there whenever a line is.
    let span = tracing::error_span!(
        "call",
        tf_req_id = %format_args!("{process}-{call}"),
        tf_rpc = rpc,
        tf_proto_version = PROTOCOL,
        tf_resource_type = Empty,
        tf_data_source_type = Empty,
        tf_ephemeral_resource_type = Empty,
        tf_function_name = Empty,
        tf_list_resource_type = Empty,
        tf_action_type = Empty,
    );
    match subject {
        Subject::Provider => &span,
        Subject::Resource(name) => span.record("tf_resource_type", name),
        Subject::DataSource(name) => span.record("tf_data_source_type", name),
        Subject::Ephemeral(name) => span.record("tf_ephemeral_resource_type", name),
        Subject::Function(name) => span.record("tf_function_name", name),
        Subject::List(name) => span.record("tf_list_resource_type", name),
        Subject::Action(name) => span.record("tf_action_type", name),
    };
    span
}

/// Logs the diagnostics of an answer.
pub(crate) fn log(diagnostics: &[wire::Diagnostic]) {
    for diagnostic in diagnostics {
        let wire::Diagnostic { summary: diagnostic_summary, detail: diagnostic_detail, .. } = diagnostic;
        let at = diagnostic.attribute.as_ref().map(|at| convert::place(at).to_string());
        let diagnostic_attribute = at.as_deref();
        match diagnostic.severity() {
            wire::diagnostic::Severity::Warning => tracing::warn!(
                diagnostic_severity = "WARNING",
                diagnostic_summary,
                diagnostic_detail,
                diagnostic_attribute,
                "Response contains a warning"
            ),
            _ => tracing::error!(
                diagnostic_severity = "ERROR",
                diagnostic_summary,
                diagnostic_detail,
                diagnostic_attribute,
                "Response contains an error"
            ),
        }
    }
}

/// Logs the error in the answer of a function.
pub(crate) fn log_function_error(error: &wire::FunctionError) {
    tracing::error!(
        function_error_text = error.text,
        function_error_argument = error.function_argument,
        "Response contains a function error"
    );
}

/// Logs that a wish to stop was not granted.
pub(crate) fn log_error(error: &str) {
    tracing::error!(error, "Response contains an error");
}
