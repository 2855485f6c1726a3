//! Reads Rust sources as tokens, without tests, and finds what breaks a rule.

use std::collections::BTreeSet;
use std::fmt;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

use crate::law::debug::{Item, secrets};
use crate::law::floors::Floors;

const FRAMEWORK: &str = "tf-provider";
const PROVIDER: &str = "terraform-provider-rdsauth";

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) package: &'static str,
    /// Below `src`, such as `aws/token.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What ARCHITECTURE.md promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Floors,
    NoFloor,
    ForeignCrate,
    Protocol,
    Arn,
    PanicOrPrint,
    Once,
    Debug,
}

/// One place that breaks a rule.
#[derive(Clone, Debug)]
pub(crate) struct Breach {
    pub(crate) rule: Rule,
    place: String,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Every breach in the sources. A module declared under `#[cfg(test)]` is a test wherever its file is.
pub(crate) fn survey(floors: &Floors, sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut tests = Vec::new();
    for source in sources {
        let mut reader = Reader::new(floors, source);
        reader.read_file();
        breaches.extend(reader.breaches.into_iter().map(|breach| (source, breach)));
        tests.extend(reader.test_modules.into_iter().map(|module| (source.package, module)));
    }
    let is_test = |source: &Source| {
        let of = |module: &str| source.path.strip_prefix(module).is_some_and(|rest| rest.starts_with(['.', '/']));
        tests.iter().any(|(package, module)| *package == source.package && of(module))
    };
    breaches.into_iter().filter(|(source, _)| !is_test(source)).map(|(_, breach)| breach).collect()
}

/// The paths by which a file imports from its own package, and those by which it re-exports from its children.
#[derive(Debug)]
pub(crate) struct Imports {
    pub(crate) taken: Vec<Vec<String>>,
    pub(crate) passed_on: Vec<Vec<String>>,
}

pub(crate) fn imports(floors: &Floors, source: &Source) -> Imports {
    let mut reader = Reader::new(floors, source);
    reader.read_file();
    reader.imports
}

struct Reader<'a> {
    floors: &'a Floors,
    source: &'a Source,
    /// `None` for lib.rs, which only lists the modules, and for a module without a floor.
    module: Option<String>,
    breaches: Vec<Breach>,
    imports: Imports,
    /// Paths below `src` without `.rs`.
    test_modules: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(floors: &'a Floors, source: &'a Source) -> Self {
        let segments: Vec<_> = source.path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        let module = floors.module(source.package, &segments);
        let imports = Imports { taken: Vec::new(), passed_on: Vec::new() };
        Self { floors, source, module, breaches: Vec::new(), imports, test_modules: Vec::new() }
    }

    fn read_file(&mut self) {
        let source = self.source;
        if self.module.is_none() && source.path != "lib.rs" {
            let what = "this module has no floor in ARCHITECTURE.md".to_owned();
            self.breaches.push(Breach {
                rule: Rule::NoFloor,
                place: format!("{}/{}", source.package, source.path),
                what,
            });
        }
        match source.text.parse::<TokenStream>() {
            Ok(tokens) => self.read(tokens),
            Err(error) => panic!("{}/{} is not Rust: {error}", source.package, source.path),
        }
    }

    fn read(&mut self, stream: TokenStream) {
        let tokens: Vec<_> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at + 1..];
            match token {
                TokenTree::Punct(hash) if hash.as_char() == '#' => match attribute(rest) {
                    Some((length, Attribute::ForTests)) if length > 1 => return,
                    Some((length, Attribute::ForTests)) => at += length + self.skip_item(&rest[length..]),
                    Some((length, Attribute::DerivesDebug)) => {
                        self.read_printed(Item::Type, token, &rest[length..]);
                        at += length;
                    }
                    Some((length, Attribute::Other)) => at += length,
                    None => {}
                },
                TokenTree::Punct(dot) if dot.as_char() == '.' => self.read_method(rest),
                TokenTree::Ident(name) if name == "fn" => self.read_function(rest),
                TokenTree::Ident(name) => {
                    let before = at.checked_sub(1).map(|before| &tokens[before]);
                    self.read_name(&name.to_string(), before, token, rest);
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let string = text.trim_start_matches(['b', 'c', 'r', '#']);
                    if string.starts_with("\"arn:") && self.module.as_deref() != Some("arn") {
                        self.complain(Rule::Arn, token, format!("{text} belongs into arn.rs"));
                    }
                }
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }

