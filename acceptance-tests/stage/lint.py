"""What parliament, and the grammar that the stage enforces, find wrong with a policy."""

import json

from stage.aws import policy_grammar

#: Findings that mean nothing for a kind of policy: the resource of a trust or resource policy is whatever bears it.
_BESIDE_THE_POINT = {"identity": (), "trust": ("RESOURCE_STAR",), "resource": ("RESOURCE_STAR",)}


def findings(policy, kind="identity"):
    """Each finding as `issue`, `severity`, `title` and `detail`. `kind` is identity, trust or resource."""
    import parliament  # takes most of a second, and few need it

    if kind not in _BESIDE_THE_POINT:
        raise ValueError(f"type must be one of {', '.join(_BESIDE_THE_POINT)}")
    text = policy if isinstance(policy, str) else json.dumps(policy)
    fault = policy_grammar.fault(text, kind)
    if fault:
        return [{"issue": "GRAMMAR", "severity": "HIGH", "title": "AWS refuses this policy", "detail": fault}]
    found = map(parliament.enhance_finding, parliament.analyze_policy_string(_whole(text, kind)).findings)
    wanted = (f for f in found if f.issue not in _BESIDE_THE_POINT[kind])
    return [{"issue": f.issue, "severity": f.severity, "title": f.title, "detail": f.detail} for f in wanted]


def _whole(text, kind):
    """A trust policy has no Resource, and parliament insists on one."""
    if kind != "trust":
        return text
    policy = json.loads(text)
    policy["Statement"] = [s | {"Resource": "*"} for s in policy_grammar.as_list(policy["Statement"])]
    return json.dumps(policy)
