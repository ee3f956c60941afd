"""What Okta makes of an answer (okta:3 to okta:8, and "How one server answer fares" of idp-dialects.md).

Rule: data only. ``answer`` is one of ``answers.kinds``, so that a failed act finds its consequence here.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import Reaction

_TASK = "the task fails and waits under Dashboard > Tasks until an admin presses Retry"
_WAITS = "Okta tries nothing more by itself: the user stays as they are until an admin presses Retry."
_LATER = "Okta holds the job back and sends it again by itself; it gives up for good after ten attempts."

REACTIONS = (
    Reaction("404 to a look-up", "taken as nobody found; a create follows", "doc", "okta:3 [O1]"),
    Reaction("several matches", "the first one is linked, whoever it is", "doc", "okta:3 [O1]"),
    Reaction("inactive found", "switched on, then the profile is pushed", "doc", "okta:3, okta:5 [O1, O2]"),
    Reaction("inactive hidden from the look-up", "created again with the same externalId, and 409 comes back",
             "inferred", "okta:5", "Okta finds nobody, creates the user a second time, and the task fails at the 409."),
    Reaction("still inactive", "“delay in reactivating remote User”: the provision job is scheduled again", "observed",
             "okta:5 [O18]", "Okta thinks that the target is slow and schedules the job again, and again."),
    Reaction("empty body", "“Create new user returned empty user.”: the task fails", "doc", "okta:3 [O1]",
             "Okta has no id to link: it counts the user as not created, while the account is there."),
    Reaction("no id", "“Create new user returned empty user.”: the task fails", "inferred", "okta:3 [O1]",
             "Okta has no id to link: it counts the user as not created, while the account is there."),
    Reaction("200 to a create with the user that is there", "taken as success", "observed", "okta:3 [O19]"),
    Reaction("204 to an update", "taken as success", "doc", "okta:8 [O1]"),
    Reaction("no totalResults", "an import and the credentials test fail", "doc", "okta:2 [O1]",
             "Okta cannot read the list: the credentials test fails, and provisioning is not switched on."),
    Reaction("totalResults no integer", "an import and the credentials test fail", "doc", "okta:2 [O1]",
             "Okta wants a JSON number there: the credentials test fails, and provisioning is not switched on."),
    Reaction("no JSON", "the parser's words are shown: “Unrecognized token …”", "observed", "okta:8 [O19]",
             "Okta shows its parser's complaint instead of what the target meant to say. " + _WAITS),
    Reaction("400", _TASK, "doc", "okta:8 [O16, O17]", _WAITS),
    Reaction("401 to a look-up", "“Error while verifying if user exists: Unauthorized”: the task fails", "doc",
             "okta:8 [O17]", "Okta takes the credentials for wrong: each assignment fails until an admin mends them."),
    Reaction("401", _TASK, "doc", "okta:8 [O16, O17]",
             "Okta takes the credentials for wrong: each job fails until an admin mends them."),
    Reaction("403", _TASK, "doc", "okta:8 [O16, O17]", _WAITS),
    Reaction("404 to a read", "“Matching user not found”: the task fails, nobody is created again", "doc",
             "okta:4 [O16]", "Okta keeps the id it had and never creates the user again; an admin has to unlink them."),
    Reaction("404 to an update", "“Matching user not found”: the task fails, nobody is created again", "doc",
             "okta:4 [O16]", "Okta keeps the id it had and never creates the user again; an admin has to unlink them."),
    Reaction("409 to a create", "the job stops, the task is shown as failed", "doc", "okta:3 [O1]",
             "Okta takes the user for somebody else's account, stops, and shows a failed task."),
    Reaction("409", _TASK, "doc", "okta:8 [O16, O17]", _WAITS),
    Reaction("412", _TASK, "inferred", "okta:8", _WAITS),
    Reaction("429 with Retry-After in seconds", "waits exactly so long and sends it again; ten attempts in all", "doc",
             "okta:8 [O2]", _LATER),
    Reaction("429 with Retry-After as a date", "waits 5 minutes, then twice as long each time", "doc", "okta:8 [O2]",
             _LATER),
    Reaction("429 with a malformed Retry-After", "waits 5 minutes, then twice as long each time", "doc", "okta:8 [O2]",
             _LATER),
    Reaction("429 without Retry-After", "waits 5 minutes, then twice as long each time", "doc", "okta:8 [O2]", _LATER),
    Reaction("501 to an update", "the deprovision becomes a manual task; there is no fall-back to PUT", "observed",
             "okta:5 [O8]", "Okta leaves it to a manual task: nobody switches the user off until somebody does it."),
    Reaction("5xx", _TASK, "doc", "okta:8 [O16]", _WAITS),
    Reaction("timeout", "failed after 60 seconds", "doc", "okta:1, okta:8 [O4]",
             "Okta gives up after a minute without knowing whether the target did it. " + _WAITS),
    Reaction("reset", "the task fails", "inferred", "okta:8", _WAITS),
    Reaction("no answer", "the task fails", "inferred", "okta:8", _WAITS),
    Reaction("a group push that failed", "the mapping is in Error state until an admin acts", "doc", "okta:6 [O13]",
             "Okta stops pushing the group: its members are sent no more until an admin acts."),
    Reaction("rows missing from an import", "users who are missing count as deleted where the app is the source", "doc",
             "okta:7 [O2]", "Okta takes whoever is missing for deleted."),
)
