# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests, made by openssl(1): an authority, and what it signs."""
import os
import subprocess


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Authority:
    """One that signs; file is its own certificate. Everything lies in the directory."""

    def __init__(self, directory, name="authority"):
        os.makedirs(directory, exist_ok=True)
        self.directory = str(directory)
        self.file = self.path(f"{name}.pem")
        self.key = self.path(f"{name}.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.file, "-subj", f"/CN={name}", "-days", "2")

    def path(self, name):
        return os.path.join(self.directory, name)

    def sign(self, name, days=2, named=True, stem=None):
        """A certificate for the name; days -1: expired; named False: no subjectAltName. (file, key)"""
        stem = stem or f"{name}{days}{named}"
        file, key, request, extensions = (self.path(f"{stem}.{end}")
                                          for end in ("pem", "key", "csr", "ext"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        with open(extensions, "w", encoding="ascii") as f:
            f.write(f"subjectAltName=DNS:{name}\n" if named else "basicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key,
                "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", file)
        os.chmod(key, 0o600)
        return file, key