    /// The number of tokens of an item that is compiled for tests only.
    fn skip_item(&mut self, tokens: &[TokenTree]) -> usize {
        let is_end = |token: &TokenTree| match token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        let length = tokens.iter().position(is_end).map_or(tokens.len(), |last| last + 1);
        let item = &tokens[..length];
        if let Some(start) = item.iter().position(|token| is_ident(token, "mod"))
            && let [_, TokenTree::Ident(name), TokenTree::Punct(_)] = &item[start..]
        {
            let parent = self.source.path.trim_end_matches(".rs");
            let top = matches!(parent, "lib" | "main");
            self.test_modules.push(if top { name.to_string() } else { format!("{parent}/{name}") });
        }
        length
    }

    /// An item that derives `Debug`, or the content of a `model!`.
    fn read_printed(&mut self, item: Item, token: &TokenTree, rest: &[TokenTree]) {
        // These are plain data without secrets of this provider.
        if self.source.package == FRAMEWORK && matches!(self.module.as_deref(), Some("value" | "proto")) {
            return;
        }
        let is_item = |token: &&TokenTree| is_ident(token, "struct") || is_ident(token, "enum");
        let body = rest.iter().skip_while(|token| !is_item(token)).find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() != Delimiter::Bracket => Some(group.stream()),
            _ => None,
        });
        for what in body.into_iter().flat_map(|body| secrets(item, body)) {
            self.complain(Rule::Debug, token, format!("{what}, so Debug must not be derived"));
        }
    }

    fn read_method(&mut self, rest: &[TokenTree]) {
        if let [token @ TokenTree::Ident(name), TokenTree::Group(arguments), ..] = rest
            && arguments.delimiter() == Delimiter::Parenthesis
            && ["unwrap", "expect"].contains(&name.to_string().as_str())
        {
            self.complain_of_panic(token, format!(".{name}() may panic"));
        }
    }

    /// A function that makes calls of AWS that must not be sent twice has a configuration of its own for each.
    fn read_function(&mut self, rest: &[TokenTree]) {
        let is_end = |token: &&TokenTree| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        let (Some("aws"), Some(TokenTree::Group(body))) = (self.module.as_deref(), rest.iter().find(is_end)) else {
            return;
        };
        let body = flat(body.stream());
        let is_call = |tokens: &&[TokenTree]| {
            matches!(*tokens, [TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(nothing)]
                if dot.as_char() == '.' && nothing.stream().is_empty() && has_another_effect(&name.to_string()))
        };
        let calls: Vec<_> = body.windows(3).filter(is_call).map(|tokens| &tokens[1]).collect();
        let configured = body.iter().filter(|token| is_ident(token, "config_override")).count();
        if let (Some(call), true) = (calls.first(), calls.len() > configured) {
            self.complain(
                Rule::Once,
                call,
                format!("{call} has another effect each time; send it once, as aws.rs says"),
            );
        }
    }

    fn read_name(&mut self, name: &str, before: Option<&TokenTree>, token: &TokenTree, rest: &[TokenTree]) {
        let after_use = before.is_some_and(|before| is_ident(before, "use"));
        let is_macro = matches!(rest.first(), Some(TokenTree::Punct(mark)) if mark.as_char() == '!')
            && matches!(rest.get(1), Some(TokenTree::Group(_)));
        match name {
            "model" if is_macro => {
                if let [_, TokenTree::Group(inside), ..] = rest {
                    let inside: Vec<_> = inside.stream().into_iter().collect();
                    self.read_printed(Item::Model, token, &inside);
                }
            }
            "panic" | "println" if is_macro => self.complain_of_panic(token, format!("{name}! is for tests")),
            // Generated code refers to its own modules like this.
            "super" if self.module.as_deref() == Some("proto") => {}
            "super" if is_path(rest) => {
                self.complain(Rule::Floors, token, "super:: hides what is imported; write crate::".to_owned());
            }
            "crate" if is_path(rest) => {
                // What a macro names is imported where it is used.
                if !matches!(before, Some(TokenTree::Punct(punct)) if punct.as_char() == '$') {
                    self.imports.taken.extend(paths(&rest[2..]));
                }
                self.read_paths(self.source.package, token, rest);
            }
            "tf_provider" if is_path(rest) => self.read_paths(FRAMEWORK, token, rest),
            "terraform_provider_rdsauth" if is_path(rest) => self.read_paths(PROVIDER, token, rest),
            _ if is_path(rest) || after_use => {
                if after_use {
                    let tokens: Vec<_> = std::iter::once(token).chain(rest).cloned().collect();
                    let inner = if name == "self" && is_path(rest) { &tokens[3..] } else { &tokens[..] };
                    self.imports.passed_on.extend(paths(inner));
                }
                self.read_crate(name, token);
            }
            _ => {}
        }
    }

    /// A path that begins with the name of one of our packages.
    fn read_paths(&mut self, package: &'static str, token: &TokenTree, rest: &[TokenTree]) {
        let Some(from) = self.module.clone() else { return };
        let imported: BTreeSet<_> =
            paths(&rest[2..]).iter().filter_map(|segments| self.floors.module(package, segments)).collect();
        for to in imported {
            if !self.floors.allow((self.source.package, &from), (package, &to)) {
                self.complain(Rule::Floors, token, format!("{from} must not import {package}'s {to}"));
            }
            let is_protocol = package == FRAMEWORK && ["plugin", "proto"].contains(&to.as_str());
            if is_protocol && self.source.package == PROVIDER && from != "main" {
                self.complain(Rule::Protocol, token, format!("{from} must not know {to}"));
            }
        }
    }

    /// A name that may be a crate's.
    fn read_crate(&mut self, name: &str, token: &TokenTree) {
        let family =
            |prefix: &str| name == prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'));
        let homes: (&str, &[&str]) = match name {
            _ if family("tonic") || family("prost") => (FRAMEWORK, &["proto", "plugin"]),
            _ if name.starts_with("aws_") && name != "aws_lc_rs" => (PROVIDER, &["aws"]),
            "tokio_postgres" | "mysql_async" => (PROVIDER, &["sql"]),
            _ => return,
        };
        let at_home = homes.0 == self.source.package && self.module.as_deref().is_some_and(|m| homes.1.contains(&m));
        if !at_home {
            self.complain(Rule::ForeignCrate, token, format!("{name} is used under {} alone", homes.1.join(" and ")));
        }
    }

    fn complain_of_panic(&mut self, token: &TokenTree, what: String) {
        let may = self.source.path == "main.rs" || self.source.path.ends_with("handshake.rs");
        if !may {
            self.complain(Rule::PanicOrPrint, token, what);
        }
    }

    fn complain(&mut self, rule: Rule, token: &TokenTree, what: String) {
        let place = format!("{}/{}:{}", self.source.package, self.source.path, token.span().start().line);
        self.breaches.push(Breach { rule, place, what });
    }
}

