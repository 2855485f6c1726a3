//! What a destroy removes from the databases that it can log in to: what DMS leaves there.

use std::time::Duration;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Failed, Handle};
use tf_provider::value::Path;

use crate::aws::dms::{Among, Dms, Endpoint, Task};
use crate::aws::lag;
use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::resources::dms_migration::ends::SOURCE;
use crate::resources::dms_migration::removal::DOING;
use crate::resources::dms_migration::{DmsMigration, diagnostics};
use crate::sql;
use crate::sql::dms::Left;
use crate::sql::postgres::slots::Slot;
use crate::world::Ctx;

/// What is known before the task is deleted.
#[derive(Debug, Default)]
pub(super) struct Cleanup {
    /// The engine of the target, if it is to be cleaned.
    target: Option<Engine>,
    /// Where the control tables are, if not where DMS creates them by default.
    control_schema: Option<String>,
    /// Other tasks that have used the source endpoint.
    at_source: Vec<String>,
    /// Other tasks that have used the target endpoint.
    at_target: Vec<String>,
}

const LOCKS: Duration = Duration::from_secs(10);

impl DmsMigration {
    /// Logs in where something is to be removed, and looks whether that is allowed.
    ///
    /// # Errors
    /// It is not; nothing has changed.
    pub(super) async fn foresee_cleanup(&self, cx: &Ctx, dms: &Dms, task: Option<&Task>) -> Result<Option<Cleanup>> {
        if self.source_connection.is_none() && self.target_connection.is_none() {
            return Ok(None);
        }
        let mut cleanup = Cleanup::default();
        let name = &self.replication_task_id;
        let ends = [self.source_endpoint_arn.as_str(), self.target_endpoint_arn.as_str()];
        for other in dms.tasks_of(&ends).await.context(DOING, name)? {
            if (&other.id, Among::of(&other.arn)) != (name, self.among()) && other.was_started() {
                if other.source == self.source_endpoint_arn {
                    cleanup.at_source.push(other.id.clone());
                }
                if other.target == self.target_endpoint_arn {
                    cleanup.at_target.push(other.id);
                }
            }
        }
        if let Some(connection) = &self.source_connection {
            let opened = connection.postgres(cx, Self::source_connection).await;
            let session = opened.map_err(|error| diagnostics::no_login(error, Self::source_connection.name()))?;
            let found =
                session.ddl_capture().await.map_err(|error| fault(error, connection, Self::source_connection))?;
            all_owned(&found, session.user(), Self::source_connection)?;
            connection.leave_postgres(cx, session);
        }
        if let Some(connection) = &self.target_connection {
            let own =
                task.and_then(|task| task.settings.as_deref()).or(self.settings.as_ref().map(|own| own.0.as_str()));
            cleanup.control_schema = own.and_then(control_schema);
            let endpoints = dms.endpoints(&[&self.target_endpoint_arn]).await.context(DOING, name)?;
            let endpoint = endpoints.first().ok_or_else(|| diagnostics::no_engine(name))?;
            let engine = family(endpoint).ok_or_else(|| {
                diagnostics::cannot_be_cleaned(endpoint).at(diagnostics::host_of(Self::target_connection))
            })?;
            cleanup.target = Some(engine);
            let no_login = |error| diagnostics::no_login(error, Self::target_connection.name());
            match engine {
                Engine::Postgres => {
                    let session = connection.postgres(cx, Self::target_connection).await.map_err(no_login)?;
                    let found = session.control_tables(cleanup.control_schema.as_deref()).await;
                    let found = found.map_err(|error| fault(error, connection, Self::target_connection))?;
                    all_owned(&found, session.user(), Self::target_connection)?;
                    connection.leave_postgres(cx, session);
                }
                Engine::Mysql => {
                    let session = connection.mysql(cx, Self::target_connection, LOCKS).await.map_err(no_login)?;
                    connection.leave_mysql(cx, session, LOCKS);
                }
            }
        }
        Ok(Some(cleanup))
    }

