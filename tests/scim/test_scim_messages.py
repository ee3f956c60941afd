"""The messages around resources (RFC 7644 §3.4.2, §3.5.2, §3.12)."""

from __future__ import annotations

from typing import Any

import pytest

from scimrig_simulator.scim import tolerances, urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.messages import Operation, error_body, list_response, patch_ops


def test_a_list_counts_what_it_holds_unless_told() -> None:
    assert list_response([{"id": "1"}, {"id": "2"}], 7, 3) == {
        "schemas": [urns.LIST_RESPONSE], "totalResults": 7, "startIndex": 3, "itemsPerPage": 2,
        "Resources": [{"id": "1"}, {"id": "2"}],
    }
    assert list_response([], 7, 1, items=0)["itemsPerPage"] == 0


def test_an_error_has_its_status_as_a_string_and_a_keyword_only_where_there_is_one() -> None:
    assert error_body(404, "No such user") == {"schemas": [urns.ERROR], "status": "404", "detail": "No such user"}
    assert error_body(409, "Taken", "uniqueness")["scimType"] == "uniqueness"
    assert str(ScimError(400, None, "why")) == "why"


def test_operations_are_read_in_order() -> None:
    body = {"schemas": [urns.PATCH_OP], "Operations": [{"op": "Add", "value": None}, {"op": "remove", "path": "title"}]}
    assert patch_ops(body) == (
        Operation(1, "add", None, None, valued=True), Operation(2, "remove", "title", None, valued=False),
    )


@pytest.mark.parametrize(
    "body",
    [
        None, [], "x", {}, {"schemas": [urns.PATCH_OP]}, {"schemas": [urns.PATCH_OP], "Operations": []},
        {"schemas": urns.PATCH_OP, "Operations": [{"op": "remove", "path": "x"}]},
        {"schemas": [urns.USER], "Operations": [{"op": "remove", "path": "x"}]},
        {"schemas": [urns.PATCH_OP], "Operations": ["remove"]}, {"schemas": [urns.PATCH_OP], "Operations": [{}]},
        {"schemas": [urns.PATCH_OP], "Operations": [{"op": 1}]},
    ],
)
def test_a_broken_envelope_is_invalid_syntax(body: Any) -> None:
    with pytest.raises(ScimError) as refused:
        patch_ops(body)
    assert (refused.value.status, refused.value.scim_type) == (400, "invalidSyntax")


def test_by_the_letter_case_counts_in_the_envelope() -> None:
    for body in (
        {"schemas": [urns.PATCH_OP], "operations": [{"op": "remove", "path": "x"}]},
        {"schemas": [urns.PATCH_OP], "Operations": [{"op": "Remove", "path": "x"}]},
    ):
        assert patch_ops(body)[0].op == "remove"
        with pytest.raises(ScimError):
            patch_ops(body, tolerances.NONE)
