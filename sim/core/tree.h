/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_CORE_TREE_H
#define SIM_CORE_TREE_H

/* A YAML file as a tree that remembers lines, so that every complaint can name file, line and
 * remedy. Scenarios and task lists are read through it; nothing else parses YAML. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TREE_ERROR (g_quark_from_static_string("enveloscope-tree"))

/* A scenario is a page of text; anything bigger or deeper is a mistake or an attack. */
enum { TREE_FILE_MAX = 4 << 20, TREE_DEPTH_MAX = 64, TREE_NODES_MAX = 1 << 18 };

enum tree_kind { TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree_node {
  enum tree_kind kind;
  unsigned line;       /* 1-based */
  char *key;           /* in a map, else NULL */
  char *text;          /* scalar */
  GPtrArray *children; /* struct tree_node*, in file order */
  const char *file;    /* the name given to tree_load */
};

/* NULL and error with "FILE:LINE: message" in the current language: unreadable, a directory, too
 * large, not UTF-8, not YAML, aliases, duplicate keys. */
struct tree_node *tree_load(const char *path, GError **error);
struct tree_node *tree_parse(const char *text, gsize n, const char *name, GError **error);
/* The file's octets with a NUL behind them, checked as tree_load does (regular, not too large); g_free(). */
char *tree_read(const char *path, gsize *n, GError **error);
void tree_free(struct tree_node *root);

/* A map's child, or NULL. */
const struct tree_node *tree_get(const struct tree_node *map, const char *key);
/* Dotted path: "links.wan.loss"; a part may be a 0-based place in a list: "faults.0.drop". NULL when
 * there is no such node. */
struct tree_node *tree_path(struct tree_node *root, const char *path);
/* Replaces or adds the scalar at a dotted path (for --set). False when a part of the path is no map. The
 * nodes below a replaced list or map are gone. */
bool tree_set(struct tree_node *root, const char *path, const char *text);

/* Adds what a YAML text of our own making says: maps are joined, all else is replaced. Complaints
 * about it name the file of `root` and its first line. */
void tree_merge(struct tree_node *root, const char *yaml);

/* Sets error to "FILE:LINE: " and the message. Returns false, so callers can `return tree_fail(…)`. */
bool tree_fail(GError **error, const struct tree_node *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Typed readings of map[key]; the default when absent; false with error when of the wrong form. */
bool tree_text(const struct tree_node *map, const char *key, const char *fallback, const char **out,
               GError **error);
bool tree_int(const struct tree_node *map, const char *key, int64_t fallback, int64_t min,
              int64_t max, int64_t *out, GError **error);
bool tree_bool(const struct tree_node *map, const char *key, bool fallback, bool *out, GError **error);
/* "20ms", "1.5s", "200us", "0": nanoseconds. */
bool tree_duration(const struct tree_node *map, const char *key, int64_t fallback_ns, int64_t *out_ns,
                   GError **error);
/* One duration or a list of 1 to `max`: *n of them, 0 when the key is absent. */
bool tree_durations(const struct tree_node *map, const char *key, unsigned max, int64_t *out_ns,
                    unsigned *n, GError **error);
/* "100Mbit/s", "9600bit/s", "1Gbit/s": bits per second. */
bool tree_rate(const struct tree_node *map, const char *key, int64_t fallback, int64_t *out,
               GError **error);
/* "0.05" or "5%": parts per million, so that no floating point reaches protocol state. */
bool tree_ratio(const struct tree_node *map, const char *key, uint32_t fallback_ppm, uint32_t *out_ppm,
                GError **error);
/* {en: …, th: …} or one scalar for both. `*en` and `*th` borrow. */
bool tree_pair(const struct tree_node *map, const char *key, const char **en, const char **th,
               GError **error);
/* Complains about the first key of a map that is not in the NULL-terminated list, naming the nearest. */
bool tree_known(const struct tree_node *map, const char *const *keys, GError **error);
/* The name of a NULL-terminated list that is so near that a slip of the hand explains it, or NULL. */
const char *tree_nearest(const char *name, const char *const *names);

#endif
