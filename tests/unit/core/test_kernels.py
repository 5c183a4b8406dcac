"""Compiled loops: when they are used, where they are cached, and what happens where they cannot be."""

from __future__ import annotations

import os

import numpy as np
import pytest

from groupbench.core import kernels
from groupbench.core.errors import ConfigError


def doubled(values, out):
    for i in range(len(values)):
        out[i] = 2 * values[i]


def made():
    return kernels.Kernel(doubled, "void(const f8[::1], f8[::1])")


def assert_works(kernel):
    values, out = np.arange(3.0), np.empty(3)
    values.flags.writeable = False
    kernel(values, out)
    assert out.tolist() == [0.0, 2.0, 4.0]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    monkeypatch.setenv(kernels.CACHE_VARIABLE, str(folder))
    kernels._folder.cache_clear()
    yield folder
    kernels._folder.cache_clear()


def cached(folder):
    return [file for file in folder.rglob("*.nbi") if "doubled" in file.name]


def test_what_is_compiled_is_cached_and_read_again(cache):
    assert_works(made())
    (index,) = cached(cache)
    before = index.stat().st_mtime_ns
    again = made()
    assert_works(again)
    assert again._compiled.stats.cache_hits
    assert index.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_made_is_no_error(cache):
    cache.write_text("a file")
    assert_works(made())
    assert cache.read_text() == "a file"


def test_folders_are_private_whatever_they_are_by_default(cache):
    before = os.umask(0o002)
    try:
        assert_works(made())
    finally:
        os.umask(before)
    assert cached(cache)


def test_a_read_only_folder_is_no_error(cache, monkeypatch):
    monkeypatch.setattr(kernels.os, "access", lambda path, mode: False)
    assert_works(made())
    assert not cached(cache)


def test_what_others_may_write_to_is_not_read(cache):
    cache.mkdir()
    cache.chmod(0o777)
    assert_works(made())
    assert not cached(cache)


def test_a_damaged_cache_is_no_error(cache):
    assert_works(made())
    for file in cache.rglob("*.nb*"):
        file.write_bytes(b"damaged")
    assert_works(made())


def test_the_setting_decides(monkeypatch):
    monkeypatch.setattr(kernels, "_loaded", [])
    monkeypatch.delenv(kernels.VARIABLE, raising=False)
    assert not kernels.worthwhile(1000)
    assert not kernels.worthwhile(1_000_000)
    assert kernels.worthwhile(10**9)
    kernels._loaded.append(made())
    assert not kernels.worthwhile(1000)
    assert kernels.worthwhile(1_000_000)
    for mode in ("on", "off"):
        monkeypatch.setenv(kernels.VARIABLE, mode)
        assert kernels.worthwhile(1) == kernels.worthwhile(10**9) == (mode == "on")
    monkeypatch.setenv(kernels.VARIABLE, "yes")
    with pytest.raises(ConfigError, match="GROUPBENCH_KERNELS=yes: give on, off or auto"):
        kernels.worthwhile(1)


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("n", [0, 1, 2, 10])
def test_threads_share_all_rows(threads, n, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    done = np.zeros(n, dtype=int)

    def work(start, stop):
        done[start:stop] += 1

    kernels.in_threads(work, n)
    assert (done == 1).all()
