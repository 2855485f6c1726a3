//! Members and custom endpoints: created for the restored cluster, and described.

use std::collections::BTreeSet;

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{Failed, Map, Wait};

use crate::attributes::tags;
use crate::aws;
use crate::aws::lag;
use crate::aws::rds::cluster_restore::NewMember;
use crate::aws::rds::custom_endpoints::CustomEndpoint;
use crate::aws::rds::{Rds, Relative, Source};
use crate::ownership::Seen;
use crate::parts::rds::carried::{Original, differences};
use crate::resources::encrypted_cluster_restore::settings::{self, of_cluster, of_endpoint, of_member};
use crate::resources::encrypted_cluster_restore::steps::{DOING, Waited, late, waited};
use crate::resources::encrypted_cluster_restore::{
    ClusterEndpoint, ClusterMember, Difference, EncryptedClusterRestore, diagnostics,
};
use crate::world::Ctx;

/// RDS has no longer identifiers.
const LONGEST_NAME: usize = 63;

/// The members that are waited for.
struct Members {
    /// Those that are not available, with their status.
    pending: Vec<String>,
    is_stuck: bool,
}

const MEMBERS_AVAILABLE: Wait<Seen<Members>> = Wait {
    what: "the members of the restored DB cluster to be available",
    done: |seen| match seen {
        Seen::Found(members) => members.pending.is_empty(),
        Seen::Gone => false,
        Seen::Unclear(_) => true,
    },
    failed: |seen| match seen {
        Seen::Found(members) => members.is_stuck,
        Seen::Gone => true,
        Seen::Unclear(_) => false,
    },
    seen: |seen| match seen {
        Seen::Found(members) => members.pending.join(", "),
        Seen::Gone => "they do not exist any more".to_owned(),
        Seen::Unclear(_) => "their status is not known".to_owned(),
    },
    pauses: lag::DATABASE,
};

impl EncryptedClusterRestore {
    /// Refuses names of members and custom endpoints that are too long, given twice or in use. Nothing has been created
    /// yet.
    ///
    /// # Errors
    /// One is.
    pub(super) async fn check_names(&self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let (members, endpoints) = (self.wanted_members(), self.wanted_endpoints());
        for (given, _) in self.member_identifiers.iter().flatten() {
            if !members.iter().any(|(_, member)| member.identifier == *given) {
                return Err(diagnostics::no_such_member(given, &members));
            }
        }
        let mut names = BTreeSet::new();
        for (name, original) in &members {
            if name.len() > LONGEST_NAME || name.ends_with('-') || name.contains("--") {
                return Err(diagnostics::bad_name(name, &original.identifier));
            }
            if !names.insert(name) {
                return Err(diagnostics::name_twice(name));
            }
        }
        let identifiers: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        let taken = rds.instances_of(&identifiers).await.context(DOING, &self.cluster_identifier)?;
        if let Some(taken) = taken.first() {
            return Err(diagnostics::member_exists(taken, &self.place(cx).await?));
        }
        if endpoints.is_empty() {
            return Ok(());
        }
        let all = rds.custom_endpoints(None).await.context(DOING, &self.cluster_identifier)?;
        match endpoints.iter().find(|(name, _)| all.iter().any(|one| one.identifier == *name)) {
            Some((name, _)) => Err(diagnostics::endpoint_exists(name, &self.place(cx).await?)),
            None => Ok(()),
        }
    }

