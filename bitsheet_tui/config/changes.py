"""What two configurations set otherwise, by name: values may be secrets."""

import msgspec

from bitsheet_tui.config.settings import SECTIONS, Config


def changed(before: Config, after: Config) -> tuple[str, ...]:
    """`sync.interval`, `portal.webhook_url`: the settings that are not what they were, in their order."""
    found = [
        f"{section}.{one.name}"
        for section, struct in SECTIONS.items()
        for one in msgspec.structs.fields(struct)
        if getattr(getattr(before, section), one.name) != getattr(getattr(after, section), one.name)
    ]
    # once loaded, their sections have them without what is secret in them
    found += ["portal.webhook_url"] if before.webhook != after.webhook else []
    found += ["question"] if before.question != after.question else []
    found += ["store.url"] if before.store_url != after.store_url else []
    found += ["metrics.token_file"] if before.metrics_token != after.metrics_token else []
    return tuple(dict.fromkeys(found))