/// Whether an operation that AWS carries out twice has two effects. The listed ones have one: AWS refuses a second
/// object of the name, or recognises the repeated request by its token or its content.
fn has_another_effect(operation: &str) -> bool {
    const ONE_EFFECT: [&str; 16] = [
        "copy_db_cluster_parameter_group",
        "copy_db_parameter_group",
        "copy_db_snapshot",
        "create_alias",
        "create_blue_green_deployment",
        "create_db_cluster_endpoint",
        "create_db_cluster_parameter_group",
        "create_db_instance",
        "create_db_parameter_group",
        "create_db_snapshot",
        "create_grant",
        "create_role",
        "create_secret",
        "restore_db_cluster_from_snapshot",
        "restore_db_instance_from_db_snapshot",
        "restore_secret",
    ];
    const PREFIXES: [&str; 9] =
        ["copy_", "create_", "promote_", "put_key_policy", "reboot_", "restore_", "start_", "stop_", "switchover_"];
    /// The start tag of an element, which is no operation.
    const OF_XML: &str = "start_el";
    PREFIXES.iter().any(|prefix| operation.starts_with(prefix))
        && !ONE_EFFECT.contains(&operation)
        && operation != OF_XML
}

/// All tokens, those in groups after the group.
fn flat(stream: TokenStream) -> Vec<TokenTree> {
    let inner = |token: TokenTree| {
        let inside = match &token {
            TokenTree::Group(group) => flat(group.stream()),
            _ => Vec::new(),
        };
        [token].into_iter().chain(inside).collect::<Vec<_>>()
    };
    stream.into_iter().flat_map(inner).collect()
}

