/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_APPSESSION_PRIVATE_H
#define CAPTURE_TRACE_APPSESSION_PRIVATE_H

/* What the files of appsession share: the session, its two sides, the commands that wait for an
 * answer and the attempts to log in. Nobody else includes this.
 *
 *   appsession.c         cuts the octets of a side by its mode and hands lines to the protocol
 *   appsession_detect.c  finds the protocol from the first lines
 *   appsession_smtp.c, appsession_pop3.c, appsession_imap.c    what a line means
 *   appsession_tls.c     TLS records; what they hold, when a key log opens them, goes to a session
 *                        inside this one
 *   appsession_handshake.c  what a TLS handshake shows, for the rules
 *   appsession_starttls.c  how the change from clear text to TLS goes
 *   appsession_deflate.c compressed octets, which go to a session inside too
 *   appsession_inner.c   the session inside TLS or DEFLATE
 *   appsession_tunnel.c  SOCKS and HTTP CONNECT, behind which the protocol is looked for again
 *   appsession_auth.c    one attempt to log in, for all three */
#include <glib.h>

#include "capture/tls/handshake.h"
#include "capture/tls/opener.h"
#include "capture/trace/appsession.h"
#include "capture/wire/mail.h"
#include "capture/wire/sasl.h"

/* How the next octets of a side are read. */
enum app_mode {
  APP_MODE_LINES,
  APP_MODE_DOT,     /* a message up to the line "." */
  APP_MODE_COUNT,   /* `left` octets: BDAT or an IMAP literal */
  APP_MODE_TLS,     /* records */
  APP_MODE_DEFLATE, /* compressed, RFC 4978 */
  APP_MODE_TUNNEL,  /* messages of SOCKS */
  APP_MODE_HELD,    /* kept until the proxy has answered */
  APP_MODE_OTHER,   /* nothing that is read: all octets are ELEMENT_OTHER */
};

/* How far the terminator CRLF.CRLF has been seen. */
enum app_dot { DOT_INSIDE, DOT_CR, DOT_LINE, DOT_LINE_DOT, DOT_LINE_DOT_CR };

enum { TLS_HEADER_OCTETS = 5, TLS_RECORD_MAX = TLS_HEADER_OCTETS + 16384 + 2048 };

/* One end of the conversation. What most octets need fills a line of the cache, what messages need
 * another. */
struct app_side {
  uint64_t offset;    /* of the first octet that is in no element yet */
  uint64_t n_pending; /* octets since `offset`; more than n_kept when the line is too long */
  uint64_t left;      /* MODE_COUNT */
  uint8_t *kept;      /* octets of an unfinished line or record; at most APPSESSION_LINE_MAX */
  uint32_t n_kept, kept_room;
  uint32_t first_frame, last_frame; /* of the pending octets */
  uint32_t run_command;             /* the command that a message or literal belongs to */
  uint32_t n_examined;              /* octets of this message looked at for bare line ends */
  uint8_t mode;
  uint8_t assume; /* mode that the next octet enters though no answer allowed it yet; LINES: none */
  uint8_t dot;
  uint8_t run_kind;
  uint8_t run_flags;
  bool bare_lf;   /* its last line ended without CR: so may its messages */
  bool seen;      /* has sent octets */
  bool after_gap; /* the next line may be the rest of one */
  /* Message octets of an SMTP client, appsession_smuggle.c. */
  uint64_t smuggle_next;       /* offset of the next octet that is looked at */
  struct app_from *from;       /* the header of the message that goes by, appsession_from.c */
  uint8_t smuggle;             /* enum smuggle_state */
  uint8_t last[2];             /* the two octets before the next, oldest first */
  uint8_t verb[4], n_verb;     /* behind a false end */
  uint8_t false_end_octets;    /* of its beginning, line end included */
  bool false_end_is_strict;    /* it began with CRLF */
  uint64_t false_end;          /* offset of its dot */
  const char *false_ends[2];   /* names of its line ends */
  struct z_stream_s *inflater; /* MODE_DEFLATE */
};
_Static_assert(sizeof(struct app_side) <= 128, "two lines of the cache");

/* Names and passwords beyond this are cut: SASL messages may have 12288 octets (RFC 4954 section
 * 4). */
enum { AUTH_VALUE_MAX = 4096, AUTH_MECHANISM_MAX = 40 };

