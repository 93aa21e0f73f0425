/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_APPSESSION_H
#define CAPTURE_TRACE_APPSESSION_H

/* Pass 1 of the application layer: the two in-order octet streams of one connection go in,
 * elements, logins and notices come out. Knows no capture and no trace, so tests feed it octet by
 * octet and fuzzers feed it anything. The protocol is recognised by what is said; a port only
 * breaks ties.
 *
 *   appsession_feed ──> detect (greeting + first verb) ──> SMTP | POP3 | IMAP | TLS ──> sink
 *
 * The same octets give the same output however they are cut into calls, frame numbers and the runs
 * of ELEMENT_MESSAGE, ELEMENT_LITERAL and ELEMENT_OTHER aside (adjacent runs then join to the same
 * whole). */
#include <stdbool.h>
#include <stddef.h>

#include "capture/trace/element.h"

/* A longer line is read up to here and marked: RFC 5321 allows 1000, IMAP servers accept 64 KiB. */
enum { APPSESSION_LINE_MAX = 65536 };

/* What the server said. Whether a rejected secret was wrong is in the traits: 454, [UNAVAILABLE] or
 * [SYS/TEMP] do not say so. One that is right though it opens nothing ([IN-USE],
 * [AUTHORIZATIONFAILED]) is ACCEPTED. */
enum login_outcome {
  LOGIN_UNKNOWN,
  LOGIN_ACCEPTED,
  LOGIN_REJECTED,
  LOGIN_REFUSED, /* TLS is wanted first: 530, 538, PRIVACYREQUIRED */
};

enum login_trait {
  LOGIN_WRONG = 0x01,   /* rejected because name or secret is wrong: a guess that failed */
  LOGIN_EMPTY = 0x02,   /* the secret has no octets */
  LOGIN_IS_USER = 0x04, /* the secret is the user's name, or what stands before its "@" */
  LOGIN_NTLM_V1 = 0x08,
  LOGIN_UNBOUND = 0x10, /* SCRAM without channel binding */
};

enum secret_kind { SECRET_PASSWORD, SECRET_DIGEST, SECRET_TOKEN, SECRET_NONE };

enum { LOGIN_FRAMES_MAX = 16 };

/* One attempt to log in. Pointers are valid during the call. */
struct login {
  enum app app;
  const char *mechanism; /* "USER/PASS", "LOGIN", "AUTH PLAIN", "AUTH LOGIN", "APOP", ... */
  const uint8_t *user;
  size_t user_octets;
  const uint8_t *secret;
  size_t secret_octets;
  enum secret_kind secret_kind;
  enum login_outcome outcome;
  bool mid_stream;     /* the connection's start was not seen */
  bool encrypted;      /* said inside TLS that a key log opened: the wire does not show it */
  uint8_t traits;      /* enum login_trait */
  uint32_t iterations; /* of SCRAM, 0: not seen */
  uint32_t
      frames[LOGIN_FRAMES_MAX]; /* ascending, no repeats: lines of the exchange and the answer */
  unsigned n_frames;
  uint32_t secret_frame; /* the frame in which the secret's line begins */
  uint64_t
      secret_offset; /* in the client's stream: the octets on the wire, base64 where it was so */
  uint32_t secret_wire_octets;
  uint64_t challenge_offset; /* in the server's stream: what a digest answers */
  uint32_t challenge_octets; /* 0: there was none, or the secret needs none */
};

