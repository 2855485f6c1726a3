use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::diagnostic::Result;
use crate::schema::{
    Action, ActionEntry, Computed, Ctx, DataSource, DataSourceEntry, Dynamic, Ephemeral, EphemeralEntry, Function,
    FunctionEntry, FunctionError, Host, List, ListEntry, Listing, Map, Opened, Resource, ResourceEntry, Secret, Set,
    Val, action, block, check, computed, data_source, ephemeral, function, list, optional, required, resource,
    variadic,
};

mod bad;

crate::model! {
    /// Keeps a zoo, as [the keepers' handbook](https://example.com/handbook) has it.
    ///
    /// It exists so that *every* feature of a page has its place.
    pub(crate) struct Config {
        /// Where the zoo is.
        city: Val<String> = required(),
        /// The keepers' key.
        key: Option<Secret<String>> = optional(),
        /// How often to ask again.
        attempts: i64 = optional().or(3).check(check::between(1..=10)),
    }
}

crate::model! {
    /// An enclosure, and who lives in it.
    ///
    /// ~> **Note:** The animals of `zoo_enclosure` are not asked, see [moving](#moving).
    ///
    /// - It has a `moat`.
    /// - It has [visitors](https://example.com/visitors).
    ///
    /// ## Moving
    ///
    /// An animal of its own pen, such as:
    ///
    /// ```shell
    /// ## This is a comment of the shell.
    /// ```
    ///
    /// ## Destroy
    ///
    /// The `keeper` stays.
    pub(crate) struct Enclosure {
        /// Name at the gate,
        /// as visitors read it.
        name: String = required().replace().identity().check(check::length(1..=20)),
        /// Where it stands.
        quarter: Option<Computed<String>> = optional().keep().identity(),
        /// What it is made of.
        material: String = optional().or("wood").check(check::one_of(&["wood", "glass_steel"])),
        /// Opening hours by weekday.
        hours: Option<Map<String>> = optional().each(check::length(5..=5)),
        /// Days of rest.
        closed: Vec<String> = optional().or(vec!["monday".to_owned()]),
        /// Whether it stands outdoors.
        outdoor: Option<bool> = optional().deprecated("Use `material` instead."),
        /// Code of the door.
        code_wo: Option<Secret<String>> = optional().write_only().check(check::length(4..=8)),
        /// Version of `code_wo`: another number sends the code again.
        code_wo_version: Option<i64> = optional(),
        /// Whatever the keeper notes.
        note: Option<Dynamic> = optional(),
        /// Its number.
        id: Computed<String> = computed().keep(),
        /// What was seen.
        sightings: Computed<Vec<Sighting>> = computed(),
        /// Who lives here.
        animal: Vec<Animal> = block().min(1).max(9),
        /// The water around it.
        moat: Option<Moat> = block(),
        /// The one in charge.
        keeper: Option<Keeper> = block().min(1),
        /// Signs at the fence.
        sign: Set<Sign> = block().deprecated("Signs are no longer read."),
    }
    timeouts { create: "30m", delete: "1h30m" }
}

crate::model! {
    /// One sighting.
    pub(crate) struct Sighting {
        /// When.
        at: String = computed(),
        /// Where.
        place: Place = computed(),
        /// Tags of the camera.
        tags: Map<String> = computed(),
    }
}

crate::model! {
    /// A place.
    pub(crate) struct Place {
        /// To the east.
        x: i64 = computed(),
        /// To the north.
        y: i64 = computed(),
    }
}

crate::model! {
    /// An animal.
    pub(crate) struct Animal {
        /// What it is called.
        name: String = required(),
        /// Number of its chip.
        chip: Computed<i64> = computed(),
        /// Its secret.
        secret_wo: Option<Secret<String>> = optional().write_only(),
        /// Number of the secret.
        secret_wo_version: Option<i64> = optional(),
        /// Its meals, in order.
        meal: Vec<Meal> = block(),
    }
}

crate::model! {
    /// A meal.
    pub(crate) struct Meal {
        /// What is served.
        dish: Option<String> = optional(),
    }
}

crate::model! {
    /// A moat.
    pub(crate) struct Moat {
        /// Depth in metres.
        depth: Option<i64> = optional(),
    }
}

crate::model! {
    /// A keeper.
    pub(crate) struct Keeper {
        /// The name on the badge.
        badge: String = required(),
    }
}

crate::model! {
    /// A sign.
    pub(crate) struct Sign {
        /// What it says.
        text: String = required(),
    }
}

