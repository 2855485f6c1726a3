"""How the calls of a migration become looks."""

import unittest

from polls import LOOK, START, looks_of


class Looks(unittest.TestCase):
    def test_each_begins_with_the_status(self):
        before, more = [LOOK, "TestConnection"], "DescribeTableStatistics"
        self.assertEqual(looks_of([*before, START, LOOK, LOOK, more, more, LOOK]), [[LOOK], [LOOK, more, more], [LOOK]])


if __name__ == "__main__":
    unittest.main()
