"""Each identifier in the form that is hashed: published vectors and the rules."""

import dataclasses
from datetime import date

import pytest

from forwarder.core.delivery import Dropped
from forwarder.core.event import Person
from forwarder.destinations.pinterest.fields import Rules
from forwarder.destinations.pinterest.identity import Hashed, Identity
from tests.destinations.pinterest.people import BROWSER, sha

TODAY = date(2026, 11, 20)
KEYS = {
    "email": "em",
    "phone": "ph",
    "first_name": "fn",
    "last_name": "ln",
    "gender": "ge",
    "date_of_birth": "db",
    "city": "ct",
    "state": "st",
    "postal_code": "zp",
    "country": "country",
    "external_id": "external_id",
    "maid": "hashed_maids",
}
PLAIN = Rules(drop_reserved=False)
WIDE = Rules(drop_reserved=False, candidates="wide")


def hashed(rules: Rules = PLAIN, region: str | None = None, **values: object) -> Hashed:
    person = Person(
        **{name: (v,) if isinstance(v, str) else v for name, v in values.items()}
    )
    return Identity(rules).hash_person(person, region, TODAY)


def reasons(found: Hashed) -> dict[str, str]:
    return {one.field: one.reason for one in found.dropped}


VECTORS = [
    (
        "email",
        " Jane.Doe@Example.COM ",
        "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d",
    ),
    (
        "phone",
        "+1 (415) 555-0100",
        "5e7ec4c79ccac6e420876e65ad0e6b4b2ccf73ec3dccb50297bf2890a1ec73b9",
    ),
    (
        "phone",
        "+1 (415) 555-0132",
        "11072303eb5c8cb5c5a1ebb762f11b37b07131265b46fdfe1276196bfbd3ca51",
    ),
    (
        "phone",
        "+44 7911 123456",
        "40b5c38342a9c584ec707e8679b003f8c779c6aaa138c976ef94e049cc05208f",
    ),
    (
        "phone",
        "+44 (0)20 7946 0958",
        "35e206e5dec4c89b9e8b71b8c32724a5bb518483ac5a20c6617d738375b3b823",
    ),
    (
        "phone",
        "0049 151 2345678",
        "b357c67e06c8005d1264c38e7613920d5948135d91f0935695cd8ba65e26a781",
    ),
    (
        "first_name",
        "Jane",
        "81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2",
    ),
    (
        "last_name",
        "Doe",
        "799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f",
    ),
    (
        "first_name",
        " Mary Ann ",
        "343b97011010c3549fe7fcd6c226ed9431ea37b0b77ed78f6300a0098925faf1",
    ),
    (
        "first_name",
        "José",
        "d994e1d001886fe5b45b1267bd1fa2b752ac50742579bd3dad7b2a2aa0ed6866",
    ),
    (
        "first_name",
        "Jose\u0301",
        "d994e1d001886fe5b45b1267bd1fa2b752ac50742579bd3dad7b2a2aa0ed6866",
    ),
    (
        "last_name",
        "MÜLLER",
        "2dbd218072117713f2d5996a726a9b216ed791ffd0783b6ba4ab6d61b8333192",
    ),
    (
        "last_name",
        "O'Brien-Smith",
        "5349291f7c643970cc1b897c8ffb45a8b630e59c1fecc3d1e4dc8e292a7971a9",
    ),
    (
        "gender",
        "f",
        "252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111",
    ),
    (
        "gender",
        "m",
        "62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a",
    ),
    (
        "gender",
        "n",
        "1b16b1df538ba12dc3f97edbb85caa7050d46c148134290feba80f8236c83db9",
    ),
    (
        "date_of_birth",
        "1997-12-26",
        "069068313b0b2dd680b9f0b8082228a817fb100433ad1d825ccc4d20123669a8",
    ),
    (
        "date_of_birth",
        "12/26/1997",
        "069068313b0b2dd680b9f0b8082228a817fb100433ad1d825ccc4d20123669a8",
    ),
    (
        "city",
        "Menlo Park",
        "0007a3d64c01e23d5075203c5977c14e4f7e01a3fc570686fcc50b5e1dd42685",
    ),
    (
        "city",
        "San Francisco",
        "1a6bd4d9d79dc0a79b53795c70d3349fa9e38968a3fbefbfe8783efb1d2b6aac",
    ),
    (
        "city",
        "St. Louis",
        "8ba24bdf99947996f3000259be455de791b06fcc0e802ce05031030df1ee8ea3",
    ),
    (
        "city",
        "São Paulo",
        "3eda1428ae1aece064071f8d40f08fe2bc59ffa66c171a163caf15122ec4d7f0",
    ),
    (
        "state",
        "CA ",
        "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126",
    ),
    (
        "state",
        "California",
        "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126",
    ),
    (
        "postal_code",
        "94025",
        "b9a9cf3cd3723a2e91b7c23ecf68456e872b6e5d86e5cab7f3d45a7302da32c7",
    ),
    (
        "country",
        "US",
        "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621",
    ),
    (
        "country",
        "United States",
        "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621",
    ),
    (
        "external_id",
        " Cust_42 ",
        "2b1cb0b84296c10ce6cc722d09a874d1f0cc1865615cb94ee50e62354aec017b",
    ),
    (
        "maid",
        "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB",
        "08f1f8e9e433f685c514154e1a5b0dfe1885c6f140a7e3eff08a037bda13dcc1",
    ),
]


