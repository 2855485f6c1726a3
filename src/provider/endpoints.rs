//! The `endpoints` block: URLs of the services called here, and all the other keys that `hashicorp/aws` has.

use tf_provider::schema::optional;

use crate::attributes::checks;

tf_provider::model! {
    /// Endpoint URLs by service.
    pub struct Endpoints {
        /// Alias of `dms`.
        databasemigration: Option<String> = optional().check(checks::url()),
        /// Alias of `dms`.
        databasemigrationservice: Option<String> = optional().check(checks::url()),
        /// Endpoint URL of DMS. Can also be set with `AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE` or `AWS_ENDPOINT_URL`.
        dms: Option<String> = optional().check(checks::url()),
        /// Endpoint URL of EC2. Can also be set with `AWS_ENDPOINT_URL_EC2` or `AWS_ENDPOINT_URL`.
        ec2: Option<String> = optional().check(checks::url()),
        /// Endpoint URL of IAM. Can also be set with `AWS_ENDPOINT_URL_IAM` or `AWS_ENDPOINT_URL`.
        iam: Option<String> = optional().check(checks::url()),
        /// Endpoint URL of KMS. Can also be set with `AWS_ENDPOINT_URL_KMS` or `AWS_ENDPOINT_URL`.
        kms: Option<String> = optional().check(checks::url()),
        /// Endpoint URL of RDS. Can also be set with `AWS_ENDPOINT_URL_RDS` or `AWS_ENDPOINT_URL`.
        rds: Option<String> = optional().check(checks::url()),
        /// Endpoint URL of Secrets Manager. Can also be set with `AWS_ENDPOINT_URL_SECRETS_MANAGER` or `AWS_ENDPOINT_URL`.
        secretsmanager: Option<String> = optional().check(checks::url()),
        /// Ignored with a warning; accepted for compatibility with `hashicorp/aws`. Set the environment variable
        /// `AWS_ENDPOINT_URL_SSO` instead.
        sso: Option<String> = optional(),
        /// Endpoint URL of STS. Can also be set with `AWS_ENDPOINT_URL_STS` or `AWS_ENDPOINT_URL`.
        sts: Option<String> = optional().check(checks::url()),
    }
    rules { conflicts(databasemigration, databasemigrationservice, dms) }
    ignored { OTHERS => "Ignored; accepted for compatibility with `hashicorp/aws`." }
}

impl Endpoints {
    /// The URLs by service.
    pub(super) fn urls(&self) -> Vec<(String, String)> {
        let dms = self.dms.clone().or(self.databasemigration.clone()).or(self.databasemigrationservice.clone());
        let all = [
            (Self::dms.name(), &dms),
            (Self::ec2.name(), &self.ec2),
            (Self::iam.name(), &self.iam),
            (Self::kms.name(), &self.kms),
            (Self::rds.name(), &self.rds),
            (Self::secretsmanager.name(), &self.secretsmanager),
            (Self::sts.name(), &self.sts),
        ];
        all.into_iter().filter_map(|(name, url)| Some((name.to_owned(), url.clone()?))).collect()
    }
}

