"""What the ids of findings mean that no standing check makes: for ``scimrig explain``.

Rule: words only, one line each; what is judged and how is in ``frame.py``, ``acts.py``, ``fates.py``,
``watched.py``, ``deliveries.py``, ``attempts.py``, ``expectations.py``, ``twins.py`` and ``surveyed.py``.
"""

from __future__ import annotations

_FRAME = {
    "effect": "the target answered 2xx, yet what was asked for is not there",
    "loss": "the target answered 2xx and also took away or changed something that nobody asked it to touch",
    "extra": "the target answered 2xx and also added something that nobody asked for",
    "found": "a look-up by id, by filter or in the list does not find a row that must be there, or still finds one",
    "stale": "one way of looking a row up shows other values than the others",
    "bystander": "a row that the act was not about has changed",
    "foreign-row": "a look-up answered with somebody else's row, which the identity provider would now overwrite",
}
_PROMISE = {
    "refused": "an act that is promised to be refused was accepted, or answered with something that refuses nothing",
    "atomic": "an act was refused as promised, and took effect in part all the same",
    "form": "an act was refused as promised, but not in SCIM's words",
    "ignored": "an address that is promised to stay as it was has changed, or took the rest of the act with it",
    "roles": "a user has other roles than those that are promised",
    "access": "a user may come in, or may not, against what is promised of leavers and returners",
    "call": "a declared call was accepted where it must be refused, or tells something else than it must",
    "profile": "the product shows a user otherwise than the directory has them",
    "listing": "the product's own listing of users does not agree with SCIM",
    "audit": "the audit log lacks an entry, has one too many, or holds a secret",
}
_WEBHOOK = {
    "missing": "nothing came about somebody of whom there was something to tell",
    "event": "something came, yet not the event that was due",
    "late": "the first attempt came later than is promised",
    "order": "somebody's older state was told after a newer one had been taken",
    "silence": "a write that was refused, or changed nothing, was announced all the same",
    "signature": "a receiver that verifies signatures drops it: there is none, it cannot be read, or it is wrong",
    "unverified": "the secret is not known, or its body is too large: nobody can tell whether it is well signed",
    "timestamp": "its timestamp is too far off, or a retry has that of an earlier attempt",
    "id": "a retry came under a new id, or one id stands for several events",
    "retry": "a failed attempt was not tried again, or not when it is promised, or a successful one was",
    "rotation": "after a change of the secret it is signed with the wrong ones",
    "secret": "its body holds a password or a credential",
}
_CONSUMER = {
    "silent": "the receiver does not answer a delivery at all, or not in time",
    "slow": "it answers later than senders wait, so that they try again",
    "crash": "it answers 5xx, which makes senders try again and alarms go off",
    "refused": "it does not take a genuine delivery",
    "accepted": "it does not refuse a forged delivery with 4xx",
    "form": "it refuses a forged delivery with a status of another meaning",
    "effect": "a delivery that was taken has not had its effect",
    "no-effect": "a delivery that must have no effect has had one",
    "repeat": "a delivery that came several times had several effects",
    "leak": "its answer tells a secret, or the signature that would have been right",
    "private": "its answer repeats personal data",
}
_SURVEY = {
    "tls": "the base URL is https, so that nobody on the way can read tokens",
    "users": "users can be created and read",
    "groups": "groups can be created and read",
    "filter": "users can be looked up by a filter",
    "patch": "PATCH works as advertised",
    "put": "PUT works",
    "delete": "DELETE works",
    "enterprise": "the enterprise extension is kept",
    "config": "there is a ServiceProviderConfig",
    "schemas": "there is a Schemas endpoint",
    "resource-types": "there is a ResourceTypes endpoint",
    "attributes": "what a create sends is kept",
    "email-type": "an e-mail keeps its type",
    "required": "a userName is enough to be created",
    "normalised": "values come back as they were sent",
}

_TWIN = {
    "differs": "the same change was sent by two identity providers that both count it as done, and the target now holds"
    " something else by the one than by the other",
}

JUDGEMENTS = {
    "outcome": "the identity provider's act failed: the target refused what the provider needs, or answered nonsense",
    "expect": "the answer to a probe, or what it did, is none of those that the scenario allows",
    "check": "the state that a scenario checks is not as it says",
    **{f"frame/{name}": f"after minus before must equal the intent: {what}" for name, what in _FRAME.items()},
    **{f"promise/{name}": f"the target file promises it: {what}" for name, what in _PROMISE.items()},
    **{f"webhook/{name}": f"the target file promises webhooks: {what}" for name, what in _WEBHOOK.items()},
    **{f"consumer/{name}": f"a receiver of webhooks is judged: {what}" for name, what in _CONSUMER.items()},
    "cycle/writes": "a second cycle over an unchanged directory still writes: the target holds something else than"
    " it was sent, and says so each time",
    "import/missed": "an identity provider that reads the whole list does not find everybody who is there",
    **{f"twin/{name}": f"a twin run compares two dialects: {what}" for name, what in _TWIN.items()},
    **{f"survey/{name}": f"found out once before anything is judged: {what}" for name, what in _SURVEY.items()},
}
