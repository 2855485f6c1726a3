//! Parameters of existing groups: validated before they are written, written until they are applied, and restored.
//!
//! AWS does not keep the previous value of a parameter. So that an interrupted create does not take its own value for
//! the previous one, the previous value is first noted in a tag of the group.

mod note;

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::Wait;
use tf_provider::value::Path;

use crate::arn::{self, Arn, ArnError};
use crate::aws::rds::parameters::{Group, Method, Parameter, Setting};
use crate::aws::rds::users::User;
use crate::aws::rds::{Database, Kind, Rds};
use crate::aws::{self, lag};
use crate::records::claims::{Creator, Subject};
use crate::records::previous::Previous;
use crate::world::{self, Ctx};

pub use self::note::{NotNoted, Notes, Owner, fits, forget, note};

/// The result of looking for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    Parameter(Parameter),
    /// The group is there, and its family has no such parameter.
    NoParameter,
    /// There is no such group.
    NoGroup,
}

/// When the databases of a group apply a change of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At once.
    AtOnce,
    /// With their next reboot.
    AfterReboot,
    /// Dynamic parameters immediately, and the rest with the next reboot.
    Both,
}

/// Why values were not written into a group.
#[derive(Clone, Debug)]
pub struct NotWritten {
    why: Diagnostic,
    /// Whether AWS refused them for good, so that nothing is on its way.
    pub is_refused: bool,
}

/// How the databases that have a group follow a change.
struct Following {
    users: Vec<User>,
    looks: u32,
}

/// The databases begin to apply a change a moment after it was made, hence the second poll.
const FOLLOWED: Wait<Following> = Wait {
    what: "the databases to apply the parameter",
    done: |now| now.looks > 1 && !now.users.iter().any(User::is_applying),
    failed: |_| false,
    seen: |now| match now.users.iter().find(|user| user.is_applying()) {
        Some(user) => format!("\"{}\" is applying it", user.identifier),
        None => "no database is applying it yet".to_owned(),
    },
    pauses: lag::DATABASE,
};

/// Looks for a parameter.
///
/// # Errors
/// Any but absence.
pub async fn find(rds: &Rds, group: &Group, name: &str) -> Result<Found, aws::Error> {
    match rds.parameter(group, name).await {
        Ok(Some(parameter)) => Ok(Found::Parameter(parameter)),
        Ok(None) => Ok(Found::NoParameter),
        Err(error) if error.is_not_found() => Ok(Found::NoGroup),
        Err(error) => Err(error),
    }
}

/// Looks for a parameter that must exist, in a region; defaults to the provider's.
///
/// # Errors
/// It does not exist, or AWS refuses the read.
pub async fn parameter(cx: &Ctx, rds: &Rds, group: &Group, name: &str, region: Option<&str>) -> Result<Parameter> {
    match find(rds, group, name).await? {
        Found::Parameter(parameter) => Ok(parameter),
        Found::NoParameter => Err(no_parameter(rds, group, name).await),
        Found::NoGroup => Err(no_group(cx, group, region).await),
    }
}

/// Explains that a group's family has no such parameter, and which it might be.
pub async fn no_parameter(rds: &Rds, group: &Group, name: &str) -> Diagnostic {
    const MOST: usize = 3;
    const CLOSE: f64 = 0.6;
    let mut near: Vec<(f64, String)> = match rds.parameters(group).await {
        Ok(all) => {
            let near = |known: Parameter| (strsim::normalized_damerau_levenshtein(name, &known.name), known.name);
            all.into_iter().map(near).filter(|(likeness, _)| *likeness >= CLOSE).collect()
        }
        Err(_) => Vec::new(), // The error is complete without it.
    };
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.truncate(MOST);
    let near = list(near.iter().map(|(_, name)| name.as_str()));
    let advice = match near.is_empty() {
        true => {
            "The parameters depend on the engine and its version, and differ between DB parameter groups and DB \
             cluster parameter groups."
        }
        false => "Did you mean one of these?",
    };
    let detail = format!("The {group} has no parameter \"{name}\".\n\n{advice} {near}");
    Diagnostic::error("Parameter not known", detail.trim_end())
}

