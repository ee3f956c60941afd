"""What the tables of those dialects have in common that replace: look up, POST, PUT, DELETE.

Little is published about these IdPs. What is unknown of one has a default here that says so ([inferred]) and the other
values that it may turn out to have, each a value that ``replacing.py`` branches on.

Rule: data, and how a table is put together; names no dialect. ``replacing.py`` is the state machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scimrig_simulator.idp.acts import ACTS
from scimrig_simulator.idp.knobs import (
    NUMBER,
    TEXT,
    ActGround,
    Choice,
    Dialect,
    Knob,
    Knobs,
    Mark,
    Reaction,
)

# Value → what the IdP does then. A knob takes one of them; the others are its choices.
ENCODING = {"%20": "a blank in a query is %20", "+": "a blank in a query is +"}
CONTENT = {"application/scim+json": "the type of every body", "application/json": "the type of every body"}
TEST = {
    "read": "GET /Users?startIndex=1",
    "look-up": "the look-up of somebody who is not there; 404 is as good as an empty list",
    "write": "POST a user, POST a group with it, then DELETE both; a user that cannot be deleted is switched off",
}
UPDATE = {
    "put": "PUT of the resource as this IdP builds it, nothing read before",
    "read-put": "GET by id, then PUT of the object received, changed",
    "patch": "GET by id, then PATCH replace or remove of what differs",
}
LOOK_FIRST = {
    "on": "every update begins with the look-up; who is known and not found is changed by id all the same",
    "off": "an update goes to the id at once",
}
DELETED = {"delete": "DELETE by id", "deactivate": "the update with active false"}
GROUP_LOOK_UP = {"walk": "all groups are read and matched by name", "filter": "displayName eq"}
GROUP_CREATE = {"bare": "POST with the name alone, members after it", "with-members": "POST with name and members"}
MEMBERSHIP = {
    "patch": "one PATCH: a new name, a remove for each leaver, then one add of all joiners",
    "put": "PUT of the whole group: name and all members",
}
REMOVAL = {"by-filter": 'remove members[value eq "id"]', "by-value": "remove members, value an array of all leavers"}
MEMBER = {"value": "value alone", "value-display": "value and display (the userName)"}
LOOK_UP_404 = {"nobody": "taken as nobody found", "fails": "taken as a failure"}
CONFLICT = {"fails": "the task fails", "look-up": "looks the user up once more, and links who is found"}
EMPTY_201 = {"fails": "the task fails: there is no id", "look-up": "looks the user up to learn the id"}
UNKNOWN_ID = {"fails": "the task fails", "re-creates": "the link is forgotten and the user created anew"}
DELETE_404 = {"done": "taken as done", "fails": "taken as a failure"}
RATE_LIMIT = {
    "fails": "the task fails, whatever Retry-After says",
    "waits": "waits where Retry-After is a whole number of seconds, and sends again; three attempts in all",
}

WIRE = ("user-agent", "accept", "content-type", "header-order", "query-encoding")
_LOOK = (*WIRE, "identifier", "filter-expression", "look-up", "paging-parameters", "look-up-404")
_WRITE = (*WIRE, "profile-update", "body", "empty-value", "look-up-first")
_GROUP = (*WIRE, "membership", "remove-member", "member-object")
_KNOBS: Mapping[str, tuple[str, ...]] = {
    "connect": (*WIRE, "test-request"),
    "import_users": (*WIRE, "import", "page-size"),
    "cycle": (*WIRE, "cadence", "cycle"),
    "assign": (*_LOOK, "link-or-create", "body", "external-id", "create-body", "provision-disabled"),
    "update": _WRITE,
    "rename": _WRITE,
    "deactivate": (*_WRITE, "on-suspend"),
    "reactivate": _WRITE,
    "unassign": (*_WRITE, "out-of-scope"),
    "delete": (*_WRITE, "on-delete"),
    "push_group": (*_GROUP, "group-look-up", "group-create"),
    "set_members": _GROUP,
    "rename_group": (*_GROUP, "group-rename"),
    "delete_group": (*WIRE, "group-delete"),
}
_CHAPTERS = {"connect": 2, "cycle": 1, "assign": 3, "update": 4, "rename": 4, "import_users": 7}


def one_of(
    name: str, value: str, mark: Mark, source: str, options: Mapping[str, str], others: Mark = "inferred"
) -> Knob:
    """A knob that takes one of ``options`` (value → words). ``others``: how well the other values are known."""
    rest = tuple(Choice(other, words, others, source) for other, words in options.items() if other != value)
    return Knob(name, value, mark, source, options[value], rest)


def wire(mark: Mark, source: str, *, content: str = "application/scim+json", encoding: str = "%20") -> Knobs:
    """The transport of an IdP of which nothing is known but perhaps these two."""
    return (
        Knob("user-agent", "none", "inferred", source, "no such header is sent", free=TEXT),
        Knob("accept", "none", "inferred", source, "no such header is sent", free=TEXT),
        one_of("content-type", content, mark, source, CONTENT),
        Knob("header-order", "Accept, Authorization, User-Agent, Content-Type, Content-Length", "inferred", source),
        one_of("query-encoding", encoding, mark, source, ENCODING),
    )


def unknowns(source: str) -> Knobs:
    """What becomes of answers of which the evidence says nothing."""
    return (
        one_of("look-up-404", "nobody", "inferred", source, LOOK_UP_404),
        one_of("conflict", "fails", "inferred", source, CONFLICT),
        one_of("empty-201", "fails", "inferred", source, EMPTY_201),
        one_of("unknown-id", "fails", "inferred", source, UNKNOWN_ID),
        one_of("delete-404", "done", "inferred", source, DELETE_404),
        one_of("rate-limit", "fails", "inferred", source, RATE_LIMIT),
    )


def cadence(seconds: str, retry: str, mark: Mark, source: str) -> Knobs:
    """When changes go out, and when what failed is tried again, in seconds; ``retry`` may be "never"."""
    at_once = "as soon as something changes"
    never = "an admin has it tried again"
    return (
        Knob("cadence", seconds, mark, source, at_once if seconds == "0" else "seconds from one pass to the next",
             () if seconds == "0" else (Choice("0", at_once, "inferred", source),), NUMBER),
        Knob("task-retry", retry, "inferred", source, never if retry == "never" else "seconds until it is tried again",
             () if retry == "never" else (Choice("never", never, "inferred", source),), NUMBER),
    )


def paging(source: str) -> Knob:
    """How much a page holds when lists are read."""
    return Knob("page-size", "the server's", "inferred", source,
                "no count is sent; where there is more, the next page is asked for by startIndex", free=NUMBER)


def table(name: str, title: str, knobs: Knobs, never: Mapping[str, str], reactions: Iterable[Reaction]) -> Dialect:
    """The dialect that has these knobs and does everything but what ``never`` names (act → reason)."""
    return Dialect(name, title, knobs, grounds(knobs, never), tuple(reactions))


def grounds(knobs: Knobs, never: Mapping[str, str]) -> Mapping[str, ActGround]:
    """What each act stands on, as these knobs are set."""
    values = {knob.name: knob.value for knob in knobs}
    return {
        act: ActGround(_CHAPTERS.get(act, 6 if "group" in act or act == "set_members" else 5), _needs(act, values),
                       tuple(knob for knob in _KNOBS[act] if knob in values))
        for act in ACTS if act not in never
    }


def _needs(act: str, values: Mapping[str, str]) -> frozenset[str]:
    verb = "patch" if values["profile-update"] == "patch" else "put"
    group_verb = "put" if values.get("membership") in ("put", "overwrite") else "patch"
    filtered = {"filter"} if values.get("group-look-up") == "filter" else set()
    looked = {"filter"} if values.get("look-up-first") == "on" else set()
    ends = {"delete": {"delete"}, "deactivate": {verb, *looked}, "leave": set[str]()}
    extra: Mapping[str, set[str]] = {
        "connect": {"read": set(), "look-up": {"filter"}, "write": {"groups"}}[values["test-request"]],
        "assign": {"filter"},
        "cycle": {"filter"},
        "update": {verb, *looked}, "rename": {verb, *looked}, "reactivate": {verb, *looked},
        "deactivate": ends[values.get("on-suspend", "deactivate")],
        "unassign": ends[values["out-of-scope"]],
        "delete": ends[values.get("on-delete", values["out-of-scope"])],
        "push_group": {"groups", group_verb, *filtered},
        "set_members": {"groups", group_verb},
        "rename_group": {"groups", group_verb},
        "delete_group": {"groups", "delete"},
    }
    return frozenset({"users", *extra.get(act, ())})