    /// Creates the members of an Aurora cluster, the writer first, and waits for them. Those of a Multi-AZ DB cluster come
    /// with it.
    ///
    /// # Errors
    /// A member has failed, another DB instance has its name, or AWS refused something.
    pub(super) async fn create_members(&self, cx: &Ctx, rds: &Rds, cluster: &Source, mark: &str) -> Result<Waited<()>> {
        let wanted = self.wanted_members();
        if wanted.is_empty() {
            return Ok(Waited::Ready(()));
        }
        let there = match look(cx, rds, cluster).await? {
            Seen::Found(there) => *there,
            Seen::Gone => Vec::new(),
            Seen::Unclear(why) => return Ok(Waited::Late(why)),
        };
        for (name, original) in &wanted {
            match there.iter().find(|member| member.identifier == *name) {
                Some(member) if is_marked(&member.tags, mark) => {}
                Some(_) => return Err(diagnostics::member_exists(name, &self.place(cx).await?)),
                None => match self.create_member(cx, rds, cluster, name, original, mark).await? {
                    Waited::Ready(()) => {}
                    late @ Waited::Late(_) => return Ok(late),
                },
            }
        }
        waited(cx, &MEMBERS_AVAILABLE, || async {
            Ok(match look(cx, rds, cluster).await? {
                Seen::Found(there) => Seen::Found(Box::new(Members::of(&wanted, &there))),
                Seen::Gone => Seen::Gone,
                Seen::Unclear(why) => Seen::Unclear(why),
            })
        })
        .await
        .map(|waited| match waited {
            Waited::Ready(_) => Waited::Ready(()),
            Waited::Late(why) => Waited::Late(why),
        })
    }

    async fn create_member(
        &self,
        cx: &Ctx,
        rds: &Rds,
        cluster: &Source,
        name: &str,
        original: &Original,
        mark: &str,
    ) -> Result<Waited<()>> {
        let tags = tags::marked(&self.created_tags(cx, &original.tags)?, mark.to_owned());
        let (engine, id) = (&cluster.database.engine, &self.cluster_identifier);
        let new = NewMember { identifier: name, cluster: id, engine, tags: &tags };
        let arguments: Vec<_> = original.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        cx.until(&lag::DATABASE_BUSY, || async {
            match rds.create_member(new, &arguments).await {
                Ok(()) => Ok(Waited::Ready(())),
                // Perhaps the answer to an earlier attempt was lost.
                Err(error) if error.is_already_exists() => match rds.relatives(cluster).await {
                    Ok(there) if there.iter().any(|it| it.identifier == name && is_marked(&it.tags, mark)) => {
                        Ok(Waited::Ready(()))
                    }
                    Ok(_) => Err(Failed::finally(diagnostics::member_exists(name, &self.place(cx).await?))),
                    Err(error) => late(error, name).map_err(Failed::finally),
                },
                Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                Err(error) => late(error, name).map_err(Failed::finally),
            }
        })
        .await
    }

    /// Creates the custom endpoints.
    ///
    /// # Errors
    /// Another cluster has one of that name, or AWS refused something.
    pub(super) async fn create_endpoints(&self, cx: &Ctx, rds: &Rds, mark: &str) -> Result<Waited<()>> {
        let (wanted, id) = (self.wanted_endpoints(), &self.cluster_identifier);
        if wanted.is_empty() {
            return Ok(Waited::Ready(()));
        }
        let there = match rds.custom_endpoints(Some(id)).await {
            Ok(there) => there,
            Err(error) => return late(error, id),
        };
        let tags = tags::marked(&self.created_tags(cx, &Map::new())?, mark.to_owned());
        for (name, original) in wanted.iter().filter(|(name, _)| !there.iter().any(|one| one.identifier == *name)) {
            let list = |name: &str| -> Vec<String> {
                let members = original.settings.get(name).map(String::as_str).unwrap_or_default();
                members.split(", ").filter(|member| !member.is_empty()).map(str::to_owned).collect()
            };
            let new = CustomEndpoint {
                identifier: name.clone(),
                cluster: id.clone(),
                endpoint_type: original.settings.get("endpoint_type").cloned().unwrap_or_default(),
                static_members: list("static_members"),
                excluded_members: list("excluded_members"),
                ..CustomEndpoint::default()
            };
            let created = cx.until(&lag::DATABASE_BUSY, || async {
                match rds.create_custom_endpoint(&new, &tags).await {
                    Ok(()) => Ok(Waited::Ready(())),
                    // Perhaps the answer to an earlier attempt was lost.
                    Err(error) if error.is_already_exists() => match rds.custom_endpoints(Some(id)).await {
                        Ok(there) if there.iter().any(|one| one.identifier == *name) => Ok(Waited::Ready(())),
                        Ok(_) => Err(Failed::finally(diagnostics::endpoint_exists(name, &self.place(cx).await?))),
                        Err(error) => late(error, name).map_err(Failed::finally),
                    },
                    Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                    Err(error) => late(error, name).map_err(Failed::finally),
                }
            });
            if let late @ Waited::Late(_) = created.await? {
                return Ok(late);
            }
        }
        Ok(Waited::Ready(()))
    }

