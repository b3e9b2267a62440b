// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many free pages a kernel counted itself, for who compares: kx/core-pages.h.
 *
 *	vm_zone_stat[NR_FREE_PAGES]		mm/vmstat.c, found by kallsyms
 *	node_data[n]->node_zones[z].vm_stat[NR_FREE_PAGES]
 *						x86_64, which says where it is
 *
 * CPUs add what they know now and then only, so it is not exact, and may even be
 * below zero for a moment.
 */
#include <errno.h>
#include <inttypes.h>

#include "core-pages.h"
#include "kx/kallsyms.h"

#define WORD		8u
#define COUNTERS_MAX	64u
#define NODES_MAX	1024u
/* enum zone_type has five or six. */
#define ZONES_MAX	8u
/* struct zone has some KiB, struct pglist_data 170. */
#define STRUCT_MAX	(16u << 20)

struct nodes {
	uint64_t table_va, count;
	uint64_t zones_off, zone_count_off, zone_len, stat_off;
};

static int read_word(const struct kx_core_va *va, uint64_t at, uint64_t *ret, struct kx_err *err)
{
	uint8_t b[WORD];
	int r = kx_core_va_read(va, at, b, sizeof(b), err);

	if (r == 0 && !kx_bytes_le64((struct kx_bytes){ b, sizeof(b) }, 0, ret))
		r = kx_err_set(err, EIO, "a word of %u bytes has less", WORD);
	return r;
}

/* A counter: a long. */
static int read_counter(const struct kx_core_va *va, uint64_t at, uint64_t *sum,
			struct kx_err *err)
{
	uint64_t v = 0;
	int r = read_word(va, at, &v, err);

	if (r == 0)
		*sum += v;
	return r;
}

static int get(struct kx_bytes text, const char *key, uint64_t max, uint64_t *ret,
	       struct kx_err *err)
{
	int r = kx_vmcoreinfo_u64(text, key, 10, ret, err);

	if (r == 0 && *ret > max)
		return kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected at most %" PRIu64 ", have %"
				  PRIu64, key, max, *ret);
	return r;
}

static int nodes_facts(struct kx_bytes text, struct nodes *n, struct kx_err *err)
{
	int r;

	r = kx_vmcoreinfo_symbol(text, "node_data", &n->table_va, err);
	if (r == 0)
		r = get(text, "LENGTH(node_data)", NODES_MAX, &n->count, err);
	if (r == 0)
		r = get(text, "OFFSET(pglist_data.node_zones)", STRUCT_MAX, &n->zones_off, err);
	if (r == 0)
		r = get(text, "OFFSET(pglist_data.nr_zones)", STRUCT_MAX, &n->zone_count_off, err);
	if (r == 0)
		r = get(text, "SIZE(zone)", STRUCT_MAX, &n->zone_len, err);
	if (r == 0)
		r = get(text, "OFFSET(zone.vm_stat)", STRUCT_MAX, &n->stat_off, err);
	return r;
}

static int add_node(const struct kx_core_va *va, const struct nodes *n, uint64_t node,
		    uint64_t counter, uint64_t *sum, struct kx_err *err)
{
	uint64_t zones = 0;
	int r = read_word(va, node + n->zone_count_off, &zones, err);

	zones = (uint32_t)zones;	/* an int */
	if (r == 0 && zones > ZONES_MAX)
		r = kx_err_set(err, EINVAL, "pglist_data.nr_zones: expected at most %u, have %" PRIu64,
			       ZONES_MAX, zones);
	for (uint64_t z = 0; r == 0 && z < zones; z++)
		r = read_counter(va, node + n->zones_off + z * n->zone_len + n->stat_off +
				 counter * WORD, sum, err);
	return r;
}

static int nodes_sum(const struct kx_core_va *va, struct kx_bytes text, uint64_t counter,
		     uint64_t *sum, struct kx_err *err)
{
	struct nodes n = { .count = 0 };
	int r = nodes_facts(text, &n, err);

	for (uint64_t i = 0; r == 0 && i < n.count; i++) {
		uint64_t node = 0;

		r = read_word(va, n.table_va + i * WORD, &node, err);
		if (r == 0 && node)
			r = add_node(va, &n, node, counter, sum, err);
	}
	return r;
}

int kx_pages_free_expected(const struct kx_core_va *va, struct kx_bytes vmcoreinfo,
			   struct kx_arena *a, uint64_t *ret, struct kx_err *err)
{
	struct kx_err first = { .code = 0 }, second = { .code = 0 };
	uint64_t counter = 0, stat = 0, sum = 0;
	int r;

	r = kx_vmcoreinfo_number(vmcoreinfo, "NR_FREE_PAGES", &counter, err);
	if (r < 0)
		return r;
	if (counter >= COUNTERS_MAX)
		return kx_err_set(err, EINVAL, "VMCOREINFO: NUMBER(NR_FREE_PAGES): expected less than"
				  " %u, have %" PRIu64, COUNTERS_MAX, counter);
	r = kx_kallsyms_find(va, vmcoreinfo, "vm_zone_stat", a, &stat, &first);
	if (r == 0)
		r = read_counter(va, stat + counter * WORD, &sum, &first);
	if (r < 0) {
		sum = 0;
		r = nodes_sum(va, vmcoreinfo, counter, &sum, &second);
	}
	if (r < 0)
		return kx_err_set(err, ENOENT, "free pages are not known: %s; %s", first.text,
				  second.text);
	*ret = sum >> 63 ? 0 : sum;
	return 0;
}
