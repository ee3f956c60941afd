"""What may stand in a target file, for whom it holds, and what is said about each way of getting it wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig import presets
from scimrig.declarations import KEYS, TABLES, Declarations
from scimrig.scenario.load import scenario_root
from scimrig.target import RefSpec, Target, TargetError, TargetFile, from_argument, load_target_file
from scimrig.target_file import SCHEMA_NAME, overlaid
from scimrig_simulator import faults

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMED = """
[targets.staging]
base_url = "https://api.example.com/scim/v2/"
token = "env:STAGING_TOKEN"
dialects = ["okta", "entra"]
email_domain = "test.example.org"
"""
PROMISES = """
email_domain = "acme.test"
[policy]
email_change = "reject"
allowed_domains = ["acme.test"]
[roles]
assignable = ["developer"]
readback = {method = "GET", path = "/members/{user_id}/roles", read = "/roles/*"}
[webhooks]
signing = "standard-webhooks"
register = {method = "PUT", path = "/webhook", body = {url = "{url}"}, read = "/secret"}
[hooks]
before_run = [{method = "PUT", path = "/domains", body = {domains = ["acme.test"]}}]
map_group = {method = "PUT", path = "/roles/{group_id}", body = {role = "{role}"}}
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Any:
    def load(text: str) -> TargetFile:
        path = tmp_path / "scimrig.toml"
        path.write_text(text, encoding="utf-8")
        return load_target_file(path)

    return load


def target(text: str | None, file: TargetFile | None, **env: str) -> Target:
    return from_argument(text, file, {"STAGING_TOKEN": "t0ken", **env})


# For whom it holds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["ref:", "http://127.0.0.1:9/scim/v2", "staging"])
def test_what_stands_at_the_top_holds_for_every_target(loaded: Any, argument: str) -> None:
    file = loaded(PROMISES + '[targets.staging]\nbase_url = "https://api.example.com/scim/v2"\n')
    found = target(argument, file)
    assert found.email_domain == "acme.test"
    assert found.declared.value("policy.email_change") == "reject"
    assert found.declared.value("hooks.before_run")[0]["path"] == "/domains"


def test_a_named_target_replaces_single_keys_and_inherits_the_others(loaded: Any) -> None:
    text = PROMISES + NAMED.replace("test.example.org", "acme.test") + (
        '[targets.staging.policy]\nemail_change = "allow"\n'
        '[targets.staging.roles]\nreadback = {method = "GET", path = "/r/{email}", read = "/0"}\n'
    )
    found = target("staging", loaded(text)).declared
    assert found.value("policy.email_change") == "allow"
    assert found.value("policy.allowed_domains") == ["acme.test"]
    assert found.value("roles.readback") == {"method": "GET", "path": "/r/{email}", "read": "/0"}
    assert found.value("roles.assignable") == ["developer"]


def test_another_target_does_not_hear_of_it(loaded: Any) -> None:
    text = NAMED + '[targets.staging.policy]\nemail_change = "allow"\n[targets.other]\nbase_url = "https://o.example"\n'
    assert target("other", loaded(text)).declared.value("policy.email_change") is None


TABLES_OF = st.dictionaries(
    st.sampled_from("abc"),
    st.one_of(st.integers(), st.dictionaries(st.sampled_from("xyz"), st.one_of(st.integers(), st.just({"k": 1})))),
)


@given(TABLES_OF, TABLES_OF)
def test_laying_over_keeps_what_is_above_and_fills_in_from_below(below: dict[str, Any], above: dict[str, Any]) -> None:
    merged = overlaid(below, above)
    assert merged.keys() == below.keys() | above.keys()
    for key, value in merged.items():
        if isinstance(above.get(key), dict) and isinstance(below.get(key), dict):
            assert value == {**below[key], **above[key]}
        else:
            assert value == above.get(key, below.get(key))


def test_the_policy_of_the_built_in_server_is_chosen_in_the_file(loaded: Any) -> None:
    file = loaded('[ref]\npolicy = "scalekit"\n')
    assert target("ref:", file).ref == RefSpec(policy="scalekit")
    assert target("ref:variant=patch-204", file).ref == RefSpec(variant="patch-204", policy="scalekit")
    assert target("ref:fault=noop-patch", file).ref == RefSpec(fault="noop-patch", policy="scalekit")
    assert target("ref:", None).ref == RefSpec(policy="open")


