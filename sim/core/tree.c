/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree.c -- reads a YAML text into a tree whose nodes know their lines.
 *
 * libyaml's events are turned into nodes one by one; the nodes that are still open form a path from
 * the root, so no recursion follows the depth of a hostile file:
 *
 *     event ──builder_add──> node below open[depth] ──start event──> pushed ──end event──> popped
 *
 * Refused, each with line and remedy: aliases (a page of text needs none, and they multiply), keys
 * that occur twice, keys that are no plain text, more than one document, anything beyond the limits
 * in tree.h. Typed readings of what was loaded are in tree_read.c. */
#include "sim/core/tree.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "capture/wire/lang.h"

struct builder {
  const char *file; /* the tree's own copy, freed with the root */
  struct tree_node *root;
  struct tree_node *open[TREE_DEPTH_MAX];
  char *keys[TREE_DEPTH_MAX]; /* the key that waits for its value, per open map */
  unsigned key_lines[TREE_DEPTH_MAX];
  unsigned depth; /* number of open nodes */
  unsigned n_nodes;
};

static struct tree_node *
node_new(struct builder *b, enum tree_kind kind, size_t line_0)
{
  struct tree_node *node = g_new0(struct tree_node, 1);
  node->kind = kind;
  node->line = (unsigned)line_0 + 1;
  node->file = b->file;
  if (kind != TREE_SCALAR)
    node->children = g_ptr_array_new();
  b->n_nodes++;
  return node;
}

static void
node_free(struct tree_node *node)
{
  /* The depth is bounded by TREE_DEPTH_MAX. */
  if (node->children) {
    for (unsigned i = 0; i < node->children->len; i++)
      node_free(node->children->pdata[i]);
    g_ptr_array_free(node->children, TRUE);
  }
  g_free(node->key);
  g_free(node->text);
  g_free(node);
}

void
tree_free(struct tree_node *root)
{
  if (!root)
    return;
  char *file = (char *)(uintptr_t)root->file; /* the root owns the name that all nodes borrow */
  node_free(root);
  g_free(file);
}

bool
tree_fail(GError **error, const struct tree_node *at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, TREE_ERROR, 0, "%s:%u: %s", at->file, at->line, message);
  return false;
}

static bool fail_at(GError **error, const char *file, size_t line_0, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static bool
fail_at(GError **error, const char *file, size_t line_0, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, TREE_ERROR, 0, "%s:%zu: %s", file, line_0 + 1, message);
  return false;
}

/* A scalar in the place of a key becomes the waiting key of the open map. */
static bool
builder_take_key(struct builder *b, const yaml_event_t *e, GError **error)
{
  struct tree_node *map = b->open[b->depth - 1];
  const char *key = (const char *)e->data.scalar.value;
  if (e->data.scalar.length == 0)
    return fail_at(error, b->file, e->start_mark.line,
                   lang_text("a key is empty; write a name before the colon",
                             "คีย์ว่างเปล่า ให้เขียนชื่อไว้หน้าเครื่องหมายทวิภาค"));
  const struct tree_node *other = tree_get(map, key);
  if (other)
    return fail_at(error, b->file, e->start_mark.line,
                   lang_text("the key \"%s\" is already on line %u; remove or rename one of them",
                             "มีคีย์ \"%s\" อยู่แล้วที่บรรทัด %u ให้ลบหรือเปลี่ยนชื่อคีย์ใดคีย์หนึ่ง"),
                   key, other->line);
  b->keys[b->depth - 1] = g_strdup(key);
  b->key_lines[b->depth - 1] = (unsigned)e->start_mark.line + 1;
  return true;
}

