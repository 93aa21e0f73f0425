/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-place.c -- where the outside joins a scenario that does not name it. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/net.h"
#include "sim/outside/place.h"

static struct tree_node *
parse(const char *text)
{
  g_autoptr(GError) error = NULL;
  struct tree_node *t = tree_parse(text, strlen(text), "s.yaml", &error);
  g_assert_no_error(error);
  return t;
}

/* "host: address/prefix …" of the network that comes out of it. */
static char *
addresses_of_outside(const char *text)
{
  g_autoptr(GError) error = NULL;
  struct tree_node *t = parse(text);
  g_assert_true(place_outside(t, &error));
  g_assert_no_error(error);
  struct world *w = world_new(1, NULL, NULL);
  struct net *n = net_new(w, t, &error);
  g_assert_no_error(error);
  g_autoptr(GString) out = g_string_new(NULL);
  for (uint32_t host = 0; host < net_n_hosts(n); host++) {
    if (net_host_info(n, host).kind != HOST_OUTSIDE)
      continue;
    g_string_append(out, net_host_info(n, host).name);
    for (uint32_t i = 0; i < net_n_addresses(n, host); i++) {
      char address[ADDR_TEXT_MAX];
      struct host_address a = net_address(n, host, i);
      if (a.addr.octets[0] != 0xfe) /* link-local ones come by themselves */
        g_string_append_printf(out, " %s/%u", ip_addr_format(&a.addr, address), a.prefix);
    }
  }
  net_free(n);
  world_free(w);
  tree_free(t);
  return g_strdup(out->str);
}

static void
test_joins_a_switch_with_the_next_free_address(void)
{
  g_autofree char *got = addresses_of_outside(
      "hosts: {pc: {address: 10.0.1.10/24}, taken: {address: 10.0.1.200/24}, sw: {kind: switch}}\n"
      "links: {a: {ends: [pc, sw]}, b: {ends: [taken, sw]}}\n");
  g_assert_cmpstr(got, ==, "outside 10.0.1.201/24");
}

static void
test_takes_both_families_of_its_neighbour(void)
{
  g_autofree char *got = addresses_of_outside(
      "hosts: {pc: {address: [10.0.1.10/24, \"2001:db8:1::10/64\"]}, sw: {kind: switch}}\n"
      "links: {a: {ends: [pc, sw]}}\n");
  g_assert_cmpstr(got, ==, "outside 10.0.1.200/24 2001:db8:1::c8/64");
}

static void
test_without_a_switch_joins_the_router(void)
{
  g_autofree char *got =
      addresses_of_outside("hosts: {pc: {address: 10.0.1.10/24}, r: {kind: router, addresses: {a: "
                           "10.0.1.1/24}}}\nlinks: {a: {ends: [pc, r]}}\n");
  g_assert_cmpstr(got, ==, "outside 198.51.100.2/24");
}

static void
test_a_scenario_that_names_it_stays_as_it_is(void)
{
  g_autofree char *got = addresses_of_outside(
      "hosts: {me: {kind: outside, address: 10.0.1.7/24}, pc: {address: 10.0.1.10/24}}\n"
      "links: {a: {ends: [pc, me]}}\n");
  g_assert_cmpstr(got, ==, "me 10.0.1.7/24");
}

static void
test_no_place_is_said(void)
{
  g_autoptr(GError) error = NULL;
  struct tree_node *t = parse("hosts:\n  a: {address: 10.0.1.1/24}\n  b: {address: 10.0.1.2/24}\n"
                              "links: {l: {ends: [a, b]}}\n");
  g_assert_false(place_outside(t, &error));
  g_assert_nonnull(strstr(error->message, "s.yaml:"));
  g_assert_nonnull(strstr(error->message, "add a host of kind outside"));
  tree_free(t);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  lang_set(LANG_EN);
  g_test_add_func("/place/joins-a-switch-with-the-next-free-address",
                  test_joins_a_switch_with_the_next_free_address);
  g_test_add_func("/place/takes-both-families-of-its-neighbour",
                  test_takes_both_families_of_its_neighbour);
  g_test_add_func("/place/without-a-switch-joins-the-router",
                  test_without_a_switch_joins_the_router);
  g_test_add_func("/place/a-scenario-that-names-it-stays-as-it-is",
                  test_a_scenario_that_names_it_stays_as_it_is);
  g_test_add_func("/place/no-place-is-said", test_no_place_is_said);
  return g_test_run();
}
