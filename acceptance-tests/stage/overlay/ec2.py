"""EC2: the security group of the databases that the control creates."""

from . import before

#: With a security group given, moto need not make a whole VPC for each account that has a database.
SECURITY_GROUP = "sg-0123456789abcdef0"


@before("ec2", "DescribeSecurityGroups")
def databases_have_a_group(_aws, call):
    """It is in the default VPC and lets nobody in."""
    from moto.ec2.models import ec2_backends  # takes a while, and few need it

    backend = ec2_backends[call.account][call.region]
    groups = backend.groups[backend.default_vpc.id]
    if SECURITY_GROUP not in groups:
        group = backend.create_security_group("databases", "databases", backend.default_vpc.id, force=True)
        del groups[group.id]
        group.id = group.group_id = SECURITY_GROUP
        groups[SECURITY_GROUP] = group
