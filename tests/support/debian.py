"""Programs from Debian packages, which tests with the marker `debian` need."""

import shutil

import pytest


def program(package: str, *names: str) -> str:
    """The path of a package's program, under the first of its names that is there; fails where none is."""
    for name in names or (package,):
        if found := shutil.which(name):
            return found
    pytest.fail(f"this test needs a program that is not installed: apt-get install {package}")
