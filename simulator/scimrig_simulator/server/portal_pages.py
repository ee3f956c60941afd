"""The portal's pages and the forms on them (CAP-17). Each form is an operation of the JSON twin, filled in by hand.

Rule: shows what operations answer, and looks nothing up by itself. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import quote

from scimrig_simulator.policy.events import UNSPECIFIED
from scimrig_simulator.server.operations import Asked, Body, Trouble
from scimrig_simulator.server.organizations import Organization
from scimrig_simulator.server.portal_functions import Functions
from scimrig_simulator.server.portal_markup import Html, join, listing, page, table, tag

Pairs: TypeAlias = Sequence[tuple[str, str]]

_SPARE = 3
"""Empty rows at the end of the mapping editor."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form. at: segments of its path, None for any.  to: those of the operation, by the same places.

    body: what the operation gets of its fields.  done: the word for success.  shows: whether its answer is a page.
    """

    at: tuple[str | None, ...]
    method: str
    to: Callable[[Sequence[str]], Sequence[str]]
    body: Callable[[Pairs], Body] = lambda _: {}
    done: str = ""
    shows: bool = False

    def fits(self, segments: Sequence[str]) -> bool:
        """Whether a path is this form's."""
        return len(segments) == len(self.at) and all(
            want in (None, have) for want, have in zip(self.at, segments, strict=True)
        )

    def path(self, segments: Sequence[str]) -> Sequence[str]:
        """The operation's path behind the organization's."""
        return self.to(segments)


def _plain(*names: str) -> Callable[[Pairs], Body]:
    """A body of text fields; empty ones are left out."""
    return lambda pairs: {name: value.strip() for name, value in pairs if name in names and value.strip()}


def _rows(under: str, first: str, second: str) -> Callable[[Pairs], Body]:
    """A body with a list of pairs from repeated fields; rows without a second value are left out."""

    def read(pairs: Pairs) -> Body:
        keys, values = ([value.strip() for name, value in pairs if name == wanted] for wanted in (first, second))
        rows = zip(keys, values, strict=False)
        return {under: [{first: key, second: value} for key, value in rows if value or (key and first == "key")]}

    return read


FORMS = (
    Form(("directories",), "POST", lambda at: at, _plain("name", "directory_provider"), "made"),
    Form(("directories", None, "provider"), "PATCH", lambda at: at[:2], _plain("name", "directory_provider"), "saved"),
    Form(("directories", None, "secrets"), "POST", lambda at: at, shows=True),
    Form(("directories", None, "regenerate"), "POST", lambda at: (*at[:2], "secrets:regenerate"), shows=True),
    Form(("directories", None, "secrets", None, "revoke"), "DELETE", lambda at: at[:4], done="revoked"),
    Form(("directories", None, "test"), "POST", lambda at: (at[0], f"{at[1]}:test"), shows=True),
    Form(
        ("directories", None, "attributes"), "PUT", lambda at: at, _rows("attributes", "key", "map_to"), "saved",
    ),
    Form(
        ("directories", None, "roles"), "PUT", lambda at: (*at[:2], "groups", "-", "roles:assign"),
        _rows("assignments", "group_id", "role_name"), "saved",
    ),
)  # fmt: skip

_DONE = {
    "made": "The directory has been made.", "saved": "Your changes have been saved.",
    "revoked": "The token lets nobody in any more.",
}  # fmt: skip


