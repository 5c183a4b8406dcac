"""Colors: one method looks the same in all drawings, and no two built-in ones look alike."""

from __future__ import annotations

from groupbench.core.registry import methods
from groupbench.report.long import REFERENCES
from groupbench.report.palette import COLORS, _built_in, look_of


def test_no_two_built_in_methods_look_alike():
    names = [name for name in methods if methods.is_built_in(name)]
    assert len(names) > 30
    assert len({look_of(name) for name in names}) == len(names)


def test_a_look_is_of_the_name_alone_and_no_plugin_looks_like_a_built_in_method(monkeypatch):
    names = [name for name in methods if methods.is_built_in(name)]
    before = [look_of(name) for name in (*names, "mine")]
    monkeypatch.setitem(methods._values, "mine", methods["svd"])
    monkeypatch.setitem(methods._homes, "mine", ("mine", "Mine"))
    _built_in.cache_clear()
    assert [look_of(name) for name in (*names, "mine")] == before
    looks = {look[:3] for look in before[:-1]}
    assert not looks & {look_of(f"plugin-{number}")[:3] for number in range(2_000)}


def test_what_shares_a_color_has_another_marker_dash_and_hatch():
    by_color = {}
    for name in filter(methods.is_built_in, methods):
        if name not in REFERENCES:
            by_color.setdefault(look_of(name).color, []).append(look_of(name))
    repeated = [looks for looks in by_color.values() if len(looks) > 1]
    assert repeated
    for looks in repeated:
        for part in ("marker", "dash", "hatch"):
            assert len({getattr(look, part) for look in looks}) == len(looks)


def test_variants_of_a_method_have_its_color_and_reference_rows_are_gray():
    assert {look_of(label).color for label in ("svd", "svd[tuned]", "svd (borda)")} == {look_of("svd").color}
    assert look_of("svd") != look_of("svd[tuned]")
    assert {look_of(name).color for name in REFERENCES} == {COLORS["gray"]}
    assert look_of("mine") == look_of("mine")
    assert look_of("mine").color != COLORS["gray"]
