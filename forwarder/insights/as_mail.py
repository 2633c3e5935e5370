"""The board as an e-mail: what to do first, the numbers, where all of it is."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage

from forwarder.insights.as_text import as_text
from forwarder.insights.board import Board


def as_mail(
    board: Board, sender: str, recipients: Sequence[str], url: str, at: datetime
) -> EmailMessage:
    """Return the e-mail of a board; the same week has the same Message-ID."""
    month, n_cards = board.facts.month.text, len(board.cards)
    what = board.cards[0].advice.title if n_cards else "nothing asks for a change"
    year, week, _ = at.isocalendar()
    made = EmailMessage()
    made["Subject"] = f"[forwarder] What to change next: {what}"
    made["From"] = sender
    made["To"] = ", ".join(recipients)
    made["Date"] = at
    made["Message-ID"] = f"<board-{year}-{week:02d}@forwarder>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(f"{as_text(board)}\n\n{url}/console/kpi?month={month}\n")
    return made
