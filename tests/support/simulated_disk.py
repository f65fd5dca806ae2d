"""A disk that forgets: every write of SQLite is noted, and a power cut leaves what a real one may leave.

SQLite's own door to the operating system (a VFS, sqlite.org/vfs.html) is wrapped, in the library that the
program under test uses. What was written before the last sync of a file is there for ever; of what came
after, each write may be there, missing, or torn: some of its sectors new, some old, some full of rubbish.
SQLite's own crash tests make the same assumptions (test6.c: write, omit, or trash the sectors of a write).
"""

import _sqlite3
import ctypes
import random
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path

OK = 0
_METHODS = (
    "close read write truncate sync size lock unlock reserved control sector device"
    " shm_map shm_lock shm_barrier shm_unmap fetch unfetch"
).split()


class Methods(ctypes.Structure):
    """sqlite3_io_methods."""

    _fields_ = [("version", c_int), *((name, c_void_p) for name in _METHODS)]


class File(ctypes.Structure):
    """sqlite3_file: all that is known of it in public."""

    _fields_ = [("methods", ctypes.POINTER(Methods))]


class Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = [
        ("version", c_int), ("file_size", c_int), ("longest_path", c_int), ("next", c_void_p),
        ("name", c_char_p), ("data", c_void_p), ("open", c_void_p), ("delete", c_void_p),
        *((f"call{n}", c_void_p) for n in range(11)),
    ]  # fmt: skip


