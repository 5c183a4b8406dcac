"""Energy of the phases of a job: measured where the machine says it, else estimated from processor time."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

WATTS = 12.0
"""Watts of a busy core, where nobody says otherwise: what the Green Algorithms calculator takes for any
processor (Lannelongue, Grealey and Inouye, Advanced Science 8:2100707, 2021; `TDP_cpu.csv`, model "Any")."""

POWERCAP = Path("/sys/class/powercap")
"""Where Linux shows the energy counters of processors (RAPL); many systems let only root read them."""

_EVERY = 60.0
"""Seconds between readings, so that no counter comes round twice between two of them."""

_DRIVER = "/dev/nvidia-uvm"
"""What a process has open that computes on GPUs of NVIDIA; asking for their energy does not open it."""


class _Reading(NamedTuple):
    """What had been used at a moment: joules of processors and GPUs, processor seconds of ours and of all."""

    processors: float | None
    gpus: float
    own: float
    busy: float


class _Spent:
    """The same within a phase, summed over its parts."""

    def __init__(self) -> None:
        self.processors = self.gpus = self.own = self.busy = 0.0


class EnergyMeter:
    """Joules of this process and all that it starts, by phase.

    RAPL counts what all processes of the machine use; a phase gets the share that it has of the processors'
    busy time. Where it cannot be read, energy is processor time by a wattage. NVML counts whole GPUs; a phase
    gets that of all that are visible, as soon as this process computes on one. Nothing here raises an error.

    Args:
        watts: of a busy core, for the estimate.
        powercap: where the counters are.
    """

    def __init__(self, watts: float = WATTS, powercap: Path = POWERCAP) -> None:
        self._watts = watts
        self._rapl, self._gpus = rapl(powercap), _gpus()
        self._measured, self._on_gpus = bool(self._rapl.names), False
        self._spent: defaultdict[str, _Spent] = defaultdict(_Spent)
        self._last = self._read()

    def charge(self, phase: str | None) -> None:
        """Charge all since the last call to a phase; to none, where it belongs to no phase."""
        now, last = self._read(), self._last
        self._last = now
        if phase is None:
            return
        spent = self._spent[phase]
        spent.own += max(now.own - last.own, 0.0)
        spent.busy += max(now.busy - last.busy, 0.0)
        if now.processors is None or last.processors is None:
            self._measured = False
        else:
            spent.processors += now.processors - last.processors
        if self._gpus.names and _computes_on_gpus():
            self._on_gpus = True
            spent.gpus += now.gpus - last.gpus

    @property
    def joules(self) -> dict[str, float]:
        """Joules by phase."""
        return {phase: self._of_processors(spent) + spent.gpus for phase, spent in self._spent.items()}

    @property
    def method(self) -> str:
        """How they were found, in words for the record."""
        if self._measured:
            said = f"RAPL ({', '.join(self._rapl.names)}), by the job's share of busy processor time"
        else:
            said = f"estimate: {self._watts:g} W times the processor seconds of the job's processes"
        gpus = f"; NVML ({', '.join(self._gpus.names)}), all that these used meanwhile"
        return said + (gpus if self._on_gpus else "")

    def _of_processors(self, spent: _Spent) -> float:
        if not self._measured:
            return self._watts * spent.own
        # Busy time is counted in hundredths of a second; a phase that is shorter has all of it.
        return spent.processors * min(spent.own / spent.busy, 1.0) if spent.busy else spent.processors

    def _read(self) -> _Reading:
        busy = _busy_seconds() if self._measured else 0.0
        return _Reading(self._rapl.joules(), self._gpus.joules(), processor_seconds(), busy)


class Rapl:
    """The energy counters of the machine's processors and memory, added up past their largest value.

    Args:
        powercap: the folder of the system's power counters.

    Attributes:
        names: of the counters that can be read; none where there are none.
    """

    def __init__(self, powercap: Path) -> None:
        self._lock = threading.Lock()
        self._counters: list[tuple[Path, int]] = []
        names = []
        for folder in sorted(powercap.glob("intel-rapl:*")):
            with suppress(OSError, ValueError):
                name = (folder / "name").read_text().strip()
                # Those below a package are parts of it, but for memory; psys is all of it once more.
                if name.startswith("package") or name == "dram":
                    int((folder / "energy_uj").read_text())
                    self._counters.append(
                        (folder / "energy_uj", int((folder / "max_energy_range_uj").read_text()))
                    )
                    names.append(name)
        self.names = tuple(names)
        self._last: list[int] | None = None
        self._total = 0
        self.joules()

    def joules(self) -> float | None:
        """Joules since this was made; None from when a counter can no longer be read."""
        with self._lock:
            if not self._counters:
                return None
            try:
                now = [int(file.read_text()) for file, _ in self._counters]
            except (OSError, ValueError):
                self._counters, self.names = [], ()
                return None
            for before, after, (_, largest) in zip(self._last or now, now, self._counters, strict=True):
                self._total += after - before if after >= before else after - before + largest
            self._last = now
            return self._total / 1e6

    def follow(self) -> None:
        """Read the counters once in a while, for as long as this process lives."""
        while self.names:
            time.sleep(_EVERY)
            self.joules()


@cache
def rapl(powercap: Path) -> Rapl:
    """The counters below a folder, which a thread follows from now on."""
    found = Rapl(powercap)
    if found.names:
        threading.Thread(target=found.follow, daemon=True).start()
    return found


class Gpus:
    """The energy counters of NVIDIA's GPUs, by NVML.

    Args:
        library: NVML, or None where there is none.

    Attributes:
        names: of the GPUs that tell their energy; none where there are none.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._devices: list[ctypes.c_void_p] = []
        names = []
        for number in self._visible():
            device, name = ctypes.c_void_p(), ctypes.create_string_buffer(96)
            if library.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(device)) == 0:
                library.nvmlDeviceGetName(device, name, len(name))
                if self._millijoules(device) is not None:
                    self._devices.append(device)
                    names.append(name.value.decode(errors="replace"))
        self.names = tuple(names)

    def joules(self) -> float:
        """Joules since the driver was loaded."""
        return sum(self._millijoules(device) or 0 for device in self._devices) / 1000

    def _visible(self) -> Iterator[int]:
        count = ctypes.c_uint(0)
        if self._library is None or self._library.nvmlInit_v2() != 0:
            return
        self._library.nvmlDeviceGetCount_v2(ctypes.byref(count))
        said = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        chosen = {int(number) for number in said if number.strip().isdecimal()}
        yield from (number for number in range(count.value) if not chosen or number in chosen)

    def _millijoules(self, device: ctypes.c_void_p) -> int | None:
        used = ctypes.c_ulonglong(0)
        failed = self._library.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(used))
        return None if failed else used.value


