"""Whatever the console shows to a person is in its catalogue, and the catalogue holds nothing else."""

import ast
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import bitsheet_tui
from bitsheet_tui import errors
from bitsheet_tui.notify import wording
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import inks, keys, words
from bitsheet_tui.ui.language import retold, speaking
from bitsheet_tui.ui.turkish import PARTS, SENTENCES, SHORT, TOLD
from bitsheet_tui.ui.views import books, sorting, tables

ROOT = Path(bitsheet_tui.__file__).parent
ASKED = {"t": 0, "short": 0, "counted": 1, "plural": 1}  # where the English stands among what they are given
A_SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:.)]? +[A-Za-z]")
TECHNICAL = re.compile(r"[<>{};]|-src 'self'|^HTTP/")  # pages, styles, policies, a protocol
A_NAME = re.compile(r"bitsheet|badge-|-zoom-|pid$|https?:|screens\.")  # of files, styles, modules
# words of the command line, and what tells of something before there is a console
ELSEWHERE = {words.NEEDS_TERMINAL, words.NEEDS_TERMINAL_HINT}
# where every sentence is one that the engine says
TELLING = ("sync/answers.py", "sync/guard.py", "sync/steering.py", "state/alerting.py", "portal/verdict.py",
           "observe/checkup.py", "config/address.py", "notify/staleness.py")  # fmt: skip
# never shown in the console, or not to be translated
LEFT = {"access denied", "sql query error", "refuse all", "refuse method", "ask less",
        "must be an https:// address"}  # fmt: skip
VERDICTS = {"refuse_all", "refuse_method", "again", "reject", "garbage"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def sources(folder: str = "") -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "turkish" not in path.parts]


def prose(path: Path) -> set[int]:
    """The nodes that are docstrings, annotations, or parts of an f-string."""
    found: set[int] = set()
    for node in ast.walk(tree(path)):
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            found |= {id(one) for one in ast.walk(part)} if part else set()
        if isinstance(node, ast.JoinedStr):
            found |= {id(one) for one in node.values}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
    return found


