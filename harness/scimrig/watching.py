"""Plays ``profile``, ``reconcile`` and ``audited``: how the product itself shows people, beside SCIM.

What a call told is read by the JSON Pointers that the target's owner declares; what was read goes into the log as
``seen``, without secrets.

Rule: it judges nothing; ``watched.py`` does. It looks again until all is as wanted or reads must show a write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from scimrig import envelope, hooks, watched
from scimrig.caller import Caller, Numbers
from scimrig.cast import Cast
from scimrig.evidence import Sight
from scimrig.pointer import find
from scimrig.scenario.model import Step
from scimrig.sink import leaks

Made = tuple[str, dict[str, Any], dict[str, Any], Numbers]
"""What a step has come to: (subject, expect, seen, exchanges)."""

_PAGES = 1000
_SKEW = 60.0
"""Seconds by which the clock of a target beyond this machine may be behind; whose entries are older is told apart."""


class Watching:
    """Plays these steps for one case; make it when the case begins. ``sights``: the state as last read back."""

    def __init__(self, caller: Caller, cast: Cast, sights: Callable[[], Sequence[Sight]]) -> None:
        self._caller, self._cast, self._sights = caller, cast, sights
        begun = caller.clock.now() - (_SKEW if caller.declared.distant else 0.0)
        self._since = datetime.fromtimestamp(begun, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def profile(self, step: Step, argument: Mapping[str, Any]) -> Made:
        """Play ``profile: {ada: {given_name: Ada}}``."""
        ((key, wanted),) = argument.items()
        spec = {"read": "", **(self._caller.declared.value("normalized.readback") or {})}
        variables = self._caller.variables(self._cast[key])
        places = {name: place for name in wanted if (place := self._place(name))}

        def look() -> tuple[dict[str, Any], Numbers]:
            answer, numbers = self._caller.call(step.id, "normalized.readback", variables, spec=spec)
            return _fields(answer.value, places), numbers

        compared = {name: spec for name, spec in wanted.items() if name in places}
        seen, after, numbers = self._caller.until(
            look, lambda fields: not watched.unlike(compared, fields), self._caller.clock.now(), self._caller.within,
        )
        lacking = sorted(set(wanted) - set(places))
        return key, {"profile": compared}, {
            "profile": self._caller.redacted(seen), "lacking": lacking, "after": after,
        }, numbers

    def _place(self, name: str) -> str | None:
        """Where a name of a profile stands, None where nobody says."""
        custom = name.removeprefix("custom.")
        table, name = ("normalized.map", name) if custom == name else ("normalized.custom", custom)
        place = (self._caller.declared.value(table) or {}).get(name)
        return None if place is None else str(place)

    def reconcile(self, step: Step, people: Sequence[str]) -> Made:
        """Play ``reconcile: [ada, ben]``: what the listing says of them, page by page to its end."""
        marks = {key: self._cast.person(key).email.casefold() for key in people}
        places = self._listed_at()

        def look() -> tuple[dict[str, Any], Numbers]:
            rows, pages, numbers = self._listing(step)
            fields = [_fields(row, places) for row in rows]
            mine = {
                key: [one for one in fields if str(one.get("email", "")).casefold() == email]
                for key, email in marks.items()
            }
            return {"pages": pages, "rows": len(rows), "listed": mine}, numbers

        def done(seen: dict[str, Any]) -> bool:
            sights = {sight.key: sight for sight in self._sights()}
            return not any(watched.differences(rows, sights.get(key)) for key, rows in seen["listed"].items())

        seen, after, numbers = self._caller.until(look, done, self._caller.clock.now(), self._caller.within)
        return "", {"reconcile": list(people)}, {**self._caller.redacted(seen), "after": after}, numbers

    def _listed_at(self) -> dict[str, str]:
        declared = self._caller.declared
        places = declared.value("directory_api.map") or declared.value("normalized.map") or {}
        return {name: places[name] for name in ("email", "active") if name in places}

    def _listing(self, step: Step) -> tuple[list[Any], int, Numbers]:
        """(rows, pages, exchanges) of the whole listing. Raises HookError where it does not end."""
        key = "directory_api.list_users"
        spec = dict(self._caller.declared.value(key) or {})
        items, following, parameter = spec.pop("items"), spec.pop("next", None), spec.pop("page_param", "page_token")
        rows: list[Any] = []
        numbers: Numbers = ()
        tokens: set[str] = set()
        path, page = str(spec["path"]), ""
        for pages in range(1, _PAGES + 1):
            joined = f"{'&' if '?' in path else '?'}{parameter}={quote(page, safe='')}" if page else ""
            asked = {**spec, "path": path + joined, "read": ""}
            answer, made = self._caller.call(step.id, key, {}, spec=asked)
            numbers += made
            rows += [value for _, value in find(answer.value, items) if value is not None]
            page = _text(next((value for _, value in find(answer.value, following)), None)) if following else ""
            if not page:
                return rows, pages, numbers
            if page in tokens:
                raise hooks.HookError(f"{key}: the page {page!r} leads to itself, so the listing never ends")
            tokens.add(page)
        raise hooks.HookError(f"{key}: the listing has more than {_PAGES} pages")

    def audited(self, step: Step, argument: Mapping[str, Any], marks: Collection[str]) -> Made:
        """Play ``audited: {about: ada, entries: […]}``. ``marks``: whatever they were ever known by."""
        key, entries = argument["about"], argument["entries"]
        places = self._caller.declared.value("audit.fields") or {}
        variables = self._caller.variables(self._cast[key])
        subject = variables.get("email", variables.get("group_id", variables["display_name"]))
        variables |= {"subject": subject, "since": self._since}
        leaked: set[str] = set()

        def look() -> tuple[list[dict[str, Any]], Numbers]:
            answer, numbers = self._caller.call(step.id, "audit.list", variables)
            told = answer.value if isinstance(answer.value, list) else [answer.value]
            mine = list(_about(told, places, marks))
            leaked.update(leaks(json.dumps(mine), self._caller.courier.redactor.text))
            return [_fields(entry, places) for entry in mine], numbers

        def done(seen: list[dict[str, Any]]) -> bool:
            return isinstance(entries, list) and watched.settled(entries, seen, places)

        seen, after, numbers = self._caller.until(look, done, self._caller.clock.now(), self._caller.within)
        return key, {"about": key, "entries": entries}, {
            "entries": self._caller.redacted(seen), "fields": sorted(places), "leaks": sorted(leaked),
            "marks": sorted(marks), "after": after,
        }, numbers


def _about(entries: Sequence[Any], places: Mapping[str, str], marks: Collection[str]) -> Iterator[Any]:
    """The entries whose target bears one of the marks; without a place of the target, all that mention one.

    wanted: of an entry about a create that was refused, whom it would have made
    """
    named = {"id": places["target"], "wanted": places.get("wanted", places["target"])} if "target" in places else {}
    for entry in entries:
        told = _fields(entry, named) if named else entry
        if envelope.mentions(json.dumps(told), marks):
            yield entry


def _fields(document: Any, places: Mapping[str, str]) -> dict[str, Any]:
    """Name → what stands at its place; what is not there is left out."""
    found = {name: [value for _, value in find(document, place)] for name, place in places.items()}
    return {
        name: values if "*" in places[name] else values[0]
        for name, values in found.items() if "*" in places[name] or values[0] is not None
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)
