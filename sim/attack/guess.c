/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guess.c -- tries names and passwords on one connection.
 *
 *     GREETING ─(EHLO)─> PAUSE ─pace─> TRYING ─wrong─> PAUSE …
 *                          │              ├─right─> QUIT (who is logged in cannot try again)
 *                          └ none left ─> QUIT      └─connection ends─> lost or, said before, wrong
 *
 * One line of the server is one answer; its code, "+OK" or tag says which. */
#include "sim/attack/guess.h"

#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/machine.h"

enum { GUESS_LINE_MAX = 1 << 16 };

#define PATIENCE_NS                                                                                \
  (2 * 60 * MACHINE_SECOND) /* a server that delays its answers longer is left                     \
                             */

enum step { STEP_GREETING, STEP_HELLO, STEP_PAUSE, STEP_USER, STEP_TRYING, STEP_QUIT, STEP_OVER };

struct guess {
  struct endpoint endpoint;
  struct guess_config config;
  struct random_stream random;
  struct lines lines;
  enum step step;
  char *greeting;
  struct auth_client auth;
  bool has_pair;
  unsigned n_tags;
  bool is_initial_due; /* the first message goes out as the answer to the empty challenge */
};

const char *
guess_outcome_name(enum guess_outcome outcome)
{
  static const char *const names[] = {"right", "wrong", "later", "lost", "unfit"};
  return names[outcome];
}

static void
say(struct guess *g, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *line = g_strdup_vprintf(format, args);
  va_end(args);
  machine_printf(&g->endpoint, "%s\r\n", line);
}

static void
leave(struct guess *g)
{
  g->step = STEP_OVER;
  g->endpoint.wants_close = true;
  g->endpoint.deadline_ns = ENDPOINT_NEVER;
}

static void
tell(struct guess *g, enum guess_outcome outcome, const char *text, int64_t now_ns)
{
  if (!g->has_pair)
    return;
  g->has_pair = false;
  auth_client_clear(&g->auth);
  g->config.result(g->config.data, outcome, text, now_ns);
}

static void
quit(struct guess *g, int64_t now_ns)
{
  g->step = STEP_QUIT;
  g->endpoint.deadline_ns = now_ns + PATIENCE_NS;
  if (g->config.protocol == AUTH_IMAP)
    say(g, "a%u LOGOUT", ++g->n_tags);
  else
    say(g, "QUIT");
}

static void
pause_before(struct guess *g, int64_t now_ns)
{
  g->step = STEP_PAUSE;
  g->endpoint.deadline_ns = now_ns + g->config.pace_ns;
}

/* ---- one guess ---- */

static char *
quoted(const char *text)
{
  GString *out = g_string_new("\"");
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *text);
  }
  g_string_append_c(out, '"');
  return g_string_free(out, FALSE);
}

static void
say_command(struct guess *g)
{
  if (g->config.protocol == AUTH_IMAP) {
    g_autofree char *user = quoted(g->auth.user), *password = quoted(g->auth.password);
    g->step = STEP_TRYING;
    say(g, "a%u LOGIN %s %s", ++g->n_tags, user, password);
  } else {
    g->step = STEP_USER;
    say(g, "USER %s", g->auth.user);
  }
}

static void
say_auth(struct guess *g)
{
  const char *name = auth_name(g->config.mech);
  g->step = STEP_TRYING;
  g->is_initial_due = false;
  if (g->config.protocol == AUTH_SMTP) {
    g_autofree char *initial = auth_client_initial(&g->auth);
    say(g, "AUTH %s%s%s", name, initial ? " " : "", initial ? initial : "");
    return;
  }
  /* POP3 and IMAP: without initial response, which every server takes */
  g->is_initial_due = g->config.mech != AUTH_LOGIN && g->config.mech != AUTH_CRAM_MD5;
  if (g->config.protocol == AUTH_POP3)
    say(g, "AUTH %s", name);
  else
    say(g, "a%u AUTHENTICATE %s", ++g->n_tags, name);
}

static void
say_apop(struct guess *g, int64_t now_ns)
{
  g_autofree char *digest = auth_client_apop(g->greeting, g->auth.password);
  g->step = STEP_TRYING;
  if (digest) {
    say(g, "APOP %s %s", g->auth.user, digest);
    return;
  }
  tell(g, GUESS_UNFIT, g->greeting, now_ns);
  quit(g, now_ns);
}

