/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action_send.c -- the verb send: composes a letter and hands it in by SMTP. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/action_errand.h"
#include "sim/mail/action_letter.h"
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
  struct action_letter letter;
  guint n_to;     /* of the errand's `to`; behind them stand those of `cc` */
  int64_t n_sent; /* copies that were begun */
  bool is_good;
  GBytes *octets;
  struct envelope *envelope;
};

static void
wishes_free(void *own)
{
  struct wishes *w = own;
  action_letter_clear(&w->letter);
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

static struct endpoint *
make_sender(struct errand *e)
{
  struct wishes *w = e->own;
  struct world *world = e->verbs->world;
  uint32_t host = action_host(e->action);
  g_autofree char *purpose = g_strdup_printf("letter %s", action_id(e->action));
  struct random_stream random = world_random(world, host, purpose);
  struct compose_letter letter = {.from = e->from,
                                  .to = &g_array_index(e->to, struct compose_person, 0),
                                  .n_to = w->n_to,
                                  .subject = e->subject,
                                  .text = e->text};
  action_letter_fill(&w->letter, &letter, &random);
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

static bool
read_to(struct errand *e, GError **error)
{
  const struct tree_node *to = tree_get(action_node(e->action), "to");
  e->to = g_array_new(FALSE, FALSE, sizeof(struct compose_person));
  if (!to || (to->kind == TREE_LIST && to->children->len == 0))
    return tree_fail(error, action_node(e->action),
                     lang_text("`send` needs `to`: add `to: bob@bob.test`",
                               "`send` ต้องมี `to`: เพิ่ม `to: bob@bob.test`"));
  return action_read_people(to, e->to, error);
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
  int ret;
  if (!tree_bool(node, "pipelining", false, &w->pipelines, error) ||
      !tree_bool(node, "chunking", false, &w->chunks, error) ||
      !tree_int(node, "chunk", 0, 0, SMTP_SIZE_MAX, &w->chunk_octets, error) ||
      !tree_int(node, "copies", 1, 1, COPIES_MAX, &w->copies, error) ||
      !read_notify(node, &w->notify, error) ||
      !read_choice(node, "return", "full", "headers", &ret, error) ||
      !tree_text(node, "envelope_id", NULL, &w->envelope_id, error))
    return false;
  w->ret = ret == 1 ? ENVELOPE_RET_FULL : ret == 2 ? ENVELOPE_RET_HDRS : ENVELOPE_RET_NONE;
  return action_is_one_line(tree_get(node, "envelope_id"), w->envelope_id, error);
}

static bool
read_send(struct errand *e, GError **error)
{
  const struct tree_node *from = tree_get(action_node(e->action), "from");
  if (!from)
    return tree_fail(error, action_node(e->action),
                     lang_text("`send` needs `from`: add `from: alice@alice.test`",
                               "`send` ต้องมี `from`: เพิ่ม `from: alice@alice.test`"));
  const struct tree_node *node = action_node(e->action);
  struct wishes *w = e->own;
  if (!action_read_person(from, &e->from, error) || !read_to(e, error) ||
      !tree_text(node, "subject", "", &e->subject, error))
    return false;
  e->text = action_read_text(node, "text", error);
  if (!e->text || !action_letter_read(&w->letter, node, e->subject, e->text, error))
    return false;
  w->n_to = e->to->len;
  g_array_append_vals(e->to, w->letter.cc->data, w->letter.cc->len);
  return action_is_one_line(tree_get(action_node(e->action), "subject"), e->subject, error) &&
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