/// Explains that there is no such group, and where that is so.
pub async fn no_group(cx: &Ctx, group: &Group, region: Option<&str>) -> Diagnostic {
    let place = match world::place(cx, region).await {
        Ok(place) => place,
        Err(error) => return error,
    };
    Diagnostic::error(
        "Parameter group not found",
        format!(
            "There is no {group} in {place}.\n\nIf the same configuration creates it, refer to that resource. DB \
             parameter groups and DB cluster parameter groups are different objects, even with the same name."
        ),
    )
}

/// Whether a parameter can be given a value with a method.
///
/// # Errors
/// It cannot; the first of the paths is that of the name, then come those of value and method.
pub fn judge(parameter: &Parameter, value: &str, method: Method, at: [Path; 3]) -> Result<()> {
    let Parameter { name, data_type, .. } = parameter;
    let [at_name, at_value, at_method] = at;
    if !parameter.is_modifiable {
        let detail = format!("AWS does not allow changes of \"{name}\": it is not modifiable.");
        return Err(Diagnostic::error("Parameter cannot be changed", detail).at(at_name));
    }
    if !parameter.allows(value) {
        let allowed = parameter.allowed.as_deref().unwrap_or_default();
        let detail = format!(
            "The parameter \"{name}\" of type {data_type} cannot be \"{value}\". Allowed values: \
             {allowed}"
        );
        return Err(Diagnostic::error("Value not allowed", detail).at(at_value));
    }
    if method == Method::Immediate && !parameter.is_dynamic {
        let detail = format!(
            "The parameter \"{name}\" is static: a change is applied when the database is rebooted.\n\nRemove \
             \"apply_method\", or set it to \"pending-reboot\"."
        );
        return Err(Diagnostic::error("Parameter needs a reboot", detail).at(at_method));
    }
    Ok(())
}

/// Writes values into a group, once it accepts them.
///
/// # Errors
/// AWS refuses, or the group is busy for too long.
pub async fn write(cx: &Ctx, rds: &Rds, group: &Group, settings: &[Setting]) -> Result<(), NotWritten> {
    let is_refused = AtomicBool::new(false);
    let write = || async {
        let written = rds.set_parameters(group, settings).await;
        is_refused.store(written.as_ref().is_err_and(aws::Error::is_refused), Ordering::Relaxed);
        written
    };
    let written = cx.until(&lag::PARAMETER_GROUP_BUSY, write).await;
    written.map_err(|why| NotWritten { why, is_refused: is_refused.load(Ordering::Relaxed) })
}

/// Logs if the notes of a refused write could not be undone. The user sees the refusal.
pub fn log_undo_failure(undone: Result<()>) {
    if let Err(error) = undone {
        tracing::warn!("the tag with the previous value could not be removed from the parameter group: {error}");
    }
}

/// Waits until no database that has a group is applying a change.
///
/// # Errors
/// AWS refuses the read, or the time is up.
pub async fn followed(cx: &Ctx, rds: &Rds, group: &Group) -> Result<Vec<User>> {
    let (looks, begin) = (AtomicU32::new(0), Instant::now());
    let known = OnceLock::<Vec<String>>::new();
    let look = || async {
        let users = match known.get() {
            Some(known) => rds.users_among(group, known).await?,
            None => {
                let listed = rds.users_of(group).await?;
                let known = known.get_or_init(|| listed.value.iter().map(|user| user.identifier.clone()).collect());
                // Of a list from before the change, only the names count.
                if listed.begun >= begin { listed.value } else { rds.users_among(group, known).await? }
            }
        };
        let looks = looks.fetch_add(1, Ordering::Relaxed) + 1;
        Ok::<_, aws::Error>(Following { looks: if users.is_empty() { u32::MAX } else { looks }, users })
    };
    cx.wait(&FOLLOWED, look).await.map(|now| now.users)
}

/// The setting that puts a parameter back, if it is not so already.
fn restoration(parameter: &Parameter, previous: Option<&Previous>) -> Option<Setting> {
    let setting = || {
        let value = previous.and_then(Previous::set).map(str::to_owned);
        Setting { name: parameter.name.clone(), value, method: parameter.method() }
    };
    (!is_restored(parameter.value.as_deref(), parameter.is_set(), previous)).then(setting)
}

/// Whether a value, set by a user or not, is the previous one of a parameter or, without that, the engine's default.
pub fn is_restored(value: Option<&str>, is_set: bool, previous: Option<&Previous>) -> bool {
    match previous.and_then(Previous::set) {
        Some(before) => is_set && value == Some(before),
        None => !is_set,
    }
}

