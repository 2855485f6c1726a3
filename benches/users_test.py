"""How sessions and statements of many users are counted and judged."""

import unittest

from users import APPLICATION, CONNECTION, MOST, RESOURCES, STEPS, configuration, counted, row


class Users(unittest.TestCase):
    def test_only_the_providers_statements_are_counted(self):
        record = [{"session": number, "application": name} for number, name in ((1, APPLICATION), (1, APPLICATION), (2, "dms"))]
        self.assertEqual(counted(record), (1, 2))

    def test_every_figure_has_to_be_within_its_bound(self):
        judged = lambda *most: row("t", 5, 100, 2.0, 1, most)[-2:]
        self.assertEqual(judged(5, 100, 2.0), ("5 sessions, 100 statements, 2.0 s", True))
        self.assertEqual(judged(5, 99, None), ("5 sessions, 99 statements", False))
        self.assertEqual(judged(None, None, None), ("", True))

    def test_every_step_of_every_engine_has_its_bounds(self):
        self.assertEqual(set(MOST), set(RESOURCES))
        self.assertTrue(all(len(bounds) == len(STEPS) for bounds in MOST.values()))

    def test_there_are_as_many_users_as_are_said(self):
        block = CONNECTION % {"host": "h", "port": 1, "secret": "s", "authority": '"a"'}
        for engine in RESOURCES:
            text = configuration(engine, block, 7)
            self.assertIn("count = 7\n", text)
            self.assertIn('name  = "bench_${count.index}"', text)
            self.assertIn('host           = "h"', text)


if __name__ == "__main__":
    unittest.main()
