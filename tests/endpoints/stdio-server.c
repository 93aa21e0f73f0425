/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stdio-server.c -- one of our servers on standard input and output, for clients that were not
 * written here.
 *
 *     stdio-server smtp|submission|pop3|imap [FILE.eml]      the message lies in bob's INBOX
 * (password "secret") */
#include <string.h>
#include <unistd.h>

#include "sim/mail/deflate_layer.h"
#include "sim/mail/imap.h"
#include "sim/mail/pop.h"
#include "sim/mail/smtp.h"

static struct store *store;
static struct auth_site *auth;

static const char *
recipient(void *data, const struct smtp_session *s, const struct envelope_recipient *r)
{
  g_autofree char *name = g_strndup(r->address, strcspn(r->address, "@"));
  return store_find_user(store, name) ? NULL : "550 5.1.1 No such user here";
}

static const char *
message(void *data, const struct smtp_session *s, const struct smtp_message *m, int64_t now_ns,
        const char **refusal)
{
  return store_append(store_find(store_find_user(store, "bob"), "INBOX"), m->octets, 0, 0, 0)
             ? "Q1"
             : NULL;
}

static struct endpoint *
make(const char *kind)
{
  bool is_submission = strcmp(kind, "submission") == 0;
  struct smtp_server_config smtp = {.role = is_submission ? SMTP_ROLE_SUBMISSION : SMTP_ROLE_MTA,
                                    .name = "mail.test",
                                    .peer = "127.0.0.1",
                                    .auth = is_submission ? auth : NULL,
                                    .is_auth_required = is_submission,
                                    .site = {.recipient = recipient, .message = message}};
  struct pop_server_config pop = {.name = "mail.test", .store = store, .auth = auth};
  struct imap_server_config imap = {
      .name = "mail.test", .store = store, .auth = auth, .offers_deflate = true};
  return strcmp(kind, "pop3") == 0   ? pop_server_new(&pop)
         : strcmp(kind, "imap") == 0 ? deflate_layer_new(imap_server_new(&imap))
                                     : smtp_server_new(&smtp);
}

/* Until it has no more to say: a layer may hold back what its `out` has no room for. */
static void
flush(struct endpoint *e)
{
  do {
    for (guint at = 0; at < e->out->len;) {
      ssize_t n = write(STDOUT_FILENO, e->out->data + at, e->out->len - at);
      if (n <= 0)
        _exit(1);
      at += (guint)n;
    }
    g_byte_array_set_size(e->out, 0);
    if (e->ops->flush) /* an answer that is given in slices */
      e->ops->flush(e, 0);
  } while (e->out->len > 0);
}

int
main(int argc, char **argv)
{
  store = store_new(NULL, NULL, NULL);
  struct mailbox *inbox = store_find(store_add_user(store, "bob", "secret"), "INBOX");
  struct random_stream random = {.key = {1, 2}};
  auth = auth_site_new(NULL, store, "mail.test", &random);
  auth_site_add_token(auth, "bob", "token-94", ENDPOINT_NEVER);
  g_autofree char *text = NULL;
  gsize n_text;
  if (argc > 2 && g_file_get_contents(argv[2], &text, &n_text, NULL)) {
    g_autoptr(GBytes) octets = g_bytes_new(text, n_text);
    store_append(inbox, octets, 0, 0, 0);
  }
  struct endpoint *e = make(argc > 1 ? argv[1] : "imap");
  e->ops->start(e, 0);
  flush(e);
  uint8_t octets[4096];
  ssize_t n;
  while (!e->wants_close && (n = read(STDIN_FILENO, octets, sizeof octets)) > 0) {
    e->ops->input(e, octets, (size_t)n, 0);
    flush(e);
  }
  e->ops->free(e);
  auth_site_free(auth);
  store_free(store);
  return 0;
}