/* An attempt to log in, from its command to the answer. */
struct app_auth {
  struct appsession *of; /* counts its octets */
  enum sasl_mechanism sasl;
  char mechanism[AUTH_MECHANISM_MAX];
  uint8_t *user, *secret;
  size_t n_user, n_secret;
  enum secret_kind secret_kind;
  bool has_user, has_secret;
  unsigned step; /* messages that the client has sent */
  /* Questions of the server, and lines of the client that answer one. A capture may show the
   * answers first: then a question is no sign that a line is still to come. */
  unsigned n_asked, n_answered;
  bool cancelled; /* "*" */
  bool complete;  /* an IMAP command line has ended */
  uint32_t frames[LOGIN_FRAMES_MAX];
  unsigned n_frames;
  uint32_t secret_frame, secret_wire_octets;
  uint64_t secret_offset, challenge_offset;
  uint32_t challenge_octets, iterations;
  uint8_t traits; /* enum login_trait: what the messages showed */
};

/* What an answer says of an attempt: enum login_outcome, and whether name or secret is wrong. */
enum { AUTH_VERDICT_OUTCOME = 0x0f, AUTH_VERDICT_WRONG = 0x10 };

/* A command that waits for its answer. */
struct app_command {
  uint32_t element;
  uint16_t verb;
  uint8_t kind; /* the protocol's own: a greeting, the end of a message, an answer of many lines */
  uint64_t tag; /* IMAP: hash of the tag */
  struct app_auth *auth;
  struct app_argument *argument; /* SMTP: appsession_envelope.c */
};

/* RFC 2920 and RFC 2449 name no limit; a POP3 client may ask for a whole mailbox at once. */
enum { APP_COMMANDS_MAX = 4096, APP_COMMANDS_FIRST = 4 };

struct app_queue {
  struct app_command *items; /* `first`, until more of them wait */
  unsigned head, n, room;
  struct app_command first[APP_COMMANDS_FIRST];
};

/* Answers that a capture shows before their commands (packets that arrived late at the tap). */
enum { APP_EARLY_MAX = 8 };
struct app_early {
  uint64_t tag;
  uint32_t frame;
  uint16_t code;
  uint8_t detail;
};

/* A line of one side. `p` holds its line end, unless it was cut or the stream ended within it. */
struct app_line {
  const uint8_t *p;
  size_t n;      /* octets at p */
  size_t n_text; /* without line end */
  uint64_t n_octets;
  uint64_t offset;
  uint32_t first_frame, last_frame;
  uint8_t flags; /* ELEMENT_FLAG_CUT, ELEMENT_FLAG_ODD (bare LF, or no line end at all) */
  bool unfinished;
};

/* What a protocol does. All are called with the session's own sink in place. */
struct app_protocol {
  void (*start)(struct appsession *s);
  void (*line)(struct appsession *s, enum side side, const struct app_line *line);
  /* A run of octets [p, p+n) of a message or literal has been given out. */
  void (*run)(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame);
  void (*run_done)(struct appsession *s, enum side side); /* a counted run or a message has ended */
  void (*assumed)(struct appsession *s, enum side side);  /* `assume` came true */
  void (*gap)(struct appsession *s, enum side side);
};
extern const struct app_protocol app_smtp, app_pop3, app_imap, app_socks, app_http;

/* How the change to TLS goes (appsession_starttls.c). Offsets are of the side that said it. */
struct app_starttls {
  uint64_t list_offset;  /* of the running list of capabilities */
  uint64_t offer_offset; /* of the line that offers STARTTLS */
  uint64_t asked_end;    /* behind the client's request */
  uint64_t begun_at;     /* where the client began TLS without the go-ahead; 0: it did not */
  uint64_t refusal_offset;
  uint64_t injected_offset, injected_end; /* text behind the go-ahead; 0: it goes on */
  uint32_t offer_octets, refusal_octets;
  uint32_t told; /* set of 1 << enum notice_kind */
  bool in_list, list_offers;
  bool has_hole; /* the server's octets have one: what is not there may be in it */
  bool offered, asked, refused, accepted;
  bool switching[2]; /* the go-ahead was given, and this side has sent nothing since */
  bool injected, injected_late, skips_text, at_line;
};

