/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_SMTP_H
#define CAPTURE_DECODE_SMTP_H

/* Parts of the SMTP decoder: what stands behind a verb, what stands in a reply. They add fields to
 * the group that is open. Private to this folder. */
#include "capture/decode/build.h"

/* The argument of a command, behind the verb and its blanks: paths and parameters of MAIL and RCPT,
 * names of HELO and its like, sizes of BDAT. Other verbs have no parts. `verb` is a smtp_verb. */
void smtp_argument_build(struct decode *d, unsigned verb, struct slice argument);

/* One line of a reply without its end. `verb` is what it answers (SMTP_UNKNOWN: nothing that is
 * known); `first` when it is the reply's first line, `greeting` when it answers nothing because it
 * greets. */
void smtp_reply_build(struct decode *d, struct slice line, unsigned verb, bool first,
                      bool greeting);

/* What the words of an enhanced status code mean (RFC 3463, RFC 5248); NULL when that is not known.
 */
const struct lang_pair *smtp_status_class(uint64_t class_number);
const struct lang_pair *smtp_status_subject(uint64_t subject);
const struct lang_pair *smtp_status_detail(uint64_t subject, uint64_t detail);

#endif
