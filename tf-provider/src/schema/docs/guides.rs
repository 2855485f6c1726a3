//! Guides: pages that are written by hand, with code from files that tests can run.
//!
//! A template has the form of tfplugindocs. Two of its directives are supported, and any other is an error:
//! `{{ tffile "PATH" }}` and `{{ codefile "LANGUAGE" "PATH" }}`, with paths from the provider's root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use pulldown_cmark::{Event, Parser, Tag};

const TEMPLATES: &str = "templates/guides";
const EXAMPLES: &str = "examples/guides";
const ENDING: &str = ".md.tmpl";

/// The metadata of a guide for the registry.
const FRONTMATTER: [&str; 3] = ["page_title", "subcategory", "description"];

/// Every guide, by its path in the `docs` directory: `guides/upgrading.md`.
///
/// `root` is the provider's root: `templates/guides/NAME.md.tmpl` becomes `guides/NAME.md`.
///
/// # Errors
/// A template or a file that it shows cannot be read, a directive is unknown, the frontmatter lacks something, or a file
/// in `examples/guides` is shown by no guide. The message names the file.
pub fn guides(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    let mut shown = BTreeSet::new();
    for path in files(root, TEMPLATES)? {
        let Some(name) = path.strip_prefix(TEMPLATES).and_then(|name| name.strip_suffix(ENDING)) else {
            return Err(refusal(&path, &format!("the name of a template ends in {ENDING}")));
        };
        let template = read(root, &path)?;
        check_frontmatter(&path, &template)?;
        pages.insert(format!("guides{name}.md"), rendered(root, &path, &template, &mut shown)?);
    }
    match files(root, EXAMPLES)?.into_iter().find(|example| !shown.contains(example)) {
        Some(unused) => Err(refusal(&unused, "no guide shows this file")),
        None => Ok(pages),
    }
}

/// The links of pages to other pages that do not exist, each as `PAGE: LINK`.
///
/// `pages` are keyed by their paths in the `docs` directory.
pub fn dead_links(pages: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, page) in pages {
        for event in Parser::new(page) {
            let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
            let target = dest_url.split('#').next().unwrap_or_default();
            if target.ends_with(".md") && !target.contains("://") && !pages.contains_key(&joined(path, target)) {
                found.push(format!("{path}: {dest_url}"));
            }
        }
    }
    found
}

/// The path that a relative link on a page leads to.
fn joined(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

fn check_frontmatter(path: &str, template: &str) -> io::Result<()> {
    let block = template.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let Some((block, _)) = block else { return Err(refusal(path, "there is no frontmatter between two lines `---`")) };
    for key in FRONTMATTER {
        let value = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        if value.is_none_or(|value| value.trim().is_empty()) {
            return Err(refusal(path, &format!("the frontmatter has no {key}")));
        }
    }
    Ok(())
}

/// The template with its directives replaced by the files they name, which are added to `shown`.
fn rendered(root: &Path, path: &str, template: &str, shown: &mut BTreeSet<String>) -> io::Result<String> {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((directive, after)) = after.split_once("}}") else {
            return Err(refusal(path, "a directive has no end"));
        };
        let words: Vec<&str> = directive.split_whitespace().collect();
        let (language, file) = match words[..] {
            ["tffile", file] => (Some("terraform"), quoted(file)),
            ["codefile", language, file] => (quoted(language), quoted(file)),
            _ => (None, None),
        };
        let (Some(language), Some(file)) = (language, file) else {
            return Err(refusal(path, &format!("unknown directive {{{{{directive}}}}}")));
        };
        let code = read(root, file).map_err(|error| refusal(path, &error.to_string()))?;
        page.push_str(&format!("{before}```{language}\n{}\n```", code.trim()));
        shown.insert(file.to_owned());
        rest = after;
    }
    page.push_str(rest);
    Ok(page.trim_end().to_owned() + "\n")
}

fn quoted(word: &str) -> Option<&str> {
    word.strip_prefix('"')?.strip_suffix('"')
}

