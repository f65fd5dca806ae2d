"""The wheel and the sdist as `python -m build` makes them, installed into environments that hold nothing else."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SECONDS = 600.0  # for what is fetched and unpacked


class Distributions(NamedTuple):
    """What one build made."""

    wheel: Path
    sdist: Path

    @property
    def version(self) -> str:
        return self.wheel.name.split("-")[1]


def build(folder: Path) -> Distributions:
    """Both, the wheel out of the sdist, as an index would be given them."""
    _run(sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT), cwd=folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Distributions(wheel, sdist)


def in_wheel(wheel: Path) -> dict[str, bytes]:
    """Its files by path."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def in_sdist(sdist: Path) -> dict[str, bytes]:
    """Its files by path, without the folder around all of them."""
    with tarfile.open(sdist) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive if entry.isfile()}
        return {name.partition("/")[2]: file.read() for name, file in files.items()}


class Program:
    """`bitsheet-tui` in a virtual environment of its own, run as a new user would: without a setting."""

    def __init__(self, folder: Path, distribution: Path, extras: str = "") -> None:
        self.bin = folder / "venv/bin"
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        _run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"), cwd=folder)
        self.pip(
            "install", "--no-compile", _wanted(distribution, extras)
        )  # few of the modules are ever loaded

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "TMPDIR": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}

    def resolves(self, distribution: Path, extras: str) -> None:
        """Fails where no versions of all that they need go together."""
        self.pip("install", "--dry-run", _wanted(distribution, extras))

    def pip(self, *words: str) -> None:
        """This machine's pip, on the environment. Fails where pip does."""
        _run(sys.executable, "-m", "pip", "--python", str(self.bin / "python"), *words, cwd=self.home)

    def __call__(
        self, *words: str, program: str = "bitsheet-tui", cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        return subprocess.run(
            [self.bin / program, *words], cwd=cwd or self.home, env={**self.environment, **more},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip


def _wanted(distribution: Path, extras: str) -> str:
    return f"bitsheet-tui[{extras}] @ {distribution.as_uri()}" if extras else str(distribution)


def _run(*command: str, cwd: Path) -> None:
    """What fails says all that it said. The packages come from where this machine has them from."""
    scrubbed = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=scrubbed, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
