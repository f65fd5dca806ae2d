"""Whom this process believes on its host: processes and files of its user, of root, of the mirror's owner."""

import os
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path


def peer(plug: socket.socket) -> tuple[int, int]:
    """The process and the user at the other end, as the kernel knows them (unix(7), SO_PEERCRED)."""
    facts = plug.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", facts)
    return pid, uid


def trusted(mirror: Path | None = None) -> frozenset[int]:
    """The users whose word counts; `mirror`: a SQLite file, whose owner's does, too."""
    uids = {os.getuid(), 0}
    with suppress(OSError):
        uids |= {mirror.stat().st_uid} if mirror else set()
    return frozenset(uids)


def need_own_folder(folder: Path) -> None:
    """Raises PermissionError for a folder in which others could put something in place of what we make.

    It, and a link that leads there, has to be ours or root's; whoever else may write to it must not be able
    to replace what is not theirs (the sticky bit, inode(7)).
    """
    for facts in (folder.lstat(), folder.stat()):
        if facts.st_uid not in trusted():
            raise PermissionError(f"{folder} belongs to somebody else (uid {facts.st_uid})")
    mode = folder.stat().st_mode
    if mode & 0o022 and not mode & stat.S_ISVTX:
        raise PermissionError(f"{folder} may be written by others (mode {stat.S_IMODE(mode):o})")


def belongs_to(path: Path, uid: int) -> bool:
    """Whether there is such a file, and that user owns it."""
    with suppress(OSError):
        return path.stat().st_uid == uid
    return False
