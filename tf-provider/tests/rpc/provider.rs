//! A provider with something of everything; its entities do what the attribute `order` tells them.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::plugin::{self, Plugin};
use tf_provider::schema::{
    ActionEntry, Computed, Ctx, DataSource, DataSourceEntry, Dynamic, Ephemeral, EphemeralEntry, Function,
    FunctionEntry, FunctionError, Host, Json, ListEntry, Map, Opened, Partial, Pauses, Private, Provider, Renewed,
    Resource, ResourceEntry, Secret, Set, Source, Val, View, Wait, action, block, check, computed, data_source,
    ephemeral, function, list, optional, required, resource, variadic,
};
use tf_provider::value::{Number, Value};

use crate::action::Ring;
use crate::core_like::plugin_main;
use crate::list::Things;

/// The provider `test`.
pub(crate) struct Test;

/// What a configured provider holds: the name it was given, and whether it was told of a state.
pub(crate) struct World {
    greeting: Val<String>,
    has_stored: AtomicBool,
}

tf_provider::model! {
    /// The provider block.
    pub(crate) struct Config {
        /// How data sources greet.
        greeting: Val<String> = optional().check(check::length(1..=20)),
        /// Serial number of something.
        serial: Option<i64> = optional(),
    }
}

tf_provider::model! {
    /// Something of everything.
    pub(crate) struct Thing {
        /// Name.
        name: String = required().replace().identity().check(check::length(1..=20)),
        /// Number of its shelf.
        shelf: i64 = required().replace().identity(),
        /// With a default.
        size: i64 = optional().or(3).check(check::between(1..=9)),
        /// Plain; `panic in check` does so.
        note: Option<String> = optional(),
        /// Optional and computed.
        region: Computed<String> = optional().replace(),
        /// JSON.
        policy: Option<Json> = optional(),
        /// A set.
        words: Option<Set<String>> = optional().each(check::length(1..=9)),
        /// A map.
        tags: Map<String> = optional().each(check::length(1..=9)),
        /// A number.
        ratio: Option<Number> = optional(),
        /// Anything.
        anything: Dynamic = optional(),
        /// Never stored.
        password: Option<Secret<String>> = optional().write_only().check(check::length(4..=20)),
        /// Its version.
        password_wo_version: Option<i64> = optional(),
        /// What an operation does out of order, such as `create: save, fail`.
        order: Option<String> = optional(),
        /// Computed once.
        id: Computed<String> = computed().keep(),
        /// Computed each time: counts the updates, and says how long the password was.
        revision: Computed<String> = computed(),
        /// A computed list of objects.
        parts: Computed<Vec<Part>> = computed().keep(),
        /// Derived.
        summary: Computed<Json> = computed().derived(summary),
        /// LIST.
        rule: Vec<Rule> = block().max(3),
        /// SET.
        peer: Set<Peer> = block(),
        /// SINGLE.
        door: Option<Door> = block().deprecated("Walk around it."),
    }
    timeouts { create: "5m", read: "5m", update: "5m", delete: "5m" }
}

tf_provider::model! {
    /// Computed as a whole.
    pub(crate) struct Part {
        /// Serial number.
        serial: i64 = computed(),
    }
}

tf_provider::model! {
    /// In a list.
    pub(crate) struct Rule {
        /// Port.
        port: i64 = required().check(check::between(1..=65535)),
        /// Protocol.
        protocol: String = optional().or("tcp"),
        /// Computed once.
        rule_id: Computed<String> = computed().keep(),
    }
}

tf_provider::model! {
    /// In a set.
    pub(crate) struct Peer {
        /// Host.
        host: String = required().check(check::length(1..=20)),
        /// Weight.
        weight: i64 = optional().or(1),
    }
}

tf_provider::model! {
    /// At most once.
    pub(crate) struct Door {
        /// Width.
        width: i64 = required().replace(),
        /// Code that opens it.
        code: Option<Secret<String>> = optional().write_only(),
        /// Version of the code.
        code_wo_version: Option<i64> = optional(),
    }
}