/* Hangs a node below the innermost open one; false when the node is no good there. Takes it. */
static bool
builder_add(struct builder *b, struct tree_node *node, size_t line_0, GError **error)
{
  if (b->depth == 0) {
    if (b->root) {
      node_free(node);
      return fail_at(error, b->file, line_0,
                     lang_text("a second document begins; keep one document per file",
                               "มีเอกสารที่สองเริ่มต้นขึ้น ให้มีเพียงเอกสารเดียวต่อหนึ่งไฟล์"));
    }
    b->root = node;
    return true;
  }
  struct tree_node *parent = b->open[b->depth - 1];
  if (parent->kind == TREE_MAP) {
    char **key = &b->keys[b->depth - 1];
    if (!*key) {
      node_free(node);
      return fail_at(
          error, b->file, line_0,
          lang_text("a list or map stands where a key is expected; use plain text as key",
                    "มีรายการหรือแมปอยู่ในตำแหน่งของคีย์ ให้ใช้ข้อความธรรมดาเป็นคีย์"));
    }
    node->key = g_steal_pointer(key);
    node->line = b->key_lines[b->depth - 1];
  }
  g_ptr_array_add(parent->children, node);
  return true;
}

static bool
builder_open(struct builder *b, enum tree_kind kind, size_t line_0, GError **error)
{
  if (b->depth == TREE_DEPTH_MAX)
    return fail_at(error, b->file, line_0,
                   lang_text("nested deeper than %d levels; make the structure flatter",
                             "ซ้อนกันลึกเกิน %d ชั้น ให้ทำโครงสร้างให้ตื้นลง"),
                   TREE_DEPTH_MAX);
  struct tree_node *node = node_new(b, kind, line_0);
  if (!builder_add(b, node, line_0, error))
    return false;
  b->open[b->depth++] = node;
  return true;
}

static bool
builder_scalar(struct builder *b, const yaml_event_t *e, GError **error)
{
  const char *text = (const char *)e->data.scalar.value;
  size_t line = e->start_mark.line;
  if (strlen(text) != e->data.scalar.length)
    return fail_at(error, b->file, line,
                   lang_text("the text holds a NUL octet; remove it", "ข้อความมีออกเตต NUL ให้ลบออก"));
  if (b->depth > 0 && b->open[b->depth - 1]->kind == TREE_MAP && !b->keys[b->depth - 1])
    return builder_take_key(b, e, error);
  struct tree_node *node = node_new(b, TREE_SCALAR, line);
  node->text = g_strdup(text);
  return builder_add(b, node, line, error);
}

/* One event of libyaml. */
static bool
builder_feed(struct builder *b, const yaml_event_t *e, GError **error)
{
  size_t line = e->start_mark.line;
  if (b->n_nodes >= TREE_NODES_MAX)
    return fail_at(error, b->file, line,
                   lang_text("more than %d entries; split the file", "มีมากกว่า %d รายการ ให้แบ่งไฟล์"),
                   TREE_NODES_MAX);
  switch (e->type) {
  case YAML_SCALAR_EVENT:
    return builder_scalar(b, e, error);
  case YAML_MAPPING_START_EVENT:
    return builder_open(b, TREE_MAP, line, error);
  case YAML_SEQUENCE_START_EVENT:
    return builder_open(b, TREE_LIST, line, error);
  case YAML_MAPPING_END_EVENT:
  case YAML_SEQUENCE_END_EVENT:
    b->depth--;
    return true;
  case YAML_ALIAS_EVENT:
    return fail_at(error, b->file, line,
                   lang_text("the alias *%s is not read; write its content out",
                             "ไม่รองรับ alias *%s ให้เขียนเนื้อหาออกมาเต็ม ๆ"),
                   (const char *)e->data.alias.anchor);
  case YAML_NO_EVENT:
  case YAML_STREAM_START_EVENT:
  case YAML_STREAM_END_EVENT:
  case YAML_DOCUMENT_START_EVENT:
  case YAML_DOCUMENT_END_EVENT:
    return true;
  }
  return true;
}

