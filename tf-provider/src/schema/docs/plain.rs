//! Markdown as plain text, as the frontmatter of a page shows it.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Parser, Tag, TagEnd};

/// The text of a Markdown document as tfplugindocs flattens it: blocks on lines of their own,
/// links as text and address, no other markup.
pub(crate) fn plain(markdown: &str) -> String {
    let mut out = String::new();
    let mut skipped = 0_usize;
    let mut in_code = false;
    let mut headings = 0_usize;
    let mut links: Vec<Option<CowStr<'_>>> = Vec::new();
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        if skipped > 0 {
            match event {
                Event::Start(_) => skipped += 1,
                Event::End(_) => skipped -= 1,
                _ => {}
            }
            continue;
        }
        let source = &markdown[range.clone()];
        match event {
            Event::Start(Tag::Paragraph) => {
                newline(&mut out);
                if source.starts_with('|') {
                    out.push_str(source.trim_end());
                    skipped = 1;
                }
            }
            Event::Start(Tag::BlockQuote(_)) => {
                newline(&mut out);
                out.push_str(&unquoted(source));
                skipped = 1;
            }
            Event::Start(Tag::Image { .. }) => skipped = 1,
            Event::Start(Tag::Heading { .. }) => {
                newline(&mut out);
                headings += 1;
            }
            Event::End(TagEnd::Heading(_)) => headings -= 1,
            Event::Start(Tag::List(_)) | Event::Rule => newline(&mut out),
            Event::SoftBreak => newline(&mut out),
            Event::Start(Tag::CodeBlock(kind)) => {
                newline(&mut out);
                if matches!(kind, CodeBlockKind::Fenced(_)) {
                    newline(&mut out);
                }
                in_code = true;
            }
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let shown = headings == 0 && links.is_empty() && has_address(link_type, &dest_url);
                links.push(shown.then_some(dest_url));
            }
            Event::End(TagEnd::Link) => {
                if let Some(Some(address)) = links.pop() {
                    out.push(' ');
                    out.push_str(&address);
                }
            }
            Event::Text(text) if in_code => out.push_str(&text),
            Event::Text(_) => {
                // Escapes and entities stay as they are written.
                if markdown[..range.start].ends_with('\\') {
                    out.push('\\');
                }
                out.push_str(source);
            }
            Event::Code(_) => out.push_str(code(source)),
            _ => {}
        }
    }
    out
}

fn newline(out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
}

/// A link within the site shows no address, and the text of an automatic one already is it.
fn has_address(link_type: LinkType, address: &str) -> bool {
    let relative = address.starts_with('#') || (address.starts_with('/') && !address.starts_with("//"));
    !relative && !matches!(link_type, LinkType::Autolink | LinkType::Email)
}

fn unquoted(source: &str) -> String {
    let line = |line: &str| {
        let line = line.trim_start();
        line.strip_prefix('>').unwrap_or(line).trim_start().to_owned()
    };
    source.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn code(source: &str) -> &str {
    let ticks = source.len() - source.trim_start_matches('`').len();
    let inner = source.get(ticks..source.len() - ticks).unwrap_or_default();
    match inner.strip_prefix(' ').and_then(|inner| inner.strip_suffix(' ')) {
        Some(trimmed) if !trimmed.trim().is_empty() => trimmed,
        _ => inner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_lines_and_marks_disappear() {
        for (markdown, text) in [
            ("One *two* **three**.\n\nFour.", "One two three.\nFour."),
            ("a\nb", "a\nb"),
            ("# Title\n\n- one\n- two", "Title\nonetwo"),
            ("Use `a_b` and `` `c` ``.", "Use a_b and `c`."),
            ("[AWS](https://aws.amazon.com) [here](#x) <https://a.b>", "AWS https://aws.amazon.com here https://a.b"),
            ("x\n\n```hcl\na = 1\n```\n\ny", "x\n\na = 1\n\ny"),
            ("x\n\n    code\n", "x\ncode\n"),
            ("> a *b*\n> c", "a *b*\nc"),
            ("| a | b |\n| - | - |", "| a | b |\n| - | - |"),
            ("![alt](x.png) a <b>c</b> \\* &amp;", " a c \\* &amp;"),
            ("a\n\n---\n\nb", "a\n\nb"),
        ] {
            assert_eq!(plain(markdown), text, "{markdown:?}");
        }
    }
}
