//! Diagnostics of `rdsauth_endpoint_swap`.

use tf_provider::diagnostic::Diagnostic;

use crate::aws::iam::mentions::{Mention, Mentions};
use crate::aws::rds::{Database, Dependent, Kind};
use crate::resources::endpoint_swap::EndpointSwap;
use crate::resources::endpoint_swap::places::{Exchange, Pair, Places};

// === The arguments ===

pub(super) fn same_names() -> Diagnostic {
    let detail = "The database, its replacement and the retired database need three different identifiers. Without \
                  \"retired_identifier\", the last one is the identifier of the database and \"-old\".";
    Diagnostic::error("Conflicting arguments", detail).at(EndpointSwap::replacement_identifier)
}

pub(super) fn name_too_long(retired: &str) -> Diagnostic {
    let detail = format!("The default, \"{retired}\", is longer than 63 characters. Write \"retired_identifier\".");
    Diagnostic::error("Missing required argument", detail).at(EndpointSwap::retired_identifier)
}

pub(super) fn malformed_import(id: &str) -> Diagnostic {
    let detail = format!(
        "\"{id}\" is not of the form instance/ID/REPLACEMENT/RETIRED or cluster/ID/REPLACEMENT/RETIRED, such as \
         instance/orders/orders-encrypted/orders-old. If the region is not the provider's, append @REGION."
    );
    Diagnostic::error("Malformed import id", detail)
}

// === Before the swap ===

/// Not all of what a swap needs exists, or the name of the retired database is taken.
pub(super) fn misplaced(kind: Kind, places: &Places, place: &str) -> Diagnostic {
    let [name, replacement, retired] = &places.names;
    let seen = places.describe();
    let (at, detail) = match (places.name(), places.replacement(), places.retired()) {
        (Some(_), Some(_), Some(_)) => {
            let detail = format!(
                "There is a DB {kind} \"{retired}\" in {place}, so that \"{name}\" cannot get this identifier.\n\nWrite \
                 another \"retired_identifier\". Nothing was renamed."
            );
            return Diagnostic::error("Identifier is taken", detail).at(EndpointSwap::retired_identifier);
        }
        (Some(_), None, None) => (EndpointSwap::replacement_identifier.path(), format!("\"{replacement}\"")),
        (None, Some(_), _) => (name_of(kind), format!("\"{name}\"")),
        _ => (name_of(kind), format!("\"{name}\" or \"{replacement}\"")),
    };
    let detail = format!(
        "There is no DB {kind} {detail} in {place}: {seen}. Nothing was renamed.\n\nIf the same configuration creates it, refer \
         to that resource, or add it to \"depends_on\". Otherwise check the identifiers, \"region\" and the account of the \
         credentials."
    );
    Diagnostic::error("Database not found", detail).at(at)
}

pub(super) fn member(found: &Database, cluster: &str) -> Diagnostic {
    let detail = format!(
        "The DB instance \"{}\" is a member of the DB cluster \"{cluster}\". Applications use the endpoint of the DB \
         cluster.\n\nWrite db_cluster_identifier and the identifier of the other DB cluster.",
        found.identifier
    );
    Diagnostic::error("DB instance is a member of a DB cluster", detail)
}

pub(super) fn other_engine(old: &Database, new: &Database) -> Diagnostic {
    let detail = format!(
        "\"{}\" has the engine \"{}\", and \"{}\" has \"{}\". Applications could not use it in its place.",
        old.identifier, old.engine, new.identifier, new.engine
    );
    Diagnostic::error("Engines differ", detail).at(EndpointSwap::replacement_identifier)
}

pub(super) fn not_encrypted(new: &Database) -> Diagnostic {
    let detail = format!(
        "The storage encryption type of \"{}\" is \"{}\". Nothing was renamed.\n\nEncrypt it first: see the data source \
         rdsauth_encryption_plan. To swap it all the same, set \"require_encryption\" to false.",
        new.identifier, new.encryption
    );
    Diagnostic::error("Replacement is not encrypted", detail).at(EndpointSwap::replacement_identifier)
}

pub(super) fn in_deployment(found: &Database, deployment: &Dependent) -> Diagnostic {
    let detail = format!(
        "\"{}\" is in the blue/green deployment \"{}\", whose status is \"{}\". RDS does not rename it. Nothing was \
         renamed.\n\nSwitch the deployment over or delete it first.",
        found.identifier, deployment.name, deployment.status
    );
    Diagnostic::error("Database is in a blue/green deployment", detail)
}

pub(super) fn other_than_planned(seen: &Pair, planned: &Pair) -> Diagnostic {
    let detail = format!(
        "The plan was made for the old database \"{}\" and the replacement \"{}\". The identifiers now belong to \"{}\" and \
         \"{}\". Nothing was renamed.\n\nPlan again.",
        planned.old, planned.new, seen.old, seen.new
    );
    Diagnostic::error("Databases have changed since the plan", detail)
}

