#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make_keys.py -- draws the test keys anew and prints tls_keys.c.

    sim/tls/make_keys.py > sim/tls/tls_keys.c

Run once. The keys are public by being here: they protect nothing, and with other keys every octet of a
simulated handshake is another one (the goldens of the tests change). Certificates are not kept: the
program issues them from these keys (tls_certificate.c).
"""
import subprocess

KEYS = {
    "ca": ("the test authority", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    "rsa": ("servers and clients with RSA", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    "p256": ("… with ECDSA on P-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    "ed25519": ("… with Ed25519", ["-algorithm", "ED25519"]),
    "rsa1024": ("a key that is too short today", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
}

print("/* SPDX-License-Identifier: GPL-3.0-or-later */")
print("/* tls_keys.c -- the keys of the test authority and of whom it vouches for; made by make_keys.py.")
print(" *")
print(" * Everybody can read them here, so they protect nothing; they are fixed so that the same run gives")
print(" * the same octets. PKCS #8 in PEM. */")
print('#include "sim/tls/tls_keys.h"\n')
print("/* clang-format off */")
print("const char *const tls_keys[TLS_N_KEYS] = {")
for name, (comment, options) in KEYS.items():
    pem = subprocess.run(["openssl", "genpkey", "-outform", "PEM"] + options, check=True,
                         capture_output=True, text=True).stdout
    print(f"    /* {comment} */")
    print(f"    [TLS_KEY_{name.upper()}] =")
    lines = pem.strip().split("\n")
    for i, line in enumerate(lines):
        print(f'        "{line}\\n"' + ("," if i == len(lines) - 1 else ""))
print("};")
