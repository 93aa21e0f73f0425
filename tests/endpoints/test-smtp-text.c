/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-smtp-text.c -- the small notations of the envelope: paths, domains, xtext, NOTIFY.
 *
 * A-labels are those that IDNA registries show for the names; xtext is that of RFC 3461 4. */
#include <string.h>

#include "sim/mail/envelope.h"
#include "sim/mail/smtp.h"

static const struct path {
  const char *text;
  unsigned allowed;
  const char *address; /* NULL: refused */
} paths[] = {
    {"<a@b.test>", 0, "a@b.test"},
    {"<>", 0, NULL},
    {"<>", SMTP_PATH_NULL, ""},
    {"<Postmaster>", 0, "Postmaster"},
    {"<Postmaster>", SMTP_PATH_NULL, NULL}, /* no sender */
    {"<a.b.c@d-e.test>", 0, "a.b.c@d-e.test"},
    {"<a..b@c.test>", 0, NULL},
    {"<a.@c.test>", 0, NULL},
    {"<.a@c.test>", 0, NULL},
    {"<a@c-.test>", 0, NULL},
    {"<a@.test>", 0, NULL},
    {"<a@test.>", 0, NULL},
    {"<a@>", 0, NULL},
    {"<@b.test>", 0, NULL},
    {"<\"\"@b.test>", 0, "\"\"@b.test"},
    {"<\"a\\\"@b\"@c.test>", 0, "\"a\\\"@b\"@c.test"},
    {"<\"bob\"@b.test>", 0, "bob@b.test"},
    {"<\"b\\ob.c\"@b.test>", 0, "bob.c@b.test"},
    {"<\"bob.\"@b.test>", 0, "\"bob.\"@b.test"}, /* no dot-string */
    {"<\"b\\ o\\b\"@b.test>", 0, "\"b ob\"@b.test"},
    {"<\"\\\"bob\\\"\"@b.test>", 0, "\"\\\"bob\\\"\"@b.test"}, /* its quotes are a part of it */
    {"<\"a@b.test>", 0, NULL},
    {"<\"a\\", 0, NULL},
    {"<@x.test,@y.test:a@b.test>", 0, "a@b.test"},
    {"<@x.test,:a@b.test>", 0, NULL},
    {"<@x.test", 0, NULL},
    {"<a@[10.0.0.1]>", 0, "a@[10.0.0.1]"},
    {"<a@[10.0.0.256]>", 0, NULL},
    {"<a@[IPv6:::1]>", 0, "a@[IPv6:::1]"},
    {"<a@[::1]>", 0, NULL},
    {"<a@[]>", 0, NULL},
    {"<\340\270\201@b.test>", 0, NULL},
    {"<\340\270\201@b.test>", SMTP_PATH_UTF8, "\340\270\201@b.test"},
    {"<\340\270@b.test>", SMTP_PATH_UTF8, NULL},     /* cut inside a character */
    {"<\355\240\200@b.test>", SMTP_PATH_UTF8, NULL}, /* a surrogate */
    {"<\300\200@b.test>", SMTP_PATH_UTF8, NULL},     /* overlong */
    {"<\"\340\270\201\"@c.test>", SMTP_PATH_UTF8, "\340\270\201@c.test"},
    {"<\"\340\270\201 b\"@c.test>", SMTP_PATH_UTF8, "\"\340\270\201 b\"@c.test"},
};

static void
test_paths(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_autofree char *address = NULL;
    const char *error = NULL;
    size_t n_read = 0, n = strlen(paths[i].text);
    bool is_good = smtp_path_parse(paths[i].text, n, paths[i].allowed, &address, &n_read, &error);
    g_assert_cmpstr(is_good ? address : NULL, ==, paths[i].address);
    if (is_good)
      g_assert_cmpuint(n_read, ==, n);
    else
      g_assert_nonnull(error);
    for (size_t cut = 0; cut < n; cut++) { /* a part of it is never more than it */
      g_autofree char *part = NULL, *head = g_memdup2(paths[i].text, cut + 1);
      if (smtp_path_parse(head, cut, paths[i].allowed, &part, &n_read, &error))
        g_assert_cmpuint(n_read, <=, cut);
    }
  }
}

