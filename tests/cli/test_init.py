import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import UnusableSettings, load
from forwarder.cli import main
from forwarder.cli.init import CLICKS
from forwarder.sources import SOURCES
from forwarder.store.seal import Sealer

FLAGS = ["--ad-account", "549755885175", "--public-url", "https://events.example.com/"]


def init(folder: Path, *words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["init", "--folder", str(folder), *words], text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new"


def with_secrets(folder: Path) -> Path:
    """Fill in what only the shops know; return the settings' file."""
    env = folder / ".env"
    env.write_text(env.read_text().replace("put-the-secret-here", "whsec_c2VjcmV0"))
    return folder / "forwarder.toml"


def test_a_secret_that_was_never_filled_in_is_a_fault(folder: Path) -> None:
    init(folder, *FLAGS, "--shop=my-shop=shopify")

    with pytest.raises(UnusableSettings) as caught:
        load({}, folder / "forwarder.toml", sources=SOURCES)
    assert "endpoints.my-shop.secrets still holds" in str(caught.value)


def test_what_it_writes_are_settings(folder: Path) -> None:
    shops = [f"--shop=my-{source}={source}" for source in SOURCES]
    result = init(folder, *FLAGS, *shops)

    assert 0 == result.exit_code, result.output
    settings = load({}, with_secrets(folder), sources=SOURCES)
    assert {f"my-{source}": source for source in SOURCES} == {
        name: endpoint.source for name, endpoint in settings.endpoints.items()
    }
    assert "549755885175" == settings.destinations["main"].ad_account_id
    assert "https://events.example.com" == settings.service.public_url
    assert Sealer(settings.service.data_keys)


def test_keys_are_fresh_and_for_the_owner_only(folder: Path, tmp_path: Path) -> None:
    init(folder, *FLAGS, "--shop=a=shopify")
    init(tmp_path / "other", *FLAGS, "--shop=a=shopify")

    env = folder / ".env"
    assert 0o600 == stat.S_IMODE(env.stat().st_mode)
    assert env.read_text() != (tmp_path / "other" / ".env").read_text()
    assert "FORWARDER_DATA_KEY" not in (folder / "forwarder.toml").read_text().replace(
        "env:FORWARDER_DATA_KEY", ""
    )


def test_it_says_where_to_click_for_every_shop(folder: Path) -> None:
    result = init(folder, *FLAGS, "--shop=a=shopify", "--shop=b=mailchimp")

    assert "a: https://events.example.com/hooks/a\n" in result.stdout
    secret = next(
        line.removeprefix("B_SECRET=")
        for line in (folder / ".env").read_text().splitlines()
        if line.startswith("B_SECRET=")
    )
    assert f"b: https://events.example.com/hooks/b/{secret}\n" in result.stdout
    assert CLICKS["shopify"] in result.stdout


@pytest.mark.parametrize("source", ["brevo", "zapier"])
def test_a_token_of_our_own_stays_out_of_the_address(folder: Path, source: str) -> None:
    result = init(folder, *FLAGS, f"--shop=a={source}")

    env = (folder / ".env").read_text().splitlines()
    (token,) = (line[9:] for line in env if line.startswith("A_SECRET="))
    assert len(token) >= 22
    assert token not in result.stdout


def test_every_source_has_its_clicks() -> None:
    assert set(SOURCES) == set(CLICKS)


def test_it_asks_for_what_is_not_given(folder: Path) -> None:
    answers = "shopify\n\ny\nkit\nletters\nn\n123\nhttps://a.example.com\n"
    result = init(folder, text=answers)

    assert 0 == result.exit_code, result.output
    settings = load({}, with_secrets(folder), sources=SOURCES)
    assert {"my-shopify", "letters"} == set(settings.endpoints)


@pytest.mark.parametrize(
    "words",
    [
        [*FLAGS, "--shop=my-shop"],
        [*FLAGS, "--shop=my-shop=etsy"],
        [*FLAGS, "--shop=My Shop=shopify"],
        [*FLAGS, "--shop==shopify"],
        [*FLAGS, "--shop=a=shopify", "--shop=a=kit"],
        [*FLAGS, "--shop=a-b=shopify", "--shop=a_b=kit"],
        ["--shop=a=shopify", "--public-url=https://a.example", "--ad-account=main"],
        ["--shop=a=shopify", "--ad-account=1", "--public-url=events.example.com"],
        ["--shop=a=shopify", "--ad-account=1", '--public-url=https://a"b/c'],
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    folder: Path, words: list[str]
) -> None:
    result = init(folder, *words)

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr
    assert not folder.exists()


@pytest.mark.parametrize("name", ["forwarder.toml", ".env"])
def test_nothing_is_written_over(folder: Path, name: str) -> None:
    folder.mkdir()
    (folder / name).write_text("mine")
    result = init(folder, *FLAGS, "--shop=a=shopify")

    assert 2 == result.exit_code
    assert name in result.stderr
    assert [name] == [file.name for file in folder.iterdir()]
    assert "mine" == (folder / name).read_text()


def test_in_a_pipe_that_ends_too_early_it_says_what_to_give(folder: Path) -> None:
    result = init(folder, "--shop=a=shopify", text="123\n")

    assert 2 == result.exit_code
    assert "--ad-account NUMBER and --public-url URL" in result.stderr
    assert not folder.exists()


def test_with_all_flags_it_asks_nothing(folder: Path) -> None:
    result = init(folder, *FLAGS, "--shop=a=shopify", text="")

    assert 0 == result.exit_code, result.output
    assert "forwarder listen --endpoint a" in result.stdout
