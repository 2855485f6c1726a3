"""What policies mean, decided without a server."""

import pytest

from stage.aws.policy import ALLOW, DENY, SILENT, Permissions, Question, decide

from .conftest import allow

ARN = "arn:aws:rds-db:us-east-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/app"
CONTEXT = {
    "aws:username": "app",
    "aws:principalaccount": "111122223333",
    "aws:principaltag/team": "data",
    "aws:currenttime": "2026-11-22T10:00:00Z",
    "aws:tagkeys": ["a", "b"],
    "aws:number": "5",
    "aws:flag": "true",
    "aws:address": "10.1.2.3",
}


def decision(*policies):
    return decide(policies, Question("rds-db:connect", ARN, CONTEXT))


@pytest.mark.parametrize(
    "action, resource, expected",
    [
        ("rds-db:connect", ARN, ALLOW),
        ("RDS-DB:CONNECT", ARN, ALLOW),
        ("rds-db:con*", "*", ALLOW),
        (["s3:Get*", "*"], ["arn:aws:s3:::x", ARN], ALLOW),
        ("rds-db:connect", ARN.replace("/app", "/*"), ALLOW),
        ("rds-db:connect", ARN.replace("/app", "/a?p"), ALLOW),
        ("rds-db:connect", ARN.replace("/app", "/${aws:username}"), ALLOW),
        ("rds-db:connect", ARN.replace("111122223333", "*"), ALLOW),
        ("rds-db:connect", ARN.replace("/app", "/APP"), SILENT),
        ("rds-db:connect", ARN.replace("/app", "/ap"), SILENT),
        ("rds-db:connect", ARN.replace("/app", "/[a]pp"), SILENT),
        ("rds-db:connect", ARN.replace("/app", "/a${*}"), SILENT),
        ("rds-db:connect", ARN.replace("/app", "/${aws:unknown}"), SILENT),
        ("rds-db:connect", ARN.replace("rds-db", "rds"), SILENT),
        ("rds:connect", ARN, SILENT),
    ],
)
def test_actions_and_resources(action, resource, expected):
    assert decision(allow(action, resource)) == expected


def test_silence_allows_nothing_and_denial_wins():
    assert decision() == SILENT
    assert decision(allow("*", "*"), allow("rds-db:*", ARN, effect="Deny")) == DENY
    assert decision(allow("*", "*"), allow("rds-db:*", "arn:aws:rds-db:*:*:dbuser:db-X/*", effect="Deny")) == ALLOW


def test_elements_that_say_not():
    statement = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::*"}
    assert decision({"Statement": [statement]}) == ALLOW
    assert decision({"Statement": [statement | {"NotAction": "rds-db:*"}]}) == SILENT
    assert decision({"Statement": [statement | {"NotResource": "arn:aws:rds-db:*"}]}) == SILENT


@pytest.mark.parametrize(
    "operator, key, wanted, holds",
    [
        ("StringEquals", "aws:PrincipalAccount", "111122223333", True),
        ("StringEquals", "aws:PrincipalAccount", ["1", "111122223333"], True),
        ("StringEquals", "aws:PrincipalAccount", "1", False),
        ("StringEquals", "AWS:principalaccount", "111122223333", True),
        ("StringEquals", "aws:PrincipalTag/team", "${aws:PrincipalTag/team}", True),
        ("StringNotEquals", "aws:PrincipalAccount", ["1", "2"], True),
        ("StringNotEquals", "aws:PrincipalAccount", ["1", "111122223333"], False),
        ("StringEqualsIgnoreCase", "aws:PrincipalTag/team", "DATA", True),
        ("StringLike", "aws:PrincipalTag/team", "d*a", True),
        ("StringNotLike", "aws:PrincipalTag/team", "d*a", False),
        ("StringEquals", "aws:SourceVpc", "vpc-1", False),
        ("StringEqualsIfExists", "aws:SourceVpc", "vpc-1", True),
        ("StringNotEquals", "aws:SourceVpc", "vpc-1", True),
        ("Null", "aws:SourceVpc", "true", True),
        ("Null", "aws:PrincipalAccount", "true", False),
        ("Bool", "aws:flag", True, True),
        ("Bool", "aws:flag", "false", False),
        ("NumericLessThan", "aws:number", "6", True),
        ("NumericGreaterThanEquals", "aws:number", "6", False),
        ("NumericEquals", "aws:number", "five", False),
        ("DateLessThan", "aws:CurrentTime", "2026-11-22T10:00:01Z", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-22T10:00:01Z", False),
        ("IpAddress", "aws:address", "10.0.0.0/8", True),
        ("NotIpAddress", "aws:address", "10.0.0.0/8", False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a"], False),
        ("ForAllValues:StringEquals", "aws:Absent", ["a"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["b"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["c"], False),
        ("ForAnyValue:StringEquals", "aws:Absent", ["c"], False),
    ],
)
def test_conditions(operator, key, wanted, holds):
    policy = allow("*", "*", Condition={operator: {key: wanted}})
    assert decision(policy) == (ALLOW if holds else SILENT)


def test_every_condition_must_hold():
    tests = {"StringEquals": {"aws:username": "app", "aws:PrincipalAccount": "1"}}
    assert decision(allow("*", "*", Condition=tests)) == SILENT


def test_session_policies_and_boundaries_only_take_away():
    question, all_of_it, nothing = Question("rds-db:connect", ARN), [allow("*", "*")], []
    assert Permissions(all_of_it).allow(question)
    assert not Permissions(nothing, session=all_of_it, boundary=all_of_it).allow(question)
    assert not Permissions(all_of_it, session=nothing).allow(question)
    assert not Permissions(all_of_it, boundary=[allow("iam:*", "*")]).allow(question)
    assert Permissions(all_of_it, session=[allow("rds-db:*", "*")], boundary=[allow("rds*", "*")]).allow(question)
