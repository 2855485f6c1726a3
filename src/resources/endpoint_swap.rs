//! `rdsauth_endpoint_swap`: the encrypted copy of a database takes its identifier, so that applications keep their endpoint.
//!
//! Two renames, and between them applications have no endpoint. Whatever run finds a swap half done completes it, since
//! that is never what anybody wants. Databases are told apart by their resource IDs, which no rename changes.

mod checks;
mod diagnostics;
mod places;
mod steps;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, Partial, Plan, Resource, Val, View, computed, optional, required};
use tf_provider::value::Path;

use crate::arn;
use crate::attributes::checks as valid;
use crate::aws::rds::{Kind, Rds};
use crate::local::lock;
use crate::ownership::{self, Owned, Seen};
use crate::parts;
use crate::parts::rds::database;
use crate::records::claims::{self, Creator, Subject};
use crate::resources::endpoint_swap::places::{Pair, Places, Position};
use crate::resources::endpoint_swap::steps::Stopped;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Gives the identifier of a DB instance or DB cluster to its encrypted replacement, so that applications keep their
    /// endpoint. Use it at the end of a migration to a copy that was restored from a snapshot or filled in another way; a
    /// switchover of [`rdsauth_blue_green_encryption`](blue_green_encryption.md) exchanges the identifiers itself.
    ///
    /// Two databases are renamed: the old one gets `retired_identifier`, and then the replacement gets the identifier of the
    /// old one. The DNS name of an endpoint follows the identifier.
    ///
    /// Stop the writes to the old database first, for example with [`rdsauth_write_fence`](write_fence.md), and let the
    /// replacement catch up: a swap moves no data.
    ///
    /// ~> **Note:** Between the two renames no database has the endpoint, for some minutes. Each rename [restarts the DB
    /// instance](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html), and clients may keep the
    /// address of the old database in their DNS cache. If an apply is interrupted between the two, apply again at once, on
    /// whatever machine.
    ///
    /// ~> **Note:** The database at the endpoint has another resource ID, which `rds-db:connect` policies name. Allow
    /// `resource_id` and `retired_resource_id` before the swap, as in the second example, or database users are locked out.
    /// Authentication tokens are signed for the host name, which stays.
    ///
    /// ~> **Note:** Terraform resources follow a database by its identifier or by its resource ID. Before you apply another plan
    /// of them, remove both databases from the state with `terraform state rm` and import them under their new identifiers:
    /// `aws_db_instance` has the resource ID, and would rename the databases again. `rdsauth_encrypted_restore` and
    /// `rdsauth_encrypted_cluster_restore` follow their database, and need nothing.
    ///
    /// ~> **Note:** Members of a DB cluster keep their identifiers and instance endpoints. Only the cluster, writer and reader
    /// endpoints are exchanged. Other endpoints do not follow either: see `follow_up`.
    ///
    /// -> If the timeout or an interruption ends an apply, the apply ends with a warning, the resource is not tainted, and
    /// the next apply completes the swap. Other resources that need it should check `swapped` in a `postcondition`.
    ///
    /// ## What the plan checks
    ///
    /// A plan that creates the swap fails if the replacement is not encrypted, if the engines differ, if one of the databases
    /// is a member of a DB cluster, or is the source of a blue/green deployment. It warns if a database does not exist
    /// yet or `retired_identifier` is taken, since another resource may change that in the same apply. If the old database has
    /// IAM database authentication, it also warns of the policies that name its resource ID and not that of the replacement.
    /// The apply waits until both databases are available before it renames one of them. If RDS then refuses the second
    /// rename, the first is undone.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects that another database has the identifier, for example after the databases were renamed back. The resource
    /// is then removed from the state with a warning, and planned to be created again. A swap that is not complete is planned
    /// as an in-place update.
    ///
    /// ## Destroy
    ///
    /// By default nothing is renamed: the replacement keeps the identifier. With `swap_back_on_destroy = true` both databases
    /// get the identifiers that they had before. That fails before any change if the old database does not exist any more. A
    /// swap that is not complete is undone. No database is ever deleted.
    ///
    /// ## Required Permissions
    ///
    /// - `db_instance_identifier`: `rds:DescribeDBInstances` and `rds:ModifyDBInstance`.
    /// - `db_cluster_identifier`: `rds:DescribeDBClusters` and `rds:ModifyDBCluster`.
    /// - Create: also `rds:DescribeBlueGreenDeployments`, and `iam:GetAccountAuthorizationDetails` to find policies. Without
    ///   the last, the plan has a warning.
    ///
    /// The statement with `rds:DescribeDBInstances` or `rds:DescribeDBClusters` needs `"Resource": "*"`, since the databases are
    /// looked up together.
    pub struct EndpointSwap {
        /// Identifier of the DB instance that applications use, which must not be a member of a DB cluster.
        db_instance_identifier: Option<String> = optional().replace().identity().check(valid::db_identifier()),
        /// Identifier of the DB cluster that applications use.
        db_cluster_identifier: Option<String> = optional().replace().identity().check(valid::db_identifier()),
        /// Identifier that the replacement has before the swap, of the same kind.
        replacement_identifier: String = required().replace().identity().check(valid::db_identifier()),
        /// Identifier that the old database gets. Defaults to its identifier before the swap and `-old`.
        retired_identifier: Computed<String> = optional().replace().identity().check(valid::db_identifier()),
        /// Region of the databases. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(valid::region()),
        /// Whether the storage of the replacement must be encrypted.
        require_encryption: bool = optional().or(true),
        /// Whether to give both databases the identifiers that they had before when the resource is destroyed. What was written
        /// since the swap stays in the replacement.
        swap_back_on_destroy: bool = optional().or(false),
        /// Import ID: `instance/` or `cluster/`, and the three identifiers.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Whether the replacement has the identifier. If `false`, the next apply completes the swap.
        swapped: Computed<bool> = computed().keep(),
        /// Resource ID of the replacement, which IAM policies for `rds-db:connect` name.
        resource_id: Computed<String> = computed().keep(),
        /// Resource ID of the old database.
        retired_resource_id: Computed<String> = computed().keep(),
        /// DNS name of the DB instance, or of the DB cluster's writer endpoint, that applications use.
        host: Computed<Option<String>> = computed().keep(),
        /// Port of the replacement.
        port: Computed<Option<i64>> = computed().keep(),
        /// Encryption of the replacement as RDS reports it: `sse-kms`, `sse-rds` or `none`.
        storage_encryption_type: Computed<Option<String>> = computed().keep(),
        /// What does not follow the identifier, and has to be checked or changed.
        follow_up: Computed<Vec<String>> = computed().keep(),
    }
    rules { exactly_one_of(db_instance_identifier, db_cluster_identifier) }
    timeouts { create: "60m", read: "5m", update: "60m", delete: "60m" }
}

