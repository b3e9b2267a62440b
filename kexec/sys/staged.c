/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark "staged": what is loaded as crash image is a payload of ours (kexec -l
 * --stage=crashkernel).  It counts only while the kernel says that a crash image
 * is loaded.
 */
#include <errno.h>

#include "facts.h"
#include "kx/sys.h"
#include "mark.h"
#include "staged.h"

#define MARK	"staged"

int kx_staged_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	const char *text;
	bool set;
	int r = kx_mark_read(s->root, MARK, a, &set, &text, err);

	if (r < 0)
		return r;
	s->crash_is_staged = set && !*text && s->crash_loaded.known && s->crash_loaded.value;
	return 0;
}

bool kx_staged_any_image(const char *root)
{
	uint64_t loaded = 0;

	if (kx_root_u64(root, 10, &loaded, NULL, "sys/kernel/kexec_crash_loaded") < 0 &&
	    kx_root_u64(root, 10, &loaded, NULL, "sys/kernel/kexec/crash_loaded") < 0)
		return false;
	return loaded;
}

int kx_staged_write(const char *root, struct kx_err *err)
{
	return kx_mark_write(root, MARK, "", err);
}

int kx_staged_remove(const char *root, struct kx_err *err)
{
	return kx_mark_remove(root, MARK, err);
}
