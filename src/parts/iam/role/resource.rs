//! What the resources that own a role have in common: attributes of the same names.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Source;

/// Implements what is the same for each resource that owns a role. `trust` is the argument at which an error about the
/// trust policy points, and `tags` are those that the resource adds itself.
macro_rules! role_resource {
    ($Resource:ident, trust: $trust:ident, tags: $tags:expr) => {
        impl $crate::ownership::Owned for $Resource {
            fn subject(of: &View<'_, Self>) -> Option<$crate::records::claims::Subject> {
                Some(role::subject(Self::TYPE, &of.get(Self::name).known()?, Self::name.path()))
            }

            async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<$crate::records::claims::Creator>> {
                let Some(name) = planned.get(Self::name).known() else { return Ok(None) };
                role::existing(cx, &name).await
            }
        }

        impl $Resource {
            fn stated(&self) -> Result<role::Stated<'_>> {
                Ok(role::Stated { unique_id: self.unique_id.get()?, policy_name: &self.policy_name })
            }

            /// The role as the state knows it. Missing values were not found by an import.
            fn known(&self) -> role::Spec {
                let text = |json: &Computed<PolicyJson>| json.get().map(|json| json.0.clone()).unwrap_or_default();
                let tags = self.tags_all.get().cloned().unwrap_or_default();
                self.spec(text(&self.assume_role_policy), tags, text(&self.policy_json))
            }

            fn spec(&self, trust: String, tags: Map<String>, policy: String) -> role::Spec {
                role::Spec {
                    name: self.name.clone(),
                    path: self.path.clone(),
                    description: self.description.clone(),
                    trust,
                    max_session_duration: self.max_session_duration,
                    boundary: self.permissions_boundary.clone(),
                    tags,
                    policy_name: self.policy_name.clone(),
                    policy,
                    at: |part| match part {
                        role::Part::Name => Self::name.path(),
                        role::Part::Boundary => Self::permissions_boundary.path(),
                        role::Part::Tags => Self::tags.path(),
                        role::Part::PolicyName => Self::policy_name.path(),
                        role::Part::Trust => Self::$trust.path(),
                    },
                }
            }

            fn with_documents(self, spec: &role::Spec) -> Self {
                Self {
                    tags_all: spec.tags.clone().into(),
                    assume_role_policy: PolicyJson::from(spec.trust.clone()).into(),
                    policy_json: PolicyJson::from(spec.policy.clone()).into(),
                    ..self
                }
            }

            async fn create_role(self, cx: &Ctx, spec: &role::Spec) -> Result<Self> {
                let plan = self.with_documents(spec);
                let claim = ownership::begin(cx, &plan).await?;
                let of = |role: &$crate::aws::iam::roles::Role| Self {
                    arn: role.arn.clone().into(),
                    unique_id: role.id.clone().into(),
                    ..plan.clone()
                };
                let role = role::create(cx, claim, spec, |role| cx.save(&of(role))).await?;
                Ok(of(&role))
            }

            /// The role, if it exists. `policy_name` is the name of its policy if an import finds several.
            async fn find(&self, cx: &Ctx, policy_name: &str) -> Result<Option<role::Known>> {
                let stated = (!cx.is_import()).then(|| self.stated()).transpose()?;
                role::read(cx, &ownership::subject(self)?, &self.name, stated, policy_name).await
            }

            /// Copies the settings of the role.
            fn refresh(&mut self, cx: &Ctx, found: role::Known) {
                let role::Known { role, policy_name, policy } = found;
                self.policy_name = policy_name;
                self.policy_json = PolicyJson::from(policy).into();
                self.assume_role_policy = PolicyJson::from(role.trust).into();
                self.path = role.path;
                self.description = role.description;
                self.permissions_boundary = role.boundary;
                self.max_session_duration = role.max_session_duration;
                let seen = cx.tags().seen(&role.tags, self.tags.as_ref(), $tags);
                self.tags = cx.tags().own(&seen, self.tags.as_ref(), $tags);
                self.tags_all = seen.into();
                self.arn = role.arn.into();
                self.unique_id = role.id.into();
            }
        }
    };
}

pub(crate) use role_resource;

/// The name of a role that moves here from `aws_iam_role`, if its trust policy is one that fits; otherwise the error says
/// why it is `refused`.
pub fn moved(source: &Source, fits: impl FnOnce(&str) -> bool, refused: &str) -> Option<Result<String>> {
    let from_aws = source.provider.ends_with("/hashicorp/aws") && source.type_name == "aws_iam_role";
    from_aws.then(|| {
        let text = |name: &str| source.state.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        let checked = if fits(text("assume_role_policy")) { Ok(()) } else { Err(Diagnostic::error("", refused)) };
        checked.context("Cannot move the role to this resource", text("name"))?;
        Ok(text("name").to_owned())
    })
}
