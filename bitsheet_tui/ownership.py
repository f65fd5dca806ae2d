"""What root makes beside another's files belongs to that other; links of others are not followed."""

import errno
import os
import stat
from pathlib import Path


def hand_over(made: int, beside: Path) -> None:
    """Give the file of the descriptor `made`, which is new, the owner of `beside`, where we are root.

    Raises OSError.
    """
    if os.geteuid() == 0:
        owner = beside.stat()
        if owner.st_uid:
            os.fchown(made, owner.st_uid, owner.st_gid)


def foreign_link(path: Path) -> str:
    """Why a link is not followed; empty: it is none, or it and its folder are ours or root's alone.

    Whoever else made it chose what is written at its other end. Where others may replace nothing but what is
    theirs, a folder may be written by them (the sticky bit, inode(7)).
    """
    if not path.is_symlink():
        return ""
    ours, folder = {os.getuid(), 0}, path.parent.stat()
    if (owner := path.lstat().st_uid) not in ours:
        return f"it is a link that belongs to somebody else (uid {owner})"
    if folder.st_uid not in ours:
        return f"it is a link in a folder of somebody else (uid {folder.st_uid})"
    if folder.st_mode & 0o022 and not folder.st_mode & stat.S_ISVTX:
        return "it is a link in a folder that others may write to"
    return ""


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
