/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-talk.c -- whose turn it is in a dialogue (reply.c), and dialogues that were written down
 * before (talk.c). */
#include <string.h>

#include "sim/mail/talk.h"

/* ---- whose turn ---- */

/* What was typed (a leading '>') or heard ('<'), and whether the server owes something after it. */
struct turn {
  const char *text;
  bool is_settled;
};

static const struct turn_case {
  const char *name;
  enum reply_protocol protocol;
  struct turn turns[14];
} turn_cases[] = {
    {"smtp-replies-of-several-lines",
     REPLY_SMTP,
     {{"<220-one\r\n", false},
      {"<220 two\r\n", true},
      {">EHLO x\r\n", false},
      {"<250-mail\r\n250-SIZE\r\n", false},
      {"<250 HELP\r\n", true}}},
    {"smtp-content-owes-nothing-until-its-end",
     REPLY_SMTP,
     {{"<220 x\r\n", true},
      {">DATA\r\n", false},
      {"<354 go\r\n", true},
      {">Subject: QUIT\r\n\r\nDATA\r\n", true},
      {">\n.\n", true},
      {">\r\n.\r\n", false},
      {"<250 taken\r\n", true}}},
    {"smtp-data-refused-makes-commands-of-what-follows",
     REPLY_SMTP,
     {{"<220 x\r\n", true},
      {">DATA\r\n", false},
      {"<503 no\r\n", true},
      {">NOOP\r\n", false},
      {"<250 ok\r\n", true}}},
    {"smtp-pipelined",
     REPLY_SMTP,
     {{"<220 x\r\n", true},
      {">MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", false},
      {"<250 a\r\n250 b\r\n", false},
      {"<354 go\r\n", true}}},
    {"smtp-a-chunk-is-no-command",
     REPLY_SMTP,
     {{"<220 x\r\n", true},
      {">BDAT 6\r\nQUIT\r\n", false},
      {"<250 6 octets\r\n", true},
      {">RSET\r\n", false},
      {"<250 ok\r\n", true}}},
    {"lmtp-owes-a-reply-for-each-accepted-recipient",
     REPLY_LMTP,
     {{"<220 x\r\n", true},
      {">MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRCPT TO:<g@h>\r\n", false},
      {"<250 a\r\n250 c\r\n550 e\r\n250 g\r\n", true},
      {">DATA\r\n", false},
      {"<354 go\r\n", true},
      {">x\r\n.\r\n", false},
      {"<250 c\r\n", false},
      {"<250 g\r\n", true}}},
    {"pop-lines-only-where-they-are-owed",
     REPLY_POP3,
     {{"<+OK hi\r\n", true},
      {">LIST 1\r\n", false},
      {"<+OK 1 20\r\n", true},
      {">LIST\r\n", false},
      {"<+OK\r\n1 20\r\n", false},
      {"<.\r\n", true},
      {">RETR 9\r\n", false},
      {"<-ERR no such message\r\n", true},
      {">RETR 1\r\n", false},
      {"<+OK\r\n+OK not the end\r\n..\r\n", false},
      {"<.\r\n", true}}},
    {"pop-auth-goes-on-by-plus",
     REPLY_POP3,
     {{"<+OK hi\r\n", true},
      {">AUTH PLAIN\r\n", false},
      {"<+ \r\n", true},
      {">AGJvYgBzZWNyZXQ=\r\n", false},
      {"<+OK in\r\n", true}}},
    {"imap-waits-for-the-tag",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true},
      {">a1 NOOP\r\n", false},
      {"<* 3 EXISTS\r\na2 OK another\r\n", false},
      {"<a1 OK\r\n", true}}},
    {"imap-tags-in-any-order",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true},
      {">a1 NOOP\r\na2 NOOP\r\n", false},
      {"<a2 OK\r\n", false},
      {"<a1 OK\r\n", true}}},
    {"imap-a-tag-inside-a-literal-is-none",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true},
      {">a1 FETCH 1 BODY[]\r\n", false},
      {"<* 1 FETCH (BODY[] {9}\r\na1 OK x\r\n", false},
      {"<)\r\n", false},
      {"<a1 OK\r\n", true}}},
    {"imap-a-literal-waits-for-plus",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true},
      {">a1 LOGIN {3}\r\n", false},
      {"<+ go\r\n", true},
      {">bob {6}\r\n", false},
      {"<+ go\r\n", true},
      {">secret\r\n", false},
      {"<a1 OK\r\n", true}}},
    {"imap-a-literal-that-is-refused",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true},
      {">a1 APPEND INBOX {99999999}\r\n", false},
      {"<a1 NO too big\r\n", true},
      {">a2 NOOP\r\n", false},
      {"<a2 OK\r\n", true}}},
    {"imap-a-literal-that-does-not-wait",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true},
      {">a1 LOGIN {3+}\r\nbob {6+}\r\nsecret\r\n", false},
      {"<a1 OK\r\n", true}}},
    {"imap-idle-and-done",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true},
      {">a1 IDLE\r\n", false},
      {"<+ idling\r\n", true},
      {"<* 4 EXISTS\r\n", true},
      {">DONE\r\n", false},
      {"<a1 OK\r\n", true}}},
    {"imap-no-tag-can-be-given-back",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true}, {">\r\n", false}, {"<* BAD what?\r\n", true}}},
    {"imap-bye-ends-all-debts",
     REPLY_IMAP,
     {{"<* OK hi\r\n", true}, {">a1 NOOP\r\na2 NOOP\r\n", false}, {"<* BYE\r\n", true}}},
};

