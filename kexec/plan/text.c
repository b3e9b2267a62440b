/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plan for people: --plan, and -d on standard error.
 *
 * Not a promise: programs read --plan=json.  Called by verb-load.c.
 */
#include <inttypes.h>
#include <string.h>

#include "kx/arch.h"
#include "print.h"

#define LABEL	"%-13s"

static void print_machine(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_sources *s = p->sources;
	char ram[KX_SIZE_TEXT], page[KX_SIZE_TEXT];

	kx_text_add(t, LABEL "%s running %s, %s of RAM, pages of %s\n", "machine",
		    p->arch->name, *s->release ? s->release : "an unknown kernel",
		    s->total_ram ? kx_size_text(s->total_ram, ram) : "an unknown amount",
		    kx_size_text(s->page_size, page));
	if (s->firmware_source)
		kx_text_add(t, LABEL "%s\n", "memory map", s->firmware_source);
}

/* Whom it goes back to. */
static void print_peer(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_peer *peer = kx_plan_peer(p);

	/* Of one that is kept in memory all is said already. */
	if (!p->request->resume || p->saved)
		return;
	kx_text_add(t, LABEL "%s at 0x%" PRIx64 ", from %s", "returns to",
		    peer && *peer->release ? peer->release : "a kernel that sleeps", p->param.pc,
		    kx_resume_source(p));
	if (peer && !kx_range_empty(peer->window))
		kx_text_add(t, "; it confined this one to 0x%" PRIx64 " - 0x%" PRIx64,
			    peer->window.start, peer->window.end);
	kx_text_add(t, "\n");
}

static void print_inputs(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_request *req = p->request;
	char size[KX_SIZE_TEXT];

	if (p->saved) {
		kx_saved_print_text(p, t);
		return;
	}
	if (req->resume)
		return;
	if (!p->payload) {
		kx_text_add(t, LABEL "%s, %s\n", "function", req->function.path,
			    kx_size_text(req->function.bytes.len, size));
		return;
	}
	kx_text_add(t, LABEL "%s: ", "kernel", req->kernel.path);
	for (size_t i = 0; i < p->payload->layer_count; i++)
		kx_text_add(t, "%s > ", p->payload->layer[i]);
	kx_text_add(t, "%s, %s\n", p->format->name,
		    kx_size_text(p->payload->kernel.len, size));

	if (p->initrd.len) {
		kx_text_add(t, LABEL, "initrd");
		for (size_t i = 0; i < req->initrd_count; i++)
			kx_text_add(t, "%s%s", i ? " + " : "", req->initrd[i].path);
		kx_text_add(t, "%s, %s\n", req->initrd_count ? "" : "from the kernel file",
			    kx_size_text(p->initrd.len, size));
	} else {
		kx_text_add(t, LABEL "none\n", "initrd");
	}
	if (req->dtb.path)
		kx_text_add(t, LABEL "%s\n", "device tree", req->dtb.path);
	kx_text_add(t, LABEL "\"%s\"\n", "command line", p->cmdline);
}

static void print_call(const struct kx_plan *p, struct kx_text *t)
{
	enum kx_call other = p->call == KX_CALL_FILE ? KX_CALL_LOAD : KX_CALL_FILE;
	uint64_t flags = p->call == KX_CALL_FILE ? p->file_flags : p->flags;

	kx_text_add(t, LABEL "%s, flags 0x%" PRIx64 ": %s\n", "system call",
		    kx_call_name(p->call), flags, p->call_why);
	if (p->fallback_allowed)
		kx_text_add(t, LABEL "%s\n", "if refused", kx_call_name(other));
	else
		kx_text_add(t, LABEL "no other: %s\n", "if refused",
			    p->fallback_why_not ? p->fallback_why_not : "there is none");
}

/* Staging only where it is out of the ordinary, or was asked for. */
static void print_choices(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_request *req = p->request;

	if (p->pack_why)
		kx_text_add(t, LABEL "%s: %s\n", "packing", kx_pack_name(p->pack), p->pack_why);
	if (p->stage_why && (p->stage == KX_STAGE_CRASHKERNEL || req->stage != KX_STAGE_AUTO))
		kx_text_add(t, LABEL "%s: %s\n", "staging", kx_stage_name(p->stage),
			    p->stage_why);
}

