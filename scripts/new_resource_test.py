"""A new resource has all the files and lines that every resource has, and takes nothing that is there."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
LISTS = ("src/resources.rs", "src/provider.rs", "acceptance-tests/main.rs", "acceptance-tests/matrix.rs",
         "acceptance-tests/ownership.rs", "CHANGELOG.md")
SOURCES = ("src/resources/example_thing.rs", "acceptance-tests/example_thing.rs",
           "acceptance-tests/matrix/example_thing.rs")


class ANewResource(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for path in LISTS:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / path, self.folder / path)

    def begin(self, name):
        command = [sys.executable, CHECKOUT / "scripts/new-resource", name, self.folder]
        return subprocess.run(command, capture_output=True, text=True)

    def test_it_is_in_every_list(self):
        run = self.begin("example_thing")
        self.assertEqual(run.returncode, 0, run.stderr)
        for path in LISTS:
            before = (CHECKOUT / path).read_text().splitlines()
            after = (self.folder / path).read_text().splitlines()
            added = [line for line in after if "example_thing" in line or "ExampleThing" in line]
            self.assertEqual([line for line in after if line not in added], before, path)
            self.assertEqual(len(added), 2 if path == "src/provider.rs" else 1, path)
        for path in SOURCES:
            formatted = subprocess.run(["rustfmt", "--edition", "2024", "--check", self.folder / path], capture_output=True)
            self.assertEqual(formatted.returncode, 0, path)
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        self.assertEqual(len(files), len(LISTS) + len(SOURCES) + 4)
        left = [path for path in files if re.search("@[A-Z]+@", path.read_text())]
        self.assertEqual(left, [], "a word of the template was not replaced")

    def test_what_is_there_is_not_overwritten(self):
        self.begin("example_thing")
        before = {path: (self.folder / path).read_text() for path in (*LISTS, *SOURCES)}
        self.assertIn("rdsauth_example_thing exists", self.begin("example_thing").stderr)
        self.assertIn("is no name", self.begin("Example-Thing").stderr)
        self.assertEqual(before, {path: (self.folder / path).read_text() for path in (*LISTS, *SOURCES)})


if __name__ == "__main__":
    unittest.main()
