"""Where a mirror is kept: what is said of a place that SQLite cannot trust, and silence about all others."""

import os
from pathlib import Path

import pytest

from bitsheet_tui.store import mounts
from bitsheet_tui.store.mounts import MOUNTS, file_system, warning

TABLE = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
31 27 0:40 / /srv rw,relatime shared:7 - nfs4 files:/srv rw,vers=4.2
32 31 8:1 /data /srv/local rw - xfs /dev/sda1 rw
33 27 0:41 / /mnt/the\\040office\\134share rw - cifs //office/share rw
34 27 8:2 / /over rw - ext4 /dev/sdb rw
35 34 0:42 / /over rw - fuse.sshfs me@host: rw
"""

PLACES = [
    ("/home/me/bitsheet.db", "ext4"),
    ("/srv/bitsheet.db", "nfs4"),
    ("/srv", "nfs4"),
    ("/srvx/bitsheet.db", "ext4"),
    ("/srv/local/deep/bitsheet.db", "xfs"),
    ("/mnt/the office\\share/bitsheet.db", "cifs"),
    ("/over/bitsheet.db", "fuse.sshfs"),
]


@pytest.mark.parametrize(("path", "kind"), PLACES)
def test_a_file_is_on_what_is_mounted_nearest_to_it_and_last(path, kind):
    assert file_system(Path(path), TABLE) == kind


def test_lines_that_are_no_mounts_say_nothing():
    assert file_system(Path("/x"), "") == ""
    assert file_system(Path("/x"), "not a line of it\n1 2 3 - ext4\n\n") == ""


def test_this_computer_knows_what_it_is_on():
    assert file_system(Path("/proc/self/status"), os.fsdecode(MOUNTS.read_bytes())) == "proc"


@pytest.fixture
def on(tmp_path, monkeypatch):
    """What is said of a mirror on a file system of that type."""

    def said(kind: str) -> str:
        table = tmp_path / "mountinfo"
        table.write_text(f"27 1 254:0 / / rw - {kind} source rw\n", encoding="utf-8")
        monkeypatch.setattr(mounts, "MOUNTS", table)
        return warning(tmp_path / "bitsheet.db")

    return said


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone", "virtiofs"]
)
def test_a_file_of_another_computer_is_warned_of(on, tmp_path, kind):
    said = on(kind)
    assert said.startswith(f"{tmp_path}/bitsheet.db is not on a local disk but on {kind}, ")
    assert said.endswith("let store.url name a local disk, or PostgreSQL")


@pytest.mark.parametrize(
    "kind", ["ext4", "btrfs", "zfs", "xfs", "overlay", "tmpfs", "fuseblk", "fuse.mergerfs", "new"]
)
def test_a_local_disk_is_not(on, kind):
    assert on(kind) == ""


def test_where_it_is_not_known_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "none")
    assert warning(tmp_path / "bitsheet.db") == ""


def test_a_link_is_followed_to_where_the_file_is(on, tmp_path, monkeypatch):
    (tmp_path / "far").mkdir()
    (tmp_path / "near.db").symlink_to(tmp_path / "far" / "bitsheet.db")
    on("ext4")
    with (tmp_path / "mountinfo").open("a", encoding="utf-8") as table:
        table.write(f"28 27 0:40 / {tmp_path}/far rw - nfs4 files:/srv rw\n")
    assert "on nfs4" in warning(tmp_path / "near.db")
