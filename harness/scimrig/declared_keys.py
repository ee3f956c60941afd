"""What may be declared in a target file, key by key.

A test holds ``KEYS`` together with the structure of a target file, ``scenarios/target-file.schema.json``; what the
calls among them may say stands in ``declared_calls.py``.

Rule: plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TABLES = (
    "consistency", "policy", "roles", "deprovision", "normalized", "webhooks", "directory_api", "write_api", "audit",
    "second_tenant", "oauth", "hooks", "consumer",
)
"""The tables of a target file that hold declarations."""

_CALL = '{method = "PUT", path = "/…"}'


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that may be declared.

    title:   what it promises or names, one line
    example: what stands behind the ``=``, as TOML
    default: what holds where it is not declared (``Declarations.setting``); None = nothing is promised
    """

    title: str
    example: str
    default: Any = None


KEYS: Mapping[str, Key] = {
    "consistency.within": Key("seconds after which reads show a write; without it: at once", "3", 0),
    "policy.email_change": Key(
        "what a write that changes an e-mail address does: it is refused, it leaves the address as it was,"
        " or it changes the address",
        '"reject", "ignore" or "allow"',
    ),
    "policy.allowed_domains": Key(
        "the only e-mail domains whose users are taken; others are refused when created, changed or reactivated",
        '["acme.test"]',
    ),
    "policy.foreign_domain": Key(
        "an e-mail domain that is refused, for the people who must not get in", '"contractor.test"',
        "not-registered.test",
    ),
    "policy.subdomains_match": Key("whether a sub-domain of an allowed domain is allowed too", "true or false", False),
    "policy.domain_enforce_on": Key(
        "what is refused to people of a domain that is no longer among those allowed",
        '["create", "reactivate", "update"]',
    ),
    "policy.email_required": Key("whether a user without an e-mail address is refused", "true or false"),
    "policy.email_unique": Key("whether a second user with the same e-mail address is refused", "true or false"),
    "policy.conflict": Key(
        "who wins where SCIM and the product's own API write the same: whoever wrote last, or one of them always",
        '"last_write_wins", "scim_exclusive" or "api_exclusive"',
    ),
    "policy.token_rotation": Key(
        "what hooks.rotate_token does to the token before it: both work for a while, or only the new one does",
        '"overlap" or "replace"',
    ),
    "roles.default": Key("the role of a user to whom no group gives another", '"member"'),
    "roles.default_mode": Key(
        "whether the default role is for whoever has no other, or comes on top of the others",
        '"fallback" or "additive"', "fallback",
    ),
    "roles.assignable": Key("roles that hooks.map_group may give, at least one", '["developer", "admin"]'),
    "roles.cardinality": Key(
        "what somebody in several mapped groups has: all of their roles, or one", '"union" or "one"'
    ),
    "roles.apply": Key(
        "when a change of groups reaches somebody's roles; only what is continuous can be watched",
        '"continuous", "on_create" or "on_login"', "continuous",
    ),
    "roles.mapping": Key(
        "groups by their names that give a role already, where no call (hooks.map_group) gives one",
        '{Engineering = "developer"}',
    ),
    "roles.from_scim_attribute": Key(
        "whether the roles that an IdP sends as an attribute of a user are roles in the product", "true or false", False
    ),
    "roles.readback": Key(
        "the call that tells a user's roles; read points at each of them",
        '{method = "GET", path = "/…/{user_id}/…", read = "/roles/*"}',
    ),
    "deprovision.mode": Key("what active=false does: the user stays readable, or is gone", '"soft" or "hard"'),
    "deprovision.delete": Key(
        "what DELETE does: the user is gone, only SCIM no longer shows them, or it is not offered",
        '"hard", "soft" or "unsupported"', "hard",
    ),
    "deprovision.reactivate": Key("whether active=true lets somebody come back", "true or false", True),
    "deprovision.max_latency_ms": Key("milliseconds after which a deactivated user is out", "5000", 5000),
    "deprovision.access_probe": Key(
        "the call that tells whether a user may come in: true or false where read points,"
        " or without read 2xx for yes and 401 or 403 for no",
        '{method = "GET", path = "/…/{user_id}/…", read = "/allowed"}',
    ),
    "normalized.readback": Key(
        "the call that tells a user as the product sees them, whatever IdP they came by",
        '{method = "GET", path = "/…/{user_id}"}',
    ),
    "normalized.map": Key(
        "where in that answer things stand, as JSON Pointers", '{email = "/email", given_name = "/first_name"}'
    ),
    "normalized.custom": Key(
        "where mapped attributes stand in it, by names of your own, as JSON Pointers",
        '{badge = "/custom_attributes/badge"}',
    ),
    "webhooks.signing": Key(
        "how webhooks are signed",
        '"standard-webhooks", "scalekit", "svix", "workos", "hmac-sha256" or "none"',
    ),
    "webhooks.hmac": Key(
        'what is signed and how, where webhooks.signing is "hmac-sha256"',
        '{header = "x-signature", prefix = "sha256=", encoding = "hex", key = "text", signed = "{body}"}',
    ),
    "webhooks.secret": Key(
        "where the signing secret is, unless the answer to webhooks.register tells it", '"env:WEBHOOK_SECRET"'
    ),
    "webhooks.register": Key(
        "the call that has webhooks sent to {url}; read points at the signing secret in its answer",
        '{method = "PUT", path = "/…", body = {url = "{url}"}, read = "/secret"}',
    ),
    "webhooks.unregister": Key("the call that ends what webhooks.register began", '{method = "DELETE", path = "/…"}'),
    "webhooks.success": Key("answers that the sender takes for delivered", "[200, 201]", (200,)),
    "webhooks.retry_schedule": Key(
        "seconds before attempt 1, 2 and so on, each counted from the failure before it", "[0, 5, 300]"
    ),
    "webhooks.rotation_overlap_s": Key(
        "seconds for which webhooks are signed with the secret before hooks.rotate_webhook_secret as well", "86400"
    ),
    "webhooks.ordering": Key(
        "whether webhooks about one resource come in the order of its changes; seen by the time and the subject that"
        " webhooks.envelope points at",
        '"none" or "per_resource"',
        "none",
    ),
    "webhooks.tolerance_s": Key("seconds by which a timestamp may be off", "300", 300),
    "webhooks.max_first_attempt_ms": Key("milliseconds after which the first attempt has been made", "10000", 10_000),
    "webhooks.suppress_noop": Key("whether a write that changes nothing is not announced", "true or false"),
    "webhooks.timeout_s": Key("seconds that the sender waits for an answer", "10", 10),
    "webhooks.public_url": Key(
        "how the target reaches scimrig's sink; needed where the target is not on this machine",
        '"https://tunnel.example.com/sink"',
    ),
    "webhooks.listen": Key("where scimrig's sink listens, port 0 for any free one", '"127.0.0.1:8787"', "127.0.0.1:0"),
    "webhooks.events": Key(
        "what the target calls its events; those that are named can be awaited",
        '{user_created = "…", user_updated = "…", user_deleted = "…"}',
    ),
    "webhooks.envelope": Key(
        "where in a delivery things stand, as JSON Pointers: the type of the event, its id, its time, and the id of"
        " what it is about (subject)",
        '{type = "/type", time = "/occurred_at", subject = "/data/id"}',
        {"type": "/type"},
    ),
    "directory_api.list_users": Key(
        "the call that lists users, a page at a time",
        '{method = "GET", path = "/…", items = "/users/*", next = "/next_page_token", page_param = "page_token"}',
    ),
    "directory_api.map": Key(
        "where in one of them things stand, as JSON Pointers; without it: as in normalized.map",
        '{email = "/email", active = "/active"}',
    ),
    "write_api.update_user": Key(
        "the call that gives a user another given name: {value}",
        '{method = "PATCH", path = "/…/{user_id}", body = {given_name = "{value}"}}',
    ),
    "write_api.assign_role": Key(
        "the call that gives a user a role", '{method = "POST", path = "/…/{user_id}/roles", body = {role = "{role}"}}'
    ),
    "write_api.remove_role": Key(
        "the call that takes a role from a user", '{method = "DELETE", path = "/…/{user_id}/roles/{role}"}'
    ),
    "write_api.invite_user": Key(
        "the call that makes a user beside SCIM", '{method = "POST", path = "/…", body = {email = "{email}"}}'
    ),
    "write_api.delete_user": Key(
        "the call that deletes a user beside SCIM", '{method = "DELETE", path = "/…/{user_id}"}'
    ),
    "audit.list": Key(
        "the call that tells who did what; read points at each entry",
        '{method = "GET", path = "/…?since={since}", read = "/entries/*"}',
    ),
    "audit.fields": Key(
        "where in an entry things stand, as JSON Pointers",
        '{action = "/action", outcome = "/outcome", target = "/target/email", reason = "/reason"}',
    ),
    "second_tenant.base_url": Key(
        "where the SCIM service of another tenant starts; only there are tokens and switches played with",
        '"https://api.example.com/other/scim/v2"',
    ),
    "second_tenant.token": Key(
        "where its bearer token is, unless hooks.issue_token tells one", '"env:SECOND_TOKEN"'
    ),
    "oauth.token_url": Key(
        "where an OAuth client asks for an access token to the SCIM service (RFC 6749 §4.4)", '"/oauth/token"'
    ),
    "oauth.client_id": Key("the client that asks for it", '"client_123"'),
    "oauth.client_secret": Key(
        "where its secret is; without it: the target's own token is the secret", '"env:OAUTH_SECRET"'
    ),
    "oauth.client_assertion": Key(
        "where a token of another issuer is, which a client of a federated identity shows in place of a secret"
        " (RFC 7523 §2.2)",
        '"cmd:az account get-access-token --query accessToken -o tsv"',
    ),
    "hooks.base_url": Key(
        "where the paths of declared calls begin; without it: the origin of the target's base_url",
        '"https://api.example.com"',
    ),
    "hooks.token": Key(
        "where the bearer token for declared calls is; without it: the target's own, to its own origin only",
        '"env:HOOKS_TOKEN"',
    ),
    "hooks.before_run": Key("calls that set the target up before a run", f"[{_CALL}]"),
    "hooks.after_run": Key("calls that put things back after a run", f"[{_CALL}]"),
    "hooks.map_group": Key(
        "the call that has the members of a group given a role",
        '{method = "PUT", path = "/…/{group_id}", body = {role = "{role}"}}',
    ),
    "hooks.unmap_group": Key(
        "the call that takes that role from the members of the group again",
        '{method = "DELETE", path = "/…/{group_id}"}',
    ),
    "hooks.set_domains": Key(
        "the call that registers these e-mail domains and no others",
        '{method = "PUT", path = "/…", body = {domains = "{domains}"}}',
    ),
    "hooks.set_scim_enabled": Key(
        "the call that switches SCIM on or off for the second tenant: {enabled} is true or false, {verb} enable or"
        " disable",
        '{method = "PUT", path = "/…", body = {enabled = "{enabled}"}}',
    ),
    "hooks.set_directory_enabled": Key(
        "the call that switches the directory of the second tenant on or off", '{method = "POST", path = "/…:{verb}"}'
    ),
    "hooks.set_ip_allowlist": Key(
        "the call that has the second tenant answer these addresses only, and everybody where there are none",
        '{method = "PUT", path = "/…", body = {addresses = "{addresses}"}}',
    ),
    "hooks.issue_token": Key(
        "the call that gives the second tenant a token; read points at it",
        '{method = "POST", path = "/…", read = "/token"}',
    ),
    "hooks.rotate_token": Key(
        "the call that gives it the next token, as policy.token_rotation says",
        '{method = "POST", path = "/…", read = "/token"}',
    ),
    "hooks.replace_token": Key(
        "the call that gives it a new token and ends every other at once",
        '{method = "POST", path = "/…", read = "/token"}',
    ),
    "hooks.expire_token": Key(
        "the call that gives it a token which ends after {seconds}, or has {token} end then",
        '{method = "POST", path = "/…", body = {expires_in = "{seconds}"}, read = "/token"}',
    ),
    "hooks.rotate_webhook_secret": Key(
        "the call that changes the secret of the webhooks; read points at the new one",
        '{method = "POST", path = "/…", read = "/secret"}',
    ),
    "hooks.register_plain_http": Key(
        "the call that has webhooks sent to {url}, an http:// address, which must be refused",
        '{method = "POST", path = "/…", body = {url = "{url}"}}',
    ),
    "hooks.portal_link": Key(
        "the call that makes a link to the set-up portal; read points at it",
        '{method = "PUT", path = "/…", read = "/link/location"}',
    ),
    "hooks.advance_clock": Key(
        "the call that moves the target's clock on by {seconds}; test servers only",
        '{method = "POST", path = "/…", body = {seconds = "{seconds}"}}',
    ),
    "consumer.url": Key("where a receiver of webhooks takes them", '"https://app.example.com/webhooks"'),
    "consumer.secret": Key("where the secret is that the receiver verifies signatures with", '"env:WEBHOOK_SECRET"'),
    "consumer.signing": Key(
        "how deliveries to the receiver are signed; what is not signed so is refused (Standard Webhooks, verification)",
        '"standard-webhooks", "scalekit", "svix", "workos" or "hmac-sha256"', "standard-webhooks",
    ),
    "consumer.hmac": Key(
        'what is signed and how, where consumer.signing is "hmac-sha256"', '{header = "X-Signature", encoding = "hex"}'
    ),
    "consumer.success": Key("answers of the receiver that mean: taken; without it: any 2xx", "[200, 202, 204]"),
    "consumer.timeout_s": Key("seconds that scimrig waits for the receiver's answer, as senders do", "10", 10),
    "consumer.within_s": Key("seconds after which a delivery that was taken has had its effect", "5", 5),
    "consumer.tolerance_s": Key(
        "seconds by which a timestamp may be off; a delivery that is older or younger is refused", "300", 300
    ),
    "consumer.max_body_kb": Key("kilobytes of the largest delivery that the receiver takes", "128", 128),
    "consumer.dedupe": Key("whether a delivery that comes again, under the same id, has no second effect", "true"),
    "consumer.order": Key(
        "what decides between two events about somebody: when they occurred, or when they arrived",
        '"occurred_at", "arrival" or "none"',
    ),
    "consumer.state_probe": Key(
        "the call that shows the receiver's mirror of a user: 404 or 410 for nobody; consumer.state says where to look",
        '{method = "GET", path = "/…/{user_id}"}',
    ),
    "consumer.state": Key(
        "where in the answer of consumer.state_probe things stand, as JSON Pointers",
        '{active = "/active", email = "/email", name = "/name"}',
    ),
    "consumer.reconcile": Key(
        "the call that has the receiver read the directory API at {api_url} once, and bring its mirror into line",
        '{method = "POST", path = "/…", body = {api_url = "{api_url}"}}',
    ),
    "consumer.listen": Key(
        "where scimrig serves that directory API, port 0 for any free one", '"127.0.0.1:8788"', "127.0.0.1:0"
    ),
    "consumer.public_url": Key(
        "how the receiver reaches it; needed where the receiver is not on this machine",
        '"https://tunnel.example.com/api"',
    ),
    "consumer.organization_id": Key(
        "the organization that deliveries and the directory API speak of", '"org_scimrig"', "org_scimrig"
    ),
    "consumer.directory_id": Key("its directory", '"dir_scimrig"', "dir_scimrig"),
}
"""Dotted key → what it means. The order is that of a target file."""
