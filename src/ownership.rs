//! Shared by resources that create something: they have a natural key, warn in the plan of what will fail, and delete
//! nothing that they have not created.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, Handle, Model, Partial, Pauses, Plan, Resource, Val, View, Wait};
use tf_provider::value::Path;

use crate::arn::{self, Arn, ArnError};
use crate::aws::{self, lag};
use crate::local::lock::{self, Held};
use crate::records::claims::{self, Claim, Creator, Deletion, Planned, Subject};
use crate::world::{Ctx, World};

/// A resource that creates an object with a natural key.
pub trait Owned: Model {
    /// The object of a configuration or state; nothing as long as its key is not known.
    fn subject(of: &View<'_, Self>) -> Option<Subject>;

    /// Looks up whether the object of a planned create exists, and who created it. A resource whose plan reads it
    /// anyway leaves this out, and uses [`object_to_look_up`].
    fn existing(_cx: &Ctx, _planned: &View<'_, Self>) -> impl Future<Output = Result<Option<Creator>>> + Send {
        async { Ok(None) }
    }
}

/// What one look at an object shows that AWS works on for hours.
#[derive(Clone, Debug)]
pub enum Seen<T> {
    /// The object.
    Found(Box<T>),
    /// It does not exist.
    Gone,
    /// It could not be looked at, which says nothing about it.
    Unclear(Diagnostic),
}

/// The outcome of a request that AWS refuses as long as something else is in progress.
#[derive(Clone, Debug)]
pub enum Asked {
    /// What was requested has begun.
    Begun,
    /// Why not now.
    Busy(String),
    /// Why it is not known.
    Unclear(Diagnostic),
}

impl Asked {
    /// The wait for the time when the request is not refused any more; `what` completes "waiting for".
    pub const fn accepted(what: &'static str, pauses: Pauses) -> Wait<Self> {
        Wait {
            what,
            done: |asked| !matches!(asked, Self::Busy(_)),
            failed: |_| false,
            seen: |asked| match asked {
                Self::Busy(why) => why.clone(),
                Self::Begun | Self::Unclear(_) => String::new(),
            },
            pauses,
        }
    }
}

/// The object that a resource creates or has created.
///
/// # Errors
/// Its key is not known, which is a bug.
pub fn subject<M: Owned>(of: &M) -> Result<Subject> {
    let object = of.encode();
    M::subject(&View::new(&object, Path::root())).ok_or_else(|| Diagnostic::bug("the object has no natural key"))
}

/// The `id` of an object for `terraform import`.
pub fn import_id<M: Owned>(of: &View<'_, M>) -> Val<String> {
    M::subject(of).map_or(Val::Unknown, |subject| Val::Known(subject.import_id))
}

/// The object of a resource that is known by its name in a region. `noun` begins a sentence, `what` goes on with one, and
/// `argument` is the quoted name of the argument.
pub fn regional<M: Resource<World>>(
    of: &View<'_, M>,
    [noun, what, argument]: [&'static str; 3],
    name: Handle<M, String>,
    region: Handle<M, Computed<String>>,
) -> Option<Subject> {
    let (own, region) = (of.get(name).known()?, of.get(region).known());
    Some(Subject {
        kind: M::TYPE,
        key: format!("{}/{own}", region.as_deref().unwrap_or_default()),
        noun,
        what: format!("{what} \"{own}\""),
        found: claims::EXISTS,
        arguments: argument,
        import_id: own,
        region,
        at: name.path(),
    })
}

/// Understands the name of an object, with `@REGION` behind it if that is not the provider's. `what` is the object in a
/// sentence.
///
/// # Errors
/// It is no name.
pub fn named<M: Model>(
    id: &str,
    what: &str,
    name: Handle<M, String>,
    region: Handle<M, Computed<String>>,
) -> Result<Partial<M>> {
    let (own, elsewhere) = arn::split_region(id);
    if own.contains([':', '@', '/']) {
        let detail = format!(
            "\"{id}\" is not the name of {what}. If the region is not the provider's, append @REGION, as in \
             orders@eu-west-1."
        );
        return Err(Diagnostic::error("Malformed import id", detail));
    }
    let named = Partial::default().with(name, own.to_owned());
    Ok(in_region(named, elsewhere, region))
}

/// Understands the ARN of an object of RDS, or its identifier with `@REGION` behind it if that is not the provider's. RDS
/// keeps identifiers in lower case. `parse` reads the ARN, and `what` is the object in a sentence.
///
/// # Errors
/// The id is neither.
pub fn named_by<M: Model>(
    id: &str,
    what: &str,
    parse: fn(&str) -> Result<(Arn, String), ArnError>,
    name: Handle<M, String>,
    region: Handle<M, Computed<String>>,
) -> Result<Partial<M>> {
    if id.contains(':') {
        let (arn, own) = parse(id).map_err(|error| {
            let detail = format!("{error} Give the ARN or the identifier of {what}.");
            Diagnostic::error("Malformed import id", detail)
        })?;
        return Ok(Partial::default().with(name, own).with(region, Computed::Known(arn.region)));
    }
    let (own, elsewhere) = arn::split_region(id);
    Ok(in_region(Partial::default().with(name, own.to_lowercase()), elsewhere, region))
}

/// What an import ID names, in the region that stands behind it, if one does.
pub fn in_region<M: Model>(
    named: Partial<M>,
    elsewhere: Option<&str>,
    region: Handle<M, Computed<String>>,
) -> Partial<M> {
    match elsewhere {
        Some(elsewhere) => named.with(region, Computed::Known(elsewhere.to_owned())),
        None => named,
    }
}

/// Begins the create of an object; see [`Claims::begin`](crate::records::claims::Claims::begin).
///
/// # Errors
/// This process has created it for another resource.
pub async fn begin<'a, M: Owned>(cx: &'a Ctx, planned: &M) -> Result<Claim<'a>> {
    cx.claims().begin(cx, subject(planned)?).await
}

