/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_DECODE_FILTER_LIST_H
#define TESTS_DECODE_FILTER_LIST_H

/* Filters over keys that Wireshark has too, for the tests that compare them with tshark and the
 * index with pass 2; and texts that tshark refuses. NULL behind the last. */
extern const char *const filter_list[];
extern const char *const filter_list_wrong[];

#endif
