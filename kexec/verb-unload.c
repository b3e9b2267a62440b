/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * -u: forget the loaded kernel, with -p the crash kernel; either with the other
 * if that is a payload staged for it.  Called by main.c.
 */
#include <errno.h>

#include "kx/sys.h"
#include "verb.h"

int verb_unload(struct kexec *k)
{
	bool crash = k->o.req.crash;
	struct kx_err left = { 0 };
	int r = kx_commit_unload(&k->src, crash, k->o.req.call, &left, &k->err);

	if (r == -ENOSYS && k->o.req.call == KX_CALL_FILE)
		return STATUS_NO_FILE_LOAD;
	if (r < 0)
		return STATUS_FAILED;
	if (left.code)
		kexec_warn("unloaded, but: %s", left.text);
	if (crash && k->src.crash_is_staged)
		kexec_warn("there was no crash kernel, but the payload staged for kexec -e:"
			   " both it and the kernel loaded with it are unloaded");
	return STATUS_OK;
}
