/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-starttls.c -- what the attacker on the path makes of a dialogue: whole, octet by octet and
 * cut at every place. */
#include <string.h>

#include "sim/attack/starttls.h"

/* What goes in and what must come out; the parts of a case are played in order, C: and S: in turn.
 */
static const struct edit {
  const char *name;
  enum starttls_protocol protocol;
  enum starttls_attack attack;
  const char *commands, *replies;
  const char *said[6]; /* "C" or "S" in front */
  const char *to_server, *to_client;
} edits[] = {
    {"smtp/last line",
     STARTTLS_SMTP,
     STARTTLS_STRIP,
     NULL,
     NULL,
     {"S220 mail.test\r\n", "CEHLO a.test\r\n", "S250-mail.test\r\n250-SIZE 9\r\n250 STARTTLS\r\n"},
     "EHLO a.test\r\n",
     "220 mail.test\r\n250-mail.test\r\n250 SIZE 9\r\n"},
    {"smtp/in the middle",
     STARTTLS_SMTP,
     STARTTLS_STRIP,
     NULL,
     NULL,
     {"CEHLO a.test\r\n", "S250-mail.test\r\n250-starttls\r\n250 SIZE 9\r\n"},
     "EHLO a.test\r\n",
     "250-mail.test\r\n250 SIZE 9\r\n"},
    {"smtp/asked all the same",
     STARTTLS_SMTP,
     STARTTLS_STRIP,
     NULL,
     NULL,
     {"Cstarttls\r\nNOOP\r\n"},
     "NOOP\r\n",
     "454 4.7.0 TLS not available due to temporary reason\r\n"},
    {"smtp/a message may hold any line",
     STARTTLS_SMTP,
     STARTTLS_STRIP,
     NULL,
     NULL,
     {"CMAIL FROM:<a@a.test>\r\nDATA\r\nSTARTTLS\r\n.\r\n", "S250-STARTTLS\r\n"},
     "MAIL FROM:<a@a.test>\r\nDATA\r\nSTARTTLS\r\n.\r\n",
     "250-STARTTLS\r\n"},
    {"pop3",
     STARTTLS_POP3,
     STARTTLS_STRIP,
     NULL,
     NULL,
     {"CCAPA\r\n", "S+OK\r\nTOP\r\nSTLS\r\nUSER\r\n.\r\n", "CSTLS\r\n"},
     "CAPA\r\n",
     "+OK\r\nTOP\r\nUSER\r\n.\r\n-ERR Command not permitted\r\n"},
    {"imap",
     STARTTLS_IMAP,
     STARTTLS_STRIP,
     NULL,
     NULL,
     {"S* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED ID] hi\r\n",
      "Ca1 STARTTLS\r\na2 NOOP\r\n"},
     "a2 NOOP\r\n",
     "* OK [CAPABILITY IMAP4rev1 ID] hi\r\na1 BAD Unknown command\r\n"},
    {"inject/commands",
     STARTTLS_SMTP,
     STARTTLS_INJECT,
     "RSET\r\n",
     NULL,
     {"CEHLO a\r\n", "S250 STARTTLS\r\n", "CSTARTTLS\r\n", "S220 go\r\n", "C\x16\x03\x01\n",
      "S\x16\x03\x03\n"},
     "EHLO a\r\nSTARTTLS\r\nRSET\r\n\x16\x03\x01\n",
     "250 STARTTLS\r\n220 go\r\n\x16\x03\x03\n"},
    {"inject/replies",
     STARTTLS_IMAP,
     STARTTLS_INJECT,
     NULL,
     "* PREAUTH\r\n",
     {"Cb7 starttls\r\n", "S* note\r\n", "Sb7 OK go\r\n", "S\x16\x03\x03\n"},
     "b7 starttls\r\n",
     "* note\r\nb7 OK go\r\n* PREAUTH\r\n\x16\x03\x03\n"},
    {"inject/refused",
     STARTTLS_POP3,
     STARTTLS_INJECT,
     NULL,
     "+OK\r\n",
     {"CSTLS\r\n", "S-ERR no\r\n"},
     "STLS\r\n",
     "-ERR no\r\n"},
};

static void
play(const struct edit *e, size_t step, size_t cut)
{
  struct starttls s = {
      .protocol = e->protocol, .attack = e->attack, .commands = e->commands, .replies = e->replies};
  g_autoptr(GByteArray) to_server = g_byte_array_new();
  g_autoptr(GByteArray) to_client = g_byte_array_new();
  starttls_init(&s);
  for (size_t i = 0; i < G_N_ELEMENTS(e->said) && e->said[i]; i++) {
    const uint8_t *p = (const uint8_t *)e->said[i] + 1;
    size_t n = strlen(e->said[i]) - 1;
    for (size_t at = 0; at < n;) {
      size_t most = step ? step : cut > at ? cut - at : n - at;
      size_t piece = MIN(most, n - at);
      if (e->said[i][0] == 'C')
        starttls_from_client(&s, p + at, piece, to_server, to_client);
      else
        starttls_from_server(&s, p + at, piece, to_client);
      at += piece;
    }
  }
  g_assert_cmpmem(to_server->data, to_server->len, e->to_server, strlen(e->to_server));
  g_assert_cmpmem(to_client->data, to_client->len, e->to_client, strlen(e->to_client));
  starttls_clear(&s);
}

/* The injection into the server's direction must leave in one piece with the command before it,
 * which octet by octet is so too: the line is held until it is whole. */
static void
test_edit(const void *data)
{
  const struct edit *e = data;
  play(e, 0, 0);
  play(e, 1, 0);
  for (size_t cut = 1; cut < 60; cut++)
    play(e, 0, cut);
}

static void
test_an_endless_line_passes(void)
{
  struct starttls s = {.protocol = STARTTLS_SMTP, .attack = STARTTLS_STRIP};
  g_autoptr(GByteArray) out = g_byte_array_new();
  g_autofree uint8_t *octets = g_malloc(1024);
  memset(octets, 'x', 1024);
  starttls_init(&s);
  for (int i = 0; i < 100; i++)
    starttls_from_server(&s, octets, 1024, out);
  g_assert_cmpuint(out->len, ==, 100 * 1024);
  starttls_clear(&s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
    g_autofree char *name = g_strdup_printf("/starttls/%s", edits[i].name);
    g_test_add_data_func(name, &edits[i], test_edit);
  }
  g_test_add_func("/starttls/endless-line", test_an_endless_line_passes);
  return g_test_run();
}
