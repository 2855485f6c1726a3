"""The demo fails, and says where, as soon as something is not as promised."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

DEMO = pathlib.Path(__file__).with_name("demo")


class ASurprise(unittest.TestCase):
    def test_in_a_step_ends_the_demo_with_what_was_said(self):
        with tempfile.TemporaryDirectory() as folder:
            provider = pathlib.Path(folder) / "provider"
            provider.write_text("#!/bin/sh\nexit 1\n")
            provider.chmod(0o755)
            demo = subprocess.run([sys.executable, DEMO, provider], capture_output=True, text=True, timeout=120)
        self.assertEqual(demo.returncode, 1, demo.stdout + demo.stderr)
        self.assertIn("successfully initialized!", demo.stdout)
        self.assertIn("demo: step 5 failed: exit code 1 instead of 0 from terraform apply", demo.stderr)
        self.assertIn("Failed to load plugin schemas", demo.stderr)
        self.assertNotIn("terraform plan", demo.stdout)


if __name__ == "__main__":
    unittest.main()