/// What an error of a look-up is about.
const LOOKING: &str = "Cannot look up the databases";

/// What an error of the swap is about.
const SWAPPING: &str = "Cannot swap the endpoint";

impl Resource<World> for EndpointSwap {
    const TYPE: &'static str = "endpoint_swap";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let rds = plan.rds(cx).await?;
        let claim = ownership::begin(cx, &plan).await?;
        // Another process that found the databases between their renames would take the swap for an interrupted one.
        let _turn = lock::hold(cx, &format!("swap {}", ownership::subject(&plan)?.key)).await?;
        let places = plan.settled(cx, &rds).await?;
        let Some(pair) = places.ids() else { return Err(plan.misplaced(cx, &places).await?) };
        let is_claimed = claim.objects().any(|object| object == pair.note());
        if places.position() == Position::After && !is_claimed && !claim.was_deleted_here() {
            return Err(claim.refuse(&Creator::Unknown));
        }
        plan.refuse_others(&pair)?;
        if is_claimed {
            claim.warn_adopted(cx);
        }
        if places.position() != Position::After {
            plan.check(&rds, &places).await?;
            claim.note(cx, None, Some(&pair.note()));
        }
        let ended = plan.go_on(cx, &rds, places, &pair).await;
        match (&ended, cx.saved()) {
            // Nothing is changed, or what was is undone.
            (Err(_), None) => claim.withdraw(),
            _ => claim.created(cx),
        }
        ended.map(|()| plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let rds = state.rds(cx).await?;
        if state.retired_identifier == Computed::Unknown {
            state.retired_identifier = checks::default_retired(state.database()?.1).into();
        }
        let places = state.settled(cx, &rds).await?;
        let known = state.pair();
        let pair = match &known {
            Some(known) => known.clone(),
            None => match places.ids().filter(|_| places.position() != Position::Before) {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let [name, replacement, retired] = &places.names;
        let is_swapped = places.has(&pair.new, name);
        let is_between =
            places.name().is_none() && places.has(&pair.new, replacement) && places.has(&pair.old, retired);
        let was_swapped = known.is_some() && state.swapped == Computed::Known(true);
        let is_of_others = places.name().is_some_and(|found| ![&pair.old, &pair.new].contains(&&found.resource_id));
        if !is_swapped && !is_between && (was_swapped || is_of_others) {
            cx.warn(diagnostics::gone(&places, &pair.new));
            return Ok(None);
        }
        let before = (state.host.clone(), state.port.clone());
        state.fill(cx, &places, &pair).await?;
        if !is_swapped {
            state.host.keep_to(before.0);
            state.port.keep_to(before.1);
        }
        Ok(Some(state))
    }

    /// Completes a swap that was interrupted.
    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        if state.swapped == Computed::Known(true) {
            return Ok(plan); // Nothing of the databases is to change.
        }
        let rds = state.rds(cx).await?;
        let Some(pair) = state.pair() else { return Err(Diagnostic::bug("the databases of a swap are not known")) };
        plan.resource_id = state.resource_id.clone();
        plan.retired_resource_id = state.retired_resource_id.clone();
        let places = plan.settled(cx, &rds).await?;
        if places.ids() == Some(pair.clone()) && places.position() != Position::After {
            plan.check(&rds, &places).await?;
        }
        plan.go_on(cx, &rds, places, &pair).await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        state.swap_back(cx).await?;
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let name = config.get(Self::db_instance_identifier).known();
        let name = name.or_else(|| config.get(Self::db_cluster_identifier).known());
        let retired = match config.get(Self::retired_identifier) {
            Val::Null => name.as_deref().map(checks::default_retired),
            given => given.known(),
        };
        let is_default = !config.is_set(Self::retired_identifier);
        let too_long = retired.as_ref().filter(|retired| is_default && retired.len() > 63);
        let names = [name.clone(), config.get(Self::replacement_identifier).known(), retired.clone()];
        let is_same = |one: usize, other: usize| names[one].is_some() && names[one] == names[other];
        let found = [
            (is_same(0, 1) || is_same(0, 2) || is_same(1, 2)).then(diagnostics::same_names),
            too_long.map(|retired| diagnostics::name_too_long(retired)),
        ];
        found.into_iter().flatten().collect()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::plan_region(cx, plan, Self::region).await;
        checks::plan_retired(plan);
        checks::foresee(cx, plan).await
    }

    /// `instance/ID/REPLACEMENT/RETIRED` or `cluster/…`, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        let (names, region) = arn::split_region(id);
        let parts: Vec<_> = names.split('/').map(str::to_lowercase).collect();
        let [kind, name, replacement, retired] = parts.as_slice() else {
            return Err(diagnostics::malformed_import(id));
        };
        if [name, replacement, retired].iter().any(|name| name.is_empty() || name.contains([':', '@'])) {
            return Err(diagnostics::malformed_import(id));
        }
        let named = match kind.as_str() {
            "instance" => Partial::default().with(Self::db_instance_identifier, name.clone()),
            "cluster" => Partial::default().with(Self::db_cluster_identifier, name.clone()),
            _ => return Err(diagnostics::malformed_import(id)),
        };
        let named = named.with(Self::replacement_identifier, replacement.clone());
        let named = named.with(Self::retired_identifier, Computed::Known(retired.clone()));
        Ok(ownership::in_region(named, region, Self::region))
    }
}

