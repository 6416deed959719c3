"""The relay's two cookies: who is signed in, and which browser began to sign in elsewhere. Secrets both. What they are
called on the wire, and with which flags they are set, is the app's business.
"""

SESSION = "sidechain_session"
SIGN_IN = "sidechain_sign_in"
