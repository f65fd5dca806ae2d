"""`bitsheet-tui notify --test`: whether messages arrive."""

import os
from argparse import Namespace
from datetime import UTC, datetime

from bitsheet_tui import locales, wiring
from bitsheet_tui.config import load, need_webhook
from bitsheet_tui.errors import ConfigError, Exit
from bitsheet_tui.notify.channels import Sending
from bitsheet_tui.notify.policy import Message, Sort
from bitsheet_tui.notify.wording import put
from bitsheet_tui.portal.wire import host_of
from bitsheet_tui.ui.language import speaking


def run(arguments: Namespace) -> int:
    """A line for each channel; 1 where a message did not get through."""
    config = load(arguments.config, os.environ)
    watch = wiring.told(config)
    if watch is None:
        raise ConfigError(
            ["no channel is configured: notify.urls is empty"], "see `bitsheet-tui help notifications`"
        )
    host = host_of(need_webhook(config))
    with speaking(locales.choose(config.ui.language, os.environ)):
        text = put(Message(sort=Sort.TEST), host, datetime.now(UTC))
    told = Sending().send(text, watch.channels)
    for channel in watch.channels:
        why = told[channel.key]
        print(f"{channel.name:<14}{f'FAIL  {why}' if why else 'ok'}")
    return Exit.TABLE_FAILED if any(told.values()) else Exit.DONE
