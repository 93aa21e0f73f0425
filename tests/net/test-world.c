/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-world.c -- events happen in one order only, cancelled ones never; random numbers are keyed.
 */
#include <string.h>

#include "sim/core/world.h"

struct log {
  struct world *w;
  GString *text;
};

struct mark {
  struct log *log;
  char letter;
};

static void
note(void *data)
{
  struct mark *m = data;
  g_string_append_c(m->log->text, m->letter);
}

static void
test_order(void)
{
  struct log log = {world_new(1, NULL, NULL), g_string_new(NULL)};
  struct mark m[8];
  for (int i = 0; i < 8; i++)
    m[i] = (struct mark){&log, (char)('a' + i)};
  /* Time before class before host before the order of asking. */
  world_at(log.w, 20, WORLD_LINK, 0, note, &m[7]);
  world_at(log.w, 10, WORLD_APP, 0, note, &m[6]);
  world_at(log.w, 10, WORLD_TIMER, 3, note, &m[4]);
  world_at(log.w, 10, WORLD_TIMER, 3, note, &m[5]);
  world_at(log.w, 10, WORLD_TIMER, 1, note, &m[3]);
  world_at(log.w, 10, WORLD_LINK, 9, note, &m[2]);
  world_at(log.w, 5, WORLD_APP, 9, note, &m[1]);
  world_at(log.w, 0, WORLD_APP, 9, note, &m[0]);
  g_assert_true(world_run(log.w, 10));
  g_assert_cmpstr(log.text->str, ==, "abcdefg");
  g_assert_cmpint(world_now(log.w), ==, 10);
  g_assert_false(world_run(log.w, 100));
  g_assert_cmpstr(log.text->str, ==, "abcdefgh");
  g_string_free(log.text, TRUE);
  world_free(log.w);
}

/* Hosts change turns within an instant, never a host's own events, nor classes, nor times. */
static void
test_permuted_ties(void)
{
  bool differs = false;
  for (uint64_t permutation = 1; permutation <= 8; permutation++) {
    struct log log = {world_new(1, NULL, NULL), g_string_new(NULL)};
    struct mark m[10];
    world_permute_ties(log.w, permutation);
    for (int i = 0; i < 10; i++)
      m[i] = (struct mark){&log, (char)('a' + i)};
    for (int i = 0; i < 8; i++) /* a and b of host 0, c and d of host 1 … */
      world_at(log.w, 10, WORLD_TIMER, (uint32_t)i / 2, note, &m[i]);
    world_at(log.w, 10, WORLD_APP, 0, note, &m[8]);
    world_at(log.w, 9, WORLD_APP, 3, note, &m[9]);
    world_run(log.w, 100);
    g_assert_cmpuint(log.text->len, ==, 10);
    g_assert_cmpint(log.text->str[0], ==, 'j');
    g_assert_cmpint(log.text->str[9], ==, 'i');
    for (int host = 0; host < 4; host++) {
      const char *first = strchr(log.text->str, 'a' + 2 * host);
      g_assert_cmpint(first[1], ==, 'b' + 2 * host);
    }
    differs = differs || strncmp(log.text->str, "jabcdefgh", 9) != 0;
    g_string_free(log.text, TRUE);
    world_free(log.w);
  }
  g_assert_true(differs);
}

static void
test_cancel(void)
{
  struct log log = {world_new(1, NULL, NULL), g_string_new(NULL)};
  struct mark m[26];
  uint64_t ids[26];
  for (int i = 0; i < 26; i++) {
    m[i] = (struct mark){&log, (char)('a' + i)};
    /* Scattered times, so that cancelling meets every place of the heap. */
    ids[i] = world_at(log.w, (i * 7) % 26, WORLD_APP, 0, note, &m[i]);
    g_assert_cmpuint(ids[i], !=, 0);
  }
  for (int i = 0; i < 26; i += 2)
    world_cancel(log.w, ids[i]);
  world_cancel(log.w, ids[0]); /* twice does nothing */
  world_run(log.w, 100);
  /* Odd letters in the order of (i * 7) % 26: i = 15 k mod 26 for k = 0, 1, 2 … */
  g_autoptr(GString) want = g_string_new(NULL);
  for (int k = 0; k < 26; k++) {
    int i = 15 * k % 26;
    if (i % 2)
      g_string_append_c(want, (char)('a' + i));
  }
  g_assert_cmpstr(log.text->str, ==, want->str);
  /* An id that has happened cancels nothing, even when its slot serves another event. */
  world_at(log.w, 200, WORLD_APP, 0, note, &m[25]);
  for (int i = 0; i < 26; i++)
    world_cancel(log.w, ids[i]);
  world_run(log.w, 300);
  g_assert_cmpint(log.text->str[log.text->len - 1], ==, 'z');
  g_assert_cmpuint(log.text->len, ==, 14);
  g_string_free(log.text, TRUE);
  world_free(log.w);
}

