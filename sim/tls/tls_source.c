/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_source.c -- randomness for OpenSSL that repeats: a provider with one generator, which hands
 * out the octets of the stream that is set.
 *
 *     world's stream ──> tls_source_draw_from ──> generator of the provider ──> OpenSSL
 *
 * OpenSSL makes its generators of a library context from the named one, once for the context and
 * twice for each thread; all of this context look at the same stream. The generator of the process
 * and of every other context stays as it is. provider-rand(7), EVP_RAND(3). */
#include "sim/tls/tls_source.h"

#include <glib.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#define GENERATOR "ENVELOSCOPE-STREAM"
#define PROVIDER "enveloscope"

enum {
  STRENGTH_BITS = 256,        /* what OpenSSL must believe to draw keys of every size from it */
  REQUEST_OCTETS_MAX = 65536, /* more is asked for in pieces */
};

struct tls_source {
  OSSL_LIB_CTX *context;
  OSSL_PROVIDER *own, *standard;
  struct random_stream **from; /* lives in the provider */
};

/* ---- the generator ---- */

struct generator {
  struct random_stream **from;
  int state;
};

static void *
generator_new(void *provider, void *parent, const OSSL_DISPATCH *parent_calls)
{
  struct generator *g = g_new0(struct generator, 1);
  g->from = provider;
  g->state = EVP_RAND_STATE_UNINITIALISED;
  return g;
}

static void
generator_free(void *own)
{
  g_free(own);
}

static int
generator_instantiate(void *own, unsigned int strength, int resists_prediction,
                      const unsigned char *personal, size_t n_personal, const OSSL_PARAM params[])
{
  ((struct generator *)own)->state = EVP_RAND_STATE_READY;
  return strength <= STRENGTH_BITS;
}

static int
generator_uninstantiate(void *own)
{
  ((struct generator *)own)->state = EVP_RAND_STATE_UNINITIALISED;
  return 1;
}

static int
generator_generate(void *own, unsigned char *out, size_t n, unsigned int strength,
                   int resists_prediction, const unsigned char *more, size_t n_more)
{
  struct generator *g = own;
  if (!*g->from || strength > STRENGTH_BITS)
    return 0;
  random_octets(*g->from, out, n);
  return 1;
}

static int
generator_reseed(void *own, int resists_prediction, const unsigned char *entropy, size_t n,
                 const unsigned char *more, size_t n_more)
{
  return 1; /* the stream is all there is */
}

/* One thread runs a world. */
static int
generator_lock(void *own)
{
  return 1;
}

static void
generator_unlock(void *own)
{
}

static const OSSL_PARAM *
generator_gettable(void *own, void *provider)
{
  static const OSSL_PARAM known[] = {
      OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, NULL), OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, NULL),
      OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, NULL), OSSL_PARAM_END};
  return known;
}

static int
generator_get(void *own, OSSL_PARAM params[])
{
  const struct generator *g = own;
  OSSL_PARAM *p;
  return (!(p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE)) ||
          OSSL_PARAM_set_int(p, g->state)) &&
         (!(p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH)) ||
          OSSL_PARAM_set_uint(p, STRENGTH_BITS)) &&
         (!(p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST)) ||
          OSSL_PARAM_set_size_t(p, REQUEST_OCTETS_MAX));
}

#define CALL(name, function)                                                                       \
  {                                                                                                \
    name, (void (*)(void))(function)                                                               \
  }

static const OSSL_DISPATCH generator_calls[] = {
    CALL(OSSL_FUNC_RAND_NEWCTX, generator_new),
    CALL(OSSL_FUNC_RAND_FREECTX, generator_free),
    CALL(OSSL_FUNC_RAND_INSTANTIATE, generator_instantiate),
    CALL(OSSL_FUNC_RAND_UNINSTANTIATE, generator_uninstantiate),
    CALL(OSSL_FUNC_RAND_GENERATE, generator_generate),
    CALL(OSSL_FUNC_RAND_RESEED, generator_reseed),
    CALL(OSSL_FUNC_RAND_ENABLE_LOCKING, generator_lock),
    CALL(OSSL_FUNC_RAND_LOCK, generator_lock),
    CALL(OSSL_FUNC_RAND_UNLOCK, generator_unlock),
    CALL(OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, generator_gettable),
    CALL(OSSL_FUNC_RAND_GET_CTX_PARAMS, generator_get),
    {0, NULL}};

/* ---- the provider ---- */

static const OSSL_ALGORITHM *
provider_query(void *provider, int operation, int *is_volatile)
{
  static const OSSL_ALGORITHM generators[] = {
      {GENERATOR, "provider=" PROVIDER, generator_calls, "octets of a stream"},
      {NULL, NULL, NULL, NULL}};
  *is_volatile = 0;
  return operation == OSSL_OP_RAND ? generators : NULL;
}

static void
provider_free(void *provider)
{
  g_free(provider);
}

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
              void **provider)
{
  static const OSSL_DISPATCH calls[] = {CALL(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query),
                                        CALL(OSSL_FUNC_PROVIDER_TEARDOWN, provider_free),
                                        {0, NULL}};
  *provider = g_new0(struct random_stream *, 1);
  *out = calls;
  return 1;
}

/* ---- life ---- */

struct tls_source *
tls_source_new(void)
{
  /* no file of this computer's may change what is said */
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
  struct tls_source *s = g_new0(struct tls_source, 1);
  s->context = OSSL_LIB_CTX_new();
  /* the generator is named before anything can draw */
  if (s->context && OSSL_PROVIDER_add_builtin(s->context, PROVIDER, provider_init) &&
      RAND_set_DRBG_type(s->context, GENERATOR, NULL, NULL, NULL) &&
      (s->own = OSSL_PROVIDER_load(s->context, PROVIDER)) &&
      (s->standard = OSSL_PROVIDER_load(s->context, "default"))) {
    s->from = OSSL_PROVIDER_get0_provider_ctx(s->own);
    return s;
  }
  tls_source_free(s);
  return NULL;
}

void
tls_source_free(struct tls_source *s)
{
  if (!s)
    return;
  if (s->standard)
    OSSL_PROVIDER_unload(s->standard);
  if (s->own)
    OSSL_PROVIDER_unload(s->own);
  OSSL_LIB_CTX_free(s->context);
  g_free(s);
}

OSSL_LIB_CTX *
tls_source_context(const struct tls_source *s)
{
  return s->context;
}

void
tls_source_draw_from(struct tls_source *s, struct random_stream *from)
{
  *s->from = from;
}
