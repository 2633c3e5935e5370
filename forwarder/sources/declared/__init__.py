"""A platform that the operator describes in a file: any JSON or form webhook.

It promises what every adapter promises: signatures over the raw bytes compared in
constant time, a signed time near ours, the rules of money, one event_id per order.
Source: our own; docs/sources/declared.md
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from forwarder import decode
from forwarder.core import bodies, signing, tokens
from forwarder.core import reading as read
from forwarder.core.event import Notice, Reading, Unreadable
from forwarder.core.source import Options
from forwarder.sources.declared.mapping import Incomplete, Mapped, read_mapping
from forwarder.sources.declared.places import values
from forwarder.sources.declared.told import Told

__all__ = ["Declared", "Incomplete", "declared"]


@dataclass(frozen=True, slots=True)
class Declared:
    """A source made of a mapping. Has the functions of `core.source.Source`."""

    mapped: Mapped

    def verify(
        self, notice: Notice, secret: str, now: datetime, options: Options
    ) -> None:
        """Return if `secret` signed the notice or came along. Raises: Forged, Stale."""
        proof = self.mapped.proof
        if proof.scheme is not None:
            tolerance_s = options.timestamp_tolerance_s
            signing.verify(proof.scheme, notice, secret, now, tolerance_s)
        elif proof.shown_in == "path":
            signing.verify_path_secret(notice, secret)
        elif proof.shown_in == "header":
            shown = notice.headers.get(proof.shown_name, "")
            tokens.verify_shown(shown.removeprefix("Bearer "), secret)
        else:
            shown = tokens.in_body(notice.body, proof.shown_name) or ""
            tokens.verify_shown(shown, secret)

    def sign(self, notice: Notice, secret: str, now: datetime) -> Notice:
        """Return the notice as the platform would prove it."""
        proof = self.mapped.proof
        if proof.scheme is not None:
            return signing.sign(proof.scheme, notice, secret, now)
        if proof.shown_in == "path":
            return replace(notice, path_secret=secret)
        if proof.shown_in == "header":
            headers = {**notice.headers, proof.shown_name: secret}
            return replace(notice, headers=headers)
        return tokens.with_word(notice, proof.shown_name, secret)

    def redacted(self, notice: Notice) -> Notice:
        """Return the notice without a secret that it shows; never raises."""
        proof = self.mapped.proof
        if proof.shown_in == "header":
            kept = {k: v for k, v in notice.headers.items() if k != proof.shown_name}
            return replace(notice, headers=kept)
        if proof.shown_in == "field":
            return tokens.with_word(notice, proof.shown_name, "redacted")
        return notice

    def delivery_key(self, notice: Notice) -> str:
        """Return the delivery's own id if one is declared, else a hash of the body."""
        kept = self.redacted(notice)
        if not self.mapped.delivery_id:
            return read.short_key(kept.body)
        try:
            data = self._data(kept)
        except Unreadable:
            return read.short_key(kept.body)
        told = map(read.text, values(self.mapped.delivery_id, data, kept))
        return read.short_key(kept.body, *told)

    def parse(self, notice: Notice, options: Options) -> Reading:
        """Return the event of a notice, or why there is none. Raises: Unreadable."""
        data = self._data(notice)
        topic = read.first(*values(self.mapped.topic, data, notice))
        fit = [r for r in self.mapped.rules if not r.topics or topic in r.topics]
        if not fit:
            return Reading(ignored=f"topic not mapped: {read.topic_words(topic)}")
        for rule in fit:
            told = Told(rule, data, notice, options, self.mapped.name)
            if told.is_meant():
                return Reading(events=(told.event(),))
        return Reading(ignored="its `when` does not hold")

    def _data(self, notice: Notice) -> object:
        read_body = bodies.read_form if self.mapped.is_form else decode.read_json
        return read_body(notice.body)


def declared(table: Mapping[str, Any]) -> Declared:
    """Return the source that a mapping describes. Raises: Incomplete."""
    return Declared(read_mapping(table))
