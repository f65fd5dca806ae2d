"""Runs a program as a process of its own and tells what it took: seconds, CPU, memory at its peak.

As a script it is one of the other clients: `python -m tests.bench.client NAME WEBHOOK METHOD` reads a whole
list and prints how many different rows it has.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOK = 0.02  # seconds between looks at the memory
LONG = 300  # seconds; the default of b24pysdk, 10, is less than a batch takes at documented costs
OURS = os.environ.get("BENCH_PYTHON", sys.executable)  # of an installation without extras, for instance
SELECT = {"select": ["*", "UF_*"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What a process took."""

    seconds: float
    cpu: float  # seconds
    peak: float  # MB of RSS
    code: int
    out: str = ""
    err: str = ""


def run(command, *, limit=280.0, environment=None):
    """Run a command to its end, at most `limit` seconds."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), **(environment or {})},
        )  # fmt: skip
        peak = 0.0
        while process.poll() is None and time.perf_counter() - began < limit:
            peak = max(peak, memory(process.pid, "VmHWM"))
            cpu = spent(process.pid)
            time.sleep(LOOK)
        seconds = time.perf_counter() - began
        if process.poll() is None:
            process.kill()
        code = process.wait()
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read())
    return Took(seconds=seconds, cpu=cpu, peak=peak, code=code, out=texts[0], err=texts[1])


def memory(pid, what="VmRSS"):
    """MB of a process's memory; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(what)), 0.0)


def spent(pid):
    """CPU seconds of a process so far."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def folder():
    """A fresh folder."""
    with tempfile.TemporaryDirectory(prefix="bitsheet-bench-") as name:
        yield Path(name)


def configure(where, url, *, store="sqlite:///mirror.db", tables=(), **sync):
    """A configuration for our own program in `where`; the limits are the defaults."""
    lines = ["[portal]", f'webhook_url = "{url}"', "[store]", f'url = "{store}"', "[sync]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in {"tables": list(tables), **sync}.items()]
    path = where / "config.toml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def ours(path, *arguments):
    """The command line of our own program."""
    return [OURS, "-m", "bitsheet_tui", "--config", str(path), *arguments]


class Engine:
    """Our own program without a screen, which runs while a bench looks at it."""

    def __init__(self, path):
        self._told = path.with_name("told").open("w+")
        self._process = subprocess.Popen(
            ours(path, "--no-ui"), stderr=self._told, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self._told.close()

    def stop(self):
        """Seconds from SIGTERM to its end."""
        began = time.perf_counter()
        self._process.terminate()
        self._process.wait()
        return time.perf_counter() - began

    def lines(self):
        """What it has told so far."""
        self._told.seek(0)
        return self._told.read().splitlines()

    def until(self, *words, times=1, limit=900.0):
        """Wait for a line with all these words, or for several of them; the last of them."""
        end = time.monotonic() + limit
        while time.monotonic() < end and self._process.poll() is None:
            found = [line for line in self.lines() if all(word in line for word in words)]
            if len(found) >= times:
                return found[times - 1]
            time.sleep(LOOK * 5)
        raise TimeoutError(f"never told {words}: {self.lines()[-5:]}")

    def cycles(self):
        """How many have ended."""
        return sum("cycle" in line and " done " in line for line in self.lines())

    def next_cycle(self, *, more=1):
        """The line that tells of the end of a cycle which begins after now."""
        return self.until("cycle", " done ", times=self.cycles() + more)

    def filled(self, table, limit=900.0):
        """Wait until a table's backfill has ended."""
        return self.until(table, "fill done", limit=limit)


def theirs(name, url, method):
    """The command line of another client."""
    return [sys.executable, "-m", "tests.bench.client", name, url, method]


def _fast(url, method):
    from fast_bitrix24 import Bitrix

    return Bitrix(url, verbose=False, ssl=False).get_all(method, SELECT)


def _sdk(url, method, read):
    from b24pysdk.api.callers.call_method import _MethodCaller

    # it insists on https; its scheme is rewritten and nothing else
    _MethodCaller._base_url = property(lambda self: f"http://{self._domain}/rest")
    host, _, path = url.removeprefix("http://").partition("/rest/")
    answer = read(
        domain=host, auth_token=path.strip("/"), is_webhook=True, api_method=method, params=SELECT, timeout=LONG
    )  # fmt: skip
    return answer["result"]


def _as_list(url, method):
    from b24pysdk.api.callers.call_list import call_list

    return _sdk(url, method, call_list)


def _as_list_fast(url, method):
    from b24pysdk.api.callers.call_list_fast import call_list_fast

    return _sdk(url, method, call_list_fast)


def _main(name, url, method):
    read = {"fast_bitrix24": _fast, "as_list": _as_list, "as_list_fast": _as_list_fast}[name]
    began = time.perf_counter()
    ids = {int(row["ID"]) for row in read(url, method)}
    sys.stdout.write(json.dumps({"rows": len(ids), "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