impl Owned for EndpointSwap {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let names = [Self::db_instance_identifier, Self::db_cluster_identifier];
        let subject = database::subject(of, names, Self::region, (Self::TYPE, "Endpoint swap"))?;
        let replacement = of.get(Self::replacement_identifier).known()?;
        let retired = of.get(Self::retired_identifier).known()?;
        Some(Subject {
            found: claims::EXISTS,
            what: subject.what.replace("Endpoint swap", "endpoint swap"),
            import_id: format!("{}/{replacement}/{retired}", subject.import_id),
            ..subject
        })
    }
}

impl EndpointSwap {
    /// RDS in the region of the databases.
    async fn rds(&self, cx: &Ctx) -> Result<Rds> {
        parts::rds::in_region(cx, &self.region, Self::region).await
    }

    /// The kind and the identifier of the database that applications use.
    fn database(&self) -> Result<(Kind, &str)> {
        database::which(self.db_instance_identifier.as_deref(), self.db_cluster_identifier.as_deref())
    }

    /// The attribute that names it.
    fn name(&self) -> Path {
        match self.db_instance_identifier {
            Some(_) => Self::db_instance_identifier.path(),
            None => Self::db_cluster_identifier.path(),
        }
    }

    /// The databases of a swap that has begun.
    fn pair(&self) -> Option<Pair> {
        let (Computed::Known(new), Computed::Known(old)) = (&self.resource_id, &self.retired_resource_id) else {
            return None;
        };
        Some(Pair { old: old.clone(), new: new.clone() })
    }

