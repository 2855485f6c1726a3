//! Diagnostics of `rdsauth_dms_migration`.

use tf_provider::diagnostic::Diagnostic;
use tf_provider::schema::Handle;
use tf_provider::value::Path;

use crate::aws::Error;
use crate::aws::dms::{Connection, Endpoint, TABLE_ERROR, Table, Task};
use crate::parts::db::connection::DatabaseConnection;
use crate::parts::dms::some_of;
use crate::resources::dms_migration::DmsMigration;
use crate::sql::dms::Left;

/// Which endpoint, and its argument.
pub(super) type End = (&'static str, Handle<DmsMigration, String>);

// === The arguments ===

pub(super) fn no_lob_size() -> Diagnostic {
    let detail = "\"lob_mode\" is \"limited\", which requires \"lob_max_size\": DMS cuts off LOBs that are larger. Choose a size \
                  that none of them exceeds.";
    Diagnostic::error("Missing required argument", detail).at(DmsMigration::lob_max_size)
}

pub(super) fn lob_size_of_nothing() -> Diagnostic {
    let detail =
        "\"lob_max_size\" limits LOBs, and \"lob_mode\" is \"full\". Remove it, or set \"lob_mode\" to \"limited\".";
    Diagnostic::error("Conflicting arguments", detail).at(DmsMigration::lob_max_size)
}

pub(super) fn nothing_is_validated() -> Diagnostic {
    let detail = "\"wait_for\" is \"validated\", and \"validation_enabled\" is false. Set it to true, or wait for \"full_load\".";
    Diagnostic::error("Conflicting arguments", detail).at(DmsMigration::wait_for)
}

pub(super) fn nothing_to_catch_up_with() -> Diagnostic {
    let detail = "\"wait_for\" is \"caught_up\", and \"migration_type\" is \"full-load\", which replicates no changes. Wait for \
                  \"validated\" or \"full_load\".";
    Diagnostic::error("Conflicting arguments", detail).at(DmsMigration::wait_for)
}

pub(super) fn least_is_more(least: i64, most: i64, at: Path) -> Diagnostic {
    let detail = format!(
        "\"min_capacity_units\" is {least}, which is more than \"max_capacity_units\", {most}. Lower it, or raise the other."
    );
    Diagnostic::error("Conflicting arguments", detail).at(at)
}

pub(super) fn zone_of_two(at: Path) -> Diagnostic {
    let detail = "\"multi_az\" is true, so DMS chooses two Availability Zones. Remove \"availability_zone\", or set the other to false.";
    Diagnostic::error("Conflicting arguments", detail).at(at)
}

pub(super) fn settings_are_no_object() -> Diagnostic {
    let detail = "\"settings\" must be a JSON object of task settings, as in jsonencode({ Logging = { EnableLogging = true } }).";
    Diagnostic::error("Malformed task settings", detail).at(DmsMigration::settings)
}

pub(super) fn setting_is_no_section(name: &str) -> Diagnostic {
    let detail = format!("\"{name}\" must be a JSON object: task settings are grouped in sections.");
    Diagnostic::error("Malformed task settings", detail).at(DmsMigration::settings)
}

pub(super) fn setting_has_an_argument(name: &str, argument: &str) -> Diagnostic {
    let detail = format!("The setting {name} comes from the argument \"{argument}\". Remove it from \"settings\".");
    Diagnostic::error("Conflicting arguments", detail).at(DmsMigration::settings)
}

pub(super) fn setting_is_of_dms(name: &str) -> Diagnostic {
    let detail = format!("DMS sets {name} itself, and refuses a task with it. Remove it from \"settings\".");
    Diagnostic::error("Malformed task settings", detail).at(DmsMigration::settings)
}

pub(super) fn rules_are_no_list() -> Diagnostic {
    let detail =
        "\"table_mapping_rules\" must be a JSON list of rules, as in jsonencode([…]) with an object for each rule.";
    Diagnostic::error("Malformed table mapping rules", detail).at(DmsMigration::table_mapping_rules)
}

pub(super) fn rule_has_no_type(index: usize) -> Diagnostic {
    let detail = format!("Rule {index} is not an object with a text \"rule-type\".");
    Diagnostic::error("Malformed table mapping rules", detail).at(DmsMigration::table_mapping_rules)
}

pub(super) fn rule_has_a_block(index: usize) -> Diagnostic {
    let detail = format!(
        "Rule {index} selects tables without a filter. Write an \"include\" or \"exclude\" block for it, and remove it from \
         \"table_mapping_rules\"."
    );
    Diagnostic::error("Conflicting arguments", detail).at(DmsMigration::table_mapping_rules)
}

// === The ends ===

pub(super) fn no_instance(arn: &str) -> Diagnostic {
    let detail = format!("The replication instance \"{arn}\" does not exist. Correct the ARN, or create it first.");
    Diagnostic::error("Replication instance not found", detail).at(DmsMigration::replication_instance_arn)
}

pub(super) fn instance_is_stuck(arn: &str, status: &str) -> Diagnostic {
    let detail = format!(
        "The status of the replication instance \"{arn}\" is \"{status}\", which does not change by itself. Repair it in the DMS \
         console, or use another one."
    );
    Diagnostic::error("Replication instance cannot be used", detail).at(DmsMigration::replication_instance_arn)
}

pub(super) fn no_endpoint(arn: &str, (which, at): End) -> Diagnostic {
    let detail = format!("The {which} endpoint \"{arn}\" does not exist. Correct the ARN, or create it first.");
    Diagnostic::error("Endpoint not found", detail).at(at)
}

pub(super) fn wrong_end(endpoint: &Endpoint, (which, at): End) -> Diagnostic {
    let detail = format!(
        "The endpoint \"{}\" is a {} endpoint, and a {which} endpoint is needed. Check that both ARNs are not exchanged: DMS \
         writes to the target.",
        endpoint.id, endpoint.kind
    );
    Diagnostic::error("Endpoint of the wrong type", detail).at(at)
}

pub(super) fn lobs_are_truncated(endpoint: &Endpoint) -> Diagnostic {
    let way = match endpoint.engine.contains("postgres") {
        true => {
            "Set postgresql_settings.fail_tasks_on_lob_truncation to true in the source endpoint, so that a larger one is an \
             error. Otherwise"
        }
        false => "An endpoint of this engine cannot make that an error. Therefore",
    };
    let detail = format!(
        "With \"lob_mode\" set to \"limited\", DMS cuts off LOBs that are larger than \"lob_max_size\", without an error. The source \
         endpoint \"{}\" has the engine \"{}\".\n\n{way} set \"lob_mode\" to \"full\", or \"allow_lob_truncation\" to true.",
        endpoint.id, endpoint.engine
    );
    Diagnostic::error("LOBs may be cut off", detail).at(DmsMigration::lob_mode)
}

pub(super) fn unreachable(connection: &Connection, instance: &str, (which, at): End) -> Diagnostic {
    let failure = connection.failure.as_deref().unwrap_or("DMS gives no reason");
    let detail = format!(
        "The replication instance \"{instance}\" cannot connect to the {which} endpoint \"{}\": {failure}\n\nThe task was not \
         started. Check the server name, the credentials and the TLS mode of the endpoint, and the security groups of the \
         database and of the replication instance.",
        connection.endpoint
    );
    Diagnostic::error("Connection test failed", detail).at(at)
}

/// DMS Serverless could not connect. Its failure names the endpoint.
pub(super) fn not_connected(failure: &str, (which, at): End) -> Diagnostic {
    let detail = format!(
        "DMS Serverless cannot connect to the {which} endpoint: {failure}\n\nNothing was migrated. Check the server name, the \
         credentials and the TLS mode of the endpoint, that the subnets of \"replication_subnet_group_id\" reach the database, \
         and the security groups of the database and of \"compute_config\". Then run \"terraform apply\" again."
    );
    Diagnostic::error("Connection test failed", detail).at(at)
}

/// An error of a create, with advice where its code says what helps.
pub(super) fn refused(error: Error) -> Diagnostic {
    let is_limit = error.is_limit_exceeded();
    let mut told = Diagnostic::from(error);
    if is_limit {
        told.detail.push_str(
            "\n\nDelete replication tasks that are not needed, or request an increase in the Service Quotas console.",
        );
    }
    told
}

// === The task ===

pub(super) fn late(name: &str, status: &str, why: &Diagnostic) -> Diagnostic {
    let detail = format!(
        "\"{name}\": {}\n\nThe status is \"{status}\". The task goes on in AWS, and the resource is not tainted: the next \
         \"terraform apply\" waits for it again.",
        why.detail
    );
    Diagnostic::warning("Migration is not finished yet", detail)
}

pub(super) fn loads_again(name: &str, preparation: &str) -> Diagnostic {
    let detail = format!(
        "\"reload_trigger\" changes: the apply loads all tables of the replication task \"{name}\" again, and prepares those of \
         the target with \"{preparation}\". To load nothing, set \"reload_trigger\" to its value in the state."
    );
    Diagnostic::warning("All tables will be loaded again", detail).at(DmsMigration::reload_trigger)
}

pub(super) fn gone(name: &str) -> Diagnostic {
    let detail = format!(
        "The replication task \"{name}\" does not exist any more. It was deleted outside of Terraform.\n\nRun \"terraform \
         apply\" again to create it again, with another full load."
    );
    Diagnostic::error("Replication task not found", detail)
}

pub(super) fn ended(task: &Task, tables: &[Table]) -> Diagnostic {
    let reason = task.stop_reason.as_ref().map(|reason| format!(" with the reason {reason}")).unwrap_or_default();
    let failure = task.last_failure.as_ref().map(|failure| format!(" DMS says: {failure}")).unwrap_or_default();
    let errored = named(tables.iter().filter(|table| table.state == TABLE_ERROR));
    let summary = if task.status == "stopped" { "Replication task has stopped" } else { "Replication task has failed" };
    let group = match task.is_serverless() {
        true => format!("dms-serverless-replication-{}", task.arn.rsplit(':').next().unwrap_or_default()),
        false => "dms-tasks-INSTANCE".to_owned(),
    };
    let detail = format!(
        "The status of the replication task \"{}\" is \"{}\"{reason}.{failure}{errored}\n\nThe log of the task in CloudWatch Logs, \
         group \"{group}\", may show more if Logging.EnableLogging is true in \"settings\". Correct the cause and run \
         \"terraform apply\" again: it resumes the task.",
        task.id, task.status
    );
    Diagnostic::error(summary, detail)
}

pub(super) fn statistics_are_lost(task: &Task) -> Diagnostic {
    let detail = format!(
        "The replication task \"{}\" has stopped, and DMS Serverless has taken back its capacity and forgotten its statistics, \
         so nothing shows whether all rows were migrated.\n\nCompare the tables by other means and set \"wait_for\" to \"none\", or \
         change \"reload_trigger\" to load them again.",
        task.id
    );
    Diagnostic::error("Statistics of the migration are lost", detail).at(DmsMigration::wait_for)
}

pub(super) fn errored(task: &Task, tables: &[Table], most: i64) -> Diagnostic {
    let named = named(tables.iter().filter(|table| table.state == TABLE_ERROR));
    let detail = format!(
        "{} tables of the replication task \"{}\" have errors, and \"max_errored_tables\" is {most}.{named}\n\nThe table \
         awsdms_apply_exceptions on the target and the log of the task show the errors. Usual causes are tables that are \
         missing on the target or have other columns, and rows that a foreign key, a trigger or a unique index refuses. Correct \
         the cause and change \"reload_trigger\", or leave the tables out with \"exclude\" and change it, too.",
        task.stats.errored, task.id
    );
    Diagnostic::error("Tables have errors", detail).at(DmsMigration::max_errored_tables)
}

pub(super) fn mismatched<'a>(task: &Task, tables: impl Iterator<Item = &'a Table>, most: i64) -> Diagnostic {
    let named = named(tables.filter(|table| table.failed + table.suspended > 0 || table.validation.contains("rror")));
    let detail = format!(
        "The validation of the replication task \"{}\" has found records that differ or could not be compared, and \
         \"max_validation_failures\" is {most}.{named}\n\nThe table awsdms_validation_failures_v1 on the target names the \
         records. Usual causes are other writers on the target, triggers, and columns of another type. Correct the cause and \
         change \"reload_trigger\" to load the tables again.",
        task.id
    );
    Diagnostic::error("Rows differ", detail).at(DmsMigration::max_validation_failures)
}

