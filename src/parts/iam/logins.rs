//! The `connect` blocks of entities that allow principals to log in, and the user ARNs they expand to.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Set, View, check, optional, required};
use tf_provider::value::Path;

use crate::arn::{self, ArnError, DbUserArn, Partition, Wildcards};
use crate::attributes::checks;
use crate::aws::iam::size_of;
use crate::policy::connect::{self, Condition};
use crate::policy::{Document, PolicyError};
use crate::world::Ctx;

tf_provider::model! {
    /// A database and the users to log in as.
    pub struct Connect {
        /// Resource ID of the database: `db-…` for a DB instance, `cluster-…` for an Aurora or Multi-AZ DB cluster,
        /// `prx-…` for an RDS Proxy. It is neither the identifier nor the ARN, and its letters are upper case. In
        /// `hashicorp/aws`, it is the attribute `resource_id` of `aws_db_instance` and `cluster_resource_id` of
        /// `aws_rds_cluster`.
        resource_id: String = required().check(checks::resource_id()),
        /// Resource IDs of further databases with the same users, such as the one that is to replace this one.
        additional_resource_ids: Option<Set<String>> = optional().each(checks::resource_id()),
        /// Names of the database users, spelled as in the database.
        db_users: Set<String> = required().check(check::size(1..=usize::MAX)).each(checks::db_user()),
        /// Region of the database. Defaults to the provider's region.
        region: Option<String> = optional().check(checks::region()),
        /// ID of the AWS account of the database. Defaults to the account of the provider's credentials.
        account_id: Option<String> = optional().check(checks::account_id()),
    }
}

impl Connect {
    fn resource_ids(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.resource_id).chain(self.additional_resource_ids.iter().flat_map(|ids| ids.iter()))
    }

    fn users(&self) -> usize {
        self.resource_ids().count() * self.db_users.iter().count()
    }

    /// The region of the database, its own or the provider's; `at` is the path of the block.
    ///
    /// # Errors
    /// There is no region, or it is in another partition than the provider's.
    pub async fn its_region(&self, cx: &Ctx, at: &Path) -> Result<String> {
        let at = at.field(Self::region);
        let region = cx.aws()?.region(self.region.as_deref()).await;
        let region = region.map_err(|error| Diagnostic::from(error).at(&at))?;
        let (of_database, of_iam) = (Partition::of_region(&region), cx.aws()?.partition().await?);
        if of_database == of_iam {
            return Ok(region);
        }
        let detail = format!(
            "Region \"{region}\" is in partition \"{of_database}\". The provider's region is in partition \
             \"{of_iam}\", and IAM policies cannot allow access to databases of another partition. Change \
             \"region\", or use a provider for that partition.",
        );
        Err(Diagnostic::error("Database in another partition", detail).at(at))
    }

    async fn account(&self, cx: &Ctx, at: &Path) -> Result<String> {
        if let Some(account) = &self.account_id {
            return Ok(account.clone());
        }
        let at = at.field(Self::account_id);
        let asked = cx.aws()?.account_id().await.map_err(|error| Diagnostic::from(error).at(&at))?;
        asked.ok_or_else(|| {
            Diagnostic::error(
                "Missing account ID",
                "The ARN of a database user contains the account ID, which the provider does not request because \
                 \"skip_requesting_account_id\" is true.\n\nSet \"account_id\".",
            )
            .at(at)
        })
    }
}

/// The ARNs of all users of the blocks at `at`.
///
/// # Errors
/// Region or account of a database is not known, or a name is a pattern without consent.
pub async fn users(cx: &Ctx, databases: &[Connect], wildcards: Wildcards, at: &Path) -> Result<Vec<DbUserArn>> {
    let mut users = Vec::new();
    for (index, database) in databases.iter().enumerate() {
        let at = at.index(index);
        let region = database.its_region(cx, &at).await?;
        let account = database.account(cx, &at).await?;
        for (id, user) in database.resource_ids().flat_map(|id| database.db_users.iter().map(move |user| (id, user))) {
            let arn = DbUserArn::new(&region, &account, id, user, wildcards);
            users.push(arn.map_err(|error| Diagnostic::error("Invalid database user", error.to_string()).at(&at))?);
        }
    }
    Ok(users)
}