    /// Refuses to exchange others than the plan has shown.
    fn refuse_others(&self, seen: &Pair) -> Result<()> {
        match self.pair() {
            Some(planned) if planned != *seen => Err(diagnostics::other_than_planned(seen, &planned)),
            _ => Ok(()),
        }
    }

    async fn misplaced(&self, cx: &Ctx, places: &Places) -> Result<Diagnostic> {
        let place = crate::world::place(cx, self.region.get().ok().map(String::as_str)).await?;
        Ok(diagnostics::misplaced(self.database()?.0, places, &place))
    }

    /// Completes the swap. It is no error if the time is up or an interruption comes.
    ///
    /// # Errors
    /// AWS refused something. If nothing is saved, nothing is changed.
    async fn go_on(&mut self, cx: &Ctx, rds: &Rds, places: Places, pair: &Pair) -> Result<()> {
        let (host, port, kind) = (self.host.clone(), self.port.clone(), self.database()?.0);
        self.fill(cx, &places, pair).await?;
        self.host.keep_to(host.clone());
        self.port.keep_to(port.clone());
        let exchange = self.forwards(pair)?;
        let saved = &*self;
        if places.position() != Position::Before {
            cx.save(saved);
        }
        let why = match self.exchange(cx, rds, &exchange, || cx.save(saved)).await {
            Ok(places) => {
                self.fill(cx, &places, pair).await?;
                self.host.keep_to(host);
                self.port.keep_to(port);
                cx.save(&*self);
                return Ok(());
            }
            Err(Stopped { is_late: true, why }) if cx.saved().is_some() => {
                cx.warn(diagnostics::late(&exchange, &why));
                return Ok(());
            }
            Err(Stopped { why, .. }) => why.at(Self::replacement_identifier),
        };
        let why =
            Diagnostic { summary: SWAPPING.to_owned(), detail: format!("{}: {}", why.summary, why.detail), ..why };
        if cx.saved().is_none() {
            return Err(why);
        }
        // Applications must not stay without an endpoint.
        match self.look(cx, rds).await {
            Ok(Seen::Found(now)) if now.has(&pair.old, &exchange.name) => {
                cx.discard();
                return Err(why);
            }
            Ok(Seen::Found(now)) if now.has(&pair.new, &exchange.name) => return Err(why),
            _ => {}
        }
        match self.exchange(cx, rds, &self.backwards(pair)?, || ()).await {
            Ok(_) => {
                cx.discard();
                Err(diagnostics::undone(why, &exchange.name))
            }
            Err(_) => Err(diagnostics::stranded(why, kind, &exchange)),
        }
    }