pub(super) fn unvalidated<'a>(task: &Task, tables: impl Iterator<Item = &'a Table>) -> Diagnostic {
    let named = named(tables);
    let detail = format!(
        "DMS cannot validate tables without a primary key or unique index, and ignores their updates and deletes if the source \
         is PostgreSQL.{named}\n\nAdd a primary key, compare the tables by other means and set \"allow_unvalidated_tables\" to \
         true, or leave them out with \"exclude\" and change \"reload_trigger\". The task is \"{}\".",
        task.id
    );
    Diagnostic::error("Tables cannot be validated", detail).at(DmsMigration::wait_for)
}

pub(super) fn not_validated<'a>(task: &Task, tables: impl Iterator<Item = &'a Table>) -> Diagnostic {
    let named = named(tables);
    let detail = format!(
        "The replication task \"{}\" has stopped before all tables were validated.{named}\n\nChange \"reload_trigger\" to load and \
         validate them again, or set \"migration_type\" to \"full-load-and-cdc\".",
        task.id
    );
    Diagnostic::error("Validation is not complete", detail).at(DmsMigration::wait_for)
}

/// The tables with what DMS says about them.
fn named<'a>(tables: impl Iterator<Item = &'a Table>) -> String {
    let one = |table: &'a Table| {
        let details = table.validation_details.as_ref().map(|details| format!(": {details}")).unwrap_or_default();
        let records = match table.failed + table.suspended {
            0 => String::new(),
            _ => format!(", {} records differ, {} could not be compared", table.failed, table.suspended),
        };
        let validation = match table.validation.as_str() {
            "" | "Not enabled" => String::new(),
            validation => format!(", validation \"{validation}\"{details}"),
        };
        format!("  - {}: \"{}\"{validation}{records}", table.full_name(), table.state)
    };
    let all: Vec<_> = tables.map(one).collect();
    if all.is_empty() { String::new() } else { format!("\n\n{}", some_of(&all, "\n")) }
}

