"""The table of the mixed models in docs/analysis.md, made of the results' file."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "RESULTS-RECOVERY.md"
DOCS = Path(__file__).parents[2] / "docs" / "analysis.md"
_BEGIN, _END = "<!-- written by benchmarks.recovery -->\n", "<!-- up to here -->\n"
_SECTION = re.compile(
    r"^## (?P<name>(?:Crossover|Parallel)[^:]*): (?P<drug>the drug .*|no effect)$"
)
_ROW = re.compile(r"^\| (?P<what>mixed[^:]*): (?P<figure>[^|]*?) \| (?P<measured>[^|]*?) \|")
_HEAD = (
    "| study | estimate | truth | studies | bias | coverage (%) | power (%) "
    "| false positives (%) |\n| --- | --- | --: | --: | --- | --- | --- | --- |\n"
)


def short_table(results: str) -> str:
    """Return what the mixed models come to, of the results' file, as a table for the docs."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    section = None
    for line in results.splitlines():
        if line.startswith("## "):
            section = _SECTION.match(line)
        row = _ROW.match(line)
        if section is None or row is None:
            continue
        figures = found.setdefault((section["name"], f"{section['drug']}|{row['what']}"), {})
        name, _, more = row["figure"].partition(", ")
        figures[name.split(" of ")[0]] = row["measured"].replace(" %", "")
        if name == "bias":
            figures["truth"] = more.removeprefix("of ")
        elif more:
            figures["studies"] = more.removesuffix(" studies")
    lines = []
    for (name, key), figures in found.items():
        what = key.partition("|")[2].removeprefix("mixed, ")
        what = {"mixed model": "arm", "close others": "arm, close others"}.get(what, what)
        cells = [figures.get(one, "") for one in ("truth", "studies", "bias", "coverage",
                                                  "power", "false positives")]  # fmt: skip
        lines.append(f"| {' | '.join([name, what, *cells])} |".replace("|  |", "| |"))
    return _HEAD + "\n".join(lines) + "\n"


def put_in_docs(results: str) -> None:
    """Put the table into docs/analysis.md, in the place of the one there."""
    before, _, rest = DOCS.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    DOCS.write_text(f"{before}{_BEGIN}\n{short_table(results)}\n{_END}{after}", "utf-8")
