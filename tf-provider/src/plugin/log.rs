//! Logs and panics in the form that core reads from standard error.
//!
//! A log line is one JSON object in the format of Go's hclog. Its values are those given to `tracing`: logging a secret
//! leaks it. Other crates might do that, so only their warnings are logged.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Number, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::plugin::Env;

/// How much to log: what `TF_LOG_PROVIDER_NAME` says, as with Go's providers; otherwise as much as core would show,
/// which is set by `TF_LOG_PROVIDER`, else by `TF_LOG`. Core drops everything above its own level, whichever variable
/// asks for it.
pub(crate) fn level(env: Env<'_>, name: &str) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", name.to_ascii_uppercase().replace('-', "_"));
    if let Some(level) = env(&own).as_deref().and_then(known_level) {
        return level;
    }
    let value = ["TF_LOG_PROVIDER", "TF_LOG"].iter().filter_map(|name| env(name)).find(|value| !value.is_empty());
    // JSON is core's own form of TRACE, and core reads every unknown word as TRACE, too.
    value.map_or(LevelFilter::OFF, |value| known_level(&value).unwrap_or(LevelFilter::TRACE))
}

fn known_level(word: &OsStr) -> Option<LevelFilter> {
    Some(match word.to_string_lossy().to_ascii_uppercase().as_str() {
        "OFF" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        "TRACE" => LevelFilter::TRACE,
        _ => return None,
    })
}

/// Sends this process's logs and panics to standard error; each line names the provider by its source address.
pub(crate) fn install(level: LevelFilter, address: &'static str) {
    if level != LevelFilter::OFF {
        let subscriber = tracing_subscriber::registry().with(Hclog::new(level, address, io::stderr()));
        // An error means that the program has installed its own subscriber, which then applies.
        let _ = tracing::subscriber::set_global_default(subscriber);
    }
    std::panic::set_hook(Box::new(|info| {
        let _ = io::stderr().write_all(panic_report(info).as_bytes());
    }));
}

/// Core shows the user the text after `panic: `, and only that.
fn panic_report(info: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let mut report = format!("panic: {}\n\n", info.payload_as_str().unwrap_or("of unknown kind"));
    let _ = write!(report, "thread {:?}", thread.name().unwrap_or("unnamed"));
    if let Some(location) = info.location() {
        let _ = write!(report, " at {location}");
    }
    report.push('\n');
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = writeln!(report, "{backtrace}");
    }
    report
}

/// Writes events as hclog lines.
struct Hclog<W> {
    level: LevelFilter,
    address: &'static str,
    out: Mutex<W>,
}

/// The fields of a span, kept with it for its events.
struct Fields(Map<String, Value>);

impl<W: Write + Send + 'static> Hclog<W> {
    fn new(level: LevelFilter, address: &'static str, out: W) -> Self {
        Self { level, address, out: Mutex::new(out) }
    }
}

