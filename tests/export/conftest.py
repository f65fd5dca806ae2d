"""A mirror to export, on each database."""

import pytest

from bitsheet_tui.cli import main
from tests.support.exports import fill, place


@pytest.fixture
def mirror(tmp_path, monkeypatch, store_url):
    """The folder of a configuration for it, in which commands are run; nobody holds it."""
    monkeypatch.chdir(tmp_path)
    place(tmp_path, store_url)
    fill(store_url).close()
    return tmp_path


@pytest.fixture
def said(capfdbinary):
    """Runs an export: its code, stdout and stderr."""

    def run(*words):
        capfdbinary.readouterr()
        code = main(["export", *words])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run