enum notice_kind {
  NOTICE_CLEAR_LOGIN_OFFERED, /* capability line offers a clear login without TLS (AUTH-003) */
  NOTICE_TLS_STARTED,         /* the stream went over to TLS records */
  NOTICE_GREETING,            /* text: the server's first line; not when the start was not seen */
  NOTICE_HELLO,               /* SMTP: text: the first line that answers EHLO or HELO */
  NOTICE_SOFTWARE,            /* text: a line in which the server names its software (ID, CAPA) */
  NOTICE_LOGIN_REJECTED,      /* text: the server's line that rejects a login */
  NOTICE_PROBE,               /* SMTP VRFY or EXPN was answered with `code`; text: its argument */
  NOTICE_RECIPIENT,           /* SMTP RCPT was answered with `code`; text: the address */
  NOTICE_RECIPIENTS_UNKNOWN,  /* SMTP: so many recipients (code) of this connection do not exist */
  NOTICE_MESSAGE,             /* SMTP: a message was accepted; text: sender NUL recipient NUL ...;
                                 code: enum message_notice */
  NOTICE_FROM,                /* text: an address of a message's From field, or of its ENVELOPE */
  NOTICE_UTF8_UNDECLARED,     /* SMTP: octets beyond ASCII without SMTPUTF8; text: in what */
  NOTICE_SMUGGLING,           /* in message octets: what other servers may take for their end;
                                 code: 1 when a command follows */
  NOTICE_SMUGGLED,            /* the server answered a command that such octets held */
  NOTICE_BARE_LINE_END,       /* a message's line ends in LF or CR alone */
  NOTICE_ONE_SIDED,           /* the connection ended; one side's octets are not in the capture */
  NOTICE_GAP,                 /* n_octets of one side are not in the capture */
  /* The change to TLS (appsession_starttls.c); each at most once in a connection. */
  NOTICE_STARTTLS_OFFERED,       /* a capability line */
  NOTICE_STARTTLS_ABSENT,        /* a whole list of capabilities without it */
  NOTICE_STARTTLS_FILLER,        /* "XXXXXXXA" in a list, or as a client's command */
  NOTICE_STARTTLS_IGNORED,       /* a login or mail in clear (code: verb) though it was offered */
  NOTICE_STARTTLS_REFUSED_LOGIN, /* a login in clear (code: verb) after it was refused */
  NOTICE_STARTTLS_PIPELINED,     /* client octets between the request and the go-ahead */
  NOTICE_STARTTLS_INJECTED,      /* server octets behind the go-ahead that are no TLS */
  NOTICE_STARTTLS_CLEAR,         /* the client goes on in clear after the go-ahead */
  NOTICE_UNPROTECTED_DATA,       /* IMAP before login and TLS; text: ALERT, REFERRAL, EXISTS, ... */
  NOTICE_REPEAT_DIFFERS,         /* the same octets of a stream came twice, and are not the same */
  NOTICE_TTL_CHANGED,            /* within one side of a connection that stayed in clear */
  /* TLS of mail (appsession_handshake.c); `tls` is set. */
  NOTICE_TLS_HELLO,       /* the server has chosen version and suite */
  NOTICE_TLS_CERTIFICATE, /* the server's certificates, in clear or opened */
  NOTICE_TLS_CLIENT_DATA, /* the client's first data, when the rules have set the memo */
  NOTICE_ENDED,           /* a conversation of mail has ended; `ending` is set */
  /* A message of DNS from port 53; text: its octets. Of no session (pass1.c). */
  NOTICE_DNS_ANSWER,
};

/* Of NOTICE_MESSAGE. */
enum message_notice {
  MESSAGE_AUTHENTICATED = 1, /* a login of this connection was accepted */
  MESSAGE_LMTP = 2,
};

struct tls_facts; /* capture/tls/handshake.h */

/* Of NOTICE_ENDED: what the whole conversation lets one say. */
struct app_ending {
  bool is_sealed;     /* it went over to TLS, and none of what was said inside could be read */
  bool is_mid_stream; /* its start is not in the capture */
  /* Of sealed ones, by side: records of application data and their octets on the wire. In TLS 1.3
   * the rest of the handshake looks the same and is counted, too. */
  uint32_t n_records[2];
  uint64_t n_octets[2];
  uint16_t tls_version; /* 0: not seen */
};

/* Something that a rule of capture/findings/ judges. The session tells what happened on its own
 * connection; what it means beside other connections is the rules' matter. */
