/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-hops.c -- what each layer did with one packet, against what the RFCs let it do: a router
 * lowers the TTL (RFC 1812 5.2), renews the header checksum and the Ethernet addresses, and touches
 * nothing else; a switch touches nothing; a lost packet ends where it was lost. */
#include <string.h>

#include "capture/filter/filter.h"
#include "capture/wire/lang.h"
#include "lessons/hops.h"

static struct run *
run_scenario(const char *what, const char *const *set)
{
  g_autoptr(GError) error = NULL;
  struct run_options options = {.set = (char *const *)(uintptr_t)set};
  struct run *r = run_new(what, &options, &error);
  g_assert_no_error(error);
  return r;
}

/* The n-th (0-based) frame that a display filter selects. */
static uint32_t
find_frame(const struct run *r, const char *text, unsigned n)
{
  struct filter_error error = {0};
  struct filter *f = filter_compile(text, &error);
  g_assert_nonnull(f);
  struct decode *d = decode_new(run_trace(r));
  uint32_t found = TRACE_NONE;
  for (uint32_t i = 0; i < trace_n_frames(run_trace(r)) && found == TRACE_NONE; i++)
    if (filter_match_frame(f, d, i) && n-- == 0)
      found = i;
  decode_free(d);
  filter_free(f);
  g_assert_cmpuint(found, !=, TRACE_NONE);
  return found;
}

static struct hops *
hops_of(struct run *r, uint32_t frame)
{
  g_autoptr(GError) error = NULL;
  struct hops *h = hops_new(r, frame, &error);
  g_assert_no_error(error);
  return h;
}

/* "alice-pc switch-a router …" */
static char *
names_of(struct run *r, const struct hops *h)
{
  g_autoptr(GString) out = g_string_new(NULL);
  for (unsigned i = 0; i < h->devices->len; i++) {
    const struct hop *hop = h->devices->pdata[i];
    g_string_append_printf(out, "%s%s", i ? " " : "", run_host(r, hop->host).name);
  }
  return g_strdup(out->str);
}

/* All changed keys of a device, in the order told. */
static char *
changes_of(const struct hop *hop)
{
  g_autoptr(GString) out = g_string_new(NULL);
  for (unsigned i = 0; i < hop->steps->len; i++) {
    const struct hop_step *s = hop->steps->pdata[i];
    g_assert_true(s->way == HOP_OUT || s->changes->len == 0);
    for (unsigned k = 0; k < s->changes->len; k++) {
      const struct hop_change *c = s->changes->pdata[k];
      g_assert_cmpstr(c->before, !=, c->after);
      g_string_append_printf(out, "%s%s", out->len ? " " : "", c->key);
    }
  }
  return g_strdup(out->str);
}

static const struct hop *
device(struct run *r, const struct hops *h, const char *name)
{
  for (unsigned i = 0; i < h->devices->len; i++) {
    const struct hop *hop = h->devices->pdata[i];
    if (strcmp(run_host(r, hop->host).name, name) == 0)
      return hop;
  }
  g_assert_not_reached();
}

static const struct hop_step *
step_of(const struct hop *hop, enum hop_layer layer, enum hop_way way)
{
  for (unsigned i = 0; i < hop->steps->len; i++) {
    const struct hop_step *s = hop->steps->pdata[i];
    if (s->layer == layer && s->way == way)
      return s;
  }
  return NULL;
}

/* The relayed message's first data segment crosses two switches and the router. */
static void
test_way_of_a_segment(void)
{
  struct run *r = run_scenario("mail-journey", NULL);
  struct hops *h =
      hops_of(r, find_frame(r, "smtp.req.command == \"MAIL\" && ip.dst == 10.0.2.25", 0));
  g_autofree char *names = names_of(r, h);
  g_assert_cmpstr(names, ==, "mx-alice switch-a router switch-b mx-bob");
  g_assert_cmpint(h->fate, ==, HOP_DELIVERED);
  int64_t before = -1;
  for (unsigned i = 0; i < h->devices->len; i++) {
    const struct hop *hop = h->devices->pdata[i];
    g_assert_true((i == 0) == (hop->in_ns < 0));
    g_assert_true((i == 0) == (hop->link_in == UINT32_MAX));
    g_assert_true((i + 1 == h->devices->len) == (hop->out_ns < 0));
    g_assert_true(i == 0 || hop->in_ns > before);
    before = hop->out_ns;
  }
  hops_free(h);
  run_free(r);
}

static void
test_router_changes_only_these(void)
{
  struct run *r = run_scenario("mail-journey", NULL);
  struct hops *h =
      hops_of(r, find_frame(r, "smtp.req.command == \"MAIL\" && ip.dst == 10.0.2.25", 0));
  g_autofree char *at_router = changes_of(device(r, h, "router"));
  g_assert_cmpstr(at_router, ==, "ip.ttl ip.checksum eth.dst eth.src");
  const struct hop_step *s = step_of(device(r, h, "router"), HOP_NETWORK, HOP_OUT);
  const struct hop_change *ttl = s->changes->pdata[0];
  g_assert_cmpstr(ttl->before, ==, "64");
  g_assert_cmpstr(ttl->after, ==, "63");
  g_assert_nonnull(strstr(s->sentence, "from 64 to 63"));
  g_autofree char *at_switch = changes_of(device(r, h, "switch-a"));
  g_assert_cmpstr(at_switch, ==, "");
  hops_free(h);
  run_free(r);
}

