/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-smtp-ends.c -- what looks like the end of the data, against strict and weak SMTP servers.
 *
 * The look-alikes are written down here once more, from the published attacks: the table of the
 * server is not asked what it should find. Each is fed whole, octet by octet, and cut everywhere.
 */
#include <string.h>

#include "sim/mail/smtp.h"

#define LOOK(name, octets)                                                                         \
  {                                                                                                \
    name, octets, sizeof octets - 1                                                                \
  }

static const struct look {
  const char *name, *octets;
  size_t n_octets;
} looks[] = {
    LOOK("LF.LF", "\n.\n"),
    LOOK("LF.CR", "\n.\r"),
    LOOK("LF.CRLF", "\n.\r\n"),
    LOOK("CR.LF", "\r.\n"),
    LOOK("CR.CR", "\r.\r"),
    LOOK("CR.CRLF", "\r.\r\n"),
    LOOK("CRLF.LF", "\r\n.\n"),
    LOOK("CRLF.CR", "\r\n.\r"),
    LOOK("LF.CRCRLF", "\n.\r\r\n"),
    LOOK("CRLF.CRCRLF", "\r\n.\r\r\n"),
    LOOK("CRCRLF.CRCRLF", "\r\r\n.\r\r\n"),
    LOOK("CRLF-NUL.CRLF", "\r\n\0.\r\n"),
    LOOK("CRLF.NUL-CRLF", "\r\n.\0\r\n"),
};

static const char before[] = "EHLO evil.test\r\nMAIL FROM:<a@evil.test>\r\nRCPT TO:<bob@b.test>\r\n"
                             "DATA\r\nSubject: outer\r\n\r\nouter text";
static const char behind[] = "MAIL FROM:<boss@b.test>\r\nRCPT TO:<bob@b.test>\r\nDATA\r\n"
                             "Subject: inner\r\n\r\ninner text\r\n.\r\n";

struct seen {
  unsigned n_messages;
  char *first, *last;
  GString *logs;
};

static const char *
recipient(void *data, const struct smtp_session *session, const struct envelope_recipient *r)
{
  return NULL;
}

static const char *
message(void *data, const struct smtp_session *session, const struct smtp_message *m,
        int64_t now_ns, const char **refusal)
{
  struct seen *seen = data;
  gsize n;
  const char *p = g_bytes_get_data(m->octets, &n);
  g_autofree char *text = g_strndup(p, n);
  const char *subject = strstr(text, "Subject: ");
  if (seen->n_messages++ == 0)
    seen->first = g_strdup(subject);
  g_free(seen->last);
  seen->last = g_strdup(subject);
  return "Q1";
}

static void
note(void *data, const char *key, const char *value)
{
  struct seen *seen = data;
  if (strcmp(key, "log") == 0)
    g_string_append_printf(seen->logs, "%s\n", value);
}

/* What the server says to the octets, cut at `cut` (0: octet by octet). */
static char *
talk(const struct smtp_lenience *lenience, const GByteArray *octets, size_t cut, struct seen *seen)
{
  struct smtp_server_config config = {
      .name = "b.test", .site = {.data = seen, .recipient = recipient, .message = message}};
  if (lenience)
    config.lenience = *lenience;
  *seen = (struct seen){.logs = g_string_new(NULL)};
  struct endpoint *e = smtp_server_new(&config);
  e->event = note;
  e->event_data = seen;
  e->ops->start(e, 0);
  if (cut > 0) {
    e->ops->input(e, octets->data, cut, 0);
    e->ops->input(e, octets->data + cut, octets->len - cut, 0);
  } else {
    for (guint i = 0; i < octets->len; i++)
      e->ops->input(e, octets->data + i, 1, 0);
  }
  char *said = g_strndup((const char *)e->out->data, e->out->len);
  e->ops->free(e);
  return said;
}

static GByteArray *
dialogue(const struct look *look)
{
  GByteArray *octets = g_byte_array_new();
  g_byte_array_append(octets, (const uint8_t *)before, sizeof before - 1);
  g_byte_array_append(octets, (const uint8_t *)look->octets, (guint)look->n_octets);
  g_byte_array_append(octets, (const uint8_t *)behind, sizeof behind - 1);
  return octets;
}

static void
seen_clear(struct seen *seen)
{
  g_free(seen->first);
  g_free(seen->last);
  g_string_free(seen->logs, TRUE);
}

