/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel as the next one's /proc/vmcore, when it is preserved or has
 * panicked: core headers (kx/core-headers.h in the window; kx/keep.h; plan/crash.c), and
 * elfcorehdr= for them (Documentation/admin-guide/kdump/kdump.rst).  Called by x86_64.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/cmdline.h"
#include "kx/core-headers.h"
#include "x86_64.h"

/*
 * The backup map has room for a run for each page of the next kernel's, until
 * the note would be longer than a kernel reads: more is 512 MiB of single pages.
 */
#define RUNS_MAX	0x20000u

static int build(struct kx_plan *p, struct kx_core_headers *ret, struct kx_err *err)
{
	const struct kx_own *own = &p->own;
	struct kx_range exclude[KX_OWN_LOW_MAX + 1];
	struct kx_core_headers_wish wish = { .exclude = exclude };
	struct kx_context context;

	kx_context_init(&context, p->sources);
	context.source = CONTEXT_SOURCE_JUMP;
	context.entry_kind = CONTEXT_ENTRY_JUMP_X86_64;
	context.window = own->window;
	wish.context = &context;
	wish.machine = p->sources->machine_note;
	/* What is there when the next kernel looks is its own. */
	for (size_t i = 0; i < own->low_count; i++)
		exclude[wish.exclude_count++] = own->low[i];
	exclude[wish.exclude_count++] = own->window;
	for (size_t i = 0; i < wish.exclude_count; i++)
		wish.runs_max += kx_range_len(exclude[i]) / p->sources->page_size;
	if (wish.runs_max > RUNS_MAX)
		wish.runs_max = RUNS_MAX;
	return kx_core_headers_build(p->sources, &wish, p->arena, ret, err);
}

static int add_word(struct kx_plan *p, uint64_t pa, struct kx_err *err)
{
	char *word = kx_arena_printf(p->arena, "elfcorehdr=0x%" PRIx64, pa);
	const char *rest = kx_cmdline_remove(p->arena, p->cmdline, "elfcorehdr");

	/* In front: what follows "--" is for init. */
	p->cmdline = word && rest ? kx_cmdline_join(p->arena, word, rest) : NULL;
	return p->cmdline ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}

/* --pass-memmap-cmdline: the map that is in boot_params a second time, as words. */
static int add_memmap(struct kx_plan *p, struct kx_err *err)
{
	static const char sign[] = {
		[KX_MEM_RAM] = '@', [KX_MEM_ACPI] = '#', [KX_MEM_NVS] = '#',
		[KX_MEM_RESERVED] = '$', [KX_MEM_OTHER] = '$', [KX_MEM_PMEM] = '!',
		[KX_MEM_UNUSABLE] = '$', [KX_MEM_PRAM] = '!', [KX_MEM_SOFT_RESERVED] = '$',
	};
	const char *words = "memmap=exactmap";
	struct kx_memmap map;
	int rc;

	if (!p->request->crash || !p->request->x86.pass_memmap_cmdline)
		return 0;
	rc = kx_x86_e820_map(p, &map, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; words && i < map.n; i++)
		words = kx_arena_printf(p->arena, "%s memmap=0x%" PRIx64 "%c0x%" PRIx64, words,
					kx_range_len(map.v[i].r), sign[map.v[i].type],
					map.v[i].r.start);
	p->cmdline = words ? kx_cmdline_join(p->arena, words, p->cmdline) : NULL;
	return p->cmdline ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}

static int place_crash(struct kx_plan *p, struct kx_err *err)
{
	int rc = kx_crash_place_core(p, err);

	if (rc == 0)
		rc = add_word(p, p->own.core.start, err);
	return rc < 0 ? rc : add_memmap(p, err);
}

int kx_x86_place_core(struct kx_plan *p, struct kx_err *err)
{
	struct kx_want want = { .name = "elfcorehdr", .top_down = true };
	struct kx_core_headers h;
	struct kx_segment *s;
	uint64_t pa;
	int rc;

	if (p->request->crash)
		return place_crash(p, err);
	if (kx_request_keeps(p->request)) {
		rc = kx_keep_place(p, &p->own.core, err);
		return rc < 0 ? rc : add_word(p, p->own.core.start, err);
	}
	rc = build(p, &h, err);
	if (rc == 0)
		rc = kx_plan_place(p, want, (struct kx_bytes){ h.blob, h.len },
				   "top of the window: /proc/vmcore of this kernel", &pa, err);
	if (rc < 0)
		return rc;
	kx_core_headers_place(&h, pa);
	s = kx_plan_segment(p, "elfcorehdr");
	/* What is filled in before the next kernel starts is behind the headers. */
	s->verify_len = h.context_off - CONTEXT_NOTE_DESC;
	p->own.core = s->range;
	p->param.context_pa = pa + h.context_off;
	p->param.state_pa = pa + h.state_off;
	p->param.map_pa = pa + h.map_off;
	p->param.map_len = h.map_len;
	return add_word(p, pa, err);
}