impl<S, W> Layer<S> for Hclog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + Send + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let most = if ours(metadata.target()) { Level::TRACE } else { Level::WARN };
        *metadata.level() <= self.level && *metadata.level() <= most
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Map::new();
        attributes.record(&mut Collector(&mut fields));
        span.extensions_mut().insert(Fields(fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(Fields(fields)) = span.extensions_mut().get_mut() {
            values.record(&mut Collector(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::from_iter([("tf_provider_addr".to_owned(), Value::from(self.address))]);
        for span in context.event_scope(event).into_iter().flatten().collect::<Vec<_>>().into_iter().rev() {
            if let Some(Fields(fields)) = span.extensions().get() {
                line.extend(fields.clone());
            }
        }
        line.remove("message");
        event.record(&mut Collector(&mut line));
        // Core dies of a message that is not a string, and prints the line as it is unless the time has six digits.
        let message = match line.remove("message") {
            Some(Value::String(message)) => message,
            Some(other) => other.to_string(),
            None => event.metadata().name().to_owned(),
        };
        let time = format!("{:.6}", jiff::Timestamp::now());
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let module = event.metadata().target().replace("::", ".");
        for (key, value) in [("@level", level), ("@message", message), ("@module", module), ("@timestamp", time)] {
            line.insert(key.to_owned(), Value::String(value));
        }
        let mut line = Value::Object(line).to_string();
        line.push('\n');
        // Nothing to do when core has stopped reading.
        let _ = self.out.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }
}

/// Whether a target is a module of the framework or of a provider.
fn ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name == "tf_provider" || name.starts_with("terraform_provider_")
}

/// Turns the fields of an event into JSON.
struct Collector<'a>(&'a mut Map<String, Value>);

impl Collector<'_> {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Collector<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match Number::from_f64(value) {
            Some(number) => self.set(field, Value::Number(number)),
            None => self.set(field, value.to_string()),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field, value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines written at a level.
    fn check(level: LevelFilter, log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(Hclog::new(level, "registry.example/a/b", lines.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_what_core_parses() {
        let lines = check(
            LevelFilter::TRACE,
            || tracing::debug!(count = 3, ratio = 0.5, bad = f64::NAN, on = true, name = "a\nb", path = ?Some(1), "Read {}", 7),
        );
        let [Value::Object(line)] = lines.as_slice() else { panic!("{lines:?}") };
        let time = line["@timestamp"].as_str().unwrap();
        // 2006-01-02T15:04:05.000000Z
        assert_eq!((time.len(), &time[19..20], &time[26..]), (27, ".", "Z"), "{time}");
        assert!(time.parse::<jiff::Timestamp>().is_ok());
        let mut rest = line.clone();
        rest.remove("@timestamp");
        let expected = serde_json::json!({
            "@level": "debug", "@message": "Read 7", "@module": "tf_provider.plugin.log.tests",
            "tf_provider_addr": "registry.example/a/b",
            "count": 3, "ratio": 0.5, "bad": "NaN", "on": true, "name": "a\nb", "path": "Some(1)",
        });
        assert_eq!(Value::Object(rest), expected);
    }

    #[test]
    fn the_message_is_a_string_whatever_happens() {
        let lines = check(LevelFilter::TRACE, || {
            tracing::info!(message = 7);
            tracing::info!(count = 1);
            tracing::info!("@level" = 9, "@timestamp" = 1, "mine");
        });
        for line in &lines {
            for key in ["@level", "@message", "@timestamp", "@module"] {
                assert!(line[key].is_string(), "{line}");
            }
        }
        assert_eq!(lines[0]["@message"], "7");
        assert_eq!((&lines[2]["@level"], &lines[2]["@message"]), (&"info".into(), &"mine".into()));
    }

    #[test]
    fn fields_of_spans_are_flat() {
        let lines = check(LevelFilter::TRACE, || {
            let outer =
                tracing::info_span!("rpc", tf_rpc = "ReadResource", kind = "outer", late = tracing::field::Empty);
            let _outer = outer.enter();
            outer.record("late", 2);
            let _inner = tracing::info_span!("inner", kind = "inner").entered();
            tracing::info!(own = 1, "done");
        });
        let line = &lines[0];
        assert_eq!(line["tf_rpc"], "ReadResource");
        assert_eq!((&line["kind"], &line["late"], &line["own"]), (&"inner".into(), &2.into(), &1.into()));
    }

    #[test]
    fn others_only_warn() {
        let lines = check(LevelFilter::TRACE, || {
            tracing::info!(target: "hyper::proto", "a body");
            tracing::warn!(target: "hyper::proto", "a warning");
            tracing::trace!(target: "terraform_provider_rdsauth::sql", "ours");
        });
        let messages: Vec<_> = lines.iter().map(|line| line["@message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["a warning", "ours"]);
    }

    #[test]
    fn drops_what_core_would_not_show() {
        let lines = check(LevelFilter::INFO, || {
            tracing::debug!("no");
            tracing::error!("yes");
        });
        assert_eq!((lines.len(), &lines[0]["@level"]), (1, &"error".into()));
    }

    #[test]
    fn levels_are_read_as_core_reads_them() {
        let cases = [
            (None, None, LevelFilter::OFF),
            (Some(""), Some(""), LevelFilter::OFF),
            (Some(""), Some("warn"), LevelFilter::WARN),
            (Some("OFF"), Some("trace"), LevelFilter::OFF),
            (Some("error"), Some("trace"), LevelFilter::ERROR),
            (None, Some("Info"), LevelFilter::INFO),
            (None, Some("DEBUG"), LevelFilter::DEBUG),
            (None, Some("json"), LevelFilter::TRACE),
            (None, Some("nonsense"), LevelFilter::TRACE),
        ];
        for (provider, general, expected) in cases {
            let env = |name: &str| match name {
                "TF_LOG_PROVIDER" => provider.map(OsString::from),
                "TF_LOG" => general.map(OsString::from),
                _ => None,
            };
            assert_eq!(level(&env, "rdsauth"), expected, "{provider:?} {general:?}");
        }
    }

    #[test]
    fn a_provider_has_a_level_of_its_own() {
        for (own, general, expected) in [
            ("warn", "trace", LevelFilter::WARN),
            ("TRACE", "info", LevelFilter::TRACE),
            ("off", "trace", LevelFilter::OFF),
            ("debug", "", LevelFilter::DEBUG),
            ("", "info", LevelFilter::INFO),
            ("nonsense", "info", LevelFilter::INFO),
        ] {
            let env = |name: &str| match name {
                "TF_LOG_PROVIDER_RDS_AUTH" => Some(OsString::from(own)),
                "TF_LOG_PROVIDER_OTHER" => Some(OsString::from("error")),
                "TF_LOG_PROVIDER" => Some(OsString::from(general)),
                _ => None,
            };
            assert_eq!(level(&env, "rds-auth"), expected, "{own:?} {general:?}");
        }
    }
}
