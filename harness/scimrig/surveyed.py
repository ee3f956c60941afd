"""What the survey alone says about a target: each missing feature is one finding, however many scenarios need it.

Rule: pure; from a ``Survey`` and the base URL, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from scimrig.addresses import is_private
from scimrig.demands import DECLARED
from scimrig.survey import BARE_EMAIL, DISCOVERY, TYPED_EMAIL, Survey
from scimrig.verdicts import Finding, Severity, Status

_MISSING = {
    "users": (Status.FAIL, "RFC7644-3.3-R03", "POST /Users"),
    "filter": (Status.WARN, "RFC7644-3.4.2.2-R28", "GET /Users?filter=…"),
    "patch": (Status.WARN, "RFC7644-3.5-R02", "PATCH /Users/{id}"),
    "put": (Status.FAIL, "RFC7644-3.5-R01", "PUT /Users/{id}"),
    "delete": (Status.WARN, "RFC7644-3.6-R01", "DELETE /Users/{id}"),
    "groups": (Status.INFO, "RFC7643-4.2-R01", "POST /Groups"),
    "enterprise": (Status.INFO, "RFC7643-4.3-R01", "POST /Users"),
    "config": (Status.WARN, "RFC7644-4-R01", "GET /ServiceProviderConfig"),
    "schemas": (Status.WARN, "RFC7644-4-R02", "GET /Schemas"),
    "resource-types": (Status.WARN, "RFC7644-4-R04", "GET /ResourceTypes"),
}
"""Feature → (status when it is absent, requirement, operation). The discovery endpoints are MUSTs that no IdP which
provisions looks at, so their absence warns: a sound but plain server must not fail (rfc-notes 57)."""

_KEPT = "RFC7644-3.3-R12"
_DEMANDED = "RFC7644-3.3-R09"

_HURTS = {
    "users": "every IdP: nobody can be provisioned",
    "filter": "Okta, Entra and Google: each look-up before a create",
    "patch": "Entra for everything; Okta catalogue apps for deactivation",
    "put": "Okta: profile updates",
    "delete": "Entra and Google: final removal of accounts",
    "groups": "Okta Group Push and Entra groups",
    "enterprise": "customers who map department, employee number or manager",
}


def findings(survey: Survey, base_url: str = "") -> tuple[Finding, ...]:
    """One finding for each feature that is absent or broken, for what a create drops, and for what is normalised.

    base_url: where tokens go; over plain HTTP beyond this machine everybody on the way can read them (CAP-21)
    """
    return (*_open_to_all(base_url), *_features(survey), *_attributes(survey))


def _open_to_all(base_url: str) -> Iterator[Finding]:
    if base_url and not is_private(base_url):
        yield _finding(
            "survey/tls", Status.FAIL, "RFC7644-7.4-R01", "every request", "plain http",
            "the base URL is plain http, so tokens and people's data are readable on the way", "https://",
            base_url.partition("//")[0] + "//", Severity.SECURITY, "everybody whose data or token is read on the way",
        )


def _features(survey: Survey) -> Iterator[Finding]:
    for feature, (absent, requirement, operation) in _MISSING.items():
        offer = survey.offer(feature)
        if offer.state == "yes":
            continue
        status = Status.FAIL if offer.state == "broken" else absent
        if offer.state == "broken" and feature == "patch":
            requirement = "RFC7644-3.5-R03"
        discovery = feature in DISCOVERY
        yield _finding(
            f"survey/{feature}", status, requirement, operation, feature,
            f"{feature.replace('-', ' ')}: {offer.why}", "offered" if discovery else f"{operation} works", offer.why,
            Severity.COSMETIC if discovery else Severity.BREAKS, _HURTS.get(feature, "clients that discover schemas"),
        )


def _attributes(survey: Survey) -> Iterator[Finding]:
    untyped = TYPED_EMAIL in survey.dropped and BARE_EMAIL in survey.kept
    if untyped:
        yield _finding(
            "survey/email-type", Status.WARN, _KEPT, "POST /Users", "e-mail without type",
            "an e-mail comes back without its type", f"{TYPED_EMAIL} as sent", f"{BARE_EMAIL} alone", Severity.DRIFT,
            'Entra and every client that looks for emails[type eq "work"]: to them nobody has an address',
        )
    told = {"userName", "externalId", "active", *([TYPED_EMAIL] if untyped else [])}
    dropped = [path for path in survey.dropped if path not in told]
    if dropped:
        yield _finding(
            "survey/attributes", Status.INFO, _KEPT, "POST /Users", "attributes not kept",
            f"{len(dropped)} attributes of a full user are not kept", "kept, or declared as not supported",
            ", ".join(dropped), Severity.DRIFT, "customers who map these attributes",
        )
    if survey.required:
        yield _required(survey)
    if survey.normalised:
        changes = "; ".join(f"{path}: {how}" for path, how in survey.normalised.items())
        cased = all(how.startswith("lower-case") for how in survey.normalised.values())
        yield _finding(
            "survey/normalised", Status.WARN, "RFC7643-7-R10" if cased else _KEPT, "POST /Users", "values changed",
            "values come back other than they were sent", "values as sent", changes, Severity.DRIFT,
            "Entra compares what it reads with what it sent, and writes again in every cycle",
        )


def _required(survey: Survey) -> Finding:
    """More than userName is wanted: a word to whoever maps attributes, a warning where no schema says it."""
    said = set(survey.required.values()) == {DECLARED}
    names, known = ", ".join(survey.required), "; ".join(dict.fromkeys(survey.required.values()))
    return _finding(
        "survey/required", Status.INFO if said else Status.WARN, _DEMANDED, "POST /Users", "more than userName",
        f"a user needs more than a userName: {names}", "a userName is enough, or /Schemas asks for more",
        f"{names}: {known}", Severity.DRIFT, "IdPs that do not map it: they can create nobody",
    )


def _finding(
    check: str, status: Status, requirement: str, operation: str, shape: str, title: str, expected: str, actual: str,
    severity: Severity, hurts: str,
) -> Finding:
    return Finding(
        check, status, f"rfc:{requirement}", operation, shape, "survey", "rfc", "", title, expected, actual,
        severity, (), hurts, "",
    )
