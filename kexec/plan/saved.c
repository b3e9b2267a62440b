/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan of a saved core (kx/saved.h): the memory of a kernel that was saved,
 * put back by purgatory, and entered where it left off.  The order of decisions;
 * called by build.c.
 *
 * The running kernel loads the packed pages, mostly where the saved one has none,
 * and purgatory unpacks them into their places, whoever has these now.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/arch.h"
#include "print.h"
#include "saved.h"

/* What only makes sense for a kernel that starts; NULL if none is given. */
static const char *foreign_option(const struct kx_request *req)
{
	const struct { bool given; const char *name; } rows[] = {
		{ req->append, "--append" },
		{ req->reuse_cmdline, "--reuse-cmdline" },
		{ req->initrd_count, "--initrd" },
		{ req->dtb.path, "--dtb" },
		{ req->type, "--type" },
		{ req->preserve, "--load-preserve-context" },
		{ req->has_entry, "--entry" },
		{ req->hotplug, "--hotplug" },
		{ req->no_cma, "--no-cma" },
		{ req->pack != KX_PACK_AUTO, "--pack" },
		{ req->stage == KX_STAGE_CRASHKERNEL, "--stage=crashkernel" },
		{ req->x86.noefi, "--noefi" },
		{ req->x86.reuse_video_type, "--reuse-video-type" },
		{ req->x86.reset_vga, "--reset-vga" },
		{ req->x86.entry_32bit, "--entry-32bit" },
		{ req->x86.args != KX_ARGS_AUTO, "--args-linux and --args-none" },
		{ req->x86.pass_memmap_cmdline, "--pass-memmap-cmdline" },
		{ req->x86.force_dtb, "--force-dtb" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].given)
			return rows[i].name;
	return NULL;
}

static int choose_call(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	const char *name = foreign_option(req);

	if (name)
		return kx_err_set(err, EINVAL,
				  "%s is for a kernel that starts, and this is a saved core, whose kernel goes on",
				  name);
	if (req->call == KX_CALL_FILE)
		return kx_err_set(err, EINVAL,
				  "a saved core is put back by kexec_load only, and -s asks for kexec_file_load");
	p->call = KX_CALL_LOAD;
	p->call_why = "purgatory puts the saved memory into its place";
	p->fallback_why_not = p->call_why;
	p->flags = p->arch->kexec_arch;
	p->pack = p->request->saved->head.codec == KX_SAVED_RAW ? KX_PACK_NONE : KX_PACK_LZ4;
	p->pack_why = p->request->saved->head.codec == KX_SAVED_ZSTD ?
		      "purgatory cannot unpack zstd, so it is packed anew" :
		      "as the saved core has it";
	p->stage = KX_STAGE_KERNEL;
	p->stage_why = "purgatory moves it from there";
	return 0;
}

/* ---- how much ------------------------------------------------------------------------ */

/* Said before any place is looked for: no place would help. */
static int check_half(const struct saved_job *j, struct kx_err *err)
{
	const struct kx_sources *src = j->p->sources;
	char need[KX_SIZE_TEXT], half[KX_SIZE_TEXT];

	if (src->total_ram && j->bytes > src->total_ram / 2)
		return kx_err_set(err, ENOSPC,
				  "the saved core's packed pages take %s, and the kernel loads at most half of RAM, %s%s",
				  kx_size_text(j->bytes, need), kx_size_text(src->total_ram / 2, half),
				  j->core->head.codec == KX_SAVED_RAW ?
				  " (saved with --compress=lz4 it may take less)" : "");
	return 0;
}

static void note_memory(struct saved_job *j)
{
	const struct kx_sources *src = j->p->sources;
	uint64_t sum = kx_segments_sum(j->p->segment, j->p->segment_count);
	char need[KX_SIZE_TEXT], half[KX_SIZE_TEXT], have[KX_SIZE_TEXT];

	kx_plan_note(j->p, "memory: the kernel's copy takes %s; it loads at most half of RAM, %s, and has %s available%s",
		     kx_size_text(sum, need), kx_size_text(src->total_ram / 2, half),
		     kx_size_text(src->free_ram, have),
		     src->free_ram && sum > src->free_ram ? ", which may not suffice" : "");
	kx_size_text(j->bytes, need);
	if (j->core->head.codec == KX_SAVED_ZSTD)
		kx_plan_note(j->p, "memory: packed anew, the pages take another %s until they are loaded (a core saved with --compress=lz4 is loaded as it lies)",
			     need);
	else if (j->copied)
		kx_plan_note(j->p, "memory: the blocks are copied together to be few segments, which takes another %s until they are loaded",
			     need);
	if (j->room_count && j->room[0].written)
		kx_plan_note(j->p, "the core leaves no room that is large enough: %zu level%s of packed pages are loaded over places of its own",
			     j->room[j->room_count - 1].level,
			     j->room[j->room_count - 1].level == 1 ? "" : "s");
}

/* ---- the plan ---------------------------------------------------------------------------- */

static int build(struct saved_job *j, struct kx_err *err)
{
	struct kx_plan *p = j->p;
	int rc;

	rc = kx_plan_space(p, err);
	if (rc == 0)
		rc = saved_ram(j, err);
	if (rc == 0)
		rc = saved_runs(j, err);
	if (rc == 0)
		rc = saved_entry(j, err);
	if (rc == 0)
		rc = saved_holes(j, err);
	if (rc == 0)
		rc = saved_bytes(j, err);
	if (rc == 0)
		rc = check_half(j, err);
	if (rc == 0)
		rc = saved_place(j, err);
	if (rc == 0)
		rc = saved_list(j, err);
	if (rc == 0)
		rc = kx_plan_regions(p, err);
	if (rc == 0)
		rc = saved_place_purgatory(j, "unpacks the others, then enters the saved kernel", err);
	if (rc == 0)
		rc = kx_plan_check(p, err);
	/* What takes long comes last: every byte is hashed. */
	if (rc == 0)
		rc = saved_verify(j, err);
	if (rc < 0)
		return rc;
	note_memory(j);
	return kx_plan_seal(p, err);
}

int kx_plan_build_saved(struct kx_plan *p, struct kx_err *err)
{
	struct saved_job j = { .p = p, .core = p->request->saved };
	int rc;

	p->saved = j.core;
	p->cmdline = "";
	p->release = j.core->contexts.context.release;
	rc = choose_call(p, err);
	if (rc == 0)
		rc = kx_saved_same(p, err);
	if (rc == 0)
		rc = p->arch->enter_saved(p, err);
	if (rc == 0)
		rc = build(&j, err);
	if (rc < 0)
		kx_err_wrap(err, "%s", p->request->kernel.path);
	return rc;
}
