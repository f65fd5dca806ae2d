"""Whose word is taken for it that a portal is what it says: the certificate authorities of this machine."""

import os
import ssl
from pathlib import Path

import certifi


def trust() -> ssl.SSLContext:
    """Checks names and certificates; trusts whom this machine trusts, and else whom certifi does.

    A company adds its own authority to the machine's folder, so that its portal is trusted without more ado.
    A folder is looked into for the one that is needed, where a file is read whole and takes 2 MB for good
    (docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations). SSL_CERT_FILE and SSL_CERT_DIR name others, as
    everywhere. Raises OSError when that file cannot be read.
    """
    paths = ssl.get_default_verify_paths()
    file = os.environ.get(paths.openssl_cafile_env)
    folder = os.environ.get(paths.openssl_capath_env) or _hashed(paths.capath)
    if file or not folder:
        return ssl.create_default_context(cafile=file or certifi.where())
    return ssl.create_default_context(capath=folder)


def _hashed(folder: str | None) -> str | None:
    """The folder, if authorities can be found in it by the hash of their names."""
    return folder if folder and any(Path(folder).glob("*.0")) else None
