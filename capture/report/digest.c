/* SPDX-License-Identifier: GPL-3.0-or-later */
/* digest.c -- SHA-256 of a whole file, in pieces, as fast as the library can. */
#include "capture/report/digest.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { PIECE_OCTETS = 1 << 16 };

bool
digest_file(const char *path, char out[65])
{
  unsigned char piece[PIECE_OCTETS], digest[EVP_MAX_MD_SIZE];
  unsigned n_digest = 0;
  out[0] = 0;
  FILE *in = fopen(path, "rb");
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = in && ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
  while (ok) {
    size_t n = fread(piece, 1, sizeof piece, in);
    if (n == 0)
      break;
    ok = EVP_DigestUpdate(ctx, piece, n) == 1;
  }
  ok = ok && !ferror(in) && EVP_DigestFinal_ex(ctx, digest, &n_digest) == 1 && n_digest == 32;
  for (unsigned i = 0; ok && i < 32; i++)
    snprintf(out + 2 * i, 3, "%02x", digest[i]);
  EVP_MD_CTX_free(ctx);
  if (in)
    fclose(in);
  return ok;
}
