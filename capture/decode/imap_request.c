/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_request.c -- what stands behind the verb of an IMAP command, part by part (RFC 3501 section
 * 6). Names and passwords of LOGIN are fields of imap.c. */
#include "capture/decode/imap_field.h"

#include "capture/decode/words.h"

/* Items of FETCH: one, or a list; "(...)" behind it are the modifiers of RFC 4466. */
static void
items_build(struct decode *d, struct slice rest)
{
  struct imap_token token = imap_token_take(&rest);
  bool list = token.kind == IMAP_TOKEN_OPEN;
  if (list)
    token = imap_token_take(&rest);
  while (token.kind == IMAP_TOKEN_ATOM) {
    imap_item_build(d, token.at);
    if (!list)
      break;
    token = imap_token_take(&rest);
  }
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_ARGUMENT, &rest);
}

static void
fetch_build(struct decode *d, struct slice rest)
{
  imap_set_build(d, F_SET, imap_token_take(&rest).at);
  items_build(d, rest);
}

static void
store_build(struct decode *d, struct slice rest)
{
  imap_set_build(d, F_SET, imap_token_take(&rest).at);
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_ARGUMENT, &rest); /* UNCHANGEDSINCE, RFC 7162 */
  word_build(d, &imap_part_defs[F_STORE_ITEM], word_take(&rest));
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_FLAG, &rest);
  else
    for (struct slice flag = word_take(&rest); flag.n; flag = word_take(&rest))
      word_build(d, &imap_part_defs[F_FLAG], flag);
}

static void
copy_build(struct decode *d, struct slice rest)
{
  imap_set_build(d, F_SET, imap_token_take(&rest).at);
  imap_mailbox_build(d, imap_token_take(&rest));
}

static void
set_build(struct decode *d, struct slice rest)
{
  imap_set_build(d, F_SET, imap_token_take(&rest).at);
}

static void
tokens_build(struct decode *d, unsigned def, struct slice rest)
{
  for (struct imap_token t = imap_token_take(&rest); t.kind != IMAP_TOKEN_END;
       t = imap_token_take(&rest))
    imap_string_build(d, &imap_part_defs[def], t);
}

static void
search_build(struct decode *d, struct slice rest)
{
  tokens_build(d, F_SEARCH_KEY, rest);
}

static void
capabilities_build(struct decode *d, struct slice rest)
{
  tokens_build(d, F_CAPABILITY, rest);
}

static void
arguments_build(struct decode *d, struct slice rest)
{
  tokens_build(d, F_ARGUMENT, rest);
}

static void
mailbox_build(struct decode *d, struct slice rest)
{
  imap_mailbox_build(d, imap_token_take(&rest));
  tokens_build(d, F_ARGUMENT, rest); /* "(CONDSTORE)" of SELECT, "(USE (\Sent))" of CREATE */
}

static void
rename_build(struct decode *d, struct slice rest)
{
  imap_mailbox_build(d, imap_token_take(&rest));
  imap_mailbox_build(d, imap_token_take(&rest));
}

/* Behind selections in parentheses: reference, then one pattern or a list, then what to return. */
static void
list_build(struct decode *d, struct slice rest)
{
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_ARGUMENT, &rest);
  imap_string_build(d, &imap_part_defs[F_LIST_REFERENCE], imap_token_take(&rest));
  struct imap_token pattern = imap_token_take(&rest);
  if (pattern.kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_LIST_PATTERN, &rest);
  else
    imap_string_build(d, &imap_part_defs[F_LIST_PATTERN], pattern);
  tokens_build(d, F_ARGUMENT, rest);
}

static void
status_build(struct decode *d, struct slice rest)
{
  imap_mailbox_build(d, imap_token_take(&rest));
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_STATUS_ITEM, &rest);
}

/* Mailbox, flags, date; the letter is a literal. */
static void
append_build(struct decode *d, struct slice rest)
{
  imap_mailbox_build(d, imap_token_take(&rest));
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_FLAG, &rest);
  imap_string_build(d, &imap_part_defs[F_APPEND_DATE],
                    imap_token_take_if(&rest, IMAP_TOKEN_QUOTED));
}

static void
id_build(struct decode *d, struct slice rest)
{
  imap_token_take_if(&rest, IMAP_TOKEN_OPEN);
  for (unsigned i = 0;; i++) {
    struct imap_token token = imap_token_take(&rest);
    if (token.kind == IMAP_TOKEN_END || token.kind == IMAP_TOKEN_CLOSE)
      return;
    imap_string_build(d, &imap_part_defs[i % 2 ? F_ID_VALUE : F_ID_NAME], token);
  }
}

static void
root_build(struct decode *d, struct slice rest)
{
  imap_string_build(d, &imap_part_defs[F_QUOTA_ROOT], imap_token_take(&rest));
  tokens_build(d, F_ARGUMENT, rest);
}

static void (*const readers[IMAP_N_VERBS])(struct decode *d, struct slice rest) = {
    [IMAP_SELECT] = mailbox_build,      [IMAP_EXAMINE] = mailbox_build,
    [IMAP_CREATE] = mailbox_build,      [IMAP_DELETE] = mailbox_build,
    [IMAP_SUBSCRIBE] = mailbox_build,   [IMAP_UNSUBSCRIBE] = mailbox_build,
    [IMAP_RENAME] = rename_build,       [IMAP_LIST] = list_build,
    [IMAP_LSUB] = list_build,           [IMAP_STATUS] = status_build,
    [IMAP_APPEND] = append_build,       [IMAP_EXPUNGE] = set_build,
    [IMAP_SEARCH] = search_build,       [IMAP_SORT] = search_build,
    [IMAP_THREAD] = search_build,       [IMAP_FETCH] = fetch_build,
    [IMAP_STORE] = store_build,         [IMAP_COPY] = copy_build,
    [IMAP_MOVE] = copy_build,           [IMAP_ID] = id_build,
    [IMAP_ENABLE] = capabilities_build, [IMAP_GETQUOTA] = root_build,
    [IMAP_SETQUOTA] = root_build,       [IMAP_GETQUOTAROOT] = mailbox_build,
    [IMAP_COMPRESS] = arguments_build,
};

void
imap_request_build(struct decode *d, unsigned verb, struct slice rest)
{
  if (verb < IMAP_N_VERBS && readers[verb])
    readers[verb](d, rest);
}
