/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-imap-names.c -- names of mailboxes on the wire, and the wildcards of LIST, against slow and
 * plain versions of themselves; and what a mailbox remembers of its expunges, to its very end. */
#include <string.h>

#include "sim/mail/imap.h"
#include "sim/mail/imap_name.h"
#include "sim/mail/imap_parse.h"
#include "sim/mail/store.h"

/* RFC 3501 6.3.8 read aloud: exponential, but short. */
static bool
plainly_matches(const char *pattern, const char *name)
{
  if (!*pattern)
    return !*name;
  if (*pattern != '*' && *pattern != '%')
    return *pattern == *name && plainly_matches(pattern + 1, name + 1);
  if (plainly_matches(pattern + 1, name))
    return true;
  return *name && (*pattern == '*' || *name != '/') && plainly_matches(pattern, name + 1);
}

static void
draw_text(GRand *random, const char *letters, char *out, int n_max)
{
  int n = g_rand_int_range(random, 0, n_max);
  for (int i = 0; i < n; i++)
    out[i] = letters[g_rand_int_range(random, 0, (gint32)strlen(letters))];
  out[n] = '\0';
}

static void
test_wildcards(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(1);
  unsigned n_matches = 0;
  for (unsigned i = 0; i < 200000; i++) {
    char pattern[12], name[12];
    draw_text(random, "ab/*%", pattern, sizeof pattern);
    draw_text(random, "ab/", name, sizeof name);
    bool wanted = plainly_matches(pattern, name);
    n_matches += wanted;
    if (imap_pattern_matches(pattern, name) != wanted)
      g_error("\"%s\" and \"%s\": %d was wanted", pattern, name, wanted);
  }
  g_assert_cmpuint(n_matches, >, 10000);
}

static void
test_long_patterns(void)
{
  g_autofree char *name = g_strnfill(255, 'a');
  for (size_t n = 60; n <= IMAP_PATTERN_MAX; n++) { /* over the ends of the words */
    g_autofree char *as = g_strnfill(n < 255 ? n : 255, 'a');
    g_autofree char *stars = g_strnfill(n, '*');
    g_autofree char *pattern = g_strconcat(as, "*", NULL);
    g_assert_true(imap_pattern_matches(pattern, name));
    g_assert_true(imap_pattern_matches(stars, name));
    g_assert_true(imap_pattern_matches(as, name) == (strlen(as) == 255));
  }
  GString *evil = g_string_new(NULL);
  for (unsigned i = 0; i < 200; i++)
    g_string_append(evil, "a*");
  g_string_append_c(evil, 'b');
  g_assert_false(imap_pattern_matches(evil->str, name)); /* at once, or the test hangs */
  g_string_free(evil, TRUE);
  g_autofree char *endless = g_strnfill(IMAP_PATTERN_MAX + 1, 'a');
  g_assert_false(imap_pattern_matches(endless, name));
}

static void
test_inbox_in_any_case(void)
{
  g_assert_true(imap_pattern_matches("inb%", "INBOX"));
  g_assert_true(imap_pattern_matches("InBoX", "INBOX"));
  g_assert_false(imap_pattern_matches("inb%", "INBOXES"));
  g_assert_false(imap_pattern_matches("work", "Work"));
}

/* Every name comes back as it was, in printable ASCII, and no other spelling of it is taken. */
static void
test_utf7_there_and_back(void)
{
  static const gunichar ends[] = {0x20,   0x7f,   0x100,   0xe00,  0xe80,
                                  0xd7ff, 0xe000, 0x10000, 0x1f600};
  g_autoptr(GRand) random = g_rand_new_with_seed(2);
  for (unsigned i = 0; i < 50000; i++) {
    g_autoptr(GString) name = g_string_new(NULL);
    for (int n = g_rand_int_range(random, 0, 8); n > 0; n--) {
      gunichar c = g_rand_boolean(random) ? (gunichar)g_rand_int_range(random, ' ', 0x7f)
                                          : ends[g_rand_int_range(random, 0, G_N_ELEMENTS(ends))] +
                                                (gunichar)g_rand_int_range(random, 0, 3);
      if (c >= 0xd800 && c < 0xe000) /* half a surrogate is no letter */
        c = 0xe000;
      g_string_append_unichar(name, c);
    }
    g_autofree char *wire = imap_name_encode(name->str);
    g_autofree char *back = imap_name_decode(wire);
    g_assert_cmpstr(back, ==, name->str);
    for (const char *p = wire; *p; p++)
      g_assert_true(*p >= ' ' && *p <= '~');
    char *amp = strchr(wire, '&');
    if (!amp || amp[1] == '-')
      continue;
    g_autofree char *unclosed = g_strndup(wire, (gsize)(strchr(amp, '-') - wire));
    g_assert_null(imap_name_decode(unclosed));
  }
}

