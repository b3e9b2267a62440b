// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump estimate: how large crashkernel= has to be, and why.  estimate.c adds up; here
 * are the numbers, from the files that would be loaded and the running kernel.
 */
#include <errno.h>
#include <inttypes.h>

#include "kdump.h"

void estimate_of(struct kdump *k, const struct kernel_facts *kernel, const struct initrd *initrd,
		 uint64_t initrd_len, struct estimate *ret)
{
	*ret = (struct estimate){
		.kernel = kernel->memory, .initrd = initrd_len, .unpacked = initrd->unpacked,
		.modules = machine_modules(k, initrd),
	};
	estimate_add_up(ret);
}

static void line(struct kdump *k, const char *name, uint64_t bytes, const char *why)
{
	kx_text_add(&k->out, "%-10s%8.1f MiB  %s\n", name, (double)bytes / (1 << 20), why);
}

static int estimate(struct kdump *k, struct kx_err *err)
{
	const char *kernel, *initrd;
	struct kernel_facts facts;
	struct estimate e;
	struct machine m;
	struct initrd in;
	uint64_t len;
	int r = machine_read(k, &m, err);

	if (r == 0)
		r = find_kernel(k, &m, &kernel, err);
	if (r == 0)
		r = find_initrd(k, &m, &initrd, err);
	if (r == 0)
		r = kernel_read(k, kernel, &facts, err);
	if (r == 0)
		r = initrd_open(k, initrd, &in, &len, err);
	if (r < 0)
		return r;
	estimate_of(k, &facts, &in, len, &e);
	kx_text_add(&k->out, "kernel %s, initrd %s\n", kernel, initrd);
	line(k, "kernel", e.kernel, "where it runs, as its header says");
	line(k, "initrd", e.initrd, "the file, in memory until it is unpacked");
	line(k, "unpacked", e.unpacked, "its files, in memory");
	line(k, "modules", e.modules, "of them loaded, as large as here");
	line(k, "runtime", e.runtime, "48 MiB for the kernel, 48 MiB for vmcore-dump and others");
	line(k, "pages", e.pages, "64 bytes of struct page for each 4 KiB of all this");
	line(k, "sum", e.total, "");
	if (m.reserved_known)
		line(k, "reserved", m.reserved, m.reserved >= e.total ? "enough" : "too little");
	kx_text_add(&k->out, "crashkernel=%" PRIu64 "M\n", e.crashkernel >> 20);
	return 0;
}

int verb_estimate(struct kdump *k, struct kx_err *err)
{
	return estimate(k, err) < 0 ? STATUS_FAILED : STATUS_OK;
}
