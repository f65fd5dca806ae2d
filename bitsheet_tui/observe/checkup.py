"""Is everything as it has to be? What the portal's answers to the start-up questions mean for an operator."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from bitsheet_tui.errors import Exit, PortalError, Reason, Unreachable
from bitsheet_tui.portal import selftest
from bitsheet_tui.portal.answer import Answer, Ask, Json
from bitsheet_tui.portal.budget import BUDGET, WINDOW
from bitsheet_tui.portal.selftest import Profile
from bitsheet_tui.privacy.rules import Rules, covers
from bitsheet_tui.tables import FORUM_METHOD, Paging, Table
from bitsheet_tui.text import plain

OK, WARN, FAIL = "ok", "warn", "FAIL"
WARY = 0.75  # of what the portal grants: the rest is for what changes
CLOCK_ASTRAY = 60.0  # seconds: nothing depends on it, but people compare log times
CHAT_METHOD = "im.dialog.messages.get"
FORUM_SCOPE, CHAT_SCOPE = "task", "im"

Answers = Mapping[str, Answer | PortalError]


class Finding(Struct, frozen=True, kw_only=True):
    """One line: what was looked at, how it is, what to do about it."""

    about: str
    verdict: str
    text: str
    hint: str = ""
    code: int = Exit.DONE

    def line(self) -> str:
        """`scopes    ok    crm, im, task`."""
        hint = f"  {self.hint}" if self.hint else ""
        return f"{self.about:<10}{self.verdict:<6}{self.text}{hint}"


def failure(about: str, error: PortalError) -> Finding:
    """What a portal's error means for the check: whatever it refuses is 77."""
    refused = error.reason in {Reason.ACCESS, Reason.SCOPE, Reason.RIGHTS, Reason.GONE, Reason.MOVED}
    code = Exit.REFUSED if refused else error.exit_code
    hint = "check the address and the network" if isinstance(error, Unreachable) else error.hint
    return Finding(about=about, verdict=FAIL, text=str(error), hint=hint, code=code)


def parts(tables: Sequence[Table], chained: bool) -> list[dict[str, Ask]]:
    """What is asked, for `client.ask_fragile`: one batch, or as many as it takes; it changes nothing."""
    return [
        {"chat_method": Ask("method.get", {"name": CHAT_METHOD})},
        *selftest.parts(tables, chained=chained),
    ]


def judge(tables: Sequence[Table], answers: Answers, host_now: datetime) -> Iterator[Finding]:
    """A finding for each thing there is to know. Raises the portal's refusal to say who we are."""
    profile = selftest.judge(tables, answers, host_now)
    yield _webhook(profile, answers["profile"])
    yield _admin(profile)
    yield _scopes(tables, profile)
    yield from _tables(tables, profile)
    yield _clock(profile)
    if any(table.paging is Paging.COMMENTS for table in tables):
        yield _comments(profile, answers.get("chat_method"))


def interval(tables: Sequence[Table], seconds: float, rate: float, command: float) -> Finding:
    """What a cycle every `seconds` costs of what the portal grants, while nothing changes.

    `rate`: requests a second that it grants, `command`: seconds that one command took just now. A cycle is
    one request, with a command for each field that tells a table's changes and one for its new ids
    (`sync/scan.py`).
    """
    most = max((table for table in tables if table.cursors), key=lambda one: len(one.cursors), default=None)
    used = (len(most.cursors) + 1) * command * WINDOW / seconds if most else 0.0
    text = f"a cycle every {seconds:g} s is {1 / seconds:.2g} requests a second of {rate:g}"
    if most:
        text += f", and about {used:.0f} s of the {BUDGET:.0f} in ten minutes for {most.method}"
    if 1 / seconds <= WARY * rate and used <= WARY * BUDGET:
        return Finding(about="interval", verdict=OK, text=text)
    hint = "a longer sync.interval leaves room for what changes"
    return Finding(about="interval", verdict=WARN, text=text, hint=hint)