# Defaults --------------------------------------------------------------------------------------------------------


def test_people_live_where_they_are_allowed_to_unless_the_file_says_otherwise(loaded: Any) -> None:
    allowed = '[policy]\nallowed_domains = ["acme.test", "acme.example"]\n'
    assert target("ref:", loaded(allowed)).email_domain == "acme.test"
    assert target("ref:", loaded(f'email_domain = "acme.example"\n{allowed}')).email_domain == "acme.example"
    assert target("ref:", loaded("")).email_domain == "example.com"


def test_calls_begin_at_the_origin_of_the_target_unless_the_file_says_otherwise(loaded: Any) -> None:
    assert target("http://127.0.0.1:8080/scim/v2", loaded("")).hooks_base == "http://127.0.0.1:8080"
    assert target("https://[::1]:443/scim/v2", loaded("")).hooks_base == "https://[::1]"
    named = NAMED + '[targets.staging.hooks]\nbase_url = "https://internal.example.com/api/"\n'
    assert target("staging", loaded(named)).hooks_base == "https://internal.example.com/api"


def test_the_built_in_server_is_never_left_whatever_the_file_says(loaded: Any) -> None:
    file = loaded('[hooks]\nbase_url = "https://internal.example.com"\ntoken = "env:NOT_SET"\n')
    found = target("ref:", file)
    assert found.hooks_base == "http://localhost"
    assert found.hooks_token is None
    file = loaded('[hooks]\nafter_run = [{method = "POST", path = "https://internal.example.com/done"}]\n')
    with pytest.raises(TargetError, match=r"hooks\.after_run\[0\]\.path: .* leads out of the built-in server"):
        target("ref:", file)
    assert target("http://127.0.0.1:9", file).declared.value("hooks.after_run")


def test_it_is_known_where_declared_calls_go_beyond_the_target_and_this_machine(loaded: Any) -> None:
    text = (
        '[hooks]\nbase_url = "https://internal.example.com/api"\nbefore_run = [{method = "POST", path = "/a"},'
        ' {method = "POST", path = "https://api.example.com/b"}, {method = "POST", path = "http://127.0.0.1:9/c"},'
        ' {method = "POST", path = "https://ci.example.com:8443/d"}]\n'
    )
    assert target("https://api.example.com/scim", loaded(text)).called_elsewhere == (
        "https://ci.example.com:8443", "https://internal.example.com",
    )
    unused = '[hooks]\nbase_url = "https://internal.example.com"\n'
    assert target("http://127.0.0.1:9", loaded(unused)).called_elsewhere == ()
    assert target("ref:", loaded(PROMISES)).called_elsewhere == ()


# Secrets ---------------------------------------------------------------------------------------------------------


def test_each_secret_is_fetched_and_only_its_source_is_declared(loaded: Any) -> None:
    text = NAMED + (
        '[targets.staging.hooks]\ntoken = "cmd:printf h00ks%s -secret"\n'
        '[targets.staging.webhooks]\nsigning = "svix"\nsecret = "env:WH"\n'
    )
    found = target("staging", loaded(text), WH="whsec_c2VjcmV0")
    assert (found.hooks_token, found.webhook_secret) == ("h00ks-secret", "whsec_c2VjcmV0")
    assert set(found.secrets) == {"t0ken", "h00ks-secret", "whsec_c2VjcmV0"}
    assert found.declared.value("hooks.token") == "cmd:printf"
    assert found.declared.value("webhooks.secret") == "env:WH"
    for secret in found.secrets:
        assert secret not in repr(found)


@pytest.mark.parametrize(
    ("table", "key"), [("", "token"), ("[hooks]\n", "token"), ("[webhooks]\n", "secret")],
)
def test_a_secret_itself_is_refused_wherever_it_stands_and_not_repeated(loaded: Any, table: str, key: str) -> None:
    for value in ('"hunter2"', "20240101", '["hunter2"]', '"env:"'):
        with pytest.raises(TargetError, match="does not belong in this file") as caught:
            loaded(f"{table}{key} = {value}\n")
        assert "hunter2" not in str(caught.value)
        assert "20240101" not in str(caught.value)
        assert '"env:NAME", "file:PATH" or "cmd:COMMAND"' in str(caught.value)


