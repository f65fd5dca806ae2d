"""Log files as earlier runs leave them."""

from datetime import UTC, datetime, timedelta


def book(tmp_path, count, name="bitsheet.log"):
    path = tmp_path / name
    start = datetime(2026, 11, 20, tzinfo=UTC)
    with path.open("w") as file:
        for n in range(count):
            at = (start + timedelta(seconds=n)).isoformat(" ", "seconds")
            level, table = ("WARNING", "tasks") if n % 100 == 7 else ("INFO", "deals")
            file.write(f"{at} {level:<8} {table:<14} line {n} of {name}\n")
    return path
