/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keylog.c -- reads key log lines into a table by client random.
 *
 *     CLIENT_RANDOM 52362c10…(64 digits) 9e9a…(96 digits)        TLS 1.2
 *     SERVER_TRAFFIC_SECRET_0 52362c10… b80f…(64 or 96 digits)   TLS 1.3
 *
 * RFC 9850. Early data and exporters have labels too; nothing here reads what they protect. */
#include "capture/tls/keylog.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <string.h>

struct keylog {
  GHashTable *entries; /* struct keylog_entry*, by its own random */
};

static const char *const labels[KEYLOG_N_SECRETS] = {
    [KEYLOG_MASTER] = "CLIENT_RANDOM",
    [KEYLOG_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    [KEYLOG_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    [KEYLOG_CLIENT_TRAFFIC] = "CLIENT_TRAFFIC_SECRET_0",
    [KEYLOG_SERVER_TRAFFIC] = "SERVER_TRAFFIC_SECRET_0",
};

/* Randoms are as good as hashes; but a file may choose them, so all octets count. */
static guint
hash_random(gconstpointer key)
{
  const uint8_t *p = key;
  uint32_t h = 2166136261u; /* FNV-1a */
  for (unsigned i = 0; i < KEYLOG_RANDOM_OCTETS; i++)
    h = (h ^ p[i]) * 16777619u;
  return h;
}

static gboolean
equal_random(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, KEYLOG_RANDOM_OCTETS) == 0;
}

static void
entry_free(void *data)
{
  OPENSSL_clear_free(data, sizeof(struct keylog_entry));
}

struct keylog *
keylog_new(void)
{
  struct keylog *k = g_new(struct keylog, 1);
  k->entries = g_hash_table_new_full(hash_random, equal_random, NULL, entry_free);
  return k;
}

void
keylog_free(struct keylog *k)
{
  if (!k)
    return;
  g_hash_table_unref(k->entries);
  g_free(k);
}

/* The octets of a word of hexadecimal digits; 0 when it is none or does not fit. */
static size_t
read_hex(const char *p, size_t n, uint8_t *out, size_t room)
{
  if (n % 2 || n / 2 > room)
    return 0;
  for (size_t i = 0; i < n; i += 2) {
    int high = g_ascii_xdigit_value(p[i]), low = g_ascii_xdigit_value(p[i + 1]);
    if (high < 0 || low < 0)
      return 0;
    out[i / 2] = (uint8_t)(high << 4 | low);
  }
  return n / 2;
}

static size_t
word_octets(const char *p, const char *end)
{
  const char *at = p;
  while (at < end && *at != ' ' && *at != '\t')
    at++;
  return (size_t)(at - p);
}

static const char *
skip_spaces(const char *p, const char *end)
{
  while (p < end && (*p == ' ' || *p == '\t'))
    p++;
  return p;
}

static struct keylog_entry *
get_entry(struct keylog *k, const uint8_t *random)
{
  struct keylog_entry *e = g_hash_table_lookup(k->entries, random);
  if (e || g_hash_table_size(k->entries) >= KEYLOG_CONNECTIONS_MAX)
    return e;
  e = OPENSSL_zalloc(sizeof *e);
  memcpy(e->random, random, KEYLOG_RANDOM_OCTETS);
  g_hash_table_insert(k->entries, e->random, e);
  return e;
}

/* One line without its end. */
static bool
add_line(struct keylog *k, const char *p, const char *end)
{
  uint8_t random[KEYLOG_RANDOM_OCTETS], secret[KEYLOG_SECRET_MAX];
  p = skip_spaces(p, end);
  size_t n = word_octets(p, end);
  int kind = -1;
  for (int i = 0; i < KEYLOG_N_SECRETS; i++)
    if (strlen(labels[i]) == n && memcmp(labels[i], p, n) == 0)
      kind = i;
  if (kind < 0)
    return false;
  p = skip_spaces(p + n, end);
  n = word_octets(p, end);
  if (read_hex(p, n, random, sizeof random) != sizeof random)
    return false;
  p = skip_spaces(p + n, end);
  size_t n_secret = read_hex(p, word_octets(p, end), secret, sizeof secret);
  struct keylog_entry *e = n_secret ? get_entry(k, random) : NULL;
  if (e) {
    memcpy(e->secrets[kind].octets, secret, n_secret);
    e->secrets[kind].n_octets = (uint8_t)n_secret;
  }
  OPENSSL_cleanse(secret, sizeof secret);
  return e != NULL;
}

size_t
keylog_add(struct keylog *k, const char *text, size_t n)
{
  const char *end = text + n;
  size_t n_taken = 0;
  while (text < end) {
    const char *lf = memchr(text, '\n', (size_t)(end - text));
    const char *stop = lf ? lf : end;
    n_taken += add_line(k, text, stop > text && stop[-1] == '\r' ? stop - 1 : stop);
    text = lf ? lf + 1 : end;
  }
  return n_taken;
}

const struct keylog_entry *
keylog_find(const struct keylog *k, const uint8_t *random)
{
  /* Mostly there are no secrets at all, and every connection asks. */
  return g_hash_table_size(k->entries) ? g_hash_table_lookup(k->entries, random) : NULL;
}
