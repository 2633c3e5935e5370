"""`forwarder audit`: what happens to a link on its way."""

import secrets
from typing import Any

import click
import requests

from forwarder import outside
from forwarder.cli.common import BAD_NEWS, WRONG_USE, json_option, print_json
from forwarder.clicks.audit import Audit, Verdict, Walked, audit


@click.command("audit")
@click.argument("url")
@click.option("--allow-host", "hosts", multiple=True, help="Where the way may end.")
@click.option(
    "--allow-private",
    is_flag=True,
    help="Call inner addresses and any port, for tests.",
)
@click.option("--markdown", is_flag=True, help="Print Markdown, to pass on.")
@json_option
def audit_(
    *,
    url: str,
    hosts: tuple[str, ...],
    allow_private: bool,
    markdown: bool,
    as_json: bool,
) -> None:
    """Follow a link hop by hop; say which parameter is lost, where, and the mend.

    Exit code 0 for green, 1 for amber or red, 2 where nothing could be tried.

    Example: forwarder audit "https://example.com/spring?utm_source=pinterest"
    """
    session = outside.session(allow_private=allow_private, any_port=allow_private)
    nonce = secrets.token_hex(5)
    try:
        found = audit(session, url, nonce, nonce, hosts)
    except outside.Unsafe as unsafe:
        _stop(str(unsafe))
    except ValueError:  # `requests` calls an address without a scheme that, too
        _stop("the address is none of the web: write https://host/path")
    except requests.RequestException:
        _stop("the address does not answer: check it in a browser, then try again")
    if as_json:
        print_json(as_data(found))
    else:
        click.echo(_as_markdown(found) if markdown else _as_text(found))
    if found.worst.verdict is not Verdict.GREEN:
        raise SystemExit(BAD_NEWS)


def _stop(told: str) -> None:
    click.echo(f"audit: {told}", err=True)
    raise SystemExit(WRONG_USE)


def as_data(found: Audit) -> dict[str, Any]:
    """Return the audit as JSON has it: the worst way whole, the others in a line."""
    worst = found.worst
    return {
        "verdict": worst.verdict.value,
        "first_bad_hop": worst.first_bad_hop,
        "profile": worst.profile,
        "hops": [
            {
                "n": hop.n,
                "url": hop.url,
                "status": hop.status,
                "location": hop.location,
                "ms": hop.ms,
                "cookie_names": hop.cookie_names,
                "referrer_policy": hop.referrer_policy,
                "has_hsts": hop.has_hsts,
            }
            for hop in worst.way.hops
        ],
        "parameters": [
            {"name": one.name, "fate": one.fate.value, "hop": one.hop}
            for one in worst.parameters
        ],
        "advice": [one.advice for one in worst.findings],
        "has_pinterest_tag": None if worst.way.page is None else worst.way.page.has_tag,
        "profiles": [
            {
                "profile": one.profile,
                "verdict": one.verdict.value,
                "hops": len(one.way.hops),
                "status": one.way.hops[-1].status,
            }
            for one in found.walks
        ],
    }


def _as_text(found: Audit) -> str:
    worst = found.worst
    lines = [f"{worst.verdict.value}, seen by: {worst.profile}"]
    if worst.first_bad_hop is not None:
        lines[0] += f"; first bad hop: {worst.first_bad_hop}"
    for hop in worst.way.hops:
        status = "no answer" if hop.status is None else str(hop.status)
        lines.append(f"  {hop.n}  {status}  {hop.ms} ms  {hop.url}")
    lines += [_parameter_line(worst)]
    lines += [f"  - {one.advice}" for one in worst.findings]
    others = [one for one in found.walks if one is not worst]
    told = ", ".join(f"{one.profile} {one.verdict.value}" for one in others)
    return "\n".join([*lines, f"others: {told}" if told else "others: not tried"])


def _parameter_line(worst: Walked) -> str:
    told = [
        f"{one.name} {one.fate.value.replace('_', '-')}"
        + ("" if one.hop is None else f" at hop {one.hop}")
        for one in worst.parameters
    ]
    return f"  parameters: {', '.join(told)}"


def _as_markdown(found: Audit) -> str:
    worst = found.worst
    lines = [
        f"# Link audit: {worst.verdict.value}",
        "",
        f"Worst for: {worst.profile}.",
        "",
        "| Hop | Status | ms | Address |",
        "|---|---|---|---|",
        *(
            f"| {hop.n} | {hop.status if hop.status is not None else 'none'} "
            f"| {hop.ms} | `{hop.url.replace('|', '%7C').replace('`', '%60')}` |"
            for hop in worst.way.hops
        ),
        "",
        "| Parameter | Fate | Hop |",
        "|---|---|---|",
        *(
            f"| {one.name} | {one.fate.value} | {'' if one.hop is None else one.hop} |"
            for one in worst.parameters
        ),
        "",
        *(f"- {one.advice}" for one in worst.findings),
    ]
    return "\n".join(lines)
