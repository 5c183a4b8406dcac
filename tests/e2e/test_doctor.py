"""`groupbench data doctor` on the files of every data set: what is known of each, no false alarm."""

from __future__ import annotations

import json

import pytest

ERRORS = {
    "camra2011": {
        ("held-out-in-training", "groups"): (576, 1450),
        ("positive-among-negatives", "users"): (42, 3010),
        ("positive-among-negatives", "groups"): (24, 1450),
    },
    "groupfm": {("pairs-repeated", "ratings"): (1, 3711)},
    "itmrec": {("pairs-repeated", "ratings"): (432, 4798)},
    "itmrec-sim": {("pairs-repeated", "ratings"): (432, 4798)},
    "mafengwo": {
        ("positive-among-negatives", "users"): (333, 1754),
        ("positive-among-negatives", "groups"): (33, 995),
    },
    "mafengwos:agree": {},
    "ml-100k": {},
    "movielens-groups": {
        ("positive-among-negatives", "users"): (59, 943),
        ("positive-among-negatives", "groups"): (246, 4180),
    },
    "movielens-groups:clean": {},
    "weeplaces": {},
}
"""All errors that there are in each data set."""

WARNINGS = {
    "camra2011": {
        ("rated-among-negatives", "users"): (2350, 3010),
        ("rated-among-negatives", "groups"): (1384, 1450),
        ("rows-repeated", "group ratings"): (3980, 143618),
        ("joint-rows-of-one-profile", "group ratings"): (269, 290),
    },
    "groupfm": {("blank-ratings", "files"): (48, 3760)},
    "itmrec": {
        ("catalogues-apart", "groups"): (20, 70),
        ("catalogues-apart", "categories"): (20, 70),
        ("repeated-memberships", "files"): (37, 395),
        ("claims-differ", "documentation"): (1, 19),
    },
    "itmrec-sim": {
        ("catalogues-apart", "groups"): (20, 70),
        ("catalogues-apart", "categories"): (20, 70),
    },
    "mafengwo": {
        ("negatives-repeated", "users"): (589, 1754),
        ("rated-among-negatives", "users"): (1268, 1754),
        ("negatives-repeated", "groups"): (355, 995),
        ("rated-among-negatives", "groups"): (102, 995),
        ("catalogues-apart", "groups"): (105, 539),
    },
    "mafengwos:agree": {
        ("catalogues-apart", "users"): (53, 1141),
        ("catalogues-apart", "groups"): (97, 450),
    },
    "ml-100k": {},
    "movielens-groups": {
        ("rated-among-negatives", "users"): (872, 943),
        ("rated-among-negatives", "groups"): (1484, 4180),
        ("joint-rows-of-one-profile", "group ratings"): (499, 4180),
        ("joint-rows-of-another-rule", "files"): (60985, 92885),
    },
    "movielens-groups:clean": {},
    "weeplaces": {
        ("catalogues-apart", "users"): (2, 25081),
        ("catalogues-apart", "groups"): (3523, 25081),
    },
}
"""All warnings."""

NOTES = {
    "camra2011": {
        ("joint-rows-of-one-member", "group ratings"): (77548, 114782),
        ("held-out-in-joint-rows", "users"): (2136, 3010),
        ("held-out-in-profiles", "groups"): (451, 1450),
    },
    "mafengwo": {("members-without-ratings", "members"): (3258, 5275)},
    "movielens-groups": {
        ("joint-rows-of-one-member", "group ratings"): (29414, 92885),
        ("groups-without-rows", "groups"): (820, 5000),
    },
    "movielens-groups:clean": {("held-out-in-profiles", "groups"): (2965, 2966)},
    "weeplaces": {("held-out-in-profiles", "groups"): (13592, 13846)},
}
"""Some of the notes."""

QUIET = {
    "members-by-chance",
    "ratings-far-out",
    "ratings-with-fractions",
    "times-not-in-seconds",
    "times-in-several-units",
    "ids-nearly-equal",
}
"""What none of them shows."""


@pytest.mark.data
@pytest.mark.parametrize("name", ERRORS)
def test_the_doctor_finds_what_is_known_of_a_data_set_and_raises_no_false_alarm(cli, real_data, name):
    asked = real_data / name if name.startswith("mafengwos") else name
    done = cli("data", "doctor", asked, "--json", "--data-dir", real_data)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    found = {(f["code"], f["about"]): f for f in said["findings"]}

    def counts(severity: str) -> dict[tuple[str, str], tuple[int, int]]:
        return {key: (f["count"], f["total"]) for key, f in found.items() if f["severity"] == severity}

    assert counts("error") == ERRORS[name]
    assert counts("warning") == WARNINGS[name]
    assert NOTES.get(name, {}).items() <= counts("note").items()
    assert not QUIET & {code for code, _ in found}
    assert all(f["count"] == 0 for f in said["sound"])