static bool
fail_yaml(GError **error, const char *name, const yaml_parser_t *parser)
{
  const char *problem = parser->problem ? parser->problem : "?";
  size_t line = parser->problem_mark.line;
  return fail_at(error, name, line,
                 lang_text("this is not YAML: %s; look at indentation, colons and quotes here",
                           "ไม่ใช่ YAML ที่ถูกต้อง: %s ให้ตรวจย่อหน้า ทวิภาค และเครื่องหมายคำพูดตรงนี้"),
                 problem);
}

static bool
check_text(const char *text, gsize n, const char *name, GError **error)
{
  const char *end;
  if (n > TREE_FILE_MAX)
    return fail_at(error, name, 0,
                   lang_text("larger than %d MiB; a scenario is a page of text",
                             "ใหญ่กว่า %d MiB สถานการณ์จำลองควรเป็นข้อความเพียงหน้าเดียว"),
                   TREE_FILE_MAX >> 20);
  if (!g_utf8_validate(text, (gssize)n, &end)) {
    size_t line = 0;
    for (const char *p = text; p < end; p++)
      line += *p == '\n';
    return fail_at(error, name, line,
                   lang_text("not UTF-8 at octet %zu; save the file as UTF-8",
                             "ไม่ใช่ UTF-8 ที่ออกเตต %zu ให้บันทึกไฟล์เป็น UTF-8"),
                   (size_t)(end - text));
  }
  return true;
}

struct tree_node *
tree_parse(const char *text, gsize n, const char *name, GError **error)
{
  if (!check_text(text, n, name, error))
    return NULL;
  struct builder b = {.file = g_strdup(name)};
  yaml_parser_t parser;
  bool made = yaml_parser_initialize(&parser);
  g_assert(made);
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  bool good = true, more = true;
  while (good && more) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) {
      good = fail_yaml(error, name, &parser);
      break;
    }
    more = event.type != YAML_STREAM_END_EVENT;
    good = builder_feed(&b, &event, error);
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  for (unsigned i = 0; i < TREE_DEPTH_MAX; i++)
    g_free(b.keys[i]);
  if (good && !b.root)
    good = fail_at(
        error, name, 0,
        lang_text("the file is empty; a map of keys is expected", "ไฟล์ว่างเปล่า ควรเป็นแมปของคีย์"));
  if (good)
    return b.root;
  if (b.root)
    node_free(b.root);
  g_free((char *)(uintptr_t)b.file);
  return NULL;
}

char *
tree_read(const char *path, gsize *n, GError **error)
{
  GStatBuf st;
  if (g_stat(path, &st) != 0) {
    fail_at(error, path, 0,
            lang_text("cannot be opened: %s; check the name and the folder",
                      "เปิดไม่ได้: %s ให้ตรวจชื่อไฟล์และโฟลเดอร์"),
            g_strerror(errno));
    return NULL;
  }
  if (S_ISDIR(st.st_mode)) {
    fail_at(
        error, path, 0,
        lang_text("this is a folder; name a YAML file in it", "นี่คือโฟลเดอร์ ให้ระบุไฟล์ YAML ที่อยู่ข้างใน"));
    return NULL;
  }
  if (!S_ISREG(st.st_mode)) {
    fail_at(error, path, 0,
            lang_text("this is no regular file; name a YAML file", "นี่ไม่ใช่ไฟล์ธรรมดา ให้ระบุไฟล์ YAML"));
    return NULL;
  }
  if (st.st_size > TREE_FILE_MAX) {
    check_text("", (gsize)st.st_size, path, error);
    return NULL;
  }
  char *text = NULL;
  g_autoptr(GError) read_error = NULL;
  if (!g_file_get_contents(path, &text, n, &read_error)) {
    fail_at(error, path, 0,
            lang_text("cannot be read: %s; check its permissions", "อ่านไม่ได้: %s ให้ตรวจสิทธิ์ของไฟล์"),
            read_error->message);
    return NULL;
  }
  return text;
}

struct tree_node *
tree_load(const char *path, GError **error)
{
  gsize n = 0;
  g_autofree char *text = tree_read(path, &n, error);
  return text ? tree_parse(text, n, path, error) : NULL;
}

