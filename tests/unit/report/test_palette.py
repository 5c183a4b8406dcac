"""Colors: one method looks the same in all drawings, and no two built-in ones look alike."""

from __future__ import annotations

from groupbench.core.registry import methods
from groupbench.report.long import REFERENCES
from groupbench.report.palette import COLORS, look_of


def test_no_two_built_in_methods_look_alike():
    names = [name for name in methods if methods.is_built_in(name)]
    assert len(names) > 30
    assert len({look_of(name) for name in names}) == len(names)


def test_variants_of_a_method_have_its_color_and_reference_rows_are_gray():
    assert {look_of(label).color for label in ("svd", "svd[tuned]", "svd (borda)")} == {look_of("svd").color}
    assert look_of("svd") != look_of("svd[tuned]")
    assert {look_of(name).color for name in REFERENCES} == {COLORS["gray"]}
    assert look_of("mine") == look_of("mine")
    assert look_of("mine").color != COLORS["gray"]
