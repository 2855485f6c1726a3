"""What the refreshes of many resources share."""

import unittest

import many


class Shared(unittest.TestCase):
    def test_groups_and_keys_hold_as_many_as_fit(self):
        self.assertEqual([many.needed(count, 60) for count in (1, 60, 61, 1000)], [1, 1, 2, 17])

    def test_a_setting_has_a_new_value_of_its_range(self):
        parameter = {"ParameterName": "a", "DataType": "integer", "ApplyType": "dynamic", "IsModifiable": True}
        for allowed, value, expected in [("0-9", None, [("a", "0")]), ("0-9", "0", [("a", "9")]), ("-1-9", "0", []), ("on,off", "on", [])]:
            given = {**parameter, "AllowedValues": allowed, **({"ParameterValue": value} if value else {})}
            self.assertEqual(many.settable([given]), expected, allowed)
        self.assertEqual(many.settable([{**parameter, "AllowedValues": "0-9", "ApplyType": "static"}]), [])

    def test_every_kind_with_a_list_is_measured(self):
        self.assertEqual(sorted(kind.name for kind in many.KINDS), sorted([*many.LISTED, "parameter", "kms_key_user"]))


if __name__ == "__main__":
    unittest.main()
