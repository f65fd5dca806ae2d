"""Debezium's own engine beside a real PostgreSQL server: started, killed, and what it delivered."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).with_name("debezium_engine.py")
OWN = {  # what Kafka Connect brings along
    "name": "bitsheet",
    "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
    "offset.flush.interval.ms": "1000",
    "key.converter.schemas.enable": "false",
    "value.converter.schemas.enable": "false",
}
SECONDS = 120.0  # a Java program on a busy machine


class Debezium:
    """One connector. `topic` is where its records go; others, as its heartbeats, are left out."""

    def __init__(self, folder: Path, connector: dict[str, str], topic: str) -> None:
        self._folder, self._topic = folder, topic
        self._output = folder / "records.jsonl"
        own = {**OWN, "offset.storage.file.filename": f"{folder}/offsets"}
        (folder / "connector.json").write_text(json.dumps({**connector, **own}), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "engine.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM), "connector.json", str(self._output)],
                cwd=self._folder, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def records(self) -> list[dict]:
        """What it delivered so far, repeats included: `key` and `value` of each."""
        if not self._output.exists():
            return []
        whole = self._output.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        return [found for line in whole if (found := json.loads(line))["topic"] == self._topic]

    def until(self, true) -> None:
        """Wait until something is true; an engine that has ended is started again, as a service would."""
        given_up = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < given_up, (self._folder / "engine.log").read_text()[-4000:]
            if self._process is not None and self._process.poll() is not None:
                self.start()
            time.sleep(0.1)


@contextmanager
def debezium(folder: Path, connector: dict[str, str], topic: str) -> Iterator[Debezium]:
    """A running engine; it is gone afterwards."""
    engine = Debezium(folder, connector, topic)
    engine.start()
    try:
        yield engine
    finally:
        engine.kill()
