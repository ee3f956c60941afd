"""Writes docs/policy.md: which scenario asks for which capability of a provisioning product, and which fault proves it.

Run it after scenarios, faults or the kill matrix have changed: ``python tools/policy_table.py``. A test holds the page
to the truth.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("simulator", "harness", "reports")]

from scimrig.scenario.load import load, scenario_root  # noqa: E402
from scimrig_simulator.faults import fault  # noqa: E402

TESTS = {
    "CAP-02": ("server/test_api_users.py", "server/test_api_domains.py"),
    "CAP-04": ("server/test_policy_unique.py",),
    "CAP-06": ("server/test_policy_unique.py",),
    "CAP-07": ("server/test_api_organizations.py", "server/test_door.py"),
    "CAP-08": ("server/test_door.py", "server/test_api_directories.py"),
    "CAP-09": ("server/test_api_organizations.py",),
    "CAP-09a": ("server/test_api_organizations.py",),
    "CAP-10": ("server/test_tenants.py", "server/test_api_domains.py"),
    "CAP-14": ("server/test_api_secrets.py",),
    "CAP-15": ("server/test_api_secrets.py",),
    "CAP-16": ("server/test_portal.py",),
    "CAP-17": ("server/test_portal.py",),
    "CAP-20": ("server/test_door.py",),
    "CAP-21": ("server/test_door.py",),
    "CAP-24": ("server/test_policy_profile.py",),
    "CAP-26": ("server/test_sessions.py",),
    "CAP-27": ("server/test_sessions.py",),
    "CAP-31": ("server/test_api_roles.py",),
    "CAP-35": ("server/test_api_roles.py", "server/test_api_users.py"),
    "CAP-38": ("server/test_api_users.py",),
    "CAP-39": ("server/test_diagnosis.py",),
    "CAP-42": ("server/test_outbox_delivery.py",),
    "CAP-44": ("server/test_webhook_signing.py",),
    "CAP-45": ("consumer/test_consumer_cases.py",),
    "CAP-48": ("consumer/test_consumer_cases.py",),
    "CAP-49": ("server/test_api_directory_listing.py",),
    "CAP-50": ("server/test_policy_profile.py",),
    "CAP-51": ("server/test_api_directories.py",),
    "CAP-52": ("server/test_api_directory_listing.py",),
    "CAP-54": ("server/test_audit.py",),
    "CAP-55": ("server/test_api_events.py",),
}
"""Capability → tests of the reference server, below tests/, that show it too, or where no scenario can."""

REASONS = {
    "CAP-09": "certificates and places can't be seen from outside; the region is kept and told",
    "CAP-09a": "a matter of the product's own API, which no target file describes",
    "CAP-12": "every story, played by `--idp ad-connect` and `--idp ldap-gateway`; `tests/playbooks/test_gateways.py`",
    "CAP-17": "a page for people; the calls behind it are played as those of other capabilities",
    "CAP-19": "what an IdP doesn't send: the dialects play it (`scimrig explain google`), no target can show it",
    "CAP-21": "a target file names no other address beyond this machine, and the survey tells of a base URL without it",
    "CAP-38": "whether two accounts are one shows in no answer of SCIM's",
    "CAP-39": "a question that people ask of the product; SCIM has no words for it",
    "CAP-51": "the object is the product's own; what it counts is compared by reconciliation (CAP-52)",
    "CAP-53": "a matter of the receiver, which repairs by the listing (CAP-52) what it has missed",
    "CAP-55": "the list is the product's own; what stands in it is that of the audit log (CAP-54)",
}
"""Capability → why no scenario asks for it."""

HEAD = """\
# What is asked of a product that is provisioned

What such products promise beside SCIM (`scenarios/capabilities.json`), the scenarios that hold a target to it, and the
faults of the reference server that each of them must catch (`tests/kill-matrix.toml`). A scenario is played where the
target file declares what it is about, and skipped with the key to add where it doesn't; `examples/scalekit.toml`
declares all of it. Made by `tools/policy_table.py`. `scimrig explain CAP-32` says more about any of them.

Of {all} capabilities {asked} are asked for by {scenarios} scenarios, {proved} of them with a fault that proves it;
{faults} faults break nothing but a promise. What no scenario can see is shown by tests of the reference server, or the
reason stands here.

| capability | what is expected | asked by | proved by fault | besides |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    capabilities = json.loads((scenario_root() / "capabilities.json").read_text(encoding="utf-8"))
    asked: dict[str, list[str]] = {}
    for scenario in load():
        for cite in scenario.cites:
            if cite.startswith("cap:"):
                asked.setdefault(cite[4:], []).append(scenario.id)
    kills = _kills()
    proofs = {name: sorted({one for id in ids for one in kills.get(id, ())}) for name, ids in asked.items()}
    head = HEAD.format(
        all=len(capabilities), asked=len(asked), scenarios=len({id for ids in asked.values() for id in ids}),
        proved=sum(bool(found) for found in proofs.values()),
        faults=len({one for found in kills.values() for one in found if fault(one).policy}),
    )
    return head + "".join(
        f"| {name} | {_words(entry)} | {_ticked(asked.get(name, []))} | {_ticked(proofs.get(name, []))} |"
        f" {_besides(name)} |\n"
        for name, entry in capabilities.items()
    )


def _kills() -> dict[str, list[str]]:
    """Scenario → the faults that it must catch."""
    matrix: dict[str, Any] = tomllib.loads((ROOT / "tests" / "kill-matrix.toml").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for name, entry in matrix.items():
        for catcher in entry["caught_by"]:
            found.setdefault(catcher, []).append(name)
    return found


def _words(entry: dict[str, str]) -> str:
    return f"**{entry['title']}.** {entry['behaviour']}".replace("|", "\\|")


def _besides(name: str) -> str:
    tests = " ".join(f"`tests/{one}`" for one in TESTS.get(name, ()))
    return "; ".join(part for part in (REASONS.get(name), tests) if part) or "–"


def _ticked(names: list[str]) -> str:
    return " ".join(f"`{name}`" for name in names) or "–"


if __name__ == "__main__":
    (ROOT / "docs" / "policy.md").write_text(page(), encoding="utf-8")