/// Begins the delete of an object; see [`Claims::delete`](crate::records::claims::Claims::delete).
///
/// # Errors
/// A create of it was refused in this process.
pub async fn delete<'a, M: Owned>(cx: &'a Ctx, state: &M) -> Result<Option<Deletion<'a>>> {
    cx.claims().delete(cx, &subject(state)?).await
}

/// Records that the state of this run holds an object. An import is no state yet.
pub fn record_state<M: Owned>(cx: &Ctx, state: &M) {
    if let (false, Ok(subject)) = (cx.is_import(), subject(state)) {
        cx.claims().record_state(&subject);
    }
}

/// Sets the provider's region in a plan, where the region is part of the natural key. Goes before everything that asks for
/// the key: the claim of an interrupted create has it.
pub async fn plan_region<M: Model>(cx: &Ctx, plan: &mut Plan<'_, M>, region: Handle<M, Computed<String>>) {
    let is_open = plan.config().is_some_and(|config| !config.is_set(region));
    if is_open
        && plan.get(region) == Val::Unknown
        && let Ok(clients) = cx.aws()
        && let Ok(own) = clients.region(None).await
    {
        plan.set(region, own);
    }
}

/// Warns if an object that will be created exists, or is planned twice. Failed look-ups are ignored: the apply will
/// report them.
pub async fn warn_if_exists<M: Owned>(cx: &Ctx, plan: &Plan<'_, M>) {
    if let (Some(subject), Some(view)) = (object_to_look_up(cx, plan), plan.planned())
        && cx.is_known()
        && let Ok(Some(creator)) = M::existing(cx, &view).await
    {
        cx.claims().warn_exists(cx, &subject, &creator);
    }
}

/// Records what a plan does with its object, and returns the object if the plan has to look up whether it exists.
pub fn object_to_look_up<M: Owned>(cx: &Ctx, plan: &Plan<'_, M>) -> Option<Subject> {
    let prior = plan.prior().and_then(|prior| M::subject(&prior));
    let planned = plan.planned().and_then(|planned| M::subject(&planned));
    let is_same = matches!((&prior, &planned), (Some(prior), Some(planned)) if prior.key == planned.key);
    if is_same {
        prior.iter().for_each(|subject| _ = cx.claims().record_plan(cx, subject, Planned::Keeps));
        return None;
    }
    if let (Some(prior), true) = (&prior, plan.is_destroy()) {
        cx.claims().record_plan(cx, prior, Planned::Deletes);
    }
    let planned = planned.filter(|subject| plan.is_create() && cx.claims().record_plan(cx, subject, Planned::Creates));
    planned.filter(|subject| cx.this_run().has_to_look_up(&subject.id()))
}

/// Whether two objects differ in nothing but these attributes.
pub fn differ_only_in<M: Model>(one: &M, other: &M, names: &[&str]) -> bool {
    let (one, other) = (one.encode(), other.encode());
    one.iter().all(|(name, value)| names.contains(&name.as_str()) || other.get(name) == Some(value))
}

/// Looks for an object that a state holds, where AWS is eventually consistent: one that is not found once may still
/// exist.
///
/// # Errors
/// Those of the look-up.
pub async fn find<T, F>(cx: &Ctx, look: impl Fn() -> F) -> Result<Option<T>>
where
    F: Future<Output = Result<Option<T>>>,
{
    if cx.is_import() { look().await } else { cx.find(&lag::OBJECT_UNSEEN, look).await }
}

/// One look at an object that AWS works on for hours. That no answer comes, or that the credentials have expired
/// meanwhile, is no reason to give up what goes on. `what` completes "waiting for".
///
/// # Errors
/// AWS refused it.
pub async fn look<T, F>(cx: &Ctx, what: &str, look: impl Fn() -> F) -> Result<Seen<T>>
where
    F: Future<Output = Result<Option<T>, aws::Error>>,
{
    let look = cx.find(&lag::OBJECT_UNSEEN, || async {
        match look().await {
            Ok(found) => Ok(found.map(|found| Seen::Found(Box::new(found)))),
            Err(error) if error.leaves_open() => Ok(Some(Seen::Unclear(error.into()))),
            Err(error) => Err(Diagnostic::from(error)),
        }
    });
    match cx.wait_for(what, look).await {
        Ok(answer) => Ok(answer?.unwrap_or(Seen::Gone)),
        Err(why) => Ok(Seen::Unclear(why)),
    }
}

/// Excludes other processes of this machine that create the same object, where AWS would let the later one overwrite
/// the earlier. `object` names it, across all accounts if finding out the account would cost a call.
///
/// # Errors
/// The time is up, or the user wants to stop.
pub async fn create_lock(cx: &Ctx, object: &str) -> Result<Held> {
    // A file for each object would fill the folder.
    let bucket = object.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    lock::hold(cx, &format!("create {bucket}")).await
}