def test_a_signing_secret_that_can_sign_nothing_is_refused_and_not_repeated(loaded: Any) -> None:
    text = NAMED + '[targets.staging.webhooks]\nsigning = "standard-webhooks"\nsecret = "env:WH"\n'
    with pytest.raises(TargetError, match="whsec_ and base64") as caught:
        target("staging", loaded(text), WH="whsec_n*t-b4se")
    assert "b4se" not in str(caught.value)
    with pytest.raises(TargetError, match=r"\[targets.staging\] webhooks.secret: .*WH is not set"):
        target("staging", loaded(text))


# Mistakes --------------------------------------------------------------------------------------------------------


def complaint(loaded: Any, text: str, argument: str | None = None) -> str:
    with pytest.raises(TargetError) as caught:
        target(argument, loaded(text))
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("base_url", "base_uri", ["[targets.staging]", "'base_uri'", "did you mean 'base_url'"]),
        ("[targets.staging]", "[target.staging]", ["'target'", "did you mean 'targets'"]),
        ("[targets.staging]", "", ["'base_url'", "[targets.NAME]"]),
        ('base_url = "https://api.example.com/scim/v2/"', "", ["[targets.staging] lacks base_url"]),
        ('"https://api.example.com/scim/v2/"', "7", ["[targets.staging] base_url", "a string", "not 7"]),
        ('["okta", "entra"]', '["okta", "entrra"]', ["'entrra'", "did you mean 'entra'"]),
        ('["okta", "entra"]', '"okta"', ["[targets.staging] dialects", "a list of names", 'not "okta"']),
        ('["okta", "entra"]', "[]", ["a list of names"]),
        ("test.example.org", "not a domain", ["email_domain", "a domain name"]),
        ("test.example.org", "ada@example.org", ["email_domain", "a domain name"]),
        ("[targets.staging]", '[targets."my target"]', ["[targets.my target]", "letters, digits"]),
        ("https://api", "ftp://api", ["[targets.staging] base_url", "it looks like https://"]),
        ("https://api", "https://ada:hunter2@api", ["no user or password"]),
        ("[targets.staging]", "[targets.staging", ["TOML"]),
        ("[targets.staging]", "[targets]\nstaging = 7\n[targets.other]", ["[targets.staging]", "a table", "not 7"]),
    ],
)
def test_a_mistake_about_a_server_names_file_key_and_what_was_meant(
    loaded: Any, old: str, new: str, words: list[str]
) -> None:
    told = complaint(loaded, NAMED.replace(old, new), "staging")
    for word in ["scimrig.toml", *words]:
        assert word in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[polcy]", ["'polcy'", "did you mean 'policy'"]),
        ('[policy]\nemail_chnage = "reject"', ["policy has an unknown key 'email_chnage'", "'email_change'"]),
        ('[policy]\nemail_change = "rejected"', ["policy.email_change", '"allow"', "did you mean 'reject'"]),
        ("[policy]\nemail_change = true", ["policy.email_change", "not true"]),
        ('[policy]\nallowed_domains = "acme.test"', ["policy.allowed_domains", "a list of domain names"]),
        ("[policy]\nallowed_domains = []", ["policy.allowed_domains"]),
        ('[policy]\nallowed_domains = ["a.test", "a.test"]', ["policy.allowed_domains names something twice"]),
        ('[policy]\nallowed_domains = ["@acme.test"]', ["policy.allowed_domains[0]", "a domain name"]),
        ('[policy]\nallowed_domains = ["acme.test\\n"]', ["policy.allowed_domains[0] ends in a line break"]),
        ('[policy]\nsubdomains_match = "yes"', ["policy.subdomains_match", "true or false"]),
        ("[consistency]\nwithin = -1", ["consistency.within", "a number of seconds", "not -1"]),
        ("[consistency]\nwithin = nan", ["consistency.within", "no number that JSON has"]),
        ("[consistency]\nwithin = inf", ["consistency.within", "a number of seconds"]),
        ('[deprovision]\nmode = "sotf"', ["deprovision.mode", "did you mean 'soft'"]),
        ("[webhooks]\nsuccess = [500]", ["webhooks.success[0]", "from 200 to 299"]),
        ('[webhooks]\nlisten = "8787"', ["webhooks.listen", "an address and a port"]),
        ('[webhooks]\nlisten = "127.0.0.1:99999"', ["webhooks.listen", "no port"]),
        ('[webhooks]\npublic_url = "tunnel.example.com"', ["webhooks.public_url", "no base URL"]),
        ('[webhooks]\nenvelope = {type = "type"}', ["webhooks.envelope.type", "a JSON Pointer"]),
        ('[webhooks.events]\nuser_creatd = "x"', ["webhooks.events has an unknown key", "'user_created'"]),
        ('[ref]\npolicy = "scalekitt"', ["ref.policy", "did you mean 'scalekit'"]),
        ('[targets.x]\nbase_url = "https://x.example"\n[targets.x.ref]\npolicy = "open"', ["[targets.x]", "'ref'"]),
        ("[roles]\ndefault = 2024-01-01", ["roles.default", "a string"]),
    ],
)
def test_a_mistake_in_a_promise_names_file_key_and_what_would_be_right(
    loaded: Any, text: str, words: list[str]
) -> None:
    told = complaint(loaded, text)
    for word in ["scimrig.toml: ", *words]:
        assert word in told