static void
try_next(struct guess *g, int64_t now_ns)
{
  const char *user, *password;
  if (!g->config.next(g->config.data, &user, &password)) {
    quit(g, now_ns);
    return;
  }
  g->has_pair = true;
  auth_client_init(
      &g->auth, &(struct auth_login){
                    .user = user, .password = password, .token = password, .random = &g->random});
  random_next(&g->random); /* the next guess has another nonce */
  auth_client_begin(&g->auth, g->config.mech);
  g->endpoint.deadline_ns = now_ns + PATIENCE_NS;
  if (g->config.mech == AUTH_COMMAND)
    say_command(g);
  else if (g->config.mech == AUTH_APOP)
    say_apop(g, now_ns);
  else
    say_auth(g);
}

/* ---- answers ---- */

enum answer {
  ANSWER_NONE,
  ANSWER_YES,
  ANSWER_NO,
  ANSWER_LATER,
  ANSWER_UNFIT,
  ANSWER_GO_ON,
  ANSWER_BYE
};

static enum answer
read_smtp(const char *line, const char **text)
{
  unsigned code;
  bool more;
  size_t at;
  if (!smtp_reply_parse((const uint8_t *)line, strlen(line), &code, &more, &at))
    return ANSWER_BYE;
  *text = code == 334 ? line + at : line;
  if (more)
    return ANSWER_NONE;
  if (code == 421)
    return ANSWER_BYE;
  if (code == 504 || code == 534 || code == 538 || code == 502)
    return ANSWER_UNFIT;
  return code == 334       ? ANSWER_GO_ON
         : code / 100 == 2 ? ANSWER_YES
         : code / 100 == 4 ? ANSWER_LATER
                           : ANSWER_NO;
}

/* "NO [UNAVAILABLE]", "-ERR [SYS/TEMP]", or that the mechanism is not offered. */
static enum answer
read_refusal(const char *line)
{
  if (strstr(line, "[UNAVAILABLE]") || strstr(line, "[SYS/TEMP]") || strstr(line, "[IN-USE]") ||
      strstr(line, "[LOGIN-DELAY]"))
    return ANSWER_LATER;
  if (strstr(line, "[CANNOT]") || strstr(line, "[PRIVACYREQUIRED]") || strstr(line, "mechanism") ||
      strstr(line, "Encryption required"))
    return ANSWER_UNFIT;
  return ANSWER_NO;
}

static enum answer
read_pop(const char *line, const char **text)
{
  *text = line;
  if (g_str_has_prefix(line, "+OK"))
    return ANSWER_YES;
  if (g_str_has_prefix(line, "-ERR"))
    return read_refusal(line);
  if (line[0] != '+')
    return ANSWER_BYE;
  *text = line[1] == ' ' ? line + 2 : line + 1;
  return ANSWER_GO_ON;
}

static enum answer
read_imap(const struct guess *g, const char *line, const char **text)
{
  char tag[16];
  *text = line;
  if (g_str_has_prefix(line, "* BYE"))
    return ANSWER_BYE;
  if (g->step == STEP_GREETING)
    return g_str_has_prefix(line, "* OK") ? ANSWER_YES : ANSWER_BYE;
  if (line[0] == '+') {
    *text = line[1] == ' ' ? line + 2 : line + 1;
    return ANSWER_GO_ON;
  }
  g_snprintf(tag, sizeof tag, "a%u ", g->n_tags);
  if (!g_str_has_prefix(line, tag))
    return ANSWER_NONE;
  return g_str_has_prefix(line + strlen(tag), "OK") ? ANSWER_YES : read_refusal(line);
}

static void
go_on(struct guess *g, const char *challenge)
{
  g_autofree char *line = NULL;
  if (g->is_initial_due) {
    line = auth_client_initial(&g->auth);
    g->is_initial_due = false;
    if (line && strcmp(line, "=") == 0)
      line[0] = '\0';
  } else {
    line = auth_client_step(&g->auth, challenge, strlen(challenge));
  }
  say(g, "%s", line ? line : "*");
}