/* The order is that of use: every octet needs the first line of the cache and one of its side. */
struct appsession {
  const struct appsession_sink *sink;
  void *data;
  const struct app_protocol *protocol;
  struct app_auth *exchange; /* borrowed from the queue: its client lines are messages of SASL */
  uint32_t flow;
  uint32_t last_frame; /* that brought octets */
  uint32_t exchange_element;
  uint8_t app, state;
  bool mid_stream, swapped, given_up, ended;
  bool more;           /* the server's answer has more lines */
  bool joined;         /* its first client line was looked at */
  bool synced;         /* answers and commands are known to be in step */
  bool client_gap;     /* the client has lost octets somewhere */
  bool after_gap;      /* the server's stream has a hole: answers may be missing */
  bool exchange_asked; /* the server asked for the next message */
  bool tls_asked;      /* STARTTLS waits for its answer */
  bool tls_started, offer_noticed, greeting_told;
  bool login_rejected; /* by the server's line that is being read */
  bool went_on;        /* with a login or mail in clear */
  bool goes_clear;     /* the client's next line is the first one in clear behind the go-ahead */
  uint8_t n_early;
  struct app_side sides[2];
  struct app_queue queue;
  size_t auth_octets; /* of all its attempts to log in */
  union {
    struct {
      uint32_t reply_command;
      uint16_t reply_code;
      uint8_t before_auth; /* state to return to */
      bool lmtp, ehlo;
      bool message_gap; /* the running message has a hole: its end may lie in it */
      bool authenticated;
      bool denied;      /* the reply being read refuses for policy, not for want of a mailbox */
      bool smuggled;    /* octets that hold a command were sent */
      bool wants_ascii; /* MAIL came without SMTPUTF8 */
      bool chunked;     /* a chunk of the message was announced: the next one is not its start */
      uint32_t n_recipients;
      uint32_t n_unknown;            /* recipients that do not exist */
      struct app_envelope *envelope; /* appsession_envelope.c; NULL: nothing was accepted yet */
      struct app_argument *spare;    /* for the next command that has one, or NULL */
      uint64_t envelope_offset;
      uint32_t envelope_octets; /* on the wire, from MAIL to the last RCPT */
      uint32_t envelope_frame;
    } smtp;
    struct {
      uint8_t *user; /* of the last USER */
      size_t n_user;
      bool has_user;
      uint32_t user_frames[2];
      uint32_t list_command;
      uint32_t greeting_octets; /* of a greeting with a challenge for APOP; 0: none */
      uint64_t greeting_offset;
      uint8_t listing; /* what the server's multi-line answer is */
    } pop;
    struct {
      uint64_t tag;     /* of the command that goes on behind a literal */
      uint32_t command; /* its element */
      uint16_t verb;
      struct app_auth *login; /* borrowed: a LOGIN whose arguments are not all here */
      uint8_t n_arguments;
      bool in_argument;       /* the running literal is one of its arguments */
      bool command_continues; /* the next client line is REST */
      bool reply_continues;   /* the next server line goes on behind a literal */
      bool greeted;
    } imap;
    struct {
      uint8_t next[2]; /* enum tunnel_message that each side says next */
      bool is_v4;
      bool asked; /* the request is complete */
      uint16_t port, status;
    } tunnel;
  } u;
  struct app_starttls starttls;
  struct app_early early[APP_EARLY_MAX];
  uint16_t exchange_verb;
  uint16_t client_port, server_port;
  uint8_t outer;               /* the tunnel that was opened before, or APP_NONE */
  uint8_t n_tunnels;           /* opened */
  bool handshake_decided;      /* whether this TLS is mail's */
  bool client_refuses;         /* it sent an alert in clear */
  uint8_t inner_flag;          /* enum element_flag that the inner session's elements get here */
  struct detect *detect;       /* until the protocol is known */
  const struct keylog *keys;   /* borrowed; NULL: TLS is never opened */
  struct handshake *handshake; /* NULL: not mail's, or not begun */
  struct opener *opener;       /* from the first record on */
  GByteArray *opened;          /* the contents of a record, while it is handed out */
  struct appsession *inner; /* what is said inside TLS or DEFLATE; its sink leads to this one's */
  uint32_t n_sealed_records[2]; /* of mail's TLS, by side: application data */
  uint64_t n_sealed_octets[2];
  void *memory; /* in which this struct begins at a line of the cache */
};
_Static_assert(offsetof(struct appsession, sides) <= 64, "the first line of the cache");

