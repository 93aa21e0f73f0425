/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_AUTH_H
#define SIM_MAIL_AUTH_H

/* Authentication for the three protocols, both sides: SASL (RFC 4422) and the older commands. The
 * protocols differ only in what they write around the base64 lines ("334 ", "+ ") and in their
 * replies, which are a table here.
 *
 *     scenario ─> auth_policy ─> auth_site (one per mail host: accounts, tokens, who failed how
 * often) └─ auth_server (one per connection) ─> auth_result ─> reply client machine ── auth_client
 * ── the other half of each mechanism
 *
 * Events of a server's connection: "auth" = "MECHANISM OUTCOME NAME", such as "PLAIN failed bob";
 * outcomes are the words of auth_outcome_name(). */
#include "capture/wire/lang.h"
#include "sim/core/random.h"
#include "sim/core/tree.h"
#include "sim/mail/endpoint.h"
#include "sim/mail/store.h"

enum {
  /* RFC 4954 section 4 lets a line of the exchange be this long, and so do we in all protocols. */
  AUTH_LINE_MAX = 12288,
  /* Names and passwords of an exchange; RFC 4616 says 255 octets and more. */
  AUTH_NAME_MAX = 1024,
  /* SCRAM. RFC 7677 4: at least 4096; a server that asks for more than the upper bound wants to
   * keep its client busy. */
  AUTH_ITERATIONS_MIN = 4096,
  AUTH_ITERATIONS_MAX = 1000000,
  /* Accounts and peers whose failures a host remembers; the oldest is forgotten first. */
  AUTH_MEMORY_MAX = 10000,
  /* Input that a client may send while its answer is delayed; then it is let go. */
  AUTH_HELD_MAX = 1 << 16,
};

/* From the weakest to the strongest: `best` takes the last that is offered. */
enum auth_mechanism {
  AUTH_NONE,
  AUTH_ANONYMOUS,     /* RFC 4505 */
  AUTH_COMMAND,       /* no SASL: USER and PASS of POP3, LOGIN of IMAP. Named "USER" */
  AUTH_LOGIN,         /* draft-murchison-sasl-login */
  AUTH_PLAIN,         /* RFC 4616 */
  AUTH_APOP,          /* no SASL: RFC 1939 section 7 */
  AUTH_CRAM_MD5,      /* RFC 2195 */
  AUTH_XOAUTH2,       /* as Google and Microsoft publish it */
  AUTH_OAUTHBEARER,   /* RFC 7628 */
  AUTH_SCRAM_SHA_1,   /* RFC 5802 */
  AUTH_SCRAM_SHA_256, /* RFC 7677 */
  AUTH_EXTERNAL,      /* RFC 4422 appendix A: the name in the client's certificate */
  AUTH_N_MECHANISMS,
  AUTH_BEST = AUTH_N_MECHANISMS, /* clients: the strongest that is offered and possible */
};

/* "SCRAM-SHA-256"; "USER" for AUTH_COMMAND, "best", "" for AUTH_NONE. */
const char *auth_name(enum auth_mechanism mech);
/* Any case; "best" too. AUTH_NONE when it is none of ours. */
enum auth_mechanism auth_find(const char *text, size_t n);
/* Who reads the wire reads the secret: a password or a token. */
bool auth_is_readable(enum auth_mechanism mech);
/* False for the commands of POP3 and IMAP. */
bool auth_is_sasl(enum auth_mechanism mech);

enum auth_protocol { AUTH_SMTP, AUTH_POP3, AUTH_IMAP, AUTH_N_PROTOCOLS };

/* ---- a server's policy: `services.HOST.auth` ---- */

enum auth_lockout { AUTH_LOCK_ACCOUNT = 1, AUTH_LOCK_PEER = 2 };

struct auth_policy {
  unsigned mechanisms;   /* bits 1 << AUTH_… */
  bool wants_tls;        /* readable mechanisms only inside TLS (`clear: tls`) */
  int64_t delay_ns;      /* before a failure is told */
  bool delay_doubles;    /* with every further failure from the same peer … */
  int64_t delay_max_ns;  /* … up to this */
  unsigned failures_max; /* of one connection, then it is closed */
  unsigned lock_after;   /* failures in a row; 0: never */
  int64_t lock_ns;
  unsigned lock_of;    /* enum auth_lockout bits */
  unsigned iterations; /* of SCRAM */
  char anonymous[64];  /* the account that ANONYMOUS may read; "" refuses ANONYMOUS */
  bool is_unavailable; /* the account database is down (for lessons) */
};