static void
feed(struct reply_watch *w, const char *text, size_t step)
{
  size_t n = strlen(text + 1);
  for (size_t at = 0; at < n; at += step) {
    const uint8_t *p = (const uint8_t *)text + 1 + at;
    (*text == '>' ? reply_watch_typed : reply_watch_heard)(w, p, MIN(step, n - at));
  }
}

static void
test_turns(gconstpointer data)
{
  const struct turn_case *c = data;
  for (size_t step = 1; step <= 64; step++) {
    struct reply_watch *w = reply_watch_new(c->protocol);
    g_assert_false(reply_watch_is_settled(w));
    for (const struct turn *t = c->turns; t->text; t++) {
      feed(w, t->text, step);
      if (reply_watch_is_settled(w) != t->is_settled)
        g_error("%s, fed by %zu: behind \"%s\"", c->name, step, t->text);
    }
    reply_watch_free(w);
  }
}

/* ---- dialogues ---- */

struct record {
  int result; /* 1 good, -1 bad */
  GString *events;
};

static void
note_done(void *data, bool is_good)
{
  ((struct record *)data)->result = is_good ? 1 : -1;
}

static void
note_event(void *data, const char *key, const char *value)
{
  g_string_append_printf(((struct record *)data)->events, "%s=%s\n", key, value);
}

#define SAY(text)                                                                                  \
  {                                                                                                \
    .what = TALK_SAY, .octets = g_bytes_new_static(text, sizeof(text) - 1), .n_repeats = 1         \
  }

/* The machine against a server that says `answers` one by one, each when the client has said
 * something (the first at once). Returns what the client said. */
static char *
play(struct talk_step *steps, guint n, enum reply_protocol protocol, const char *const *answers,
     struct record *r)
{
  struct talk_config config = {
      .protocol = protocol, .steps = steps, .n_steps = n, .done = note_done, .data = r};
  struct endpoint *e = talk_new(&config);
  g_autoptr(GString) said = g_string_new(NULL);
  *r = (struct record){.events = g_string_new(NULL)};
  e->event = note_event;
  e->event_data = r;
  e->ops->start(e, 0);
  for (; *answers && r->result == 0; answers++) {
    e->ops->input(e, (const uint8_t *)*answers, strlen(*answers), 0);
    g_string_append_len(said, (char *)e->out->data, e->out->len);
    g_string_append(said, e->out->len ? "|" : "");
    g_byte_array_set_size(e->out, 0);
  }
  if (r->result == 0 && e->deadline_ns != ENDPOINT_NEVER &&
      e->deadline_ns <= 10 * TALK_PATIENCE_NS) {
    for (int i = 0; i < 10 && r->result == 0; i++)
      e->ops->timeout(e, e->deadline_ns);
    g_string_append_len(said, (char *)e->out->data, e->out->len);
  }
  e->ops->free(e);
  for (guint i = 0; i < n; i++)
    g_clear_pointer(&steps[i].octets, g_bytes_unref);
  return g_string_free(g_steal_pointer(&said), FALSE);
}

