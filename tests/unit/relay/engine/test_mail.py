"""How a letter is written: what a mail program has to read stands on one line."""

from email import message_from_bytes
from email.policy import default

from relay.engine.mail import Letter, Mailer, server_of


def test_a_link_in_a_header_is_one_line_whatever_its_length() -> None:
    link = f"<https://{'relay.' * 30}example/stop-letters/{'x' * 32}>"
    headers = {"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    subject = "anna und 3 andere: „Kellerlicht“, " * 8
    letter = Letter(to="a@example.com", subject=subject, text="x\n", name="abc", headers=headers)
    message = Mailer(server_of("smtp://localhost"), "relay@band.example")._message(letter)
    for policy in (message.policy, message.policy.clone(linesep="\r\n")):  # as smtplib writes it
        data = message.as_bytes(policy=policy)
        lines = data.decode("ascii").splitlines()
        assert f"List-Unsubscribe: {link}" in lines
        assert max(map(len, lines)) == len(f"List-Unsubscribe: {link}")
        read = message_from_bytes(data, policy=default)
        assert read["subject"] == subject.rstrip() or read["subject"] == subject
        assert read["message-id"] == "<abc@band.example>"
