"""Every CLI has its turn, and one that fails is not forgotten."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "each-cli"


class EachCli(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def cli(self, name, says):
        path = self.folder / name
        path.write_text("#!/bin/sh\necho %s\n" % says)
        path.chmod(0o755)
        return str(path)

    def run_each(self, command, clis):
        environment = os.environ | {"RDSAUTH_TEST_CLIS": os.pathsep.join(clis)}
        if not clis:
            environment["PATH"] = str(self.folder)
        command = [sys.executable, SCRIPT, "/bin/sh", "-c", command]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)

    def test_all_run_and_the_failure_of_one_is_that_of_all(self):
        one, two = self.cli("one", "Terraform v1.11.4"), self.cli("two", "OpenTofu v1.12.6")
        ended = self.run_each('echo with $RDSAUTH_TEST_CLIS; case $RDSAUTH_TEST_CLIS in *one) exit 3; esac', [one, two])
        self.assertEqual(ended.returncode, 3)
        lines = ended.stdout.splitlines()
        self.assertEqual(lines[:4], ["== Terraform v1.11.4 (%s)" % one, "with %s" % one,
                                     "== OpenTofu v1.12.6 (%s)" % two, "with %s" % two])
        self.assertEqual(lines[4:], ["Terraform v1.11.4: failed with exit code 3", "OpenTofu v1.12.6: passed"])
        self.assertEqual(self.run_each("true", [one, two]).returncode, 0)

    def test_without_a_list_it_takes_those_on_path(self):
        self.assertIn("neither terraform nor tofu", self.run_each("true", []).stderr)
        self.cli("tofu", "OpenTofu v1.12.6")
        self.assertIn("OpenTofu v1.12.6: passed", self.run_each("true", []).stdout)

    def test_one_that_does_not_start_is_named(self):
        ended = self.run_each("true", [str(self.folder / "none")])
        self.assertEqual(ended.returncode, 1)
        self.assertIn("RDSAUTH_TEST_CLIS lists %s" % (self.folder / "none"), ended.stderr)


if __name__ == "__main__":
    unittest.main()