/// Restores the previous values of parameters, or the engine's defaults, waits until the databases have applied them,
/// and removes their notes if the group's ARN is given. Succeeds if the group does not exist.
///
/// # Errors
/// AWS refuses, or the time is up.
pub async fn restore_previous(
    cx: &Ctx,
    rds: &Rds,
    group: &Group,
    arn: Option<&str>,
    parameters: &[(&str, Option<Previous>)],
) -> Result<()> {
    let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
    let found = match rds.parameters_named(group, &names).await {
        Err(error) if error.is_not_found() => return Ok(()),
        found => found?,
    };
    let previous =
        |name: &str| parameters.iter().find(|(of, _)| *of == name).and_then(|(_, previous)| previous.as_ref());
    let settings: Vec<_> = found.iter().filter_map(|found| restoration(found, previous(&found.name))).collect();
    if !settings.is_empty() {
        write(cx, rds, group, &settings).await?;
    }
    if found.iter().any(|found| found.is_dynamic) {
        followed(cx, rds, group).await?;
    }
    if let Some(arn) = arn {
        for name in names {
            forget(rds, arn, name).await?;
        }
    }
    Ok(())
}

/// Warns during planning of the databases that a change of a group affects; not of `own` alone.
///
/// # Errors
/// AWS was reached and refused the read.
pub async fn warn(cx: &Ctx, rds: &Rds, group: &Group, own: Option<&str>, effect: Effect, at: Path) -> Result<()> {
    let listed = world::unless_unreached(cx, rds.users_of(group).await)?;
    let users = listed.map(|listed| listed.value).unwrap_or_default();
    let warning = concerned(group, &users, own, effect);
    warning.into_iter().for_each(|warning| cx.warn(warning.at(at.clone())));
    Ok(())
}

/// Warns a plan that will set a parameter, as `subject`, if another resource manages it. Call it only for one that a
/// user has set: others are not managed. Failed look-ups are ignored: the apply will report them.
pub async fn warn_managed(cx: &Ctx, rds: &Rds, arn: &str, name: &str, subject: &Subject) {
    if let Ok(notes) = Notes::read(rds, arn).await
        && let Some(mark) = notes.mark(name)
    {
        cx.claims().warn_exists(cx, subject, &Creator::Mark(mark));
    }
}

/// Which databases a change of a group affects; nothing if it is at most one that needs no reboot, or `own` alone.
fn concerned(group: &Group, users: &[User], own: Option<&str>, effect: Effect) -> Option<Diagnostic> {
    const MOST: usize = 12;
    let others = users.iter().filter(|user| Some(user.identifier.as_str()) != own).count();
    let several = others > usize::from(own.is_none());
    let reboots = own.is_none() && effect != Effect::AtOnce && !users.is_empty();
    if !several && !reboots {
        return None;
    }
    let shown = list(users.iter().take(MOST).map(|user| user.identifier.as_str()));
    let more = match users.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let when = match effect {
        Effect::AtOnce => "It is applied to all of them immediately.",
        Effect::AfterReboot => {
            "It is applied to each of them at its next reboot (pending-reboot). This resource \
             does not reboot them."
        }
        Effect::Both => "Static parameters are applied to each of them at its next reboot, dynamic ones immediately.",
    };
    let (summary, rest) = match (users.len(), several) {
        (1, false) => {
            ("Change needs a reboot", "which alone uses the group. It is applied at its next reboot (pending-reboot).")
        }
        (1, true) => ("Change affects another database", when),
        _ => ("Change affects several databases", when),
    };
    let detail = match users.len() {
        1 if several => format!("The change of the {group} affects the DB {} {shown}. {rest}", group.kind),
        1 => format!("The change of the {group} affects the DB {} {shown}, {rest}", group.kind),
        count => format!("The change of the {group} affects {count} DB {}s: {shown}{more}. {rest}", group.kind),
    };
    Some(Diagnostic::warning(summary, detail))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

// === impl NotWritten ===

impl From<NotWritten> for Diagnostic {
    fn from(error: NotWritten) -> Self {
        error.why
    }
}

// === impl Group ===

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.kind {
            Kind::Instance => "DB parameter group",
            Kind::Cluster => "DB cluster parameter group",
        };
        write!(f, "{of} \"{}\"", self.name)
    }
}

