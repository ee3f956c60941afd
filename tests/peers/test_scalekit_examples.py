"""The example applications, as they are shipped: they keep up with a directory, by its webhooks and by its API."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import NODE_PEERS, PATIENCE, answers, free_port, node_with_peers, stop
from .scalekit_house import Server

pytestmark = [pytest.mark.peer, pytest.mark.slow]

EXAMPLES = Path(__file__).parents[2] / "examples"
URN = "urn:ietf:params:scim:schemas:core:2.0:"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def installed(name: str, folder: Path) -> Path:
    """An example for Node.js in a folder where its package is installed."""
    (folder / "node_modules").symlink_to(NODE_PEERS / "node_modules")
    return Path(shutil.copy(EXAMPLES / name, folder))


class Tenant:
    """A tenant of the server, with domain and token."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.place = server, f"/{name}"
        server.send("PUT", f"/manage/tenants/{name}")
        self.token = server.send("POST", f"/manage/tenants/{name}/tokens", {})["token"]
        self.manage("PUT", "/domains", {"domains": ["acme.test"]})

    def manage(self, method: str, path: str, body: Any = None) -> Any:
        return self.server.send(method, f"{self.place}/manage{path}", body, self.token)

    def scim(self, method: str, path: str, body: Any = None) -> Any:
        return self.server.send(method, f"{self.place}/scim/v2{path}", body, self.token)

    def user(self, name: str, **attributes: Any) -> str:
        body = {"schemas": [f"{URN}User"], "userName": f"{name}@acme.test", "displayName": name, **attributes}
        return str(self.scim("POST", "/Users", body)["id"])

    def group(self, name: str, *members: str) -> str:
        body = {"schemas": [f"{URN}Group"], "displayName": name, "members": [{"value": id} for id in members]}
        return str(self.scim("POST", "/Groups", body)["id"])

    def patch(self, path: str, name: str, value: Any) -> None:
        operation = {"op": "replace", "path": name, "value": value}
        self.scim("PATCH", path, {"schemas": [PATCH_OP], "Operations": [operation]})


# By webhooks


@pytest.fixture
def receiving(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[[str, str, int], None]]:
    """``receiving("webhook_receiver.py", secret, port)``: start the example."""
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, secret: str, port: int) -> None:
        variables = {**environment, "WEBHOOK_SECRET": secret, "PORT": str(port)}
        command: tuple[str, ...] = (sys.executable, "-m", "uvicorn", "webhook_receiver:app", "--port", str(port))
        folder = EXAMPLES
        if name.endswith(".mjs"):
            folder = tmp_path
            command = (node_with_peers(), str(installed(name, tmp_path)))
        running.append(subprocess.Popen(command, cwd=folder, env=variables, stderr=subprocess.DEVNULL))
        assert answers(running[-1], port)

    yield start
    for process in running:
        stop(process)


@pytest.mark.parametrize("name", ["webhook_receiver.py", "webhook_receiver.mjs"])
def test_a_receiver_believes_what_is_so_and_nobody_else(server: Server, receiving: Any, name: str) -> None:
    tenant, port = Tenant(server, name.replace(".", "-").replace("_", "-")), free_port()
    own = f"http://127.0.0.1:{port}"
    receiving(name, tenant.manage("PUT", "/webhook", {"url": f"{own}/webhook"})["secret"], port)
    ada, ben = tenant.user("zoë"), tenant.user("ben")
    group = tenant.group("Crew", ada)
    tenant.manage("PUT", f"/roles/map/{group}", {"role": "developer"})
    tenant.patch(f"/Users/{ada}", "displayName", "Zoë \"Z\" <b>")
    tenant.patch(f"/Users/{ben}", "active", False)
    expected = [("zoë@acme.test", "Zoë \"Z\" <b>", True, ["developer"]), ("ben@acme.test", "ben", False, [])]

    def believed() -> list[Any]:
        people = httpx.get(f"{own}/people", trust_env=False).json()["people"]
        return sorted(((one["email"], one["name"], one["active"], one["roles"]) for one in people), reverse=True)

    end = time.monotonic() + PATIENCE
    while believed() != expected and time.monotonic() < end:
        time.sleep(0.05)
    assert believed() == expected
    deliveries = tenant.manage("GET", "/deliveries")["deliveries"]
    for delivery in deliveries:  # once more, and nothing changes
        tenant.manage("POST", f"/deliveries/{delivery['id']}:redeliver")
    while any(len(one["attempts"]) < 2 for one in deliveries) and time.monotonic() < end:
        deliveries = tenant.manage("GET", "/deliveries")["deliveries"]
    assert [one["attempts"][-1]["status"] for one in deliveries] == [200] * len(deliveries)
    forged = {"type": "organization.directory.user_deleted", "id": "evt_1", "data": {"id": f"diruser_{ada}"}}
    assert httpx.post(f"{own}/webhook", json=forged, trust_env=False).status_code == 400
    assert believed() == expected


# By the API


@pytest.mark.parametrize("name", ["directory_sync.py", "directory_sync.mjs"])
def test_a_synchronisation_finds_everybody_on_all_pages(server: Server, tmp_path: Path, name: str) -> None:
    label = name.replace(".", "-").replace("_", "-")
    tenant = Tenant(server, label)
    ids = [tenant.user(f"u{number}", active=number != 7) for number in range(34)]
    group = tenant.group("Crew", *ids[:3])
    words = [sys.executable, str(EXAMPLES / name), f"org_{label}", f"dir_{label}"]
    if name.endswith(".mjs"):
        words[:2] = [node_with_peers(), str(installed(name, tmp_path))]
    done = subprocess.run(words, env=server.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    expected = {
        f"diruser_{id}": {
            "email": f"u{number}@acme.test", "name": f"u{number}", "active": number != 7,
            "groups": ["Crew"] if number < 3 else [],
        }
        for number, id in enumerate(ids)
    }  # fmt: skip
    assert json.loads(done.stdout) == {
        "people": expected, "groups": {f"dirgroup_{group}": {"name": "Crew", "members": 3}}
    }  # fmt: skip
