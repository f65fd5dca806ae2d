"""The container of `service --container`, built and run by buildah: `python -m tests.release.container [BASE]`.

It needs root, and buildah and debootstrap of Debian. Nothing is pulled: the base is a Debian made by
debootstrap, in the folder BASE where one is named (it is kept, and taken again), and packages come from where
this machine's pip has them from. Ends with 1 where anything is not as the manual says. Takes some minutes.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

from bitsheet_tui.cli import container, main
from bitsheet_tui.portal.demo import DemoPortal
from tests.support.commands import SMALL
from tests.support.installed_program import ROOT

DEBIAN, SUITE = "http://deb.debian.org/debian", "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
USER = 10001
STOP_SECONDS = 2.0  # from SIGTERM to the end
PATIENCE = 120.0  # seconds to the first whole mirror, on the slowest machine
STATE = "var/lib/bitsheet-tui"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def say(text: str) -> None:
    """One line, with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - BEGAN:6.1f} s  {text}\n")
    sys.stdout.flush()


def run(*words: str | Path, **more) -> str:
    """What it prints. What fails says all that it said."""
    done = subprocess.run(
        [str(word) for word in words],
        text=True,
        capture_output=True,
        check=False,
        **more,
    )
    if done.returncode:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


class Buildah:
    """buildah with a storage of its own."""

    def __init__(self, folder: Path) -> None:
        self._words = ("buildah", "--root", folder / "storage", "--runroot", folder / "run")

    def words(self, command: str, *more: str | Path) -> list[str]:
        isolated = ("--isolation", "chroot") if command in {"build", "run"} else ()
        return [str(word) for word in (*self._words, command, *isolated, *more)]

    def __call__(self, command: str, *more: str | Path) -> str:
        return run(*self.words(command, *more)).strip()


def base(buildah: Buildah, folder: Path) -> None:
    """The image `localhost/base`."""
    if not (folder / "usr/bin/python3").exists():
        folder.mkdir(parents=True, exist_ok=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, folder, DEBIAN)
    empty = buildah("from", "scratch")
    buildah("copy", "--quiet", empty, folder, "/")
    buildah("commit", "--quiet", "--rm", empty, "localhost/base")


def build(buildah: Buildah, folder: Path) -> dict:
    """The image `localhost/bitsheet-tui` out of what the command writes, and its settings."""
    context = folder / "context"
    assert main(["service", "--container", str(context)]) == 0
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", context, ROOT)
    assert (context / container.WHEEL).exists()
    mounts = []
    if cert := os.environ.get("PIP_CERT"):  # of a proxy before the package index
        (folder / "pip.conf").write_text("[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n")
        mounts = ["-v", f"{folder}/pip.conf:/etc/pip.conf:ro", "-v", f"{cert}:{BUNDLE}:ro"]
    buildah(
        "build", "--format=docker", "--build-arg", "BASE=localhost/base", *mounts,
        "--tag", "localhost/bitsheet-tui", "--file", context / "Containerfile", context,
    )  # fmt: skip
    return json.loads(buildah("inspect", "--type=image", "localhost/bitsheet-tui"))["Docker"]["config"]


@contextmanager
def running(buildah: Buildah, folder: Path, config: dict, webhook: str):
    """A container that mirrors; gives its process, what looks into it, and its root and its volume."""
    secrets, volume = folder / "secrets", folder / "volume"
    for one in (secrets, volume):
        one.mkdir(mode=0o700)
        os.chown(one, USER, USER)
    (secrets / "webhook").write_text(webhook)
    (secrets / "webhook").chmod(0o400)
    os.chown(secrets / "webhook", USER, USER)
    mounts = ("-v", f"{secrets}:/run/secrets:ro", "-v", f"{volume}:/{STATE}")
    # two, for with this isolation the end of one run takes the mounts of the other along
    runs, looks = (buildah("from", "localhost/bitsheet-tui") for _ in range(2))

    def inside(*words: str, name: str = looks) -> list[str]:
        return buildah.words("run", *mounts, name, "--", *words)

    root = Path(buildah("mount", runs))
    process = subprocess.Popen(
        inside(*config["Entrypoint"], *config["Cmd"], name=runs),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, inside, root, volume
    finally:
        if process.poll() is None:  # buildah does not take what it runs along
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def healthy(inside, health: str) -> str:
    """What the health check says once there was a good cycle."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        found = looked(inside, "bitsheet-tui status --check --max-age 600")
        if found.returncode == 0:
            return run(*inside("sh", "-c", health)).strip()
        time.sleep(1)
    raise SystemExit(f"it did not become healthy: {found.stdout}{found.stderr}")


def looked(inside, command: str) -> subprocess.CompletedProcess[str]:
    """What a command in the container says, however it ends."""
    return subprocess.run(inside("sh", "-c", command), text=True, capture_output=True, check=False)


def written(root: Path, since: float) -> list[str]:
    """Files of the image that changed."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if Path(folder, one).relative_to(root).as_posix() not in APART]
        found += [str(Path(folder, one)) for one in files if Path(folder, one).lstat().st_mtime > since]
    return found


APART = {STATE, "tmp", "proc", "sys", "dev", "run"}


def built(buildah: Buildah, folder: Path, kept: Path) -> dict:
    """The image's settings, once it is built; `kept` is the folder of the base."""
    base(buildah, kept)
    say("the base is made")
    config = build(buildah, folder)
    say(f"built: user {config['User']}, {config['Entrypoint']} {config['Cmd']}")
    return config


def mirrors(buildah: Buildah, folder: Path, config: dict) -> int:
    """What runs, step by step."""
    assert config["User"] == f"{USER}:{USER}"
    (kind, health) = config["Healthcheck"]["Test"]
    assert kind == "CMD-SHELL"
    demo = DemoPortal(SMALL)
    with demo.run_in_thread() as webhook, running(buildah, folder, config, webhook) as (
        process, inside, root, volume,
    ):  # fmt: skip
        began = time.time()
        say(f"healthy: {healthy(inside, health)}")
        status = json.loads(run(*inside("bitsheet-tui", "status", "--json")))
        pid = status["instance"]["pid"]
        assert int(re.search(r"Uid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) == USER
        run(*inside("/opt/bitsheet-tui/bin/python", "-c", "import psycopg, apprise"))
        with closing(sqlite3.connect(f"file:{volume}/bitsheet.db?mode=ro", uri=True)) as mirror:
            ids = {id_ for (id_,) in mirror.execute("SELECT id FROM deals WHERE _deleted_at IS NULL")}
        assert ids == {row["ID"] for row in demo.world.truth("deals")}
        say(f"user {USER} mirrors {len(ids)} deals")
        assert written(root, began) == []
        say("it wrote nothing but its volume and /tmp")
        os.kill(pid, signal.SIGTERM)
        ended = time.monotonic()
        process.wait(30)
        took = time.monotonic() - ended
        told = process.stderr.read()
        assert process.returncode == 0, told
        assert webhook not in told
        say(f"stopped with 0, {took:.2f} s after SIGTERM")
        assert took <= STOP_SECONDS
        found = looked(inside, health)
        assert found.returncode == 1, found
        say(f"unhealthy then: {found.stdout.strip()}")
    return 0


BEGAN = time.monotonic()
if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bitsheet-container-") as where:
        kept = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(where, "base")
        try:
            config = built(Buildah(Path(where)), Path(where), kept)
            code = mirrors(Buildah(Path(where)), Path(where), config)
        finally:
            Buildah(Path(where))("rm", "--all")  # which unmounts their roots
    sys.exit(code)
