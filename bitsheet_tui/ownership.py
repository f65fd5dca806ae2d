"""What root makes beside another's files belongs to that other, who could not use it otherwise."""

import errno
import os
from pathlib import Path


def hand_over(made: int, beside: Path) -> None:
    """Give the file of the descriptor `made`, which is new, the owner of `beside`, where we are root.

    Raises OSError.
    """
    if os.geteuid() == 0:
        owner = beside.stat()
        if owner.st_uid:
            os.fchown(made, owner.st_uid, owner.st_gid)


def make_folder(path: Path) -> None:
    """Make a folder for its owner alone, and those above it that are missing. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(0o700)
    except FileExistsError:
        if path.is_dir():  # somebody was faster
            return
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        hand_over(descriptor, path.parent)
    finally:
        os.close(descriptor)
