//! RDS.
/// The RDS client.
#[derive(Clone, Debug)]
pub struct Rds(aws_sdk_rds::Client);
impl Rds {
    pub(crate) fn new(client: aws_sdk_rds::Client) -> Self {
        Self(client)
    }
}
