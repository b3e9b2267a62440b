// SPDX-License-Identifier: GPL-2.0-only
/*
 * Since when the log was not read and cleared: `dmesg -c`, syslog(2).  Called by
 * vmcore-dump.
 *
 * kernel/printk/printk.c: until 5.11 clear_seq is a number; since 5.12
 * (7d7a23a91c91 "printk: use seqcount_latch for clear_seq") it is two, of which the
 * counter in front of them says which one is whole.
 */
#include <errno.h>

#include "kx/core.h"
#include "printk.h"

static int latched_read(const struct printk_reader *p, uint64_t va, uint64_t val, uint64_t *ret,
			struct kx_err *err)
{
	uint64_t counter;
	int r;

	if (val > PRINTK_OBJECT_MAX)
		return kx_err_set(err, EINVAL, "VMCOREINFO: OFFSET(latched_seq.val): expected at most"
				  " %u, have %llu", PRINTK_OBJECT_MAX, (unsigned long long)val);
	r = printk_number(p, va, 4, "clear_seq", &counter, err);
	return r < 0 ? r : printk_number(p, va + val + (counter & 1) * 8, 8, "clear_seq", ret, err);
}

int kx_printk_cleared(const struct kx_printk_source *s, uint64_t *ret, struct kx_err *err)
{
	const struct printk_reader p = { .source = s };
	uint64_t va, val;
	int r;

	r = kx_vmcoreinfo_symbol(s->vmcoreinfo, "clear_seq", &va, err);
	if (r < 0)
		return r;
	r = kx_vmcoreinfo_u64(s->vmcoreinfo, "OFFSET(latched_seq.val)", 10, &val, NULL);
	if (r == -ENOENT)
		return printk_number(&p, va, 8, "clear_seq", ret, err);
	return r < 0 ? kx_err_set(err, EINVAL, "VMCOREINFO: OFFSET(latched_seq.val): expected a number")
		     : latched_read(&p, va, val, ret, err);
}