static void
test_domains(void)
{
  g_autofree char *thai = smtp_domain_ascii("\340\271\204\340\270\227\340\270\242.test");
  g_autofree char *german = smtp_domain_ascii("B\303\274cher.test");
  g_autofree char *plain = smtp_domain_ascii("Mail.Test");
  g_assert_cmpstr(thai, ==, "xn--o3cw4h.test");
  g_assert_cmpstr(german, ==, "xn--bcher-kva.test");
  g_assert_cmpstr(plain, ==, "Mail.Test");
  g_assert_true(smtp_domain_equal("XN--O3CW4H.test", "\340\271\204\340\270\227\340\270\242.TEST"));
  g_assert_true(smtp_domain_equal("a.test", "A.TEST"));
  g_assert_false(smtp_domain_equal("a.test", "b.test"));
  g_assert_false(smtp_domain_equal("\342\200\215.test", "\342\200\215.test")); /* no name at all */
  g_assert_cmpstr(smtp_domain("\"a@b\"@c.test"), ==, "c.test");
  g_assert_cmpstr(smtp_domain("postmaster"), ==, "");
}

static void
test_xtext(void)
{
  static const char *const bad[] = {"a b", "a=b", "+", "+4", "+4g", "+2b", "+00", "\303\274"};
  g_autofree char *encoded = smtp_xtext_encode("a+b=c \303\274~");
  g_assert_cmpstr(encoded, ==, "a+2Bb+3Dc+20+C3+BC~");
  g_autofree char *decoded = smtp_xtext_decode(encoded, strlen(encoded));
  g_assert_cmpstr(decoded, ==, "a+b=c \303\274~");
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    g_assert_null(smtp_xtext_decode(bad[i], strlen(bad[i])));
}

static void
test_notify(void)
{
  static const char *const bad[] = {"", ",", "SUCCESS,", "NEVER,DELAY", "DELAY,DELAY", "OFTEN"};
  unsigned notify;
  g_assert_true(smtp_notify_parse("delay,Success", &notify));
  g_assert_cmpuint(notify, ==, ENVELOPE_NOTIFY_DELAY | ENVELOPE_NOTIFY_SUCCESS);
  g_autofree char *text = smtp_notify_format(notify);
  g_assert_cmpstr(text, ==, "SUCCESS,DELAY");
  g_assert_true(smtp_notify_parse("NEVER", &notify));
  g_assert_cmpuint(notify, ==, ENVELOPE_NOTIFY_NEVER);
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    g_assert_false(smtp_notify_parse(bad[i], &notify));
}

/* Each keyword and each look-alike stands once. */
static void
test_tables(void)
{
  for (int i = 0; i < SMTP_N_EXTENSIONS; i++) {
    const char *keyword = smtp_extensions[i].keyword;
    g_assert_cmpint(smtp_extension_find(keyword, strlen(keyword)), ==, i);
    g_assert_true(g_str_has_prefix(smtp_extensions[i].rfc, "RFC "));
  }
  for (int i = 0; i < SMTP_N_ENDS; i++) {
    g_assert_cmpint(smtp_end_find(smtp_ends[i].name), ==, i);
    g_assert_cmpuint(smtp_ends[i].n_octets, <, SMTP_END_OCTETS_MAX);
    for (int j = 0; j < i; j++)
      g_assert_false(smtp_ends[i].n_octets == smtp_ends[j].n_octets &&
                     memcmp(smtp_ends[i].octets, smtp_ends[j].octets, smtp_ends[i].n_octets) == 0);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/smtp-text/paths", test_paths);
  g_test_add_func("/smtp-text/domains-in-both-spellings", test_domains);
  g_test_add_func("/smtp-text/xtext", test_xtext);
  g_test_add_func("/smtp-text/notify", test_notify);
  g_test_add_func("/smtp-text/tables-have-unique-keys", test_tables);
  return g_test_run();
}
