/* SPDX-License-Identifier: GPL-3.0-or-later */
/* digest.c -- SHA-256 in pieces, of what passes by or of a whole file, as fast as the library can.
 * A failure of the library (it has none that an input can cause) is remembered and told at the end.
 */
#include "capture/report/digest.h"

#include <glib.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { PIECE_OCTETS = 1 << 16 };

struct digest {
  EVP_MD_CTX *ctx;
  bool is_good;
};

struct digest *
digest_new(void)
{
  struct digest *d = g_new0(struct digest, 1);
  d->ctx = EVP_MD_CTX_new();
  d->is_good = d->ctx && EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1;
  return d;
}

void
digest_free(struct digest *d)
{
  if (!d)
    return;
  EVP_MD_CTX_free(d->ctx);
  g_free(d);
}

void
digest_feed(struct digest *d, const uint8_t *octets, size_t n)
{
  d->is_good = d->is_good && EVP_DigestUpdate(d->ctx, octets, n) == 1;
}

bool
digest_end(struct digest *d, char out[65])
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n_digest = 0;
  out[0] = 0;
  d->is_good = d->is_good && EVP_DigestFinal_ex(d->ctx, digest, &n_digest) == 1 && n_digest == 32;
  for (unsigned i = 0; d->is_good && i < 32; i++)
    snprintf(out + 2 * i, 3, "%02x", digest[i]);
  return d->is_good;
}

bool
digest_file(const char *path, char out[65])
{
  uint8_t piece[PIECE_OCTETS];
  out[0] = 0;
  FILE *in = fopen(path, "rb");
  if (!in)
    return false;
  struct digest *d = digest_new();
  for (size_t n; (n = fread(piece, 1, sizeof piece, in)) > 0;)
    digest_feed(d, piece, n);
  bool ok = !ferror(in) && digest_end(d, out);
  digest_free(d);
  fclose(in);
  return ok;
}
