/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_MAIL_H
#define CAPTURE_WIRE_MAIL_H

/* The words of the three mail protocols as tables, and the small text tools that their endpoints,
 * their first-pass parsers and their decoders share: lines, base64, atoms. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"

/* ---- SMTP (RFC 5321, 3207, 4954, 3030, 2033) ---- */
enum smtp_verb {
  SMTP_UNKNOWN,
  SMTP_HELO,
  SMTP_EHLO,
  SMTP_LHLO,
  SMTP_MAIL,
  SMTP_RCPT,
  SMTP_DATA,
  SMTP_BDAT,
  SMTP_RSET,
  SMTP_NOOP,
  SMTP_QUIT,
  SMTP_VRFY,
  SMTP_EXPN,
  SMTP_HELP,
  SMTP_STARTTLS,
  SMTP_AUTH,
  SMTP_ETRN,
  SMTP_N_VERBS
};

/* The states of one SMTP session, as lit in the state diagram. */
enum smtp_state {
  SMTP_STATE_CONNECTED, /* greeting awaited */
  SMTP_STATE_GREETED,   /* 220 seen, no HELO/EHLO yet */
  SMTP_STATE_READY,     /* EHLO accepted: MAIL may come */
  SMTP_STATE_AUTH,      /* AUTH exchange runs */
  SMTP_STATE_MAIL,      /* MAIL accepted: RCPT may come */
  SMTP_STATE_RCPT,      /* at least one RCPT accepted: DATA may come */
  SMTP_STATE_DATA,      /* 354 given: message octets until CRLF.CRLF */
  SMTP_STATE_TLS,       /* STARTTLS accepted: TLS records follow */
  SMTP_STATE_QUIT,      /* QUIT said */
  SMTP_N_STATES
};

/* ---- POP3 (RFC 1939, 2449, 2595, 5034) ---- */
enum pop_verb {
  POP_UNKNOWN,
  POP_USER,
  POP_PASS,
  POP_APOP,
  POP_AUTH,
  POP_CAPA,
  POP_STLS,
  POP_STAT,
  POP_LIST,
  POP_RETR,
  POP_DELE,
  POP_NOOP,
  POP_RSET,
  POP_TOP,
  POP_UIDL,
  POP_QUIT,
  POP_UTF8,
  POP_LANG,
  POP_N_VERBS
};

enum pop_state {
  POP_STATE_AUTHORIZATION,
  POP_STATE_TRANSACTION,
  POP_STATE_UPDATE,
  POP_STATE_TLS,
  POP_N_STATES
};

/* ---- IMAP (RFC 3501, 9051) ---- */
enum imap_verb {
  IMAP_UNKNOWN,
  IMAP_CAPABILITY,
  IMAP_NOOP,
  IMAP_LOGOUT,
  IMAP_STARTTLS,
  IMAP_AUTHENTICATE,
  IMAP_LOGIN,
  IMAP_SELECT,
  IMAP_EXAMINE,
  IMAP_CREATE,
  IMAP_DELETE,
  IMAP_RENAME,
  IMAP_SUBSCRIBE,
  IMAP_UNSUBSCRIBE,
  IMAP_LIST,
  IMAP_LSUB,
  IMAP_STATUS,
  IMAP_APPEND,
  IMAP_CHECK,
  IMAP_CLOSE,
  IMAP_EXPUNGE,
  IMAP_SEARCH,
  IMAP_FETCH,
  IMAP_STORE,
  IMAP_COPY,
  IMAP_MOVE,
  IMAP_UID,
  IMAP_IDLE,
  IMAP_DONE,
  IMAP_NAMESPACE,
  IMAP_UNSELECT,
  IMAP_ID,
  IMAP_ENABLE,
  IMAP_GETQUOTA,
  IMAP_GETQUOTAROOT,
  IMAP_SETQUOTA,
  IMAP_SORT,
  IMAP_THREAD,
  IMAP_COMPRESS,
  IMAP_N_VERBS
};

enum imap_state {
  IMAP_STATE_NOT_AUTHENTICATED,
  IMAP_STATE_AUTHENTICATED,
  IMAP_STATE_SELECTED,
  IMAP_STATE_LOGOUT,
  IMAP_STATE_TLS,
  IMAP_N_STATES
};

