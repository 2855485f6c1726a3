"""How the configurations of the measurements are made."""

import unittest

import remote


class Recording(remote.Stage):
    """A stage that answers every request with a number."""

    def __init__(self):
        self.asked = []

    def ask(self, method, path, **fields):
        self.asked.append((method, path, fields))
        return {"id": "id-%d" % len(self.asked)}


class Configurations(unittest.TestCase):
    def test_each_instance_has_its_seed(self):
        kind = remote.Kind("x", '\n  id = FACT.ids[count.index]\n', (), [("roles", {"name": "app-%d"})], {"ids": "id"})
        stage = Recording()
        text = stage.configuration(kind, "000000000001", 2)
        self.assertEqual([fields["name"] for _, _, fields in stage.asked], ["app-0", "app-1"])
        self.assertIn('x_ids = ["id-1", "id-2"]', text)
        self.assertIn('resource "rdsauth_x" "it" {\n  count = 2\n', text)
        self.assertIn("id = local.x_ids[count.index]", text)

    def test_a_seed_without_a_number_is_made_once(self):
        kind = remote.Kind("x", "", (), [("keys", {"alias": "alias/one"})])
        stage = Recording()
        self.assertNotIn("locals", stage.configuration(kind, "000000000001", 3))
        self.assertEqual(len(stage.asked), 1)

    def test_a_seed_may_name_what_the_first_one_made(self):
        stage = Recording()
        stage.ask = lambda method, path, **fields: stage.asked.append(fields) or {"arn": "arn-%d" % len(stage.asked)}
        kind = remote.Kind("x", "", (), [("keys", {}), ("instances", {"identifier": "a-%d", "key": "FIRST.arn"})])
        stage.configuration(kind, "000000000001", 2)
        self.assertEqual([fields.get("key") for fields in stage.asked], [None, "arn-1", "arn-1"])

    def test_a_data_source_is_none_of_the_resources(self):
        for kind in remote.DATA:
            self.assertIn('data "rdsauth_%s" "it" {' % kind.name, Recording().configuration(kind, "000000000001", 1))
        self.assertFalse([kind.name for kind in remote.KINDS if kind.is_data])

    def test_as_many_are_refreshed_as_are_said_to_be(self):
        each = remote.shares(remote.REFRESHED, len(remote.KINDS))
        self.assertEqual((sum(each), len(each)), (remote.REFRESHED, len(remote.KINDS)))
        self.assertEqual(remote.shares(11, 4), [3, 3, 3, 2])

    def test_updates_change_what_they_say(self):
        for kind in remote.KINDS:
            old, new = kind.update
            self.assertIn(old, kind.configuration, kind.name)
            self.assertNotEqual(old, new)


if __name__ == "__main__":
    unittest.main()
