#!/usr/bin/env python3
"""Writes db_auth_token.json: tokens made by botocore with its clock held, to compare ours with.

    pip install botocore==1.44.5 && python3 db_auth_token.py > db_auth_token.json
"""

import datetime
import json
from unittest import mock

import botocore.session

HOLD = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
USERS = ["jane", "a@b", "a+b", "a&b", "a#b", "a b", "a%b", "a%20b", "é", "a/b", "a=b", "a?b", "~._-", "日本"]
PLACES = [
    ("orders.cabc123.us-east-1.rds.amazonaws.com", 5432, "us-east-1"),
    ("orders.cluster-cabc123.rds.cn-north-1.amazonaws.com.cn", 3306, "cn-north-1"),
]
# The example pair of AWS's documentation, and a token of the length and alphabet real ones have.
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION = "IQoJb3JpZ2luX2VjEXAMPLE/+==" * 20


def token(host, port, region, user, session_token):
    session = botocore.session.Session()
    session.set_credentials(KEY, SECRET, session_token)
    client = session.create_client("rds", region_name=region)
    with mock.patch("botocore.auth.get_current_datetime", lambda *a, **k: HOLD.replace(tzinfo=None)):
        return client.generate_db_auth_token(host, port, user)


vectors = [
    {"host": host, "port": port, "region": region, "user": user, "session_token": session, "token": made}
    for host, port, region in PLACES
    for user in (USERS if region == "us-east-1" else USERS[:3])
    for session in (None, SESSION)
    for made in [token(host, port, region, user, session)]
]
print(json.dumps({"access_key": KEY, "secret_key": SECRET, "unix_time": int(HOLD.timestamp()), "vectors": vectors}, indent=1))
