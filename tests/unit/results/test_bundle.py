"""Bundles: what is put in comes out, and what was changed, or comes from a stranger, is refused."""

from __future__ import annotations

import hashlib
import json
import zipfile
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbench.core.errors import ResultError
from groupbench.results import store
from groupbench.results.exchange import merge, read_bundle, write_bundle
from groupbench.runner.reproduction import drawn


@pytest.fixture
def some(record):
    return [replace(record, key=f"{seed:016x}", seed=seed, seconds={"fit": float(seed)}) for seed in range(6)]


@pytest.fixture
def bundle(some, tmp_path):
    write_bundle(
        some, tmp_path / "b.zip", card="# Méthods", submitter="A. Author", command="groupbench submit"
    )
    return tmp_path / "b.zip"


def repacked(bundle, out, **changed):
    """The bundle with other files in the place of some; None leaves one out."""
    with zipfile.ZipFile(bundle) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    held |= {name.replace("_", "."): content for name, content in changed.items()}
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in held.items():
            if content is not None:
                packed.writestr(name, content)
    return out


def test_records_and_card_come_back(bundle, some):
    found = read_bundle(bundle)
    assert [(r.key, r.seed, repr(r.metrics)) for r in found.records] == [
        (r.key, r.seed, repr(r.metrics)) for r in some
    ]
    assert (found.card, found.submitter) == ("# Méthods", "A. Author")
    assert found.sha256 == hashlib.sha256(bundle.read_bytes()).hexdigest()


def test_the_same_records_give_the_same_bytes(bundle, some, tmp_path):
    again = tmp_path / "again.zip"
    write_bundle(some[::-1], again, card="# Méthods", submitter="A. Author", command="groupbench submit")
    assert again.read_bytes() == bundle.read_bytes()


def test_bundles_are_merged_as_folders_are(bundle, some, tmp_path):
    assert merge([bundle], tmp_path / "all").written == len(some)
    assert merge([bundle, tmp_path / "all"], tmp_path / "all").there == len(some)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"card_md": b"another"}, "card.md is not what bundle.json says: it was changed"),
        ({"records_parquet": b"PAR1"}, "records.parquet is not what bundle.json says"),
        ({"card_md": None}, "it lacks card.md"),
        ({"bundle_json": b"[]"}, "bundle.json is not as it was written"),
        ({"bundle_json": b'{"groupbench": 3}'}, "bundle.json is not as it was written"),
        ({"bundle_json": b"\xff"}, "bundle.json is not as it was written"),
    ],
)
def test_what_was_changed_is_refused(bundle, tmp_path, changed, said):
    with pytest.raises(ResultError) as caught:
        read_bundle(repacked(bundle, tmp_path / "other.zip", **changed))
    assert said in str(caught.value)
    assert str(caught.value).endswith("make one with 'groupbench submit'")


def test_records_that_are_not_listed_are_refused(bundle, tmp_path):
    with zipfile.ZipFile(bundle) as packed:
        contents = json.loads(packed.read("bundle.json"))
    contents["records"].popitem()
    changed = repacked(bundle, tmp_path / "other.zip", bundle_json=json.dumps(contents).encode())
    with pytest.raises(ResultError, match=r"its records are not those that bundle\.json lists"):
        read_bundle(changed)


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "C:\\out"])
def test_names_that_lead_out_are_refused(bundle, tmp_path, name):
    with zipfile.ZipFile(bundle, "a") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(ResultError, match="no zip archive that is safe to read"):
        read_bundle(bundle)
    assert not (tmp_path / "out").exists()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_is_seen_or_changes_nothing(bundle, tmp_path, at, byte):
    content = bytearray(bundle.read_bytes())
    content[at % len(content)] = byte
    file = tmp_path / "other.zip"
    file.write_bytes(content)
    found = before = read_bundle(bundle)
    with suppress(ResultError):
        found = read_bundle(file)
    assert (found.records, found.card) == (before.records, before.card)


@pytest.mark.parametrize("content", [b"", b"entity,item,score\n", b"PK\x03\x04"])
def test_other_files_are_no_bundles(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(ResultError, match="no zip archive that is safe to read"):
        read_bundle(tmp_path / "x.zip")
    with pytest.raises(ResultError, match="cannot be read"):
        read_bundle(tmp_path / "nowhere.zip")


def test_a_key_twice_and_no_record_are_refused(some, tmp_path):
    write = {"card": "", "submitter": "A", "command": ""}
    for records, said in (([some[0], some[0]], "it holds a key twice"), ([], "it holds no records")):
        write_bundle(records, tmp_path / "b.zip", **write)
        with pytest.raises(ResultError, match=said):
            read_bundle(tmp_path / "b.zip")


def test_a_submitter_with_line_feeds_is_refused(some, tmp_path):
    write_bundle(some, tmp_path / "b.zip", card="", submitter="Eve\n2 runs: 2 reproduced", command="")
    with pytest.raises(ResultError, match="its submitter is no plain text"):
        read_bundle(tmp_path / "b.zip")


def test_costs_that_no_job_has_are_refused(some, tmp_path):
    write_bundle(
        [replace(some[0], seconds={"fit": -1.0})], tmp_path / "b.zip", card="", submitter="A", command=""
    )
    with pytest.raises(ResultError, match="holds no archived records"):
        read_bundle(tmp_path / "b.zip")


def test_unknown_seconds_are_no_way_out_of_the_draw(some):
    unknown = replace(some[0], seconds={"fit": float("nan")})
    assert drawn([unknown], 1, 600.0, "a") == [unknown]


def test_the_sample_is_drawn_among_what_can_be_done_again(some):
    skipped = replace(some[0], key="f" * 16, status="skipped")
    elsewhere = replace(some[1], key="e" * 16, family=store.EXTERNAL)
    everything = [*some, skipped, elsewhere]
    assert {r.seed for r in drawn(everything, 99, 3.0, "a")} == {0, 1, 2, 3}
    assert not {skipped.key, elsewhere.key} & {r.key for r in drawn(everything, 99, 1e9, "a")}
    assert drawn(some, 3, 1e9, "a") == drawn(some[::-1], 3, 1e9, "a")
    assert len({tuple(r.key for r in drawn(some, 3, 1e9, f"{n}")) for n in range(20)}) > 5