CALL = '[hooks]\nbefore_run = [{%s}]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CALL % 'path = "/x"', ["hooks.before_run[0] lacks method"]),
        (CALL % 'method = "GET"', ["hooks.before_run[0] lacks path"]),
        (CALL % 'method = "put", path = "/x"', ["hooks.before_run[0].method", "did you mean 'PUT'"]),
        (CALL % 'method = "PUT", path = "x"', ["hooks.before_run[0].path", "a path like"]),
        (CALL % 'method = "PUT", path = "/é"', ["hooks.before_run[0].path", "percent-encoded"]),
        (CALL % 'method = "PUT", path = "/x#y"', ["hooks.before_run[0].path"]),
        (CALL % 'method = "PUT", path = "/x", bdoy = 1', ["'bdoy'", "did you mean 'body'"]),
        (CALL % 'method = "PUT", path = "/x", body = {on = 2024-01-01}', [".body.on", "in quotes"]),
        (CALL % 'method = "PUT", path = "/x", headers = {Authorization = "Bearer q9"}', ["hooks.token says where"]),
        (CALL % 'method = "PUT", path = "/x", headers = {X = "a\\nb"}', ["headers.X", "without line breaks"]),
        (CALL % 'method = "PUT", path = "/x", headers = {"a b" = "c"}', ["headers.a b", "the name of a header"]),
        (CALL % 'method = "PUT", path = "/x/{user_id}"', ["{user_id} is no variable of this call", "it has none"]),
        (CALL % 'method = "PUT", path = "http://api.example.com/x"', ["must be https://"]),
        (CALL % 'method = "PUT", path = "https://ada:pw@example.com/x"', ["no user or password"]),
        ('[roles]\nreadback = {method = "GET", path = "/{user_id}"}', ["roles.readback lacks read"]),
        ('[roles]\nreadback = {method = "GET", path = "/{user_id}", read = "roles"}', ["a JSON Pointer"]),
        ('[roles]\nreadback = {method = "GET", path = "/{user_id}", read = "/~2"}', ["a JSON Pointer"]),
        (
            '[roles]\nreadback = {method = "GET", path = "/{userid}", read = "/roles"}',
            ["roles.readback: {userid} is no variable", "did you mean '{user_id}'"],
        ),
        ('[roles]\nreadback = {method = "GET", path = "/roles", read = "/r"}', ["does not say whom", "{user_id}"]),
        (
            '[deprovision]\naccess_probe = {method = "GET", path = "/{email}", read = "/a/*"}',
            ["deprovision.access_probe.read", "one is needed"],
        ),
        ('[webhooks]\nregister = {method = "POST", path = "/w"}', ["webhooks.register does not say", "{url}"]),
        (
            '[webhooks]\nregister = {method = "POST", path = "https://{url}/w"}', ["no variable in the name of a host"],
        ),
        ('[hooks]\nmap_group = {method = "PUT", path = "/{group_id}"}', ["add roles.assignable"]),
        (
            '[roles]\nassignable = ["a"]\n[hooks]\nmap_group = {method = "PUT", path = "/{role}/{group}"}',
            ["{group} is no variable", "did you mean '{group_id}'"],
        ),
        ('[hooks]\nbase_url = "http://api.example.com"', ["hooks.base_url", "must be https://"]),
        ('[hooks]\nbase_url = "https://api.example.com?x=1"', ["hooks.base_url", "no query"]),
    ],
)
def test_a_mistake_in_a_declared_call_is_found_before_anything_is_sent(
    loaded: Any, text: str, words: list[str]
) -> None:
    told = complaint(loaded, text)
    for word in ["scimrig.toml: ", *words]:
        assert word in told
    assert "q9" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'email_domain = "other.test"\n[policy]\nallowed_domains = ["acme.test"]',
            ["email_domain: 'other.test'", 'email_domain = "acme.test"'],
        ),
        (
            'email_domain = "mail.acme.test"\n[policy]\nallowed_domains = ["acme.test"]', ["policy.allowed_domains"],
        ),
        (
            '[policy]\nallowed_domains = ["acme.test"]\nforeign_domain = "ACME.test."',
            ["policy.foreign_domain", "name one that is refused"],
        ),
        ('[policy]\nallowed_domains = ["not-registered.test"]', ["policy.foreign_domain"]),
        ('[webhooks]\nsigning = "svix"', ["webhooks.secret", "webhooks.register"]),
        (
            '[webhooks]\npublic_url = "https://t.example"\nsigning = "none"', ["webhooks.listen", "must not change"],
        ),
    ],
)
def test_declarations_that_contradict_each_other_are_an_error(loaded: Any, text: str, words: list[str]) -> None:
    told = complaint(loaded, text)
    for word in words:
        assert word in told


