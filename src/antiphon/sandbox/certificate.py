"""A certificate for localhost, made when it is needed and good for a day.

Some vendors' clients speak TLS only. Whoever runs one against the sandbox sets SSL_CERT_FILE to
the file made here.
"""

import subprocess
from pathlib import Path

from antiphon.errors import Missing

__all__ = ["make_certificate"]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """The certificate and its key, as PEM files in ``folder``. Raises `Missing`."""
    certificate, key = folder / "sandbox-cert.pem", folder / "sandbox-key.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "1", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", str(key), "-out", str(certificate),
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(
            f"no certificate could be made: {error}", fix="install openssl, or leave TLS out"
        ) from None
    return certificate, key
