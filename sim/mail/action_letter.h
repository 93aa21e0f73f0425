/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ACTION_LETTER_H
#define SIM_MAIL_ACTION_LETTER_H

/* What a letter of the verb send holds besides sender, recipients, subject and text: the keys html,
 * attachment, attachments, encoding, charset, cc, reply_to, in_reply_to, references (build.h). */
#include "sim/core/tree.h"
#include "sim/mail/compose.h"

#define ACTION_LETTER_KEYS                                                                         \
  "html", "attachment", "attachments", "encoding", "charset", "cc", "reply_to", "in_reply_to",     \
      "references"

struct action_letter {
  char *html;
  const char *charset; /* NULL: UTF-8 */
  enum compose_encoding encoding;
  GArray *attachments; /* struct compose_attachment; octets NULL: made when it is sent */
  GArray *sizes;       /* int64_t octets to make, one for each */
  GArray *cc;          /* struct compose_person */
  struct compose_person reply_to;
  const char *in_reply_to, *references;
};

/* Names and addresses are borrowed from the tree. The letter may be cleared also after a failure. */
bool action_letter_read(struct action_letter *l, const struct tree_node *node, const char *subject,
                        const char *text, GError **error);
void action_letter_clear(struct action_letter *l);
/* Puts it into `letter`, which borrows it; random attachments are drawn now. */
void action_letter_fill(struct action_letter *l, struct compose_letter *letter,
                        struct random_stream *random);

/* A person is an address, or {name: …, address: …}. */
bool action_read_person(const struct tree_node *node, struct compose_person *person,
                        GError **error);
/* One person or a list; appends. */
bool action_read_people(const struct tree_node *node, GArray *people, GError **error);
/* RFC 5322 2.2: a field ends with CRLF, so a line end in its value is refused. */
bool action_is_one_line(const struct tree_node *node, const char *text, GError **error);
/* The text of `key`, or of the file beside the scenario that `key`_file names; "" without both. NULL
 * after an error. */
char *action_read_text(const struct tree_node *node, const char *key, GError **error);

#endif
