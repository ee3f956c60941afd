"""A shell script that sends the webhooks of one case again, each signed anew: for whoever mends the receiver.

Ids are new in every replay, since a sound receiver drops those that it knows; the secret comes from the environment.

Rule: text from records. What was wrong with a delivery on purpose is wrong with it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scimrig.consumer.letters import Letter
from scimrig.consumer.signer import FOREIGN, Signer
from scimrig.declarations import Declarations
from scimrig.evidence import Exchange
from scimrig.signing_hmac import WORKOS, Scheme
from scimrig.verdicts import Finding, RunResult
from scimrig_reports import shell

_NO_KEY = "00"
"""HMAC fills a key up with zeros, so that this is the empty key; openssl takes none that is empty."""

_PROLOGUE = '''\
: "${WEBHOOK_SECRET:?put the signing secret of the receiver into WEBHOOK_SECRET}"
hex() { od -An -v -tx1 | tr -d ' \\n'; }
base64() { openssl base64 -A; }
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | hex)
mark=${SCIMRIG_MARK:-replay$(date +%s)$$}
answer=$(mktemp) && trap 'rm -f "$answer"' EXIT

digest() {  # KEY-IN-HEX: of $signed, under $id and $stamp
  printf FORMAT | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary | ENCODING
}

post() {  # WHAT THEN [CURL-OPTION...]: sends $sent
  what=$1 then=$2; shift 2
  status=$(printf %s "$sent" | curl -sS -o "$answer" -w '%{http_code}' -X POST --data-binary @- \\
    -H 'content-type: application/json' -H 'user-agent: scimrig' "$@" "$url")
  printf '%s (then %s)  %s\\n' "$status" "$then" "$what"; cat "$answer"; echo
}'''


def script(result: RunResult, case: str, findings: Sequence[Finding]) -> str:
    """The script of a case, "" where nothing of it was delivered."""
    own = [one for _, one in sorted(result.exchanges.items()) if one.case == case]
    sent = [one for one in own if one.number in result.letters]
    if not sent:
        return ""
    mark = result.started.prefix.strip("-")
    signer = _signer(Declarations(result.started.declared))
    lines = [
        "#!/bin/sh", shell.comment(f"Delivers again what {case} of run {result.started.run} of scimrig did."),
        *(shell.comment(f"  shows: {title}") for title in dict.fromkeys(one.title for one in findings)),
        "#", "# Usage: WEBHOOK_SECRET=whsec_... sh THIS-FILE [URL]", "set -u",
        _url(result), _prologue(signer),
    ]
    for exchange in own:
        if exchange.number in result.letters:
            lines += ["", *_delivery(exchange, Letter.from_json(result.letters[exchange.number]), signer, mark)]
        elif exchange.by == "hook":
            lines += ["", shell.comment(f"{exchange.number}. declared call: {exchange.line}")]
    return "\n".join(lines) + "\n"


def _delivery(exchange: Exchange, letter: Letter, signer: Signer, mark: str) -> Iterator[str]:
    then = str(exchange.status) if exchange.failure is None else exchange.failure.kind.value
    yield shell.comment(f"{exchange.number}. {exchange.purpose}")
    yield from _text("signed", letter.body, mark)
    if letter.sent:
        yield from _text("sent", letter.sent, mark)
    else:
        yield "sent=$signed"
    yield f"id={shell.word(_marked(letter.id, mark))}"
    yield f"stamp={_stamp(letter.stamp, letter.skew, signer.milliseconds)}"
    entries = " ".join(_entry(kind, signer) for kind in letter.entries)
    yield f'signature="{entries}"'
    if letter.sent_id:
        yield f"id={shell.word(_marked(letter.sent_id, mark))}"
    if letter.sent_skew is not None:
        yield f"stamp={_stamp(letter.stamp, letter.sent_skew, signer.milliseconds)}"
    options = []
    for name, value in signer.headers("\x00id\x00", "\x00stamp\x00", ["\x00signature\x00"], letter.omit):
        said = "-".join(map(str.capitalize, name.split("-"))) if letter.title_case else name
        empty = value == "\x00signature\x00" and letter.entries == ("=",)
        options.append(f"-H {shell.word(f'{said};' if empty else f'{said}: {value}')}")  # NAME; = without a value
    yield " \\\n  ".join([f"post {shell.word(exchange.purpose)} {then}", *options])


def _signer(declared: Declarations) -> Signer:
    """How the run signed; its secret is not known here."""
    family, table = str(declared.setting("consumer.signing")), declared.value("consumer.hmac")
    scheme = WORKOS if family == "workos" else Scheme.of(table) if family == "hmac-sha256" and table else None
    return Signer("", family, scheme)


def _prologue(signer: Signer) -> str:
    """The functions that sign as this family does."""
    scheme = signer.scheme
    pattern = "{id}.{timestamp}.{body}" if scheme is None else scheme.signed
    values = {"{id}": '"$id"', "{timestamp}": '"$stamp"', "{body}": '"$signed"'}
    pieces = re.split(r"(\{(?:id|timestamp|body)\})", pattern)
    form = "".join("%s" if piece in values else piece.replace("%", "%%") for piece in pieces)
    words = [shell.word(form), *(values[piece] for piece in pieces if piece in values)]
    text = _PROLOGUE.replace("FORMAT", " ".join(words))
    text = text.replace("ENCODING", "hex" if scheme is not None and scheme.encoding == "hex" else "base64")
    if scheme is not None and scheme.key == "text":
        return text.replace('printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | hex',
                            'printf %s "$WEBHOOK_SECRET" | hex')
    return text


def _text(variable: str, text: str, mark: str) -> Iterator[str]:
    redirection, body = shell.here_document(_marked(text, mark))
    yield f"{variable}=$(cat {redirection}\n{body}\n)"


def _marked(text: str, mark: str) -> str:
    """What this run called its people and events is called otherwise in each replay."""
    return text.replace(mark, "\x00mark\x00") if mark else text


def _stamp(stamp: str, skew: float, milliseconds: bool) -> str:
    if stamp.startswith("="):
        return shell.word(stamp[1:])
    at = f"$(( $(date +%s) + {int(skew)} ))"
    if (stamp == "milliseconds") is not milliseconds and stamp in ("seconds", "milliseconds"):
        return f"{at}000"
    return {"fraction": f"{at}.000", "iso": "$(date -u +%Y-%m-%dT%H:%M:%SZ)"}.get(stamp, at)


def _entry(kind: str, signer: Signer) -> str:
    """One entry of the signature header, inside double quotes."""
    if kind.startswith("="):
        return kind[1:]
    if kind == "ed25519":
        return 'v1a,$(printf %s "$signed" | openssl dgst -sha512 -binary | base64)'
    key = {"foreign": signer.key(FOREIGN).hex(), "keyless": _NO_KEY}.get(kind, "$key")
    version = "" if signer.scheme is not None else f"{kind.partition('-')[2] or 'v1'},"
    return f'{version}$(digest "{key}")'


def _url(result: RunResult) -> str:
    """Where deliveries go; of a receiver inside the run there is none to send to."""
    kind, _, what = result.started.target.partition(":")
    if kind in ("", "ref"):
        like = f"scimrig receiver --{what.replace('=', ' ')}" if what else "scimrig receiver"
        return f"url=${{1:?say the URL; the receiver of this run was built in, start one like it: {_plain(like)}}}"
    return f"url=${{1:-{_plain(result.started.base_url)}}}"


def _plain(text: str) -> str:
    """Text that stands inside ``${…}``."""
    return re.sub(r"[^A-Za-z0-9 :/._?=&%-]", "_", text)
