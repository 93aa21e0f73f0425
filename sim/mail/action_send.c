/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action_send.c -- the verb send: composes a letter and hands it in by SMTP. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/action_errand.h"
#include "sim/mail/build_private.h"
#include "sim/mail/smtp.h"

enum { COPIES_MAX = 1000 }; /* of one letter over one connection */

/* How the letter is handed in: the errand's own. */
struct wishes {
  bool pipelines, chunks;
  int64_t chunk_octets, copies;
  unsigned notify;
  enum envelope_ret ret;
  const char *envelope_id;
  bool is_8bit;
  int64_t n_sent; /* copies that were begun */
  bool is_good;
  GBytes *octets;
  struct envelope *envelope;
};

static void
wishes_free(void *own)
{
  struct wishes *w = own;
  g_clear_pointer(&w->octets, g_bytes_unref);
  envelope_free(w->envelope);
  g_free(w);
}

/* ---- running ---- */

static void
sent(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct errand *e = data;
  struct wishes *w = e->own;
  for (unsigned i = 0; i < n; i++) {
    w->is_good &= results[i].outcome == SMTP_OUTCOME_ACCEPTED;
    if (results[i].outcome != SMTP_OUTCOME_ACCEPTED)
      world_emit(e->verbs->world, action_host(e->action), "log", action_id(e->action),
                 "<%s>: %u %s", g_array_index(e->to, struct compose_person, i).address,
                 results[i].code, results[i].text);
  }
  if (w->copies == 1)
    action_finish(e->action, w->is_good);
}

/* Another copy over the same connection; without one the action is over. */
static bool
next_copy(void *data, struct smtp_letter *next)
{
  struct errand *e = data;
  struct wishes *w = e->own;
  if (w->n_sent == w->copies) {
    action_finish(e->action, w->is_good);
    return false;
  }
  w->n_sent++;
  *next = (struct smtp_letter){*w->envelope, w->octets};
  return true;
}

/* The attachment's octets: as given, or `size` octets that look like some file. */
static GBytes *
attachment_octets(const struct errand *e, struct random_stream *random)
{
  if (e->attachment)
    return g_bytes_ref(e->attachment);
  uint8_t *octets = g_malloc((gsize)e->attachment_octets + 1);
  random_octets(random, octets, (size_t)e->attachment_octets);
  return g_bytes_new_take(octets, (gsize)e->attachment_octets);
}

static struct endpoint *
make_sender(struct errand *e)
{
  struct wishes *w = e->own;
  struct world *world = e->verbs->world;
  uint32_t host = action_host(e->action);
  g_autofree char *purpose = g_strdup_printf("letter %s", action_id(e->action));
  struct random_stream random = world_random(world, host, purpose);
  g_autoptr(GBytes) attachment = e->attachment_name ? attachment_octets(e, &random) : NULL;
  struct compose_letter letter = {.from = e->from,
                                  .to = &g_array_index(e->to, struct compose_person, 0),
                                  .n_to = e->to->len,
                                  .subject = e->subject,
                                  .text = e->text,
                                  .is_8bit = w->is_8bit,
                                  .attachment_name = e->attachment_name,
                                  .attachment_type = e->attachment_type,
                                  .attachment = attachment};
  g_autoptr(GBytes) octets = compose_message(&letter, world_now(world), &random);
  g_autofree struct envelope_recipient *to = g_new0(struct envelope_recipient, e->to->len);
  bool is_utf8 = !smtp_is_ascii(e->from.address);
  for (guint i = 0; i < e->to->len; i++) {
    to[i].address = g_array_index(e->to, struct compose_person, i).address;
    to[i].notify = w->notify;
    is_utf8 |= !smtp_is_ascii(to[i].address);
  }
  struct envelope envelope = {.sender = e->from.address,
                              .recipients = to,
                              .n_recipients = e->to->len,
                              .envid = w->envelope_id,
                              .ret = w->ret,
                              .is_utf8 = is_utf8};
  if (w->copies > 1) {
    w->n_sent = 1;
    w->octets = g_bytes_ref(octets);
    w->envelope = envelope_copy(&envelope);
  }
  char addr[ADDR_TEXT_MAX];
  struct host_info info = net_host_info(ports_net(e->verbs->ports), host);
  g_autofree char *name = g_strdup_printf("[%s%s]", info.addr.version == 6 ? "IPv6:" : "",
                                          ip_addr_format(&info.addr, addr));
  struct smtp_client_config config = {.name = name, /* RFC 5321 4.1.3: a host without a name */
                                      .user = e->user,
                                      .password = e->password,
                                      .mech = e->mech,
                                      .is_careful = e->is_careful,
                                      .token = e->token,
                                      .authzid = e->authzid,
                                      .random = action_errand_random(e),
                                      .tls_use = e->secure.use,
                                      .pipelines = w->pipelines,
                                      .chunks = w->chunks,
                                      .chunk_octets = (size_t)w->chunk_octets,
                                      .envelope = envelope,
                                      .octets = octets,
                                      .done = sent,
                                      .next = w->copies > 1 ? next_copy : NULL,
                                      .data = e};
  return smtp_client_new(&config);
}