@pytest.mark.parametrize(("name", "value", "expected"), VECTORS)
def test_published_vectors_come_out_digit_by_digit(
    name: str, value: str, expected: str
) -> None:
    found = hashed(**{name: value})

    assert [expected] == found.lists[KEYS[name]]
    assert [] == found.dropped


@pytest.mark.parametrize(
    ("name", "value", "country", "expected"),
    [
        (
            "phone",
            "415.555.0132 x12",
            "US",
            "11072303eb5c8cb5c5a1ebb762f11b37b07131265b46fdfe1276196bfbd3ca51",
        ),
        (
            "postal_code",
            "94107-1234",
            "US",
            "c884a209ebe08750a7d13db63bd02233b375bd79786cbe329ab11586cc35dead",
        ),
        (
            "postal_code",
            "SW1A 1AA",
            "GB",
            "830e1d4b9838bab1f5c2acdb23e0b502ff13a9832c4632e8d67a1d43d3b7f614",
        ),
        (
            "postal_code",
            "K1A 0B1",
            "CA",
            "3e8d74314dc02166b1ea8c7bd8c2357fb3f9898074395b8c57f8799848b4daa1",
        ),
    ],
)
def test_published_vectors_with_a_country(
    name: str, value: str, country: str, expected: str
) -> None:
    found = hashed(**{name: value, "country": country})

    assert [expected] == found.lists[KEYS[name]]


def test_external_id_keeps_its_case_on_request() -> None:
    found = hashed(Rules(external_id_case="keep"), external_id=" Cust_42 ")

    expected = "4bb55c8b061b878fbc6bf2e9cba005f6b1a64df9cce1f6d29ddb201518dfffda"
    assert [expected] == found.lists["external_id"]