/* One row per verb, indexed by the enum. `name` is upper case; the row 0 has name "". `meaning` is
 * one sentence for the reader. */
struct mail_verb {
  const char *name;
  const char *rfc; /* "RFC 5321 section 4.1.1.1" */
  struct lang_pair meaning;
};
extern const struct mail_verb smtp_verbs[SMTP_N_VERBS];
extern const struct mail_verb pop_verbs[POP_N_VERBS];
extern const struct mail_verb imap_verbs[IMAP_N_VERBS];

/* One row per state: the name on the diagram and one sentence. */
struct mail_state {
  const char *name; /* "TRANSACTION" */
  struct lang_pair label;
  struct lang_pair meaning;
};
extern const struct mail_state smtp_states[SMTP_N_STATES];
extern const struct mail_state pop_states[POP_N_STATES];
extern const struct mail_state imap_states[IMAP_N_STATES];

/* The verb in text[0..n), any case, whole word; the UNKNOWN row (0) when it is none. */
enum smtp_verb smtp_verb_find(const char *text, size_t n);
enum pop_verb pop_verb_find(const char *text, size_t n);
enum imap_verb imap_verb_find(const char *text, size_t n);

/* What an SMTP reply code says by itself (RFC 5321 4.2); a general sentence by its first digits
 * when the code has no row of its own. */
struct lang_pair smtp_code_meaning(unsigned code);

/* "250-text" or "250 text" or "250": the code, whether more lines follow, and where the text
 * begins. False when the line is no reply. `n` excludes the line end. */
static inline bool
smtp_reply_parse(const uint8_t *line, size_t n, unsigned *code, bool *more, size_t *text_at)
{
  if (n < 3 || (n > 3 && line[3] != ' ' && line[3] != '-'))
    return false;
  unsigned hundreds = line[0] - '0', tens = line[1] - '0', ones = line[2] - '0';
  if (hundreds > 9 || tens > 9 || ones > 9)
    return false;
  *code = hundreds * 100 + tens * 10 + ones;
  *more = n > 3 && line[3] == '-';
  *text_at = n > 3 ? 4 : 3;
  return true;
}

/* The octets of the first line of p[0..n) with its LF, or 0 when no LF is there. */
size_t line_find(const uint8_t *p, size_t n);

/* The octets of a line without CRLF, LF or CR at its end. */
static inline size_t
line_trim(const uint8_t *p, size_t n)
{
  if (n && p[n - 1] == '\n')
    n--;
  if (n && p[n - 1] == '\r')
    n--;
  return n;
}

/* base64 (RFC 4648): decodes n characters (padding may be missing); `out` holds n*3/4+3. False when
 * a character is none of base64; then *n_out is what was read before it. */
bool base64_decode(const char *in, size_t n, uint8_t *out, size_t *n_out);
/* `out` holds 4*((n+2)/3)+1; NUL-terminated. Returns the characters. */
size_t base64_encode(const uint8_t *in, size_t n, char *out);

/* ASCII case-blind comparison of n octets with a literal of exactly that length. Most comparisons
 * fail at the first octet: letters that differ in more than their case. */
bool text_equals(const uint8_t *p, size_t n, const char *literal);
static inline bool
text_is(const uint8_t *p, size_t n, const char *literal)
{
  return (n == 0 || ((p[0] ^ (uint8_t)literal[0]) & 0xdf) == 0) && text_equals(p, n, literal);
}

/* Lower case for ASCII letters, eight octets at once (every other octet stays as it is). */
static inline uint64_t
ascii_fold8(uint64_t x)
{
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
  uint64_t low = x & ~tops;
  uint64_t is_upper = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z')) & ~x & tops;
  return x | is_upper >> 2;
}

/* The same for n octets; `out` may be p. */
static inline void
ascii_fold(uint8_t *out, const uint8_t *p, size_t n)
{
  for (; n >= 8; p += 8, out += 8, n -= 8)
    put_le64(out, ascii_fold8(get_le64(p)));
  for (; n; p++, out++, n--)
    *out = (uint8_t)ascii_fold8(*p);
}

#endif