/* What the next kernel may use, the running one being preserved. */
static void print_own(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_own *own = &p->own;
	char size[KX_SIZE_TEXT];

	if (kx_range_empty(own->window))
		return;
	kx_text_add(t, LABEL "0x%" PRIx64 " - 0x%" PRIx64 ", %s: %s\n", "window",
		    own->window.start, own->window.end,
		    kx_size_text(kx_range_len(own->window), size), own->why);
	kx_text_add(t, LABEL, "low memory");
	for (size_t i = 0; i < own->low_count; i++)
		kx_text_add(t, "%s0x%" PRIx64 " - 0x%" PRIx64, i ? ", " : "", own->low[i].start,
			    own->low[i].end);
	kx_text_add(t, "\n");
}

static void print_crash(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_sources *s = p->sources;
	char size[KX_SIZE_TEXT];

	if (!p->request->crash)
		return;
	kx_text_add(t, LABEL, "reservation");
	for (size_t i = s->crash_count; i--;)
		kx_text_add(t, "0x%" PRIx64 " - 0x%" PRIx64 ", %s%s", s->crash[i].start,
			    s->crash[i].end, kx_size_text(kx_range_len(s->crash[i]), size),
			    i ? ", and " : "\n");
}

/* How the running kernel comes back, and what is kept of it until then. */
static void print_context(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_request *req = p->request;
	const struct kx_keep *keep = req->keep;
	char size[KX_SIZE_TEXT];
	uint64_t all = 0;

	if (req->context_why && req->preserve)
		kx_text_add(t, LABEL "%s: %s\n", "comes back", kx_context_name(req), req->context_why);
	if (!kx_request_keeps(req) || !keep)
		return;
	for (size_t i = 0; i < keep->area_count; i++)
		all += kx_range_len(keep->area[i]);
	kx_text_add(t, LABEL "%s%" PRIu64 " pages in %zu area%s, %s together\n", "kept",
		    keep->run ? "" : "about ", keep->page_count, keep->area_count,
		    keep->area_count == 1 ? "" : "s", kx_size_text(all, size));
}

/* @head, @bytes: of the columns that name the rows and what is in them. */
static void print_table(const struct kx_segment *v, size_t n, const char *head,
			const char *bytes, struct kx_text *t)
{
	char loaded[KX_SIZE_TEXT], room[KX_SIZE_TEXT];

	kx_text_add(t, "\n%-12s %-35s %10s %10s  %s\n", head, "physical memory", bytes, "room",
		    "why there");
	for (size_t i = 0; i < n; i++) {
		const struct kx_segment *s = &v[i];

		kx_text_add(t, "%-12s 0x%014" PRIx64 " - 0x%014" PRIx64 " %10s %10s  %s%s\n",
			    s->name, s->range.start, s->range.end,
			    kx_size_text(s->buf.len, loaded),
			    kx_size_text(kx_range_len(s->range), room), s->why ? s->why : "",
			    s->removable ? " (can be hot-removed!)" : "");
	}
	kx_text_add(t, "%-12s %-35s %10s %10s\n", "sum", "", "",
		    kx_size_text(kx_segments_sum(v, n), room));
}

static void print_segments(const struct kx_plan *p, struct kx_text *t)
{
	print_table(p->segment, p->segment_count, "segment", "loaded", t);
	if (p->staged_count)
		print_table(p->staged, p->staged_count, "staged", "loaded", t);
	if (p->target_count)
		print_table(p->target, p->target_count, "unpacked", "bytes", t);
}

static void print_console(const struct kx_plan *p, struct kx_text *t)
{
	const struct purg_param *param = &p->param;

	kx_text_add(t, LABEL, "console");
	for (uint32_t i = 0; i < param->console_count; i++)
		kx_text_add(t, "%s%s at 0x%" PRIx64, i ? ", " : "",
			    kx_console_name(param->console[i].kind), param->console[i].addr);
	if (!param->console_count)
		kx_text_add(t, "none: purgatory is silent");
	else if (p->sources->console_source)
		kx_text_add(t, " (%s)", p->sources->console_source);
	kx_text_add(t, "\n");
}

