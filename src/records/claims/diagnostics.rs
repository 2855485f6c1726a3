//! Diagnostics about objects that exist, are declared twice, or were adopted.

use std::io;

use tf_provider::diagnostic::Diagnostic;

use crate::records::claims::{Creator, Subject};

/// A create finds an object that is not to be adopted.
pub(super) fn exists(subject: &Subject, creator: &Creator) -> Diagnostic {
    let Subject { noun, what, found, arguments, at, .. } = subject;
    let import = subject.import_command();
    Diagnostic::error(
        format!("{noun} {found}"),
        format!(
            "The {what} {found}. {} Nothing was changed.\n\nTo manage it here, import it and review the plan:\n  \
             {import}\n\nIf this configuration manages it under another address, write \
             a \"moved\" block. If this resource is being replaced with \"create_before_destroy\" (which \
             dependencies inherit), change {arguments} as well. If another configuration manages it, change \
             {arguments}.",
            created_by(subject, creator)
        ),
    )
    .at(at.clone())
}

/// A plan finds an object that it would create.
pub(super) fn exists_at_plan(subject: &Subject, creator: &Creator) -> Diagnostic {
    let Subject { noun, what, found, arguments, at, .. } = subject;
    let import = subject.import_command();
    Diagnostic::warning(
        format!("{noun} {found}"),
        format!(
            "The {what} {found}. {} The apply will fail unless it is deleted first, by this apply or outside of \
             Terraform.\n\nTo manage it here, import it:\n  {import}\n\nOr change \
             {arguments}.",
            created_by(subject, creator)
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
            "Two resources of this configuration manage the {what}. The apply of the second one will fail.\n\nRemove \
             one of the two resources, or change {arguments} of one of them."
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
            "The {what} is to be deleted under one address and created under another. Terraform does not order the \
             two; if the create runs first, both fail.\n\nIf only the address has changed, write a \"moved\" block \
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
            "In this apply, another resource tried to create the {what} and failed because it exists. It was not \
             deleted, because no resource would manage it any more.\n\nIf the address of the resource has changed, \
             write a \"moved\" block with the old and the new address. Otherwise remove one of the two resources and \
             apply again."
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
            "The {what} is not the one in the state: that one was deleted outside of Terraform, and another one was \
             created with the same name. It was left unchanged and is no longer managed here.\n\nTo manage it, import \
             it:\n  {}",
            subject.import_command()
        ),
    )
}

/// A create has adopted the object of an earlier run.
pub(super) fn adopted(subject: &Subject) -> Diagnostic {
    let Subject { noun, what, .. } = subject;
    Diagnostic::warning(
        format!("{noun} of an interrupted apply adopted"),
        format!(
            "An earlier apply in this directory created the {what} and was interrupted before Terraform stored it in \
             the state. This apply adopted and completed it."
        ),
    )
}

/// A claim cannot be written.
pub(super) fn no_claims(error: &io::Error) -> Diagnostic {
    Diagnostic::warning(
        "Interrupted creates cannot be resumed",
        format!(
            "The provider records what it creates in a directory of this user, which it cannot write: {error}.\n\nIf \
             this apply is killed, objects may exist that are not in the state and have to be imported. Give this \
             user a writable home directory."
        ),
    )
}

fn created_by(subject: &Subject, creator: &Creator) -> String {
    match creator {
        Creator::Mark(mark) => {
            let (kind, id) = mark.split_once('/').unwrap_or((subject.kind, mark));
            format!(
                "It was created by a resource \"rdsauth_{kind}\" (creation ID {id}): in another configuration or \
                 workspace, on another machine, or under another address."
            )
        }
        Creator::Unmarked => {
            "It has no tag or comment of this provider, so it was not created by this provider.".to_owned()
        }
        Creator::Unknown => "The provider cannot tell who created it.".to_owned(),
    }
}