// === What DMS leaves ===

/// Where a block names its server.
pub(super) fn host_of(block: Handle<DmsMigration, Option<DatabaseConnection>>) -> Path {
    block.path().attribute(DatabaseConnection::host.name())
}

pub(super) fn nothing_is_left(endpoint: &Endpoint) -> Diagnostic {
    let detail = format!(
        "The source endpoint \"{}\" has the engine \"{}\", and DMS leaves objects in PostgreSQL sources only. Remove \
         \"source_connection\".",
        endpoint.id, endpoint.engine
    );
    Diagnostic::error("Nothing to remove at the source", detail)
}

pub(super) fn cannot_be_cleaned(endpoint: &Endpoint) -> Diagnostic {
    let detail = format!(
        "The target endpoint \"{}\" has the engine \"{}\", and control tables are removed from PostgreSQL, MySQL and MariaDB \
         only. Remove \"target_connection\".",
        endpoint.id, endpoint.engine
    );
    Diagnostic::error("Target of another engine", detail)
}

pub(super) fn other_database(endpoint: &Endpoint, there: &str, block: &str) -> Diagnostic {
    let detail = format!(
        "\"{block}\" leads to the database \"{there}\", and the endpoint \"{}\" to \"{}\". Set \"database\" to that one.",
        endpoint.id,
        endpoint.database.as_deref().unwrap_or_default()
    );
    Diagnostic::error("Database of another endpoint", detail)
}

