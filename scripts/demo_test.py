"""A surprise fails the demo, nothing is left behind, and what KEEP=1 prints works."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or CHECKOUT / "target").resolve()
PROVIDER = TARGET / "debug/terraform-provider-rdsauth"
PATIENCE = 240
# The first of the list that the acceptance tests take, or else what the demo finds itself.
CLI = pathlib.Path((os.environ.get("RDSAUTH_TEST_CLIS") or shutil.which("terraform") or shutil.which("tofu")).split(":")[0])
APPLY = " 6. terraform apply"
# Any of these would fail the demo if it reached what the demo starts or does.
THE_MACHINES_OWN = {
    "AWS_PROFILE": "absent",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "PGSERVICE": "absent",
    "TF_CLI_ARGS": "-absent",
}


class TheDemo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="d")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o711)  # PostgreSQL may run as another user

    def start(self, *arguments):
        command = [sys.executable, CHECKOUT / "scripts/demo", *arguments, CLI]
        environment = os.environ | THE_MACHINES_OWN | {"TMPDIR": str(self.folder)}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def assert_nothing_is_left(self):
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(processes_with(str(self.folder)), [])

    def test_names_the_cli_that_it_does_not_find(self):
        command = [sys.executable, CHECKOUT / "scripts/demo", PROVIDER, "no-such-cli"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((ended.returncode, ended.stderr), (1, "demo: there is no no-such-cli\n"))

    def build(self):
        # As `make test` has built it, so that nothing is built twice.
        command = ["cargo", "test", "--locked", "-q", "--workspace", "--no-run"]
        subprocess.run(command, cwd=CHECKOUT, env=os.environ | {"CARGO_TARGET_DIR": str(TARGET)}, check=True)

    def test_fails_with_what_was_said_when_a_step_surprises(self):
        provider = self.folder / "provider"
        provider.write_text("#!/bin/sh\nexit 1\n")
        provider.chmod(0o755)
        demo = self.start("--keep", provider)
        out, err = demo.communicate(timeout=PATIENCE)
        provider.unlink()
        self.assertEqual(demo.returncode, 1, out + err)
        self.assertIn("successfully initialized!", out)
        self.assertRegex(err, r"demo: step 5 failed: exit code 1 instead of 0 from \S*/%s test" % CLI.name)
        self.assertIn("Failed to load plugin schemas", err)
        self.assertNotIn(APPLY, out)
        self.assert_nothing_is_left()

    def test_ends_all_it_started_when_it_is_interrupted(self):
        self.build()
        demo = self.start(PROVIDER)
        said = ""
        while APPLY not in said:
            line = demo.stdout.readline()
            self.assertTrue(line, said)
            said += line
        os.killpg(demo.pid, signal.SIGINT)
        demo.communicate(timeout=PATIENCE)
        self.assertEqual(demo.returncode, 128 + signal.SIGINT)
        self.assert_nothing_is_left()

    def test_encrypts_a_database_that_stays_in_use(self):
        self.build()
        demo = self.start("--encrypt", PROVIDER)
        out, err = demo.communicate(timeout=PATIENCE)
        self.assertEqual(demo.returncode, 0, out + err)
        self.assertRegex(out, r"-> (\d+) orders of \1, and \d+ s without any\n")
        self.assert_nothing_is_left()

    def test_leaves_what_it_says_to_play_with_if_told_to(self):
        self.build()
        demo = self.start("--keep", PROVIDER)
        out, err = demo.communicate(timeout=PATIENCE)
        self.assertEqual(demo.returncode, 0, out + err)
        lines = [line.strip() for line in out.splitlines()]
        enter = next(line for line in lines if line.startswith("cd "))
        end = next(line for line in lines if line.startswith("kill "))
        try:
            self.assertIn("Resources: 4 added", shell(f"{enter} && {CLI} apply -auto-approve"))
            self.assertEqual(shell(f"{enter} && psql -XAtc 'select current_user'"), "pgadmin\n")
            for line in lines:
                if line.startswith("curl "):
                    self.assertIn("rds-db" if "logins" in line else "CreateRole", shell(line))
        finally:
            shell(end)
        self.assert_nothing_is_left()


def shell(line):
    """What a line that the demo printed prints itself."""
    return subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True, timeout=PATIENCE).stdout


def processes_with(text):
    """Command lines with this text in them, of processes that live."""
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_text()
        except OSError:  # it has ended meanwhile
            continue
        if text in line:
            found.append(line)
    return found


if __name__ == "__main__":
    unittest.main()
