/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-imap-verbs.c -- every command of IMAP in each of the three states in which one may come,
 * legal and illegal, and with its arguments missing or too many.
 *
 * The table below was written from RFC 3501 6 and the RFCs of the extensions, not from the
 * server's. */
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/imap.h"

enum { NOT = 1, AUTH = 2, SEL = 4, ANY = 7, IN = AUTH | SEL };

static const struct row {
  const char *line;    /* a good one; "UID" is a verb of its own */
  unsigned states;     /* in which it is legal */
  const char *shorter; /* an argument is missing; NULL: it has none, so one is too many */
  bool has_plus;       /* answered by "+" */
} rows[] = {
    {"CAPABILITY", ANY, NULL},
    {"NOOP", ANY, NULL},
    {"LOGOUT", ANY, NULL},
    {"ID NIL", ANY, "ID"},
    {"STARTTLS", NOT, NULL},
    {"AUTHENTICATE PLAIN", NOT, "AUTHENTICATE", true},
    {"LOGIN bob secret", NOT, "LOGIN bob"},
    {"ENABLE CONDSTORE", AUTH, "ENABLE"},
    {"SELECT INBOX", IN, "SELECT"},
    {"EXAMINE INBOX", IN, "EXAMINE"},
    {"CREATE new", IN, "CREATE"},
    {"DELETE Work", IN, "DELETE"},
    {"RENAME Work new", IN, "RENAME Work"},
    {"SUBSCRIBE Work", IN, "SUBSCRIBE"},
    {"UNSUBSCRIBE Work", IN, "UNSUBSCRIBE"},
    {"LIST \"\" *", IN, "LIST \"\""},
    {"LSUB \"\" *", IN, "LSUB \"\""},
    {"STATUS Work (MESSAGES)", IN, "STATUS Work"},
    {"APPEND Work {1+}\r\nx", IN, "APPEND Work"},
    {"NAMESPACE", IN, NULL},
    {"IDLE", IN, NULL, true},
    {"GETQUOTA \"User quota\"", IN, "GETQUOTA"},
    {"GETQUOTAROOT INBOX", IN, "GETQUOTAROOT"},
    {"SETQUOTA \"\" ()", IN, "SETQUOTA"},
    {"COMPRESS DEFLATE", IN, "COMPRESS"},
    {"CHECK", SEL, NULL},
    {"CLOSE", SEL, NULL},
    {"UNSELECT", SEL, NULL},
    {"EXPUNGE", SEL, NULL},
    {"SEARCH ALL", SEL, "SEARCH"},
    {"SORT (DATE) UTF-8 ALL", SEL, "SORT (DATE) UTF-8"},
    {"THREAD REFERENCES UTF-8 ALL", SEL, "THREAD REFERENCES UTF-8"},
    {"FETCH 1 FLAGS", SEL, "FETCH 1"},
    {"STORE 1 FLAGS ()", SEL, "STORE 1 FLAGS"},
    {"COPY 1 Work", SEL, "COPY 1"},
    {"MOVE 1 Work", SEL, "MOVE 1"},
    {"UID FETCH 1 FLAGS", SEL, "UID FETCH 1"},
    {"UID STORE 1 FLAGS ()", SEL, "UID STORE 1"},
    {"UID COPY 1 Work", SEL, "UID COPY 1"},
    {"UID MOVE 1 Work", SEL, "UID MOVE 1"},
    {"UID SEARCH ALL", SEL, "UID SEARCH"},
    {"UID SORT (DATE) UTF-8 ALL", SEL, "UID SORT (DATE)"},
    {"UID THREAD REFERENCES UTF-8 ALL", SEL, "UID THREAD REFERENCES"},
    {"UID EXPUNGE 1", SEL, "UID EXPUNGE"},
};

/* The lines that lead to each state. */
static const struct {
  unsigned state;
  const char *name, *way;
} states[] = {{NOT, "not authenticated", ""},
              {AUTH, "authenticated", "l LOGIN bob secret\r\n"},
              {SEL, "selected", "l LOGIN bob secret\r\ns SELECT INBOX\r\n"}};