tf_provider::model! {
    /// Something without identity, timeouts, import or history.
    pub(crate) struct Plain {
        /// Text.
        text: Option<String> = optional().deprecated("Say nothing."),
    }
}

tf_provider::model! {
    /// What is seen from here.
    pub(crate) struct Sight {
        /// Whom to greet.
        whom: String = required().check(check::length(1..=20)),
        /// What to do out of order.
        order: Option<String> = optional(),
        /// The greeting.
        text: Computed<String> = computed(),
    }
}

tf_provider::model! {
    /// A token that lives for a minute.
    pub(crate) struct Token {
        /// Whose it is.
        owner: String = required().check(check::length(1..=20)),
        /// What to do out of order.
        order: Option<String> = optional(),
        /// The token.
        token: Computed<Secret<String>> = computed(),
    }
}

tf_provider::model! {
    /// Puts words together.
    pub(crate) struct Join {
        /// What comes between.
        separator: String = required().check(check::length(0..=3)),
        /// How often to say it.
        times: i64 = required(),
        /// What comes last.
        ending: Option<String> = required(),
        /// The words.
        words: Vec<String> = variadic().each(check::length(1..=9)),
    }
}

tf_provider::model! {
    /// Adds numbers.
    pub(crate) struct Longest {
        /// Texts.
        texts: Vec<String> = required().each(check::length(0..=5)),
    }
}

fn summary(thing: &View<'_, Thing>) -> Val<Json> {
    thing
        .get(Thing::name)
        .and_then(|name| thing.get(Thing::size).map(|size| Json::from(format!(r#"{{"name":"{name}","size":{size}}}"#))))
}

/// The `main` of the plugin.
pub(crate) fn main() -> ExitCode {
    let plugin = Plugin { name: "test", address: "registry.terraform.io/example/test", version: "1.2.3" };
    plugin_main(|args| plugin::run(plugin, args, plugin::Service::<Test>::default()))
}

impl Provider for Test {
    type World = World;
    type Config = Config;
    const NAME: &'static str = "test";

    fn check(config: &View<'_, Config>) -> Vec<Diagnostic> {
        match config.get(Config::serial).known() {
            Some(n) if n < 0 => vec![Diagnostic::warning("Odd serial", "It is negative.").at(Config::serial)],
            _ => Vec::new(),
        }
    }

    fn configure(config: Config, host: Host) -> Result<World> {
        match config.serial {
            Some(13) => Err(Diagnostic::error("Unlucky serial", format!("Said to {}.", host.version))),
            Some(14) => panic!("serial 14"),
            _ => Ok(World { greeting: config.greeting, has_stored: AtomicBool::new(false) }),
        }
    }

    fn stored(world: &World, creation_id: &str) {
        world.has_stored.store(true, Ordering::Relaxed);
        tracing::debug!(target: "tf_provider::test", "stored {creation_id}");
    }

    fn shut_down(world: &World) {
        if world.has_stored.load(Ordering::Relaxed) {
            tracing::debug!(target: "tf_provider::test", "farewell");
        }
    }

    fn resources() -> &'static [ResourceEntry<World>] {
        const { &[resource::<World, Thing>(), resource::<World, Plain>()] }
    }

    fn data_sources() -> &'static [DataSourceEntry<World>] {
        const { &[data_source::<World, Sight>()] }
    }

    fn ephemerals() -> &'static [EphemeralEntry<World>] {
        const { &[ephemeral::<World, Token>()] }
    }

    fn functions() -> &'static [FunctionEntry] {
        const { &[function::<Join>(), function::<Longest>()] }
    }

    fn lists() -> &'static [ListEntry<World>] {
        const { &[list::<World, Things>()] }
    }

    fn actions() -> &'static [ActionEntry<World>] {
        const { &[action::<World, Ring>()] }
    }
}