/// The files below a folder, by their paths from the root; none if there is no such folder.
fn files(root: &Path, folder: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| refusal(folder, &error.to_string()))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => found.extend(files(root, &path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

fn read(root: &Path, path: &str) -> io::Result<String> {
    let text = fs::read_to_string(root.join(path)).map_err(|error| refusal(path, &error.to_string()))?;
    if text.trim().is_empty() { Err(refusal(path, "the file is empty")) } else { Ok(text) }
}

fn refusal(path: &str, what: &str) -> io::Error {
    io::Error::other(format!("{path}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "---\npage_title: \"A\"\nsubcategory: \"Guides\"\ndescription: |-\n  B.\n---\n";

    /// The page generated from one template, `templates/guides/one.md.tmpl`, with these files beside it.
    fn guides_of(template: &str, others: &[(&str, &str)]) -> Result<BTreeMap<String, String>, String> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in others.iter().chain(&[("templates/guides/one.md.tmpl", template)]) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        guides(root.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_shown_as_code() {
        let template = format!(
            "{HEAD}# A\n\n{{{{ tffile \"examples/guides/one/main.tf\" }}}}\n\nThen:\n\n\
             {{{{codefile \"shell\" \"examples/guides/one/run.sh\"}}}}\n"
        );
        let files = [("examples/guides/one/main.tf", "\na = 1\n"), ("examples/guides/one/run.sh", "ls {{ x }}\n")];
        let page = format!("{HEAD}# A\n\n```terraform\na = 1\n```\n\nThen:\n\n```shell\nls {{{{ x }}}}\n```\n");
        assert_eq!(guides_of(&template, &files), Ok(BTreeMap::from([("guides/one.md".to_owned(), page)])));
        assert_eq!(guides(Path::new("/nowhere")).unwrap(), BTreeMap::new());
    }

    #[test]
    fn mistakes_name_their_file() {
        let headed = |text: &str| format!("{HEAD}{text}");
        let without = |key: &str| HEAD.replace(key, "other");
        for (template, complaint) in [
            (headed("{{ .SchemaMarkdown }}"), "unknown directive {{ .SchemaMarkdown }}"),
            (headed("{{ tffile examples/a.tf }}"), "unknown directive {{ tffile examples/a.tf }}"),
            (headed("{{ codefile \"sh\" }}"), "unknown directive"),
            (headed("{{ tffile"), "a directive has no end"),
            (headed("{{ tffile \"examples/a.tf\" }}"), "examples/a.tf: No such file"),
            ("# A\n".to_owned(), "there is no frontmatter"),
            (without("page_title"), "the frontmatter has no page_title"),
            (without("subcategory"), "the frontmatter has no subcategory"),
            (HEAD.replace("|-", ""), "the frontmatter has no description"),
            (String::new(), "the file is empty"),
        ] {
            let error = guides_of(&template, &[]).unwrap_err();
            assert!(error.starts_with("templates/guides/one.md.tmpl: ") && error.contains(complaint), "{error}");
        }
        let unused = guides_of(HEAD, &[("examples/guides/one/main.tf", "a = 1")]).unwrap_err();
        assert_eq!(unused, "examples/guides/one/main.tf: no guide shows this file");
        let other = guides_of(HEAD, &[("templates/guides/two.md", "a")]).unwrap_err();
        assert_eq!(other, "templates/guides/two.md: the name of a template ends in .md.tmpl");
    }

    #[test]
    fn links_lead_to_pages() {
        let page = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let pages = BTreeMap::from([
            page("index.md", "[a](guides/a.md#b) [x](guides/x.md) [y](https://example.com/y.md) [z](#z)"),
            page("guides/a.md", "[index](../index.md) [b](../resources/b.md) [self](./a.md)"),
        ]);
        assert_eq!(dead_links(&pages), ["guides/a.md: ../resources/b.md", "index.md: guides/x.md"]);
    }
}
