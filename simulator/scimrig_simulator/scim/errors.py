"""A request that cannot be served: the HTTP status, the SCIM keyword and the words for it.

Rule: one class for every error that a client is told about (RFC 7644 §3.12); nothing here knows HTTP beyond the number.
"""

from __future__ import annotations

from typing import Any

from scimrig_simulator.scim import urns

INVALID_FILTER = "invalidFilter"
INVALID_PATH = "invalidPath"
INVALID_SYNTAX = "invalidSyntax"
INVALID_VALUE = "invalidValue"
MUTABILITY = "mutability"
NO_TARGET = "noTarget"
UNIQUENESS = "uniqueness"
SENSITIVE = "sensitive"
TOO_MANY = "tooMany"


class ScimError(Exception):
    """An answer that is an error.

    status:    HTTP status
    scim_type: keyword of RFC 7644 Table 9, None where none fits
    detail:    one sentence for a human, which says what to do next where that isn't plain
    headers:   further headers of the answer (``WWW-Authenticate``, ``Allow``)
    reason:    a word for whoever runs the server ("email_immutable"), which is never sent
    """

    def __init__(
        self,
        status: int,
        scim_type: str | None,
        detail: str,
        headers: tuple[tuple[str, str], ...] = (),
        reason: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.scim_type = scim_type
        self.detail = detail
        self.headers = headers
        self.reason = reason

    def body(self) -> dict[str, Any]:
        """The error message of RFC 7644 §3.12: ``status`` is a string, ``scimType`` only where there is one."""
        message: dict[str, Any] = {"schemas": [urns.ERROR], "status": str(self.status)}
        if self.scim_type is not None:
            message["scimType"] = self.scim_type
        message["detail"] = self.detail
        return message


def invalid_value(detail: str, reason: str = "") -> ScimError:
    """400 ``invalidValue``: a value is missing, of the wrong type or not allowed."""
    return ScimError(400, INVALID_VALUE, detail, reason=reason)


def invalid_syntax(detail: str) -> ScimError:
    """400 ``invalidSyntax``: the body isn't built as the message asks."""
    return ScimError(400, INVALID_SYNTAX, detail)


def not_mutable(detail: str, reason: str = "") -> ScimError:
    """400 ``mutability``: the attribute may not be changed in this way."""
    return ScimError(400, MUTABILITY, detail, reason=reason)


def no_target(detail: str) -> ScimError:
    """400 ``noTarget``: the path selects nothing to work on."""
    return ScimError(400, NO_TARGET, detail)