enum Attribute {
    /// The following item is compiled for tests only.
    ForTests,
    /// The following item derives `Debug`.
    DerivesDebug,
    Other,
}

/// The attribute whose `#` came just before, with its length in tokens: 2 where it is an inner one.
fn attribute(rest: &[TokenTree]) -> Option<(usize, Attribute)> {
    let (length, group) = match rest {
        [TokenTree::Group(group), ..] => (1, group),
        [TokenTree::Punct(mark), TokenTree::Group(group), ..] if mark.as_char() == '!' => (2, group),
        _ => return None,
    };
    let is_attribute = group.delimiter() == Delimiter::Bracket;
    let kind = match group {
        group if is_for_tests(group) => Attribute::ForTests,
        group if derives_debug(group) => Attribute::DerivesDebug,
        _ => Attribute::Other,
    };
    is_attribute.then_some((length, kind))
}

fn derives_debug(attribute: &Group) -> bool {
    let tokens: Vec<_> = attribute.stream().into_iter().collect();
    matches!(&tokens[..], [TokenTree::Ident(derive), TokenTree::Group(traits)] if derive == "derive"
        && traits.stream().into_iter().any(|token| is_ident(&token, "Debug")))
}

fn is_for_tests(attribute: &Group) -> bool {
    let tokens: Vec<_> = attribute.stream().into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(cfg), TokenTree::Group(condition)] if cfg == "cfg" => {
            let words: Vec<_> =
                condition.stream().to_string().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
            words.iter().any(|word| word == "test") && !words.iter().any(|word| word == "not")
        }
        path => path.last().is_some_and(|last| is_ident(last, "test")),
    }
}

/// The first segments of all paths that continue a `crate::`, groups in braces taken apart.
fn paths(tokens: &[TokenTree]) -> Vec<Vec<String>> {
    match tokens {
        [TokenTree::Ident(name), rest @ ..] if is_path(rest) => {
            let mut longer = paths(&rest[2..]);
            longer.iter_mut().for_each(|path| path.insert(0, name.to_string()));
            longer
        }
        [TokenTree::Ident(name), ..] if name == "self" => vec![Vec::new()],
        [TokenTree::Ident(name), ..] => vec![vec![name.to_string()]],
        [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<_> = group.stream().into_iter().collect();
            let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
            inner.split(is_comma).filter(|part| !part.is_empty()).flat_map(paths).collect()
        }
        _ => vec![Vec::new()],
    }
}

/// Whether `::` comes next.
fn is_path(rest: &[TokenTree]) -> bool {
    matches!(rest, [TokenTree::Punct(one), TokenTree::Punct(two), ..]
        if one.as_char() == ':' && one.spacing() == Spacing::Joint && two.as_char() == ':')
}

fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}
