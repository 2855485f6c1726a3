"""DMS: replication instances, their subnet groups, and the tags of everything."""

from dataclasses import dataclass, field

from stage.aws import moto_backend
from stage.aws.errors import AwsError
from stage.aws.identity import role_or_none

from . import before
from .dms_state import Passing, Resource, check_tags, exists_already, filtered, find, invalid_state, not_found, page
from .dms_state import region_of, require_new, tags_of
from .sts import service_may_assume

_ROLE = "dms-vpc-role"
_SERVICE = "dms.amazonaws.com"
_DEFAULT_GROUP = "default"
_ENGINE_VERSION = "3.5.4"
_INSTANCE = "Replication instance"


@dataclass
class Instance(Resource):
    """A replication instance."""

    parameters: dict = field(default_factory=dict)
    group: dict = None
    address: str = ""
    region: str = ""

    def shown(self):
        """What DescribeReplicationInstances shows."""
        given = self.parameters
        return {
            "ReplicationInstanceIdentifier": self.identifier,
            "ReplicationInstanceClass": given["ReplicationInstanceClass"],
            "ReplicationInstanceStatus": self.status,
            "AllocatedStorage": given.get("AllocatedStorage", 50),
            "InstanceCreateTime": self.made,
            "VpcSecurityGroups": [
                {"VpcSecurityGroupId": one, "Status": "active"} for one in given.get("VpcSecurityGroupIds", ["sg-1"])
            ],
            "AvailabilityZone": given.get("AvailabilityZone", f"{self.region}a"),
            "ReplicationSubnetGroup": self.group,
            "PreferredMaintenanceWindow": given.get("PreferredMaintenanceWindow", "sun:06:00-sun:06:30").lower(),
            "PendingModifiedValues": {},
            "MultiAZ": given.get("MultiAZ", False),
            "EngineVersion": given.get("EngineVersion", _ENGINE_VERSION),
            "AutoMinorVersionUpgrade": given.get("AutoMinorVersionUpgrade", True),
            "KmsKeyId": given.get("KmsKeyId") or default_key(self.arn),
            "ReplicationInstanceArn": self.arn,
            "ReplicationInstancePublicIpAddresses": [None],
            "ReplicationInstancePrivateIpAddresses": [self.address],
            "ReplicationInstancePrivateIpAddress": self.address,
            "PubliclyAccessible": given.get("PubliclyAccessible", True),
            "NetworkType": given.get("NetworkType", "IPV4"),
        }


@dataclass
class SubnetGroup(Resource):
    """A replication subnet group."""

    parameters: dict = field(default_factory=dict)

    def shown(self):
        """What DescribeReplicationSubnetGroups shows."""
        subnets = self.parameters["SubnetIds"]
        return {
            "ReplicationSubnetGroupIdentifier": self.identifier,
            "ReplicationSubnetGroupDescription": self.parameters["ReplicationSubnetGroupDescription"],
            "VpcId": "vpc-1",
            "SubnetGroupStatus": "Complete",
            "Subnets": [
                {"SubnetIdentifier": one, "SubnetAvailabilityZone": {"Name": "a"}, "SubnetStatus": "Active"}
                for one in subnets
            ],
            "SupportedNetworkTypes": ["IPV4"],
        }


def default_key(arn):
    """The key `aws/dms` of an account in a region."""
    _, partition, _, region, account, *_ = arn.split(":")
    return f"arn:{partition}:kms:{region}:{account}:key/{account}-aws-dms"


@before("dms", "CreateReplicationInstance", "CreateReplicationSubnetGroup")
def role_is_there(_aws, call):
    """DMS works in the VPC with a role that has to be there under its name."""
    role = role_or_none(moto_backend.iam(call.account, call.partition), _ROLE)
    if role is None or not service_may_assume(role, _SERVICE):
        arn = f"arn:{call.partition}:iam::{call.account}:role/{_ROLE}"
        raise AwsError("AccessDeniedFault", f"The IAM Role {arn} is not configured properly.")


@before("dms", "CreateReplicationInstance")
def create_instance(aws, call):
    """One that is `creating` for some looks."""
    region = region_of(aws, call)
    instance = make_instance(region, call.parameters)
    answer = {"ReplicationInstance": instance.shown() | {"ReplicationInstanceStatus": "creating"}}
    instance.pass_through(Passing("creating", aws.transition_of(call.account)["busy"]))
    return answer


def make_instance(region, parameters):
    """A replication instance that is available."""
    identifier = parameters["ReplicationInstanceIdentifier"].lower()
    require_new(region.instances, _INSTANCE, identifier)
    group = parameters.get("ReplicationSubnetGroupIdentifier", _DEFAULT_GROUP).lower()
    found = next((one for one in region.subnet_groups.values() if one.identifier == group), None)
    if found is None and group != _DEFAULT_GROUP:
        raise not_found(f"Replication Subnet group {group} not found.")
    arn = region.arn("rep", parameters.get("ResourceIdentifier"))
    shown = found.shown() if found else {"ReplicationSubnetGroupIdentifier": group, "VpcId": "vpc-1"}
    address = f"10.0.0.{len(region.instances) % 250 + 1}"
    instance = Instance(arn, identifier, tags_of(parameters), "available", None)
    instance.parameters, instance.group, instance.address, instance.region = parameters, shown, address, region.name
    region.instances[arn] = instance
    return instance


