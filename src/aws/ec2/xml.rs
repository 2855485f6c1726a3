//! Answers of the query protocol: elements, and lists of `item`.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// An element.
pub(super) type Tag<'inp, 'a> = ScopedDecoder<'inp, 'a>;

/// Looks at each element of an answer that is of this kind.
pub(super) fn each<'inp>(
    answer: &'inp str,
    kind: &str,
    look: impl FnMut(&str, Tag<'inp, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    let mut document = Document::new(answer);
    let root = document.root_element()?;
    match root.start_el().local() == kind {
        true => each_in(root, look),
        false => Err(XmlDecodeError::custom(format!("it is not a {kind}"))),
    }
}

/// Looks at each element in an element.
pub(super) fn each_in<'inp>(
    mut tag: Tag<'inp, '_>,
    mut look: impl FnMut(&str, Tag<'inp, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    while let Some(inner) = tag.next_tag() {
        let name = inner.start_el().local().to_owned();
        look(&name, inner)?;
    }
    Ok(())
}

/// What is read of each item of a list.
pub(super) fn items<'inp, T>(
    list: Tag<'inp, '_>,
    mut read: impl FnMut(Tag<'inp, '_>) -> Result<T, XmlDecodeError>,
) -> Result<Vec<T>, XmlDecodeError> {
    let mut found = Vec::new();
    each_in(list, |_, item| {
        found.push(read(item)?);
        Ok(())
    })?;
    Ok(found)
}

/// The texts of an element of each item of a list.
pub(super) fn texts(list: Tag<'_, '_>, name: &str) -> Result<Vec<String>, XmlDecodeError> {
    let mut found = Vec::new();
    each_in(list, |_, item| {
        each_in(item, |own, tag| {
            if own == name {
                found.push(text(tag)?);
            }
            Ok(())
        })
    })?;
    Ok(found)
}

/// The text of an element.
pub(super) fn text(mut tag: Tag<'_, '_>) -> Result<String, XmlDecodeError> {
    Ok(try_data(&mut tag)?.into_owned())
}
