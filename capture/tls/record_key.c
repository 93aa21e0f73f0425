/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record_key.c -- key derivation and record protection of TLS 1.2 and 1.3, reading side only.
 *
 *     1.3  traffic secret ─HKDF-Expand-Label "key", "iv"─> key, iv          nonce = iv XOR sequence
 *     1.2  master secret ─PRF "key expansion"─> MACs, keys, ivs
 *            GCM, CCM   nonce = iv(4) | 8 octets in front of the record
 *            ChaCha20   nonce = iv(12) XOR sequence
 *            CBC        IV in front; contents | MAC | padding, or contents | padding, then MAC
 * (7366)
 *
 * The algorithms are OpenSSL's. What is not genuine is not handed out. Not here: RC4, 3DES, NULL
 * and the versions before 1.2. */
#include "capture/tls/record_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/tls.h"

enum kind { KIND_AEAD_13, KIND_GCM, KIND_CCM, KIND_CHACHA, KIND_CBC };

struct suite {
  uint16_t number;
  enum kind kind;
  const char *cipher; /* as OpenSSL calls it */
  uint8_t key_octets, tag_octets;
  const char *hash; /* of the key derivation */
  const char *mac;  /* CBC */
};

static const struct suite suites[] = {
    {0x1301, KIND_AEAD_13, "AES-128-GCM", 16, 16, "SHA256", NULL},
    {0x1302, KIND_AEAD_13, "AES-256-GCM", 32, 16, "SHA384", NULL},
    {0x1303, KIND_AEAD_13, "ChaCha20-Poly1305", 32, 16, "SHA256", NULL},
    {0x1304, KIND_AEAD_13, "AES-128-CCM", 16, 16, "SHA256", NULL},
    {0x1305, KIND_AEAD_13, "AES-128-CCM", 16, 8, "SHA256", NULL},
    {0x009c, KIND_GCM, "AES-128-GCM", 16, 16, "SHA256", NULL}, /* RSA */
    {0x009d, KIND_GCM, "AES-256-GCM", 32, 16, "SHA384", NULL},
    {0x009e, KIND_GCM, "AES-128-GCM", 16, 16, "SHA256", NULL}, /* DHE-RSA */
    {0x009f, KIND_GCM, "AES-256-GCM", 32, 16, "SHA384", NULL},
    {0xc02b, KIND_GCM, "AES-128-GCM", 16, 16, "SHA256", NULL}, /* ECDHE-ECDSA */
    {0xc02c, KIND_GCM, "AES-256-GCM", 32, 16, "SHA384", NULL},
    {0xc02f, KIND_GCM, "AES-128-GCM", 16, 16, "SHA256", NULL}, /* ECDHE-RSA */
    {0xc030, KIND_GCM, "AES-256-GCM", 32, 16, "SHA384", NULL},
    {0xc09c, KIND_CCM, "AES-128-CCM", 16, 16, "SHA256", NULL}, /* RSA */
    {0xc09d, KIND_CCM, "AES-256-CCM", 32, 16, "SHA256", NULL},
    {0xc09e, KIND_CCM, "AES-128-CCM", 16, 16, "SHA256", NULL}, /* DHE-RSA */
    {0xc09f, KIND_CCM, "AES-256-CCM", 32, 16, "SHA256", NULL},
    {0xc0a0, KIND_CCM, "AES-128-CCM", 16, 8, "SHA256", NULL}, /* RSA, short tag */
    {0xc0a1, KIND_CCM, "AES-256-CCM", 32, 8, "SHA256", NULL},
    {0xc0a2, KIND_CCM, "AES-128-CCM", 16, 8, "SHA256", NULL}, /* DHE-RSA, short tag */
    {0xc0a3, KIND_CCM, "AES-256-CCM", 32, 8, "SHA256", NULL},
    {0xc0ac, KIND_CCM, "AES-128-CCM", 16, 16, "SHA256", NULL}, /* ECDHE-ECDSA */
    {0xc0ad, KIND_CCM, "AES-256-CCM", 32, 16, "SHA256", NULL},
    {0xc0ae, KIND_CCM, "AES-128-CCM", 16, 8, "SHA256", NULL},
    {0xc0af, KIND_CCM, "AES-256-CCM", 32, 8, "SHA256", NULL},
    {0xcca8, KIND_CHACHA, "ChaCha20-Poly1305", 32, 16, "SHA256", NULL},
    {0xcca9, KIND_CHACHA, "ChaCha20-Poly1305", 32, 16, "SHA256", NULL},
    {0xccaa, KIND_CHACHA, "ChaCha20-Poly1305", 32, 16, "SHA256", NULL},
    {0x002f, KIND_CBC, "AES-128-CBC", 16, 20, "SHA256", "SHA1"}, /* RSA */
    {0x0035, KIND_CBC, "AES-256-CBC", 32, 20, "SHA256", "SHA1"},
    {0x003c, KIND_CBC, "AES-128-CBC", 16, 32, "SHA256", "SHA256"},
    {0x003d, KIND_CBC, "AES-256-CBC", 32, 32, "SHA256", "SHA256"},
    {0x0033, KIND_CBC, "AES-128-CBC", 16, 20, "SHA256", "SHA1"}, /* DHE-RSA */
    {0x0039, KIND_CBC, "AES-256-CBC", 32, 20, "SHA256", "SHA1"},
    {0x0067, KIND_CBC, "AES-128-CBC", 16, 32, "SHA256", "SHA256"},
    {0x006b, KIND_CBC, "AES-256-CBC", 32, 32, "SHA256", "SHA256"},
    {0xc009, KIND_CBC, "AES-128-CBC", 16, 20, "SHA256", "SHA1"}, /* ECDHE-ECDSA */
    {0xc00a, KIND_CBC, "AES-256-CBC", 32, 20, "SHA256", "SHA1"},
    {0xc023, KIND_CBC, "AES-128-CBC", 16, 32, "SHA256", "SHA256"},
    {0xc024, KIND_CBC, "AES-256-CBC", 32, 48, "SHA384", "SHA384"},
    {0xc013, KIND_CBC, "AES-128-CBC", 16, 20, "SHA256", "SHA1"}, /* ECDHE-RSA */
    {0xc014, KIND_CBC, "AES-256-CBC", 32, 20, "SHA256", "SHA1"},
    {0xc027, KIND_CBC, "AES-128-CBC", 16, 32, "SHA256", "SHA256"},
    {0xc028, KIND_CBC, "AES-256-CBC", 32, 48, "SHA384", "SHA384"},
};