/* RFC 3501 5.1.3 gives the first; the others are its rules broken one by one. */
static void
test_utf7_spellings(void)
{
  static const struct {
    const char *wire, *name;
  } cases[] = {
      {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e"},
      {"&-", "&"},
      {"a&-b", "a&b"},
      {"&", NULL},
      {"&Jjo!", NULL},              /* no end */
      {"&U,BTFw-&ZeVnLIqe-", NULL}, /* two runs that should be one */
      {"&AGE-", NULL},              /* "a" needs no base64 */
      {"&U/BTFw-", NULL},           /* "/" for "," */
      {"&U,BTF-", NULL},            /* half a unit left */
      {"&U,BTFx-", NULL},           /* bits left that are not zero */
      {"&2D0-", NULL},              /* half a surrogate */
      {"&3gA-", NULL},              /* the other half */
      {"&AAA-", NULL},              /* NUL */
      {"\xe0\xb8\x87", NULL},       /* eight bits */
      {"a\tb", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = imap_name_decode(cases[i].wire);
    if (g_strcmp0(name, cases[i].name) != 0)
      g_error("%s became %s", cases[i].wire, name ? name : "nothing");
  }
}

/* What a mailbox has forgotten is told as every UID that it has not (RFC 7162 3.2.5.2). */
static void
test_forgotten_expunges(void)
{
  struct store *s = store_new(NULL, NULL, NULL);
  struct mailbox *b = store_find(store_add_user(s, "bob", "x"), "INBOX");
  g_autoptr(GBytes) octets = g_bytes_new_static("x", 1);
  unsigned n = STORE_GONE_MAX + 10;
  for (unsigned i = 0; i < n; i++)
    store_append(b, octets, 0, 0, 0);
  uint64_t before = b->modseq;
  for (unsigned i = 0; i < n; i += 2) /* 1, 3, 5 …: half of them, all remembered */
    store_expunge(b, store_by_uid(b, i + 1, NULL));
  g_autoptr(GArray) odd = store_gone_since(b, before);
  g_assert_cmpuint(odd->len, ==, n / 2);
  g_assert_cmpuint(b->gone_from, ==, 0);
  for (unsigned i = 1; i < n - 2; i += 2) /* and 2, 4, 6 … but the last: too many to remember */
    store_expunge(b, store_by_uid(b, i + 1, NULL));
  g_assert_cmpuint(b->gone_from, >, before);
  g_assert_cmpuint(b->gone->len, <=, STORE_GONE_MAX);
  g_autoptr(GArray) all = store_gone_since(b, before);
  g_assert_cmpuint(all->len, ==, 1);
  g_assert_cmpuint(g_array_index(all, struct store_range, 0).low, ==, 1);
  g_assert_cmpuint(g_array_index(all, struct store_range, 0).high, ==, n - 1);
  g_autoptr(GArray) last = store_gone_since(b, b->modseq - 1);
  g_assert_cmpuint(last->len, ==, 1);
  g_assert_cmpuint(g_array_index(last, struct store_range, 0).low, ==, n - 2);
  store_free(s);
}

/* What a new session hears after it has enabled QRESYNC and said the line. */
static char *
resynchronise(struct store *store, const char *line)
{
  struct random_stream random = {.key = {1, 2}};
  struct auth_site *auth = auth_site_new(NULL, store, "s", &random);
  struct imap_server_config config = {.name = "s", .store = store, .auth = auth};
  struct endpoint *e = imap_server_new(&config);
  g_autofree char *whole = g_strdup_printf(
      "l LOGIN bob x\r\ne ENABLE QRESYNC\r\ns SELECT INBOX (QRESYNC (%s))\r\n", line);
  e->ops->start(e, 0);
  e->ops->input(e, (const uint8_t *)whole, strlen(whole), 0);
  g_autofree char *said = g_strndup((char *)e->out->data, e->out->len);
  char *vanished = strstr(said, "* VANISHED (EARLIER) ");
  char *set = vanished ? g_strndup(vanished + 21, strcspn(vanished + 21, "\r")) : g_strdup("none");
  e->ops->free(e);
  auth_site_free(auth);
  return set;
}

/* A server that has forgotten tells every UID that is not there, but none up to the last pair of
 * number and UID that still fits (RFC 7162 3.2.5.2). */
static void
test_pairs_of_numbers_and_uids(void)
{
  struct store *s = store_new(NULL, NULL, NULL);
  struct mailbox *b = store_find(store_add_user(s, "bob", "x"), "INBOX");
  g_autoptr(GBytes) octets = g_bytes_new_static("x", 1);
  unsigned n = STORE_GONE_MAX + 10;
  for (unsigned i = 0; i < n; i++)
    store_append(b, octets, 0, 0, 0);
  store_expunge(b, store_by_uid(b, 1, NULL));
  uint64_t known = b->modseq; /* the client knows UID 2 as number 1, UID 3 as number 2 */
  for (unsigned uid = 4; uid < n; uid++)
    store_expunge(b, store_by_uid(b, uid, NULL));
  g_autofree char *all = g_strdup_printf("1,4:%u", n - 1), *rest = g_strdup_printf("4:%u", n - 1);
  const struct {
    const char *more, *wanted;
  } cases[] = {{"", all},        {" 1:9", "1,4:9"},    {" 1:99999 (1:2 2:3)", rest},
               {" (1 2)", rest}, {" (1:2 2,4)", rest}, /* the second pair does not fit */
               {" (1 7)", all}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *line =
        g_strdup_printf("%u %" G_GUINT64_FORMAT "%s", b->uid_validity, known, cases[i].more);
    g_autofree char *set = resynchronise(s, line);
    g_assert_cmpstr(set, ==, cases[i].wanted);
  }
  store_free(s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/names/wildcards-as-read-aloud", test_wildcards);
  g_test_add_func("/names/long-patterns", test_long_patterns);
  g_test_add_func("/names/inbox-in-any-case", test_inbox_in_any_case);
  g_test_add_func("/names/utf7-there-and-back", test_utf7_there_and_back);
  g_test_add_func("/names/utf7-spellings", test_utf7_spellings);
  g_test_add_func("/store/forgotten-expunges", test_forgotten_expunges);
  g_test_add_func("/store/pairs-of-numbers-and-uids", test_pairs_of_numbers_and_uids);
  return g_test_run();
}
