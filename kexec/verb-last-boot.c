/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --last-boot: where the time of the reboot into this kernel went, from the
 * record that purgatory left.
 *
 * The JSON is a promise: doc/plan-json.md describes schema "kexec-last-boot/1".
 * Called by main.c.
 */
#include <errno.h>

#include "kx/sys.h"
#include "verb.h"

int verb_last_boot(struct kexec *k)
{
	struct kx_last_boot boot;
	struct kx_text t;
	int r;

	r = kx_last_boot_read(&k->src, &k->arena, &boot, &k->err);
	if (r == -ENOENT || r == -ENODATA)
		return STATUS_NO_RECORD;
	if (r < 0)
		return STATUS_FAILED;
	kx_text_init(&t, &k->arena);
	if (k->o.last_boot == OUTPUT_JSON)
		kx_last_boot_print_json(&boot, &t);
	else
		kx_last_boot_print_text(&boot, &t);
	return kexec_print(&t, false, &k->err) < 0 ? STATUS_FAILED : STATUS_OK;
}
