"""The template is a method that works as it is."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.core.errors import ConfigError
from groupbench.core.plugins import load_plugin
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.testing import check, method_template, small_training


@pytest.fixture
def written(tmp_path):
    """The entry that the template of `template-under-test` registers, taken off the registry afterwards."""
    file = tmp_path / "template_under_test.py"
    file.write_text(method_template("template-under-test"))
    assert methods
    load_plugin(file)
    yield methods["template-under-test"]
    methods._values.pop("template-under-test")


def test_passes_all_checks_and_shows_its_parameters(written):
    assert [o for o in check(written) if not o.passed] == []
    assert written.parameters() == {"damping": 10.0}
    assert written.make.__name__ == "TemplateUnderTest"


def test_learns(written):
    train = small_training()
    rows = train.ratings
    scores = written.create(damping=0.5).fit(train, rng=generator("t")).score(np.arange(rows.n_users))

    errors = scores[rows.users, rows.items] - rows.values
    assert np.sqrt(np.mean(errors**2)) < 0.9 * rows.values.std()


def test_is_short():
    assert len(method_template("short").splitlines()) < 45


@pytest.mark.parametrize("name", ["My Method", "my_method", "2fast", "", "-a", "a-", "a--b", "å", "a\n"])
def test_other_names_are_refused(name):
    with pytest.raises(ConfigError, match="lower-case letters"):
        method_template(name)


def test_a_refused_name_comes_with_a_near_one():
    with pytest.raises(ConfigError, match="try 'my-method'"):
        method_template("My Method")
