/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From request, facts and files to a plan: the order of decisions.
 * Called by verb-load.c; everything it calls is pure.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "crash.h"
#include "kx/arch.h"
#include "kx/cmdline.h"
#include "kx/uapi.h"
#include "parcel.h"

/*
 * Words of a running command line that describe how *this* kernel was started
 * and would be wrong for the next one.  crashkernel= stays: the next kernel
 * wants its reservation too, unless it is a crash kernel.
 */
static const char *const stale_words[] = {
	"BOOT_IMAGE", "elfcorehdr", "kexec_jump_back_entry", NULL
};

static const char *reused_words(struct kx_plan *p)
{
	const char *line = p->sources->cmdline ? p->sources->cmdline : "";

	for (size_t i = 0; line && stale_words[i]; i++)
		line = kx_cmdline_remove(p->arena, line, stale_words[i]);
	if (line && p->request->crash)
		line = kx_cmdline_remove(p->arena, line, "crashkernel");
	return line;
}

static int type_check(const struct kx_request *req, const struct kx_payload *payload,
		      const struct kx_image *image, struct kx_err *err)
{
	if (!req->type)
		return 0;
	for (size_t i = 0; i < payload->layer_count; i++)
		if (strcmp(req->type, payload->layer[i]) == 0)
			return 0;
	for (size_t i = 0; image->format->type_names[i]; i++)
		if (strcmp(req->type, image->format->type_names[i]) == 0)
			return 0;
	return kx_err_set(err, ENOEXEC, "wrong file type %s, the file is %s",
			  req->type, image->format->name);
}

static int build_cmdline(struct kx_plan *p, const struct kx_payload *payload, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	const char *line = req->append;

	if (req->reuse_cmdline) {
		const char *reused = reused_words(p);

		if (!reused)
			return kx_err_set(err, ENOMEM, "out of memory");
		line = line ? kx_cmdline_join(p->arena, reused, line) : reused;
		if (!line)
			return kx_err_set(err, ENOMEM, "out of memory");
	} else if (!line && payload->cmdline.len) {
		line = kx_arena_printf(p->arena, "%.*s", (int)payload->cmdline.len,
				       (const char *)payload->cmdline.data);
		if (!line)
			return kx_err_set(err, ENOMEM, "out of memory");
		kx_plan_note(p, "command line: taken from the UKI");
	} else if (payload->cmdline.len) {
		kx_plan_note(p, "command line: the one given replaces the UKI's");
	}
	p->cmdline = line ? line : "";
	if (strlen(p->cmdline) >= p->arch->cmdline_max)
		return kx_err_set(err, E2BIG,
				  "command line: %zu characters, and an %s kernel takes at most %u",
				  strlen(p->cmdline), p->arch->name, p->arch->cmdline_max - 1);
	return 0;
}

/*
 * Initrds one behind the other, each padded to 4 bytes: cpio archives start
 * aligned (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
static int join_initrds(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	size_t total = 0, at = 0;
	uint8_t *buf;

	for (size_t i = 0; i < req->initrd_count; i++) {
		size_t len = req->initrd[i].bytes.len;

		if (__builtin_add_overflow(total, kx_align_up(len, 4), &total))
			return kx_err_set(err, E2BIG, "initrds: their sizes add up to more than 2^64");
	}
	buf = kx_arena_alloc_raw(p->arena, total);
	if (!buf)
		return kx_err_set(err, ENOMEM, "initrds: no memory for 0x%zx bytes", total);
	for (size_t i = 0; i < req->initrd_count; i++) {
		struct kx_bytes b = req->initrd[i].bytes;

		memcpy(buf + at, b.data, b.len);
		memset(buf + at + b.len, 0, kx_align_up(b.len, 4) - b.len);
		at += kx_align_up(b.len, 4);
		kx_arena_release(p->arena, b.data);
	}
	p->initrd = (struct kx_bytes){ buf, total };
	kx_plan_note(p, "initrd: %zu files, one behind the other", req->initrd_count);
	return 0;
}

static int build_initrd(struct kx_plan *p, const struct kx_payload *payload, struct kx_err *err)
{
	const struct kx_request *req = p->request;

	p->initrd_fd = -1;
	for (size_t i = 0; i < req->initrd_count; i++)
		if (req->initrd[i].bytes.len == 0)
			return kx_err_set(err, EINVAL, "%s: the initrd is empty",
					  req->initrd[i].path);
	if (req->initrd_count == 0) {
		p->initrd = payload->initrd;
		if (p->initrd.len)
			kx_plan_note(p, "initrd: taken from the UKI");
		return 0;
	}
	if (payload->initrd.len)
		kx_plan_note(p, "initrd: the one given replaces the UKI's");
	if (req->initrd_count > 1)
		return join_initrds(p, err);
	p->initrd = req->initrd[0].bytes;
	p->initrd_fd = req->initrd[0].fd;
	return 0;
}

/* What kexec_file_load takes; filled in every plan, for the fallback. */
static void build_file(struct kx_plan *p, const struct kx_payload *payload)
{
	const struct kx_request *req = p->request;

	p->file_kernel = payload->kernel;
	/* An unwrapped file keeps its descriptor, and with it xattrs and IMA's view. */
	p->file_use_fd = payload->layer_count == 0 && req->kernel.fd >= 0;
	if (!p->initrd.len)
		p->file_flags |= KX_FILE_NO_INITRAMFS;
	if (req->no_cma)
		p->file_flags |= KX_FILE_NO_CMA;
	if (req->x86.force_dtb)
		p->file_flags |= KX_FILE_FORCE_DTB;
	if (req->crash)
		p->file_flags |= KX_FILE_ON_CRASH;
}

