//! The network around databases: security groups, prefix lists, route tables and interface endpoints.

use std::collections::BTreeSet;

use crate::aws::Clients;
use crate::aws::error::Error;
use crate::posture::facts::Facts;
use crate::posture::reading::each;
use crate::posture::sources::Source;

/// Reads what EC2 knows of the databases that are in the facts.
pub(super) async fn read(clients: &Clients, region: Option<&str>, needs: &BTreeSet<Source>, facts: &mut Facts) {
    let sources = [Source::SecurityGroups, Source::PrefixLists, Source::Routes, Source::Endpoints];
    if !sources.iter().any(|source| needs.contains(source)) {
        return;
    }
    let ec2 = clients.ec2(region).await;
    let groups: BTreeSet<String> = facts.databases().flat_map(|it| it.security_groups.clone()).collect();
    let vpcs: BTreeSet<String> = facts.instances.iter().flatten().filter_map(|it| it.vpc.clone()).collect();
    let service = format!("com.amazonaws.{}.rds", facts.region);
    let reason = |error: Error| error.reason();
    let security_groups = async {
        let found = ec2.clone().map_err(reason)?.security_groups(groups).await.map_err(reason)?;
        Ok(found.into_iter().map(|group| (group.id.clone(), group)).collect())
    };
    let routes = async { ec2.clone().map_err(reason)?.route_tables(vpcs.clone()).await.map_err(reason) };
    let endpoints = async {
        match vpcs.is_empty() {
            true => Ok(Vec::new()),
            false => ec2.clone().map_err(reason)?.endpoints(&service).await.map_err(reason),
        }
    };
    let is_needed = |source| needs.contains(&source);
    let (a, b, c) = tokio::join!(
        only(is_needed(Source::SecurityGroups), security_groups),
        only(is_needed(Source::Routes), routes),
        only(is_needed(Source::Endpoints), endpoints),
    );
    facts.security_groups = a.unwrap_or(facts.security_groups.clone());
    facts.routes = b.unwrap_or(facts.routes.clone());
    facts.endpoints = c.unwrap_or(facts.endpoints.clone());
    if is_needed(Source::PrefixLists) {
        facts.prefix_lists = each(prefix_lists(facts), String::clone, |id| {
            let ec2 = ec2.clone();
            async move { ec2?.prefix_list(&id).await }
        })
        .await;
    }
}

/// What is read, if it is needed.
async fn only<T>(is_needed: bool, read: impl Future<Output = T>) -> Option<T> {
    if is_needed { Some(read.await) } else { None }
}

/// The prefix lists in the rules of the security groups.
fn prefix_lists(facts: &Facts) -> BTreeSet<String> {
    let groups = facts.security_groups.iter().flat_map(|groups| groups.values());
    groups.flat_map(|group| &group.rules).flat_map(|rule| rule.prefix_lists.clone()).collect()
}