/// Checks that a document fits the quota of its owner, and points at the block with the most users.
///
/// # Errors
/// It does not.
pub fn check_size(document: &str, quota: usize, owner: &str, databases: &[Connect], at: &Path) -> Result<()> {
    let size = size_of(document);
    if size <= quota {
        return Ok(());
    }
    let most = (0..databases.len()).max_by_key(|index| databases[*index].users()).unwrap_or_default();
    let detail = format!(
        "The policy would have {size} characters, and IAM allows {quota} for all inline policies of \"{owner}\" \
         together.\n\nSplit the databases between several principals.",
    );
    Err(Diagnostic::error("Policy is too long", detail).at(at.index(most).field(Connect::db_users)))
}

/// The blocks that expand to these users; the provider's own region and account are left out.
///
/// # Errors
/// The provider's configuration is not known yet.
pub async fn of_users(cx: &Ctx, users: &[DbUserArn]) -> Result<Vec<Connect>> {
    let region = cx.aws()?.region(None).await.ok();
    let account = cx.aws()?.account_id().await.ok().flatten();
    let groups = connect::databases(users).into_iter();
    let block = |group: connect::Databases| Connect {
        resource_id: group.resource_ids.first().cloned().unwrap_or_default(),
        additional_resource_ids: (group.resource_ids.len() > 1)
            .then(|| group.resource_ids.iter().skip(1).cloned().collect()),
        db_users: group.users.into_iter().collect(),
        region: Some(group.region).filter(|own| Some(own) != region.as_ref()),
        account_id: Some(group.account).filter(|own| Some(own) != account.as_ref()),
    };
    Ok(groups.map(block).collect())
}

/// The users and conditions of a policy, if it is only about database logins.
///
/// # Errors
/// It contains something else as well.
pub fn connect_statement(document: &str) -> Result<(Vec<DbUserArn>, Vec<Condition>)> {
    let explain = |error: String| {
        Diagnostic::error(
            "",
            format!("{error}\n\nThis resource can only hold policies that allow \"rds-db:connect\" and nothing else."),
        )
    };
    let document: Document = document.parse().map_err(|error: PolicyError| explain(error.to_string()))?;
    let (users, conditions) = connect::users(&document).map_err(explain)?;
    let several = users.iter().find_map(|user| match (user.region.as_str(), user.account.as_str()) {
        ("*", _) => Some((user, "regions")),
        (_, "*") => Some((user, "accounts")),
        _ => None,
    });
    if let Some((user, what)) = several {
        let detail = format!("\"{user}\" matches several {what}, and a \"connect\" block has exactly one.");
        return Err(Diagnostic::error("", detail));
    }
    Ok((users, conditions))
}

/// The patterns of a block, which need consent.
pub fn patterns(database: &View<'_, Connect>) -> Vec<Diagnostic> {
    let consent = |error: ArnError, at: Path| {
        let detail = format!("{error}\n\nIf this is intended, set \"allow_wildcards\" to true.");
        Diagnostic::error("Wildcards are not allowed", detail).at(at)
    };
    // Values that are invalid even with consent are reported elsewhere.
    let id_pattern = |id: &str| {
        let refused = arn::check_resource_id(id, Wildcards::Refused).err();
        refused.filter(|_| arn::check_resource_id(id, Wildcards::Allowed).is_ok())
    };
    let user_pattern = |user: &str| {
        let refused = arn::check_db_user(user, Wildcards::Refused).err();
        refused.filter(|_| arn::check_db_user(user, Wildcards::Allowed).is_ok())
    };
    let id = database.get(Connect::resource_id).known().and_then(|id| id_pattern(&id));
    let more = database.get(Connect::additional_resource_ids).known();
    let more = more.iter().flat_map(|ids| ids.iter()).find_map(|id| id_pattern(id));
    let users = database.get(Connect::db_users).known();
    let user = users.iter().flat_map(|users| users.iter()).find_map(|user| user_pattern(user));
    [
        id.map(|error| consent(error, database.path(Connect::resource_id))),
        more.map(|error| consent(error, database.path(Connect::additional_resource_ids))),
        user.map(|error| consent(error, database.path(Connect::db_users))),
    ]
    .into_iter()
    .flatten()
    .collect()
}