/* ---- reading ---- */

/* RFC 5322 2.2: a field ends with CRLF, so that a line end in its value would begin another field,
 * or the text. */
static bool
is_one_line(const struct tree_node *node, const char *text, GError **error)
{
  if (!text || !strpbrk(text, "\r\n"))
    return true;
  return tree_fail(error, node,
                   lang_text("a line end in a header would begin another field: write one line",
                             "การขึ้นบรรทัดใหม่ในส่วนหัวจะกลายเป็นฟิลด์อื่น: ให้เขียนบรรทัดเดียว"));
}

/* A person is an address, or {name: …, address: …}. */
static bool
read_person(const struct tree_node *node, struct compose_person *person, GError **error)
{
  static const char *const keys[] = {"name", "address", NULL};
  *person = (struct compose_person){0};
  if (node->kind == TREE_SCALAR)
    person->address = node->text;
  else if (node->kind == TREE_MAP && (!tree_known(node, keys, error) ||
                                      !tree_text(node, "name", NULL, &person->name, error) ||
                                      !tree_text(node, "address", NULL, &person->address, error)))
    return false;
  if (!is_one_line(node, person->name, error))
    return false;
  g_autofree char *path = g_strdup_printf("<%s>", person->address ? person->address : "");
  g_autofree char *address = NULL;
  size_t n;
  const char *wrong;
  if (!smtp_path_parse(path, strlen(path), SMTP_PATH_UTF8, &address, &n, &wrong) ||
      n != strlen(path))
    return tree_fail(error, node,
                     lang_text("\"%s\" is no address; write one such as alice@alice.test",
                               "\"%s\" ไม่ใช่ที่อยู่อีเมล ให้เขียนเช่น alice@alice.test"),
                     person->address ? person->address : "");
  return true;
}

static bool
read_to(struct errand *e, GError **error)
{
  const struct tree_node *to = tree_get(action_node(e->action), "to");
  e->to = g_array_new(FALSE, FALSE, sizeof(struct compose_person));
  if (!to || (to->kind == TREE_LIST && to->children->len == 0))
    return tree_fail(error, action_node(e->action),
                     lang_text("`send` needs `to`: add `to: bob@bob.test`",
                               "`send` ต้องมี `to`: เพิ่ม `to: bob@bob.test`"));
  for (guint i = 0; i < (to->kind == TREE_LIST ? to->children->len : 1); i++) {
    struct compose_person person;
    if (!read_person(to->kind == TREE_LIST ? to->children->pdata[i] : to, &person, error))
      return false;
    g_array_append_val(e->to, person);
  }
  return true;
}

/* A file beside the scenario. */
static bool
read_file(const struct tree_node *node, const char *name, char **text, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(node->file);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) reason = NULL;
  if (!g_file_get_contents(path, text, NULL, &reason))
    return tree_fail(error, node, "%s", reason->message);
  if (!g_utf8_validate(*text, -1, NULL))
    return tree_fail(error, node,
                     lang_text("%s is not UTF-8: save it as UTF-8", "%s ไม่ใช่ UTF-8: บันทึกเป็น UTF-8"),
                     path);
  return true;
}

static bool
read_text(struct errand *e, GError **error)
{
  const char *text, *file;
  if (!tree_text(action_node(e->action), "text", NULL, &text, error) ||
      !tree_text(action_node(e->action), "text_file", NULL, &file, error))
    return false;
  if (text && file)
    return tree_fail(error, action_node(e->action),
                     lang_text("`text` and `text_file` exclude each other: remove one",
                               "`text` กับ `text_file` ใช้พร้อมกันไม่ได้: ลบออกหนึ่งอย่าง"));
  if (file)
    return read_file(tree_get(action_node(e->action), "text_file"), file, &e->text, error);
  e->text = g_strdup(text ? text : "");
  return true;
}

