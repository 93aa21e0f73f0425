/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-words.c -- texts made comparable, base subjects, addresses, and the slices of a long FETCH.
 */
#include <string.h>

#include "sim/mail/address.h"
#include "sim/mail/casemap.h"
#include "sim/mail/date.h"
#include "sim/mail/imap.h"
#include "sim/mail/machine.h"

/* After the grammar of RFC 5256 5 (subject, subj-leader, subj-trailer, subj-blob …). */
static void
test_base_subject(void)
{
  static const struct {
    const char *subject, *base;
    bool is_reply;
  } rows[] = {
      {"plan", "plan", false},
      {"Re: plan", "plan", true},
      {"RE : plan", "plan", true},
      {"re[2]: plan", "plan", true},
      {"Fwd: Re:  a   b\t c (fwd) (FWD) ", "a b c", true},
      {"[list] plan", "plan", false},
      {"[list] Re: plan", "plan", true},
      {"[list]", "[list]", false}, /* a blob stays when nothing else would */
      {"[a] [b]", "[b]", false},
      {"[fwd: plan]", "plan", true},
      {"[Fwd: Re: [x] plan]", "plan", true},
      {"fw: fwd: fw : plan", "plan", true},
      {"review: plan", "review: plan", false},
      {"Re:", "", true},
      {"", "", false},
      {"  ", "", false},
      {"plan [x]", "plan [x]", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    bool is_reply;
    g_autofree char *base = base_subject(rows[i].subject, &is_reply);
    g_assert_cmpstr(base, ==, rows[i].base);
    g_assert_cmpint(is_reply, ==, rows[i].is_reply);
  }
}

/* RFC 5051 2: titlecase, then decomposition; SARA AM falls apart, case does not matter. */
static void
test_casemap(void)
{
  static const char *const equal[][2] = {
      {"Stra\xc3\x9f"
       "e",
       "sTRA\xc3\x9f"
       "E"},
      {"\xc3\xa9", "E\xcc\x81"},                         /* é, E and accent */
      {"\xe0\xb8\xb3", "\xe0\xb9\x8d\xe0\xb8\xb2"},      /* ำ, and NIKHAHIT with SARA AA */
      {"\xef\xac\x81", "\xef\xac\x81"},                  /* ligature */
      {"\xce\xa3\xce\xaf", "\xcf\x83\xce\x99\xcc\x81"}}; /* Σί, σΙ and accent */
  for (size_t i = 0; i < G_N_ELEMENTS(equal); i++) {
    g_autofree char *a = casemap(equal[i][0]);
    g_autofree char *b = casemap(equal[i][1]);
    g_assert_cmpstr(a, ==, b);
  }
  g_autofree char *broken = casemap("a\xff"
                                    "b");
  g_assert_cmpstr(broken, ==,
                  "A\xef\xbf\xbd"
                  "B");
}

/* Written as "name|route|mailbox|host" per address, "-" for what is not there. */
static void
test_addresses(void)
{
  static const char *const rows[][2] = {
      {"a@b", "-|-|a|b"},
      {"Ann Lee <ann@a.test>, bob@b.test (Bob B.)", "Ann Lee|-|ann|a.test Bob B.|-|bob|b.test"},
      {"\"Q, \\\"x\\\"\" <q@x>", "Q, \"x\"|-|q|x"},
      {"<@r1,@r2:u@d>", "-|@r1,@r2|u|d"},
      {"G: a@b, c@d;, e@f", "-|-|G|- -|-|a|b -|-|c|d -|-|-|- -|-|e|f"},
      {"Empty:;", "-|-|Empty|- -|-|-|-"},
      {"open: a@b", "-|-|open|- -|-|a|b -|-|-|-"},
      {"u (c)@ (c) d . e", "c|-|u|d.e"},
      {"=?utf-8?q?x?= <t@d>", "=?utf-8?q?x?=|-|t|d"},
      {"nobody", "-|-|nobody|"},
      {"a@[10.0.0.1]", "-|-|a|[10.0.0.1]"},
      {"<>", ""},
      {",,;;", ""},
      {"(only (a) comment", ""},
      {"\"never closed", "-|-|never closed|"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GArray) list = address_parse(rows[i][0]);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint j = 0; j < list->len; j++) {
      const struct address *a = &g_array_index(list, struct address, j);
      g_string_append_printf(text, "%s%s|%s|%s|%s", j ? " " : "", a->name ? a->name : "-",
                             a->route ? a->route : "-", a->mailbox ? a->mailbox : "-",
                             a->host ? a->host : "-");
    }
    g_assert_cmpstr(text->str, ==, rows[i][1]);
  }
}

