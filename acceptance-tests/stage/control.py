"""The control of the stage: a small JSON API under /stage/, for tests and for people."""

import json
import traceback
from urllib.parse import parse_qsl, urlsplit

from moto.core.exceptions import ServiceException

from stage import lint
from stage.aws import identity, moto_backend
from stage.aws.errors import AwsError
from stage.control_dms import DmsControl
from stage.control_keys import Keys
from stage.control_posture import PostureControl
from stage.control_rds import RdsControl
from stage.overlay import sts


class Refusal(Exception):
    """A request that the control does not carry out; the text says why."""


class Control:
    """Answers control requests; every handler takes the request's fields as keyword arguments."""

    def __init__(self, aws, describe):
        self._aws, self._describe, self.rds = aws, describe, RdsControl(aws)
        self._routes = {
            ("GET", "health"): self.health,
            ("GET", "calls"): self.calls,
            ("DELETE", "calls"): self.forget_calls,
            ("GET", "rules"): self.rules,
            ("POST", "rules"): self.add_rules,
            ("DELETE", "rules"): self.clear_rules,
            ("POST", "accounts"): self.account,
            ("GET", "roles"): self.roles,
            ("POST", "roles"): self.create_role,
            ("DELETE", "roles"): self.delete_role,
            ("POST", "users"): self.create_user,
            ("POST", "groups"): self.create_group,
            ("GET", "policies"): self.policies,
            ("POST", "policies"): self.put_policy,
            ("DELETE", "policies"): self.delete_policy,
            ("POST", "access-keys"): self.create_access_key,
            ("POST", "sessions"): self.mint_session,
            ("POST", "clock"): self.set_clock,
            ("POST", "database-users"): self.create_database_user,
            ("POST", "sql"): self.run_sql,
            ("GET", "logins"): self.logins,
            ("GET", "statements"): self.statements,
            ("DELETE", "statements"): self.forget_statements,
            ("GET", "statement-rules"): self.statement_rules,
            ("POST", "statement-rules"): self.add_statement_rules,
            ("DELETE", "statement-rules"): self.clear_statement_rules,
            ("POST", "lint"): self.lint,
            **Keys(aws, describe).routes,
            **self.rds.routes,
            **PostureControl(aws).routes,
            **DmsControl(aws).routes,
        }

    def handle(self, method, target, body):
        """Status and JSON answer of a request."""
        parts = urlsplit(target)
        handler = self._routes.get((method, parts.path.removeprefix("/stage/")))
        if not handler:
            known = ", ".join(f"{m} /stage/{p}" for m, p in self._routes)
            return 404, _json({"error": f"no {method} {parts.path}; there is {known}"})
        try:
            fields = json.loads(body) if body else dict(parse_qsl(parts.query))
            return 200, _json(handler(**fields))
        except (Refusal, AwsError, RuntimeError, TypeError, ValueError, ServiceException) as error:
            return 400, _json({"error": str(error)})
        except Exception as error:  # a fault of the stage: whoever asks must hear of it
            traceback.print_exc()
            return 500, _json({"error": f"The stage failed: {type(error).__name__}: {error}"})

    def health(self):
        """What `--json` writes."""
        return self._describe()

    def calls(self, account=None, service=None, operation=None, write=None):
        """The record of calls, filtered."""
        wanted = {"account": account, "service": service, "operation": operation}
        if write is not None:
            wanted["write"] = str(write).lower() == "true"
        return {"calls": self._aws.record.calls(**{k: v for k, v in wanted.items() if v is not None})}

    def forget_calls(self, account=None):
        """Clears the record of an account, or of all."""
        self._aws.record.clear(account)
        return {}

    def rules(self):
        """The fault rules in force, with their counts."""
        return {"rules": self._aws.faults.rules.all()}

    def add_rules(self, rules):
        """Puts fault rules in force."""
        self._aws.faults.rules.add(rules)
        return self.rules()

    def clear_rules(self, account=None):
        """Takes out the fault rules of an account, or all."""
        self._aws.faults.rules.clear(account)
        return {}

    def account(self, account):
        """The keys of an account's administrator. Accounts need not be made: each exists."""
        if not (account.isdigit() and len(account) == 12):
            raise Refusal("an account id has 12 digits")
        return {
            "account": account,
            "access_key_id": identity.administrator_key(account),
            "secret_access_key": identity.administrator_secret(account),
        }

    def create_role(self, account, name, trust=None, policies=None, tags=None, partition="aws", seconds=3600):
        """A role with inline policies (name to document). Without `trust`, its own account is trusted."""
        root = f"arn:{partition}:iam::{account}:root"
        trust = trust or {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}],
        }
        with self._aws.lock:
            role = moto_backend.iam(account, partition).create_role(
                role_name=name,
                assume_role_policy_document=_text(trust),
                path="/",
                permissions_boundary=None,
                description="",
                tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
                max_session_duration=str(seconds),
            )
            return _with_policies(role, policies)

    def roles(self, account, partition="aws"):
        """All that there is of an account's roles, by name."""
        with self._aws.lock:
            return {"roles": {r.name: _role(r) for r in moto_backend.iam(account, partition).roles.values()}}

    def delete_role(self, account, name, partition="aws"):
        """Takes a role away with all it has, as somebody else would."""
        with self._aws.lock:
            backend = moto_backend.iam(account, partition)
            backend.roles.pop(_owner(backend, f"role/{name}").id)
        return {}

    def create_user(self, account, name, policies=None, partition="aws"):
        """A user with inline policies (name to document)."""
        with self._aws.lock:
            user = moto_backend.iam(account, partition).create_user("us-east-1", name, path="/")
            return _with_policies(user, policies)

    def create_group(self, account, name, policies=None, partition="aws"):
        """A group with inline policies (name to document)."""
        with self._aws.lock:
            return _with_policies(moto_backend.iam(account, partition).create_group(name), policies)

    def policies(self, account, owner, partition="aws"):
        """The inline policies of `role/NAME`, `user/NAME` or `group/NAME`: name to document, as it was written."""
        with self._aws.lock:
            return {"policies": dict(_owner(moto_backend.iam(account, partition), owner).policies)}

    def put_policy(self, account, owner, name, document, partition="aws"):
        """Writes an inline policy, as somebody else would."""
        with self._aws.lock:
            _owner(moto_backend.iam(account, partition), owner).put_policy(name, _text(document))
        return {}

    def delete_policy(self, account, owner, name, partition="aws"):
        """Takes an inline policy away, as somebody else would."""
        with self._aws.lock:
            if _owner(moto_backend.iam(account, partition), owner).policies.pop(name, None) is None:
                raise Refusal(f"{owner} has no policy {name}")
        return {}

    def create_access_key(self, account, user, partition="aws", policies=None):
        """An access key of a user, who is made if absent, with inline policies (name to document)."""
        with self._aws.lock:
            backend = moto_backend.iam(account, partition)
            if user not in backend.users:
                backend.create_user("us-east-1", user, path="/")
            for policy, text in (policies or {}).items():
                backend.users[user].put_policy(policy, _text(text))
            key = backend.create_access_key(user)
            return {"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}

    def mint_session(self, role_arn, service=None, required_tag=None, session_name="stage", seconds=3600):
        """A session of a role, without the caller's having to be trusted. As an AWS `service` (such as
        rds.amazonaws.com), refused unless the role trusts that service and bears `required_tag` (name to value).
        Negative `seconds`: it has expired already."""
        with self._aws.lock:
            role = sts.find_role(role_arn)
            if role is None:
                raise Refusal(f"there is no role {role_arn}")
            if service and not sts.service_may_assume(role, service):
                raise Refusal(f"{role_arn} does not trust {service}")
            tags = {tag["Key"]: tag["Value"] for tag in role.tags or []}
            for name, value in (required_tag or {}).items():
                if tags.get(name) != value:
                    raise Refusal(f"{role_arn} is not tagged {name}={value}")
            key, session = self._aws.identities.mint(role, session_name, seconds)
            return {
                "access_key_id": key,
                "secret_access_key": session.secret,
                "session_token": session.token,
                "expires": int(session.expires),
                "arn": session.arn,
            }

    def set_clock(self, account, offset):
        """Moves an account's clock by seconds: the sessions and database tokens that there are age by it."""
        self._aws.identities.set_clock(account, float(offset))
        return {}

    def create_database_user(
        self, name, iam=True, engine="postgres", password=None, host="%", replication=False, roles=(), endpoint=None
    ):
        """A login role in PostgreSQL, in rds_iam unless told otherwise, and in further roles. With the engine mysql a
        user at a host in MariaDB, by AWSAuthenticationPlugin and over TLS only, unless told otherwise: then with the
        password. The server is the engine's, or the one behind an endpoint."""
        server = self._server(engine, endpoint)
        if engine.startswith("postgres"):
            server.create_user(name, ["rds_iam"] * iam + list(roles), password, replication)
        else:
            server.create_user(name, host, None if iam else password)
        return {"name": name}

    def run_sql(self, sql, database="app", engine="postgres", endpoint=None):
        """Runs SQL as the owner of the server of an engine, or of that behind an endpoint."""
        return {"output": self._server(engine, endpoint).run(sql, database)}

    def statements(self, account=None):
        """The record of statements."""
        return {"statements": self._databases().statements.record(account)}

    def forget_statements(self, account=None):
        """Clears the record of statements of an account, or of all."""
        self._databases().statements.forget(account)
        return {}

    def statement_rules(self):
        """The rules for statements in force, with their counts."""
        return {"rules": self._databases().statements.rules.all()}

    def add_statement_rules(self, rules):
        """Puts rules for statements in force."""
        self._databases().statements.rules.add(rules)
        return self.statement_rules()

    def clear_statement_rules(self, account=None):
        """Takes out the rules for statements of an account, or all."""
        self._databases().statements.rules.clear(account)
        return {}

    def logins(self, account=None):
        """Every login with a token, and why it was refused."""
        return {"logins": self._databases().logins.record(account)}

    def lint(self, policy, type="identity"):
        """What parliament finds wrong with a policy; `type` is identity, trust or resource."""
        return {"findings": lint.findings(policy, type)}

    def _server(self, engine, endpoint=None):
        if endpoint:
            if server := self._databases().server_at(endpoint):
                return server
            raise Refusal(f"there is no endpoint {endpoint}")
        servers = {"postgres": self._databases().postgres, "mysql": self._databases().mariadb}
        if newer := self._databases().newer:
            servers[f"postgres{newer.major}"] = newer
        if engine not in servers:
            raise Refusal(f"engine must be one of {', '.join(servers)}")
        return servers[engine]

    def _databases(self):
        if self._aws.databases is None:
            raise Refusal("the stage runs without databases")
        return self._aws.databases


def _owner(backend, owner):
    kind, _, name = owner.partition("/")
    if kind == "role":
        found = identity.role_or_none(backend, name)
    else:
        found = {"user": backend.users, "group": backend.groups}.get(kind, {}).get(name)
    if found is None:
        raise Refusal(f"there is no {owner}; an owner is role/NAME, user/NAME or group/NAME")
    return found


def _role(role):
    return {
        "arn": role.arn,
        "id": role.id,
        "description": role.description or "",
        "seconds": int(role.max_session_duration or 3600),
        "trust": json.loads(role.assume_role_policy_document),
        "policies": {name: json.loads(text) for name, text in role.policies.items()},
        "attached": sorted(role.managed_policies),
        "boundary": role.permissions_boundary_arn,
        "tags": {tag["Key"]: tag["Value"] for tag in role.tags or []},
    }


def _with_policies(owner, policies):
    for name, text in (policies or {}).items():
        owner.put_policy(name, _text(text))
    return {"name": owner.name, "arn": owner.arn, "id": owner.id}


def _text(policy):
    return policy if isinstance(policy, str) else json.dumps(policy)


def _json(value):
    return json.dumps(value, default=str).encode()
