//! Parameter groups: their parameters, and the allowed values.

use aws_sdk_rds::types;

use crate::aws::error::Error;
use crate::aws::rds::{Kind, Rds};

/// A parameter group of instances or of clusters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// Whether it is for instances or for clusters.
    pub kind: Kind,
    /// Its name, in lower case.
    pub name: String,
}

/// A parameter of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value; none where the engine uses its default.
    pub value: Option<String>,
    /// Who said so: `user`, `system` or `engine-default`.
    pub source: String,
    /// Whether a change is applied without a reboot.
    pub is_dynamic: bool,
    /// `string`, `integer`, `boolean`, `float`, `list` and so on.
    pub data_type: String,
    /// Lists and ranges of values, such as `0-100` or `md5,scram`; none if AWS says nothing.
    pub allowed: Option<String>,
    /// Whether it can be changed.
    pub is_modifiable: bool,
}

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The parameter.
    pub name: String,
    /// Its value; none to reset it.
    pub value: Option<String>,
    /// When.
    pub method: Method,
}

/// When a change of a parameter is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// At once.
    Immediate,
    /// With the next reboot of each database.
    PendingReboot,
}

/// The source of a value that was set.
const USER: &str = "user";

impl Rds {
    /// A parameter of a group by its name; none if the group's family has no such parameter. Needs
    /// `rds:DescribeDBParameters` or `rds:DescribeDBClusterParameters`.
    ///
    /// # Errors
    /// Any, the absence of the group included.
    pub async fn parameter(&self, group: &Group, name: &str) -> Result<Option<Parameter>, Error> {
        let found = self.parameters_named(group, &[name]).await?;
        Ok(found.into_iter().next())
    }

    /// Parameters of a group by their names, without those that the group's family does not have.
    ///
    /// # Errors
    /// Any, the absence of the group included.
    pub async fn parameters_named(&self, group: &Group, names: &[&str]) -> Result<Vec<Parameter>, Error> {
        let filter = types::Filter::builder().name("parameter-name");
        let filter = names.iter().fold(filter, |filter, name| filter.values(*name)).build();
        let mut found = self.parameters_of(group, Some(filter), None).await?;
        found.retain(|found| names.contains(&found.name.as_str()));
        Ok(found)
    }

    /// All parameters of a group; this takes several calls.
    ///
    /// # Errors
    /// Any, the absence of the group included.
    pub async fn parameters(&self, group: &Group) -> Result<Vec<Parameter>, Error> {
        self.parameters_of(group, None, None).await
    }

    /// The parameters of a group that were set.
    ///
    /// # Errors
    /// Any, the absence of the group included.
    pub async fn parameters_set(&self, group: &Group) -> Result<Vec<Parameter>, Error> {
        self.parameters_of(group, None, Some(USER)).await
    }

    async fn parameters_of(
        &self,
        group: &Group,
        filter: Option<types::Filter>,
        source: Option<&str>,
    ) -> Result<Vec<Parameter>, Error> {
        let (filters, source) = (filter.map(|filter| vec![filter]), source.map(str::to_owned));
        let operation = group.describe();
        let found = match group.kind {
            Kind::Instance => {
                let request = self.0.describe_db_parameters().db_parameter_group_name(&group.name);
                let items = request.set_filters(filters).set_source(source).into_paginator().items().send();
                items.collect::<Result<Vec<_>, _>>().await.map_err(|e| Error::sdk("rds", operation, &e))
            }
            Kind::Cluster => {
                let request = self.0.describe_db_cluster_parameters().db_cluster_parameter_group_name(&group.name);
                let items = request.set_filters(filters).set_source(source).into_paginator().items().send();
                items.collect::<Result<Vec<_>, _>>().await.map_err(|e| Error::sdk("rds", operation, &e))
            }
        };
        Ok(found?.into_iter().filter_map(Parameter::read).collect())
    }

