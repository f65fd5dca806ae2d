"""Which file system a file is on, and whether SQLite can be trusted there.

A SQLite file that is read while it is written needs memory that all its readers share, and locks that hold.
Where the files are another computer's there is neither (sqlite.org/wal.html, sqlite.org/howtocorrupt.html).
"""

import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")  # Linux; elsewhere it is not known, and nothing is said
ELSEWHERE = frozenset(
    """
    nfs nfs4 cifs smb3 smbfs ncpfs 9p afs ceph lustre gpfs beegfs glusterfs orangefs pvfs2 virtiofs vboxsf
    prl_fs fuse.sshfs fuse.rclone fuse.s3fs fuse.mount-s3 fuse.mountpoint-s3 fuse.gcsfuse fuse.goofys
    fuse.blobfuse fuse.blobfuse2 fuse.juicefs fuse.seaweedfs fuse.glusterfs fuse.ceph fuse.ceph-fuse
    fuse.moosefs fuse.mfs fuse.lizardfs fuse.davfs fuse.davfs2 fuse.curlftpfs fuse.smbnetfs fuse.gvfsd-fuse
    fuse.vmhgfs-fuse fuse.grpcfuse
    """.split()
)


def warning(path: Path) -> str:
    """What to know about a mirror in that file; empty: nothing."""
    try:
        mounts = os.fsdecode(MOUNTS.read_bytes())
    except OSError:
        return ""
    kind = file_system(path.resolve(), mounts)
    if kind not in ELSEWHERE:
        return ""
    return (
        f"{path} is not on a local disk but on {kind}, where SQLite may hang or be damaged, and where nobody "
        "else may read it meanwhile: let store.url name a local disk, or PostgreSQL"
    )


def file_system(path: Path, mounts: str) -> str:
    """The type of the file system that the absolute `path` is on; empty: not known.

    `mounts` is /proc/self/mountinfo (proc(5)): a line for each mount; one over another comes later.
    """
    depth, kind = -1, ""
    for line in mounts.splitlines():
        where, separator, what = line.partition(" - ")
        places, types = where.split(" "), what.split(" ")
        if not separator or len(places) < 5:
            continue
        point = Path(_unescaped(places[4]))
        if path.is_relative_to(point) and len(point.parts) >= depth:
            depth, kind = len(point.parts), types[0]
    return kind


def _unescaped(text: str) -> str:
    r"""Blanks, tabs, line ends and backslashes are written `\040`: a backslash and three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