enum {
  NONCE_OCTETS = 12,
  SALT_OCTETS = 4,     /* GCM and CCM of TLS 1.2: the part of the nonce that keys give */
  EXPLICIT_OCTETS = 8, /* the part that the record carries */
  BLOCK_OCTETS = 16,   /* AES */
  MASTER_OCTETS = 48,
};

const struct suite *
suite_find(uint16_t number)
{
  for (size_t i = 0; i < G_N_ELEMENTS(suites); i++)
    if (suites[i].number == number)
      return &suites[i];
  return NULL;
}

bool
suite_is_13(const struct suite *s)
{
  return s->kind == KIND_AEAD_13;
}

static size_t
hash_octets(const struct suite *s)
{
  return strcmp(s->hash, "SHA384") == 0 ? 48 : 32;
}

void
record_key_clear(struct record_key *k)
{
  EVP_CIPHER_CTX_free(k->context);
  OPENSSL_cleanse(k, sizeof *k);
  *k = (struct record_key){0};
}

/* ---- derivation ---- */

static bool
derive(const char *kdf_name, OSSL_PARAM *params, uint8_t *out, size_t n)
{
  EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
  EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
  bool is_good = context && EVP_KDF_derive(context, out, n, params) == 1;
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return is_good;
}

/* HKDF-Expand-Label(secret, label, "", n) of RFC 8446 7.1. */
static bool
expand_label(const struct suite *s, const uint8_t *secret, const char *label, uint8_t *out,
             size_t n)
{
  uint8_t info[2 + 1 + 6 + 16 + 1];
  size_t n_label = strlen(label), at = 0;
  put_be16(info, (uint16_t)n);
  at = 2;
  info[at++] = (uint8_t)(6 + n_label);
  memcpy(info + at, "tls13 ", 6);
  memcpy(info + at + 6, label, n_label);
  at += 6 + n_label;
  info[at++] = 0; /* no context */
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)s->hash, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, hash_octets(s)),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, at),
      OSSL_PARAM_construct_end(),
  };
  return derive("HKDF", params, out, n);
}