/* Ends have all layers, routers two, switches one. */
static void
test_layers_of_devices(void)
{
  struct run *r = run_scenario("mail-journey", NULL);
  struct hops *h =
      hops_of(r, find_frame(r, "smtp.req.command == \"MAIL\" && ip.dst == 10.0.2.25", 0));
  static const struct {
    const char *name, *in, *out; /* layers, a letter each */
  } rows[] = {{"mx-alice", "", "lnta"},
              {"switch-a", "l", "l"},
              {"router", "ln", "ln"},
              {"switch-b", "l", "l"},
              {"mx-bob", "lnta", ""}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    for (unsigned layer = 0; layer < N_HOP_LAYERS; layer++) {
      const struct hop *hop = device(r, h, rows[i].name);
      bool in = strchr(rows[i].in, "lnta"[layer]), out = strchr(rows[i].out, "lnta"[layer]);
      g_assert_true(in == (step_of(hop, layer, HOP_IN) != NULL));
      g_assert_true(out == (step_of(hop, layer, HOP_OUT) != NULL));
    }
  g_assert_nonnull(strstr(step_of(device(r, h, "mx-bob"), HOP_TRANSPORT, HOP_IN)->sentence,
                          "exactly what was expected next on port 25"));
  hops_free(h);
  run_free(r);
}

/* A question for everybody ends at the one who is asked, though the switch sends it to all. */
static void
test_broadcast_ends_at_who_is_asked(void)
{
  struct run *r = run_scenario("mail-journey", NULL);
  struct hops *h =
      hops_of(r, find_frame(r, "arp.opcode == 1 && arp.dst.proto_ipv4 == 10.0.1.1", 0));
  g_autofree char *names = names_of(r, h);
  g_assert_cmpstr(names, ==, "alice-pc switch-a router");
  g_assert_nonnull(
      strstr(step_of(device(r, h, "switch-a"), HOP_LINK, HOP_OUT)->sentence, "every other link"));
  hops_free(h);
  run_free(r);
}

static void
test_lost_segment_ends_on_its_link(void)
{
  struct run *r = run_scenario("lost-segment", NULL);
  /* The scenario loses the seventh data segment from mx-alice on the wan. */
  struct hops *h = hops_of(r, find_frame(r, "tcp.len > 0 && ip.src == 10.0.1.25", 6));
  g_autofree char *names = names_of(r, h);
  g_assert_cmpstr(names, ==, "mx-alice router");
  g_assert_cmpint(h->fate, ==, HOP_LOST);
  g_assert_nonnull(strstr(h->fate_sentence, "wan"));
  hops_free(h);
  /* What follows it is ahead of what the receiver expects. */
  h = hops_of(r, find_frame(r, "tcp.len > 0 && ip.src == 10.0.1.25", 7));
  g_assert_cmpint(h->fate, ==, HOP_DELIVERED);
  g_assert_nonnull(strstr(step_of(device(r, h, "mx-bob"), HOP_TRANSPORT, HOP_IN)->sentence,
                          "octets before number"));
  hops_free(h);
  run_free(r);
}

static void
test_sentences_exist_in_thai(void)
{
  struct run *r = run_scenario("mail-journey", NULL);
  lang_set(LANG_TH);
  for (uint32_t frame = 0; frame < trace_n_frames(run_trace(r)); frame += 7) {
    struct hops *h = hops_of(r, frame);
    g_assert_cmpuint(h->devices->len, >=, 2);
    for (unsigned i = 0; i < h->devices->len; i++) {
      const struct hop *hop = h->devices->pdata[i];
      g_assert_cmpuint(hop->steps->len, >, 0);
      for (unsigned k = 0; k < hop->steps->len; k++) {
        const struct hop_step *s = hop->steps->pdata[k];
        g_assert_true(g_utf8_validate(s->sentence, -1, NULL));
        /* Thai letters, and no value that was missing */
        g_assert_nonnull(strstr(s->sentence, "\xe0\xb8"));
        g_assert_null(strstr(s->sentence, "(null)"));
      }
    }
    hops_free(h);
  }
  lang_set(LANG_EN);
  run_free(r);
}

static void
test_frame_of_no_packet(void)
{
  struct run *r = run_scenario("lost-segment", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_null(hops_new(r, trace_n_frames(run_trace(r)), &error));
  g_assert_nonnull(error);
  run_free(r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  lang_set(LANG_EN);
  g_test_add_func("/hops/way-of-a-segment", test_way_of_a_segment);
  g_test_add_func("/hops/router-changes-only-these", test_router_changes_only_these);
  g_test_add_func("/hops/layers-of-devices", test_layers_of_devices);
  g_test_add_func("/hops/broadcast-ends-at-who-is-asked", test_broadcast_ends_at_who_is_asked);
  g_test_add_func("/hops/lost-segment-ends-on-its-link", test_lost_segment_ends_on_its_link);
  g_test_add_func("/hops/sentences-exist-in-thai", test_sentences_exist_in_thai);
  g_test_add_func("/hops/frame-of-no-packet", test_frame_of_no_packet);
  return g_test_run();
}
