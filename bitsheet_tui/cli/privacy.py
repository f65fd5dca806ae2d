"""`bitsheet-tui privacy`: what is kept from being read, and the rules applied to what is there."""

import os
from argparse import Namespace
from contextlib import closing

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit, MirrorHeld, NoMirror
from bitsheet_tui.privacy.rules import covers
from bitsheet_tui.store.redaction import KEY
from bitsheet_tui.text import plain

HELD = "it applies the rules by itself when it starts or is told to read its configuration again (SIGHUP)"


def run(arguments: Namespace) -> int:
    """Prints the rules, what each covers, and whether they are applied; with --apply applies them."""
    config = load(arguments.config, os.environ)
    if arguments.apply or arguments.clean:
        return _apply(config, clean=arguments.clean)
    for line in covers(config.privacy.rules):
        print(plain(line, 300))
    if not config.privacy.rules:
        tell("no rules: see `bitsheet-tui help privacy`")
    _tell_state(config)
    return Exit.DONE


def _tell_state(config: Config) -> None:
    """Whether the mirror is stored so, and who is forgotten."""
    try:
        store = wiring.open_store(config, readonly=True)
    except NoMirror:
        tell("there is no mirror yet: it will be stored under these rules")
        return
    with closing(store):
        if store.unprotected(config.privacy.rules):
            tell("the mirror is stored under other rules: run `bitsheet-tui privacy --apply`")
        if ident := store.remembered(KEY):
            tell(f"hashes are made with the key {ident}")
        for name in store.shapes():
            if number := store.count_forgotten(name):
                tell(f"{name}: {number:,} forgotten")


def _apply(config: Config, *, clean: bool) -> int:
    try:
        with closing(wiring.open_store(config, say=tell)) as store:
            if clean:
                tell(wiring.left(config, cleaned=store.clean()))
            else:
                tell("the rules are applied to all that is there")
    except MirrorHeld as error:
        raise MirrorHeld(str(error), HELD) from error
    return Exit.DONE
