/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_LINK_H
#define SIM_NET_LINK_H

/* Links between two interfaces and the queues in front of them. Each direction has its own
 * settings, all of which may change while the world runs. Included through host.h.
 *
 *   link.c           sending: queue, wire, arrival           link_property.c  the table of settings
 *   link_fault.c     what becomes of a frame: rules, chance  link_alter.c     octets damaged,
 * marked build_link.c     `links` and `changes` of a scenario     build_fault.c    `faults`
 */
#include "sim/core/tree.h"
#include "sim/core/world.h"
#include "sim/net/drop.h"

struct packet;
struct packet_queue {
  struct packet *first, *last;
  uint32_t n;
  uint64_t n_octets; /* of all frames in it */
};
void packet_queue_push(struct packet_queue *q, struct packet *p);
void packet_queue_push_front(struct packet_queue *q, struct packet *p);
struct packet *packet_queue_pop(struct packet_queue *q); /* NULL when empty */
struct net;
void packet_queue_clear(struct net *n, struct packet_queue *q);

/* ---- settings ---- */

/* Rates in bit/s, times in ns, shares in ppm, lengths in octets, switches 0 or 1. */
enum link_property {
  LINK_RATE,
  LINK_DELAY,
  LINK_JITTER,        /* up to so much more delay for each frame */
  LINK_KEEP_ORDER,    /* jitter makes no frame overtake another */
  LINK_LOSS,          /* share of the frames */
  LINK_BURST,         /* mean number of frames lost in a row; 0: each by itself */
  LINK_REORDER,       /* share of frames held back, */
  LINK_REORDER_DELAY, /* so long; 0: the time of two and a half full frames */
  LINK_DUPLICATE,     /* share of frames that arrive twice */
  LINK_CORRUPT,       /* share of frames with one wrong bit */
  LINK_MTU,
  LINK_QUEUE,        /* frames */
  LINK_QUEUE_OCTETS, /* 0: no bound */
  LINK_MARK,         /* ECN: CE when so many frames wait; 0: never */
  LINK_UP,
  LINK_PROPERTIES
};

/* ---- faults by rule ---- */

enum fault_of {
  FAULT_ANY,
  FAULT_DATA,
  FAULT_SYN,
  FAULT_FIN,
  FAULT_ACK,
  FAULT_UDP,
  FAULT_ICMP,
  FAULT_ARP,
  FAULT_SORTS
};
enum fault_act {
  FAULT_DROP,
  FAULT_DELAY,
  FAULT_DUPLICATE,
  FAULT_CORRUPT,
  FAULT_REORDER,
  FAULT_MARK,
  FAULT_HIDE,
  FAULT_ACTS
};
#define FAULT_BY_NS_MAX (INT64_C(600) * 1000000000) /* as a link's delay */
struct fault {
  enum fault_of of;
  enum fault_act act;
  uint16_t port;         /* 0: any */
  uint8_t ways;          /* bit 0: from the first end, bit 1: from the second */
  uint64_t first, times; /* 1-based */
  int64_t by_ns;         /* delay, reorder */
  uint64_t n_seen;
  uint32_t filter; /* index into net->filters when the display filter decides; else UINT32_MAX */
};

/* What becomes of one frame on one link. Rules, chance and interventions add to it. */
struct fate {
  enum drop_reason lost; /* DROP_NONE: it arrives */
  bool is_unseen; /* taps miss it */
  bool is_duplicated;
  bool may_overtake;    /* the extra delay lets later frames pass */
  int64_t delay_ns;     /* extra */
  int64_t duplicate_ns; /* the copy leaves so much behind the original; 0: right behind it */
};

/* ---- links ---- */

/* What only a direction with chance in it needs: one random stream for each purpose, so that
 * switching one on leaves the others' draws as they were. */
struct link_chance {
  struct random_stream loss, jitter, reorder, duplicate, corrupt, corrupt_place, rule_place;
  bool is_bad; /* Gilbert's bad state: frames are lost */
};

struct link_way { /* one direction */
  struct link *link;
  struct iface *from, *to;
  struct packet_queue queue;
  int64_t busy_until_ns;
  int64_t last_due_ns; /* arrival of the frame before */
  int64_t set[LINK_PROPERTIES];
  uint32_t n_downs;           /* so often the link went down; a frame under way then is lost */
  bool is_waiting;            /* an event will start the next frame */
  bool is_plain;              /* no chance, no rules: nothing but rate and delay */
  struct link_chance *chance; /* NULL until needed */
  GArray *downs;              /* int64_t: times at which it will go down, ascending; or NULL */
};

struct link {
  struct net *net;
  uint32_t index;
  char *name;
  GArray *faults; /* struct fault, or NULL */
  struct link_way ways[2];
};

struct iface;
/* Sends a frame out of an interface: takes the packet. The Ethernet header is complete. */
void link_send(struct iface *from, struct packet *p);
/* The last bit of a packet on the wire comes in, as an event of the world; takes the packet. */
void link_arrive(void *packet);
/* Drops what waits: the link went down. */
void link_lose_queue(struct link_way *w);
void link_clear(struct link *l);

/* ---- link_property.c ---- */
extern const char *const link_property_names[LINK_PROPERTIES + 1]; /* NULL behind the last */
/* The settings of a new link. */
void link_defaults(int64_t set[LINK_PROPERTIES]);
/* Reads what stands in a map into the settings; keys of other names are left alone. *given (may be
 * NULL) gets a bit for each property that was there. */
bool link_read(const struct tree_node *map, int64_t set[LINK_PROPERTIES], uint32_t *given,
               GError **error);
/* May a property have this value, a scalar as it would stand in `links`? False with error. */
bool link_check(struct net *n, const char *property, const struct tree_node *value, GError **error);
/* Sets a property that link_check() accepted, of one direction (0, 1) or both (-1), from now on. */
void link_set(struct link *l, int way, const char *property, const struct tree_node *value);
/* The same with the value as link_way.set holds it. Going down loses what is queued and under way.
 */
void link_put(struct link *l, int way, enum link_property property, int64_t value);
/* Announces that a direction goes down at a time, so that frames under way then are known as lost
 * when they leave. */
void link_plan_down(struct link *l, int way, int64_t time_ns);
/* A value as a scenario writes it: "5%", "20ms", "true". */
char *link_format(enum link_property property, int64_t value);
/* To be called after a change of settings or rules. */
void link_way_settle(struct link_way *w);

/* ---- link_fault.c ---- */
struct fate link_fate(struct link_way *w, struct packet *p);

/* ---- link_alter.c ---- */
/* Turns one bit, chosen by `dice`, of what a checksum protects. A frame without one (ARP) is
 * damaged as the frame check sequence sees it: packet.is_bad. */
void link_corrupt(struct packet *p, uint64_t dice);
/* Congestion experienced (RFC 3168 5), with the header's checksum. False when the packet is not
 * ECN-capable. */
bool link_mark(struct packet *p);

#endif