/* A kernel that is kept in memory is no reason to confine the next one. */
static int check_keep(const struct kx_request *req, struct kx_err *err)
{
	if (!kx_request_keeps(req))
		return 0;
	if (!req->keep)
		return kx_err_set(err, EINVAL, "--context=snapshot: nothing says what is kept");
	if (req->window_size)
		return kx_err_set(err, EINVAL,
				  "--window is for --context=jump: a kernel that is kept in memory leaves the next one all the rest");
	return 0;
}

/* @image is NULL when no kernel is loaded. */
static int lay_out(struct kx_plan *p, const struct kx_image *image, struct kx_err *err)
{
	if (image)
		return p->arch->layout(p, image, err);
	if (p->request->resume)
		return p->arch->layout_resume(p, err);
	return p->arch->layout_call(p, err);
}

static void wrap_crash(const struct kx_plan *p, struct kx_err *err)
{
	struct kx_range r = kx_crash_main(p->sources);

	kx_err_wrap(err, "in the crash kernel's reservation [0x%" PRIx64 "-0x%" PRIx64 ")",
		    r.start, r.end);
}

static int build_load(struct kx_plan *p, const struct kx_image *image, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	struct kx_parcel parcel;
	int rc;

	p->flags = p->arch->kexec_arch | (req->crash ? KX_LOAD_ON_CRASH : 0);
	rc = kx_plan_space(p, err);
	if (rc < 0)
		return rc;
	rc = lay_out(p, image, err);
	if (rc == -ENOSPC && !kx_range_empty(p->own.window))
		kx_err_wrap(err, "in the window [0x%" PRIx64 "-0x%" PRIx64 ")",
			    p->own.window.start, p->own.window.end);
	else if (rc == -ENOSPC && (!kx_request_swaps(req) || !image) &&
		 (req->mem_min || req->mem_max != UINT64_MAX))
		kx_err_wrap(err, "between --mem-min=0x%" PRIx64 " and --mem-max=0x%" PRIx64,
			    req->mem_min, req->mem_max);
	if (rc == 0)
		rc = kx_plan_pack(p, &parcel, err);
	if (rc == 0)
		rc = kx_plan_stage(p, &parcel, err);
	if (rc == 0)
		rc = kx_plan_regions(p, err);
	if (rc == 0)
		rc = kx_plan_place_purgatory(p, err);
	if (rc == 0 && req->crash)
		rc = kx_crash_check_left(p, err);
	/* Now that it has its place, what is only mapped is mapped around it. */
	if (rc == 0 && !image)
		rc = kx_plan_regions(p, err);
	if (rc == 0 && !kx_range_empty(p->own.window))
		rc = kx_plan_window_fill(p, err);
	if (rc == -ENOSPC && req->crash)
		wrap_crash(p, err);
	if (rc < 0)
		return rc;
	if (req->has_entry) {
		p->entry = req->entry;
		kx_plan_note(p, "--entry bypasses purgatory: nothing is verified");
	}
	/* Hashing takes longest, and needs nothing that the checks refuse. */
	rc = kx_plan_check(p, err);
	if (rc < 0)
		return rc;
	return kx_plan_seal(p, err);
}

/* No kernel: only something that returns to the running one. */
static int build_without_kernel(struct kx_plan *p, struct kx_err *err)
{
	int rc;

	p->cmdline = "";
	rc = kx_plan_choose_call(p, NULL, err);
	return rc < 0 ? rc : build_load(p, NULL, err);
}

int kx_plan_build(const struct kx_request *req, const struct kx_sources *src,
		  struct kx_arena *a, struct kx_plan *ret, struct kx_err *err)
{
	struct kx_payload *payload = kx_arena_alloc(a, sizeof(*payload));
	struct kx_image *image = kx_arena_alloc(a, sizeof(*image));
	int rc;

	if (!payload || !image)
		return kx_err_set(err, ENOMEM, "out of memory");
	*ret = (struct kx_plan){
		.arch = &kx_archs[src->machine],
		.arena = a,
		.request = req,
		.sources = src,
		.initrd_fd = -1,
	};
	rc = req->crash ? kx_crash_check(ret, err) : 0;
	if (rc < 0)
		return rc;
	if (req->saved)
		return kx_plan_build_saved(ret, err);
	if (req->resume && src->peer.kept)
		return kx_plan_build_put_back(ret, err);
	if (req->function.path || req->resume)
		return build_without_kernel(ret, err);
	ret->payload = payload;
	rc = check_keep(req, err);
	if (rc < 0)
		return rc;
	rc = kx_container_peel(req->kernel.bytes, a, payload, err);
	if (rc == 0)
		rc = kx_image_parse(payload->kernel, a, image, err);
	if (rc == 0)
		rc = type_check(req, payload, image, err);
	if (rc < 0) {
		kx_err_wrap(err, "%s", req->kernel.path);
		return rc;
	}
	ret->format = image->format;
	ret->release = image->release;
	if (image->machine != src->machine)
		return kx_err_set(err, ENOEXEC, "%s: is a kernel for %s, and this machine is %s",
				  req->kernel.path, kx_machine_name(image->machine),
				  kx_machine_name(src->machine));
	rc = build_cmdline(ret, payload, err);
	if (rc == 0)
		rc = build_initrd(ret, payload, err);
	if (rc == 0)
		rc = kx_plan_choose_call(ret, image, err);
	if (rc < 0)
		return rc;
	build_file(ret, payload);
	if (req->crash)
		kx_crash_fit(ret, image);
	return ret->call == KX_CALL_LOAD ? build_load(ret, image, err) : 0;
}
