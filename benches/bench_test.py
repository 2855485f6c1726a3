"""The measurements themselves, tried on a plugin made of shell and on `terraform_data`."""

import contextlib
import io
import pathlib
import tempfile
import types
import unittest
from unittest import mock

import bench


class Measuring(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bench = bench.Bench(folder.name)

    def program(self, text):
        path = self.bench.folder / "program"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def test_a_start_lasts_until_the_handshake_line(self):
        shown = '[ "$PLUGIN_CLIENT_CERT" = certificate ] && sleep 0.1 && echo "1|5|unix|/s|grpc|" && exec sleep 60'
        seconds = self.bench.start_seconds(self.program(shown), "certificate")
        self.assertGreater(seconds, 0.1)
        self.assertLess(seconds, 30)

    def test_a_program_without_a_handshake_line_is_no_measurement(self):
        with self.assertRaisesRegex(bench.Failure, "no handshake line"):
            self.bench.start_seconds(self.program("echo hello"), "certificate")

    def test_the_certificate_is_one(self):
        self.assertTrue(bench.client_certificate().startswith("-----BEGIN CERTIFICATE-----"))

    def test_a_plan_is_timed(self):
        workspace = self.bench.workspace("floor", bench.FLOOR % 3)
        self.assertGreater(self.bench.plan_seconds(workspace), 0.005)

    def test_a_plan_that_fails_is_no_measurement(self):
        workspace = self.bench.workspace("bad", 'output "o" {\n  value = file("none")\n}\n')
        for measure in (self.bench.plan_seconds, self.bench.peak_memory):
            with self.assertRaisesRegex(bench.Failure, "Invalid function argument"):
                measure(workspace)

    def test_the_memory_of_a_child_process_is_seen(self):
        self.bench.terraform = str(self.program("sleep 0.5; true"))  # It stands for terraform, and its child for a plugin.
        self.assertGreater(self.bench.peak_memory(self.bench.folder, "sleep"), 100_000)
        with self.assertRaisesRegex(bench.Failure, "was seen"):
            self.bench.peak_memory(self.bench.folder)

    def test_plans_are_compared_with_their_floor(self):
        provider = bench.Provider("", [], "", "floor", bench.FLOOR, 0, 0, 0, {1: 20, 2: 0.05})
        with mock.patch.object(bench, "PLANS", {1: 3, 2: 3}):
            rows = bench.plan(self.bench, provider, None)
        self.assertEqual([row[-1] for row in rows], [True, False], rows)

    def test_builds_are_cold_first_and_warm_then(self):
        seen = []

        def build(command, cwd, env):
            folder = pathlib.Path(env["CARGO_TARGET_DIR"])
            seen.append(("--release" in command, folder.exists()))
            folder.mkdir(exist_ok=True)

        provider = bench.PROVIDERS[0]
        changed = self.bench.folder / "tf-provider/src/lib.rs"
        changed.parent.mkdir(parents=True)
        with mock.patch.multiple(bench, run=build, TARGET=self.bench.folder, CHECKOUT=self.bench.folder):
            rows = bench.builds(self.bench, provider, None)
        self.assertTrue(changed.exists())
        self.assertEqual(seen, [(False, False), (False, True), (True, False), (True, True)])
        self.assertEqual([row[0] for row in rows], [f"{kind} build, cold and after a change" for kind in ("debug", "release")])

    def test_a_missed_target_stands_out(self):
        rows = [("a", "1 ms", "", "", "< 2 ms", True), ("b", "3 ms", "", "", "< 2 ms", False), ("c", "", "", "", "", True)]
        lines = bench.table(rows).splitlines()
        self.assertEqual([line.split()[-1] for line in lines], ["target", "ok", "OVER", "c"])

    def test_no_part_hides_a_module(self):
        for module in (bench.accounts, bench.large, bench.listed, bench.migration, bench.remote):
            self.assertIsInstance(module, types.ModuleType)
        self.assertFalse([part for part in bench.PARTS if not callable(getattr(bench, part))])

    def test_an_unknown_part_is_refused(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            bench.main(["--only", "start,luck"])


if __name__ == "__main__":
    unittest.main()