/* ---- appsession.c ---- */

struct app_out {
  enum element_kind kind;
  uint16_t code;
  uint8_t flags;
  uint32_t command;
  size_t secret_first, secret_octets; /* in the line; 0 octets: no secret */
};
/* Gives a line out and returns the index that the sink gave. */
uint32_t app_hand_out_line(struct appsession *s, enum side side, const struct app_line *line,
                           const struct app_out *out);
static inline uint32_t
app_emit_line(struct appsession *s, enum side side, const struct app_line *line,
              const struct app_out *out)
{
  return s->sink->drops_elements ? 0 : app_hand_out_line(s, side, line, out);
}
void app_emit(struct appsession *s, enum side side, struct element *e, const uint8_t *p, size_t n);
void app_notice(struct appsession *s, enum notice_kind kind, uint32_t element, uint32_t frame);
/* A notice about a line of one side, with the place of its octets. */
void app_notice_line(struct appsession *s, enum notice_kind kind, enum side side,
                     const struct app_line *line, uint32_t element, uint16_t code);

/* Both sides speak TLS from here on (element: the answer that said so); or are not read any more.
 */
void app_start_tls(struct appsession *s, uint32_t element, uint32_t frame);
void app_set_mode_both(struct appsession *s, enum app_mode mode);
void app_expect_message(struct appsession *s, enum side side, uint32_t command);
void app_expect_octets(struct appsession *s, enum side side, enum element_kind kind, uint64_t n,
                       uint32_t command, uint8_t flags);

/* Gives the pending octets out as a run of this kind; or octets that lie in the caller's buffer. */
void app_flush_run(struct appsession *s, enum side which, enum element_kind kind, uint8_t flags);
void app_hand_out_run(struct appsession *s, enum side which, enum element_kind kind, uint8_t flags,
                      const uint8_t *p, size_t n, uint32_t frame);
static inline void
app_emit_run(struct appsession *s, enum side which, enum element_kind kind, uint8_t flags,
             const uint8_t *p, size_t n, uint32_t frame)
{
  if (n && !s->sink->drops_elements)
    app_hand_out_run(s, which, kind, flags, p, n, frame);
  s->sides[which].offset += n;
}

/* Appends to a side's pending octets; what exceeds `max` is only counted. */
void app_side_keep(struct app_side *side, const uint8_t *p, size_t n, size_t max, uint32_t frame);
static inline void
app_side_taken(struct app_side *side)
{
  side->offset += side->n_pending;
  side->n_pending = 0;
}

struct app_command *app_push(struct appsession *s, uint16_t verb, uint32_t element);
static inline struct app_command *
app_at(struct appsession *s, unsigned i)
{
  struct app_queue *q = &s->queue;
  return &q->items[(q->head + i) & (q->room - 1)];
}
/* The oldest, or NULL. */
static inline struct app_command *
app_head(struct appsession *s)
{
  return s->queue.n ? app_at(s, 0) : NULL;
}
void app_remove(struct appsession *s, unsigned i);
/* The same for a command whose answer will not come: an attempt to log in is told without one. */
void app_give_up(struct appsession *s, unsigned i);
/* Keeps an answer until its command (or message) comes; beyond APP_EARLY_MAX it is dropped. */
void app_keep_early(struct appsession *s, struct app_early early);
void app_clear_queue(struct appsession *s);
/* True when a command before this one still waits for its answer. */
static inline bool
app_is_pipelined(const struct appsession *s)
{
  return s->queue.n > 0;
}

/* What reads the lines of this protocol; NULL when it has none. */
const struct app_protocol *app_protocol_of(enum app app);

/* ---- appsession_inner.c ---- */
/* A session inside TLS or DEFLATE: of a known protocol, begun in clear (STARTTLS), it goes on
 * without a greeting. APP_NONE: it is recognised like any other. */
struct appsession *app_inner_new(struct appsession *s);

/* ---- appsession_envelope.c: what SMTP's commands name, for the rules ---- */
/* Keeps the argument of MAIL, RCPT, VRFY or EXPN with its command, whose verb ends at `at`. */
void envelope_command(struct appsession *s, struct app_command *c, const struct app_line *line,
                      size_t at);
