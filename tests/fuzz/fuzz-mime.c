/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-mime.c -- a hostile message through the store: taken apart, described, cut into every
 * section, decoded, searched, sorted, threaded, and read as an mbox and written again.
 *
 * Parts lie inside their parents and beside each other; BODY[] is what was stored; an mbox that was
 * written is read back as the same number of messages. */
#include <glib.h>
#include <string.h>

#include "sim/mail/imap.h"
#include "sim/mail/mailfile.h"
#include "sim/mail/mime.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"multipart",
     TEXT_SEED(
         "From: a@b.test\r\nSubject: Re: [x] =?utf-8?b?4Liq?= (fwd)\r\nReferences: <a@b> <c@d>\r\n"
         "Date: Thu, 1 Jan 2026 10:00 +0700\r\nContent-Type: multipart/mixed; boundary=b; "
         "x*0*=utf-8''%E0; x*1=y\r\nContent-Language: en, th\r\n\r\npre\r\n--b\r\n"
         "Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=tis-620\r\n\r\n"
         "ysfRyg==\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx=3D\r\n--b\r\n"
         "Content-Type: multipart/digest; boundary=c\r\n\r\n--c\r\n\r\nA: b\r\n\r\nx\r\n--c--\r\n"
         "--b--\r\npost")},
    {"addresses",
     TEXT_SEED("From: G: <@r:a@b>, \"q\\\"x\" <c@d> (z (y)), e (f)@ (g) h;, i@[1.2.3.4]\r\n"
               "To: \"open\r\nCc: ((((\r\nBcc: <<>>,;:@\r\nSender: a b c\r\n\r\n")},
    {"mbox",
     TEXT_SEED("From a Thu Jan  1 00:00:00 2026\nStatus: RO\nX-Keywords: a b\nContent-Length: 2"
               "\n\nx\n\nFrom b Thu Jan  1 00:00:00 2026\nSubject: y\n\n>From z\n>>From z\n\n")},
    {NULL, NULL, 0},
};

static void
check_part(const struct mime_part *part, size_t at, size_t end)
{
  g_assert_cmpuint(part->header_at, >=, at);
  g_assert_cmpuint(part->body_at, >=, part->header_at);
  g_assert_cmpuint(part->end, >=, part->body_at);
  g_assert_cmpuint(part->end, <=, end);
  size_t next = part->body_at;
  for (guint i = 0; i < part->children->len; i++) {
    const struct mime_part *child = part->children->pdata[i];
    check_part(child, next, part->end);
    next = child->end;
  }
}

/* Every answer that the message has a part in. */
static void
ask(struct store *store, GBytes *octets)
{
  static const char commands[] =
      "a LOGIN bob secret\r\nb SELECT INBOX\r\n"
      "c FETCH 1:* (ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE)\r\n"
      "d FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] "
      "BODY.PEEK[2.HEADER] "
      "BODY.PEEK[2.1.TEXT] BODY.PEEK[3.1.1] BODY.PEEK[HEADER.FIELDS (Subject)]<3.7> "
      "BODY.PEEK[1.HEADER.FIELDS.NOT (a)])\r\n"
      "e FETCH 1 (BINARY.PEEK[] BINARY.PEEK[1] BINARY.SIZE[2] BINARY.PEEK[TEXT])\r\n"
      "f SEARCH CHARSET UTF-8 OR TEXT x OR BODY y OR FROM a SENTON 1-Jan-2026\r\n"
      "g SORT (SUBJECT FROM TO CC DATE DISPLAYFROM REVERSE DISPLAYTO SIZE) UTF-8 ALL\r\n"
      "h THREAD REFERENCES UTF-8 ALL\r\ni THREAD ORDEREDSUBJECT UTF-8 ALL\r\n"
      "j FETCH 1 BODY[]\r\n";
  struct random_stream random = {.key = {1, 2}};
  struct auth_site *auth = auth_site_new(NULL, store, "s", &random);
  struct imap_server_config config = {.name = "s", .store = store, .auth = auth};
  struct endpoint *e = imap_server_new(&config);
  e->ops->start(e, 0);
  e->ops->input(e, (const uint8_t *)commands, sizeof commands - 1, 0);
  g_autoptr(GByteArray) said = g_byte_array_new();
  while (e->out->len > 0) {
    g_byte_array_append(said, e->out->data, e->out->len);
    g_byte_array_set_size(e->out, 0);
    e->ops->flush(e, 0);
  }
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  g_autofree char *head = g_strdup_printf("* 1 FETCH (BODY[] {%" G_GSIZE_FORMAT "}\r\n", n);
  g_autofree char *tail = g_strdup(" FLAGS (\\Seen \\Recent))\r\nj OK FETCH completed\r\n");
  gsize whole = strlen(head) + n + strlen(tail);
  g_assert_cmpuint(said->len, >, whole);
  const uint8_t *at = said->data + said->len - whole;
  g_assert_cmpmem(at, strlen(head), head, strlen(head));
  if (n > 0)
    g_assert_cmpmem(at + strlen(head), n, p, n);
  g_assert_cmpmem(at + strlen(head) + n, strlen(tail), tail, strlen(tail));
  e->ops->free(e);
  auth_site_free(auth);
}

static void
as_mbox(const uint8_t *p, size_t n)
{
  struct store *store = store_new(NULL, NULL, NULL);
  struct store_user *user = store_add_user(store, "bob", "secret");
  struct mailbox *first = store_find(user, "INBOX"), *second = store_create(user, "x");
  if (mbox_read(first, p, n, MBOX_ANY, NULL, NULL)) {
    for (enum mbox_kind kind = MBOX_RD; kind <= MBOX_CL2; kind++) {
      unsigned n_read;
      g_autoptr(GBytes) written = mbox_write(first, kind);
      gsize size;
      const uint8_t *q = g_bytes_get_data(written, &size);
      g_assert_true(mbox_read(second, q, size, kind, &n_read, NULL));
      g_assert_cmpuint(n_read, ==, first->messages->len);
    }
  }
  store_free(store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n > 65536)
    return 0;
  g_autoptr(GBytes) octets = g_bytes_new(p, n);
  struct mime_part *root = mime_parse(octets);
  check_part(root, 0, n);
  mime_free(root);
  struct store *store = store_new(NULL, NULL, NULL);
  struct mailbox *inbox = store_find(store_add_user(store, "bob", "secret"), "INBOX");
  g_autoptr(GBytes) other = g_bytes_new_static("Message-ID: <c@d>\r\nSubject: in\r\n\r\nx\r\n", 38);
  store_append(inbox, octets, 0, 0, 0);
  store_append(inbox, other, 0, 0, 0);
  ask(store, octets);
  store_free(store);
  as_mbox(p, n);
  return 0;
}