static bool
take_key(struct record_key *k, const struct suite *s, const uint8_t *key)
{
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, s->cipher, NULL);
  EVP_CIPHER_CTX_free(k->context);
  k->context = EVP_CIPHER_CTX_new();
  bool is_good = cipher && EVP_DecryptInit_ex2(k->context, cipher, NULL, NULL, NULL) == 1;
  bool is_ccm = is_good && EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CCM_MODE;
  if (is_good && s->kind != KIND_CBC) /* CCM wants the lengths before the key */
    is_good = EVP_CIPHER_CTX_ctrl(k->context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_OCTETS, NULL) == 1 &&
              (!is_ccm ||
               EVP_CIPHER_CTX_ctrl(k->context, EVP_CTRL_AEAD_SET_TAG, s->tag_octets, NULL) == 1);
  is_good = is_good && EVP_DecryptInit_ex2(k->context, NULL, key, NULL, NULL) == 1;
  EVP_CIPHER_free(cipher);
  k->suite = is_good ? s : NULL;
  k->sequence = 0;
  return is_good;
}

bool
record_key_from_traffic(struct record_key *k, const struct suite *suite, const uint8_t *secret,
                        size_t n)
{
  uint8_t key[KEY_OCTETS_MAX];
  if (n != hash_octets(suite))
    return false;
  memmove(k->secret, secret, n);
  bool is_good = expand_label(suite, k->secret, "key", key, suite->key_octets) &&
                 expand_label(suite, k->secret, "iv", k->iv, NONCE_OCTETS) &&
                 take_key(k, suite, key);
  OPENSSL_cleanse(key, sizeof key);
  return is_good;
}

bool
record_key_update(struct record_key *k)
{
  uint8_t next[KEY_HASH_MAX];
  const struct suite *suite = k->suite;
  if (!suite || !expand_label(suite, k->secret, "traffic upd", next, hash_octets(suite)))
    return false;
  bool is_good = record_key_from_traffic(k, suite, next, hash_octets(suite));
  OPENSSL_cleanse(next, sizeof next);
  return is_good;
}

bool
record_keys_from_master(struct record_key keys[2], const struct suite *suite, const uint8_t *master,
                        const uint8_t *client_random, const uint8_t *server_random,
                        bool mac_is_outside)
{
  uint8_t block[2 * (KEY_HASH_MAX + KEY_OCTETS_MAX + KEY_IV_MAX)];
  uint8_t seed[13 + 32 + 32];
  size_t n_mac = suite->kind == KIND_CBC ? suite->tag_octets : 0;
  size_t n_iv = suite->kind == KIND_CBC      ? 0
                : suite->kind == KIND_CHACHA ? NONCE_OCTETS
                                             : SALT_OCTETS;
  memcpy(seed, "key expansion", 13);
  memcpy(seed + 13, server_random, 32);
  memcpy(seed + 45, client_random, 32);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)suite->hash, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)master, MASTER_OCTETS),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
      OSSL_PARAM_construct_end(),
  };
  bool is_good = derive("TLS1-PRF", params, block, 2 * (n_mac + suite->key_octets + n_iv));
  for (unsigned i = 0; i < 2 && is_good; i++) {
    const uint8_t *key = block + 2 * n_mac + i * suite->key_octets;
    memcpy(keys[i].mac, block + i * n_mac, n_mac);
    memcpy(keys[i].iv, block + 2 * (n_mac + suite->key_octets) + i * n_iv, n_iv);
    keys[i].mac_is_outside = mac_is_outside;
    is_good = take_key(&keys[i], suite, key);
  }
  OPENSSL_cleanse(block, sizeof block);
  return is_good;
}

/* ---- one record ---- */

static void
xor_sequence(uint8_t *nonce, uint64_t sequence)
{
  for (unsigned i = 0; i < 8; i++)
    nonce[NONCE_OCTETS - 1 - i] ^= (uint8_t)(sequence >> (8 * i));
}

/* The sequence number and header that TLS 1.2 authenticates with its contents. */
static void
pseudo_header(const struct record_key *k, const uint8_t *record, size_t n_contents, uint8_t out[13])
{
  for (unsigned i = 0; i < 8; i++)
    out[i] = (uint8_t)(k->sequence >> (56 - 8 * i));
  memcpy(out + 8, record, 3);
  put_be16(out + 11, (uint16_t)n_contents);
}

