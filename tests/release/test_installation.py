"""A release: the wheel and the sdist hold all that belongs to them, and run where nothing else is installed."""

import json
import re
import subprocess
import tempfile
import tomllib
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from bitsheet_tui import __version__
from tests.support.commands import configure, until
from tests.support.installed_program import ROOT, SECONDS, Program, build, in_sdist, in_wheel
from tests.support.mirror import rows
from tests.support.older_mirror import EVERYTHING, OlderPortal, continued
from tests.support.readme import manual, section

pytestmark = pytest.mark.release

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = [name for name in PROJECT["optional-dependencies"] if name not in {"dev", "proofs"}]
BRINGS = {
    "postgres": ["psycopg"],
    "notify": ["apprise"],
    "web": ["textual_serve"],
    "export": ["xlsxwriter", "pyarrow"],
    "nats": ["nats"],
    "lake": ["deltalake"],
}


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dist"))


@contextmanager
def environment(distribution: Path, extras: str = ""):
    """A program that is gone afterwards: one with every extra takes some hundred megabytes."""
    with tempfile.TemporaryDirectory(prefix="bitsheet-release-") as folder:
        yield Program(Path(folder), distribution, extras)


@pytest.fixture(scope="session")
def base(built):
    with environment(built.wheel) as program:
        yield program


def works(program: Program, version: str) -> None:
    """What somebody does first."""
    found = program("-c", "import bitsheet_tui; print(bitsheet_tui.__file__)", program="python")
    assert found.stdout.startswith(str(program.bin.parent)), found
    assert program("--version").stdout == f"bitsheet-tui {version}\n"
    assert program("-m", "bitsheet_tui", "--version", program="python").stdout == f"bitsheet-tui {version}\n"
    assert program("--help").stdout.startswith("usage: bitsheet-tui")
    assert program("help").stdout.count("\n") > 12
    assert program("help", "install").stdout.startswith("# Install")
    assert "ExecStart=" in program("service").stdout
    once = program("--demo", "--once")
    assert once.returncode == 0, once.stderr
    mirror = re.search(r"the mirror is (\S+)/bitsheet\.db", once.stderr)[1]
    assert program("status", BITSHEET_STORE_URL=f"sqlite:///{mirror}/bitsheet.db").stdout.count("\n") > 9
    program.pip("check")


def contents(*folders: str) -> dict[str, bytes]:
    """The files of the checkout that belong to a release."""
    listed = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    kept = (path for path in listed if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in kept}


def test_the_wheel_is_the_package_with_all_its_data_and_nothing_else(built):
    files = in_wheel(built.wheel)
    about = {name: files.pop(name) for name in list(files) if ".dist-info/" in name}
    assert files == contents("bitsheet_tui")
    assert {Path(name).suffix for name in files} >= {".tcss", ".service", ".typed"}
    metadata = message_from_bytes(next(text for name, text in about.items() if name.endswith("/METADATA")))
    assert metadata["Version"] == built.version == __version__
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert metadata.get_payload().startswith("# bitsheet-tui")


def test_the_sdist_has_the_tests_and_the_example_too(built):
    files = in_sdist(built.sdist)
    wanted = contents("bitsheet_tui", "tests")
    assert {name: text for name, text in files.items() if name in wanted} == wanted
    for name in ("README.md", "config.toml.example", "pyproject.toml"):
        assert files[name] == (ROOT / name).read_bytes()
    assert {name.partition("/")[0] for name in files} == {
        "bitsheet_tui", "tests", "README.md", "config.toml.example", "pyproject.toml", "PKG-INFO", ".gitignore",
    }  # fmt: skip


def test_the_wheel_runs_where_nothing_else_is(base, built):
    works(base, built.version)


def test_the_base_says_which_extra_is_missing(base):
    refused = base("status", BITSHEET_STORE_URL="postgresql://localhost/mirror")
    assert (refused.returncode, "extra postgres" in refused.stderr) == (73, True), refused.stderr
    refused = base("web", "--demo")
    assert (refused.returncode, "extra web" in refused.stderr) == (64, True), refused.stderr


def test_the_sdist_installs_and_runs(built):
    with environment(built.sdist) as program:
        works(program, built.version)


def test_the_wheel_goes_on_with_a_mirror_that_the_version_before_made(base, tmp_path):
    continued(lambda *words: base(*words, cwd=tmp_path), tmp_path)


def test_the_list_of_parts_has_everything_that_a_release_brings_and_nothing_of_its_tool(base, tmp_path):
    """By the lines of the chapter, the tool in an environment of its own."""
    (lines,) = re.findall(r"```sh\n(.*?)```", section(manual("trust"), "What it is made of"), re.DOTALL)[:1]
    first, *rest = lines.splitlines()
    assert first.startswith("python3 -m venv release ")  # which is the environment of this test
    (tmp_path / "release").symlink_to(base.bin.parent)
    done = subprocess.run(
        ["bash", "-ec", "\n".join(rest)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "bitsheet-tui.cdx.json").read_text())
    assert told["bomFormat"] == "CycloneDX"
    parts = {part["name"].lower().replace("_", "-"): part["version"] for part in told["components"]}
    needed = {re.match(r"[\w.-]+", one)[0].lower() for one in PROJECT["dependencies"]}
    assert needed | {"bitsheet-tui", "httpcore", "idna"} <= set(parts)
    assert parts["bitsheet-tui"] == __version__
    assert not {"cyclonedx-bom", "pytest", "psycopg"} & set(parts)


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_extra_is_enough_for_what_it_is_for(built, extra, request, tmp_path):
    with environment(built.wheel, extra) as program:
        works(program, built.version)
        for module in BRINGS[extra]:
            assert program("-c", f"import {module}", program="python").returncode == 0
        if use := USES.get(extra):
            use(program, request, tmp_path)


def mirrors_into_postgres(program: Program, request, folder: Path) -> None:
    url = request.getfixturevalue("postgres_url")
    portal = OlderPortal()
    with portal.run_in_thread() as webhook:
        configure(folder, webhook, EVERYTHING)
        once = program("--once", cwd=folder, BITSHEET_STORE_URL=url.reveal())
    assert once.returncode == 0, once.stderr
    assert len(rows(url, "deals")) == len(list(portal.world.truth("deals")))


def shows_the_console_in_a_browser(program: Program, _request, folder: Path) -> None:
    process = subprocess.Popen(
        [program.bin / "bitsheet-tui", "web", "--demo", "--listen", "127.0.0.1:0"],
        cwd=folder, env=program.environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        address = re.search(r"is at (\S+)", until(process, "the console is at"))[1]
        with build_opener(HTTPCookieProcessor()).open(address) as page:  # its token opens a login
            assert b"data-session-websocket-url" in page.read()
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def keeps_a_lake(program: Program, _request, folder: Path) -> None:
    portal = OlderPortal()
    with portal.run_in_thread() as webhook:
        configure(folder, webhook, EVERYTHING)
        assert program("--once", cwd=folder).returncode == 0
    kept = program("lake", "deltas", "--once", cwd=folder)
    assert kept.returncode == 0, kept.stderr
    assert (folder / "deltas" / "deals" / "_delta_log").is_dir()


USES = {
    "postgres": mirrors_into_postgres,
    "web": shows_the_console_in_a_browser,
    "lake": keeps_a_lake,
}


def test_all_extras_go_together(base, built):
    base.resolves(built.wheel, ",".join(EXTRAS))
