/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * -u: forget the loaded kernel, with -p the crash kernel.  Called by main.c.
 */
#include <errno.h>

#include "kx/sys.h"
#include "verb.h"

int verb_unload(struct kexec *k)
{
	int r = kx_commit_unload(&k->src, k->o.req.crash, k->o.req.call, &k->err);

	if (r == -ENOSYS && k->o.req.call == KX_CALL_FILE)
		return STATUS_NO_FILE_LOAD;
	return r < 0 ? STATUS_FAILED : STATUS_OK;
}