def test_a_sub_domain_will_do_where_the_owner_says_so(loaded: Any) -> None:
    text = 'email_domain = "mail.acme.test"\n[policy]\nallowed_domains = ["Acme.test"]\nsubdomains_match = true\n'
    assert target("ref:", loaded(text)).email_domain == "mail.acme.test"


def test_every_mistake_is_told_at_once(loaded: Any) -> None:
    told = complaint(loaded, '[policy]\nemail_change = 1\n[rolls]\n[hooks]\nbefore_run = [{method = "GET"}]\n')
    assert [line.split(": ")[1].split(" ")[0] for line in told.splitlines()] == [
        "the", "hooks.before_run[0]", "policy.email_change",
    ]


def test_the_mistakes_of_every_named_target_are_found_whichever_is_used(loaded: Any) -> None:
    text = NAMED + '[targets.other]\nbase_url = "https://o.example"\n[targets.other.hooks]\nbase_url = "http://b.example"'
    assert "[targets.other] hooks.base_url" in complaint(loaded, text, "staging")


# Variants and faults ---------------------------------------------------------------------------------------------


def test_what_a_variant_is_known_for_lies_under_what_the_file_says(loaded: Any) -> None:
    within = "consistency.within"
    assert target("ref:variant=lag-2s", None).declared.value(within) > 2
    assert target("ref:variant=lag-2s", loaded('[roles]\ndefault = "x"\n')).declared.value(within) > 2
    assert target("ref:variant=lag-2s", loaded("[consistency]\nwithin = 60\n")).declared.value(within) == 60
    assert target("ref:", None).declared == Declarations()


def test_the_declarations_of_every_variant_may_stand_in_a_file(loaded: Any) -> None:
    for name in faults.VARIANTS:
        tables = faults.variant(name).declares
        text = ""
        for table, keys in tables.items():
            text += "".join(f"{table}.{key} = {json.dumps(value)}\n" for key, value in keys.items())
        assert loaded(text).shared == tables, name


def test_a_promise_that_nobody_makes_cannot_be_broken(loaded: Any) -> None:
    for file in (None, loaded(""), loaded('[ref]\npolicy = "open"\n')):
        with pytest.raises(TargetError, match=r'add \[ref\] policy = "scalekit" to the target file'):
            target("ref:fault=email-change-accepted", file)
    found = target("ref:fault=email-change-accepted", loaded('[ref]\npolicy = "scalekit"\n'))
    assert found.ref == RefSpec("email-change-accepted", None, "scalekit")


# Presets ---------------------------------------------------------------------------------------------------------


def test_a_preset_lies_under_what_the_file_says_and_a_targets_own_replaces_that_of_the_file(loaded: Any) -> None:
    text = """
extends = "scalekit"
[policy]
email_change = "allow"
[targets.theirs]
base_url = "https://api.example.com/scim/v2"
extends = "workos-like"
[targets.ours]
base_url = "https://api.example.com/scim/v2"
"""
    file = loaded(text)
    ours, theirs = (target(name, file).declared for name in ("ours", "theirs"))
    assert (ours.value("policy.email_change"), theirs.value("policy.email_change")) == ("allow", "allow")
    assert (ours.value("policy.conflict"), theirs.value("policy.conflict")) == ("last_write_wins", None)
    assert (ours.value("webhooks.signing"), theirs.value("webhooks.signing")) == ("standard-webhooks", "workos")
    assert target("ref:", file).declared.value("policy.conflict") == "last_write_wins"