class Pages:
    """The pages. ``proof`` is what the session's forms bring."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def show(self, organization: Organization, proof: str, segments: Sequence[str], asked: Asked) -> bytes:
        """The page at a path. Raises Trouble 404."""
        notice = _DONE.get(asked.query.get("done", ""), "")
        return self._page(organization, proof, segments, asked, tag("p", notice, class_="good") if notice else Html())

    def again(self, organization: Organization, proof: str, segments: Sequence[str], asked: Asked, words: str) -> bytes:
        """The page of a form that was refused, and why."""
        notice = tag("p", words, class_="bad", role="alert")
        return self._page(organization, proof, segments[:2] if len(segments) > 1 else [], asked, notice)

    def outcome(
        self, organization: Organization, proof: str, segments: Sequence[str], asked: Asked, found: Body
    ) -> bytes:
        """The page of a form with what it has brought: a token, or how a test has ended."""
        one = self._directory(organization, segments, asked)
        shown = _token(found, one) if "plain_secret" in found else _checks(found)
        return self._page(organization, proof, segments[:2], asked, shown)

    def _page(
        self, organization: Organization, proof: str, segments: Sequence[str], asked: Asked, notice: Html
    ) -> bytes:
        if not segments:
            return self._overview(organization, proof, asked, notice)
        if len(segments) == 2 and segments[0] == "directories":
            return self._one(organization, proof, segments, asked, notice)
        raise Trouble(404, "There is no such page at the portal.")

    def _ask(self, organization: Organization, asked: Asked, *segments: str) -> Mapping[str, Any]:
        methods, variables = self._functions.find(organization, segments)
        path = {"organization_id": organization.id, **variables}
        found = self._functions.do(organization, methods["GET"], replace(asked, path=path, body={}))
        return found or {}

    def _directory(self, organization: Organization, segments: Sequence[str], asked: Asked) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._ask(organization, asked, *segments[:2])["directory"]
        return found

    # Pages

    def _overview(self, organization: Organization, proof: str, asked: Asked, notice: Html) -> bytes:
        directories = self._ask(organization, asked, "directories")["directories"]
        rows: list[tuple[str, ...]] = [
            (tag("a", one["name"], href=_at(one)), _provider(one), one["status"], one.get("last_synced_at", "never"))
            for one in directories
        ]
        fields = join(_field("Name", "name", "name"), self._choice(organization, asked, ""))
        return page(
            f"Directories of {organization.name}",
            notice,
            table("Directories", ("Name", "Provider", "Status", "Last change from the IdP"), rows),
            tag("h2", "Add a directory"),
            _form("/portal/directories", proof, fields, "Add it"),
            self._domains(organization, asked),
            _form("/portal/leave", proof, Html(), "Leave the portal", quiet=True),
        )

    def _one(
        self, organization: Organization, proof: str, segments: Sequence[str], asked: Asked, notice: Html
    ) -> bytes:
        one = self._directory(organization, segments, asked)
        return page(
            one["name"],
            tag("p", tag("a", "All directories", href="/portal/")),
            notice,
            self._status(organization, proof, asked, one),
            _connection(proof, one),
            self._rejections(organization, asked, one),
            self._diagnosis(organization, asked, one),
            _mappings(proof, one),
            self._roles(organization, proof, asked, one),
            self._domains(organization, asked),
        )

    # Their parts

    def _status(self, organization: Organization, proof: str, asked: Asked, one: Mapping[str, Any]) -> Html:
        stats = one["stats"]
        told = {
            "Status": one["status"],
            "Enabled": "yes" if one["enabled"] else "no: every request is answered with 403",
            "Last change from the IdP": one.get("last_synced_at", "never"),
            "Users": f"{stats['total_users']}, last changed {stats.get('user_updated_at', 'never')}",
            "Groups": f"{stats['total_groups']}, last changed {stats.get('group_updated_at', 'never')}",
        }
        fields = join(
            _field("Name", "name", "name", one["name"]),
            self._choice(organization, asked, one["directory_provider"]),
        )
        return join(tag("h2", "Status"), listing(told), _form(f"{_at(one)}/provider", proof, fields, "Save"))

    def _choice(self, organization: Organization, asked: Asked, chosen: str) -> Html:
        known = {one["id"]: one["name"] for one in self._ask(organization, asked, "providers")["providers"]}
        options = {**known, UNSPECIFIED: "Another one that speaks SCIM 2.0"}
        told = [tag("option", name, value=id, selected=id == chosen) for id, name in options.items()]
        return join(
            tag("label", "Identity provider", for_="provider"),
            tag("select", *told, name="directory_provider", id="provider"),
        )

    def _rejections(self, organization: Organization, asked: Asked, one: Mapping[str, Any]) -> Html:
        plain = replace(asked, query={})
        found = self._ask(organization, plain, "directories", one["id"], "rejections")["rejections"]
        rows = [(row["occurred_at"], row["action"], row["who"], str(row["status"]), row["reason"]) for row in found]
        heads = ("When", "What", "Whom", "Answer", "Reason")
        shown = table("The last requests that were refused", heads, rows) if rows else tag("p", "None was refused.")
        return join(tag("h2", "Refused requests"), shown)

    def _diagnosis(self, organization: Organization, asked: Asked, one: Mapping[str, Any]) -> Html:
        email = asked.query.get("email", "").strip()
        form = tag(
            "form", _field("E-mail address", "email", "email", email), tag("button", "Find out"),
            method="get", action=f"{_at(one)}",
        )  # fmt: skip
        if not email:
            return join(tag("h2", "Why isn't a user appearing?"), form)
        found = self._ask(organization, asked, "directories", one["id"], "diagnosis")
        words = f"{email} {'appears' if found['appears'] else 'does not appear'}"
        told = f"{words}: {', '.join(found['reasons'])}" if found["reasons"] else words
        rows = [(step["question"], step["answer"], step["detail"], step["at"] or "") for step in found["steps"]]
        result = tag("p", told, class_="good" if found["appears"] else "bad", role="status")
        return join(
            tag("h2", "Why isn't a user appearing?"), form, result,
            table("What was asked", ("Question", "Answer", "What is known", "Since"), rows),
        )  # fmt: skip

    def _roles(self, organization: Organization, proof: str, asked: Asked, one: Mapping[str, Any]) -> Html:
        groups = self._ask(organization, asked, "directories", one["id"], "groups", "summary")["groups"]
        held = {row["group_id"]: row["role_name"] for row in one["role_assignments"]["assignments"]}
        rows = [
            (
                group["display_name"],
                join(
                    tag("input", type="hidden", name="group_id", value=group["id"]),
                    _field(f"Role of {group['display_name']}", "role_name", f"role-{place}", held.get(group["id"], "")),
                ),
            )
            for place, group in enumerate(groups)
        ]
        heading = tag("h2", "Roles of groups")
        if not rows:
            return join(heading, tag("p", "The IdP hasn't sent any group."))
        told = tag("p", "Whoever is in a group has its role, and in several groups, their roles.")
        return join(
            heading, told,
            _form(f"{_at(one)}/roles", proof, table("Groups and their roles", ("Group", "Role"), rows), "Save"),
        )  # fmt: skip

    def _domains(self, organization: Organization, asked: Asked) -> Html:
        found = self._ask(organization, replace(asked, query={}), "domains")["domains"]
        rows = [(one["domain"], one["domain_type"], str(one.get("verification_status", ""))) for one in found]
        shown = table("Domains", ("Domain", "Type", "Status"), rows) if rows else tag("p", "None is registered.")
        told = tag("p", "Only users with an address of one of the organization's own domains are accepted.")
        return join(tag("h2", "E-mail domains"), told, shown)


def refusal_page(words: str, title: str = "This can't be shown") -> bytes:
    """A page that says what is amiss, and what to do."""
    return page(title, tag("p", words, role="alert"))


def _connection(proof: str, one: Mapping[str, Any]) -> Html:
    rows: list[tuple[str, ...]] = [
        (
            f"…{secret['secret_suffix']}", secret["status"], secret["create_time"], secret.get("expire_time", "never"),
            secret.get("last_used_time", "never"),
            _form(
                f"{_at(one)}/secrets/{quote(secret['id'], safe='')}/revoke", proof, Html(),
                f"Withdraw …{secret['secret_suffix']}", quiet=True,
            ),
        )
        for secret in one["secrets"]
    ]  # fmt: skip
    heads = ("Token", "Status", "Made", "Expires", "Last used", "")
    return join(
        tag("h2", "Connect your identity provider"),
        tag("p", "Base URL: ", tag("code", one["directory_endpoint"])),
        table("Tokens", heads, rows) if rows else tag("p", "There is no token yet."),
        _form(f"{_at(one)}/secrets", proof, Html(), "Make a token"),
        _form(f"{_at(one)}/regenerate", proof, Html(), "Replace all tokens by a new one", quiet=True),
        _form(f"{_at(one)}/test", proof, Html(), "Test the connection"),
    )


def _token(found: Body, one: Mapping[str, Any]) -> Html:
    token, url = found["plain_secret"], one["directory_endpoint"]
    text = f"Base URL: {url}\nToken: {token}\n"
    document = json.dumps({"base_url": url, "token": token}, indent=2)
    return tag(
        "section",
        tag("p", "This is the token. It is shown once, and can't be shown again: keep it now."),
        tag("p", tag("code", token, id="token")),
        tag("p", tag("a", "Download as text", href=_data("text/plain", text), download="connection.txt")),
        tag("p", tag("a", "Download as JSON", href=_data("application/json", document), download="connection.json")),
        class_="good",
        aria_label="New token",
    )


def _checks(found: Body) -> Html:
    words = "The directory answers." if found["passed"] else "The directory doesn't answer as it should."
    rows = [
        (check["name"], check["request"], str(check["status"]), "passed" if check["passed"] else check["detail"])
        for check in found["checks"]
    ]
    return tag(
        "section",
        tag("p", words, role="status"),
        table("The test", ("Check", "Request", "Answer", "Result"), rows),
        tag("p", found["note"]),
        class_="good" if found["passed"] else "bad",
    )


def _mappings(proof: str, one: Mapping[str, Any]) -> Html:
    held = [*one["attribute_mappings"]["attributes"], *[{"key": "", "map_to": ""}] * _SPARE]
    rows: list[tuple[str, ...]] = [
        (
            _field(f"SCIM attribute {place + 1}", "key", f"key-{place}", row["key"]),
            _field(f"Name {place + 1}", "map_to", f"name-{place}", row["map_to"]),
        )
        for place, row in enumerate(held)
    ]
    told = tag("p", "Which SCIM attributes become custom attributes of users. Clear a row to end its mapping.")
    editor = table("Attributes and their names", ("SCIM attribute, with its URN", "Custom attribute"), rows)
    return join(tag("h2", "Custom attributes"), told, _form(f"{_at(one)}/attributes", proof, editor, "Save"))


def _form(action: str, proof: str, fields: Html, words: str, quiet: bool = False) -> Html:
    hidden = tag("input", type="hidden", name="proof", value=proof)
    button = tag("button", words, class_="quiet" if quiet else None)
    return tag("form", hidden, fields, button, method="post", action=action)


def _field(words: str, name: str, id: str, value: str = "") -> Html:
    return join(tag("label", words, for_=id), tag("input", name=name, id=id, value=value, autocomplete="off"))


def _at(one: Mapping[str, Any]) -> str:
    return f"/portal/directories/{quote(one['id'], safe='')}"


def _provider(one: Mapping[str, Any]) -> str:
    return "custom" if one["directory_provider"] == UNSPECIFIED else str(one["directory_provider"])


def _data(kind: str, text: str) -> str:
    return f"data:{kind};charset=utf-8,{quote(text)}"