static void
again(void *data)
{
  struct log *log = data;
  world_at(log->w, world_now(log->w) + 1, WORLD_APP, 0, again, log);
  g_string_append_c(log->text, '.');
}

static void
test_events_from_events(void)
{
  struct log log = {world_new(1, NULL, NULL), g_string_new(NULL)};
  world_at(log.w, 0, WORLD_APP, 0, again, &log);
  g_assert_true(world_run(log.w, 9));
  g_assert_cmpuint(log.text->len, ==, 10);
  g_assert_true(world_step(log.w));
  g_assert_cmpint(world_now(log.w), ==, 10);
  g_string_free(log.text, TRUE);
  world_free(log.w);
}

/* The test vector of the SipHash paper, appendix A: key 00..0f, message 00..0e. */
static void
test_siphash_vector(void)
{
  const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
  uint8_t message[15];
  for (uint8_t i = 0; i < 15; i++)
    message[i] = i;
  g_assert_cmphex(random_hash(key, message, 15), ==, UINT64_C(0xa129ca6149be45e5));
}

static void
test_streams_are_apart(void)
{
  struct world *w = world_new(1, NULL, NULL), *v = world_new(2, NULL, NULL);
  struct random_stream a = world_random(w, 0, "x"), same = world_random(w, 0, "x");
  struct random_stream host = world_random(w, 1, "x"), purpose = world_random(w, 0, "y"),
                       seed = world_random(v, 0, "x");
  uint64_t first = random_next(&a);
  g_assert_cmphex(first, ==, random_next(&same));
  g_assert_cmphex(first, !=, random_next(&host));
  g_assert_cmphex(first, !=, random_next(&purpose));
  g_assert_cmphex(first, !=, random_next(&seed));
  g_assert_cmphex(first, !=, random_next(&a));
  unsigned seen[6] = {0};
  for (int i = 0; i < 6000; i++)
    seen[random_below(&a, 6)]++;
  for (int i = 0; i < 6; i++)
    g_assert_cmpuint(seen[i], >, 850); /* 1000 expected, 29 the standard deviation */
  world_free(w);
  world_free(v);
}

static void
ignore_frame(void *data, const struct world_frame *f)
{
}

static uint64_t
hash_of(const uint8_t *octets, uint32_t n, int64_t time_ns)
{
  const struct world_sink sink = {ignore_frame, NULL};
  struct world *w = world_new(1, &sink, NULL);
  world_emit_frame(w, &(struct world_frame){.time_ns = time_ns, .octets = octets, .n_octets = n});
  uint64_t hash = world_hash(w);
  world_free(w);
  return hash;
}

static void
test_hash_sees_every_octet(void)
{
  uint8_t octets[100] = {0};
  uint64_t plain = hash_of(octets, 100, 5);
  g_assert_cmphex(plain, ==, hash_of(octets, 100, 5));
  g_assert_cmphex(plain, !=, hash_of(octets, 100, 6));
  g_assert_cmphex(plain, !=, hash_of(octets, 99, 5));
  for (unsigned i = 0; i < 100; i++) {
    octets[i] = 1;
    g_assert_cmphex(plain, !=, hash_of(octets, 100, 5));
    octets[i] = 0;
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/world/order-is-time-class-host-sequence", test_order);
  g_test_add_func("/world/cancelled-events-never-happen", test_cancel);
  g_test_add_func("/world/permuted-ties-change-only-the-turns-of-hosts", test_permuted_ties);
  g_test_add_func("/world/events-from-events", test_events_from_events);
  g_test_add_func("/random/siphash-test-vector", test_siphash_vector);
  g_test_add_func("/random/streams-are-apart", test_streams_are_apart);
  g_test_add_func("/world/hash-sees-every-octet", test_hash_sees_every_octet);
  return g_test_run();
}
