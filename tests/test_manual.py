"""The chapters of the manual: that they can be read anywhere, and lead where they say."""

import re
import tomllib
from pathlib import Path

import pytest
from rich.cells import cell_len

from bitsheet_tui.cli.arguments import COMMANDS, parse
from bitsheet_tui.locales import CODES
from bitsheet_tui.manual import FOLDER, chapters
from bitsheet_tui.manual.layout import CODE_INDENT, laid, text
from tests.support.readme import README, manual, section, troubles

ROOT = Path(__file__).parents[1]
FILES = sorted(file for file in FOLDER.rglob("*.md") if file.stem != "contents")
LINK = re.compile(r"\]\(([^)]+\.md)\)")


def source(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def outside_code(markdown: str) -> list[str]:
    return "".join(markdown.split("```")[::2]).splitlines()


def test_a_chapter_begins_with_its_heading_and_a_line_of_what_is_in_it():
    for file in FILES:
        title, summary, _rest = source(file).split("\n\n", 2)
        assert title.startswith("# "), file
        assert "\n" not in title + summary, file


@pytest.mark.parametrize("language", CODES)
def test_what_is_in_a_chapter_is_said_in_one_line_of_the_list(language):
    for one in chapters(language):
        foreign = " (İngilizce)" if one.language != language else ""
        assert len(one.summary + foreign) <= 63, one.topic
        assert one.summary.endswith("."), one.topic


def test_the_source_reads_well_in_eighty_columns():
    for file in FILES:
        assert [line for line in outside_code(source(file)) if len(line) > 80] == [], file
        assert [line for line in source(file).splitlines() if line != line.rstrip()] == [], file


def test_every_letter_takes_one_cell():
    assert {char for file in FILES for char in source(file) if cell_len(char) != 1} == {"\n"}


def test_every_link_leads_to_a_chapter():
    links = [(file, link) for file in FILES for link in LINK.findall(source(file))]
    assert links
    assert [(file, link) for file, link in links if not (file.parent / link).is_file()] == []


def test_the_readme_leads_to_every_chapter():
    assert {ROOT / link for link in LINK.findall(README)} == {file for file in FILES if file.parent == FOLDER}


@pytest.mark.parametrize("columns", [36, 80, 120])
def test_no_markdown_is_left_in_what_is_shown_and_no_word_is_lost(columns):
    for file in FILES:
        rows = [text(row) for row in laid(source(file), columns) if not fenced(row)]
        assert [row for row in rows if len(row) > columns and " " in row.strip(" *-")] == [], file
        shown = "\n".join(rows)
        assert not re.search(r"`|(?<!\*)\*\*(?!\*)|\]\(|^#|\|-", shown, re.MULTILINE), file
        prose = re.sub(r"\([^)]+\.md\)", "", "\n".join(outside_code(source(file))))
        heads = re.findall(r"^\|.*\|\n(?=\|-)", prose, re.MULTILINE)  # not shown where a table is a list
        assert words(prose) - words(shown) <= words("".join(heads)), file


def words(shown: str) -> set[str]:
    return set(re.findall(r"\w+", shown))


def fenced(row) -> bool:
    return len(row) == 1 and row[0][1] == "code" and row[0][0].startswith(CODE_INDENT)


def test_a_chapter_is_laid_out_by_what_its_markdown_means():
    rows = laid("# A `b`\n\nOne two\nthree.\n\n* **x**: y z\n  - u\n\n```sh\nls  -l\n```\n", 10)
    assert rows == [
        (("A", "title"), (" ", ""), ("b", "title")),
        (),
        (("One", ""), (" ", ""), ("two", "")),
        (("three.", ""),),
        (),
        (("* ", ""), ("x", "strong"), (":", ""), (" ", ""), ("y", ""), (" ", ""), ("z", "")),
        (("  - ", ""), ("u", "")),
        (),
        (("    ls  -l", "code"),),
    ]


def test_a_table_that_is_too_wide_becomes_a_list():
    table = "| a | b |\n|---|---|\n| `one` | first words |\n| two | second |\n"
    assert [text(row).rstrip() for row in laid(table, 40)] == ["a    b", "one  first words", "two  second"]
    assert [text(row) for row in laid(table, 12)] == ["* one: first", "  words", "* two:", "  second"]


def test_the_manual_names_every_setting_and_its_default():
    chapter = manual("configuration")
    told = tomllib.loads("\n".join(_settings(section(chapter, "Every setting"))))
    example = tomllib.loads((ROOT / "config.toml.example").read_text(encoding="utf-8"))
    assert told == example


def _settings(listed: str) -> list[str]:
    found = re.findall(r"^### `(\[\w+\])`|^\* `(\w+ = [^`]+)`", listed, re.MULTILINE)
    return [head or setting for head, setting in found]


def test_what_the_turkish_chapter_says_of_a_trouble_is_what_the_program_says():
    said = {words for words, _, _ in troubles().values()}
    translated = troubles("tr")
    assert len(translated) >= 12
    assert {words for words, _, _ in translated.values()} <= said
    for itself, you in ((itself, you) for _, itself, you in translated.values()):
        assert itself.startswith("kendiliğinden: ")
        assert you.startswith("siz: ")


OURS = re.compile(r"(?:\w+=\S+ )*(?:.* && )?(?:\.venv/bin/)?bitsheet-tui\b(.*?)(?: [|>].*)?")


def test_every_command_line_of_the_manual_is_one():
    blocks = [block for file in [*FILES, ROOT / "README.md"] for block in source(file).split("```sh\n")[1:]]
    lines = [line for block in blocks for line in block.split("```")[0].splitlines()]
    ours = [found[1] for line in lines if (found := OURS.fullmatch(line))]
    assert len(ours) > 12
    for line in ours:
        parse(line.split())


def test_every_command_that_a_sentence_names_is_one():
    prose = " ".join(" ".join(source(file).split()) for file in [*FILES, ROOT / "README.md"])
    named = set(re.findall(r"`bitsheet-tui ([a-z]+)", prose))
    assert len(named) > 15
    assert named <= {command.name for command in COMMANDS}
