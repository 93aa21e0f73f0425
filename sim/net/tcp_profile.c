/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_profile.c -- what some systems choose where the RFCs leave a choice.
 *
 * Linux: net/ipv4/tcp*.c and ip-sysctl of version 6. FreeBSD: sys/netinet/tcp*.c of version 14.
 *
 * SIMPLIFIED: both repair losses by RFC 6675, where the real ones use RACK-TLP and proportional
 * rate reduction; Linux's quick ACKs at the start of a connection, HyStart and buffers that grow
 * are not here. */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_conn.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* RFC 1122 4.2.3.6: at least two hours, and several probes, before a peer counts as dead. */
#define KEEPALIVE .keepalive_idle_ns = 2 * HOUR, .keepalive_interval_ns = 75 * SECOND

const struct tcp_profile tcp_profile_default = {
    .name = "rfc",
    .needs_timestamps = true,
    .keeps_syn_data = true,
    .sack_rescue = true,
    .abc_limit = 1,
    .mss = 1460,
    .wscale = 7,
    .nagle = true,
    .receive_octets = 64240,
    .send_octets = 65536,
    .initial_segments = 10,
    .delayed_ack_ns = 40 * MS,
    .rto_initial_ns = SECOND,
    .rto_min_ns = SECOND,
    .rto_max_ns = 60 * SECOND,
    .time_wait_ns = 60 * SECOND,
    .give_up_ns = 100 * SECOND,
    .give_up_syn_ns = 180 * SECOND,
    .keepalive_probes = 9,
    KEEPALIVE,
};

/* tcp_retries2 15 and tcp_syn_retries 6, as times: RTO 200 ms doubled to 120 s, and 1 s doubled. */
static const struct tcp_profile linux_profile = {
    .name = "linux",
    .minshall = true,
    .rst_acks = true,
    .rst_ends_time_wait = true,
    .validates_cwnd = true,
    .abc_limit = UINT8_MAX,
    .mss = 1460,
    .wscale = 7,
    .sack = true,
    .timestamps = true,
    .ecn = TCP_ECN_ANSWER,
    .control = TCP_CUBIC,
    .option_order = TCP_ORDER_LINUX,
    .nagle = true,
    .receive_octets = 64240,
    .send_octets = 87380,
    .initial_segments = 10,
    .delayed_ack_ns = 40 * MS,
    .rto_initial_ns = SECOND,
    .rto_min_ns = 200 * MS,
    .rto_max_ns = 120 * SECOND,
    .time_wait_ns = 60 * SECOND,
    .give_up_ns = 924600 * MS,
    .give_up_syn_ns = 127 * SECOND,
    .keepalive_probes = 9,
    KEEPALIVE,
};

/* Twelve retransmissions; 75 s to connect. */
static const struct tcp_profile freebsd_profile = {
    .name = "freebsd",
    .needs_timestamps = true,
    .sack_rescue = true,
    .rst_acks = true,
    .validates_cwnd = true,
    .abc_limit = 2,
    .mss = 1460,
    .wscale = 6,
    .sack = true,
    .timestamps = true,
    .ecn = TCP_ECN_ANSWER,
    .control = TCP_CUBIC,
    .option_order = TCP_ORDER_FREEBSD,
    .nagle = true,
    .receive_octets = 65536,
    .send_octets = 32768,
    .initial_segments = 10,
    .delayed_ack_ns = 40 * MS,
    .rto_initial_ns = SECOND,
    .rto_min_ns = 230 * MS,
    .rto_max_ns = 64 * SECOND,
    .time_wait_ns = 60 * SECOND,
    .give_up_ns = 526 * SECOND,
    .give_up_syn_ns = 75 * SECOND,
    .keepalive_probes = 8,
    KEEPALIVE,
};

/* A small device: the MSS option alone, one segment at a time acknowledged. */
static const struct tcp_profile minimal_profile = {
    .name = "minimal",
    .rst_ends_time_wait = true,
    .abc_limit = 1,
    .mss = 1460,
    .wscale = -1,
    .nagle = true,
    .receive_octets = 8192,
    .send_octets = 8192,
    .initial_segments = 2,
    .delayed_ack_ns = 200 * MS,
    .rto_initial_ns = SECOND,
    .rto_min_ns = SECOND,
    .rto_max_ns = 60 * SECOND,
    .time_wait_ns = 60 * SECOND,
    .give_up_ns = 100 * SECOND,
    .give_up_syn_ns = 180 * SECOND,
    .keepalive_probes = 9,
    KEEPALIVE,
};

const struct tcp_profile *
tcp_profile_by_name(const char *name)
{
  static const struct tcp_profile *const all[] = {&linux_profile, &freebsd_profile,
                                                  &minimal_profile, &tcp_profile_default};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (strcmp(all[i]->name, name) == 0)
      return all[i];
  return NULL;
}