extern const struct auth_policy auth_policy_default;
/* Reads `auth` of a host's services: absent leaves the default. False with "FILE:LINE: …".
 *
 *   auth:
 *     mechanisms: [SCRAM-SHA-256, PLAIN, USER, APOP]   USER: the commands USER/PASS and LOGIN.
 *                                    default: all of them but ANONYMOUS; those that cannot work
 *                                    now (no token, no certificate) are not advertised
 *     clear: always                  tls: readable mechanisms only inside TLS
 *     delay: 2s                      before a failure is told; default 0
 *     delay_doubles: false           … with every further failure of that peer
 *     delay_max: 1min
 *     failures: 3                    of one connection, then it is closed
 *     lockout: {after: 5, for: 15min, of: account}    or peer, or both
 *     anonymous: guest               the account that ANONYMOUS may read (POP3, IMAP)
 *     iterations: 4096               SCRAM
 *     unavailable: false             true: the account database does not answer */
bool auth_policy_read(const struct tree_node *services, struct auth_policy *policy, GError **error);

/* ---- a mail host ---- */

struct auth_site;

/* `name` stands in challenges. The store is borrowed; the policy is copied, NULL is the default. */
struct auth_site *auth_site_new(const struct auth_policy *policy, const struct store *store,
                                const char *name, const struct random_stream *random);
void auth_site_free(struct auth_site *site);
/* A token that a client may show as `user` until then (ENDPOINT_NEVER: for ever). */
void auth_site_add_token(struct auth_site *site, const char *user, const char *token,
                         int64_t expires_ns);
/* An account in another state than usual. */
enum auth_account { AUTH_ACCOUNT_GOOD, AUTH_ACCOUNT_DISABLED, AUTH_ACCOUNT_EXPIRED };
void auth_site_set_account(struct auth_site *site, const char *user, enum auth_account state);
/* For the examples of RFCs: the stamp of APOP and CRAM-MD5, what SCRAM's server adds to the nonce,
 * and its salt (base64). NULL leaves one random. */
void auth_site_fix(struct auth_site *site, const char *stamp, const char *nonce, const char *salt);
/* POP3's LOGIN-DELAY: has that much time passed since the account's last login? */
bool auth_site_may_return(const struct auth_site *site, const char *user, int64_t delay_ns,
                          int64_t now_ns);
void auth_site_note_login(struct auth_site *site, const char *user, int64_t now_ns);
const struct auth_policy *auth_site_policy(const struct auth_site *site);

/* ---- one connection of a server ---- */

enum auth_outcome {
  AUTH_CONTINUE,    /* send the challenge, give the next line to auth_server_line() */
  AUTH_DONE,        /* logged in */
  AUTH_FAILED,      /* name, password, proof or token wrong */
  AUTH_FORBIDDEN,   /* may not act for the name that it asked for (authzid) */
  AUTH_LOCKED,      /* too many failures: nobody gets in for a while */
  AUTH_DISABLED,    /* right, but the account is switched off */
  AUTH_EXPIRED,     /* right, but the password must be changed first */
  AUTH_UNAVAILABLE, /* the accounts cannot be looked up now */
  AUTH_MALFORMED,   /* no base64, or not the mechanism's form */
  AUTH_CANCELLED,   /* the client sent "*" */
  AUTH_TOO_LONG,    /* beyond AUTH_LINE_MAX */
  AUTH_UNKNOWN,     /* mechanism not built or not offered */
  AUTH_TOO_WEAK,    /* built, and weaker than all that are offered */
  AUTH_TLS_NEEDED,  /* offered inside TLS only */
  AUTH_HELD,        /* a delay runs: say nothing until `until_ns`, take no input, then release */
  AUTH_N_OUTCOMES
};

struct auth_result {
  enum auth_outcome outcome;
  const char *challenge;   /* AUTH_CONTINUE: base64, perhaps empty; valid until the next call */
  struct store_user *user; /* AUTH_DONE */
  bool is_read_only;       /* AUTH_DONE by ANONYMOUS */
  bool ends;               /* the last failure that this connection may have: reply and close */
};

/* "failed", "locked" … as in events. */
const char *auth_outcome_name(enum auth_outcome outcome);
/* The whole reply without line end: "535 5.7.8 …", "-ERR [AUTH] …", and for IMAP what stands behind
 * the tag: "NO [AUTHENTICATIONFAILED] …" or "BAD …". Not for CONTINUE, DONE and HELD. RFC 4954
 * section 4 and 6, RFC 5530, RFC 3206. */
const char *auth_reply(enum auth_protocol protocol, enum auth_outcome outcome);

/* Part of the server machine's struct; only the first block is looked at from outside. */
struct auth_server {
  bool is_open;     /* an exchange runs: lines go to auth_server_line() */
  bool is_held;     /* a delay runs, until … */
  int64_t until_ns; /* … then; the machine's deadline */
  bool needs_tls;   /* no login at all before TLS */
  char *stamp;      /* for APOP, in the greeting; NULL: not offered */