/// Never comes.
const FOREVER: Wait<()> = Wait {
    what: "the end of time",
    done: |()| false,
    failed: |()| false,
    seen: |()| "it goes on".to_owned(),
    pauses: Pauses { first: Duration::from_millis(50), most: Duration::from_millis(50) },
};

/// Logs what Terraform keeps beside the state.
fn tell(cx: &Ctx<World>, operation: &str) {
    let Private { creation_id, is_imported } = cx.private();
    let imported = if is_imported { ", imported" } else { "" };
    tracing::debug!(target: "tf_provider::test", "{operation} {}{imported}", creation_id.unwrap_or_default());
}

/// Does what an order says: `log`, `mark` with a creation id, `warn`, `panic`, `fail`, make a `NaN`, `wait` until stopped or out of time, or
/// `write` a file, which takes a while.
pub(crate) async fn obey(cx: &Ctx<World>, order: Option<&str>) -> Result<()> {
    let order = order.unwrap_or_default();
    if order.contains("log") {
        tracing::debug!(target: "tf_provider::test", "Asked to log");
    }
    if order.contains("mark") {
        cx.set_creation_id("1f");
    }
    if order.contains("warn") {
        cx.warn(Diagnostic::warning("Ordered to warn", "Beware."));
    }
    if order.contains("panic") {
        panic!("ordered to panic");
    }
    if order.contains("fail") {
        return Err(Diagnostic::error("Ordered to fail", "So it did.").at(Thing::order));
    }
    if order.contains("NaN") {
        Number::try_from(f64::NAN).map_err(Diagnostic::bug)?;
    }
    if order.contains("wait") {
        cx.wait(&FOREVER, || async { Ok::<_, Diagnostic>(()) }).await?;
    }
    if let Some((_, file)) = order.split_once("write ") {
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::fs::write(file, "done").map_err(|error| Diagnostic::bug(error.to_string()))?;
    }
    Ok(())
}

impl Thing {
    /// Obeys an order of one operation: `create: save, fail`. `save` notes the object before anything else happens. An
    /// order to `tell` is for each operation, and has create mark the object.
    async fn obey(&self, cx: &Ctx<World>, operation: &str) -> Result<()> {
        if self.order.as_deref() == Some("tell") {
            tell(cx, operation);
            return obey(cx, (operation == "create").then_some("mark")).await;
        }
        match self.order.as_deref().and_then(|order| order.strip_prefix(operation)) {
            Some(order) if order.starts_with(':') => {
                if order.contains("save") {
                    cx.save(self);
                }
                obey(cx, Some(order)).await
            }
            _ => Ok(()),
        }
    }

    /// Fills what is computed each time.
    fn finish(mut self, count: u32) -> Self {
        let length = |secret: Option<&Secret<String>>| secret.map_or(0, |secret| secret.expose().len());
        let door = self.door.as_ref().and_then(|door| door.code.as_ref());
        self.revision = format!("{count}/{}/{}", length(self.password.as_ref()), length(door)).into();
        for (index, rule) in self.rule.iter_mut().enumerate() {
            if rule.rule_id == Computed::Unknown {
                rule.rule_id = format!("rule-{index}").into();
            }
        }
        match self.order.as_deref() {
            Some("leave unknown") => self.revision = Computed::Unknown,
            Some("leave a note") => self.note = Some("uncalled-for".to_owned()),
            Some("leave it mistyped") => self.anything = Dynamic(Value::from(1)),
            _ => {}
        }
        self
    }
}

