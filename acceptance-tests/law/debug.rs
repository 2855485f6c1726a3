//! Derived `Debug` implementations that would show secrets.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Types that hold whole configurations and states, and one that holds a URL with a password.
const RAW: [&str; 3] = ["Object", "Value", "ProxyConfig"];

/// Words in the name of a field that holds a secret, unless the last word says that it only refers to the secret.
const SECRETS: [&str; 3] = ["secret", "password", "token"];
const PLACES: [&str; 3] = ["arn", "arns", "file"];

/// A type that derives `Debug`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A type that does so.
    Type,
    /// A `model!`. Its plain values are in plan and state as well.
    Model,
}

/// The fields of a struct or enum that must not be shown, each with the reason.
pub(crate) fn secrets(item: Item, body: TokenStream) -> Vec<String> {
    let tokens: Vec<_> = body.into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = &tokens[at + 1..];
        match (token, rest) {
            // A type of functions holds nothing, and an attribute is none.
            (TokenTree::Ident(word), [TokenTree::Group(_), ..]) if word == "fn" => at += 1,
            (TokenTree::Punct(hash), [TokenTree::Group(_), ..]) if hash.as_char() == '#' => at += 1,
            // The name of a variant does not matter.
            (TokenTree::Ident(_), [TokenTree::Group(_), ..]) => {}
            (TokenTree::Ident(name), [TokenTree::Punct(colon), ty @ ..]) if is_alone(colon, ':') => {
                let name = name.to_string();
                if is_secret(item, &name) && is_plain(ty) {
                    found.push(format!("{name} is a secret in plain text"));
                }
            }
            (TokenTree::Ident(name), _) if item == Item::Type && RAW.iter().any(|raw| name == raw) => {
                found.push(format!("{name} may hold secrets"));
            }
            (TokenTree::Group(group), _) if group.delimiter() != Delimiter::Bracket => {
                found.extend(secrets(item, group.stream()));
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn is_secret(item: Item, name: &str) -> bool {
    let words: Vec<_> = name.split('_').collect();
    let is_elsewhere = words.last().is_some_and(|last| PLACES.contains(last));
    let is_named = words.iter().any(|word| SECRETS.contains(word)) && !is_elsewhere;
    is_named || name == "external_id" && item == Item::Type
}

/// Whether the type of a field has text in it that is not in a `Secret`.
fn is_plain(ty: &[TokenTree]) -> bool {
    let words = ty
        .iter()
        .take_while(|token| !matches!(token, TokenTree::Punct(end) if [',', '='].contains(&end.as_char())))
        .filter_map(|token| if let TokenTree::Ident(word) = token { Some(word.to_string()) } else { None });
    let words: Vec<_> = words.collect();
    words.iter().any(|word| ["String", "str"].contains(&word.as_str())) && !words.iter().any(|word| word == "Secret")
}

/// Whether it is a mark of its own, and no half of a longer one.
fn is_alone(mark: &proc_macro2::Punct, wanted: char) -> bool {
    mark.as_char() == wanted && mark.spacing() == Spacing::Alone
}