/// Services that are never called here, under all the names that `hashicorp/aws` has for them, or had in version 5.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "accessanalyzer", "account", "accountaccess", "acm", "acmpca", "agentregistry", "amg", "amp", "amplify",
    "apigateway", "apigatewayv2", "appautoscaling", "appconfig", "appfabric", "appflow", "appintegrations",
    "appintegrationsservice", "applicationautoscaling", "applicationinsights", "applicationsignals", "appmesh",
    "appregistry", "apprunner", "appstream", "appsync", "arcregionswitch", "arczonalshift", "athena",
    "auditmanager", "autoscaling", "autoscalingplans", "backup", "batch", "bcmdataexports", "beanstalk", "bedrock",
    "bedrockagent", "bedrockagentcore", "bedrockruntime", "billing", "budgets", "ce", "chatbot", "chime",
    "chimesdkmediapipelines", "chimesdkvoice", "cleanrooms", "cloud9", "cloudcontrol", "cloudcontrolapi",
    "cloudformation", "cloudfront", "cloudfrontkeyvaluestore", "cloudhsm", "cloudhsmv2", "cloudsearch",
    "cloudtrail", "cloudwatch", "cloudwatchevents", "cloudwatchevidently", "cloudwatchlog", "cloudwatchlogs",
    "cloudwatchobservabilityaccessmanager", "cloudwatchrum", "codeartifact", "codebuild", "codecatalyst",
    "codecommit", "codeconnections", "codedeploy", "codeguruprofiler", "codegurureviewer", "codepipeline",
    "codestarconnections", "codestarnotifications", "cognitoidentity", "cognitoidentityprovider", "cognitoidp",
    "comprehend", "computeoptimizer", "config", "configservice", "connect", "connectcases", "controltower",
    "costandusagereportservice", "costexplorer", "costoptimizationhub", "cur", "customerprofiles",
    "databrew", "dataexchange", "datapipeline", "datasync",
    "datazone", "dax", "deploy", "detective", "devicefarm", "devopsagent", "devopsguru", "directconnect",
    "directoryservice", "directoryservicedata", "dlm", "docdb", "docdbelastic", "drs", "ds", "dsql",
    "dynamodb", "ecr", "ecrpublic", "ecs", "efs", "eks", "elasticache", "elasticbeanstalk",
    "elasticloadbalancing", "elasticloadbalancingv2", "elasticsearch", "elasticsearchservice", "elastictranscoder",
    "elb", "elbv2", "emr", "emrcontainers", "emrserverless", "es", "eventbridge", "eventbridgev2", "events",
    "evidently", "evs", "finspace", "firehose", "fis", "fms", "fsx", "gamelift", "glacier", "globalaccelerator",
    "glue", "gluedatabrew", "grafana", "greengrass", "groundstation", "guardduty", "healthlake", "identitystore",
    "imagebuilder", "inspector", "inspector2", "inspectorv2", "interconnect", "internetmonitor", "invoicing", "iot",
    "iotanalytics", "iotevents", "ivs", "ivschat", "kafka", "kafkaconnect", "kendra", "keyspaces", "kinesis",
    "kinesisanalytics", "kinesisanalyticsv2", "kinesisvideo", "lakeformation", "lambda", "lambdacore",
    "lambdamicrovms", "launchwizard", "lex", "lexmodelbuilding", "lexmodelbuildingservice", "lexmodels",
    "lexmodelsv2", "lexv2models", "licensemanager", "lightsail", "location", "locationservice", "logs",
    "lookoutmetrics", "m2", "macie2", "mailmanager", "managedgrafana", "mediaconnect", "mediaconvert", "medialive",
    "mediapackage", "mediapackagev2", "mediapackagevod", "mediastore", "memorydb", "mgn", "mpa", "mq", "msk",
    "mwaa", "mwaaserverless", "neptune", "neptunegraph", "networkfirewall", "networkflowmonitor", "networkmanager",
    "networkmonitor", "networksecuritymanager", "notifications", "notificationscontacts", "oam",
    "observabilityadmin", "odb", "opensearch", "opensearchingestion", "opensearchserverless", "opensearchservice",
    "opsworks", "organizations", "osis", "outposts", "paymentcryptography", "pcaconnectorad", "pcs", "pinpoint",
    "pinpointsmsvoicev2", "pipes", "polly", "pricing", "prometheus", "prometheusservice", "qbusiness", "qldb",
    "quicksight", "ram", "rbin", "rdsdata", "rdsdataservice", "recyclebin", "redshift", "redshiftdata",
    "redshiftdataapiservice", "redshiftserverless", "rekognition", "resiliencehub", "resiliencehubv2",
    "resourceexplorer2", "resourcegroups", "resourcegroupstagging", "resourcegroupstaggingapi", "rolesanywhere",
    "route53", "route53domains", "route53profiles", "route53recoverycontrolconfig", "route53recoveryreadiness",
    "route53resolver", "rum", "s3", "s3api", "s3control", "s3files", "s3outposts", "s3tables", "s3vectors",
    "sagemaker", "savingsplans", "scheduler", "schemas", "sdb", "securityhub", "securitylake",
    "serverlessapplicationrepository", "serverlessapprepo", "serverlessrepo", "servicecatalog",
    "servicecatalogappregistry", "servicediscovery", "servicequotas", "ses", "sesv2", "sfn", "shield", "signer",
    "simpledb", "sns", "sqs", "ssm", "ssmcontacts", "ssmincidents", "ssmquicksetup", "ssmsap", "ssoadmin",
    "stepfunctions", "storagegateway", "swf", "synthetics", "taxsettings", "timestreaminfluxdb", "timestreamquery",
    "timestreamwrite", "transcribe", "transcribeservice", "transfer", "uxc", "verifiedpermissions", "vpclattice",
    "waf", "wafregional", "wafv2", "wellarchitected", "worklink", "workmail", "workspaces", "workspacesweb", "xray",
];

#[cfg(test)]
mod tests {
    use tf_provider::schema::Model as _;

    use super::*;

    #[test]
    fn every_key_is_there_once() {
        let mut names: Vec<_> = Endpoints::table().attributes.iter().map(|attribute| attribute.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        assert!(OTHERS.is_sorted());
    }
}
