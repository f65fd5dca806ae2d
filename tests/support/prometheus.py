"""A real Prometheus server that scrapes one target every two seconds, with the rules of the product."""

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.debian import program

CONFIG = """\
global: {{scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: bitsheet
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Prometheus:
    """Asks the server."""

    def __init__(self, port: int) -> None:
        self._at = f"http://127.0.0.1:{port}"

    def _get(self, path: str, **query: str):
        with urllib.request.urlopen(
            f"{self._at}{path}?{urllib.parse.urlencode(query)}", timeout=20
        ) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list:
        return self._get("/api/v1/query", query=expression)["result"]

    def firing(self) -> set[str]:
        found = self._get("/api/v1/alerts")["alerts"]
        return {one["labels"]["alertname"] for one in found if one["state"] == "firing"}

    def until_firing(self, *names: str, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not set(names) <= (firing := self.firing()):
            assert time.monotonic() < deadline, f"{set(names) - firing} did not fire; {firing} did"
            time.sleep(0.2)

    def until_over(self, *names: str, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while over := set(names) & self.firing():
            assert time.monotonic() < deadline, f"{over} still fire"
            time.sleep(0.2)


def hastened(rules: str) -> str:
    """The rules on a clock on which a second is more than a minute: they fire at once, over half a minute."""
    rules = re.sub(r"for: \d+m", "for: 1s", rules)
    rules = rules.replace("[30m]", "[3m]")  # in which a slow machine starts a process four times
    return re.sub(r"\[(?:10m|1h)\]", "[30s]", rules)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@contextmanager
def prometheus(folder: Path, target: int, rules: str) -> Iterator[Prometheus]:
    (folder / "rules.yml").write_text(rules)
    (folder / "prometheus.yml").write_text(CONFIG.format(rules=folder / "rules.yml", port=target))
    port = free_port()
    words = [
        program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = Prometheus(port)
        deadline = time.monotonic() + 60
        while True:
            try:
                if server.query("up"):
                    break
            except OSError:
                pass
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.2)
        yield server
    finally:
        process.kill()
        process.wait()
