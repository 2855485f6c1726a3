//! Users.

use jiff::Timestamp;

use crate::aws::error::Error;
use crate::aws::iam::Iam;

impl Iam {
    /// When the user of a name was created; nothing if there is none. Needs `iam:GetUser`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn user_created(&self, name: &str) -> Result<Option<Timestamp>, Error> {
        let answer = self.0.get_user().user_name(name).send().await;
        match answer.map_err(|error| Error::sdk("iam", "GetUser", &error)) {
            Ok(answer) => {
                let created = answer.user.map(|user| user.create_date.secs());
                let created = created.and_then(|seconds| Timestamp::from_second(seconds).ok());
                created.ok_or_else(|| Error::incomplete("iam", "GetUser", "date of creation")).map(Some)
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::{Server, fault, result};

    #[tokio::test]
    async fn the_age_of_a_user_is_known() {
        let body = "<User><Path>/</Path><UserName>jane</UserName><UserId>AIDA</UserId><Arn>a</Arn>\
                    <CreateDate>2026-01-02T03:04:05Z</CreateDate></User>";
        let server = Server::start([result("GetUser", body)]).await;
        let created = server.clients().iam().await.unwrap().user_created("jane").await.unwrap().unwrap();
        assert_eq!(created.to_string(), "2026-01-02T03:04:05Z");
        let server = Server::start([fault(404, "NoSuchEntity", "no")]).await;
        assert_eq!(server.clients().iam().await.unwrap().user_created("jane").await, Ok(None));
    }
}