const struct tree_node *
tree_get(const struct tree_node *map, const char *key)
{
  if (!map || map->kind != TREE_MAP)
    return NULL;
  for (unsigned i = 0; i < map->children->len; i++) {
    const struct tree_node *child = map->children->pdata[i];
    if (strcmp(child->key, key) == 0)
      return child;
  }
  return NULL;
}

/* The child for one part of a dotted path: a key of a map or a 0-based place in a list. */
static struct tree_node *
child_at(struct tree_node *node, const char *part)
{
  if (node->kind == TREE_MAP)
    return (struct tree_node *)(uintptr_t)tree_get(node, part);
  guint64 index;
  if (node->kind == TREE_LIST &&
      g_ascii_string_to_unsigned(part, 10, 0, UINT32_MAX, &index, NULL) &&
      index < node->children->len)
    return node->children->pdata[index];
  return NULL;
}

struct tree_node *
tree_path(struct tree_node *root, const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, ".", TREE_DEPTH_MAX);
  struct tree_node *node = root;
  for (char **part = parts; node && *part; part++)
    node = child_at(node, *part);
  return node;
}

static struct tree_node *
add_child(struct tree_node *map, const char *key, enum tree_kind kind)
{
  struct builder b = {.file = map->file};
  struct tree_node *node = node_new(&b, kind, map->line - 1);
  node->key = g_strdup(key);
  g_ptr_array_add(map->children, node);
  return node;
}

/* A node of another kind becomes an empty scalar. */
static void
make_scalar(struct tree_node *node, const char *text)
{
  if (node->children) {
    for (unsigned i = 0; i < node->children->len; i++)
      node_free(node->children->pdata[i]);
    g_ptr_array_free(node->children, TRUE);
    node->children = NULL;
  }
  node->kind = TREE_SCALAR;
  g_free(node->text);
  node->text = g_strdup(text);
}

bool
tree_set(struct tree_node *root, const char *path, const char *text)
{
  g_auto(GStrv) parts = g_strsplit(path, ".", TREE_DEPTH_MAX);
  if (!parts[0])
    return false;
  struct tree_node *node = root;
  for (char **part = parts; *part; part++) {
    if (!**part)
      return false;
    struct tree_node *child = child_at(node, *part);
    if (!child) {
      if (node->kind != TREE_MAP)
        return false;
      child = add_child(node, *part, part[1] ? TREE_MAP : TREE_SCALAR);
    }
    node = child;
  }
  make_scalar(node, text);
  return true;
}

/* ---- joining ---- */

static void
take_over(struct tree_node *node, const struct tree_node *root)
{
  node->file = root->file;
  node->line = root->line;
  for (unsigned i = 0; node->children && i < node->children->len; i++)
    take_over(node->children->pdata[i], root);
}

/* Moves the children of `from` to `to`; both are maps. */
static void
join(struct tree_node *to, struct tree_node *from)
{
  for (unsigned i = 0; i < from->children->len; i++) {
    struct tree_node *child = from->children->pdata[i];
    struct tree_node *old = (struct tree_node *)(uintptr_t)tree_get(to, child->key);
    if (old && old->kind == TREE_MAP && child->kind == TREE_MAP) {
      join(old, child);
      node_free(child);
      continue;
    }
    if (old)
      g_ptr_array_remove(to->children, old);
    g_ptr_array_add(to->children, child);
    if (old)
      node_free(old);
  }
  g_ptr_array_set_size(from->children, 0);
}

void
tree_merge(struct tree_node *root, const char *yaml)
{
  struct tree_node *more = tree_parse(yaml, strlen(yaml), "", NULL);
  g_assert(more && more->kind == TREE_MAP && root->kind == TREE_MAP);
  char *file = (char *)(uintptr_t)more->file;
  take_over(more, root);
  join(root, more);
  node_free(more);
  g_free(file);
}