pub(super) fn no_engine(name: &str) -> Diagnostic {
    let detail = format!(
        "The target endpoint of the replication task \"{name}\" does not exist any more, so that the engine of the target is \
         unknown. Nothing was changed.\n\nRemove \"target_connection\" to leave the control tables of DMS, and destroy again."
    );
    Diagnostic::error("Endpoint not found", detail).at(host_of(DmsMigration::target_connection))
}

/// The login is not to be had, and the task is still there.
pub(super) fn no_login(error: Diagnostic, block: &str) -> Diagnostic {
    let detail = format!(
        "{}\n\nNothing was changed. To leave what DMS has created in this database, remove \"{block}\", apply that, and destroy \
         again.",
        error.detail
    );
    Diagnostic { detail, ..error }
}

pub(super) fn not_owned(found: &Left, owner: &str, user: &str) -> Diagnostic {
    let detail = format!(
        "The user \"{user}\" cannot drop the {}, which DMS has created and which belongs to \"{owner}\". Nothing was \
         changed.\n\nLog in as \"{owner}\", or remove the block to leave what DMS has created, and destroy again.",
        found.full_name()
    );
    Diagnostic::error("Objects of DMS belong to another user", detail)
}

pub(super) fn left_for_tasks(what: &str, tasks: &[String]) -> Diagnostic {
    let detail = format!(
        "The {what} stays in the database, since other replication tasks use it: {}.\n\nIt can be removed with the last of \
         them.",
        some_of(tasks, ", ")
    );
    Diagnostic::warning("Objects of DMS were left", detail)
}

pub(super) fn left_with_rows(tables: &[Left]) -> Diagnostic {
    let names: Vec<_> = tables.iter().map(Left::full_name).collect();
    let detail = format!(
        "The control tables stay in the target, since some have rows of other replication tasks: {}.\n\nDrop them once nobody needs \
         these rows.",
        some_of(&names, ", ")
    );
    Diagnostic::warning("Objects of DMS were left", detail).at(host_of(DmsMigration::target_connection))
}

pub(super) fn slot_in_use(slot: &str) -> Diagnostic {
    let detail = format!(
        "The replication task is deleted, and a connection still uses its replication slot \"{slot}\". The source keeps its \
         write-ahead log for it.\n\nDestroy again, or drop the slot with pg_drop_replication_slot once it is not active."
    );
    Diagnostic::error("Replication slot is in use", detail).at(host_of(DmsMigration::source_connection))
}
