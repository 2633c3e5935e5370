"""How an audit is told: as JSON, as text, and as Markdown to pass on."""

from collections.abc import Sequence
from typing import Any

from forwarder.clicks.audit import Audit, Walked


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
                "cookie_names": list(hop.cookie_names),
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


def as_text(found: Audit) -> str:
    """Return the audit for a terminal."""
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


def as_markdown(found: Audit) -> str:
    """Return the audit as Markdown."""
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


def changes(before: dict[str, Any], now: dict[str, Any]) -> Sequence[str]:
    """Return, in sentences, what differs between two audits of one address."""
    told = []
    if before["verdict"] != now["verdict"]:
        told.append(f"was {before['verdict']}, is {now['verdict']}")
    was, is_now = len(before["hops"]), len(now["hops"])
    if was != is_now:
        told.append(f"{was} hops before, {is_now} now")
    ends = [one["hops"][-1]["url"].partition("?")[0] for one in (before, now)]
    if ends[0] != ends[1]:
        told.append(f"ended on {ends[0]}, ends on {ends[1]}")
    fates = {one["name"]: one["fate"] for one in before["parameters"]}
    told += [
        f"{one['name']} was {fates[one['name']].replace('_', '-')}, "
        f"is {one['fate'].replace('_', '-')}"
        for one in now["parameters"]
        if fates.get(one["name"], one["fate"]) != one["fate"]
    ]
    return told