@cache
def _gpus() -> Gpus:
    try:
        return Gpus(ctypes.CDLL("libnvidia-ml.so.1"))
    except (OSError, AttributeError):
        return Gpus(None)


def _computes_on_gpus() -> bool:
    with suppress(OSError):
        for entry in os.scandir("/proc/self/fd"):
            with suppress(OSError):
                if os.readlink(entry.path) == _DRIVER:
                    return True
    return False


def processor_seconds() -> float:
    """Processor seconds of this process and of all that it started, whether that has ended or not."""
    ended = os.times()
    below = sum(map(_ticks, _descendants(os.getpid())))
    return (
        time.process_time() + ended.children_user + ended.children_system + below / os.sysconf("SC_CLK_TCK")
    )


def _descendants(process: int) -> Iterator[int]:
    with suppress(OSError, ValueError):
        for thread in os.listdir(f"/proc/{process}/task"):
            for child in map(int, Path(f"/proc/{process}/task/{thread}/children").read_bytes().split()):
                yield child
                yield from _descendants(child)


def _ticks(process: int) -> int:
    """Processor time of a process and of what it started that has ended."""
    with suppress(OSError, ValueError):
        return sum(map(int, Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[11:15]))
    return 0


def _busy_seconds() -> float:
    """Seconds that all processors of the machine were busy, together."""
    with suppress(OSError, ValueError):
        user, nice, system, _, _, *interrupts = Path("/proc/stat").read_bytes().split(b"\n")[0].split()[1:9]
        return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")
    return 0.0
