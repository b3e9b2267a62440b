/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark that what is loaded as crash image is a payload of ours
 * (--stage=crashkernel): sysfs does not tell it from a crash kernel.
 */
#ifndef KEXEC_SYS_STAGED_H
#define KEXEC_SYS_STAGED_H

#include <stdbool.h>

#include "kx/err.h"

/*
 * Set the mark below @root, for this boot.  Negative errno of the file calls,
 * -ENOENT without a boot id or without /run; an older mark then stays.
 */
KX_CHECKED int kx_staged_write(const char *root, struct kx_err *err);
/* Take it away; one that is not there is no error. */
KX_CHECKED int kx_staged_remove(const char *root, struct kx_err *err);
/* Is any image in the reservation now?  Read anew; false if that cannot be read. */
bool kx_staged_any_image(const char *root);

#endif