    /// Describes members and custom endpoints of the cluster, and what differs.
    ///
    /// # Errors
    /// AWS refused a read.
    pub(super) async fn fill_parts(&mut self, rds: &Rds, found: &Source) -> Result<(), aws::Error> {
        let (members, endpoints) = (rds.relatives(found).await?, rds.custom_endpoints_of(found).await?);
        let (wanted, wanted_endpoints) = (self.wanted_members(), self.wanted_endpoints());
        let original = |name: &str, wanted: &[(String, Original)]| {
            wanted.iter().find(|(new, _)| new == name).map(|(_, original)| original.identifier.clone())
        };
        let member = |member: &Relative| ClusterMember {
            identifier: member.identifier.clone(),
            source_identifier: original(&member.identifier, &wanted),
            resource_id: member.resource_id.clone(),
        };
        let endpoint = |endpoint: &CustomEndpoint| ClusterEndpoint {
            identifier: endpoint.identifier.clone(),
            source_identifier: original(&endpoint.identifier, &wanted_endpoints),
            host: endpoint.host.clone(),
        };
        self.members = members.iter().map(member).collect::<Vec<_>>().into();
        self.custom_endpoints = endpoints.iter().map(endpoint).collect::<Vec<_>>().into();
        let is_compared =
            matches!(self.complete.get(), Ok(true)) && self.source_settings.get().is_ok_and(|all| !all.is_empty());
        self.differences = match is_compared {
            true => self.compare(found, &members, &endpoints),
            false => Vec::new(),
        }
        .into();
        Ok(())
    }

    fn compare(&self, found: &Source, members: &[Relative], endpoints: &[CustomEndpoint]) -> Vec<Difference> {
        let mut all = differences(&self.cluster_identifier, &self.wanted_cluster().settings, &of_cluster(found));
        for (name, original) in self.wanted_members() {
            match members.iter().find(|member| member.identifier == name) {
                Some(member) => all.extend(differences(&name, &original.settings, &of_member(member))),
                None => all.push(lost(settings::MEMBER, name, original)),
            }
        }
        for (name, original) in self.wanted_endpoints() {
            match endpoints.iter().find(|endpoint| endpoint.identifier == name) {
                Some(endpoint) => all.extend(differences(&name, &original.settings, &of_endpoint(endpoint))),
                None => all.push(lost(settings::CUSTOM_ENDPOINT, name, original)),
            }
        }
        all
    }
}

impl Members {
    fn of(wanted: &[(String, Original)], there: &[Relative]) -> Self {
        let (mut pending, mut is_stuck) = (Vec::new(), false);
        for (name, _) in wanted {
            match there.iter().find(|member| member.identifier == *name) {
                Some(member) if member.is_operational() => {}
                Some(member) => {
                    is_stuck |= member.is_stuck();
                    pending.push(format!("the status of \"{name}\" is \"{}\"", member.status));
                }
                None => pending.push(format!("\"{name}\" does not show yet")),
            }
        }
        Self { pending, is_stuck }
    }
}

/// An object of the original that has no counterpart.
fn lost(kind: &str, identifier: String, original: Original) -> Difference {
    Difference { identifier, name: kind.to_owned(), source: Some(original.identifier), restored: None }
}

fn is_marked(found: &Map<String>, mark: &str) -> bool {
    tags::mark(found).is_some_and(|found| found == mark)
}

/// One look at the members.
async fn look(cx: &Ctx, rds: &Rds, cluster: &Source) -> Result<Seen<Vec<Relative>>> {
    match cx.wait_for("the status of the members", rds.relatives(cluster)).await {
        Ok(Ok(found)) => Ok(Seen::Found(Box::new(found))),
        Ok(Err(error)) if error.leaves_open() => Ok(Seen::Unclear(error.into())),
        Ok(Err(error)) => Err(error).context(DOING, &cluster.database.identifier),
        Err(why) => Ok(Seen::Unclear(why)),
    }
}
