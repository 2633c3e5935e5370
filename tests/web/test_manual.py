"""The pages of the sources are shown whole, without a mark left over."""

import re

import pytest

from forwarder.sources import SOURCES
from forwarder.web.console_source import REST, RETRIES, STEPS
from forwarder.web.manual import inline, part, rendered

LEFT_OVER = re.compile(r"\*\*|\]\(|```|`|^\s*\||^#", re.MULTILINE)


@pytest.mark.parametrize("source", [*sorted(SOURCES), "declared"])
def test_every_part_of_every_page_is_shown_without_marks(source: str) -> None:
    for heading in (STEPS, RETRIES, *REST):
        html = str(part(source, heading))
        assert html, (source, heading)
        prose = re.sub(r"<pre.*?</pre>|<code>.*?</code>", "", html, flags=re.DOTALL)
        assert LEFT_OVER.search(prose) is None, (source, heading)
        assert "`forwarder init` printed" not in html


def test_a_source_without_a_page_has_no_steps() -> None:
    assert "" == part("nobody", STEPS)
    assert "" == part("shopify", "No such heading")


def test_lists_hold_their_code_and_tables_their_cells() -> None:
    html = rendered(
        '1. First\n   goes on:\n\n   ```json\n   {"a": 1}\n   ```\n\n2. Second\n\n'
        "- a *b*\n\n| A | B |\n|---|---|\n| `x` | y |\n"
    )

    assert "<li><p>First goes on:</p> <pre" in html
    assert "<code>{&#34;a&#34;: 1}</code></pre></li><li><p>Second</p></li></ol>" in html
    assert "<ul><li><p>a <em>b</em></p></li></ul>" in html
    assert "<tr><td><code>x</code></td><td>y</td></tr>" in html


def test_what_is_no_mark_is_escaped_and_links_leave_only_by_https() -> None:
    assert "&lt;b&gt; <code>&lt;i&gt;</code>" == inline("<b> `<i>`")
    assert "<strong>a <code>b</code></strong>" == inline("**a `b`**")
    assert '<a href="https://a.example" rel="noreferrer">x</a>' == inline(
        "[x](https://a.example)"
    )
    assert "x y" == inline("[x](../missing.md) [y](javascript:alert)")
