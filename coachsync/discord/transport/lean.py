"""The parts of requests that the transport uses, loaded without what it never needs.

requests guesses the encoding of texts with whichever detection library it finds. Nobody asks it to here, and loading
one costs each working run 3 MB: it is told that there is none, which it can do without since 2.32.
"""

from __future__ import annotations

import importlib
import sys
import warnings

_DETECTION = ("charset_normalizer", "chardet")


def _load() -> None:
    hidden = [name for name in _DETECTION if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None makes an import fail
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("requests")
    except ImportError:
        pass  # an older one: loaded as it is, below
    finally:
        for name in hidden:
            del sys.modules[name]


if "requests" not in sys.modules:
    _load()

from requests import PreparedRequest, RequestException  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402
from requests.structures import CaseInsensitiveDict  # noqa: E402
from requests.utils import get_environ_proxies  # noqa: E402

__all__ = ["CaseInsensitiveDict", "HTTPAdapter", "PreparedRequest", "RequestException", "get_environ_proxies"]
