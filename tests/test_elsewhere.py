"""Everything can be imported on systems that are not like Unix, where nobody tries it out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("experiment", "hardware", "stimuli", "analysis", "tests")
MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NAMES = {
    "os": {"getuid", "geteuid", "openpty", "mkfifo", "fork", "sched_setscheduler", "SCHED_RR"}
    | {"O_NOCTTY", "O_NONBLOCK", "O_NOFOLLOW", "set_blocking", "ttyname", "setsid", "killpg"},
    "signal": {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM", "alarm", "setitimer"},
}

ANY = re.compile("|".join(sorted({*MODULES}.union(*NAMES.values()))))


def done_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a file is imported, but for what asks which system it runs on."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            decorators = [] if isinstance(child, ast.Lambda) else child.decorator_list
            for part in (*decorators, *child.args.defaults, *child.args.kw_defaults):
                if part is not None:
                    yield part
                    yield from done_at_import(part)
        elif not (isinstance(child, ast.If | ast.BoolOp) and "sys.platform" in ast.unparse(child)):
            yield child
            yield from done_at_import(child)


def of_unix_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name in MODULES for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module in MODULES
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr in NAMES.get(node.value.id, ())
    return False


def test_nothing_that_only_unix_has_is_needed_to_import_a_file() -> None:
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    texts = {file: file.read_text("utf-8") for file in (ROOT / "run_session.py", *files)}
    found = [
        f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for file, text in texts.items()
        if ANY.search(text)
        for node in done_at_import(ast.parse(text))
        if of_unix_alone(node)
    ]
    assert found == []


def test_what_is_looked_for_is_found() -> None:
    code = """
import os, sys
from termios import TCSANOW
class A:
    import fcntl
@mark(os.geteuid() != 0)
def f(): import tty
if sys.platform == "win32":
    import msvcrt
else:
    import pwd
"""
    assert sum(map(of_unix_alone, done_at_import(ast.parse(code)))) == 3