    /// Removes what a task that has stopped leaves, unless others use it. All but its replication slot, which DMS drops with
    /// it.
    pub(super) async fn clean_up(&self, cx: &Ctx, cleanup: &Cleanup) -> Result<()> {
        if let Some(connection) = &self.source_connection {
            self.clean_source(cx, connection, cleanup).await?;
        }
        match (&self.target_connection, cleanup.target) {
            (Some(_), Some(_)) if !cleanup.at_target.is_empty() => {
                let why = diagnostics::left_for_tasks("set of control tables of DMS", &cleanup.at_target);
                cx.warn(why.at(diagnostics::host_of(Self::target_connection)));
            }
            (Some(connection), Some(engine)) => self.clean_target(cx, connection, engine, cleanup).await?,
            _ => {}
        }
        Ok(())
    }

    async fn clean_source(&self, cx: &Ctx, connection: &DatabaseConnection, cleanup: &Cleanup) -> Result<()> {
        let at = Self::source_connection;
        let session = connection.postgres(cx, at).await?;
        let fault = |error| fault(error, connection, at);
        let slots = session.logical_slots(None, None).await.map_err(fault)?.into_iter();
        let others = slots.filter(|slot| is_of_dms(&slot.name) && !self.is_own(slot)).map(|slot| slot.name);
        let users: Vec<_> = cleanup.at_source.iter().cloned().chain(others).collect();
        match users.as_slice() {
            [] => session.drop_ddl_capture().await.map_err(fault),
            users => {
                cx.warn(
                    diagnostics::left_for_tasks("event trigger awsdms_intercept_ddl of DMS", users)
                        .at(diagnostics::host_of(at)),
                );
                Ok(())
            }
        }
    }

    /// Drops the replication slot of a task that is gone, if DMS could not.
    pub(super) async fn drop_slots(&self, cx: &Ctx) -> Result<()> {
        let Some(connection) = &self.source_connection else { return Ok(()) };
        let session = connection.postgres(cx, Self::source_connection).await?;
        let fault = |error| fault(error, connection, Self::source_connection);
        let left = cx.until(&lag::SLOT_IN_USE, || async {
            let mut slots = session.logical_slots(None, None).await.map_err(|error| Failed::finally(fault(error)))?;
            slots.retain(|slot| self.is_own(slot));
            match slots.iter().find(|slot| slot.is_active) {
                Some(slot) => Err(Failed::for_now(diagnostics::slot_in_use(&slot.name))),
                None => Ok(slots),
            }
        });
        for slot in left.await? {
            cx.progress(format!("Dropping the replication slot {}", slot.name));
            session.drop_slot(&slot.name).await.map_err(fault)?;
        }
        Ok(())
    }

    fn is_own(&self, slot: &Slot) -> bool {
        let begins = slot_prefix(self.arn.get().map(String::as_str).unwrap_or_default());
        begins.is_some_and(|begins| slot.name.starts_with(&begins))
    }

    async fn clean_target(
        &self,
        cx: &Ctx,
        connection: &DatabaseConnection,
        engine: Engine,
        cleanup: &Cleanup,
    ) -> Result<()> {
        let (at, schema) = (Self::target_connection, cleanup.control_schema.as_deref());
        let resource = self.arn.get().map(|arn| resource_id(arn).to_lowercase()).unwrap_or_default();
        let names = [self.replication_task_id.to_lowercase(), resource];
        let left = match engine {
            Engine::Postgres => connection.postgres(cx, at).await?.drop_control_tables(schema, &names).await,
            Engine::Mysql => connection.mysql(cx, at, LOCKS).await?.drop_control_tables(schema, &names).await,
        };
        let left = left.map_err(|error| fault(error, connection, at))?;
        if !left.is_empty() {
            cx.warn(diagnostics::left_with_rows(&left));
        }
        Ok(())
    }

    /// Why the login to an end cannot be used for its endpoint.
    pub(super) fn complaint_about_login(&self, endpoint: &Endpoint) -> Option<Diagnostic> {
        let is_source = endpoint.kind == SOURCE;
        let (at, connection) = match is_source {
            true => (Self::source_connection, self.source_connection.as_ref()?),
            false => (Self::target_connection, self.target_connection.as_ref()?),
        };
        let complaint = match family(endpoint) {
            Some(Engine::Postgres) => {
                let there = connection.database.as_deref().unwrap_or("postgres");
                let is_other = endpoint.database.as_ref().is_some_and(|database| database != there);
                is_other.then(|| diagnostics::other_database(endpoint, there, at.name()))
            }
            _ if is_source => Some(diagnostics::nothing_is_left(endpoint)),
            Some(Engine::Mysql) => None,
            None => Some(diagnostics::cannot_be_cleaned(endpoint)),
        };
        complaint.map(|complaint| complaint.at(diagnostics::host_of(at)))
    }
}