crate::model! {
    /// Looks an animal up.
    pub(crate) struct Found {
        /// What it is called.
        name: String = required(),
        /// Where it was last seen.
        place: Computed<Place> = computed(),
    }
    timeouts { read: "1m" }
}

crate::model! {
    /// A ticket for today.
    pub(crate) struct Ticket {
        /// The ticket itself.
        ticket: Computed<Secret<String>> = computed().sensitive(),
    }
}

crate::model! {
    /// Counts animals of all kinds, see [the list](/list).
    pub(crate) struct Count {
        /// Name of the zoo.
        zoo: String = required(),
        /// Only those of this size, or all.
        size: Option<i64> = required(),
        /// Kinds to count.
        kinds: Vec<String> = variadic(),
    }
}

crate::model! {
    /// Gives the time of day.
    pub(crate) struct Now {}
}

crate::model! {
    /// Finds enclosures.
    ///
    /// Those of a `zoo_enclosure` are among them.
    pub(crate) struct Enclosures {
        /// Only those in this quarter.
        quarter: Option<String> = optional(),
        /// How many animals they hold at least.
        count: i64 = optional().or(0),
    }
    timeouts { list: "2m" }
}

crate::model! {
    /// Feeds an animal.
    pub(crate) struct Feed {
        /// What it is called.
        name: String = required(),
        /// What it gets, in order.
        meal: Vec<Meal> = block().min(1),
    }
    timeouts { invoke: "5m" }
}

impl Resource<()> for Enclosure {
    const TYPE: &'static str = "enclosure";
    const SUBCATEGORY: &'static str = "Buildings";

    async fn create(_: &Ctx<()>, plan: Self) -> Result<Self> {
        Ok(plan)
    }

    async fn read(_: &Ctx<()>, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn update(_: &Ctx<()>, plan: Self, _: Self) -> Result<Self> {
        Ok(plan)
    }

    async fn delete(_: &Ctx<()>, _: Self) -> Result<()> {
        Ok(())
    }
}

impl DataSource<()> for Found {
    const TYPE: &'static str = "animal";

    async fn read(_: &Ctx<()>, config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Ephemeral<()> for Ticket {
    const TYPE: &'static str = "ticket";

    async fn open(_: &Ctx<()>, config: Self) -> Result<Opened<Self>> {
        Ok(Opened { result: config, private: Vec::new(), renew_at: None })
    }
}

impl List<()> for Enclosures {
    type Resource = Enclosure;

    async fn list(_: &Ctx<()>, _: Self, _: &Listing<Enclosure>) -> Result<()> {
        Ok(())
    }
}

impl Action<()> for Feed {
    const TYPE: &'static str = "feed";

    async fn invoke(_: &Ctx<()>, _: Self) -> Result<()> {
        Ok(())
    }
}

impl Function for Count {
    type Output = Map<i64>;

    const NAME: &'static str = "count_animals";
    const SUMMARY: &'static str = "Count animals";

    fn call(self) -> Result<Self::Output, FunctionError> {
        Ok(Map::new())
    }
}

impl Function for Now {
    type Output = String;

    const NAME: &'static str = "now";
    const SUMMARY: &'static str = "Give the time of day";

    fn call(self) -> Result<Self::Output, FunctionError> {
        Ok("late".to_owned())
    }
}

struct Zoo;

impl Provider for Zoo {
    type World = ();
    type Config = Config;

    const NAME: &'static str = "zoo";

    fn configure(_: Config, _: Host) -> Result<()> {
        Ok(())
    }

    fn resources() -> &'static [ResourceEntry<()>] {
        const { &[resource::<(), Enclosure>()] }
    }

    fn data_sources() -> &'static [DataSourceEntry<()>] {
        const { &[data_source::<(), Found>()] }
    }

    fn ephemerals() -> &'static [EphemeralEntry<()>] {
        const { &[ephemeral::<(), Ticket>()] }
    }

    fn functions() -> &'static [FunctionEntry] {
        const { &[function::<Count>(), function::<Now>()] }
    }

    fn lists() -> &'static [ListEntry<()>] {
        const { &[list::<(), Enclosures>()] }
    }

    fn actions() -> &'static [ActionEntry<()>] {
        const { &[action::<(), Feed>()] }
    }
}

fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/docs").join(name)
}

/// `EXPECTORATE=overwrite` writes the pages; read the difference before committing it.
#[test]
fn pages_are_as_they_were_agreed() {
    let pages = pages::<Zoo>(&directory("examples"), "zoo").unwrap();
    for (path, page) in &pages {
        expectorate::assert_contents(directory("pages").join(path), page);
    }
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory("pages")).unwrap().map(std::result::Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match fs::read_dir(entry.path()) {
            Ok(inner) => found.extend(inner.map(|e| format!("{name}/{}", e.unwrap().file_name().to_str().unwrap()))),
            Err(_) => assert!(found.insert(name)),
        }
    }
    assert_eq!(found, pages.into_keys().collect());
}

