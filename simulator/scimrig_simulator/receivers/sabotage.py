"""Ways to break the sample receiver, as developers have done it, and sound but awkward variants of it, by name.

Rule: a table; what each one does is in ``distrusting``, ``answering``, ``repeating`` and ``mirroring``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scimrig_simulator.receivers import answering, distrusting, mirroring, repeating
from scimrig_simulator.receivers.mirror import Mirror
from scimrig_simulator.receivers.receiver import Receiver
from scimrig_simulator.receivers.verification import Verifier


@dataclass(frozen=True, slots=True)
class Twist:
    """A way to break the sample receiver, or to make it awkward. title: one line;  breaks: what comes of it."""

    name: str
    title: str
    breaks: str
    receiver: type[Receiver]


def _verifying(verifier: type[Verifier]) -> type[Receiver]:
    return type(f"{verifier.__name__}Receiver", (Receiver,), {"verifying": verifier})


def _mirroring(mirror: type[Mirror]) -> type[Receiver]:
    return type(f"{mirror.__name__}Receiver", (Receiver,), {"mirroring": mirror})


def _table(*twists: Twist) -> dict[str, Twist]:
    return {twist.name: twist for twist in twists}


FAULTS: Mapping[str, Twist] = _table(
    Twist("signature-not-checked", "Any signature will do",
          "Whoever knows the URL creates and removes users.", _verifying(distrusting.Unchecked)),
    Twist("unsigned-let-through", "A delivery without a signature is let through",
          "Leaving the header out is all that a forger has to do.", _verifying(distrusting.UnsignedLetThrough)),
    Twist("only-the-id-checked", "The id is looked at, and nothing else",
          "Ids are guessed or copied; the body is anybody's.", _verifying(distrusting.OnlyTheId)),
    Twist("id-from-body", "The id is read from the body instead of the header",
          "A delivery is replayed under a new id and taken for news.", _verifying(distrusting.IdFromBody)),
    Twist("timestamp-not-checked", "The timestamp is signed, but may be of any age",
          "A delivery that was captured once can be replayed for ever.", _verifying(distrusting.Timeless)),
    Twist("future-not-checked", "A timestamp in the future is fresh",
          "A sender with a wrong clock makes deliveries that can be replayed until then.",
          _verifying(distrusting.FutureWelcome)),
    Twist("one-minute-tolerance", "A timestamp may be a minute off, no more",
          "Deliveries of a sender whose clock is two minutes off are lost.", _verifying(distrusting.OneMinute)),
    Twist("timestamp-nan", "The timestamp is read as a float, so that nan is fresh",
          "The check of the timestamp holds nobody back.", _verifying(distrusting.NotANumber)),
    Twist("odd-timestamp-500", "A timestamp that is no number crashes it",
          "A probe from the internet fills the log with tracebacks.", _verifying(distrusting.OddTimestampCrashes)),
    Twist("timestamp-not-signed", "The signature may be that of another second",
          "A captured delivery lives as long as the search for its second.", _verifying(distrusting.TimestampUnsigned)),
    Twist("reserialised", "The body is parsed and printed again before it is verified",
          "No delivery is ever genuine, or only those of one encoder.", _verifying(distrusting.Reserialised)),
    Twist("reserialised-compactly", "The body is parsed and printed again in compact form before it is verified",
          "It works until the sender prints differently, and verifies bytes that nobody sent.",
          _verifying(distrusting.ReserialisedCompactly)),
    Twist("first-signature-only", "Only the first signature is looked at",
          "While the secret is replaced, every delivery is refused.", _verifying(distrusting.FirstEntry)),
    Twist("last-signature-only", "Only the last signature is looked at",
          "While the secret is replaced, every delivery is refused.", _verifying(distrusting.LastEntry)),
    Twist("unknown-version-refused", "A signature of another version beside ours spoils the delivery",
          "The day the sender adds a second scheme, nothing arrives any more.", _verifying(distrusting.UnknownVersion)),
    Twist("version-ignored", "The version of a signature is not looked at",
          "A scheme that is withdrawn for its weakness goes on being accepted.",
          _verifying(distrusting.VersionIgnored)),
    Twist("empty-signature-accepted", "As many characters of a signature are compared as were sent",
          "An empty signature is always right.", _verifying(distrusting.EmptyMatches)),
    Twist("odd-signature-500", "A signature that cannot be decoded crashes it",
          "A probe from the internet fills the log with tracebacks.", _verifying(distrusting.OddSignatureCrashes)),
    Twist("empty-secret-accepted", "A second secret is configured, and is empty",
          "Whoever signs with no key at all is believed.", _verifying(distrusting.EmptySecret)),
    Twist("missing-header-500", "A header that is missing crashes it",
          "A probe from the internet fills the log with tracebacks.", _verifying(distrusting.MissingCrashes)),
    Twist("case-sensitive-headers", "Header names count in lower case only",
          "A proxy that writes them otherwise cuts the receiver off.", answering.CaseSensitive),
    Twist("ok-to-forgery", "A forged delivery is answered 200, and nothing is done",
          "The sender never learns that its secret is wrong, and every delivery is lost.", answering.OkToForgery),
    Twist("forgery-500", "A forged delivery is answered 500",
          "The sender tries again for a day, and the alarm goes off for nothing.", answering.ServerErrorToForgery),
    Twist("tells-the-signature", "The refusal tells the signature that would have been right",
          "A forger asks once, and is let in the second time.", answering.TellsTheSignature),
    Twist("echoes-people", "The answer repeats the event",
          "Personal data ends up in the sender's log of answers.", answering.EchoesPeople),
    Twist("utf-8-500", "A name outside ASCII crashes it", "Zoë never arrives.", answering.Ascii),
    Twist("latin-1", "The body is read as Latin-1", "Zoë is called ZoÃ«.", answering.Latin1),
    Twist("body-limit-100k", "A body over 100 kB is refused",
          "People in many groups never arrive; it is the default of a common framework.", answering.SmallBodies),
    Twist("unknown-event-500", "An event of an unknown type crashes it",
          "The day the sender adds one, its ladder of retries fills up.", answering.UnknownCrashes),
    Twist("unknown-event-refused", "An event of an unknown type is refused",
          "The sender tries again for a day, and may switch the endpoint off.", answering.UnknownRefused),
    Twist("group-event-500", "An event about a group is read as one about a user",
          "The first group in the directory stops the queue.", answering.GroupsCrash),
    Twist("unknown-member-refused", "An event with a member that is new is refused",
          "The day the sender adds one, nothing arrives any more.", answering.StrictMembers),
    Twist("junk-500", "A signed body that is no JSON crashes it", "One broken event is tried for a day.",
          answering.JunkCrashes),
    Twist("get-500", "A GET crashes it", "Every health check and every crawler raises an alarm.", answering.GetCrashes),
    Twist("too-slow", "It answers after eleven seconds",
          "The sender has given up by then, and tries again: everything happens several times.", answering.Slow),
    Twist("nothing-done", "It answers 200 and does nothing", "Nobody ever arrives.", answering.NoEffect),
    Twist("no-dedupe", "The same delivery has effect as often as it comes",
          "At-least-once means that somebody is welcomed twice.", repeating.NoDedupe),
    Twist("repeat-409", "A repeat is answered 409",
          "The sender takes its own retry for a failure, and goes on trying.", repeating.RepeatRefused),
    Twist("dedupe-race", "Two copies at the same moment both have effect",
          "Senders that retry after a time-out overlap with the first attempt.", repeating.Race),
    Twist("seen-before-done", "The id is noted before the work is done",
          "What failed once is taken for done, and is lost.", repeating.SeenBeforeDone),
    Twist("replays-applied", "Whatever comes is done, however old and however often",
          "A retry of an old event brings back who has left.", repeating.Replays),
    Twist("trusts-forever", "Neither id, nor age, nor order is looked at",
          "A delivery captured years ago brings back who has left.", repeating.TrustsForever),
    Twist("loses-under-load", "Every twenty-fifth event is lost", "Of a hundred joiners four are missing.",
          repeating.LosesUnderLoad),
    Twist("arrival-order-wins", "What arrives last wins",
          "A retry of an old event undoes a newer one.", _mirroring(mirroring.LastWins)),
    Twist("updates-ignored", "An update has no effect", "Everybody keeps the name they came with.",
          _mirroring(mirroring.UpdatesIgnored)),
    Twist("update-of-unknown-dropped", "An update of somebody unknown is dropped",
          "Webhooks overtake each other, and the newer one is lost.", _mirroring(mirroring.UpdateOfUnknownDropped)),
    Twist("deleted-ignored", "A deletion has no effect", "Leavers stay.", _mirroring(mirroring.DeletedIgnored)),
    Twist("deactivated-ignored", "Only reason=deleted removes somebody",
          "Identity providers switch people off rather than delete them: leavers stay.",
          _mirroring(mirroring.DeactivatedIgnored)),
    Twist("no-return", "Who has left cannot come back", "People back from leave stay locked out.",
          _mirroring(mirroring.NoReturn)),
    Twist("no-tombstone", "With a leaver goes the memory of when they left",
          "A late event brings them back.", _mirroring(mirroring.NoTombstone)),
    Twist("times-as-text", "Times are compared as text", "Two events within a second change places.",
          answering.TimesAsText),
    Twist("whole-seconds", "Times are compared by the second", "Two events within a second change places.",
          _mirroring(mirroring.WholeSeconds)),
    Twist("reconcile-forgets-deletions", "Reconciliation never removes anybody",
          "Whose deletion was missed stays for ever.", _mirroring(mirroring.ForgetsDeletions)),
    Twist("reconcile-only-adds", "Reconciliation adds who is missing and compares nothing",
          "A change that was missed is never made good.", _mirroring(mirroring.OnlyMissing)),
    Twist("reconcile-keeps-inactive", "Reconciliation takes everybody who is listed for active",
          "Whoever was switched off is let in again.", _mirroring(mirroring.InactiveStays)),
    Twist("reconcile-first-page", "Reconciliation reads the first page of users",
          "Whoever stands on the second page is removed.", answering.FirstPage),
    Twist("reconcile-nothing", "Reconciliation does nothing", "What was missed stays missed.",
          answering.ReconcileNothing),
    Twist("reconcile-without-time", "Reconciliation forgets when rows last changed",
          "The next late webhook undoes it.", _mirroring(mirroring.ReconciledWithoutTime)),
    Twist("reconcile-without-tombstone", "Reconciliation forgets who has left",
          "The next late webhook brings them back.", _mirroring(mirroring.ReconciledWithoutTombstone)),
)
"""Ways to break it, by name."""

VARIANTS: Mapping[str, Twist] = _table(
    Twist("answers-204", "It answers 204", "", repeating.NoContent),
    Twist("works-later", "It answers 202 and works within a second", "", repeating.Later),
    Twist("busy-at-first", "It answers 503 to the first attempt at everything", "", repeating.Unavailable),
    Twist("keeps-no-leavers", "It keeps no row of who has left", "", _mirroring(mirroring.Forgetful)),
    Twist("refuses-with-401", "It refuses with 401 and no words", "", repeating.Unauthorized),
    Twist("get-200", "It answers GET with 200", "", repeating.GetWelcome),
)
"""Sound but awkward: nothing may fail on them."""
