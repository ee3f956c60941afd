"""Draw the workforce's vocabulary from Faker, once, into data files.

Run by hand, with the dev dependencies:  PYTHONHASHSEED=0 python tools/freeze_vocabulary.py
(The Italian provider iterates over a set.) A release of Faker with other words moves every person of every seed:
tests/workforce/test_workforce.py says so.

Rule: the only file that imports faker. ``curated.json`` is written by hand and stays untouched.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faker
from faker.providers.person.ja_JP import Provider as JapaneseNames

DATA = Path(__file__).parents[1] / "simulator/scimrig_simulator/workforce/data"
SEED = 7644
GIVEN, FAMILY, ADDRESSES, TITLES = 120, 160, 60, 100
LONGEST_TITLE = 40

# locale → the Faker method that names a region, or "" where its provider has none of its own
LOCALES = {
    "en_US": "state_abbr",
    "en_GB": "county",
    "en_IE": "county",
    "de_DE": "administrative_unit",
    "fr_FR": "region",
    "es_ES": "state",
    "pt_BR": "estado_sigla",
    "it_IT": "state_abbr",
    "nl_NL": "administrative_unit",
    "sv_SE": "administrative_unit",
    "da_DK": "administrative_unit",
    "pl_PL": "administrative_unit",
    "cs_CZ": "state",
    "en_IN": "state",
    "ja_JP": "prefecture",
}


def main() -> int:
    """Write one file a locale and the titles; print what was written."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        print("set PYTHONHASHSEED=0, so that every run draws the same", file=sys.stderr)
        return 2
    for locale, region in LOCALES.items():
        source = faker.Faker(locale)
        source.seed_instance(SEED)
        tag = locale.replace("_", "-")
        write(f"{tag}.json", {"locale": tag, "country": locale[-2:], **names(source, locale), **places(source, region)})
    source = faker.Faker("en_US")
    source.seed_instance(SEED)
    write("titles.json", {"titles": distinct(lambda: short_title(source), TITLES)})
    return 0


def names(source: faker.Faker, locale: str) -> dict[str, Any]:
    """Given and family names; Japanese ones as [written, romanized]."""
    if locale == "ja_JP":
        return {
            "given": [[pair[0], pair[2]] for pair in list(JapaneseNames.first_name_pairs)[:GIVEN]],
            "family": [[pair[0], pair[2]] for pair in list(JapaneseNames.last_name_pairs)[:FAMILY]],
        }
    return {"given": distinct(source.first_name, GIVEN), "family": distinct(source.last_name, FAMILY)}


def places(source: faker.Faker, region: str) -> dict[str, Any]:
    """Addresses as [street, locality, region, postal code]."""

    def one() -> list[str]:
        if region == "prefecture":
            street = f"{source.town()}{source.chome()}{source.ban()}{source.gou()}"
        else:
            street = source.street_address()
        return [tidy(text) for text in (street, source.city(), getattr(source, region)(), source.postcode())]

    return {"addresses": [one() for _ in range(ADDRESSES)]}


def short_title(source: faker.Faker) -> str:
    """A job title that fits on a badge."""
    while len(title := source.job()) > LONGEST_TITLE:
        pass
    return title


def distinct(draw: Callable[[], str], count: int) -> list[str]:
    """Up to ``count`` different values, in the order drawn."""
    seen: dict[str, None] = {}
    for _ in range(count * 20):
        seen.setdefault(tidy(draw()))
        if len(seen) == count:
            break
    return list(seen)


def tidy(text: str) -> str:
    """One line, single blanks, NFC: what an HR system would hold."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def write(name: str, content: dict[str, Any]) -> None:
    """One value a line, so that a change can be read."""
    note = f"Drawn once from Faker {faker.VERSION} (MIT licence) by tools/freeze_vocabulary.py; never edit or redraw it"
    lines = [f'  "note": {json.dumps(note)}']
    for key, value in content.items():
        if isinstance(value, list):
            items = ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in value)
            lines.append(f'  "{key}": [\n{items}\n  ]')
        else:
            lines.append(f'  "{key}": {json.dumps(value, ensure_ascii=False)}')
    (DATA / name).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(DATA / name)


if __name__ == "__main__":
    sys.exit(main())