#[test]
fn a_sound_provider_gives_no_cause_for_complaint() {
    assert_eq!(complaints::<Zoo>(&directory("examples"), "zoo", &[]), [] as [String; 0]);
}

#[test]
fn the_title_is_shortened_where_it_stands_alone() {
    let pages = pages::<Zoo>(&directory("examples"), "terraform-provider-zoo").unwrap();
    assert!(pages["index.md"].contains("\n# zoo Provider\n"));
    assert!(
        pages["resources/enclosure.md"].contains("page_title: \"zoo_enclosure Resource - terraform-provider-zoo\"")
    );
}

#[test]
fn sections_begin_at_the_first_heading_outside_of_code() {
    for (doc, lead, sections) in [
        ("One.", "One.", ""),
        ("One.\n\n## Two\n\nThree.\n\n## Four", "One.", "## Two\n\nThree.\n\n## Four"),
        ("One.\n\n### Two\n\n##three", "One.\n\n### Two\n\n##three", ""),
        ("One.\n\n```\n## Two\n```\n\n## Three\n", "One.\n\n```\n## Two\n```", "## Three"),
    ] {
        assert_eq!(words::lead_and_sections(doc), (lead, sections));
        assert_eq!(crate::schema::lead(doc), lead);
    }
}

#[test]
fn of_several_examples_each_has_a_title() {
    let examples = tempfile::tempdir().unwrap();
    let provider = examples.path().join("provider");
    fs::create_dir(&provider).unwrap();
    fs::write(provider.join("provider-b.tf"), "# B\nb = 1\n").unwrap();
    fs::write(provider.join("provider.tf"), "# Title\n\n# Comment.\na = 1\n").unwrap();
    let page = || entities::<Zoo>()[0].page(Examples(examples.path()), "zoo");
    let usage = "## Example Usage\n\n### Title\n\n```terraform\n# Comment.\na = 1\n```\n\n\
                 ### B\n\n```terraform\nb = 1\n```\n\n<!-- schema";
    assert!(page().unwrap().contains(usage));
    for untitled in ["b = 1", "# Sets b.\nb = 1", "# 1\nb = 1", "## B\nb = 1"] {
        fs::write(provider.join("provider-b.tf"), untitled).unwrap();
        let error = page().unwrap_err().to_string();
        assert_eq!(error, "there are several examples, and one does not begin with `# TITLE`", "{untitled}");
    }
    fs::remove_file(provider.join("provider-b.tf")).unwrap();
    fs::write(provider.join("provider.tf"), "# 1\na = 1\n").unwrap();
    assert!(page().unwrap().contains("## Example Usage\n\n```terraform\n# 1\na = 1\n```\n"));
}

#[test]
fn what_the_rules_say_follows_the_doc_comment() {
    let of = |name: &str| description(Enclosure::table().attribute(name).unwrap());
    assert_eq!(
        of("name"),
        "Name at the gate, as visitors read it. Must be 1 to 20 characters long. \
         Changing this forces a new resource to be created."
    );
    assert_eq!(of("material"), "What it is made of. Must be one of `wood`, `glass_steel`. Defaults to `wood`.");
    assert_eq!(of("hours"), "Opening hours by weekday. Each value must be 5 characters long.");
    assert_eq!(of("closed"), "Days of rest. Defaults to `[\"monday\"]`.");
    assert_eq!(of("outdoor"), "Whether it stands outdoors. Use `material` instead.");
    assert_eq!(
        of("code_wo"),
        "Code of the door. Must be 4 to 8 characters long. \
         Write-only: never stored in state or plan. Change `code_wo_version` to send it again."
    );
    assert_eq!(
        crate::schema::Timeouts::description("create", "30m"),
        "How long to wait for the create operation, such as `90s` or `1h30m`. Defaults to `30m`."
    );
    assert_eq!(
        identity_description(Enclosure::table().attribute("name").unwrap()),
        "Name at the gate, as visitors read it."
    );
}

#[test]
fn names_are_those_of_the_entity_and_the_values_of_its_checks() {
    let names = names::<Zoo>();
    let enclosure = &names["resource/enclosure"];
    for word in ["code_wo", "moat", "glass_steel", "timeouts"] {
        assert!(enclosure.contains(word), "{word}");
    }
    assert!(!enclosure.contains("city") && names["provider/zoo"].contains("city"));
}
