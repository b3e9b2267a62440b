/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for a plan's numbers.  Called by text.c, json.c and svg.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"

const char *kx_size_text(uint64_t bytes, char buf[KX_SIZE_TEXT])
{
	static const char *const unit[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t whole = bytes, rest = 0;
	unsigned int u = 0;

	while (whole >= 1024) {
		rest = whole % 1024;
		whole /= 1024;
		u++;
	}
	if (rest && whole < 100)
		snprintf(buf, KX_SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %s", whole, rest * 10 / 1024,
			 unit[u]);
	else
		snprintf(buf, KX_SIZE_TEXT, "%" PRIu64 " %s", whole, unit[u]);
	return buf;
}

const char *kx_call_name(enum kx_call call)
{
	return call == KX_CALL_FILE ? "kexec_file_load" : "kexec_load";
}

const char *kx_console_name(uint32_t kind)
{
	static const char *const name[] = {
		[PURG_CONSOLE_NONE] = "none",
		[PURG_CONSOLE_8250_PORT] = "8250 port",
		[PURG_CONSOLE_8250_MMIO] = "8250 MMIO",
		[PURG_CONSOLE_PL011] = "PL011",
		[PURG_CONSOLE_VGA_TEXT] = "VGA text",
	};

	return kind < sizeof(name) / sizeof(name[0]) ? name[kind] : "unknown";
}

const char *kx_entry_name(uint32_t kind)
{
	static const char *const name[] = {
		[PURG_ENTRY_NONE] = "none",
		[PURG_ENTRY_ARM64] = "arm64 (booting.rst)",
		[PURG_ENTRY_X86_64] = "x86_64, 64-bit boot protocol",
		[PURG_ENTRY_X86_32] = "x86_64, 32-bit boot protocol",
		[PURG_ENTRY_CALL] = "a function that returns",
		[PURG_ENTRY_RETURN] = "back to the kernel that jumped here",
		[PURG_ENTRY_RESTORE] = "x86_64, a saved kernel",
		[PURG_ENTRY_STAGED] = "none: a staged payload",
	};

	return kind < sizeof(name) / sizeof(name[0]) ? name[kind] : "unknown";
}

const char *kx_paging_name(uint32_t paging)
{
	return paging == PURG_PAGING_4LEVEL ? "4-level" :
	       paging == PURG_PAGING_5LEVEL ? "5-level" : NULL;
}

const char *kx_resume_source(const struct kx_plan *p)
{
	return p->request->has_resume_entry ? "--load-resume-entry" : p->sources->peer.source;
}

const char *kx_on_fail_name(uint32_t on_fail)
{
	return on_fail == PURG_FAIL_HALT ? "halt" : "reset";
}

const char *kx_pack_name(enum kx_pack pack)
{
	return pack == KX_PACK_LZ4 ? "lz4" : "none";
}

const char *kx_stage_name(enum kx_stage stage)
{
	return stage == KX_STAGE_CRASHKERNEL ? "crashkernel" : "kernel";
}

const char *kx_context_name(const struct kx_request *req)
{
	return kx_request_keeps(req) ? "snapshot" : "jump";
}

const char *kx_codec_name(uint32_t codec)
{
	static const char *const name[] = {
		[PURG_CODEC_RAW] = "raw",
		[PURG_CODEC_ZERO] = "zero",
		[PURG_CODEC_LZ4] = "lz4",
	};

	return codec < sizeof(name) / sizeof(name[0]) ? name[codec] : "unknown";
}

bool kx_segment_verified(const struct kx_plan *p, const struct kx_segment *s)
{
	for (uint32_t i = 0; i < p->param.region_count; i++)
		if (p->param.region[i].pa == s->range.start)
			return p->param.region[i].flags &
			       (PURG_REGION_VERIFY | PURG_REGION_VERIFY_AFTER);
	return false;
}
