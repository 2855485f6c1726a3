//! Diagnostics about objects that exist, are declared twice, or were adopted.

use std::io;

use tf_provider::diagnostic::Diagnostic;

use crate::records::claims::{Maker, Subject};

/// A create finds an object that is not to be adopted.
pub(super) fn exists(subject: &Subject, maker: &Maker) -> Diagnostic {
    let Subject { noun, what, found, arguments, import_id, at, .. } = subject;
    Diagnostic::error(
        format!("{noun} {found}"),
        format!(
            "The {what} {found}. {} Nothing was changed.\n\nTo manage it here, import it and review the \
             plan:\n  terraform import ADDRESS '{import_id}'\n\nIf this configuration manages it under another address, \
             write a \"moved\" block. If it is to be replaced, note that \"create_before_destroy\", which dependencies \
             inherit, cannot work without a change of {arguments}. If another configuration manages it, change \
             {arguments}.",
            created_by(subject, maker)
        ),
    )
    .at(at.clone())
}

/// A plan finds an object that it would create.
pub(super) fn exists_at_plan(subject: &Subject, maker: &Maker) -> Diagnostic {
    let Subject { noun, what, found, arguments, import_id, at, .. } = subject;
    Diagnostic::warning(
        format!("{noun} {found}"),
        format!(
            "The {what} {found}. {} The apply will end in an error unless it is deleted before, by this apply or \
             by somebody else.\n\nTo manage it here, import it:\n  terraform import ADDRESS '{import_id}'\n\nOr change \
             {arguments}.",
            created_by(subject, maker)
        ),
    )
    .at(at.clone())
}

/// This process has created the object for another resource.
pub(super) fn declared_twice(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, arguments, at, .. } = subject;
    Diagnostic::error(
        format!("{noun} is declared twice"),
        format!(
            "Another resource of this configuration has created the {what} in this apply. Nothing was changed \
             here.\n\nRemove one of the two resources, or change {arguments} of one of them."
        ),
    )
    .at(at.clone())
}

/// A plan has two resources with one object.
pub(super) fn twins(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, arguments, at, .. } = subject;
    Diagnostic::warning(
        format!("{noun} is declared twice"),
        format!(
            "Two resources of this configuration are for the {what}. The apply of the second will end in an \
             error.\n\nRemove one of the two resources, or change {arguments} of one of them."
        ),
    )
    .at(at.clone())
}

/// A plan deletes and creates the same object, under two addresses.
pub(super) fn moves(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, at, .. } = subject;
    Diagnostic::warning(
        format!("{noun} changes its address"),
        format!(
            "The {what} is to be deleted under one address and created under another. Terraform does not order the two; \
             if the create comes first, both end in an error.\n\nIf only the address has changed, write a \"moved\" block \
             with the old and the new address. Then nothing is deleted."
        ),
    )
    .at(at.clone())
}

/// A create of the object was refused because it exists, and now it would be deleted.
pub(super) fn declared_again(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, .. } = subject;
    Diagnostic::error(
        format!("{noun} is still declared"),
        format!(
            "In this apply another resource was to create the {what}, and could not because it exists. It was not \
             deleted, because no resource would hold it any more.\n\nIf the address of the resource has changed, write a \"moved\" block with the \
             old and the new address. Otherwise remove one of the two resources and apply again."
        ),
    )
}

/// A delete comes after a create of the same object.
pub(super) fn created_here(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, .. } = subject;
    Diagnostic::warning(
        format!("{noun} was not deleted"),
        format!(
            "The {what} was created in this apply for another resource of this configuration, so it was not deleted. It \
             is no longer managed under this address."
        ),
    )
}

/// A delete finds an object of another create.
pub(super) fn recreated(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, .. } = subject;
    Diagnostic::warning(
        format!("{noun} was re-created outside of Terraform"),
        format!(
            "The {what} is not the one in the state, which was deleted: another one was created under its name since. It \
             is left as it is, and is no longer managed here."
        ),
    )
}

/// A create has adopted the object of an earlier run.
pub(super) fn adopted(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, .. } = subject;
    Diagnostic::warning(
        format!("{noun} of an interrupted apply adopted"),
        format!(
            "An earlier apply in this directory was interrupted after it had created the {what}, before Terraform could \
             store that. It was completed now, and is managed here."
        ),
    )
}

/// A claim cannot be written.
pub(super) fn no_claims(error: &io::Error) -> Diagnostic {
    Diagnostic::warning(
        "Interrupted creates cannot be resumed",
        format!(
            "What is being created is noted in a folder of this user, and that cannot be written: {error}.\n\nIf this \
             apply is killed, objects may exist that the state does not have, and have to be imported. Give this user a \
             home directory that it can write to."
        ),
    )
}

fn created_by(subject: &Subject, maker: &Maker) -> String {
    match maker {
        Maker::Mark(mark) => {
            let (kind, id) = mark.split_once('/').unwrap_or((subject.kind, mark));
            format!(
                "A resource \"rdsauth_{kind}\" has created it (creation ID {id}): in another configuration or workspace, on \
                 another machine, or under another address."
            )
        }
        Maker::Unmarked => "It carries no mark of this provider, so it was created by other means.".to_owned(),
        Maker::Unknown => "Objects of this kind carry no mark, so who created it is unknown.".to_owned(),
    }
}
