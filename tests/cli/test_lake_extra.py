"""What `bitsheet-tui lake` says where its extra is not installed."""

import sys

from bitsheet_tui.cli import main


def test_without_the_extra_it_says_what_to_install(home, capfd, monkeypatch):
    for module in ("lake", "delta", "arrow_batches"):
        monkeypatch.delitem(sys.modules, f"bitsheet_tui.feed.{module}", raising=False)
    for module in ("deltalake", "arro3", "arro3.core"):
        monkeypatch.setitem(sys.modules, module, None)
    assert main(["lake", "crm", "--once"]) == 64
    assert "with its extra lake: see `bitsheet-tui help lake`" in capfd.readouterr().err
    assert not (home / "crm").exists()
