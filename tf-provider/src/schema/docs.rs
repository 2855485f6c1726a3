//! The registry's pages, in the form of tfplugindocs' default templates, with three differences.
//!
//! The frontmatter contains only the first paragraph of the doc comment. Sections of the doc comment are placed below
//! the schema, so that examples come first. Examples have titles. Nothing here writes a file.

mod complaints;
mod guides;
mod page;
mod plain;
mod rows;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use complaints::{complaints, names};
pub use guides::{dead_links, guides};
pub use page::Examples;
pub(crate) use words::lead;
pub use words::{description, identity_description};

use crate::schema::{Model as _, Provider, Table};
use crate::value::Type;

/// Every page, by its path in the `docs` directory: `resources/thing.md`.
///
/// `examples` is the directory of example files, `title` the provider's name as readers know it.
///
/// # Errors
/// An example cannot be read or is empty, or a resource without an identity has an example of import by identity.
pub fn pages<P: Provider>(examples: &Path, title: &str) -> io::Result<BTreeMap<String, String>> {
    entities::<P>().iter().map(|entity| Ok((entity.path(), entity.page(Examples(examples), title)?))).collect()
}

/// An entity, or the provider itself, which has a page.
struct Entity {
    kind: Kind,
    /// Name without the provider's prefix; of the provider itself, its name.
    short: &'static str,
    /// Name as configurations write it.
    name: String,
    subcategory: &'static str,
    table: &'static Table,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Provider,
    Resource,
    DataSource,
    Ephemeral,
    List,
    Action,
    Function { summary: &'static str, output: Type },
}

fn entities<P: Provider>() -> Vec<Entity> {
    let typed = |kind, short, subcategory, table| Entity {
        kind,
        short,
        name: format!("{}_{short}", P::NAME),
        subcategory,
        table,
    };
    let provider = Entity {
        kind: Kind::Provider,
        short: P::NAME,
        name: P::NAME.to_owned(),
        subcategory: "",
        table: P::Config::table(),
    };
    let mut entities = vec![provider];
    entities.extend(P::resources().iter().map(|e| typed(Kind::Resource, e.name(), e.subcategory(), e.table())));
    entities.extend(P::data_sources().iter().map(|e| typed(Kind::DataSource, e.name(), e.subcategory(), e.table())));
    entities.extend(P::ephemerals().iter().map(|e| typed(Kind::Ephemeral, e.name(), e.subcategory(), e.table())));
    entities.extend(P::lists().iter().map(|e| typed(Kind::List, e.name(), e.subcategory(), e.table())));
    entities.extend(P::actions().iter().map(|e| typed(Kind::Action, e.name(), e.subcategory(), e.table())));
    entities.extend(P::functions().iter().map(|function| Entity {
        kind: Kind::Function { summary: function.summary(), output: function.output() },
        short: function.name(),
        name: function.name().to_owned(),
        subcategory: "",
        table: function.table(),
    }));
    entities
}

// === impl Entity ===

impl Entity {
    /// Where its page lies.
    fn path(&self) -> String {
        match self.kind {
            Kind::Provider => "index.md".to_owned(),
            _ => format!("{}/{}.md", self.kind.folder(), self.short),
        }
    }

    /// Where its examples lie.
    fn examples(&self) -> String {
        match self.kind {
            Kind::Provider => self.kind.folder().to_owned(),
            _ => format!("{}/{}", self.kind.folder(), self.name),
        }
    }

    /// Whether an existing object can be imported by its identity.
    fn has_identity(&self) -> bool {
        self.kind == Kind::Resource && self.table.identity().next().is_some()
    }
}

impl Kind {
    fn folder(&self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
            Self::Ephemeral => "ephemeral-resources",
            Self::List => "list-resources",
            Self::Action => "actions",
            Self::Function { .. } => "functions",
        }
    }

    /// How the names of its example files begin.
    fn stem(&self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Resource => "resource",
            Self::DataSource => "data-source",
            Self::Ephemeral => "ephemeral-resource",
            Self::List => "list-resource",
            Self::Action => "action",
            Self::Function { .. } => "function",
        }
    }

    /// How the names of its example files end.
    fn extension(&self) -> &'static str {
        if *self == Self::List { ".tfquery.hcl" } else { ".tf" }
    }

    /// Its name on its page.
    fn title(&self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::Ephemeral => "Ephemeral Resource",
            Self::List => "List Resource",
            Self::Action => "Action",
            Self::Function { .. } => "function",
        }
    }
}

#[cfg(test)]
mod tests;