    /// Sets or resets parameters of a group, at most 20 of either. Needs `rds:ModifyDBParameterGroup` and
    /// `rds:ResetDBParameterGroup`, or their counterparts for clusters.
    ///
    /// # Errors
    /// Any; a group that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn set_parameters(&self, group: &Group, settings: &[Setting]) -> Result<(), Error> {
        let (set, reset): (Vec<_>, Vec<_>) = settings.iter().partition(|setting| setting.value.is_some());
        let [set, reset] = [set, reset].map(|all| all.into_iter().map(Setting::parameter).collect::<Vec<_>>());
        if !set.is_empty() {
            match group.kind {
                Kind::Instance => {
                    let request = self.0.modify_db_parameter_group().db_parameter_group_name(&group.name);
                    let answer = request.set_parameters(Some(set)).send().await;
                    answer.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBParameterGroup", &e))?;
                }
                Kind::Cluster => {
                    let request = self.0.modify_db_cluster_parameter_group();
                    let request = request.db_cluster_parameter_group_name(&group.name);
                    let answer = request.set_parameters(Some(set)).send().await;
                    answer.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBClusterParameterGroup", &e))?;
                }
            }
        }
        if reset.is_empty() {
            return Ok(());
        }
        match group.kind {
            Kind::Instance => {
                let request = self.0.reset_db_parameter_group().db_parameter_group_name(&group.name);
                let answer = request.reset_all_parameters(false).set_parameters(Some(reset)).send().await;
                answer.map(drop).map_err(|e| Error::sdk("rds", "ResetDBParameterGroup", &e))
            }
            Kind::Cluster => {
                let request = self.0.reset_db_cluster_parameter_group().db_cluster_parameter_group_name(&group.name);
                let answer = request.reset_all_parameters(false).set_parameters(Some(reset)).send().await;
                answer.map(drop).map_err(|e| Error::sdk("rds", "ResetDBClusterParameterGroup", &e))
            }
        }
    }

    /// The ARN of a group; none if there is no such group. Needs `rds:DescribeDBParameterGroups` or
    /// `rds:DescribeDBClusterParameterGroups`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn group_arn(&self, group: &Group) -> Result<Option<String>, Error> {
        let found = match group.kind {
            Kind::Instance => {
                let request = self.0.describe_db_parameter_groups().db_parameter_group_name(&group.name);
                let answer = request.send().await.map_err(|e| Error::sdk("rds", "DescribeDBParameterGroups", &e));
                answer.map(|answer| {
                    let found = answer.db_parameter_groups.unwrap_or_default().into_iter().next();
                    found.and_then(|group| group.db_parameter_group_arn)
                })
            }
            Kind::Cluster => {
                let request = self.0.describe_db_cluster_parameter_groups();
                let answer = request.db_cluster_parameter_group_name(&group.name).send().await;
                let answer = answer.map_err(|e| Error::sdk("rds", "DescribeDBClusterParameterGroups", &e));
                answer.map(|answer| {
                    let found = answer.db_cluster_parameter_groups.unwrap_or_default().into_iter().next();
                    found.and_then(|group| group.db_cluster_parameter_group_arn)
                })
            }
        };
        match found {
            Err(error) if error.is_not_found() => Ok(None),
            found => found,
        }
    }
}

impl Group {
    /// Whether it is a default parameter group, which cannot be changed.
    pub fn is_default(&self) -> bool {
        self.name.starts_with("default.")
    }

    fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Instance => "DescribeDBParameters",
            Kind::Cluster => "DescribeDBClusterParameters",
        }
    }
}

impl Parameter {
    fn read(parameter: types::Parameter) -> Option<Self> {
        Some(Self {
            name: parameter.parameter_name?,
            value: parameter.parameter_value,
            source: parameter.source.unwrap_or_default(),
            is_dynamic: parameter.apply_type.is_some_and(|apply| apply == "dynamic"),
            data_type: parameter.data_type.unwrap_or_default(),
            allowed: parameter.allowed_values.filter(|allowed| !allowed.is_empty()),
            is_modifiable: parameter.is_modifiable.unwrap_or(false),
        })
    }

    /// Whether a user has set it, rather than AWS or the engine.
    pub fn is_set(&self) -> bool {
        self.source == USER
    }

    /// The method that applies it soonest.
    pub fn method(&self) -> Method {
        if self.is_dynamic { Method::Immediate } else { Method::PendingReboot }
    }

    /// Whether AWS accepts a value, according to the lists and ranges.
    pub fn allows(&self, value: &str) -> bool {
        let Some(allowed) = &self.allowed else { return true };
        let choices = || allowed.split(',').map(str::trim);
        match self.data_type.as_str() {
            "integer" | "float" => is_formula(value) || choices().any(|choice| is_within(value, choice)),
            "list" => value.split(',').all(|part| choices().any(|choice| choice.eq_ignore_ascii_case(part.trim()))),
            _ => choices().any(|choice| choice.eq_ignore_ascii_case(value)),
        }
    }
}

impl Setting {
    fn parameter(&self) -> types::Parameter {
        types::Parameter::builder()
            .parameter_name(&self.name)
            .set_parameter_value(self.value.clone())
            .apply_method(match self.method {
                Method::Immediate => types::ApplyMethod::Immediate,
                Method::PendingReboot => types::ApplyMethod::PendingReboot,
            })
            .build()
    }
}

impl Method {
    /// As AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::PendingReboot => "pending-reboot",
        }
    }

    /// From AWS's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Immediate, Self::PendingReboot].into_iter().find(|method| method.as_str() == text)
    }
}

/// RDS computes formulas such as `{DBInstanceClassMemory/32768}` for each instance class.
fn is_formula(value: &str) -> bool {
    let value = value.trim();
    value.starts_with('{')
        || ["GREATEST(", "LEAST(", "SUM("].iter().any(|function| value.to_ascii_uppercase().starts_with(function))
}

