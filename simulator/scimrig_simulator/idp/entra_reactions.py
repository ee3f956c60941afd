"""What Entra makes of answers: the reaction table of Entra 8, and the rows about Entra of the cross-IdP table.

Rule: data only. ``answer`` is one of ``answers.kinds``, so that a failed act finds its consequence here; what is about
many answers, or about a habit of an endpoint, says so in words of its own.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import Reaction

_FAILS = "the object fails; it is tried again in the next cycle, then at growing intervals"
_SOON = "transient: the object fails, and has its turn again in the next cycle"
_INCOMPATIBLE = "SystemForCrossDomainIdentityManagementServiceIncompatible: the object fails"

_AGAIN = "Entra sends the same request again, later and later, until the answer changes."
_WAITS = "Entra reads this as: not now. The change waits for the next cycle, some 40 minutes away."
_LOST = ("Entra reads this as: the user was not created. It looks the user up again in the next cycle, and creates a "
         "second one where that finds nobody.")
_UNREAD = "Entra cannot read this as SCIM, so the object fails in every cycle until the body changes."
_EVERYBODY = "Entra puts the whole job into quarantine: those who had no trouble are not provisioned either."

REACTIONS = (
    Reaction("4xx", _FAILS, "doc", "entra:8 [M3]", _AGAIN),
    Reaction("400", "SystemForCrossDomainIdentityManagementBadRequest with the answer in the log, retried 0 times; "
             "tried again after a date", "observed", "entra:8 [M20]", _AGAIN),
    Reaction("401", "EncounteredQuarantineException: the whole job goes into quarantine", "doc", "entra:8 [M4]",
             "Entra reads this as: the credentials are no longer good. It puts the whole job into quarantine, and "
             "nobody at this customer is provisioned or switched off any more."),
    Reaction("403", _FAILS, "doc", "entra:8 [M3]", _AGAIN),
    Reaction("404 on the test query", "EncounteredQuarantineException: HTTP/404 Not Found response was returned rather "
             "than the expected HTTP/200", "observed", "entra:2, entra:8 [M18]",
             "Entra reads this as: there is no SCIM endpoint. It puts the job into quarantine before it has brought "
             "anybody."),
    Reaction("404 to a look-up", "HTTP/404 Not Found response was returned rather than the expected HTTP/200: the "
             "object fails", "observed", "entra:8, cross-IdP [M18]",
             "Entra takes nothing but an empty list for an answer of nobody found, so the user is never created."),
    Reaction("404 to a read", "the id is forgotten, the look-up follows, and a POST where nobody is found", "inferred",
             "entra:3", "Entra reads this as: no such user any more, and creates a second one where the look-up finds "
             "nobody."),
    Reaction("404 to a delete", "taken as done", "inferred", "entra:8"),
    Reaction("409 to a create", "object error, tried again in a later cycle", "inferred", "entra:8 [M3]",
             "Entra does not look for whom the user clashes with: the same look-up and the same POST come again in "
             "every cycle."),
    Reaction("409", _FAILS, "doc", "entra:8 [M3]", _AGAIN),
    Reaction("412", _FAILS, "doc", "entra:8 [M3]", "Entra sends no If-Match, so it fails the same way every time."),
    Reaction("429 with Retry-After in seconds", f"{_SOON}, whatever the header says", "inferred", "entra:8", _WAITS),
    Reaction("429 with Retry-After as a date", f"{_SOON}, whatever the header says", "inferred", "entra:8", _WAITS),
    Reaction("429 with a malformed Retry-After", _SOON, "inferred", "entra:8", _WAITS),
    Reaction("429 without Retry-After", _SOON, "inferred", "entra:8", _WAITS),
    Reaction("501", "the object fails in each cycle", "inferred", "cross-IdP",
             "Entra changes users by PATCH alone: without it nobody is ever updated or switched off."),
    Reaction("5xx", f"{_SOON}; quarantine by rate", "doc", "entra:8 [M3, M4]", _WAITS),
    Reaction("timeout", _SOON, "doc", "entra:8 [M3]", _WAITS),
    Reaction("reset", _SOON, "inferred", "entra:8 [M3]", _WAITS),
    Reaction("no answer", _SOON, "inferred", "entra:8 [M3]", _WAITS),
    Reaction("empty body", f"{_INCOMPATIBLE}; a 201 without a body, too", "inferred", "entra:3, cross-IdP [M19]",
             f"{_UNREAD} Where it is the answer to a create, the user is taken for not created."),
    Reaction("no id", _INCOMPATIBLE, "observed", "entra:3 [M19]", _LOST),
    Reaction("no JSON", _INCOMPATIBLE, "observed", "entra:8 [M19, M30]", _UNREAD),
    Reaction("no totalResults", _INCOMPATIBLE, "inferred", "cross-IdP", _UNREAD),
    Reaction("totalResults no integer", _INCOMPATIBLE, "inferred", "entra:8 [M19, M30]", _UNREAD),
    Reaction("several matches", "DuplicateTargetEntries: the object is skipped", "doc", "entra:3 [M30]",
             "Entra reads this as: two users of one name. It skips the user, and nothing about them arrives any more."),
    Reaction("204 to an update", "taken as success", "doc", "entra:4 [M1]"),
    Reaction("an error in plain text", "shown raw in the log", "observed", "cross-IdP [M20]"),
    Reaction("inactive hidden from the look-up", "look-up, POST and 409 again in each cycle", "doc",
             "entra:5, cross-IdP [M1]",
             "Entra reads this as: no such user. It creates a second one, or clashes with the hidden one in every "
             "cycle; who comes back is never switched on again."),
    Reaction("group without members", "as it was asked for; who belongs is tracked at the IdP", "doc", "entra:6 [M1]"),
    Reaction("manager hidden from a read", "the same PATCH again in every cycle", "observed",
             "entra:8; entra:10, EN-MANAGER",
             "Entra reads this as: no manager yet. It sends the same PATCH in every cycle."),
)
"""To one answer, or to an endpoint's habit."""

CYCLES = (
    Reaction("any failure on an object", "logged, escrowed, tried again in later cycles with growing gaps", "doc",
             "entra:8 [M3]", _AGAIN),
    Reaction("many failures", "quarantine at more than 40 % once 5,000 have failed, above 40,000, or at 60,000; "
             "references don't count", "doc", "entra:8 [M4]", _EVERYBODY),
    Reaction("quarantine", "cycles after 6 h, 12 h, 24 h, then every 24 h; switched off after 28 days", "doc",
             "entra:8 [M4]", "Entra stops provisioning this customer altogether after 28 days."),
    Reaction("too many escrowed objects", "EncounteredEscrowProportionThreshold", "doc", "entra:8 [M4]", _EVERYBODY),
)
"""Of a whole job."""
