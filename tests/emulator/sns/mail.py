"""A message as a person gets it who has subscribed to its topic by e-mail."""

import email.utils

from ..core.log_line import printable

NO_SUBJECT = "AWS Notification Message"
RULER = f"\n{'-' * 72}\n\n"


def mailbox(messages: list[dict]) -> str:
    """All these messages, for people to read."""
    return RULER.join(map(mail, messages)) or "There are no notifications.\n"


def mail(message: dict) -> str:
    """Header and text of one of SnsService.messages, as a mail reader shows them."""
    header = (
        f"Date: {email.utils.formatdate(message['Timestamp'], usegmt=True)}",
        f"Topic: {message['TopicArn'].rpartition(':')[2]}",
        f"Subject: {message['Subject'] or NO_SUBJECT}",
    )
    text = message["Bodies"].get("email", message["Bodies"]["default"])
    return "".join(f"{printable(line)}\n" for line in (*header, "", *text.strip().splitlines()))