impl Resource<World> for Thing {
    const TYPE: &'static str = "thing";
    const VERSION: i64 = 2;

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let note = config.get(Self::note).known();
        assert_ne!(note.as_deref(), Some("panic in check"));
        let doubled = config.blocks(Self::rule).into_iter().flatten().filter(|rule| {
            matches!((rule.get(Rule::port), rule.get(Rule::protocol)), (Val::Known(1), Val::Known(name)) if name == "udp")
        });
        doubled
            .map(|rule| Diagnostic::error("Impossible rule", "Port 1 is for TCP.").at(rule.path(Rule::port)))
            .collect()
    }

    async fn plan(cx: &Ctx<World>, plan: &mut tf_provider::schema::Plan<'_, Self>) -> Result<()> {
        if plan.is_destroy() {
            cx.warn(Diagnostic::warning("Going", "It goes for good."));
        }
        let order = plan.get(Self::order).known();
        obey(cx, order.as_deref().and_then(|order| order.strip_prefix("plan:"))).await?;
        match order.as_deref() {
            Some("plan wrongly") => plan.set(Self::note, "uncalled-for".to_owned()),
            Some("tell") => tell(cx, "plan"),
            Some("plan: grow") => plan.set(Self::size, 9),
            _ => {}
        }
        Ok(())
    }

    async fn create(cx: &Ctx<World>, mut plan: Self) -> Result<Self> {
        plan.id = format!("{}-1", plan.name).into();
        plan.obey(cx, "create").await?;
        if plan.region == Computed::Unknown {
            plan.region = "west".to_owned().into();
        }
        plan.parts = vec![Part { serial: 7.into() }].into();
        plan.summary = Json::from(format!(r#"{{ "size": {}, "name": "{}" }}"#, plan.size, plan.name)).into();
        Ok(plan.finish(0))
    }

    async fn read(cx: &Ctx<World>, mut state: Self) -> Result<Option<Self>> {
        state.obey(cx, "read").await?;
        if state.order.as_deref() == Some("read: gone") {
            return Ok(None);
        }
        if state.order.as_deref() == Some("read: tell imports") && cx.is_import() {
            cx.warn(Diagnostic::warning("Imported", "It was only named before."));
        }
        if state.order.as_deref() == Some("read: leak") {
            state.password = Some(Secret::new("hunter2".to_owned()));
            state.note = None;
        }
        if state.order.as_deref() == Some("read: mistype") {
            state.anything = Dynamic(Value::from(1));
        }
        if state.id == Computed::Unknown {
            // As after an import.
            state.id = format!("{}-1", state.name).into();
            state.region = "west".to_owned().into();
            state.parts = Vec::new().into();
            state.summary = Json::from(r"{}".to_owned()).into();
            state.revision = "imported".to_owned().into();
        }
        state.policy = state.policy.map(|policy| Json::from(format!(" {} ", policy.0)));
        Ok(Some(state))
    }

    async fn update(cx: &Ctx<World>, plan: Self, state: Self) -> Result<Self> {
        plan.obey(cx, "update").await?;
        let count: u32 = state.revision.get()?.split('/').next().and_then(|n| n.parse().ok()).unwrap_or_default();
        Ok(plan.finish(count + 1))
    }

    async fn delete(cx: &Ctx<World>, state: Self) -> Result<()> {
        state.obey(cx, "delete").await
    }

    /// Version 0 called the shelf `board`; version 1 cannot be read.
    fn upgrade(version: i64, mut state: serde_json::Value) -> Result<serde_json::Value> {
        let object = state.as_object_mut().filter(|_| version == 0);
        let object = object.ok_or_else(|| Diagnostic::error("Old state", format!("Version {version} is too old.")))?;
        let board = object.remove("board").unwrap_or_default();
        object.insert("shelf".to_owned(), board);
        Ok(state)
    }

    fn moved(source: &Source) -> Option<Result<Partial<Self>>> {
        if source.type_name != "other_thing" {
            return None;
        }
        let label = source.state["label"].as_str();
        let label = label.ok_or_else(|| Diagnostic::error("Nameless thing", "It has no label."));
        Some(label.map(|label| {
            let secret = Secret::new("hunter2".to_owned());
            let partial = Partial::default().with(Self::name, label).with(Self::password, Some(secret));
            match source.version {
                0 => partial,
                7 => partial.with(Self::anything, Dynamic(Value::from(1))),
                version => partial.with(Self::shelf, version),
            }
        }))
    }
}

impl Resource<World> for Plain {
    const TYPE: &'static str = "plain";

    async fn create(_: &Ctx<World>, plan: Self) -> Result<Self> {
        Ok(plan)
    }

    async fn read(_: &Ctx<World>, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn update(_: &Ctx<World>, plan: Self, _: Self) -> Result<Self> {
        Ok(plan)
    }

    async fn delete(_: &Ctx<World>, _: Self) -> Result<()> {
        Ok(())
    }
}

impl DataSource<World> for Sight {
    const TYPE: &'static str = "sight";

    async fn read(cx: &Ctx<World>, mut config: Self) -> Result<Self> {
        obey(cx, config.order.as_deref()).await?;
        if config.order.as_deref() != Some("leave unknown") {
            let greeting = match &cx.greeting {
                Val::Known(greeting) => greeting,
                Val::Null => "Hello",
                Val::Unknown => return Err(Diagnostic::error("Greeting unknown", "It is needed here.")),
            };
            config.text = format!("{greeting}, {}", config.whom).into();
        }
        Ok(config)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        match config.get(Self::whom).known().as_deref() {
            Some("nobody") => vec![Diagnostic::error("Nobody there", "Greet somebody.").at(Self::whom)],
            _ => Vec::new(),
        }
    }
}

impl Ephemeral<World> for Token {
    const TYPE: &'static str = "token";

    async fn open(cx: &Ctx<World>, mut config: Self) -> Result<Opened<Self>> {
        obey(cx, config.order.as_deref()).await?;
        if config.order.as_deref() != Some("leave unknown") {
            config.token = Secret::new(format!("token of {}", config.owner)).into();
        }
        if config.order.as_deref() == Some("change hands") {
            config.owner = "somebody else".to_owned();
        }
        let private = config.owner.clone().into_bytes();
        let renew_at = "2030-01-01T00:00:00.5Z".parse().map_err(|_| Diagnostic::bug("no time"))?;
        Ok(Opened { result: config, private, renew_at: Some(renew_at) })
    }

    async fn renew(cx: &Ctx<World>, private: Vec<u8>) -> Result<Renewed> {
        obey(cx, str::from_utf8(&private).ok()).await?;
        Ok(Renewed { private: [&private, &b"+"[..]].concat(), renew_at: None })
    }

    async fn close(cx: &Ctx<World>, private: Vec<u8>) -> Result<()> {
        obey(cx, str::from_utf8(&private).ok()).await
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        match config.get(Self::owner).known().as_deref() {
            Some("nobody") => vec![Diagnostic::error("Nobody there", "Name somebody.").at(Self::owner)],
            _ => Vec::new(),
        }
    }
}

impl Function for Join {
    type Output = String;
    const NAME: &'static str = "join";
    const SUMMARY: &'static str = "Puts words together";

    fn call(self) -> Result<String, FunctionError> {
        if self.times == 13 {
            panic!("thirteen times");
        }
        if self.times < 0 {
            return Err(FunctionError::argument(Self::times, "It cannot be said less than never."));
        }
        if let Some(index) = self.words.iter().position(|word| word == "bad") {
            return Err(FunctionError::variadic(Self::words, index, "That is a bad word."));
        }
        let times = usize::try_from(self.times).map_err(|_| FunctionError::new("Too often."))?;
        let words = vec![self.words.join(&self.separator); times].join(&self.separator);
        Ok(words + &self.ending.unwrap_or_default())
    }
}

impl Function for Longest {
    type Output = i64;
    const NAME: &'static str = "longest";
    const SUMMARY: &'static str = "Length of the longest text";

    fn call(self) -> Result<i64, FunctionError> {
        let longest = self.texts.iter().map(String::len).max().unwrap_or_default();
        i64::try_from(longest).map_err(|_| FunctionError::argument(Self::texts, "It is too long."))
    }
}
