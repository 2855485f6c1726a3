//! ARNs of every kind: what is accepted is printed as it was written, what is not is explained in a sentence.

#![no_main]

use libfuzzer_sys::fuzz_target;
use terraform_provider_rdsauth::arn::{
    Arn, ArnError, DbUserArn, Wildcards, check_account, check_db_user, check_principal, check_region,
    check_resource_id, key_arn, principal_arn, secret_arn,
};

fuzz_target!(|text: &str| {
    if let Some(arn) = accepted(text.parse::<Arn>()) {
        assert_eq!(arn.to_string(), text);
        rebuild_identity(&arn);
    }
    for parse in [principal_arn, key_arn, secret_arn] {
        if let Some(arn) = accepted(parse(text)) {
            assert_eq!(arn.to_string(), text);
        }
    }
    let [refused, allowed] =
        [Wildcards::Refused, Wildcards::Allowed].map(|wildcards| DbUserArn::parse(text, wildcards));
    if let Some(arn) = accepted(allowed.clone()) {
        assert_eq!(arn.to_string(), text);
        let DbUserArn { partition, region, account, resource_id, user } = &arn;
        let rebuilt = DbUserArn::in_partition(*partition, region, account, resource_id, user, Wildcards::Allowed);
        assert_eq!(rebuilt, allowed);
        let needs_consent = region == "*" || account == "*" || arn.is_pattern();
        assert_eq!(refused.is_err(), needs_consent);
    }
    if let Some(arn) = accepted(refused) {
        assert_eq!(allowed, Ok(arn));
    }
    for check in [check_principal, check_region, check_account] {
        accepted(check(text));
    }
    for check in [check_resource_id, check_db_user] {
        let [refused, allowed] =
            [Wildcards::Refused, Wildcards::Allowed].map(|wildcards| accepted(check(text, wildcards)));
        assert!(refused.is_none() || allowed.is_some());
    }
});

/// What is accepted; what is not is said in whole sentences.
fn accepted<T>(result: Result<T, ArnError>) -> Option<T> {
    result.map_err(|error| assert!(error.to_string().ends_with(['.', '?']), "{error}")).ok()
}

/// The ARN of a role, user or group is made of its parts.
fn rebuild_identity(arn: &Arn) {
    if let Some((kind, name)) = arn.iam_identity() {
        let path = &arn.resource[kind.name().len()..arn.resource.len() - name.len()];
        let built = Arn::iam(arn.partition, &arn.account, kind, path, name);
        assert_eq!(Arn { region: arn.region.clone(), ..built }, *arn);
    }
}