WRITTEN = [
    # e-mail
    ("email", "Jane Doe <jane@example.org>", "", "jane@example.org"),
    ("email", "jane doe@example.org", "", "janedoe@example.org"),
    ("email", "jane\u200b@example.org", "", "jane@example.org"),
    ("email", "\ufeffjane@example.org\u2060", "", "jane@example.org"),
    ("email", "mailto:jane@example.org", "", "jane@example.org"),
    ("email", "JÜRGEN@müller.example.org", "", "jürgen@müller.example.org"),
    ("email", "a.b+c@example.org", "", "a.b+c@example.org"),
    # phone
    ("phone", "0151 2345678", "DE", "491512345678"),
    ("phone", "020 7946 0958", "GB", "442079460958"),
    ("phone", "(0)20 7946 0958", "GB", "442079460958"),
    ("phone", "06 698 12345", "IT", "390669812345"),
    ("phone", "8 (495) 123-45-67", "RU", "74951234567"),
    ("phone", "1-415-555-0132", "US", "14155550132"),
    ("phone", "491512345678", "US", "491512345678"),
    ("phone", "491512345678", "", "491512345678"),
    ("phone", "+1 415 555 0132;ext=12", "", "14155550132"),
    ("phone", "+1 415 555 0132 ext. 12", "", "14155550132"),
    ("phone", "+1 415 555 0132 #12", "", "14155550132"),
    ("phone", "tel:+1-415-555-0132", "", "14155550132"),
    ("phone", "Phone: +1/415/555/0132", "", "14155550132"),
    (
        "phone",
        "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff150132",
        "",
        "14155550132",
    ),
    (
        "phone",
        "+1 \u0664\u0661\u0665 \u0665\u0665\u0665 \u0660\u0661\u0663\u0662",
        "",
        "14155550132",
    ),
    ("phone", "(+49) 151 2345678", "", "491512345678"),
    # names
    ("first_name", "Na", "", "na"),
    ("last_name", "Null", "", "null"),
    ("last_name", "Test", "", "test"),
    ("first_name", "None", "", "none"),
    ("last_name", "Groß", "", "groß"),
    ("last_name", "van  der\tBerg", "", "van der berg"),
    # gender
    ("gender", "Female", "", "f"),
    ("gender", "woman", "", "f"),
    ("gender", "male", "", "m"),
    ("gender", "non-binary", "", "n"),
    ("gender", "Non Binary", "", "n"),
    # birthday
    ("date_of_birth", "19971226", "", "19971226"),
    ("date_of_birth", "1997/12/26", "", "19971226"),
    ("date_of_birth", "26.12.1997", "", "19971226"),
    ("date_of_birth", "05/05/1997", "", "19970505"),
    ("date_of_birth", "1997-12-26T00:00:00Z", "", "19971226"),
    # city
    ("city", "Neustadt (Wied)", "", "neustadtwied"),
    ("city", "Zürich", "", "zürich"),
    ("city", "東京", "", "東京"),
    # state
    ("state", "DE-BY", "", "by"),
    ("state", "Bayern", "DE", "by"),
    ("state", "NSW", "AU", "nsw"),
    ("state", "Québec", "CA", "qc"),
    ("state", "ontario", "", "on"),
    ("state", "D.C.", "US", "dc"),
    ("state", "JP-13", "JP", "13"),
    # postal code
    ("postal_code", "02139", "US", "02139"),
    ("postal_code", "01310-100", "BR", "01310100"),
    ("postal_code", "94107-1234", "", "94107"),
    ("postal_code", "\uff19\uff14\uff10\uff12\uff15", "US", "94025"),
    # country
    ("country", "UK", "", "gb"),
    ("country", "USA", "", "us"),
    ("country", "U.S.A.", "", "us"),
    ("country", "DEU", "", "de"),
    ("country", "Österreich", "", "at"),
    ("country", "Côte d'Ivoire", "", "ci"),
    ("country", "NA", "", "na"),
    ("country", "The Netherlands", "", "nl"),
    ("country", "Turkey", "", "tr"),
]


@pytest.mark.parametrize(("name", "value", "country", "normal"), WRITTEN)
def test_every_spelling_has_one_normal_form(
    name: str, value: str, country: str, normal: str
) -> None:
    given = {name: value} if not country else {name: value, "country": country}

    found = hashed(**given)

    assert [sha(normal)] == found.lists[KEYS[name]]