  struct auth_site *site;
  struct endpoint *endpoint;
  enum auth_protocol protocol;
  char *peer;
  unsigned n_failures;
  enum auth_mechanism mech;
  unsigned step;
  char *claimed, *challenge; /* the name so far; CRAM-MD5's own */
  struct auth_scram *scram;
  struct store_user *account; /* whose proof was right */
  enum auth_outcome pending;  /* said after a last challenge; AUTH_CONTINUE for none */
  struct auth_result held;
  GString *said;
};

/* `site` NULL: nothing is offered. `peer` is the client's address; the endpoint tells events and
 * knows whether TLS runs. */
void auth_server_init(struct auth_server *s, struct auth_site *site, struct endpoint *endpoint,
                      enum auth_protocol protocol, const char *peer);
void auth_server_clear(struct auth_server *s);
/* Is it possible now? AUTH_COMMAND answers for LOGINDISABLED and for USER. */
bool auth_server_offers(const struct auth_server *s, enum auth_mechanism mech);
/* Why it is not: AUTH_TLS_NEEDED, AUTH_TOO_WEAK or AUTH_UNKNOWN. */
enum auth_outcome auth_server_refusal(const struct auth_server *s, enum auth_mechanism mech);
/* Appends " PREFIXNAME" for each SASL mechanism that is possible now, strongest first. */
void auth_server_list(const struct auth_server *s, const char *prefix, GString *out);

/* AUTH, AUTHENTICATE. `initial` is the initial response in base64, "=" for an empty one, NULL for
 * none. */
struct auth_result auth_server_open(struct auth_server *s, const char *name, size_t n_name,
                                    const char *initial, size_t n_initial, int64_t now_ns);
/* A line of the client while is_open. */
struct auth_result auth_server_line(struct auth_server *s, const char *line, size_t n,
                                    int64_t now_ns);
/* The line was longer than the machine takes. */
struct auth_result auth_server_line_too_long(struct auth_server *s);
/* USER and PASS, LOGIN. */
struct auth_result auth_server_command(struct auth_server *s, const char *user,
                                       const char *password, int64_t now_ns);
/* APOP: 32 hexadecimal digits. */
struct auth_result auth_server_apop(struct auth_server *s, const char *user, const char *digest,
                                    int64_t now_ns);
/* The delay is over: what was held. */
struct auth_result auth_server_release(struct auth_server *s);

/* ---- client ---- */

/* With what a client logs in. */
struct auth_login {
  const char *user, *password;
  const char *token;   /* XOAUTH2, OAUTHBEARER; or NULL */
  const char *authzid; /* whom to act for; NULL: oneself */
  const char *host;    /* OAUTHBEARER: the server's name, or NULL */
  uint16_t port;
  const struct random_stream *random; /* SCRAM; NULL: it is not spoken */
};

/* Part of the client machine's struct. */
struct auth_client {
  enum auth_mechanism mech; /* what is spoken; the machine sets it before auth_client_initial() */
  char *user, *password, *token, *authzid, *host;
  uint16_t port;
  bool has_random;
  struct random_stream random;
  unsigned offered; /* bits 1 << AUTH_…: what the server said it offers */
  unsigned step;
  struct auth_scram *scram;
  bool is_proved;      /* SCRAM: the server has shown that it knows the password */
  const char *problem; /* why the exchange was cancelled, in English for results and logs */
};

/* Copies what is in `login`. */
void auth_client_init(struct auth_client *c, const struct auth_login *login);
void auth_client_clear(struct auth_client *c);
/* The server offers the mechanism text[0..n); an unknown name is ignored. */
void auth_client_offered(struct auth_client *c, const char *text, size_t n);
/* Which mechanism to speak: `wanted` (AUTH_BEST for the strongest) out of those that are offered.
 * Refuses what would show a password or a token on a line without TLS when `is_careful`. AUTH_NONE:
 * nothing fits, *why says so. */
enum auth_mechanism auth_client_choose(const struct auth_client *c, enum auth_mechanism wanted,
                                       bool is_careful, bool is_secure, struct lang_pair *why);
/* Begins an exchange by that mechanism: sets `mech` and forgets an earlier one. */
void auth_client_begin(struct auth_client *c, enum auth_mechanism mech);
/* The initial response in base64 (newly allocated, "=" when it is empty), or NULL where the
 * mechanism has none. */
char *auth_client_initial(struct auth_client *c);
/* The answer to a base64 challenge, newly allocated; NULL when the challenge makes no sense or the
 * server is not who it says: send "*" (`problem` says why). */
char *auth_client_step(struct auth_client *c, const char *challenge, size_t n);
/* The server says yes. False when the mechanism lets it prove itself and it did not (RFC 5802 3).
 */
bool auth_client_may_trust(const struct auth_client *c);
/* The digest of APOP (RFC 1939 7) for the greeting's stamp; NULL when the greeting has none. */
char *auth_client_apop(const char *greeting, const char *password);

#endif
