"""Text as the POSIX shell wants it: words, here-documents, comments.

Places of variables are marked ``NUL name NUL`` (``captures.py``); they become ``${name}``.

Rule: quoting only. Whatever a text holds, the shell sees that text and never a command.
"""

from __future__ import annotations

import re
import shlex

from scimrig_reports.terminal import visible

_MARK = re.compile("\x00([a-z0-9_]+)\x00")


def word(text: str) -> str:
    """One word of a command."""
    if not _MARK.search(text):
        return shlex.quote(text)
    return '"' + _marked(text, r'[\\"$`]') + '"'


def here_document(text: str) -> tuple[str, str]:
    """(redirection, lines) of a here-document that holds ``text`` and one line end more."""
    tag = "BODY"
    while tag in text.splitlines():
        tag += "_"
    if not _MARK.search(text):
        return f"<<'{tag}'", f"{text}\n{tag}"
    return f"<<{tag}", _marked(text, r"[\\$`]") + f"\n{tag}"


def comment(text: str) -> str:
    """A comment; control characters and line ends cannot break out of it."""
    return "# " + visible(text).replace("\n", " ")


def _marked(text: str, special: str) -> str:
    """``text`` with ``special`` characters escaped and marks made variables."""
    made: list[str] = []
    end = 0
    for found in _MARK.finditer(text):
        made.append(re.sub(special, r"\\\g<0>", text[end : found.start()]))
        made.append(f"${{{found[1]}}}")
        end = found.end()
    made.append(re.sub(special, r"\\\g<0>", text[end:]))
    return "".join(made)
