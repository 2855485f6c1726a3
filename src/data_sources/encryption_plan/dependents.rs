//! What depends on a database, beside what decides which ways are open.

use crate::aws::Clients;
use crate::aws::iam::mentions::Mentions;
use crate::aws::rds::{Dependent, Kind, Rds, Source};
use crate::aws::secrets::Listed;
use crate::parts::rds::encryption::facts::{Facts, Seen};
use crate::sql::movability::Movability;

/// All that a plan is made of.
#[derive(Debug)]
pub(super) struct Dependents {
    /// What decides which ways are open.
    pub facts: Facts,
    /// The event subscriptions that name the database.
    pub subscriptions: Seen<Vec<Dependent>>,
    /// The policies that name its resource ID.
    pub mentions: Seen<Mentions>,
    /// The secrets that seem to be about it.
    pub secrets: Seen<Vec<Listed>>,
}

impl Dependents {
    /// Reads everything that AWS knows, in as few calls as there are questions.
    pub(super) async fn read(
        clients: &Clients,
        region: Option<&str>,
        rds: &Rds,
        source: Source,
        contents: Option<Movability>,
    ) -> Self {
        let relatives = rds.relatives(&source).await.map_err(|error| error.reason());
        let (kind, identifier) = (source.database.kind, source.database.identifier.clone());
        let known = relatives.as_deref().unwrap_or_default();
        // Policies and subscriptions can name each member of a cluster.
        let members: Vec<_> = match kind {
            Kind::Cluster => known.iter().map(|one| (one.identifier.clone(), one.resource_id.clone())).collect(),
            Kind::Instance => Vec::new(),
        };
        let named: Vec<_> = [(kind, identifier.as_str())]
            .into_iter()
            .chain(members.iter().map(|(name, _)| (Kind::Instance, name.as_str())))
            .collect();
        let own = source.database.resource_id.clone();
        let members = members.iter().map(|(_, id)| id.as_str()).filter(|id| !id.is_empty());
        let ids: Vec<_> = [own.as_str()].into_iter().chain(members).collect();
        let (facts, subscriptions, mentions, secrets) = tokio::join!(
            Facts::read(rds, source, relatives.clone(), contents),
            rds.event_subscriptions_of(&named),
            async { clients.iam().await?.mentions(&ids).await },
            async { clients.secrets(region).await?.about(&[&identifier]).await },
        );
        Self {
            facts,
            subscriptions: subscriptions.map_err(|error| error.reason()),
            mentions: mentions.map_err(|error| error.reason()),
            secrets: secrets.map_err(|error| error.reason()),
        }
    }
}
