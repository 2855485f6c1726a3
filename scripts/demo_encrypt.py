"""A database that stays in use is encrypted, while an application writes all the time."""

import json
import subprocess
import threading
import time

from demo_parts import CHECKOUT, Demo, closing, expect

EXAMPLE = CHECKOUT / "examples/modules/encrypt-existing-database"
INSTANCE, COPY, RETIRED = "shop", "shop-encrypted", "shop-old"
APPLICATION = "shop_app"
SEED = """
CREATE TABLE customers (id bigserial PRIMARY KEY, name text);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint CONSTRAINT of_customer REFERENCES customers, item text);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.item := upper(NEW.item); RETURN NEW; END';
CREATE TRIGGER loud BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO customers (name) SELECT 'customer ' || n FROM generate_series(1, 100) n;
INSERT INTO orders (customer_id, item) SELECT 1 + n % 100, 'item ' || n FROM generate_series(1, 1000) n;
CREATE ROLE {0} LOGIN PASSWORD '{1}';
GRANT ALL ON ALL TABLES IN SCHEMA public TO {0};
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0}
"""
WRITE = "INSERT INTO orders (customer_id, item) VALUES (1, 'live') RETURNING id"
OBJECTS = """
SELECT string_agg(what, '; ' ORDER BY what) FROM (
    SELECT conname || ' ' || pg_get_constraintdef(oid) AS what FROM pg_constraint WHERE contype = 'f'
    UNION ALL SELECT pg_get_triggerdef(oid) || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal) objects
"""


class EncryptDemo(Demo):
    """An application, and its database that is not encrypted."""

    PLAY = "    {cli} plan -var phase=clean_up             # nothing to do\n"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.ended, self.written = threading.Event(), []
        self.writer = self.objects = None

    # === the steps, in order ===

    def seed(self):
        """create what exists already: a DB instance without encryption, its data, an application, a DMS replication instance"""
        account, values = self.facts["account"], {"rds.logical_replication": "1"}
        self.control("parameter-groups", account=account, name=INSTANCE, family="postgres15", values=values)
        self.create(INSTANCE, engine="postgres", parameter_group=INSTANCE, own_server=True)
        self.psql(self.master(), SEED.format(APPLICATION, self.database["master_password"]))
        self.objects = self.ask(OBJECTS)
        return self.instance["host"]

    def install(self):
        """install the provider and the example in a folder of their own"""
        host, port = self.instance["host"], self.instance["port"]
        login = {"user": self.database["master_user"], "password": self.database["master_password"]}
        end = {"port": port, "database": self.database["name"], **login}
        ends = {"source": {"host": host, **end}, "target": {"host": host.replace(INSTANCE, COPY, 1), **end}}
        made = self.control("replication-tasks", account=self.facts["account"], identifier="seed", kind="full-load", **ends)
        return self.put(EXAMPLE, {
            "db_instance_identifier": INSTANCE,
            "dbi_resource_id": self.instance["resource_id"],
            "host": host,
            "database": self.database["name"],
            "schemas": ["public"],
            "kms_key_arn": self.control("keys", account=self.facts["account"])["arn"],
            "master_secret_arn": self.secret,
            "replication_instance_arn": made["instance_arn"],
            "source_endpoint_arn": made["source_arn"],
            "target_endpoint_arn": made["target_arn"],
            "grace_period": "1s",
        })

    def write(self):
        """let the application write, one order after the other, at its endpoint"""
        self.writer = threading.Thread(target=self.write_on, daemon=True)
        self.writer.start()
        self.await_writes()
        return "%s writes" % APPLICATION

    def prepare(self):
        """terraform apply -var phase=prepare: a snapshot, its encrypted copy, and a DB instance that is restored from it"""
        line = self.phase("prepare")
        expect(self.state("rdsauth_encrypted_restore")["storage_encryption_type"] == "sse-kms", "the copy is not encrypted")
        return line

    def replicate(self):
        """terraform apply -var phase=replicate: DMS loads all rows, and goes on with the changes"""
        return self.phase("replicate")

    def cut_over(self):
        """terraform apply -var phase=cut_over: no more writes, the last changes, everything on again, and the endpoint"""
        return self.phase("cut_over")

    def application_goes_on(self):
        """the application writes again, at the same endpoint, and nothing that was acknowledged is missing"""
        self.await_writes()
        self.ended.set()
        self.writer.join()
        found = self.ask("SELECT count(*) FROM orders WHERE id IN (%s)" % ", ".join(id for id, _ in self.written))
        expect(int(found) == len(self.written), "%s of %d orders are there" % (found, len(self.written)))
        times = [when for _, when in self.written]
        longest = max(after - before for before, after in zip(times, times[1:]))
        return "%s orders of %d, and %.0f s without any" % (found, len(self.written), longest)

    def compare(self):
        """compare what there is with what there was"""
        swap, host = self.state("rdsauth_endpoint_swap"), self.instance["host"]
        shown = swap["storage_encryption_type"], swap["host"], swap["retired_resource_id"]
        expect(shown == ("sse-kms", host, self.instance["resource_id"]), "the swap shows %s" % (shown,))
        expect(self.ask(OBJECTS) == self.objects, "foreign keys and triggers are %s" % self.ask(OBJECTS))
        return "%s is encrypted, with the same foreign keys and triggers; the original is %s" % (host, RETIRED)

    def clean_up(self):
        """terraform apply -var phase=clean_up: the snapshot goes, and what was needed until the cutover"""
        # What was needed at the endpoints of before cannot connect to them any more, and says so.
        return self.phase("clean_up", may_warn=True)

    def nothing_to_do(self):
        """terraform plan -var phase=clean_up: nothing to do"""
        return closing(self.terraform("plan", "-detailed-exitcode", "-var", "phase=clean_up").stdout, "No changes.")

    STEPS = [
        Demo.start_stage,
        seed,
        install,
        Demo.init,
        write,
        prepare,
        replicate,
        cut_over,
        application_goes_on,
        compare,
        clean_up,
        nothing_to_do,
    ]

    # === what the steps are made of ===

    def phase(self, name, **more):
        ended = self.terraform("apply", "-auto-approve", "-var", "phase=%s" % name, **more)
        return closing(ended.stdout, "Apply complete!")

    def ask(self, sql):
        return self.psql(self.master(), sql).stdout.strip()

    def state(self, kind):
        """The attributes of the only resource of a type."""
        resources = json.loads((self.work / "terraform.tfstate").read_text())["resources"]
        return next(one["instances"][0]["attributes"] for one in resources if one["type"] == kind)

    def write_on(self):
        login = {"PGUSER": APPLICATION, "PGPASSWORD": self.database["master_password"]}
        while not self.ended.is_set():
            command = ["psql", "-XAtqc", WRITE]
            ended = subprocess.run(command, env=self.environment | login, capture_output=True, text=True)
            if ended.returncode == 0:
                self.written.append((ended.stdout.strip(), time.monotonic()))
            time.sleep(0.02)

    def await_writes(self):
        """Waits until the application has written something more."""
        before, deadline = len(self.written), time.monotonic() + 30
        while len(self.written) == before:
            expect(time.monotonic() < deadline, "%s cannot write" % APPLICATION)
            time.sleep(0.05)

    def stop(self):
        self.ended.set()
        super().stop()
