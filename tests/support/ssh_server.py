"""A real sshd on loopback, and somebody who logs in to it from a terminal of 100 x 30."""

import fcntl
import getpass
import os
import pty
import socket
import struct
import subprocess
import termios
import time
from contextlib import contextmanager
from pathlib import Path

from tests.support.command_terminal import Screen
from tests.support.debian import program

ALIVE = 1  # seconds: how often sshd asks whether its client is still there; twice in vain, and the link is dropped


class SshServer:
    """One that runs; `command` is what a client starts."""

    def __init__(self, folder: Path, port: int, pid: int = 0) -> None:
        self.folder, self.port, self.pid = folder, port, pid

    @contextmanager
    def login(self, command: str, **environment: str):
        """A terminal in which somebody has logged in, and runs `command`. Its locale is sent along."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        options = {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "LogLevel": "ERROR",
                   "IdentitiesOnly": "yes", "SendEnv": "LANG LC_*"}  # fmt: skip
        process = subprocess.Popen(
            ["ssh", "-F", "/dev/null", "-tt", "-p", f"{self.port}", "-i", str(self.folder / "key"),
             *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
             f"{getpass.getuser()}@127.0.0.1", command],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**kept, "TERM": "xterm-256color", **environment},
        )  # fmt: skip
        os.close(theirs)
        screen = Screen(process, ours)
        try:
            yield screen
        finally:
            process.kill()
            process.wait()
            if screen.descriptor >= 0:
                os.close(ours)


@contextmanager
def ssh_server(folder: Path, alive: int = ALIVE):
    """Runs until the block ends. `alive`: seconds between two questions whether a client is still there."""
    sshd, keygen = program("openssh-server", "/usr/sbin/sshd"), program("openssh-client", "ssh-keygen")
    folder.mkdir()
    for name in ("key", "host"):
        made = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(made, check=True, timeout=60)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where its unprivileged half is locked in
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = folder / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/key.pub\n"
        f"PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nAcceptEnv LANG LC_*\n"
        f"ClientAliveInterval {alive}\nClientAliveCountMax 2\nSubsystem sftp internal-sftp\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", str(settings)], stderr=log)
    try:
        _wait(port, folder / "log")
        yield SshServer(folder, port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