WITHOUT_USE = [
    ("email", "", "", "empty"),
    ("email", "\u200b \ufeff", "", "empty"),
    ("email", "n/a", "", "junk"),
    ("email", "[object Object]", "", "junk"),
    ("email", "none", "", "junk"),
    ("email", "test@test.com", "", "junk"),
    ("email", "noreply@shop.org", "", "junk"),
    ("email", "a@b", "", "not_an_email"),
    ("email", "a@@b.org", "", "not_an_email"),
    ("email", "a@b..org", "", "not_an_email"),
    ("email", "a@.b.org", "", "not_an_email"),
    ("email", "a@b.org.", "", "not_an_email"),
    ("email", "a@b.org,c@d.org", "", "not_an_email"),
    ("email", "a\x00@b.org", "", "control_character"),
    ("email", "a\ud800@b.org", "", "control_character"),
    ("email", "a" * 600 + "@b.org", "", "too_long"),
    ("email", "5" * 40, "", "hash_not_sha256"),
    ("email", "D41D8CD98F00B204E9800998ECF8427E", "", "hash_not_sha256"),
    ("phone", "n/a", "", "junk"),
    ("phone", "415.555.0132 x12", "", "phone_no_country"),
    ("phone", "0151 2345678", "", "phone_no_country"),
    ("phone", "0000000000", "US", "junk"),
    ("phone", "+1 111 111 1111", "", "junk"),
    ("phone", "1-800-FLOWERS", "US", "not_a_phone"),
    ("phone", "555-0132", "US", "not_a_phone"),
    ("phone", "+0151 2345678", "", "not_a_phone"),
    ("phone", "+1 415 555 0132, +1 415 555 0133", "", "not_a_phone"),
    ("phone", "+4915²", "", "not_a_phone"),
    ("phone", "()", "", "not_a_phone"),
    ("phone", "call me", "", "not_a_phone"),
    ("first_name", "-", "", "junk"),
    ("last_name", ".", "", "junk"),
    ("last_name", "undefined", "", "junk"),
    ("city", "...", "", "junk"),
    ("city", "unknown", "", "junk"),
    ("gender", "other", "", "gender_unknown"),
    ("gender", "unknown", "", "junk"),
    ("date_of_birth", "03/04/1997", "", "birthday_ambiguous"),
    ("date_of_birth", "1900-01-01", "", "birthday_impossible"),
    ("date_of_birth", "1997-02-30", "", "birthday_impossible"),
    ("date_of_birth", "2026-11-21", "", "birthday_impossible"),
    ("date_of_birth", "31/31/1997", "", "birthday_impossible"),
    ("date_of_birth", "spring of 97", "", "birthday_unreadable"),
    ("state", "Somewhere", "", "state_not_code"),
    ("state", "Georgia", "GE", "state_not_code"),
    ("postal_code", "0", "US", "not_a_postal_code"),
    ("postal_code", "12345678901234567", "", "not_a_postal_code"),
    ("postal_code", "null", "", "junk"),
    ("country", "Atlantis", "", "country_unknown"),
    ("external_id", "guest", "", "junk"),
    ("external_id", "0", "", "junk"),
    ("maid", "00000000-0000-0000-0000-000000000000", "", "junk"),
]


@pytest.mark.parametrize(("name", "value", "country", "reason"), WITHOUT_USE)
def test_what_identifies_nobody_is_dropped_with_its_reason(
    name: str, value: str, country: str, reason: str
) -> None:
    given = {name: value} if not country else {name: value, "country": country}

    found = hashed(**given)

    assert KEYS[name] not in found.lists
    assert [Dropped(field=name, reason=reason)] == found.dropped


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        ("a@example.com", False),
        ("a@mail.example.co.uk", False),
        ("a@shop.example", False),
        ("a@shop.test", False),
        ("a@nowhere.invalid", False),
        ("a@myexample.org", True),
        ("example@shop.org", True),
        ("a@testing.org", True),
    ],
)
def test_reserved_domains_are_dropped_in_live_sending(
    value: str, *, is_kept: bool
) -> None:
    found = hashed(Rules(drop_reserved=True), email=value)

    assert is_kept == ("em" in found.lists)
    assert is_kept or reasons(found) == {"email": "reserved_domain"}


WIDE_FORMS = [
    ("first_name", " Mary Ann ", "", ["mary ann", "maryann"]),
    ("phone", "+44 (0)20 7946 0958", "", ["442079460958", "4402079460958"]),
    ("phone", "+44 20 7946 0958", "", ["442079460958"]),
    ("postal_code", "SW1A 1AA", "GB", ["sw1a1aa", "11"]),
    ("postal_code", "94107-1234", "US", ["94107", "941071234"]),
    ("postal_code", "K1A 0B1", "CA", ["k1a0b1", "101"]),
    ("postal_code", "80331", "DE", ["80331"]),
    ("maid", "7A3C-bd", "", ["7a3c-bd", "7A3C-BD"]),
    ("city", "St. Louis", "", ["stlouis"]),
]


