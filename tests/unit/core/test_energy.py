"""Joules by phase, from counters that a folder and a library stand for, and from processor time."""

from __future__ import annotations

import ctypes
import time

import pytest

from groupbench.core import energy
from groupbench.core.energy import EnergyMeter, Gpus, Rapl
from groupbench.core.stopwatch import Stopwatch

LARGEST = 262_143_328_850


@pytest.fixture(autouse=True)
def _no_gpus(monkeypatch):
    monkeypatch.setattr(energy, "_gpus", lambda: Gpus(None))


def counter(powercap, folder, name, value, largest=LARGEST):
    place = powercap / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / "name").write_text(f"{name}\n")
    (place / "energy_uj").write_text(f"{value}\n")
    (place / "max_energy_range_uj").write_text(f"{largest}\n")
    return place / "energy_uj"


def busy(meter, phase, seconds=0.05):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    meter.charge(phase)


def test_without_counters_it_is_processor_time_by_a_wattage_and_says_so(tmp_path):
    meter = EnergyMeter(20.0, tmp_path / "none")
    busy(meter, None)
    busy(meter, "fit")
    time.sleep(0.05)
    meter.charge("score")
    assert 20 * 0.05 <= meter.joules["fit"] < 20 * 0.1
    assert meter.joules["score"] < 0.5
    assert meter.method == "estimate: 20 W times the processor seconds of the job's processes"


def test_counters_of_packages_and_memory_count_once(tmp_path):
    counter(tmp_path, "intel-rapl:0", "package-0", 5)
    counter(tmp_path, "intel-rapl:0:0", "core", 5)
    counter(tmp_path, "intel-rapl:0:1", "dram", 5)
    counter(tmp_path, "intel-rapl:1", "psys", 5)
    assert Rapl(tmp_path).names == ("package-0", "dram")


def test_a_counter_that_comes_round_goes_on(tmp_path):
    file = counter(tmp_path, "intel-rapl:0", "package-0", LARGEST - 2_000_000)
    rapl = Rapl(tmp_path)
    assert rapl.joules() == 0.0
    file.write_text("3000000")
    assert rapl.joules() == pytest.approx(5.0)
    file.write_text("4000000")
    assert rapl.joules() == pytest.approx(6.0)


def test_a_phase_has_its_share_of_what_the_machine_used(tmp_path, monkeypatch):
    file = counter(tmp_path, "intel-rapl:0", "package-0", 0)
    times = {"own": 0.0, "busy": 0.0}
    monkeypatch.setattr(energy, "processor_seconds", lambda: times["own"])
    monkeypatch.setattr(energy, "_busy_seconds", lambda: times["busy"])
    meter = EnergyMeter(12.0, tmp_path)
    for own, of_all, microjoules in ((1.0, 4.0, 80_000_000), (2.0, 8.0, 160_000_000)):
        times.update(own=own, busy=of_all)
        file.write_text(str(microjoules))
        meter.charge("fit")
    assert meter.joules == {"fit": pytest.approx(160 / 4)}
    assert meter.method == "RAPL (package-0), by the job's share of busy processor time"


@pytest.mark.parametrize("damage", ["gone", "no number"])
def test_a_counter_that_can_no_longer_be_read_leaves_the_estimate(tmp_path, monkeypatch, damage):
    file = counter(tmp_path, "intel-rapl:0", "package-0", 0)
    seconds = iter([0.0, 1.0, 2.0])
    monkeypatch.setattr(energy, "processor_seconds", lambda: next(seconds))
    meter = EnergyMeter(12.0, tmp_path)
    meter.charge("fit")
    file.unlink() if damage == "gone" else file.write_text("?")
    meter.charge("fit")
    assert meter.joules == {"fit": pytest.approx(24.0)}
    assert energy.rapl(tmp_path).joules() is None
    assert meter.method.startswith("estimate")


class Nvml:
    """Two GPUs of which only the first tells its energy."""

    used = 5_000

    def nvmlInit_v2(self):
        return 0

    def nvmlDeviceGetCount_v2(self, count):
        ctypes.cast(count, ctypes.POINTER(ctypes.c_uint))[0] = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, number, device):
        ctypes.cast(device, ctypes.POINTER(ctypes.c_void_p))[0] = number + 1
        return 0

    def nvmlDeviceGetName(self, device, name, length):
        name.value = b"H200"
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, device, used):
        ctypes.cast(used, ctypes.POINTER(ctypes.c_ulonglong))[0] = self.used
        return 0 if device.value == 1 else 3


def test_gpus_count_as_soon_as_a_job_computes_on_them(tmp_path, monkeypatch):
    library = Nvml()
    monkeypatch.setattr(energy, "_gpus", lambda: gpus)
    monkeypatch.setattr(energy, "processor_seconds", lambda: 0.0)
    monkeypatch.setattr(energy, "_computes_on_gpus", lambda: library.used > 6_000)
    gpus = Gpus(library)
    meter = EnergyMeter(12.0, tmp_path)
    library.used = 6_000
    meter.charge("fit")
    assert meter.joules == {"fit": 0.0}
    library.used = 9_000
    meter.charge("fit")
    assert meter.joules == {"fit": 3.0}
    assert meter.method.endswith("; NVML (H200), all that these used meanwhile")


def test_gpus_that_are_hidden_do_not_count(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert Gpus(Nvml()).names == ()
    assert Gpus(None).joules() == 0.0


def test_a_stopwatch_charges_the_phases(tmp_path):
    watch = Stopwatch(EnergyMeter(12.0, tmp_path))
    with watch.phase("fit"):
        sum(range(2_000_000))
    assert list(watch.joules) == ["fit"]
    assert watch.joules["fit"] > 0
    assert Stopwatch().joules == {}
