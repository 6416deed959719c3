"""What other features may ask of mail."""

from relay.features.mail.addresses import Recipient, recipient, recipients
from relay.features.mail.sending import Sending

__all__ = ["Recipient", "Sending", "recipient", "recipients"]