/* The server's word about the guess. */
static void
on_verdict(struct guess *g, enum answer answer, const char *text, int64_t now_ns)
{
  static const enum guess_outcome outcomes[] = {[ANSWER_YES] = GUESS_RIGHT,
                                                [ANSWER_NO] = GUESS_WRONG,
                                                [ANSWER_LATER] = GUESS_LATER,
                                                [ANSWER_UNFIT] = GUESS_UNFIT,
                                                [ANSWER_BYE] = GUESS_WRONG};
  g_autofree char *kept = g_strdup(text);
  tell(g, outcomes[answer], kept, now_ns);
  if (answer == ANSWER_BYE)
    leave(g);
  else if (answer == ANSWER_YES || answer == ANSWER_UNFIT)
    quit(g, now_ns);
  else
    pause_before(g, now_ns);
}

static void
take_line(struct guess *g, const char *line, int64_t now_ns)
{
  const char *text = line;
  enum answer answer = g->config.protocol == AUTH_SMTP   ? read_smtp(line, &text)
                       : g->config.protocol == AUTH_POP3 ? read_pop(line, &text)
                                                         : read_imap(g, line, &text);
  if (answer == ANSWER_NONE)
    return;
  switch (g->step) {
  case STEP_GREETING:
    if (answer != ANSWER_YES) {
      leave(g);
    } else if (g->config.protocol == AUTH_SMTP) {
      g->step = STEP_HELLO;
      say(g, "EHLO guess.test");
    } else {
      g->greeting = g_strdup(line);
      try_next(g, now_ns);
    }
    break;
  case STEP_HELLO:
    if (answer == ANSWER_YES)
      try_next(g, now_ns);
    else
      leave(g);
    break;
  case STEP_USER:
    if (answer == ANSWER_YES) {
      g->step = STEP_TRYING;
      say(g, "PASS %s", g->auth.password);
    } else {
      on_verdict(g, answer == ANSWER_GO_ON ? ANSWER_BYE : answer, text, now_ns);
    }
    break;
  case STEP_TRYING:
    if (answer == ANSWER_GO_ON)
      go_on(g, text);
    else
      on_verdict(g, answer, text, now_ns);
    break;
  case STEP_QUIT:
    leave(g);
    break;
  default:
    break;
  }
}

/* ---- the machine ---- */

static void
guess_start(struct endpoint *e, int64_t now_ns)
{
  e->deadline_ns = now_ns + PATIENCE_NS;
}

static void
guess_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct guess *g = (struct guess *)e;
  if (g->step == STEP_OVER)
    return;
  lines_feed(&g->lines, p, n);
  while (g->step != STEP_OVER) {
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&g->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG) {
      leave(g);
      return;
    }
    g_autofree char *text = g_strndup((const char *)line, n_line);
    take_line(g, text, now_ns);
  }
}

static void
guess_eof(struct endpoint *e, int64_t now_ns)
{
  struct guess *g = (struct guess *)e;
  tell(g, GUESS_LOST, "", now_ns);
  leave(g);
}

static void
guess_timeout(struct endpoint *e, int64_t now_ns)
{
  struct guess *g = (struct guess *)e;
  if (g->step == STEP_PAUSE) {
    try_next(g, now_ns);
    return;
  }
  tell(g, GUESS_LOST, "", now_ns);
  leave(g);
}

static void
guess_free(struct endpoint *e)
{
  struct guess *g = (struct guess *)e;
  if (g->has_pair)
    auth_client_clear(&g->auth);
  g_free(g->greeting);
  lines_clear(&g->lines);
  machine_clear(e);
  g_free(g);
}

static const struct endpoint_ops smtp_ops = {"smtp-client", guess_start,   guess_input,
                                             guess_eof,     guess_timeout, .free = guess_free};
static const struct endpoint_ops pop_ops = {"pop3-client", guess_start,   guess_input,
                                            guess_eof,     guess_timeout, .free = guess_free};
static const struct endpoint_ops imap_ops = {"imap-client", guess_start,   guess_input,
                                             guess_eof,     guess_timeout, .free = guess_free};

struct endpoint *
guess_new(const struct guess_config *config)
{
  static const struct endpoint_ops *const ops[AUTH_N_PROTOCOLS] = {
      [AUTH_SMTP] = &smtp_ops, [AUTH_POP3] = &pop_ops, [AUTH_IMAP] = &imap_ops};
  struct guess *g = g_new0(struct guess, 1);
  machine_init(&g->endpoint, ops[config->protocol]);
  g->config = *config;
  g->random = *config->random;
  lines_init(&g->lines, GUESS_LINE_MAX);
  return &g->endpoint;
}