impl Group {
    /// Its ARN, from that of a database that has it.
    ///
    /// # Errors
    /// AWS gave the database an ARN of another form.
    pub fn arn(&self, database: &Database) -> Result<String> {
        let arn: Arn = database.arn.parse().map_err(|error: ArnError| Diagnostic::bug(error))?;
        Ok(arn::parameter_group_arn(&arn, self.kind == Kind::Cluster, &self.name).to_string())
    }
}

// === impl Previous ===

impl Previous {
    /// A parameter as it is now.
    pub fn of(parameter: &Parameter) -> Self {
        Self { value: parameter.value.clone(), source: parameter.source.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(value: Option<&str>, source: &str) -> Parameter {
        Parameter {
            name: "shared_preload_libraries".to_owned(),
            value: value.map(str::to_owned),
            source: source.to_owned(),
            is_dynamic: false,
            data_type: "list".to_owned(),
            allowed: Some("auto_explain,pgaudit".to_owned()),
            is_modifiable: true,
        }
    }

    fn group() -> Group {
        Group { kind: Kind::Instance, name: "orders-pg16".to_owned() }
    }

    fn users(names: &[&str]) -> Vec<User> {
        names.iter().map(|name| User { identifier: (*name).to_owned(), statuses: Vec::new() }).collect()
    }

    #[test]
    fn a_restoration_is_due_until_it_is_done() {
        let was = |value: Option<&str>, source| Previous::of(&parameter(value, source));
        let now = parameter(Some("pgaudit"), "user");
        let back = |previous: Option<&Previous>| restoration(&now, previous).map(|setting| setting.value);
        assert_eq!(back(Some(&was(Some("auto_explain"), "user"))), Some(Some("auto_explain".to_owned())));
        assert_eq!(back(Some(&was(Some("pgaudit"), "user"))), None);
        assert_eq!(back(Some(&was(Some("pgaudit"), "system"))), Some(None), "it was not set");
        assert_eq!(back(None), Some(None));
        assert_eq!(restoration(&parameter(None, "engine-default"), None), None);
    }

    #[test]
    fn what_cannot_be_written_is_refused_at_its_attribute() {
        let at = || ["name", "value", "method"].map(|name| Path::root().attribute(name));
        let judge = |parameter: &Parameter, value, method| {
            judge(parameter, value, method, at()).map_err(|error| error.path.to_string())
        };
        let free = parameter(None, "engine-default");
        assert_eq!(judge(&free, "pgaudit", Method::PendingReboot), Ok(()));
        assert_eq!(judge(&free, "pg_audit", Method::PendingReboot), Err("value".to_owned()));
        assert_eq!(judge(&free, "pgaudit", Method::Immediate), Err("method".to_owned()));
        let kept = Parameter { is_modifiable: false, ..free };
        assert_eq!(judge(&kept, "pgaudit", Method::PendingReboot), Err("name".to_owned()));
    }

    #[test]
    fn a_plan_names_the_databases_concerned() {
        use Effect::{AfterReboot, AtOnce, Both};
        let warning = |names: &[&str], own, effect| concerned(&group(), &users(names), own, effect);
        let detail = |names: &[&str], own, effect| warning(names, own, effect).unwrap().detail;
        for (names, own, effect) in [
            (&[][..], None, AfterReboot),
            (&["a"], None, AtOnce),
            (&["a"], Some("a"), AtOnce),
            (&["a"], Some("a"), Both),
        ] {
            assert_eq!(warning(names, own, effect), None);
        }
        assert!(detail(&["a", "b"], Some("a"), AtOnce).contains("2 DB instances: \"a\", \"b\". It is applied"));
        assert!(detail(&["a"], None, AfterReboot).contains("the DB instance \"a\", which alone uses the group"));
        let other = warning(&["b"], Some("a"), Both).unwrap();
        assert_eq!(other.summary, "Change affects another database");
        assert!(other.detail.contains("the DB instance \"b\". Static parameters"), "{}", other.detail);
        let names: Vec<String> = (0..20).map(|n| format!("db-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(detail(&names, None, AfterReboot).contains("\"db-11\" and 8 more. It is applied to each"));
    }
}
