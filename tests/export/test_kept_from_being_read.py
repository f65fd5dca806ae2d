"""Exports know only what the rules of `[privacy]` left: what is excluded is not there, whatever one names."""

import json
from contextlib import closing

from bitsheet_tui import wiring
from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from tests.support.commands import configure
from tests.support.exports import HOOK, NOW
from tests.support.store_rows import CONTACT, TABLES

SECRET = "canary-c4n4ry"


def test_what_is_excluded_or_hashed_is_in_no_file(tmp_path, monkeypatch, capfd, store_url):
    monkeypatch.chdir(tmp_path)
    rules = '[privacy]\nexclude = ["contacts.NAME"]\nhash = ["contacts.PHONE"]\n'
    configure(tmp_path, HOOK, f"[store]\nurl = {json.dumps(store_url.reveal())}\n{rules}")
    with closing(wiring.open_store(load(tmp_path / "config.toml", {}))) as store:
        store.shape(TABLES["contacts"], CONTACT)
        phone = [{"ID": "7", "VALUE": SECRET, "VALUE_TYPE": "WORK", "TYPE_ID": "PHONE"}]
        person = {"ID": "1", "NAME": SECRET, "DATE_MODIFY": "2024-08-30T14:29:00+02:00", "PHONE": phone}
        store.commit(TABLES["contacts"], [person], None, at=NOW, cycle=1, filling=True)
    capfd.readouterr()
    for words in (["contacts", "--labels", "--deleted"], ["v_contacts"], ["contact_points"]):
        assert main(["export", *words]) == 0
        out, err = capfd.readouterr()
        assert err.endswith(": 1 row\n"), words
        assert SECRET not in out, words
    assert main(["export", "contacts", "--columns", "id,name"]) == 64
    assert main(["export", "contacts", "--columns", "id", "--where", f"name = '{SECRET}'"]) == 64