/* What a new session in that state answers to the line. */
static char *
answer(const char *way, const char *line)
{
  struct store *store = store_new(NULL, NULL, NULL);
  struct store_user *bob = store_add_user(store, "bob", "secret");
  g_autoptr(GBytes) octets = g_bytes_new_static("Subject: x\r\n\r\ny", 15);
  struct random_stream random = {.key = {1, 2}};
  struct auth_site *auth = auth_site_new(NULL, store, "s", &random);
  struct imap_server_config config = {
      .name = "s", .store = store, .auth = auth, .offers_tls = true, .offers_deflate = true};
  store_append(store_find(bob, "INBOX"), octets, 0, 0, 0);
  store_create(bob, "Work");
  bob->quota_octets = 100000;
  struct endpoint *e = imap_server_new(&config);
  g_autofree char *whole = g_strdup_printf("t %s\r\n", line);
  e->ops->start(e, 0);
  e->ops->input(e, (const uint8_t *)way, strlen(way), 0);
  g_byte_array_set_size(e->out, 0);
  e->ops->input(e, (const uint8_t *)whole, strlen(whole), 0);
  char *said = g_strndup((char *)e->out->data, e->out->len);
  e->ops->free(e);
  auth_site_free(auth);
  store_free(store);
  return said;
}

static bool
is_bad(const char *said)
{
  return g_str_has_prefix(said, "t BAD ");
}

/* A good line is OK where it is legal, and BAD and nothing else where it is not. */
static void
test_states(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    for (size_t k = 0; k < G_N_ELEMENTS(states); k++) {
      g_autofree char *said = answer(states[k].way, rows[i].line);
      bool is_legal = rows[i].states & states[k].state;
      bool is_refused = g_str_has_prefix(rows[i].line, "SETQUOTA"); /* by policy: RFC 9208 4.1.3 */
      bool is_fine = !is_legal          ? is_bad(said)
                     : is_refused       ? g_str_has_prefix(said, "t NO [NOPERM] ")
                     : rows[i].has_plus ? g_str_has_prefix(said, "+ ")
                                        : strstr(said, "t OK ") != NULL;
      if (!is_fine)
        g_error("%s, %s: %s", rows[i].line, states[k].name, said);
    }
  }
}

/* Missing arguments, and one where none belongs, are BAD where the verb is legal. */
static void
test_arguments(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const struct row *row = &rows[i];
    g_autofree char *more = g_strdup_printf("%s x", row->line);
    for (size_t k = 0; k < G_N_ELEMENTS(states); k++) {
      if (!(row->states & states[k].state))
        continue;
      g_autofree char *said = answer(states[k].way, row->shorter ? row->shorter : more);
      if (!is_bad(said))
        g_error("%s, %s: %s", row->shorter ? row->shorter : more, states[k].name, said);
    }
  }
}

/* What a literal announces is refused before it is sent where the verb is illegal. */
static void
test_literals(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *verb = g_strndup(rows[i].line, strcspn(rows[i].line, " "));
    g_autofree char *line = g_strdup_printf("%s {5}", verb);
    for (size_t k = 0; k < G_N_ELEMENTS(states); k++) {
      if (rows[i].states & states[k].state)
        continue;
      g_autofree char *said = answer(states[k].way, line);
      if (!is_bad(said))
        g_error("%s, %s: %s", line, states[k].name, said);
    }
  }
}

/* Each verb that the wire knows has a row here, but the two that never come as commands. */
static void
test_all_verbs_are_here(void)
{
  for (int verb = 1; verb < IMAP_N_VERBS; verb++) {
    const char *name = imap_verbs[verb].name;
    bool is_here = verb == IMAP_DONE;
    for (size_t i = 0; i < G_N_ELEMENTS(rows) && !is_here; i++)
      is_here = strncmp(rows[i].line, name, strlen(name)) == 0 &&
                strchr(" ", rows[i].line[strlen(name)]) != NULL;
    if (!is_here)
      g_error("%s is tried in no state", name);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/verbs/each-in-its-states-only", test_states);
  g_test_add_func("/verbs/arguments-missing-or-too-many", test_arguments);
  g_test_add_func("/verbs/literals-are-refused-early", test_literals);
  g_test_add_func("/verbs/all-are-here", test_all_verbs_are_here);
  return g_test_run();
}