void envelope_forget(struct appsession *s, struct app_command *c);
/* A command (or message) has its last answer. */
void envelope_answered(struct appsession *s, const struct app_command *c, unsigned code,
                       uint32_t frame);
/* With the session. */
void envelope_end(struct appsession *s);

/* ---- appsession_smuggle.c: ends of a message that are none ---- */
void smuggle_begin(struct app_side *side);
/* Octets of the message are not in the capture. */
void smuggle_gap(struct app_side *side);
/* The next message octets of the client, of which p[0] has the offset `base`: before they are read,
 * and those that were taken. */
void smuggle_before(struct appsession *s, const uint8_t *p, size_t n, uint64_t base,
                    uint32_t frame);
void smuggle_after(struct appsession *s, const uint8_t *p, size_t n, uint64_t base, uint32_t frame);
/* p[at] is a dot with a line end of some kind before it. */
void smuggle_dot(struct appsession *s, const uint8_t *p, size_t n, size_t at, uint32_t frame);

/* ---- appsession_from.c: the From field of messages that go by ---- */
void from_begin(struct app_side *side);
/* The message ends before the octet with this offset, or is none: what was collected is told. */
void from_end(struct appsession *s, enum side which, uint64_t next);
/* The next octets of a message, up to a dot; p[0] has the offset `base`. */
void from_feed(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint64_t base,
               uint32_t frame);

/* ---- appsession_imap_from.c ---- */
/* Does the server's line p[0..n), which ends in a literal, announce a header? */
bool imap_from_is_header(const uint8_t *p, size_t n);
/* Tells the From addresses of the envelopes in a line of FETCH. */
void imap_from_envelope(struct appsession *s, const struct app_line *line);

/* ---- appsession_dot.c ---- */
/* Reads octets of a side in MODE_DOT; returns how many were taken (at least 1). */
size_t dot_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame);

/* ---- appsession_detect.c ---- */
enum app_verdict { VERDICT_WAIT, VERDICT_FOUND, VERDICT_NONE };
struct detect *detect_new(void);
void detect_free(struct detect *d);
/* Before anything is held: true when the octets that a side says first leave no doubt, as most
 * greetings do. Then s->app is set, and they are read as any others. */
bool detect_at_once(struct appsession *s, enum side side, const uint8_t *p, size_t n);
/* Looks at the next octets; FOUND sets s->app and s->swapped. *n_used is how many were taken. */
enum app_verdict detect_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n,
                             uint32_t frame, size_t *n_used);
void detect_gap(struct appsession *s, enum side side, uint64_t n, uint32_t frame);
enum app_verdict detect_end(struct appsession *s);
/* Feeds what was held to the protocol that was found. */
void detect_replay(struct appsession *s, struct detect *d);

/* ---- appsession_tls.c ---- */
/* Reads octets of a side in MODE_TLS; returns how many were taken (at least 1). */
size_t tls_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame);

/* ---- appsession_handshake.c ---- */
/* A whole record as it stands on the wire, p[0..n) of its n_octets were kept; and what was opened
 * of it. */
void handshake_watch_record(struct appsession *s, enum side side, const uint8_t *p, size_t n,
                            uint32_t n_octets, uint64_t offset, uint32_t frame);
void handshake_watch_opened(struct appsession *s, enum side side, uint8_t type, const uint8_t *p,
                            size_t n, uint32_t n_octets, uint64_t offset, uint32_t frame);

/* ---- appsession_starttls.c ---- */
/* The server lists what it can, one capability in a line (SMTP, POP3): each line, its word, the
 * last line (.c of the protocol knows which). */
void starttls_list_line(struct appsession *s, const struct app_line *line);
void starttls_word(struct appsession *s, const struct app_line *line, const uint8_t *p, size_t n);
void starttls_list_end(struct appsession *s, const struct app_line *line);
/* All in one line, words p[0..n) between blanks (IMAP). */
void starttls_list_in_line(struct appsession *s, const struct app_line *line, const uint8_t *p,
                           size_t n);
/* The client's line asks for TLS. */
void starttls_asked(struct appsession *s, const struct app_line *line);
/* The client begins TLS though no go-ahead was seen; before its mode changes. */
void starttls_begun(struct appsession *s);
/* The client logs in or sends mail in clear; the line's secret begins at secret_first (0: none). */
void starttls_goes_on(struct appsession *s, const struct app_line *line, uint16_t verb,
                      size_t secret_first, bool is_login);