    /// Gives both databases their names back if that is wanted, or if the swap is not complete.
    async fn swap_back(&self, cx: &Ctx) -> Result<()> {
        let rds = self.rds(cx).await?;
        let Some(pair) = self.pair() else { return Ok(()) };
        let places = self.settled(cx, &rds).await?;
        let [name, replacement, retired] = &places.names;
        let is_swapped = places.has(&pair.new, name);
        let is_between = places.name().is_none() && places.has(&pair.old, retired);
        if is_swapped && !self.swap_back_on_destroy {
            cx.warn(diagnostics::stays(name, retired));
            return Ok(());
        }
        let is_back = places.has(&pair.old, name);
        if !is_swapped && !is_between && !is_back {
            return Ok(()); // The name is that of another database.
        }
        if !is_back && !places.has(&pair.old, retired) {
            return Err(diagnostics::nothing_to_return_to(&places, &pair));
        }
        if let Some(other) = places.replacement().filter(|found| found.resource_id != pair.new) {
            return Err(diagnostics::replacement_taken(other));
        }
        if is_back && !places.has(&pair.new, replacement) {
            return Ok(());
        }
        let exchange = self.backwards(&pair)?;
        match self.exchange(cx, &rds, &exchange, || ()).await {
            Ok(_) => Ok(()),
            Err(Stopped { why, .. }) => {
                let now = self.look(cx, &rds).await;
                match now {
                    Ok(Seen::Found(now)) if now.name().is_some() => Err(why),
                    _ => Err(diagnostics::stranded(why, self.database()?.0, &exchange)),
                }
            }
        }
    }

    /// Copies what is seen.
    async fn fill(&mut self, cx: &Ctx, places: &Places, pair: &Pair) -> Result<()> {
        let given = self.region.get().ok().cloned();
        self.region = cx.aws()?.region(given.as_deref()).await?.into();
        let (named, new) = (places.name(), places.by_id(&pair.new));
        self.swapped = places.has(&pair.new, &places.names[0]).into();
        self.host = named.and_then(|found| found.host.clone()).into();
        self.port = new.and_then(|found| found.port).map(i64::from).into();
        self.storage_encryption_type = new.map(|found| found.encryption.clone()).into();
        self.follow_up = follow_up(self.database()?.0, &places.names, pair).into();
        self.resource_id = pair.new.clone().into();
        self.retired_resource_id = pair.old.clone().into();
        Ok(())
    }
}

/// What a rename does not carry over.
fn follow_up(kind: Kind, [name, _, retired]: &[String; 3], Pair { old, new }: &Pair) -> Vec<String> {
    let all = [
        format!(
            "IAM policies for rds-db:connect: allow the resource ID \"{new}\". Statements with \"{old}\" are about the old \
             database."
        ),
        format!(
            "RDS Proxies: register \"{name}\" as the target again, since a proxy may keep the old database \
             (RegisterDBProxyTargets)."
        ),
        format!("Read replicas and integrations: those of the old database still follow it, which is now \"{retired}\"."),
        format!(
            "CloudWatch alarms, event subscriptions and log groups that name \"{name}\": they are now about the new database."
        ),
        format!(
            "Backups: a point in time before the swap is restored from the old database, with the resource ID \"{old}\"."
        ),
        "Secrets and DMS endpoints that contain a resource ID, or the host of the new database before the swap: change them."
            .to_owned(),
    ];
    let primary = "PrimaryEndpoint: applications that use it instead of the endpoint still connect to the old DB instance, \
                   since it does not follow the identifier.";
    all.into_iter().chain((kind == Kind::Instance).then(|| primary.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_ids() {
        let parse = <EndpointSwap as Resource<World>>::import;
        assert!(parse("instance/orders/orders-encrypted/orders-old").is_ok());
        assert!(parse("cluster/orders/orders-encrypted/orders-old@eu-west-1").is_ok());
        for id in [
            "",
            "orders",
            "instance/orders",
            "instance/orders/a",
            "instance/orders//b",
            "proxy/a/b/c",
            "instance/a/b/c/d",
        ] {
            assert_eq!(parse(id).err().map(|error| error.summary).as_deref(), Some("Malformed import id"), "{id}");
        }
    }
}