@before("dms", "DescribeReplicationInstances")
def describe_instances(aws, call):
    """All of them, or those that fit."""
    filters = {
        "replication-instance-arn": lambda one: one.arn,
        "replication-instance-id": lambda one: one.identifier,
        "replication-instance-class": lambda one: one.parameters["ReplicationInstanceClass"],
        "engine-version": lambda one: one.parameters.get("EngineVersion", _ENGINE_VERSION),
    }
    found = filtered(call, list(region_of(aws, call).instances.values()), filters, "Instances")
    shown, more = page(call, found)
    answer = {"ReplicationInstances": [one.shown() for one in shown], **more}
    for one in shown:
        one.look()
    return answer


@before("dms", "ModifyReplicationInstance")
def modify_instance(aws, call):
    """A change that is `modifying` for some looks. Without ApplyImmediately it waits for the maintenance window."""
    parameters = call.parameters
    instance = _instance(aws, call)
    _require_available(instance)
    if parameters.get("ApplyImmediately"):
        kept = {name: value for name, value in parameters.items() if not name.endswith(("Arn", "Immediately"))}
        instance.parameters = instance.parameters | kept
        instance.identifier = parameters.get("ReplicationInstanceIdentifier", instance.identifier).lower()
        instance.pass_through(Passing("modifying", aws.transition_of(call.account)["busy"]))
    return {"ReplicationInstance": instance.shown()}


@before("dms", "DeleteReplicationInstance")
def delete_instance(aws, call):
    """Not while there are tasks on it."""
    region, instance = region_of(aws, call), _instance(aws, call)
    if any(task.instance_arn == instance.arn for task in region.tasks.values()):
        raise invalid_state(f"Replication instance {instance.arn} has one or more replication tasks.")
    _require_available(instance)

    def forget():
        region.instances.pop(instance.arn, None)
        for key in [key for key in region.connections if key[0] == instance.arn]:
            del region.connections[key]

    answer = {"ReplicationInstance": instance.shown() | {"ReplicationInstanceStatus": "deleting"}}
    instance.pass_through(Passing("deleting", aws.transition_of(call.account)["busy"], finish=forget))
    return answer


@before("dms", "CreateReplicationSubnetGroup")
def create_subnet_group(aws, call):
    """One of subnets that EC2 need not know here."""
    region, parameters = region_of(aws, call), call.parameters
    identifier = parameters["ReplicationSubnetGroupIdentifier"].lower()
    if any(one.identifier == identifier for one in region.subnet_groups.values()):
        raise exists_already("Replication Subnet group", identifier)
    arn = region.arn("subgrp", identifier)
    group = SubnetGroup(arn, identifier, tags_of(parameters), "Complete")
    group.parameters = parameters
    region.subnet_groups[arn] = group
    return {"ReplicationSubnetGroup": group.shown()}


@before("dms", "DescribeReplicationSubnetGroups")
def describe_subnet_groups(aws, call):
    """All of them, or those that fit."""
    filters = {"replication-subnet-group-id": lambda one: one.identifier}
    found = filtered(call, list(region_of(aws, call).subnet_groups.values()), filters, "Subnet Groups")
    shown, more = page(call, found)
    return {"ReplicationSubnetGroups": [one.shown() for one in shown], **more}


@before("dms", "DeleteReplicationSubnetGroup")
def delete_subnet_group(aws, call):
    """Not while an instance is in it."""
    region, name = region_of(aws, call), call.parameters["ReplicationSubnetGroupIdentifier"].lower()
    group = next((one for one in region.subnet_groups.values() if one.identifier == name), None)
    if group is None:
        raise not_found(f"Replication Subnet group {name} not found.")
    for one in region.instances.values():
        if one.group["ReplicationSubnetGroupIdentifier"] == name:
            message = f"Cannot delete the subnet group '{name}' because at least one database instance: "
            raise invalid_state(f"{message}{one.identifier} is still using it.")
    if any(one.compute.get("ReplicationSubnetGroupId") == name for one in region.replications.values()):
        raise invalid_state(f"Cannot delete the subnet group '{name}' because a replication is still using it.")
    del region.subnet_groups[group.arn]
    return {}


@before("dms", "AddTagsToResource", "RemoveTagsFromResource")
def change_tags(aws, call):
    """Of what there is."""
    resource = _tagged(aws, call, call.parameters["ResourceArn"])
    if call.operation == "AddTagsToResource":
        check_tags(call.parameters["Tags"], resource.tags)
        resource.tags |= {tag["Key"]: tag.get("Value", "") for tag in call.parameters["Tags"]}
    for key in call.parameters.get("TagKeys", []):
        resource.tags.pop(key, None)
    return {}


@before("dms", "ListTagsForResource")
def list_tags(aws, call):
    """Of one resource, or of several, whose tags then say whose they are."""
    several = call.parameters.get("ResourceArnList", [])
    arns = several or [call.parameters.get("ResourceArn", "")]
    tags = []
    for arn in arns:
        owner = {"ResourceArn": arn} if several else {}
        tags += [{"Key": key, "Value": value, **owner} for key, value in _tagged(aws, call, arn).tags.items()]
    return {"TagList": tags}


def _tagged(aws, call, arn):
    resource = region_of(aws, call).tagged(arn)
    if resource is None:
        kinds = {"rep": "ReplicationInstance", "task": "ReplicationTask", "endpoint": "Endpoint"}
        kinds["replication-config"] = "ReplicationConfig"
        kind = kinds.get(arn.split(":")[5] if arn.count(":") > 5 else "", "resource")
        raise not_found(f"Could not find a {kind} matching the resource name: {arn}")
    return resource


def _instance(aws, call):
    return find(region_of(aws, call).instances, call.parameters["ReplicationInstanceArn"], _INSTANCE)


def _require_available(instance):
    if instance.status != "available":
        message = f"Replication instance {instance.arn} is not in available state. Current state is {instance.status}."
        raise invalid_state(message)