fn fault(
    error: sql::Error,
    connection: &DatabaseConnection,
    at: Handle<DmsMigration, Option<DatabaseConnection>>,
) -> Diagnostic {
    let there: Path = at.into();
    let place = connection.at_fault(&error, there.clone(), there.clone(), there);
    Diagnostic::from(error).at(place)
}

fn all_owned(found: &[Left], user: &str, at: Handle<DmsMigration, Option<DatabaseConnection>>) -> Result<()> {
    let foreign = found.iter().find_map(|found| Some((found, found.foreign_owner.as_ref()?)));
    foreign
        .map_or(Ok(()), |(found, owner)| Err(diagnostics::not_owned(found, owner, user).at(diagnostics::host_of(at))))
}

fn family(endpoint: &Endpoint) -> Option<Engine> {
    match endpoint.engine.as_str() {
        engine if engine.contains("postgres") => Some(Engine::Postgres),
        "mysql" | "mariadb" | "aurora" | "aurora-serverless" => Some(Engine::Mysql),
        _ => None,
    }
}

/// The schema that task settings name for the control tables.
fn control_schema(settings: &str) -> Option<String> {
    let settings: serde_json::Value = serde_json::from_str(settings).ok()?;
    let schema = settings.pointer("/ControlTablesSettings/ControlSchema")?.as_str()?;
    (!schema.is_empty()).then(|| schema.to_owned())
}

/// By what DMS knows a task, at the end of its ARN.
fn resource_id(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

/// What the names of the replication slots that DMS creates for a task begin with.
fn slot_prefix(arn: &str) -> Option<String> {
    let begins: String = resource_id(arn).chars().take(16).collect();
    (!begins.is_empty()).then(|| format!("{}_", begins.to_lowercase().replace('-', "_")))
}

/// Whether a replication slot is named as DMS names its own: after the task, the OID of the database and a UUID.
fn is_of_dms(slot: &str) -> bool {
    let parts: Vec<_> = slot.rsplitn(7, '_').collect();
    let has = |part: &str, length, is: fn(&u8) -> bool| part.len() == length && part.bytes().all(|byte| is(&byte));
    let [a, b, c, d, e, oid, _] = parts.as_slice() else { return false };
    [(a, 12), (b, 4), (c, 4), (d, 4), (e, 8)].iter().all(|(part, length)| has(part, *length, u8::is_ascii_hexdigit))
        && has(oid, 8, u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_dms_are_told_by_their_names() {
        let arn = "arn:aws:dms:us-east-1:111122223333:task:U6LMHRTDG4VQQDDGXYZABCDEFGH";
        let own = slot_prefix(arn).unwrap();
        assert_eq!(own, "u6lmhrtdg4vqqddg_");
        let slot = "u6lmhrtdg4vqqddg_00016402_3a1c54a1_9f2e_4d17_8c55_0123456789ab";
        assert!(slot.starts_with(&own) && is_of_dms(slot));
        assert!(is_of_dms("a_b_00016402_3a1c54a1_9f2e_4d17_8c55_0123456789ab"), "of a short name");
        for other in ["copy", "u6lmhrtdg4vqqddg_00016402", "x_0001640x_3a1c54a1_9f2e_4d17_8c55_0123456789ab"] {
            assert!(!is_of_dms(other), "{other}");
        }
        assert_eq!(slot_prefix(""), None);
    }

    #[test]
    fn the_control_schema_is_that_of_the_settings() {
        assert_eq!(control_schema(r#"{"ControlTablesSettings":{"ControlSchema":"dms"}}"#).as_deref(), Some("dms"));
        for other in [r#"{"ControlTablesSettings":{"ControlSchema":""}}"#, "{}", "no JSON"] {
            assert_eq!(control_schema(other), None, "{other}");
        }
    }
}