static bool
read_attachment(struct errand *e, GError **error)
{
  static const char *const keys[] = {"name", "text", "size", "type", NULL};
  const struct tree_node *node = tree_get(action_node(e->action), "attachment");
  const char *text;
  if (!node)
    return true;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("an attachment is a map: {name: plan.txt, text: …}",
                               "ไฟล์แนบต้องเขียนเป็น {name: plan.txt, text: …}"));
  if (!tree_known(node, keys, error) ||
      !tree_text(node, "name", "attachment.txt", &e->attachment_name, error) ||
      !tree_text(node, "text", NULL, &text, error) ||
      !tree_text(node, "type", text ? "text/plain" : NULL, &e->attachment_type, error) ||
      !tree_int(node, "size", 1000, 0, ACTION_ATTACHMENT_MAX, &e->attachment_octets, error))
    return false;
  if (text)
    e->attachment = g_bytes_new(text, strlen(text));
  return true;
}

/* never, or a list of success, failure, delay (RFC 3461 4.1). */
static bool
read_notify(const struct tree_node *node, unsigned *notify, GError **error)
{
  g_auto(GStrv) words = NULL;
  if (!build_read_names(node, "notify", &words, error))
    return false;
  g_autofree char *text = g_strjoinv(",", words);
  *notify = 0;
  if (!*text || smtp_notify_parse(text, notify))
    return true;
  return tree_fail(error, tree_get(node, "notify"),
                   lang_text("`notify` is never, or a list of success, failure and delay",
                             "`notify` เป็น never หรือรายการของ success, failure, delay"));
}

/* One of two words, or nothing. */
static bool
read_choice(const struct tree_node *node, const char *key, const char *one, const char *other,
            int *choice, GError **error)
{
  const char *word;
  if (!tree_text(node, key, NULL, &word, error))
    return false;
  *choice = !word ? 0 : strcmp(word, one) == 0 ? 1 : strcmp(word, other) == 0 ? 2 : -1;
  return *choice >= 0 ||
         tree_fail(error, tree_get(node, key),
                   lang_text("`%s` is %s or %s", "`%s` เป็น %s หรือ %s ได้"), key, one, other);
}

static bool
read_wishes(struct errand *e, GError **error)
{
  const struct tree_node *node = action_node(e->action);
  struct wishes *w = e->own;
  int ret, encoding;
  if (!tree_bool(node, "pipelining", false, &w->pipelines, error) ||
      !tree_bool(node, "chunking", false, &w->chunks, error) ||
      !tree_int(node, "chunk", 0, 0, SMTP_SIZE_MAX, &w->chunk_octets, error) ||
      !tree_int(node, "copies", 1, 1, COPIES_MAX, &w->copies, error) ||
      !read_notify(node, &w->notify, error) ||
      !read_choice(node, "return", "full", "headers", &ret, error) ||
      !read_choice(node, "encoding", "base64", "8bit", &encoding, error) ||
      !tree_text(node, "envelope_id", NULL, &w->envelope_id, error))
    return false;
  w->ret = ret == 1 ? ENVELOPE_RET_FULL : ret == 2 ? ENVELOPE_RET_HDRS : ENVELOPE_RET_NONE;
  w->is_8bit = encoding == 2;
  return is_one_line(tree_get(node, "envelope_id"), w->envelope_id, error);
}

static bool
read_send(struct errand *e, GError **error)
{
  const struct tree_node *from = tree_get(action_node(e->action), "from");
  if (!from)
    return tree_fail(error, action_node(e->action),
                     lang_text("`send` needs `from`: add `from: alice@alice.test`",
                               "`send` ต้องมี `from`: เพิ่ม `from: alice@alice.test`"));
  if (!read_person(from, &e->from, error) || !read_to(e, error) || !read_text(e, error) ||
      !read_attachment(e, error) ||
      !tree_text(action_node(e->action), "subject", "", &e->subject, error))
    return false;
  return is_one_line(tree_get(action_node(e->action), "subject"), e->subject, error) &&
         read_wishes(e, error);
}

void *
action_read_send(void *owner, struct action *action, GError **error)
{
  struct errand *e = action_errand_new(owner, action, make_sender);
  struct wishes *w = g_new0(struct wishes, 1);
  w->is_good = true;
  e->own = w;
  e->own_free = wishes_free;
  const char *user;
  return action_errand_kept(e, tree_text(action_node(action), "user", NULL, &user, error) &&
                                   action_read_account(e, user ? 587 : 25, user != NULL, error) &&
                                   read_send(e, error));
}
