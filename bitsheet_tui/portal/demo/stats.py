"""What the portal was asked: counters for tests and benches."""

from collections import Counter

from msgspec import Struct, field


class Stats(Struct):
    """Everything since the start, or since `reset`."""

    requests: int = 0  # HTTP requests, refused ones included
    refused: int = 0  # 503 QUERY_LIMIT_EXCEEDED
    blocked: int = 0  # commands refused by the operating limit
    commands: Counter[str] = field(default_factory=Counter)  # calls per method, inside batches too
    rows: int = 0  # rows read for pages, wanted or not
    rows_of: Counter[str] = field(default_factory=Counter)  # the same per method
    counted: int = 0  # rows counted for `total`
    seconds: float = 0.0  # told as spent
    bytes_out: int = 0
    faults: int = 0  # scripted faults that struck

    def reset(self) -> None:
        """Start from nothing."""
        fresh = Stats()
        for name in self.__struct_fields__:
            setattr(self, name, getattr(fresh, name))