static void
test_says_line_by_line(void)
{
  struct talk_step steps[] = {SAY("NOOP\r\n"), SAY("LIST\r\nSTAT\r\n"), SAY("QUIT\r\n")};
  static const char *const answers[] = {"+OK\r\n",          "+OK\r\n",     "+OK\r\n1 2\r\n",
                                        ".\r\n+OK 1 2\r\n", "+OK bye\r\n", NULL};
  struct record r;
  g_autofree char *said = play(steps, 3, REPLY_POP3, answers, &r);
  g_assert_cmpstr(said, ==, "NOOP\r\n|LIST\r\nSTAT\r\n|QUIT\r\n|");
  g_assert_cmpint(r.result, ==, 1);
  g_assert_cmpstr(r.events->str, ==, "typed=NOOP\ntyped=LIST\ntyped=STAT\ntyped=QUIT\n");
  g_string_free(r.events, TRUE);
}

static void
test_an_answer_that_was_not_expected_ends_it(void)
{
  struct talk_step steps[] = {SAY("USER bob\r\n"), SAY("QUIT\r\n")};
  static const char *const answers[] = {"+OK\r\n", "-ERR go away\r\n", "+OK\r\n", NULL};
  struct record r;
  steps[0].expect = "+OK";
  g_autofree char *said = play(steps, 2, REPLY_POP3, answers, &r);
  g_assert_cmpstr(said, ==, "USER bob\r\n|");
  g_assert_cmpint(r.result, ==, -1);
  g_assert_nonnull(strstr(r.events->str, "-ERR go away"));
  g_string_free(r.events, TRUE);
}

static void
test_an_early_line_does_not_wait(void)
{
  struct talk_step steps[] = {SAY("a1 NOOP\r\n"), SAY("a2 NOOP\r\n")};
  static const char *const answers[] = {"* OK\r\n", "a1 OK\r\n", "a2 OK\r\n", NULL};
  struct record r;
  steps[1].is_early = true;
  g_autofree char *said = play(steps, 2, REPLY_IMAP, answers, &r);
  g_assert_cmpstr(said, ==, "a1 NOOP\r\na2 NOOP\r\n|");
  g_assert_cmpint(r.result, ==, 1);
  g_string_free(r.events, TRUE);
}

static void
test_drop_says_no_more(void)
{
  struct talk_step steps[] = {SAY("USER bob\r\n"), {.what = TALK_DROP}, SAY("QUIT\r\n")};
  static const char *const answers[] = {"+OK\r\n", "+OK\r\n", "+OK\r\n", NULL};
  struct record r;
  g_autofree char *said = play(steps, 3, REPLY_POP3, answers, &r);
  g_assert_cmpstr(said, ==, "USER bob\r\n|");
  g_assert_cmpint(r.result, ==, 1);
  g_string_free(r.events, TRUE);
}

static void
test_patience_is_not_endless(void)
{
  struct talk_step steps[] = {SAY("EHLO x\r\n"), SAY("QUIT\r\n")};
  static const char *const answers[] = {"220 x\r\n", "250-half a reply\r\n", NULL};
  struct record r;
  g_autofree char *said = play(steps, 2, REPLY_SMTP, answers, &r);
  g_assert_cmpstr(said, ==, "EHLO x\r\n|QUIT\r\n");
  g_assert_nonnull(strstr(r.events->str, "log="));
  g_string_free(r.events, TRUE);
}

static void
test_a_server_that_does_not_hang_up(void)
{
  struct talk_step steps[] = {SAY("QUIT\r\n"), {.what = TALK_CLOSED}};
  static const char *const answers[] = {"220 x\r\n", "221 bye\r\n", NULL};
  struct record r;
  g_free(play(steps, 2, REPLY_SMTP, answers, &r));
  g_assert_cmpint(r.result, ==, -1);
  g_string_free(r.events, TRUE);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(turn_cases); i++) {
    g_autofree char *path = g_strdup_printf("/endpoints/talk/turn/%s", turn_cases[i].name);
    g_test_add_data_func(path, &turn_cases[i], test_turns);
  }
  g_test_add_func("/endpoints/talk/says-line-by-line", test_says_line_by_line);
  g_test_add_func("/endpoints/talk/an-answer-that-was-not-expected-ends-it",
                  test_an_answer_that_was_not_expected_ends_it);
  g_test_add_func("/endpoints/talk/an-early-line-does-not-wait", test_an_early_line_does_not_wait);
  g_test_add_func("/endpoints/talk/drop-says-no-more", test_drop_says_no_more);
  g_test_add_func("/endpoints/talk/patience-is-not-endless", test_patience_is_not_endless);
  g_test_add_func("/endpoints/talk/a-server-that-does-not-hang-up",
                  test_a_server_that_does_not_hang_up);
  return g_test_run();
}
