"""A server with the example schemas, and a client that knows devices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim.schema_files import merge
from scimrig_simulator.scim.schemas import Definitions, builtin

FOLDER = Path(__file__).parents[3] / "examples" / "schemas"
DEVICE = "urn:example:params:scim:schemas:core:1.0:Device"
ASSET = "urn:example:params:scim:schemas:extension:1.0:Asset"
LAPTOP: dict[str, Any] = json.loads(Path(__file__).with_name("laptop.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """The built-in ones and those of examples/schemas."""
    return merge(builtin(), [(path.name, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))])


@pytest.fixture(scope="session")
def devices_class(client_class: Any, definitions: Definitions) -> Any:
    class Devices(client_class):  # type: ignore[misc]
        """A client of a server with the example schemas."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**{"definitions": definitions, **settings})

        def device(self, **changes: Any) -> dict[str, Any]:
            """A stored laptop with these attributes instead; None takes one away."""
            wanted = {name: value for name, value in {**LAPTOP, **changes}.items() if value is not None}
            reply = self.send("POST", "/Devices", body=wanted)
            assert reply.status == 201, reply.body
            return dict(reply.resource())

        def another(self, number: int, **changes: Any) -> dict[str, Any]:
            """A stored laptop that has nothing in common with others."""
            alone: dict[str, Any] = {
                "serialNumber": f"SN-{number}", "hostName": None, "interfaces": None, ASSET: None, "schemas": [DEVICE],
            }
            return self.device(**{**alone, **changes})

        def found(self, text: str) -> list[str]:
            """The serial numbers of what a filter finds."""
            return sorted(one["serialNumber"] for one in self.get("/Devices", filter=text)["Resources"])

        @staticmethod
        def refused(reply: Any, status: int, scim_type: str | None, word: str = "") -> None:
            """The answer is this error, and its detail names ``word``."""
            assert reply.status == status, reply.body
            assert reply.json().get("scimType") == scim_type
            assert word in reply.json()["detail"]

    return Devices


@pytest.fixture
def make_devices(devices_class: Any) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(**settings: Any) -> Any:
        made.append(devices_class(**settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def served(make_devices: Callable[..., Any]) -> Any:
    return make_devices()


@pytest.fixture
def laptop(served: Any) -> dict[str, Any]:
    """The laptop, stored; as the answer to the POST shows it."""
    return dict(served.device())
