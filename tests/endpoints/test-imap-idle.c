/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-imap-idle.c -- the IMAP client while it idles, in virtual time. */
#include <string.h>

#include "sim/mail/imap_client.h"

/* RFC 2177: IDLE is ended and begun anew every 29 minutes; new mail ends it for its header. */
static void
test_idle_is_renewed_and_ended_by_news(void)
{
  const int64_t minute_ns = INT64_C(60) * 1000000000;
  static const struct imap_step idles[] = {{.kind = IMAP_STEP_OPEN, .name = "INBOX"},
                                           {.kind = IMAP_STEP_IDLE, .ns = INT64_C(3600000000000)}};
  static const struct {
    const char *answer; /* NULL: the deadline comes */
    const char *said;
    int at_minutes;
  } turns[] = {
      {"* OK [CAPABILITY IMAP4rev1 IDLE] hi\r\n", "a001 LOGIN \"bob\" \"secret\"\r\n", 0},
      {"a001 OK [CAPABILITY IMAP4rev1 IDLE] in\r\n", "a002 SELECT INBOX\r\n", 0},
      {"* 0 EXISTS\r\n* OK [UIDVALIDITY 7]\r\na002 OK\r\n", "a003 IDLE\r\n", 0},
      {"+ idling\r\n", "", 0},
      {NULL, "DONE\r\n", 29},
      {"a003 OK\r\n", "a004 IDLE\r\n", 29},
      {"+ idling\r\n* 1 EXISTS\r\n", "DONE\r\n", 40},
      {"a004 OK\r\n", "a005 UID FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)\r\n", 40},
      {"* 1 FETCH (UID 5 FLAGS () ENVELOPE (NIL \"hello\"))\r\na005 OK\r\n", "a006 IDLE\r\n", 40},
      {"+ idling\r\n", "", 40},
      {NULL, "DONE\r\n", 60},
      {"a006 OK\r\n", "a007 LOGOUT\r\n", 60}};
  struct imap_client_config config = {
      .login = {.user = "bob", .password = "secret"}, .steps = idles, .n_steps = 2};
  struct endpoint *c = imap_client_new(&config);
  c->ops->start(c, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(turns); i++) {
    int64_t now_ns = turns[i].at_minutes * minute_ns;
    if (turns[i].answer) {
      c->ops->input(c, (const uint8_t *)turns[i].answer, strlen(turns[i].answer), now_ns);
    } else {
      g_assert_cmpint(c->deadline_ns, ==, now_ns);
      c->ops->timeout(c, now_ns);
    }
    g_autofree char *said = g_strndup((const char *)c->out->data, c->out->len);
    g_assert_cmpstr(said, ==, turns[i].said);
    g_byte_array_set_size(c->out, 0);
  }
  c->ops->free(c);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/imap-client/idle-is-renewed-and-ended-by-news",
                  test_idle_is_renewed_and_ended_by_news);
  return g_test_run();
}