_Write = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = ctypes.CFUNCTYPE(c_int, c_void_p, c_int)
_Open = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at a place."""

    path: str
    place: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """The file ends here."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """All of the file is on the disk."""

    path: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The file is gone; for good if its folder is synced."""

    path: str
    synced: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Something the test wants to find again in the order of events."""

    what: str


Event = Write | Truncate | Sync | Delete | Note


@dataclass(slots=True)
class Recording:
    """What happened to the files of SQLite, in order."""

    events: list[Event] = field(default_factory=list)

    def note(self, what: str) -> None:
        """Remember this moment."""
        self.events.append(Note(what))


@contextmanager
def recording() -> Iterator[Recording]:
    """While it lasts, what SQLite writes is noted. Close every database before it ends."""
    door = _Door(Recording())
    door.library.sqlite3_vfs_register(ctypes.byref(door.vfs), 1)
    try:
        yield door.recording
    finally:
        door.library.sqlite3_vfs_unregister(ctypes.byref(door.vfs))


class _Door:
    """The usual VFS, with a hand on what is written."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.library = ctypes.CDLL(_sqlite3.__file__)  # finds the symbols of the library it is linked to
        self.library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
        usual = self.library.sqlite3_vfs_find(None).contents
        self._open, self._delete = _Open(usual.open), _Delete(usual.delete)
        self._paths: dict[int, str] = {}
        self._tables: dict[int, Methods] = {}
        self._kept = [_Open(self.open), _Delete(self.delete)]
        self.vfs = Vfs.from_buffer_copy(usual)
        self.vfs.name = b"forgetful"
        self.vfs.open, self.vfs.delete = (_address(one) for one in self._kept)

    def open(self, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code = self._open(vfs, name, file, flags, out)  # it keeps the very pointer to the name
        if code == OK and name is not None:
            self._paths[file] = _text(name)
            usual = File.from_address(file).methods
            File.from_address(file).methods = ctypes.pointer(self._noting(usual))
        return code

    def delete(self, vfs: int, name: int, synced: int) -> int:
        code = self._delete(vfs, name, synced)
        if code == OK:
            self.recording.events.append(Delete(_text(name), bool(synced)))
        return code

    def _noting(self, usual: "ctypes._Pointer[Methods]") -> Methods:
        address = ctypes.addressof(usual.contents)
        if address not in self._tables:
            table = Methods.from_buffer_copy(usual.contents)
            table.version = min(table.version, 2)  # no reading through memory maps
            for name, kind in (("write", _Write), ("truncate", _Truncate), ("sync", _Sync)):
                wrapped = kind(self._wrap(name, kind(getattr(table, name))))
                self._kept.append(wrapped)
                setattr(table, name, _address(wrapped))
            self._tables[address] = table
        return self._tables[address]

    def _wrap(self, name, usual):
        paths, events = self._paths, self.recording.events

        def write(file: int, data: int, count: int, place: int) -> int:
            code = usual(file, data, count, place)
            events.append(Write(paths[file], place, ctypes.string_at(data, count)))
            return code

        def truncate(file: int, size: int) -> int:
            code = usual(file, size)
            events.append(Truncate(paths[file], size))
            return code

        def sync(file: int, flags: int) -> int:
            code = usual(file, flags)
            events.append(Sync(paths[file]))
            return code

        return {"write": write, "truncate": truncate, "sync": sync}[name]


def _text(name: int) -> str:
    return ctypes.string_at(name).decode()


def _address(function) -> int | None:
    return ctypes.cast(function, c_void_p).value


class Disk:
    """The files as they are for sure, and what may or may not have reached them."""

    def __init__(self) -> None:
        self._sure: dict[str, bytearray] = {}
        self._perhaps: dict[str, list[Write | Truncate | Delete]] = {}

    def happen(self, event: Event) -> None:
        """One more event."""
        match event:
            case Sync(path):
                self._settle(path)
                self._sure.setdefault(path, bytearray())
                for other, pending in list(self._perhaps.items()):
                    if any(isinstance(one, Delete) for one in pending):
                        self._settle(other)  # folders are written in order
            case Delete(path, synced=True):
                self._sure.pop(path, None)
                self._perhaps.pop(path, None)
            case Note():
                pass
            case _:
                self._perhaps.setdefault(event.path, []).append(event)

    def _settle(self, path: str) -> None:
        for pending in self._perhaps.pop(path, []):
            _apply(self._sure, pending)

    def cut(self, chance: random.Random) -> dict[str, bytes]:
        """The files that somebody finds after the power is back."""
        found = {path: bytearray(data) for path, data in self._sure.items()}
        sector, kept = chance.choice((512, 4096)), chance.choice((0.1, 0.5, 0.9, 1.0))
        for path in sorted(self._perhaps):
            pending = self._perhaps[path]
            for place, event in enumerate(pending):
                if chance.random() < kept:
                    _apply(found, event)
                elif isinstance(event, Write) and chance.random() < 0.5:
                    last = place == len(pending) - 1
                    for part in _torn(event, sector, chance, rubbish=last or chance.random() < 0.3):
                        _apply(found, part)
        return {path: bytes(data) for path, data in found.items()}


def _apply(files: dict[str, bytearray], event: Write | Truncate | Delete) -> None:
    match event:
        case Delete(path):
            files.pop(path, None)
        case Truncate(path, size):
            content = files.setdefault(path, bytearray())
            del content[size:]
            content.extend(bytes(size - len(content)))
        case Write(path, place, data):
            content = files.setdefault(path, bytearray())
            content.extend(bytes(max(0, place - len(content))))
            content[place : place + len(data)] = data


def _torn(event: Write, sector: int, chance: random.Random, *, rubbish: bool) -> Iterator[Write]:
    """Some sectors of a write, as they were meant or as rubbish. Bytes beside them are as they were."""
    start, end = event.place, event.place + len(event.data)
    while start < end:
        stop = min(end, (start // sector + 1) * sector)
        data = event.data[start - event.place : stop - event.place]
        match chance.choice(("old", "new", "rubbish" if rubbish else "old")):
            case "new":
                yield Write(event.path, start, data)
            case "rubbish":
                yield Write(event.path, start, chance.randbytes(len(data)))
        start = stop


def lay_out(files: dict[str, bytes], source: Path, folder: Path) -> Path:
    """Write the files of the database `source` into `folder`; the path of the database there."""
    for path, data in files.items():
        (folder / Path(path).name).write_bytes(data)
    return folder / source.name