def test_every_preset_may_be_named_and_declares_nothing_that_cannot_be_declared(loaded: Any) -> None:
    schema = json.loads((scenario_root() / SCHEMA_NAME).read_text(encoding="utf-8"))
    assert schema["properties"]["extends"]["enum"] == list(presets.names())
    assert set(presets.names()) == {"scim-only", "scalekit", "workos-like", "svix-like"}
    for name in presets.names():
        assert presets.title(name)
        file = loaded(f'extends = "{name}"\n[targets.x]\nbase_url = "https://x.example/scim"\n')
        for table, keys in presets.tables(name).items():
            assert {f"{table}.{key}" for key in keys} <= set(KEYS), name
        assert target("x", file).declared.value("deprovision.mode") in ("soft", None)


def test_a_preset_alone_needs_no_secret_since_no_webhook_is_seen_yet(loaded: Any) -> None:
    assert loaded('extends = "svix-like"\n').shared["webhooks"]["signing"] == "svix"
    with pytest.raises(TargetError, match=r"webhooks\.signing needs the secret"):
        loaded('extends = "svix-like"\n[webhooks]\npublic_url = "https://t.example/x"\nlisten = "127.0.0.1:1"\n')


def test_a_preset_that_nobody_made_is_a_mistake(loaded: Any) -> None:
    assert "did you mean 'scalekit'" in complaint(loaded, 'extends = "scalekitt"\n')


# The catalogue and the examples ----------------------------------------------------------------------------------


def test_the_catalogue_and_the_schema_name_the_same_keys_and_mean_the_same() -> None:
    schema = json.loads((scenario_root() / SCHEMA_NAME).read_text(encoding="utf-8"))
    tables = {table: schema["$defs"][table]["properties"] for table in TABLES}
    titles = {f"{table}.{key}": node["title"] for table, nodes in tables.items() for key, node in nodes.items()}
    assert titles == {key: entry.title for key, entry in KEYS.items()}
    assert list(titles) == list(KEYS)


def test_every_example_of_the_catalogue_may_stand_in_a_file(loaded: Any) -> None:
    for name, key in KEYS.items():
        table, _, rest = name.partition(".")
        example = key.example.replace(" or ", ", ").split(", ")[0] if " or " in key.example else key.example
        text = f"[{table}]\n{rest} = {example}\n".replace("…", "x")
        if name in ("webhooks.signing", "webhooks.public_url"):
            text += 'secret = "env:X"\nlisten = "127.0.0.1:1"\n'
        if name == "hooks.map_group":
            text += '[roles]\nassignable = ["x"]\n'
        assert loaded(text).shared[table][rest] is not None, name


def test_the_example_of_a_product_with_promises_holds_for_the_built_in_server_and_for_a_url() -> None:
    file = load_target_file(EXAMPLES / "scalekit.toml")
    for argument in ("ref:", "http://127.0.0.1:8080/scim/v2"):
        found = from_argument(argument, file, {"SCIMRIG_TOKEN": "t0ken"})
        assert found.declared.missing(["roles.readback", "webhooks.register", "policy.email_change=reject"]) == ""
        assert found.email_domain == "acme.test"
    assert from_argument("ref:", file, {}).ref == RefSpec(policy="scalekit")


def test_the_example_without_promises_shows_each_of_them_ready_to_be_uncommented(loaded: Any) -> None:
    text = (EXAMPLES / "scim-only.toml").read_text(encoding="utf-8")
    env = {"STAGING_SCIM_TOKEN": "a", "STAGING_WEBHOOK_SECRET": "whsec_c2VjcmV0", "STAGING_API_TOKEN": "b"}
    env |= {"STAGING_SECOND_TOKEN": "c", "STAGING_OAUTH_SECRET": "d", "STAGING_OAUTH_ASSERTION": "e"}
    assert target("staging", loaded(text), **env).declared == Declarations(distant=True)
    found = target("staging", loaded(re.sub(r"(?m)^#(?=[\[a-z])", "", text)), **env).declared
    assert set(found.data) == set(TABLES) - {"consumer"}  # a receiver has a file of its own
    assert found.missing(["webhooks.signing", "roles.readback", "hooks.map_group"]) == ""