struct notice {
  enum notice_kind kind;
  enum app app;
  enum side side;    /* who said it */
  uint16_t code;     /* the kind's own: a verb, a reply code */
  uint32_t element;  /* index given by the sink's element() */
  uint32_t frame;    /* that completed it */
  uint64_t offset;   /* of its octets in the side's stream */
  uint32_t n_octets; /* 0: the frame is all that is known */
  /* Octets of the other side that belong to it: the offer, the refusal; 0 octets: none. */
  uint64_t other_offset;
  uint32_t other_octets;
  const uint8_t *text; /* the line or value that it speaks of, without line end; may be NULL */
  size_t n_text;       /* valid during the call */
  const struct tls_facts *tls;
  const struct app_ending *ending;
};

/* The contents of one TLS record that was opened with a key log, or a run of octets that were
 * inflated. Valid during the call. */
struct app_plain {
  enum side side;
  bool is_inflated;
  uint8_t type;    /* of a record, enum tls_content: what was inside */
  uint64_t offset; /* of the record, or of the compressed run, in its stream */
  uint32_t frame;  /* that completed it */
  const uint8_t *octets;
  uint32_t n_octets;
};

struct appsession_sink {
  /* Stores the element and returns its index (any number the caller can use; 0 when it does not
   * keep them). octets[0..n) are its octets; n is less than n_octets for GAP and CUT, and for TLS
   * records of application data, of which only the header is kept. */
  uint32_t (*element)(void *data, const struct element *element, const uint8_t *octets, size_t n);
  void (*login)(void *data, const struct login *login);
  void (*notice)(void *data, const struct notice *notice);
  /* Keeps it and returns true; false when there is no room: then it stays sealed. May be NULL: then
   * nothing is opened. What is said inside comes as elements with ELEMENT_FLAG_INNER, logins inside
   * as `encrypted`; notices inside are not told, since the wire does not show them. */
  bool (*plain)(void *data, const struct app_plain *plain);
  bool drops_elements; /* element() is not called: an audit needs none, and there are millions */
};

struct appsession;

/* `flow` is copied into the elements; ports help detection (0 when unknown). `mid_stream`: the
 * connection's SYN was not seen. The sink and its data outlive the session. */
struct appsession *appsession_new(uint32_t flow, uint16_t client_port, uint16_t server_port,
                                  bool mid_stream, const struct appsession_sink *sink, void *data);
void appsession_free(struct appsession *s);
/* Before the first octet: TLS is opened with these secrets (capture/tls/keylog.h); borrowed. */
struct keylog;
void appsession_set_keys(struct appsession *s, const struct keylog *keys);

/* The next in-order octets of one side, which arrived with `frame`. Offsets are counted inside. */
void appsession_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n,
                     uint32_t frame);

/* `n` octets of one side are missing in the capture. */
void appsession_gap(struct appsession *s, enum side side, uint64_t n, uint32_t frame);

/* The connection closed or the capture ended: pending lines and logins come out. */
void appsession_end(struct appsession *s);

/* Mail that has neither gone over to TLS nor begun to log in or to send: the time in which an
 * attacker on the path can keep it from TLS. */
bool appsession_is_opening(const struct appsession *s);
/* It went over to TLS, or is TLS. */
bool appsession_has_tls(const struct appsession *s);

/* What was recognised so far, its state, and whether client and server have to be exchanged because
 * what was said shows that the other end is the server (possible only for mid_stream sessions;
 * the sides in elements are already right: they name the role, not the direction fed). */
enum app appsession_app(const struct appsession *s);
uint8_t appsession_state(const struct appsession *s);
/* Octets of memory that the session takes, as far as what is said can make them more: an unfinished
 * line, commands without an answer, decompression. Never much less than it really takes. */
size_t appsession_held(const struct appsession *s);
/* Nothing that is read is spoken here, and no octets will change that. */
bool appsession_is_over(const struct appsession *s);
bool appsession_is_swapped(const struct appsession *s);

#endif