/// Database users whose policies name only the old database cannot log in after the swap.
pub(super) fn locks_out(mentions: &Mentions, old: &Database, new: &Database) -> Diagnostic {
    let names: String = mentions.found.iter().map(|found| format!("\n  {}", Mention::name(found))).collect();
    let more = match mentions.is_complete {
        true => "",
        false => "\n\nThe account has more policies, which were not looked at.",
    };
    let (old, new) = (&old.resource_id, &new.resource_id);
    let detail = format!(
        "After the swap, these policies are still about the old database: they name \"{old}\" and not \"{new}\".{names}\n\n\
         Allow both before the swap, or users who log in with tokens are locked out: one rdsauth_iam_db_user_policy allows \
         several resource IDs. If this apply changes the policies, add them to \"depends_on\".{more}"
    );
    Diagnostic::warning("Policies do not allow the replacement", detail).at(EndpointSwap::replacement_identifier)
}

pub(super) fn policies_not_read(why: &str, old: &Database, new: &Database) -> Diagnostic {
    let detail = format!(
        "{why}\n\nCheck that policies for rds-db:connect that name \"{}\" also name \"{}\", or users who log in with tokens \
         are locked out after the swap.",
        old.resource_id, new.resource_id
    );
    Diagnostic::warning("Policies were not looked up", detail).at(EndpointSwap::replacement_identifier)
}

// === The swap ===

pub(super) fn name_taken(other: &Database, from: &str) -> Diagnostic {
    let detail = format!(
        "Another DB {}, \"{}\", has the identifier \"{}\" meanwhile, so that \"{from}\" cannot get it. Rename or delete one of \
         them.",
        other.kind, other.resource_id, other.identifier
    );
    Diagnostic::error("Identifier is taken", detail)
}

pub(super) fn late(exchange: &Exchange, why: &Diagnostic) -> Diagnostic {
    let Exchange { name, from, .. } = exchange;
    let detail = format!(
        "\"{name}\": {}\n\nApplications may have no endpoint until \"{from}\" has the identifier \"{name}\". The resource is \
         not tainted: run \"terraform apply\" again now to complete the swap.",
        why.detail
    );
    Diagnostic::warning("Endpoint swap is not complete yet", detail)
}

/// AWS refused the second rename, and the first was undone.
pub(super) fn undone(why: Diagnostic, name: &str) -> Diagnostic {
    let detail = format!("{}\n\nThe old database has the identifier \"{name}\" again: nothing is changed.", why.detail);
    Diagnostic { detail, ..why }
}

/// AWS refused one of the renames, and the other could not be undone.
pub(super) fn stranded(why: Diagnostic, kind: Kind, exchange: &Exchange) -> Diagnostic {
    let Exchange { name, from, goal, .. } = exchange;
    let rename = |from: &str, to: &str| {
        format!(
            "aws rds modify-db-{kind} --db-{kind}-identifier {from} --new-db-{kind}-identifier {to} --apply-immediately"
        )
    };
    let detail = format!(
        "{}\n\nApplications have no endpoint: no database has the identifier \"{name}\". Correct the cause and run the same \
         command again, or complete the swap:\n  {}\nor undo it:\n  {}",
        why.detail,
        rename(from, name),
        rename(goal, name)
    );
    Diagnostic { detail, ..why }
}

// === Afterwards ===

pub(super) fn gone(places: &Places, new: &str) -> Diagnostic {
    let name = &places.names[0];
    let detail = format!(
        "\"{name}\" is not the database \"{new}\" any more, to which this resource gave the identifier: {}. It was renamed, \
         deleted or swapped back outside of Terraform, and the resource was removed from the state.",
        places.describe()
    );
    Diagnostic::warning("Endpoint was swapped outside of Terraform", detail)
}

pub(super) fn stays(name: &str, retired: &str) -> Diagnostic {
    let detail = format!(
        "The database keeps the identifier \"{name}\", and the old one is kept as \"{retired}\", which costs as much as before. \
         Delete it when it is not needed any more."
    );
    Diagnostic::warning("Endpoint swap is kept", detail)
}

pub(super) fn nothing_to_return_to(places: &Places, pair: &Pair) -> Diagnostic {
    let detail = format!(
        "The old database \"{}\" does not have the identifier \"{}\" any more: {}. Nothing was renamed.\n\nTo keep the swap, \
         set \"swap_back_on_destroy\" to false, apply, and destroy again.",
        pair.old,
        places.names[2],
        places.describe()
    );
    Diagnostic::error("Old database not found", detail).at(EndpointSwap::swap_back_on_destroy)
}

pub(super) fn replacement_taken(other: &Database) -> Diagnostic {
    let detail = format!(
        "\"{}\" is now the identifier of another DB {}, \"{}\", so that the database cannot get it back. Nothing was \
         renamed.\n\nRename or delete that one, or set \"swap_back_on_destroy\" to false, apply, and destroy again.",
        other.identifier, other.kind, other.resource_id
    );
    Diagnostic::error("Identifier is taken", detail).at(EndpointSwap::swap_back_on_destroy)
}

pub(super) fn not_complete(name: &str) -> Diagnostic {
    let detail = format!(
        "\"{name}\" is not the replacement yet, and applications may have no endpoint. The apply completes the swap. A \
         destroy undoes it."
    );
    Diagnostic::warning("Endpoint swap will be completed", detail)
}

fn name_of(kind: Kind) -> tf_provider::value::Path {
    match kind {
        Kind::Instance => EndpointSwap::db_instance_identifier.path(),
        Kind::Cluster => EndpointSwap::db_cluster_identifier.path(),
    }
}