/// Whether a number is a choice or within a range such as `-1-100`, whose bounds may be negative.
fn is_within(value: &str, choice: &str) -> bool {
    let Ok(number) = value.trim().parse::<f64>() else { return false };
    let hyphens = choice.char_indices().filter(|(at, c)| *c == '-' && *at > 0).map(|(at, _)| at);
    let range =
        hyphens.filter_map(|at| Some((choice[..at].parse::<f64>().ok()?, choice[at + 1..].parse::<f64>().ok()?)));
    match range.into_iter().next() {
        Some((least, most)) => (least..=most).contains(&number),
        None => choice.parse::<f64>().is_ok_and(|choice| (choice - number).abs() < f64::EPSILON),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

    fn group(kind: Kind) -> Group {
        Group { kind, name: "orders-pg16".to_owned() }
    }

    fn parameter(data_type: &str, allowed: Option<&str>) -> Parameter {
        Parameter {
            name: "p".to_owned(),
            value: None,
            source: "engine-default".to_owned(),
            is_dynamic: true,
            data_type: data_type.to_owned(),
            allowed: allowed.map(str::to_owned),
            is_modifiable: true,
        }
    }

    fn parameters(operation: &str) -> Answer {
        result(
            operation,
            "<Parameters><Parameter><ParameterName>rds.logical_replication</ParameterName>\
             <ParameterValue>0</ParameterValue><Source>system</Source><ApplyType>static</ApplyType>\
             <DataType>boolean</DataType><AllowedValues>0,1</AllowedValues><IsModifiable>true</IsModifiable>\
             </Parameter></Parameters>",
        )
    }

    #[tokio::test]
    async fn a_parameter_is_asked_for_by_name() {
        for (kind, operation) in
            [(Kind::Instance, "DescribeDBParameters"), (Kind::Cluster, "DescribeDBClusterParameters")]
        {
            let server = Server::start([parameters(operation)]).await;
            let rds = server.clients().rds(None).await.unwrap();
            let found = rds.parameter(&group(kind), "rds.logical_replication").await.unwrap().unwrap();
            assert_eq!((found.method(), found.is_set(), found.allows("1")), (Method::PendingReboot, false, true));
            let seen = &server.seen()[0];
            assert_eq!(seen.operation(), operation);
            assert_eq!(seen.parameter("Filters.Filter.1.Values.Value.1"), Some("rds.logical_replication"));
            assert_eq!(rds.parameter(&group(kind), "rds.logical").await, Ok(None), "AWS may ignore the filter");
        }
        let server = Server::start([fault(404, "DBParameterGroupNotFound", "x")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert!(rds.parameter(&group(Kind::Instance), "p").await.unwrap_err().is_not_found());
    }

    #[tokio::test]
    async fn values_are_set_and_reset() {
        let server =
            Server::start([result("ModifyDBClusterParameterGroup", ""), result("ResetDBClusterParameterGroup", "")])
                .await;
        let rds = server.clients().rds(None).await.unwrap();
        let setting = |name: &str, value: Option<&str>, method| Setting {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            method,
        };
        let settings = [setting("a", Some("1"), Method::Immediate), setting("b", None, Method::PendingReboot)];
        assert_eq!(rds.set_parameters(&group(Kind::Cluster), &settings).await, Ok(()));
        assert_eq!(server.operations(), ["ModifyDBClusterParameterGroup", "ResetDBClusterParameterGroup"]);
        let seen = server.seen();
        assert_eq!(seen[0].parameter("Parameters.Parameter.1.ParameterValue"), Some("1"));
        assert_eq!(seen[0].parameter("Parameters.Parameter.1.ApplyMethod"), Some("immediate"));
        assert_eq!(seen[1].parameter("Parameters.Parameter.1.ParameterName"), Some("b"));
        assert_eq!(seen[1].parameter("ResetAllParameters"), Some("false"));
    }

    #[test]
    fn lists_ranges_and_formulas() {
        for (data_type, allowed, value, fits) in [
            ("integer", Some("0-100"), "100", true),
            ("integer", Some("0-100"), "101", false),
            ("integer", Some("-1-2147483647"), "-1", true),
            ("integer", Some("-10--5"), "-7", true),
            ("integer", Some("-10--5"), "-4", false),
            ("integer", Some("0,5-9"), "0", true),
            ("integer", Some("0,5-9"), "3", false),
            ("integer", Some("16-1073741823"), "{DBInstanceClassMemory/32768}", true),
            ("integer", Some("6-8388607"), "LEAST({DBInstanceClassMemory/9531392},5000)", true),
            ("integer", Some("0-100"), "many", false),
            ("float", Some("0-1.79769e+308"), "0.5", true),
            ("boolean", Some("0,1"), "1", true),
            ("boolean", Some("0,1"), "on", false),
            ("string", Some("md5+scram,scram"), "scram", true),
            ("string", Some("md5+scram,scram"), "md5", false),
            ("string", None, "anything", true),
            ("list", Some("ddl,read,write"), "ddl, write", true),
            ("list", Some("ddl,read,write"), "ddl,all", false),
        ] {
            assert_eq!(parameter(data_type, allowed).allows(value), fits, "{data_type} {allowed:?} {value}");
        }
    }
}