static void print_unpacks(const struct kx_plan *p, struct kx_text *t)
{
	if (!p->target_count && !p->saved)
		return;
	kx_text_add(t, LABEL, "unpacks");
	if (p->saved)
		kx_text_add(t, "the %s, to %zu range%s", p->saved->kept_pa ? "kept pages" : "saved core",
			    p->home_count, p->home_count == 1 ? "" : "s");
	for (size_t i = 0; i < p->target_count; i++)
		kx_text_add(t, "%s%s", i ? ", " : "", p->target[i].name);
	kx_text_add(t, " (%zu record%s)\n", p->unpack_count, p->unpack_count == 1 ? "" : "s");
}

/* Names of those that are verified, behind others if there are @any; any now? */
static bool print_verified(const struct kx_plan *p, const struct kx_segment *v, size_t n,
			   bool any, struct kx_text *t)
{
	for (size_t i = 0; i < n; i++) {
		if (!kx_segment_verified(p, &v[i]))
			continue;
		kx_text_add(t, "%s%s", any ? ", " : "", v[i].name);
		any = true;
	}
	return any;
}

static void print_purgatory(const struct kx_plan *p, struct kx_text *t)
{
	const struct purg_param *param = &p->param;
	unsigned int regs = param->entry_kind == PURG_ENTRY_ARM64 ? 4 :
			    param->entry_kind == PURG_ENTRY_CALL ? 3 :
			    param->entry_kind == PURG_ENTRY_RESTORE ? 2 :
			    param->entry_kind == PURG_ENTRY_RETURN ||
			    param->entry_kind == PURG_ENTRY_WOKEN ? 0 : 1;
	const char *paging = kx_paging_name(param->paging);
	bool any;

	kx_text_add(t, "\n" LABEL "0x%" PRIx64 "%s\n", "entry", p->entry,
		    p->request->has_entry ? " (--entry: purgatory is bypassed)" : " (purgatory)");
	if (p->staged_count)
		kx_text_add(t, LABEL "0x%" PRIx64 " (the staged purgatory)\n", "if it panics",
			    p->staged_entry);
	print_unpacks(p, t);
	kx_text_add(t, LABEL, "verifies");
	any = print_verified(p, p->segment, p->segment_count, false, t);
	any = print_verified(p, p->staged, p->staged_count, any, t);
	any = print_verified(p, p->target, p->target_count, any, t);
	any = kx_kept_print_verified(p, any, t);
	if (p->part_count)
		kx_text_add(t, "%sthe saved core in %zu part%s", any ? ", " : "", p->part_count,
			    p->part_count == 1 ? "" : "s");
	any |= p->part_count > 0;
	if (any)
		kx_text_add(t, " (SHA-256, on mismatch: %s)\n", kx_on_fail_name(param->on_fail));
	else
		kx_text_add(t, "nothing\n");
	print_console(p, t);
	kx_text_add(t, LABEL "0x%" PRIx64 ", %s", regs == 3 ? "calls" : "hands over", param->pc,
		    kx_entry_name(param->entry_kind));
	if (paging)
		kx_text_add(t, ", in %s paging", paging);
	for (unsigned int i = 0; i < regs; i++)
		kx_text_add(t, "%s0x%" PRIx64, i ? ", " : ", arguments ", param->reg[i]);
	kx_text_add(t, "\n");
	if (param->result_pa)
		kx_text_add(t, LABEL "0x%" PRIx64 ", in a page of this process\n", "result at",
			    param->result_pa);
}

void kx_plan_print_text(const struct kx_plan *p, struct kx_text *t)
{
	print_machine(p, t);
	print_inputs(p, t);
	print_peer(p, t);
	print_call(p, t);
	print_choices(p, t);
	print_own(p, t);
	print_crash(p, t);
	print_context(p, t);
	if (p->call == KX_CALL_LOAD) {
		print_segments(p, t);
		print_purgatory(p, t);
	} else {
		kx_text_add(t, LABEL "the kernel's own loader places the segments\n", "segments");
	}
	if (p->note_count)
		kx_text_add(t, "\nnotes\n");
	for (size_t i = 0; i < p->note_count; i++)
		kx_text_add(t, "- %s\n", p->note[i]);
}