@pytest.mark.parametrize(("name", "value", "country", "forms"), WIDE_FORMS)
def test_wide_adds_the_forms_that_others_hash(
    name: str, value: str, country: str, forms: list[str]
) -> None:
    given = {name: value} if not country else {name: value, "country": country}

    wide, strict = hashed(WIDE, **given), hashed(**given)

    assert [sha(form) for form in forms] == wide.lists[KEYS[name]]
    assert [sha(forms[0])] == strict.lists[KEYS[name]]


def test_hashes_that_came_as_hashes_pass_in_small_letters() -> None:
    given = sha("jane@shop.org")

    found = hashed(email=f" {given.upper()} ", phone=given)

    assert {"em": [given], "ph": [given]} == found.lists


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("email", ""),
        ("phone", "n/a"),
        ("phone", "NaN"),
        ("phone", "N/A"),
        ("city", "NULL"),
    ],
)
def test_hashes_of_words_without_meaning_are_dropped(name: str, word: str) -> None:
    found = hashed(**{name: sha(word)})

    assert {name: "junk"} == reasons(found)


def test_a_name_may_be_the_hash_of_null_since_people_are_called_so() -> None:
    found = hashed(last_name=sha("null"))

    assert {"ln": [sha("null")]} == found.lists


def test_an_external_id_that_looks_like_md5_is_an_id() -> None:
    found = hashed(external_id="d41d8cd98f00b204e9800998ecf8427e")

    assert [sha("d41d8cd98f00b204e9800998ecf8427e")] == found.lists["external_id"]


def test_always_prehashed_never_sends_what_came_in_clear() -> None:
    rules = Rules(prehashed="always")

    found = hashed(rules, email=("jane@shop.org", sha("x@y.org")), last_name="Doe")

    assert {"em": [sha("x@y.org")]} == found.lists
    assert {"email": "not_hashed", "last_name": "not_hashed"} == reasons(found)


def test_never_prehashed_hashes_an_id_of_64_digits() -> None:
    found = hashed(Rules(prehashed="never"), external_id="a" * 64)

    assert {"external_id": [sha("a" * 64)]} == found.lists


def test_several_values_give_several_hashes_without_repeats() -> None:
    found = hashed(email=("b@shop.org", "a@shop.org", " B@SHOP.ORG", "nope"))

    assert [sha("b@shop.org"), sha("a@shop.org")] == found.lists["em"]
    assert {"email": "not_an_email"} == reasons(found)


def test_a_repair_is_told() -> None:
    found = hashed(email="jane doe@shop.org", postal_code="2139", country="US")

    assert [sha("02139")] == found.lists["zp"]
    assert ["email repaired", "postal_code repaired"] == found.warnings


def test_a_phone_is_read_in_the_address_before_the_shop() -> None:
    at_home = hashed(region="DE", phone="0151 2345678")
    abroad = hashed(region="DE", phone="07911 123456", country=("nowhere", "GB"))

    assert [sha("491512345678")] == at_home.lists["ph"]
    assert [sha("447911123456")] == abroad.lists["ph"]


def test_a_region_that_is_no_country_counts_as_none() -> None:
    found = hashed(region="Atlantis", phone="0151 2345678")

    assert {"phone": "phone_no_country"} == reasons(found)


@pytest.mark.parametrize(
    ("given", "identifies"),
    [
        ({"email": "a@shop.org"}, True),
        ({"maid": "7a3cbea0"}, True),
        ({"ip": "8.8.8.8", "user_agent": BROWSER}, True),
        ({"ip": "8.8.8.8"}, False),
        ({"ip": "10.0.0.1", "user_agent": BROWSER}, False),
        ({"phone": "+14155550132", "external_id": "7"}, False),
        ({"email": "n/a"}, False),
        ({}, False),
    ],
)
def test_pinterest_needs_an_email_a_device_or_ip_and_browser(
    given: dict[str, str], *, identifies: bool
) -> None:
    texts = {"ip", "user_agent", "click_id"}
    person = Person(**{k: v if k in texts else (v,) for k, v in given.items()})

    found = Identity(PLAIN).hash_person(person, None, TODAY)

    assert identifies == found.identifies


def test_every_field_of_a_person_is_read() -> None:
    read = set(KEYS) | {"ip", "user_agent", "click_id"}

    assert read == {one.name for one in dataclasses.fields(Person)}
