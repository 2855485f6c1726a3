//! List resources, one file each, named as the resource whose objects they find.

pub mod encrypted_snapshot;
pub mod iam_authentication;
pub mod iam_db_user_policy;
pub mod kms_key_user;
pub mod mysql_iam_user;
pub mod parameter;
pub mod postgresql_iam_user;

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tf_provider::schema::{Ctx, Found, ListEntry, Table};
    use tf_provider::value::{Object, Value};
    use tokio::sync::mpsc;
    use tokio_util::sync::CancellationToken;

    use crate::attributes::tags::TagOptions;
    use crate::aws::testing::Server;
    use crate::world::World;

    /// What a list finds with these arguments: the name of each object, and what is known about it.
    pub(crate) async fn found(
        entry: ListEntry<World>,
        server: &Server,
        set: &[(&str, Value)],
    ) -> Vec<(String, Object)> {
        let world = World::new(server.clients(), TagOptions::default());
        let cx = Ctx::new(Arc::new(world), Duration::from_secs(60), CancellationToken::new());
        let mut config = empty(entry.table());
        config.extend(set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let (sender, mut receiver) = mpsc::channel(100);
        entry.list(&cx, config, false, sender).await.unwrap();
        let mut all = Vec::new();
        while let Some(Found { display_name, known, .. }) = receiver.recv().await {
            all.push((display_name, known));
        }
        all
    }

    fn empty(table: &Table) -> Object {
        table.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null)).collect()
    }
}