def privacy(rules: Rules, described: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """What each rule covers; whether the portal has the field (`described`: names by table)."""
    for line in covers(rules):
        yield Finding(about="privacy", verdict=OK, text=line)
    for table, name in sorted(rules.named):
        of = [table] if table else [*described]
        if any(one in described for one in of) and not any(name in described.get(one, ()) for one in of):
            where = f"of {table} " if table else ""
            text = f"{name.lower()}: no description {where}has such a field"
            hint = "nothing is kept from being read by it: is it spelt right?"
            yield Finding(about="privacy", verdict=WARN, text=plain(text, 200), hint=hint)


def _webhook(profile: Profile, me: Answer | PortalError) -> Finding:
    facts: Json = me.result if isinstance(me, Answer) else None
    facts = facts if isinstance(facts, dict) else {}
    name = " ".join(str(facts.get(part) or "") for part in ("NAME", "LAST_NAME")).strip()
    who = f"user {profile.user_id}, {plain(name, 80)}" if name else f"user {profile.user_id}"
    return Finding(about="webhook", verdict=OK, text=f"accepted, belongs to {who}")


def _admin(profile: Profile) -> Finding:
    if profile.admin:
        return Finding(about="rights", verdict=OK, text="the webhook's owner is an administrator")
    return Finding(
        about="rights",
        verdict=WARN,
        text="the webhook's owner is no administrator: what they may not see is not mirrored",
        hint="create the webhook as an administrator",
    )


def _scopes(tables: Sequence[Table], profile: Profile) -> Finding:
    needed = {table.scope for table in tables if table.paging is not Paging.COMMENTS}
    if any(table.paging is Paging.COMMENTS for table in tables):
        needed |= {FORUM_SCOPE, CHAT_SCOPE}
    missing = sorted(needed - profile.scopes)
    if not missing or not profile.scopes:
        return Finding(about="scopes", verdict=OK, text=", ".join(sorted(profile.scopes)) or "not told")
    hint = "add them to the webhook in the portal"
    return Finding(about="scopes", verdict=WARN, text=f"missing: {', '.join(missing)}", hint=hint)


def _tables(tables: Sequence[Table], profile: Profile) -> Iterator[Finding]:
    """One line for all that can be read, one for each that cannot."""
    readable = [table.name for table in tables if table.name not in profile.faults]
    if readable:
        yield Finding(about="tables", verdict=OK, text=f"readable: {', '.join(readable)}")
    ignored = [error for error in profile.faults.values() if error.reason is Reason.FILTER]
    if not ignored:
        yield Finding(about="filters", verdict=OK, text="honoured by every list that can be read")
    for table in tables:
        if error := profile.faults.get(table.name):
            about = "filters" if error.reason is Reason.FILTER else "tables"
            found = failure(about, error)
            yield Finding(
                about=about, verdict=FAIL, text=f"{table.name}: {error}", hint=error.hint, code=found.code
            )


def _clock(profile: Profile) -> Finding:
    offset = profile.clock_offset
    text = f"the portal is {abs(offset):.0f} s {'ahead of' if offset >= 0 else 'behind'} this computer"
    if abs(offset) < CLOCK_ASTRAY:
        return Finding(about="clock", verdict=OK, text=text)
    hint = "set this computer's clock; the mirror itself goes by the portal's"
    return Finding(about="clock", verdict=WARN, text=text, hint=hint)


def _comments(profile: Profile, chat_method: Answer | PortalError | None) -> Finding:
    told: Json = chat_method.result if isinstance(chat_method, Answer) else None
    exists = isinstance(told, dict) and bool(told.get("isExisting")) and bool(told.get("isAvailable"))
    scopes = profile.scopes
    chat = exists and (CHAT_SCOPE in scopes or not scopes)
    forum = FORUM_SCOPE in scopes or not scopes
    if chat and forum:
        text = f"from task chats ({CHAT_METHOD}) and, for old tasks, from {FORUM_METHOD}"
        return Finding(about="comments", verdict=OK, text=text)
    if chat or forum:
        lacking, scope = ("old tasks", FORUM_SCOPE) if chat else ("new tasks", CHAT_SCOPE)
        return Finding(
            about="comments",
            verdict=WARN,
            text=f"comments of {lacking} cannot be read",
            hint=f"add the scope {scope} to the webhook",
        )
    hint = f"add the scopes {FORUM_SCOPE} and {CHAT_SCOPE} to the webhook"
    return Finding(about="comments", verdict=FAIL, text="cannot be read", hint=hint, code=Exit.REFUSED)
