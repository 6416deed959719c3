"""What other features may ask of mail."""

from relay.features.mail.addresses import Recipient, recipients
from relay.features.mail.sending import Sending

__all__ = ["Recipient", "Sending", "recipients"]
