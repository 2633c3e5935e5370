"""The code that carries ids is made for the operator's own settings."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from forwarder.core.event import Kind
from forwarder.core.source import Options, event_id
from tests.cli.conftest import Shell
from tests.servers import missing

NODE = shutil.which("node")


def printed(shell: Shell, *words: str) -> str:
    result = shell.run("snippet", "ids", "--endpoint", "my-shop", *words)
    assert 0 == result.exit_code, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("platform", "call"),
    [
        ("shopify", "'shopify:my-shop:' + id[0] + ':checkout'"),
        ("woocommerce", "'shopify:my-shop:' . $order_id . ':checkout'"),
        ("stripe", "'shopify:my-shop:' + order_id + ':checkout'"),
    ],
)
def test_the_tag_sends_the_id_that_the_endpoint_derives(
    shell: Shell, platform: str, call: str
) -> None:
    ours = event_id(Options(shop="my-shop"), "shopify", "ORDER", Kind.CHECKOUT)
    text = printed(shell, "--platform", platform)

    assert call in text
    assert ours == "shopify:my-shop:ORDER:checkout"
    assert "@" not in text.replace("@endpoint", "")


def test_the_event_id_of_the_settings_counts(shell: Shell) -> None:
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text() + 'event_id = "o\'{order_id}-{kind}"\n')

    assert "event_id: 'o\\'' + id[0] + '-checkout'" in printed(shell)


def test_the_platform_is_that_of_the_endpoint_or_a_form(shell: Shell) -> None:
    file = shell.folder / "forwarder.toml"

    assert "/cart/update.js" in printed(shell)
    file.write_text(file.read_text().replace('"shopify"', '"tally"'))
    text = printed(shell)
    assert '<input type="hidden" name="epik">' in text
    assert 'pintrk("track", "lead"' in text


def test_an_unknown_endpoint_is_told(shell: Shell) -> None:
    result = shell.run("snippet", "ids", "--endpoint", "elsewhere")

    assert 2 == result.exit_code
    assert "known: my-shop" in result.stderr


def test_the_script_keeps_the_click_and_the_page_of_its_landing() -> None:
    if NODE is None:
        missing("node, which runs the script,")
    folder = Path(__file__).parents[2] / "forwarder" / "cli" / "snippets"
    script = (folder / "capture.js").read_text()
    around = f"""
    const kept = {{}};
    global.window = {{}};
    global.navigator = {{ userAgent: "Mozilla/5.0 (X)" }};
    global.document = {{ cookie: "_epik=dj0yJnU9cookie" }};
    global.localStorage = {{
      getItem: k => kept[k] || null, setItem: (k, v) => {{ kept[k] = v; }}
    }};
    global.location = {{
      search: "?epik=dj0yJnU9query&pcid=t1", href: "https://a/p?x"
    }};
    {script}
    window.pinIds.keep();
    global.location = {{ search: "", href: "https://a/later" }};
    window.pinIds.keep();
    console.log(JSON.stringify(window.pinIds.all()));
    """
    command = [str(NODE), "-e", around]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603

    assert {
        "epik": "dj0yJnU9query",
        "pcid": "t1",
        "pin_url": "https://a/p?x",
        "pin_ua": "Mozilla/5.0 (X)",
    } == json.loads(done.stdout)
