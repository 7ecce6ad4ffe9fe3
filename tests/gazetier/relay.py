"""A relay with TLS and a login, by aiosmtpd: a server that we did not write ourselves.

    relay.py MODE CERTIFICATE KEY RECORD

MODE is smtps (TLS from the first byte), starttls (which it then demands), or bare (no TLS at all).
The login is estran, its password marée. Prints its port; writes a line for each letter it takes:
the recipient, and how the connection was secured.
"""

import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

mode, certificate, key, record = sys.argv[1:]


class Handler:
    async def handle_DATA(self, server, session, envelope):
        secured = server.transport.get_extra_info("ssl_object")
        with open(record, "a") as lines:
            for recipient in envelope.rcpt_tos:
                lines.write(f"{recipient} {secured.version() if secured else 'in the clear'}\n")
        return "250 2.0.0 taken"


def login(server, session, envelope, mechanism, data):
    # What is not handled here is answered by the server.
    return AuthResult(success=(data.login, data.password) == (b"estran", "marée".encode()), handled=False)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def session():
        return SMTP(
            Handler(),
            hostname="relay.example.org",
            tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls",
            authenticator=login,
            auth_required=mode != "bare",
            auth_require_tls=mode == "starttls",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if mode == "smtps" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
