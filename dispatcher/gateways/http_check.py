"""Calls the server of an HTTP gateway, and says nothing to it: does it answer, is TLS good?"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from dispatcher.domain.findings import Finding, Level

_PATIENCE = 10.0


async def reach(url: str) -> Finding:
    """Connect to where a URL points, with TLS if it is https, and hang up."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    subject = f"server {parts.hostname}:{port}"
    try:
        async with asyncio.timeout(_PATIENCE):
            context = ssl.create_default_context() if secure else None
            _, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    except TimeoutError:
        told = f"does not answer within {_PATIENCE:g} s"
    except ssl.SSLCertVerificationError as error:
        told = f"shows a certificate that is not trusted: {error.verify_message}"
    except OSError as error:
        told = f"takes no call: {error.strerror or error}"
    else:
        writer.close()
        if secure:
            return Finding(Level.OK, subject, "takes calls, its certificate is good")
        remedy = "use https, unless it is this machine: passwords and numbers travel in clear text"
        return Finding(Level.WARN, subject, "takes calls, in clear text", remedy)
    remedy = "is the url right, and may this machine reach it?"
    return Finding(Level.FAIL, subject, told, remedy)
