"""Filters on the data of the corpus that the corpus doesn't ask: what each selects, or that it is refused.

Every expectation was reasoned from the text that stands over its group; none was taken from this program.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.filters import FilterError

Search = Callable[[str, str], list[str]]

LAB = "urn:example:params:scim:schemas:extension:lab:2.0:User"
WORK, CORE, MADE = urns.ENTERPRISE, urns.USER, "meta.created"

USERS = dict(zip(
    "BJOKISDMZXLA",
    ("bjensen", "JSmith", "o.malley", "kmueller", "intern-1", "svc-backup", "JOHN.DOE@EXAMPLE.COM", "maria", "zed",
     "dom\\bob", "lee", "anna"),
    strict=True,
))
GROUPS = {"t": "Tour Guides", "e": "Engineering", "s": "All Staff", "n": "empty group"}
ALL, NONE = "".join(USERS), ""


def but(letters: str) -> str:
    """All users but these."""
    return "".join(letter for letter in ALL if letter not in letters)


Table = list[tuple[str, str]]

# RFC 7643 §2.2, §4.1.1, §8.7.1: caseExact as printed there; references and binaries always (§2.3.6, §2.3.7).
CASE: Table = [
    ('userName eq "JSMITH"', "J"),
    ('userName eq "john.doe@example.com"', "D"),
    ('userName eq "nobody"', NONE),
    ('userName eq ""', NONE),
    ('userType eq "EMPLOYEE"', "BJODM"),
    ('displayName eq "kARL mÜLLER"', "K"),
    ('timezone eq "america/LOS_angeles"', "B"),
    ('phoneNumbers.type eq "MOBILE"', "BX"),
    ('ims.value eq "JD@foo.EXAMPLE"', "D"),
    ('id eq "uid-04x"', NONE),
    ('externalId eq "EXT-701985"', NONE),
    (f'{LAB}:codeName eq "FALCON"', NONE),
    (f'{LAB}:codeName co "alcon"', "BJ"),
    ('meta.resourceType eq "USER"', NONE),
    ('meta.version eq "W/\\"3\\""', "O"),
    ('meta.version eq "w/\\"3\\""', NONE),
    ('meta.location eq "https://scim.test/v2/Users/Uid-01x"', "B"),
    ('meta.location eq "https://SCIM.test/v2/Users/Uid-01x"', NONE),
    ('meta.location ew "/Uid-04x"', "K"),
]
# Table 3: co, sw, ew are about the letters of the whole value; nothing in it is a wildcard.
SUBSTRING: Table = [
    ('userName co "@"', "D"),
    ('userName co "\\\\"', "X"),
    ('title sw "TOUR"', "BD"),
    ('title co "%"', NONE),
    ('title co "_"', NONE),
    ('title co "*"', NONE),
    ('title sw "Engineer"', "OMX"),
    ('title ew "engineer"', "OX"),
    ('displayName co "Ü"', "K"),
    ('emails.value ew "@EXAMPLE.COM"', "BJODMZA"),
    ('emails.value co "jensen"', "B"),
    ('phoneNumbers.value sw "+1-555"', "BX"),
    ('roles co "adm"', "BX"),
    ('nickName co ""', "B"),
    ('nickName ew ""', "B"),
]
# RFC 7644 §5 with RFC 7613 §3.2: composed or not, wide or not, folded by Unicode.
UNICODE: Table = [
    ('name.familyName eq "Garci\u0301a"', "M"),
    ('name.familyName eq "GARCI\u0301A"', "M"),
    ('displayName co "u\u0308ller"', "K"),
    ('displayName co "ARI\u0301A"', "M"),
    ('name.givenName sw "Mari"', NONE),  # í is one letter, not i with something on it
    ('userName eq "ｂｊｅｎｓｅｎ"', "B"),
]
# RFC 8259 §7: a string is a JSON string.
STRINGS: Table = [
    ('userName eq "dom\\u005cbob"', "X"),
    ('userName eq "JOHN.DOE\\u0040example.com"', "D"),
    ('displayName eq "Zed \\u0022The Head\\u0022"', "Z"),
    ('phoneNumbers.value eq "\\u002b1-555-0199"', "X"),
    ('name.familyName eq "M\\u00FCller"', "K"),
    ('name.familyName eq "Mu\\u0308ller"', "K"),
    ('meta.location ew "\\/Uid-04x"', "K"),
    ('userName eq "dom\\/bob"', NONE),
    ('title eq "Tour\\tGuide"', NONE),
    ('userName eq "\\ud83d\\ude00"', NONE),
    ('userName eq "\\u0000"', NONE),
    ('title eq "x or y" or title eq "not (a)"', NONE),
    ('title eq "null"', NONE),
    ('title co "(Lead) and" and userName eq "zed"', "Z"),
]
# RFC 8259 §6; numbers compare by value (Table 3), so 42, 42.0 and 4.2e1 are one.
NUMBERS: Table = [
    (f"{LAB}:badgeNumber eq 42.0", "B"),
    (f"{LAB}:badgeNumber eq 4.2e1", "B"),
    (f"{LAB}:badgeNumber eq 420E-1", "B"),
    (f"{LAB}:badgeNumber eq 0", "S"),
    (f"{LAB}:badgeNumber eq -0", "S"),
    (f"{LAB}:badgeNumber eq 0.0", "S"),
    (f"{LAB}:badgeNumber lt 0", NONE),
    (f"{LAB}:badgeNumber ge -1", "BJS"),
    (f"{LAB}:badgeNumber lt 9", "JS"),  # as text, "42" would come first
    (f"{LAB}:badgeNumber ne 42", but("B")),
    (f"{LAB}:badgeNumber lt 9223372036854775808", "BJS"),
    (f"{LAB}:badgeNumber lt 1" + "0" * 38, "BJS"),
    (f"{LAB}:badgeNumber gt -1e300", "BJS"),
    (f"{LAB}:badgeNumber eq 42.000000001", NONE),
    (f"{LAB}:score eq 3.50", "B"),
    (f"{LAB}:score eq 35e-1", "B"),
    (f"{LAB}:score gt 3", "BJ"),
    (f"{LAB}:score ge 9.25", "J"),
    (f"{LAB}:score lt 3.5", "S"),
    (f"{LAB}:score eq -1.5", "S"),
    (f"{LAB}:score lt 10", "BJS"),
]
# RFC 7643 §2.3.5 with XML Schema 1.0 part 2 §3.2.7: points in time, whatever the offset and the number of digits.
TIMES: Table = [
    (f'{MADE} eq "2023-06-30T23:30:00-01:00"', "K"),
    (f'{MADE} eq "2023-07-01T00:30:00Z"', "K"),
    (f'{MADE} eq "2023-07-01T02:30:00.000+02:00"', "K"),
    (f'{MADE} eq "2023-12-31T24:00:00Z"', "IS"),
    (f'{MADE} ge "2025-01-01T00:00:00+00:00"', "A"),
    (f'{MADE} gt "2025-01-01T00:00:00-00:00"', NONE),
    (f'{MADE} lt "0001-01-01T00:00:00Z"', NONE),
    (f'{MADE} gt "0001-01-01T00:00:00+14:00"', ALL),
    (f'{MADE} lt "9999-12-31T23:59:59.999999-14:00"', ALL),
    (f'{MADE} ne "2023-01-15T08:00:00Z"', but("BJ")),
    (f"{MADE} eq null", NONE),
    (f"{MADE} ne null", ALL),
    ('meta.lastModified eq "2024-05-01T12:00:00.5Z"', "O"),
    ('meta.lastModified gt "2024-05-01T12:00:00Z" and meta.lastModified lt "2024-05-01T12:00:01Z"', "O"),
    ('meta.lastModified ne "2024-05-01T12:00:00Z"', but("BM")),  # M's has another offset
]
# RFC 7643 §2.3.2, §2.4: primary that is absent is false; absent and false are different things for pr.
BOOLEANS: Table = [
    ("not (active eq true)", "OSM"),
    ("not (active eq false)", but("OM")),
    ("active ne null", but("S")),
    ("emails.primary ne true", but("JL")),
    ("emails[primary ne true]", "BOKDMZXA"),
    ("roles.primary eq false", "B"),
    ("emails.primary pr", "BJODMZLA"),
    ("not (emails.primary pr)", "KISX"),
]
# RFC 7643 §2.5: unassigned, null and the empty list are one state; Table 3: pr.
UNASSIGNED: Table = [
    ("name eq null", "ISZXA"),
    ("name ne null", but("ISZXA")),
    ("emails eq null", "IS"),
    ("emails ne null", but("IS")),
    ("nickName ne null", "B"),
    ("emails[type eq null]", "L"),
    ("addresses eq null", but("BK")),
    (f"{WORK}:manager eq null", but("BM")),
    ("favouriteColour eq null", ALL),
    ("emails pr", but("IS")),
    ("emails.display pr", NONE),
    ("groups pr", "BJM"),
    ("addresses pr", "BK"),
    ("name.honorificPrefix pr", "B"),
    ("roles.primary pr", "BX"),
    ("x509Certificates pr", NONE),
    ("schemas pr", ALL),
    ("meta pr", ALL),
    ("meta.version pr", ALL),
    (f"{WORK}:employeeNumber pr", "BJ"),
    (f"{WORK}:manager.displayName pr", "B"),
    (f"{LAB}:scan pr", NONE),
    (f"{LAB}:badgeNumber pr", "BJS"),
    ("pr pr", NONE),
    ("not pr or not[type pr]", NONE),  # an attribute of that name, by the grammar
]
# Table 3 with §2.5: what is unassigned is not identical; of several values one that differs will do (§3.4.2.2).
DIFFERENT: Table = [
    ('title ne "Engineer"', but("OX")),
    ('externalId ne "ext-701984"', ALL),
    ('emails.value ne "jsmith@example.com"', but("J")),
    ('groups.display ne "Tour Guides"', ALL),
    ('not (groups.display eq "Tour Guides")', but("BJ")),
    (f'schemas ne "{CORE}"', "BJMAS"),
    ('favouriteColour ne "blue"', ALL),
    (f'{WORK}:department ne "Engineering"', but("JM")),
]
# Table 3: strings in lexicographic order, with or without case as the attribute has it.
ORDER: Table = [
    ('userName ge "O.MALLEY"', "OSZ"),
    ('userName gt "o.malley"', "SZ"),
    ('userName le "ANNA"', "A"),
    ('displayName gt "Sean"', "OZ"),
    ('externalId lt "a"', "B"),
    ('externalId gt "Z"', "JS"),
    (f'{LAB}:codeName lt "a"', "B"),
    ('title gt ""', but("KIS")),
    ('title lt ""', NONE),
    ('favouriteColour gt "a"', NONE),
]
# Table 4 and §3.4.2.2: not, then and, then or; operators in any case (RFC 5234 §2.3).
LOGIC: Table = [
    ('userType eq "Temp" or userType eq "Intern" and active eq false', "L"),
    ('userType eq "Intern" and active eq false or userType eq "Temp"', "L"),
    ('(userType eq "Temp" or userType eq "Intern") and active eq true', "LI"),
    ('not (userName eq "lee") and userName eq "lee"', NONE),
    ('not (userName eq "lee" and active eq false)', ALL),
    ('not (userName eq "lee") or userName eq "lee"', ALL),
    ('((((userName eq "lee"))))', "L"),
    ("Not(NOT (nOt(title pr)))", "KIS"),
    ("not (title pr) and not (name pr)", "IS"),
    ('title eq "x" Or noT(active pr)', "S"),
    ("active eq true aNd not (userType pr)", "XA"),
    ('userName EQ "lee" OR userName Eq "zed" oR userName eQ "anna"', "LZA"),
]
# Table 5: one and the same value of the attribute before the bracket; joined terms may be met by different values.
VALUE_PATHS: Table = [
    ('emails[type eq "WORK" and primary eq true]', "BJDM"),
    ('emails.type eq "work" and emails.primary eq true', "BJODM"),
    ('not (emails[type eq "work" and primary eq true])', but("BJDM")),
    ('emails[primary eq true] and not (emails[type eq "work"])', "L"),
    ('emails[not (type eq "work" or type eq "home")]', "DLA"),
    ('emails[type eq "other"] or roles[value eq "guide"]', "DAB"),
    ('(emails[type eq "other"] or roles[value eq "guide"]) and active eq true', "DAB"),
    ("emails[value pr and not (type pr)]", "L"),
    ("emails[not(type pr)]", "L"),
    ('emails[((type eq "other"))]', "DA"),
    ('EMAILS[TYPE EQ "work" AND VALUE EW ".DE"]', "K"),
    ('groups[display eq "Engineering" and type eq "direct"]', "JM"),
    ('addresses[country eq "US" and not (region eq "CA")]', NONE),
    ('name[familyName eq "lee"]', "L"),
    ('name[familyName eq "Lee" and givenName eq "Sean"]', NONE),
    (f'{WORK}:manager[value eq "Uid-02x"]', "BM"),
    (f'{CORE}:emails[primary eq true]', "BJODML"),
    ('schemas[value co "lab"]', "BJS"),
    ('emails[bogus eq "x"]', NONE),
    ("emails[not (bogus pr)]", but("IS")),
    ("bogus[type pr]", NONE),
]
# §3.10: names in any case, with or without the URN of their schema, whose last colon parts it from the name.
NAMES: Table = [
    (f'{CORE.upper()}:USERNAME eq "zed"', "Z"),
    (f'{CORE}:emails.type eq "home"', "BOMX"),
    (f'{CORE}:meta.resourceType eq "User"', ALL),
    (f'{CORE}:id eq "Uid-01x"', "B"),
    (f'{CORE}:schemas eq "{WORK}"', "BJMA"),
    (f'{WORK}:manager.displayName eq "jane smith"', "B"),
    (f'{WORK.lower()}:MANAGER.VALUE eq "Uid-02x"', "BM"),
    (f"{WORK}:id pr", NONE),
    (f"{WORK}:name.familyName pr", NONE),
    (f"{WORK}.department pr", NONE),
    (f'{urns.GROUP}:displayName eq "lee"', NONE),
    ("urn:example:nothing:1.0:userName pr", NONE),
    ("name.nickName pr", NONE),
    ('userName.value eq "lee"', NONE),
    ('schemas co "lab"', "BJS"),
    ('schemas ew "core:2.0:User"', ALL),
    ("not (favouriteColour pr)", ALL),
    ("favouriteColour gt 5", NONE),
    ("emails-x pr or e_mails pr or emails2 pr", NONE),
]
# RFC 7643 §4.1.1, RFC 7644 §7.5.2: nothing may tell one password from another.
SECRETS: Table = [
    ('password eq "secret"', NONE),
    ('password co ""', NONE),
    ('password gt ""', NONE),
    ('password ge "a" or userName eq "lee"', "L"),
    (f"{CORE}:PASSWORD pr", NONE),
]
ANSWERED = [
    CASE, SUBSTRING, UNICODE, STRINGS, NUMBERS, TIMES, BOOLEANS, UNASSIGNED, DIFFERENT, ORDER, LOGIC, VALUE_PATHS,
    NAMES, SECRETS,
]


@pytest.mark.parametrize(("expression", "letters"), [case for table in ANSWERED for case in table])
def test_a_filter_on_users_selects_what_the_text_says(search: Search, expression: str, letters: str) -> None:
    assert sorted(search(expression, "/Users")) == sorted(USERS[letter] for letter in letters)


# RFC 7643 §4.2, §8.7.1: members; §3.4.2.1: an attribute that a type doesn't have is unassigned in all its resources.
@pytest.mark.parametrize(
    ("expression", "endpoint", "letters"),
    [
        ('members.value eq "Uid-02x"', "/Groups", "te"),
        ('members eq "Uid-02x"', "/Groups", "te"),
        ('members.type eq "group"', "/Groups", "s"),
        ('members[type eq "Group" and value sw "Gid"]', "/Groups", "s"),
        ('members[value eq "Uid-01x" and value eq "Uid-02x"]', "/Groups", ""),
        ('members.value eq "Uid-01x" and members.value eq "Uid-02x"', "/Groups", "t"),
        ('not (members.type eq "User")', "/Groups", "sn"),
        ("members eq null", "/Groups", "n"),
        ("members.display pr", "/Groups", ""),
        ('displayName eq "EMPTY Group"', "/Groups", "n"),
        ('displayName ne "all staff"', "/Groups", "ten"),
        ("userName pr", "/Groups", ""),
        ("not (userName pr)", "/Groups", "tesn"),
        (f'{urns.GROUP}:members.value eq "Gid-02x"', "/Groups", "s"),
        (f'{MADE} gt "2024-02-01T00:00:00Z"', "/Groups", "tesn"),
        ("active gt true", "/Groups", ""),
        ('displayName ne "Engineering"', "/", "tsn" + ALL),
        ("not (displayName pr)", "/", ""),
        ('members[value eq "Uid-08x"] or userName eq "lee"', "/", "eL"),
        (f'schemas eq "{urns.GROUP}"', "/", "tesn"),
        ('id sw "Gid"', "/", "tesn"),
        (f'{urns.GROUP}:displayName sw "e"', "/", "en"),
        ('meta.lastModified lt "2023-02-01T00:00:00Z"', "/", "J"),
        ('userName ne "lee"', "/", "tesn" + but("L")),
        ("not (active eq true) and not (members pr)", "/", "OSMn"),
    ],
)
def test_a_filter_on_groups_or_all_selects_what_the_text_says(
    search: Search, expression: str, endpoint: str, letters: str
) -> None:
    wanted = [(USERS | GROUPS)[letter] for letter in letters]
    assert sorted(search(expression, endpoint)) == sorted(wanted)


# Table 3, §3.4.2.2 and Table 9: an operator or a value that the attribute's type doesn't take is 400 invalidFilter.
@pytest.mark.parametrize(
    "expression",
    [
        *(f"active {op} true" for op in ("gt", "ge", "lt", "le", "co", "sw", "ew")),
        *(f'x509Certificates.value {op} "MII"' for op in ("gt", "ge", "lt", "le", "co", "sw", "ew")),
        *(f'x509Certificates {op} "MII"' for op in ("gt", "ge", "lt", "le")),
        *(f'{LAB}:badgeNumber {op} "4"' for op in ("co", "sw", "ew", "eq", "lt")),
        *(f"{LAB}:badgeNumber {op} 4" for op in ("co", "sw", "ew")),
        *(f'{MADE} {op} "2023-01-15T08:00:00Z"' for op in ("co", "sw", "ew")),
        *(f"title {op} null" for op in ("co", "sw", "ew", "gt", "ge", "lt", "le")),
        *(f"favouriteColour {op} null" for op in ("co", "gt")),
        *(f'{MADE} gt "{text}"' for text in (
            "", "now", "2023-01-15", "2023-01-15T08:00Z", "2023-01-15 08:00:00Z", "20230115T080000Z",
            "2023-01-15T08:00:00z", "2023-02-30T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-15T25:00:00Z",
            "2023-01-15T24:00:01Z", "2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z", "9999-12-31T24:00:00Z", "2023-01-15T08:00:00+15:00", "2023-01-15T08:00:00+01",
            "2023-01-15T08:00:00.Z", " 2023-01-15T08:00:00Z", "２０２３-01-15T08:00:00Z",
        )),
        f"{MADE} eq 1673769600", f"{MADE} eq true",
        "active eq 1", "active eq 0", 'active eq "1"', 'active ne "TRUE"', "emails[primary eq 1]",
        "title eq true", "title eq 5", "title gt 5", "title co false", "userName sw 1", "schemas eq true",
        f"{LAB}:badgeNumber eq true", f'{LAB}:score eq "3.5"', f"{LAB}:scan eq 5",
        'name eq "Lee"', 'name co ""', 'meta gt "a"', f'{WORK}:manager eq "Uid-02x"', 'addresses co "Hollywood"',
        'title[value eq "x"]', "active[value eq true]", "meta.created[value pr]", 'emails.value[type eq "work"]',
        'name.familyName[value eq "Lee"]',
        "not (active gt true)", "userName pr or active gt true", "bogus pr and active lt false",
        "emails[type pr or primary le true]", 'emails[not (primary ge false)] and userName eq "x"',
    ],
)
def test_what_the_type_does_not_take_is_refused(search: Search, expression: str) -> None:
    for endpoint in ("/Users", "/"):
        with pytest.raises(FilterError) as refused:
            search(expression, endpoint)
        assert (refused.value.status, refused.value.scim_type) == (400, "invalidFilter")
        assert 1 <= refused.value.position <= len(expression)