/* Nanoseconds reach 292 years; a date beyond must not run over (RFC 3501 allows four digits). */
static void
test_far_dates(void)
{
  int64_t near, far, past, day;
  g_assert_true(date_parse_imap("01-Jan-2026 00:00:01 +0000", &near, NULL));
  g_assert_cmpint(near, ==, INT64_C(1000000000));
  g_assert_true(date_parse_imap("31-Dec-9999 23:59:59 -9959", &far, NULL));
  g_assert_true(date_parse_imap(" 1-Jan-0000 00:00:00 +9959", &past, NULL));
  g_assert_cmpint(far, ==, INT64_C(8000000000000000000));
  g_assert_cmpint(past, ==, -far);
  static const char text[] = "Date: Fri, 31 Dec 2999 23:00:00 -0200\r\n\r\n";
  g_assert_true(mime_date((const uint8_t *)text, 0, sizeof text - 1, &far, &day));
  g_assert_cmpint(day, ==,
                  376199); /* 2999-12-31 in its own zone; Python's datetime says the same */
}

static void
say(struct endpoint *e, const char *text)
{
  e->ops->input(e, (const uint8_t *)text, strlen(text), 0);
}

/* A client that reads slowly: 40 messages of 200 kB are never all in `out`, what comes out is whole
 * and in order, and the command behind waits for its turn. */
static void
test_slices(void)
{
  enum { MESSAGES = 40, OCTETS = 200000 };
  struct store *store = store_new(NULL, NULL, NULL);
  struct store_user *user = store_add_user(store, "bob", "secret");
  g_autofree char *text = g_malloc(OCTETS);
  memset(text, 'x', OCTETS);
  memcpy(text, "A: b\r\n\r\n", 8);
  g_autoptr(GBytes) octets = g_bytes_new(text, OCTETS);
  for (unsigned i = 0; i < MESSAGES; i++)
    store_append(store_find(user, "INBOX"), octets, FLAG_SEEN, 0, 0);
  struct random_stream random = {.key = {1, 2}};
  struct auth_site *auth = auth_site_new(NULL, store, "mail.test", &random);
  struct imap_server_config config = {.name = "mail.test", .store = store, .auth = auth};
  struct endpoint *e = imap_server_new(&config);
  e->ops->start(e, 0);
  say(e, "a LOGIN bob secret\r\nb SELECT INBOX\r\n");
  g_byte_array_set_size(e->out, 0);
  say(e, "c FETCH 1:* BODY[]\r\nd NOOP\r\n");
  g_autoptr(GString) got = g_string_new(NULL);
  guint most = 0;
  while (e->out->len > 0) {
    most = MAX(most, e->out->len);
    guint n = MIN(e->out->len, 50000); /* the binding sends a piece, then asks for more */
    g_string_append_len(got, (const char *)e->out->data, n);
    g_byte_array_remove_range(e->out, 0, n);
    e->ops->flush(e, 0);
  }
  g_assert_cmpuint(most, <=, MACHINE_OUT_MAX + (64 << 10));
  g_autoptr(GString) wanted = g_string_new(NULL);
  for (unsigned i = 1; i <= MESSAGES; i++) {
    g_string_append_printf(wanted, "* %u FETCH (BODY[] {%d}\r\n", i, OCTETS);
    g_string_append_len(wanted, text, OCTETS);
    g_string_append(wanted, ")\r\n");
  }
  g_string_append(wanted, "c OK FETCH completed\r\nd OK NOOP completed\r\n");
  g_assert_cmpmem(got->str, MIN(got->len, wanted->len - 20), wanted->str, wanted->len - 20);
  g_assert_nonnull(strstr(got->str, "\r\nd OK "));
  e->ops->free(e);
  /* one that hangs up in the middle leaves nothing behind (the sanitizers look) */
  e = imap_server_new(&config);
  e->ops->start(e, 0);
  say(e, "a LOGIN bob secret\r\nb SELECT INBOX\r\nc FETCH 1:* BODY[]\r\n");
  e->ops->eof(e, 0);
  e->ops->free(e);
  auth_site_free(auth);
  store_free(store);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/words/base-subject", test_base_subject);
  g_test_add_func("/words/casemap", test_casemap);
  g_test_add_func("/words/addresses", test_addresses);
  g_test_add_func("/words/far-dates", test_far_dates);
  g_test_add_func("/imap/long-answer-in-slices", test_slices);
  return g_test_run();
}
