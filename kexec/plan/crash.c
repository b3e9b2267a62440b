/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that waits for a panic (-p): what it may not be combined with, the memory
 * it gets, and the core headers for its /proc/vmcore
 * (Documentation/admin-guide/kdump/kdump.rst).  Called by build.c, space.c and the
 * layouts.
 *
 * It is loaded into the reservation of the running kernel, "Crash kernel" in
 * /proc/iomem, and runs there: nothing is moved when it is entered.  Where there are
 * two, crashkernel=SIZE,high and its low part, only the high one is loaded into
 * (sanity_check_segment_list()), and both are the next kernel's RAM.
 */
#include <errno.h>
#include <inttypes.h>

#include "crash.h"
#include "kx/cmdline.h"
#include "kx/core-headers.h"
#include "kx/uapi.h"
#include "parcel.h"
#include "print.h"

/*
 * x86_64 kernels need some of it, whatever they are given.  Since 5.5 a kernel with a
 * reservation keeps its own hands off it: 6f599d84231f "x86/kdump: Always reserve the
 * low 1M when the crashkernel option is specified".
 */
#define LOW_END	0x100000u

/* ---- may it be? -------------------------------------------------------------------- */

int kx_crash_reserved(const struct kx_sources *s, struct kx_err *err)
{
	if (s->iomem_hidden)
		return kx_err_set(err, EPERM,
				  "-p: /proc/iomem shows no addresses (not root), so where the crash kernel's reservation is, is not known");
	if (!kx_range_empty(kx_crash_main(s)))
		return 0;
	if (s->cmdline && kx_cmdline_get(s->cmdline, "crashkernel", NULL))
		return kx_err_set(err, EADDRNOTAVAIL,
				  "-p: nothing is reserved for a crash kernel: expected 'Crash kernel' in /proc/iomem, have none, though the running kernel was given crashkernel= (its log says why, or the reservation was given back: /sys/kernel/kexec_crash_size)");
	return kx_err_set(err, EADDRNOTAVAIL,
			  "-p: nothing is reserved for a crash kernel: boot the running one with crashkernel=SIZE, which is not on its command line");
}

int kx_crash_check(const struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	const struct {
		bool given;
		const char *option, *why;
	} refused[] = {
		{ req->saved, "a saved core", "what is put back needs all memory" },
		{ req->resume, "--load-resume-entry", "a panic does not go back" },
		{ req->preserve, "--load-preserve-context", "nobody is left to come back to" },
		{ req->pack == KX_PACK_LZ4, "--pack=lz4",
		  "it is loaded where it runs" },
		{ req->stage == KX_STAGE_CRASHKERNEL, "--stage=crashkernel",
		  "it is loaded where it runs" },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (refused[i].given)
			return kx_err_set(err, EINVAL, "-p: not with %s: %s", refused[i].option,
					  refused[i].why);
	if (p->sources->crash_is_staged && p->sources->kexec_loaded.known &&
	    p->sources->kexec_loaded.value)
		return kx_err_set(err, EBUSY,
				  "-p: the reservation holds what is staged for kexec -e (kexec -u unloads it)");
	return kx_crash_reserved(p->sources, err);
}

/* ---- where? ------------------------------------------------------------------------ */

int kx_crash_space(struct kx_plan *p, struct kx_err *err)
{
	return kx_space_add(&p->space,
			    kx_range_shrink(kx_crash_main(p->sources), p->sources->page_size), err);
}

int kx_crash_check_left(const struct kx_plan *p, struct kx_err *err)
{
	uint64_t left = 0, want = kx_crash_control_len(p->sources);

	for (size_t i = 0; i < p->space.n; i++)
		left += kx_range_len(p->space.v[i].r);
	if (left < want)
		return kx_err_set(err, ENOSPC,
				  "the running kernel needs about 0x%" PRIx64
				  " bytes of the reservation for page tables of its own, and 0x%" PRIx64
				  " are left", want, left);
	return 0;
}

/* ---- core headers ------------------------------------------------------------------ */

/*
 * May, and shall, the running kernel write the headers anew when CPUs or memory come
 * and go (Documentation/ABI/testing/sysfs-devices-system-cpu, crash_hotplug)?  Where it
 * can, udev's rules for kdump count on it.
 */
static bool updates(const struct kx_plan *p)
{
	const struct kx_sources *s = p->sources;

	return s->elfcorehdr_size.known && s->elfcorehdr_size.value &&
	       (p->request->hotplug || s->crash_hotplug);
}

static void allow_updates(struct kx_plan *p, struct kx_segment *s)
{
	/* x86_64 took the first from 6.6 on; the other came with other architectures. */
	p->flags |= p->sources->machine == KX_MACHINE_X86_64 ? KX_LOAD_UPDATE_ELFCOREHDR :
							    KX_LOAD_CRASH_HOTPLUG;
	s->verify = false;
	kx_plan_note(p, "hotplug: the running kernel keeps the core headers up to date, so purgatory does not verify them");
}

static int headers_build(struct kx_plan *p, struct kx_core_headers *ret, struct kx_err *err)
{
	const struct kx_sources *s = p->sources;
	struct kx_range exclude[3];
	struct kx_core_headers_wish wish = { .exclude = exclude };

	for (size_t i = 0; i < s->crash_count; i++)
		exclude[wish.exclude_count++] = s->crash[i];
	if (s->machine == KX_MACHINE_X86_64)
		exclude[wish.exclude_count++] = (struct kx_range){ 0, LOW_END };
	return kx_core_headers_build(s, &wish, p->arena, ret, err);
}

int kx_crash_place_core(struct kx_plan *p, struct kx_err *err)
{
	struct kx_want want = {
		.name = "elfcorehdr", .align = KX_KEEP_ALIGN, .top_down = true,
	};
	struct kx_core_headers h;
	struct kx_segment *s;
	int rc;

	rc = headers_build(p, &h, err);
	if (rc < 0)
		return rc;
	want.size = h.len;
	if (updates(p) && p->sources->elfcorehdr_size.value > want.size)
		want.size = p->sources->elfcorehdr_size.value;
	rc = kx_plan_place(p, want, (struct kx_bytes){ h.blob, h.len },
			   "highest room: /proc/vmcore of the next kernel", NULL, err);
	if (rc < 0)
		return rc;
	s = kx_plan_segment(p, "elfcorehdr");
	p->own.core = s->range;
	if (updates(p))
		allow_updates(p, s);
	if (p->sources->core.crash_notes.n < p->sources->core.possible_cpus)
		kx_plan_note(p, "core: %zu of %" PRIu64 " CPUs that are possible have no notes: load again when they are there",
			     (size_t)p->sources->core.possible_cpus - p->sources->core.crash_notes.n,
			     p->sources->core.possible_cpus);
	return 0;
}
