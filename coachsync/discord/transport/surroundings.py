"""What the environment says about the way out: trusted certificates, a proxy, a key log.

requests reads these variables; what makes no sense in them is found here, before anything is sent, and told by the
variable's name. A proxy's address may hold a password, so it is never shown.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from certifi import where
from requests import Session
from requests.utils import select_proxy
from urllib3.exceptions import HTTPError
from urllib3.util import create_urllib3_context, parse_url

from coachsync.domain.loopback import is_loopback
from coachsync.errors import EnvironmentalError

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # in the order in which requests looks
_KEY_LOG = "SSLKEYLOGFILE"


class Surroundings(NamedTuple):
    """The way to one address: `proxies` as requests takes them, and the certificates to trust (None: certifi's)."""

    proxies: Mapping[str, str]
    bundle: str | None


def surroundings(base: str) -> Surroundings:
    """Return what the environment says of the way to an address.

    Raises:
        EnvironmentalError: a proxy's variable makes no sense.
    """
    parts = urlsplit(base)
    with Session() as session:
        found = session.merge_environment_settings(base, {}, None, None, None)
    proxies = {} if is_loopback(parts.hostname or "") else dict(found["proxies"])
    proxy = select_proxy(base, proxies)
    if proxy:
        _check_proxy(proxy, parts.scheme)
    verify = found["verify"]
    return Surroundings(proxies, verify if isinstance(verify, str) else None)


def tls_context(bundle: str | None) -> ssl.SSLContext:
    """Return what trusts a file or folder of certificates.

    Raises:
        EnvironmentalError: they cannot be read, or the key log that a variable asks for cannot be written.
    """
    context = _without_certificates()
    path = bundle or where()
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:  # an SSLError, too: what is there holds no certificates
        if bundle is None:
            hint = "install coachsync's dependencies again (pip install --force-reinstall certifi)"
            raise EnvironmentalError(f"certifi's certificates {path} cannot be read: {_why(error)}", hint) from None
        name = _set(*_BUNDLES)
        hint = f"correct ${name} to a file of certificates, or unset it"
        raise EnvironmentalError(f"${name} names {path}, which cannot be read: {_why(error)}", hint) from None
    return context


def _check_proxy(proxy: str, scheme: str) -> None:
    """Refuse what is no address of an HTTP proxy: requests would say so anew for every request."""
    name = _set(*(n for s in (scheme, "all") for n in (f"{s}_proxy", f"{s}_proxy".upper())))
    try:
        parts = parse_url(proxy if "://" in proxy else f"http://{proxy}")
    except (HTTPError, ValueError):
        parts = None
    if parts is not None and (parts.scheme or "").startswith("socks"):
        raise EnvironmentalError(
            f"${name} names a SOCKS proxy, which is not supported", f"name an HTTP proxy in ${name}"
        )
    if parts is None or not parts.host or parts.scheme not in ("http", "https") or _odd(parts.host):
        hint = f"correct ${name} to http://HOST:PORT, or unset it"
        raise EnvironmentalError(f"${name} holds something that is no proxy's address", hint)


def _odd(host: str) -> bool:
    return any(char <= " " or char in "\"'<>%,;" for char in host)


def _set(*names: str) -> str:
    """Return the first of these variables that is set."""
    return next((name for name in names if os.environ.get(name)), names[0])


def _without_certificates() -> ssl.SSLContext:
    try:
        return create_urllib3_context()
    except OSError as error:
        path = os.environ.get(_KEY_LOG, "")
        raise EnvironmentalError(
            f"${_KEY_LOG} names {path}, which cannot be written: {_why(error)}", f"unset ${_KEY_LOG}"
        ) from None


def _why(error: OSError) -> str:
    return "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