/* The replies from 354 on. */
static const char *
behind_data(const char *said)
{
  const char *reply = strstr(said, "\r\n354 ");
  g_assert_nonnull(reply);
  return strstr(reply + 2, "\r\n") + 2;
}

static void
test_strict(gconstpointer data)
{
  const struct look *look = data;
  g_autoptr(GByteArray) octets = dialogue(look);
  for (size_t cut = 0; cut <= octets->len; cut++) {
    struct seen seen;
    g_autofree char *said = talk(NULL, octets, cut, &seen);
    const char *reply = behind_data(said);
    g_assert_cmpuint(seen.n_messages, ==, 0);
    g_assert_true(g_str_has_prefix(reply, "550 5.6.11 "));
    g_assert_cmpstr(strchr(reply, '\n'), ==, "\n"); /* and not another word */
    g_assert_nonnull(strstr(seen.logs->str, look->name));
    seen_clear(&seen);
  }
}

static void
test_lenient(gconstpointer data)
{
  const struct look *look = data;
  struct smtp_lenience lenience = {.ends = 1u << smtp_end_find(look->name)};
  g_autoptr(GByteArray) octets = dialogue(look);
  for (size_t cut = 0; cut <= octets->len; cut++) {
    struct seen seen;
    g_free(talk(&lenience, octets, cut, &seen));
    g_assert_cmpuint(seen.n_messages, ==, 2);
    g_assert_nonnull(strstr(seen.first, "outer text"));
    g_assert_null(strstr(seen.first, "MAIL"));
    g_assert_nonnull(strstr(seen.last, "inner text"));
    g_assert_nonnull(strstr(seen.logs->str, look->name));
    seen_clear(&seen);
  }
}

/* The weak server that knows another end takes this one for content. */
static void
test_others_stay_content(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
    g_autoptr(GByteArray) octets = dialogue(&looks[i]);
    struct smtp_lenience lenience = {.passes_bare = true};
    struct seen seen;
    g_free(talk(&lenience, octets, 0, &seen));
    g_assert_cmpuint(seen.n_messages, ==, 1);
    g_assert_nonnull(strstr(seen.first, "outer text"));
    g_assert_nonnull(strstr(seen.logs->str, "let through"));
    seen_clear(&seen);
  }
}

static void
test_table_holds_these(void)
{
  g_assert_cmpuint(G_N_ELEMENTS(looks), ==, SMTP_N_ENDS);
  for (size_t i = 0; i < G_N_ELEMENTS(looks); i++)
    g_assert_cmpint(smtp_end_find(looks[i].name), !=, SMTP_N_ENDS);
  g_assert_cmpint(smtp_end_find("CRLF.CRLF"), ==, SMTP_N_ENDS);
}

/* The true end, stuffed dots, and text with dots are none of them. */
static void
test_no_false_alarm(void)
{
  static const char text[] =
      "EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<bob@b.test>\r\nDATA\r\n"
      "Subject: dots\r\n\r\n..\r\n...\r\n.. \r\na.\r\n.. x.\r\n\r\n.\r\nQUIT\r\n";
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_byte_array_append(octets, (const uint8_t *)text, sizeof text - 1);
  for (size_t cut = 0; cut <= octets->len; cut++) {
    struct seen seen;
    g_autofree char *said = talk(NULL, octets, cut, &seen);
    g_assert_cmpuint(seen.n_messages, ==, 1);
    g_assert_cmpstr(strstr(seen.last, "\r\n\r\n"), ==,
                    "\r\n\r\n.\r\n..\r\n. \r\na.\r\n. x.\r\n\r\n");
    g_assert_cmpstr(seen.logs->str, ==, "");
    g_assert_nonnull(strstr(said, "\r\n221 "));
    seen_clear(&seen);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
    g_autofree char *strict = g_strdup_printf("/smtp-ends/strict/%s", looks[i].name);
    g_autofree char *lenient = g_strdup_printf("/smtp-ends/lenient/%s", looks[i].name);
    g_test_add_data_func(strict, &looks[i], test_strict);
    g_test_add_data_func(lenient, &looks[i], test_lenient);
  }
  g_test_add_func("/smtp-ends/the-table-holds-what-was-published", test_table_holds_these);
  g_test_add_func("/smtp-ends/a-relay-lets-all-of-them-through-when-told",
                  test_others_stay_content);
  g_test_add_func("/smtp-ends/dots-that-are-none", test_no_false_alarm);
  return g_test_run();
}