def spelt(node: ast.AST) -> str | None:
    """A text as it is written, with `{}` for whatever is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _bare(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (one.value if isinstance(one, ast.Constant) else "{}" for one in node.values)
        return _bare("".join(parts))
    return None


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that is no docstring, with its line."""
    skipped = prose(path)
    for node in ast.walk(tree(path)):
        text = spelt(node)
        if text is not None and id(node) not in skipped:
            yield node.lineno, text


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def literals(node: ast.AST) -> Iterator[str]:
    """The texts of which `node` may be one."""
    if isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def strings(value: object) -> Iterator[str]:
    """The texts in a constant."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from strings(one)


def asked() -> Iterator[str]:
    """What is looked up with a literal."""
    for path in (*sources("ui"), *sources("notify")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and len(node.args) > ASKED.get(name_of(node), 99):
                yield from literals(node.args[ASKED[name_of(node)]])


def declared() -> Iterator[str]:
    """What is declared as a constant, and looked up where it is shown."""
    styles = set(inks.INKS)
    for name, value in vars(words).items():
        if name.isupper() and name not in {"NAME", "LEVELS", "LEVEL_NAMES", "OFFLINE_REASONS", "NO_READER"}:
            yield from (one for one in strings(value) if one not in styles or one == "ok")
    for key in keys.KEYS:
        yield from (key.label, key.words, key.again)
    yield from (column.title for column in tables.COLUMNS)
    yield from sorting.ORDERS
    yield from (word for word, _ in (*books.OPS.values(), *books.PHASES.values()))
    yield from f.MONTHS
    yield from wording.TITLES.values()


def letters(text: str) -> bool:
    return re.search(r"[A-Za-z]{2}", text) is not None


def test_every_sentence_of_the_console_is_in_the_catalogue():
    wanted = {one for one in (*asked(), *declared()) if letters(one)} - ELSEWHERE
    assert len(wanted) > 300
    assert wanted - set(SENTENCES) == set()


def test_no_text_of_the_console_goes_round_the_catalogue():
    known = set(map(_bare, (*SENTENCES, *TOLD))) | set(map(_bare, ELSEWHERE))
    footers = set(keys.FOOTERS.values()) | {key.shown for key in keys.KEYS} | {"help quit"}
    stray = [
        (path.name, line, text)
        for path in sources("ui")
        for line, text in texts(path)
        if A_SENTENCE.search(text)
        and text not in known | footers
        and not TECHNICAL.search(text.replace("{}", ""))
    ]
    assert stray == []


def _bare(text: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", text)


def test_no_word_is_put_on_a_line_of_the_screen_without_being_looked_up():
    stray = []
    for path in sources("ui"):
        for function in ast.walk(tree(path)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                stray += [(path.name, line, text) for line, text in _spans(function) if letters(text)]
    assert [one for one in stray if not A_NAME.match(one[2].strip())] == []


def _spans(function: ast.AST) -> Iterator[tuple[int, str]]:
    """What a function writes in a style, and what its f-strings say by themselves."""
    skipped = {id(one) for node in ast.walk(function) if isinstance(node, ast.FormattedValue)
               and node.format_spec for one in ast.walk(node.format_spec)}  # fmt: skip
    for node in ast.walk(function):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            text, style = node.elts
            if (
                isinstance(text, ast.Constant)
                and isinstance(style, ast.Constant)
                and style.value in inks.INKS
            ):
                yield node.lineno, str(text.value)
        if isinstance(node, ast.JoinedStr) and id(node) not in skipped:
            own = "".join(one.value for one in node.values if isinstance(one, ast.Constant))
            if re.search(r"[A-Za-z]{3}", own):
                yield node.lineno, own


def test_the_catalogue_holds_nothing_that_nobody_says():
    said = {text for path in sources() for _, text in texts(path)}
    assert {english for english in (*SENTENCES, *SHORT) if _bare(english) not in said} == set()
    everything = "\n".join(said)
    assert {one for one in TOLD if not all(part in everything for part in _own(one))} == set()


def _own(english: str) -> list[str]:
    """A sentence without what is filled in."""
    return [part.strip() for part in _bare(english).split("{}")]


def test_a_sentence_stands_once_and_keeps_its_facts():
    keys_of = [english for part in PARTS for english in part.SENTENCES]
    assert sorted(keys_of) == sorted(set(keys_of))
    for english, said in {**SENTENCES, **TOLD}.items():
        facts, kept = _facts(english), _facts(said)
        assert kept <= facts, english
        assert facts - kept <= ({"noun"} if english in TOLD else set()), english


def _facts(text: str) -> set[str]:
    return {
        name for _, name, spec, how in Formatter().parse(text) if name is not None and not spec and not how
    }


def test_turkish_is_spelt_with_whole_letters():
    said = "\n".join((*SENTENCES.values(), *SHORT.values(), *TOLD.values()))
    assert unicodedata.is_normalized("NFC", said)
    assert "\u0307" not in said
    assert {one for one in said if one.isalpha() and not one.isascii()} <= set("çğıöşüâÇĞİÖŞÜ")


def _engine_says() -> Iterator[tuple[str, int, str]]:
    """What an error, a verdict, an alert, an answer or a finding tells a person."""
    console = {"UsageError", "ConfigError"}  # before there is one
    raised = {name for name in vars(errors) if name[0].isupper()} - console
    for path in sources():
        place = str(path.relative_to(ROOT))
        if place.startswith(("ui/", "portal/demo/")) or (
            place.startswith("cli/") and place != "cli/check.py"
        ):
            continue
        if place in TELLING:
            yield from ((place, line, text) for line, text in texts(path) if A_SENTENCE.search(text))
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and name_of(node) in raised | VERDICTS | {"Finding"}:
                given = [*node.args, *(one.value for one in node.keywords if one.arg in {"text", "hint"})]
                yield from ((place, one.lineno, text) for one in given if (text := spelt(one)) is not None)


def test_what_the_engine_tells_a_person_can_be_retold():
    known = [_bare(one) for one in (*TOLD, *SENTENCES)]
    told = [one for one in _engine_says() if A_SENTENCE.search(one[2]) and one[2] not in LEFT]
    assert len(told) > 150
    with speaking("tr"):
        missing = [one for one in told if not (_within(one[2], known) or _retold(one[2]))]
    assert missing == []


def _within(text: str, known: list[str]) -> bool:
    return any(text.strip("{}") in one for one in known)


def _retold(text: str) -> bool:
    example = text.replace("{}", "7")
    return retold(example) != example