static bool
open_aead(struct record_key *k, const uint8_t *record, const uint8_t *body, size_t n,
          GByteArray *out)
{
  const struct suite *s = k->suite;
  uint8_t nonce[NONCE_OCTETS], extra[13];
  bool is_explicit = s->kind == KIND_GCM || s->kind == KIND_CCM;
  size_t n_front = is_explicit ? EXPLICIT_OCTETS : 0, n_extra = TLS_RECORD_HEADER_OCTETS;
  if (n < n_front + s->tag_octets)
    return false;
  memcpy(nonce, k->iv, NONCE_OCTETS);
  if (is_explicit)
    memcpy(nonce + SALT_OCTETS, body, EXPLICIT_OCTETS);
  else
    xor_sequence(nonce, k->sequence);
  body += n_front;
  n -= n_front + s->tag_octets;
  memcpy(extra, record, TLS_RECORD_HEADER_OCTETS);
  if (s->kind != KIND_AEAD_13) {
    pseudo_header(k, record, n, extra);
    n_extra = sizeof extra;
  }
  int got = 0, rest = 0;
  uint8_t behind[EVP_MAX_BLOCK_LENGTH]; /* nothing is left for it, but it must be somewhere */
  bool is_ccm = EVP_CIPHER_get_mode(EVP_CIPHER_CTX_get0_cipher(k->context)) == EVP_CIPH_CCM_MODE;
  if (is_ccm && n == 0)
    return false; /* CCM judges with the contents, and nobody sends an empty record with it */
  g_byte_array_set_size(out, (guint)n);
  return EVP_CIPHER_CTX_ctrl(k->context, EVP_CTRL_AEAD_SET_TAG, s->tag_octets,
                             (void *)(body + n)) == 1 &&
         EVP_DecryptInit_ex2(k->context, NULL, NULL, nonce, NULL) == 1 &&
         (!is_ccm || EVP_DecryptUpdate(k->context, NULL, &got, NULL, (int)n) == 1) &&
         EVP_DecryptUpdate(k->context, NULL, &got, extra, (int)n_extra) == 1 &&
         (n == 0 || EVP_DecryptUpdate(k->context, out->data, &got, body, (int)n) == 1) &&
         (is_ccm || EVP_DecryptFinal_ex(k->context, behind, &rest) == 1);
}

/* Whether `expected` is the MAC of the pseudo header and p[0..n). */
static bool
is_mac(const struct record_key *k, const uint8_t *record, size_t n_named, const uint8_t *p,
       size_t n, const uint8_t *expected)
{
  uint8_t head[13], mac[EVP_MAX_MD_SIZE];
  size_t n_mac = 0;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)k->suite->mac, 0),
      OSSL_PARAM_construct_end()};
  pseudo_header(k, record, n_named, head);
  EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
  bool is_good = context && EVP_MAC_init(context, k->mac, k->suite->tag_octets, params) == 1 &&
                 EVP_MAC_update(context, head, sizeof head) == 1 &&
                 EVP_MAC_update(context, p, n) == 1 &&
                 EVP_MAC_final(context, mac, &n_mac, sizeof mac) == 1 &&
                 n_mac == k->suite->tag_octets && CRYPTO_memcmp(mac, expected, n_mac) == 0;
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(hmac);
  return is_good;
}

static bool
open_cbc(struct record_key *k, const uint8_t *record, const uint8_t *body, size_t n,
         GByteArray *out)
{
  size_t n_mac = k->suite->tag_octets;
  if (k->mac_is_outside) {
    if (n < n_mac)
      return false;
    n -= n_mac;
    if (!is_mac(k, record, n, body, n, body + n))
      return false;
  }
  if (n < 2 * BLOCK_OCTETS || n % BLOCK_OCTETS)
    return false;
  int got = 0;
  g_byte_array_set_size(out, (guint)(n - BLOCK_OCTETS));
  if (EVP_DecryptInit_ex2(k->context, NULL, NULL, body, NULL) != 1 ||
      EVP_CIPHER_CTX_set_padding(k->context, 0) != 1 ||
      EVP_DecryptUpdate(k->context, out->data, &got, body + BLOCK_OCTETS,
                        (int)(n - BLOCK_OCTETS)) != 1)
    return false;
  size_t n_padding = (size_t)out->data[out->len - 1] + 1, n_tail = k->mac_is_outside ? 0 : n_mac;
  if (n_padding + n_tail > out->len)
    return false;
  g_byte_array_set_size(out, (guint)(out->len - n_padding));
  if (k->mac_is_outside)
    return true;
  size_t n_contents = out->len - n_mac;
  if (!is_mac(k, record, n_contents, out->data, n_contents, out->data + n_contents))
    return false;
  g_byte_array_set_size(out, (guint)n_contents);
  return true;
}

bool
record_key_open(struct record_key *k, const uint8_t *p, size_t n, GByteArray *out)
{
  const uint8_t *body = p + TLS_RECORD_HEADER_OCTETS;
  n -= TLS_RECORD_HEADER_OCTETS;
  bool is_good =
      k->suite->kind == KIND_CBC ? open_cbc(k, p, body, n, out) : open_aead(k, p, body, n, out);
  if (!is_good)
    g_byte_array_set_size(out, 0);
  return is_good;
}