/* A command that no client sends: p[0..n) of the line may be filler. */
void starttls_filled_command(struct appsession *s, const struct app_line *line, const uint8_t *p,
                             size_t n);
void starttls_refused(struct appsession *s, const struct app_line *line);
/* The go-ahead was given in `frame`; before the modes change. */
void starttls_accepted(struct appsession *s, uint32_t frame);
/* A side in MODE_TLS begins with a record; or with an octet that begins none: true when the session
 * reads lines again. */
void starttls_record(struct appsession *s, enum side side, uint32_t frame);
bool starttls_no_record(struct appsession *s, enum side side, uint8_t first);
/* A whole line of the client. */
void starttls_clear_line(struct appsession *s, const struct app_line *line);
/* Octets of a server in MODE_OTHER whose TLS may still begin: returns how many are no TLS; fewer
 * than n when the mode has changed. */
size_t starttls_skip_text(struct appsession *s, const uint8_t *p, size_t n);
void starttls_gap(struct appsession *s, enum side side);
void starttls_end(struct appsession *s);
/* IMAP: the server said what only TLS could vouch for. */
void starttls_unprotected(struct appsession *s, const struct app_line *line, const char *what);

/* ---- appsession_tunnel.c ---- */
/* Reads octets of a side in MODE_TUNNEL; returns how many were taken (at least 1). */
size_t tunnel_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n,
                   uint32_t frame);
/* The stream ends or has a hole within a message. */
void tunnel_flush(struct appsession *s, enum side side);

/* ---- appsession_deflate.c ---- */
/* Both sides are compressed from here on (RFC 4978 3). */
void app_start_deflate(struct appsession *s);
/* Reads octets of a side in MODE_DEFLATE; returns how many were taken (at least 1). */
size_t deflate_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n,
                    uint32_t frame);
void deflate_clear(struct app_side *side);

/* ---- appsession_auth.c ---- */
struct app_auth *auth_new(struct appsession *s, const char *prefix, const uint8_t *mechanism,
                          size_t n);
void auth_free(struct app_auth *a);
void auth_add_frame(struct app_auth *a, uint32_t frame);
void auth_set_user(struct app_auth *a, const uint8_t *p, size_t n);
/* `at`, `n_wire`: where the secret lies in the client's stream. */
void auth_set_secret(struct app_auth *a, const uint8_t *p, size_t n, uint64_t at, size_t n_wire,
                     uint32_t frame);
void auth_add_user(struct app_auth *a, const uint8_t *p, size_t n);
void auth_add_secret(struct app_auth *a, const uint8_t *p, size_t n);
/* A client's SASL message in base64 at line->p[at..at+n) ("=" is an empty one); sets the secret
 * range in `out` when the message must be masked. */
void auth_message(struct app_auth *a, const struct app_line *line, size_t at, size_t n,
                  struct app_out *out);
/* A server's message in base64 at line->p[at..]: what the client's secret will answer. */
void auth_challenge(struct app_auth *a, const struct app_line *line, size_t at);
/* Could this client line be the next message, though the server has not asked for it? */
bool auth_wants(const struct app_auth *a, const struct app_line *line);
/* The server has asked this exchange for a message that has not come: what it says next is ahead.
 */
bool auth_is_asked(const struct appsession *s, const struct app_command *c);
/* The server asks the running exchange for its next message; the client has sent one. */
void auth_asked(struct appsession *s);
void auth_answered(struct appsession *s);
/* A message of the running exchange is among the missing octets. */
void auth_lost_message(struct appsession *s);
/* The first line of a client whose connection's start is not in the capture: perhaps a PLAIN
 * message, or the user of a LOGIN exchange, whose password is asked for next. NULL when it cannot
 * be. */
struct app_auth *auth_join(struct appsession *s, const struct app_line *line, struct app_out *out);
/* Reports the attempt if it showed a secret (or was refused before), with its answer's frame.
 * `verdict`: AUTH_VERDICT_... */
void auth_finish(struct appsession *s, struct app_auth *a, uint8_t verdict, uint32_t frame);
/* Attempts that have no answer when the stream ends. */
void auth_finish_all(struct appsession *s);

#endif
