"""IAM database authentication from apply to destroy: a user, a role, accepted and refused logins."""

import json
import shutil

from demo_parts import CHECKOUT, Demo, closing, expect

EXAMPLE = CHECKOUT / "examples/modules/clickpipes-postgresql"
LOGIN = CHECKOUT / "scripts/demo.tf"
INSTANCE, CONSUMER_ACCOUNT, CONSUMER, ROLE = "shop", "999988887777", "ClickHouse", "clickpipes"
USER, ANOTHER_USER, READERS = "clickpipes_iam_user", "reports", "readers"
CHANGES = 2  # of `terraform plan -detailed-exitcode`
REFUSED = 2  # of psql: no connection


class LoginDemo(Demo):
    """A consumer of another account gets into a database."""

    PLAY = "    {cli} apply                                # makes user and role again, and logs in within the apply\n"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.consumer = self.token = None

    def seed(self):
        """create what exists already, without Terraform: a DB instance, the secret of its master user, a table, the consumer"""
        self.create(INSTANCE, iam=False)
        sql = "CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 1000); CREATE ROLE {0};"
        self.psql(self.master(), (sql + " GRANT SELECT ON orders TO {0}").format(READERS))
        self.control("database-users", name=ANOTHER_USER)
        anything = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}
        policies = {"any": {"Version": "2012-10-17", "Statement": [anything]}}
        role = self.control("roles", account=CONSUMER_ACCOUNT, name=CONSUMER, policies=policies)["arn"]
        self.consumer = {"arn": role, "session": self.control("sessions", role_arn=role)}
        return "%s with IAM database authentication off, and %s" % (self.instance["host"], role)

    def install(self):
        """install the provider and the example in a folder of their own"""
        return self.put(EXAMPLE, {
            "clickhouse_role_arn": self.consumer["arn"],
            "db_instance_identifier": INSTANCE,
            "master_secret_arn": self.secret,
            "database": self.database["name"],
            "db_roles": [READERS],
        })

    def test(self):
        """terraform test: the example's own tests"""
        # They leave IAM database authentication on, so they have an instance of their own.
        self.control("instances", account=self.facts["account"], identifier="%s-test" % INSTANCE, iam=False)
        test = self.terraform("test", "-var", "db_instance_identifier=%s-test" % INSTANCE)
        expect(not self.users(), "the tests left the user %s" % USER)
        return closing(test.stdout, "Success!")

    def apply(self):
        """terraform apply: turn IAM database authentication on, create user and role, and log in with a token, in one go"""
        shutil.copy(LOGIN, self.work)
        session = self.consumer["session"]
        keys = {"access_key": "access_key_id", "secret_key": "secret_access_key", "token": "session_token"}
        variables = {"another_db_user": ANOTHER_USER, "consumer": {name: session[key] for name, key in keys.items()}}
        (self.work / "demo.auto.tfvars.json").write_text(json.dumps(variables))
        output = self.terraform("apply", "-auto-approve").stdout
        self.token = (self.work / "token").read_text().strip()
        (self.work / "token").unlink()
        state = (self.work / "terraform.tfstate").read_text()
        for secret in (signature(self.token), self.database["master_password"]):
            expect(secret not in output + state, "a secret is in the output or in the state")
        return closing(output, "Apply complete!")

    def show_login(self):
        """the login of that apply: psql, TLS verified for the endpoint's name"""
        said = (self.work / "login").read_text().strip()
        expect(said == "%s reads 1000 orders" % USER, "psql said %r" % said)
        login = [login for login in self.logins() if login["accepted"]][-1]
        expect("/%s/" % ROLE in login["caller"], "the stage saw %s" % login)
        return "%s, let in as %s" % (said, login["caller"])

    def show_refusal(self):
        """the login of that apply with another user's token, signed as the same role"""
        said = (self.work / "refusal").read_text()
        expect('authentication failed for user "%s"' % ANOTHER_USER in said, "psql said: %s" % said)
        last = [login for login in self.logins() if login["user"] == ANOTHER_USER][-1]
        expect(not last["accepted"] and "may not rds-db:connect" in last["reason"], "the stage saw %s" % last)
        return "refused: %s" % last["reason"]

    def change_outside(self):
        """take the user out of rds_iam without Terraform; try the token again"""
        self.control("sql", sql="REVOKE rds_iam FROM %s" % USER)
        return self.try_in_vain()

    def plan_sees_it(self):
        """terraform plan: sees the change"""
        return closing(self.terraform("plan", "-detailed-exitcode", code=CHANGES).stdout, "Plan:")

    def apply_corrects_it(self):
        """terraform apply: corrects it, and the token is accepted again"""
        line = closing(self.terraform("apply", "-auto-approve").stdout, "Apply complete!")
        said = self.psql(self.bearer(), "select current_user").stdout.strip()
        expect(said == USER, "psql said %r" % said)
        return line

    def destroy(self):
        """terraform destroy: user and role go, the table, its readers and IAM database authentication stay"""
        line = closing(self.terraform("destroy", "-auto-approve").stdout, "Destroy complete!")
        expect(not self.users(), "the user is still there")
        rows = self.psql(self.master(), "select count(*) from orders").stdout.strip()
        expect(rows == "1000", "the table has %s rows" % rows)
        return line

    def try_in_vain(self):
        """the same token once more: it has not expired, but its user does not exist any more"""
        said = self.psql(self.bearer(), "select current_user", code=REFUSED).stderr.strip()
        expect('authentication failed for user "%s"' % USER in said, "psql said: %s" % said)
        return "refused: %s" % said.rpartition("FATAL:")[2].strip()

    STEPS = [
        Demo.start_stage,
        seed,
        install,
        Demo.init,
        test,
        apply,
        show_login,
        show_refusal,
        Demo.plan_is_empty,
        change_outside,
        plan_sees_it,
        apply_corrects_it,
        Demo.plan_is_empty,
        destroy,
        try_in_vain,
    ]

    def bearer(self):
        """Who has the token that the apply got."""
        return {"PGUSER": USER, "PGPASSWORD": self.token}

    def users(self):
        return self.psql(self.master(), "select rolname from pg_roles where rolname = '%s'" % USER).stdout.split()

    def logins(self):
        return self.control("logins")["logins"]


def signature(token):
    """The part of a token that nothing but the token has."""
    return token.rpartition("X-Amz-Signature=")[2]
